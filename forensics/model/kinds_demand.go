package model

import "slices"

// Kinds of facts that say nothing by themselves, of which there are very many: a record is
// made of those alone that a rule of the user's matches, or whose command has a trait.
const (
	ScriptCommand Kind = "script.command"
	FileNamed     Kind = "file.named"
	AuditExec     Kind = "audit.exec"
	AuditEvent    Kind = "audit.event"
	LogLine       Kind = "log.line"
	// IndicatorMatch is of lists in place of rules.
	IndicatorMatch Kind = "indicator.match"
)

// OnDemand returns the kinds of which records are made where a rule of the user's matches
// them.
func OnDemand() []Kind {
	return []Kind{HistoryCommand, ScriptCommand, FileNamed, AuditExec, AuditEvent, LogLine}
}

func demandKinds() []KindInfo {
	const audit = "`/var/log/audit/audit.log` and its rotated files: auditd(8). Extractor `audit`."
	times := []TimeInfo{at("first", "when it was logged first"), about("last", "when it was logged last")}
	who := slices.Concat(
		textField("the account that logged in, by its number or, in an enriched log, its name", "user"),
		numberField("the numbers of the user and the effective user", "uid", "euid"),
		pathField("the program, as the kernel knew it", "exe"),
		textField("the name of the process", "comm"),
		textField("the terminal", "tty"),
		textField("the key of the audit rule", "key"),
		volatile(numberField("events that say the same", "count")),
	)
	return []KindInfo{
		{
			Kind: ScriptCommand, Group: GroupFiles, From: "the scripts of autostart entries and those that they start, of no package.",
			Doc: "A command of a script that a Sigma rule of the user's matches.", Technique: "T1059.004", Excerpt: []string{"command"},
			Fields: slices.Concat(
				textField("one line of the script, with those that continue it", "command"),
				textField("what the `#!` line names", "interpreter"),
				derived(listField("of the command: see [what a command does](#what-a-command-does)", "programs", "urls")),
			),
		},
		{
			Kind: FileNamed, Group: GroupFiles, From: "every regular file of no package.", Doc: "A file whose path a Sigma rule of the user's names.",
			Excerpt: []string{"file_type"}, Whole: true,
			Fields: slices.Concat(
				textField("elf, core (memory dump), script, text, data, empty", "file_type"),
				volatile(numberField("bytes", "size")), textField("permissions, octal", "mode"), numberField("of its owner", "uid"),
			),
		},
		{
			Kind: IndicatorMatch, Group: GroupFiles, From: "every file.", Doc: "A list of indicators that the user brought names the file.",
			Whole: true, Excerpt: []string{"value"},
			Fields: slices.Concat(
				textField("md5, sha1, sha256, path", "type"), textField("as the list has it", "value"), volatile(textField("what the list says of it", "comment")),
				volatile(numberField("0 to 100, where the list states one", "score")), volatile(textField("the list and its line", "list")),
				textField("elf, core (memory dump), script, text, data, empty", "file_type"), volatile(numberField("bytes", "size")),
				textField("the package that owns the path", "owner"), textField("intact, changed: compared with the checksum that the owner states", "package_state"),
				textField("who brought a file that no package owns", "origin"), textField("how it compares with what the origin states", "origin_state"),
			),
		},
		{
			Kind: AuditExec, Group: GroupLogs, From: audit, Doc: "A program was started: one whose command an investigation cares for.",
			Role: Log, Technique: "T1059.004", Excerpt: []string{"command"},
			Fields: slices.Concat(
				textField("its arguments, joined as a shell would take them", "command"), listField("its arguments", "args"),
				listField("of the lines: SYSCALL, EXECVE", "type"), textField("execve, execveat", "syscall"),
				pathField("the working directory", "pwd"), who, yesField("the kernel refused it", "refused"), command(),
			),
			Times: times,
		},
		{
			Kind: LogLine, Group: GroupLogs, From: "auth.log, secure, syslog, messages, rotated and packed. Extractor `authlog`.",
			Doc: "A line of a log that a Sigma rule of the user's matches.", Role: Log, Excerpt: []string{"message"},
			Fields: slices.Concat(textField("in whose name it is", "program"), textField("the line behind that", "message"), numberField("of the process", "pid")),
			Times:  []TimeInfo{at("logged", "when it was logged")},
		},
		{
			Kind: AuditEvent, Group: GroupLogs, From: audit, Doc: "Another line of auditd's log, which a Sigma rule of the user's matches.",
			Role: Log, Excerpt: []string{"name", "exe", "unit", "type"},
			Fields: slices.Concat(
				textField("of the line: SYSCALL, PATH, ADD_USER, SERVICE_STOP, ...", "type"), textField("of SYSCALL: its name", "syscall"),
				listField("of SYSCALL: its first four arguments, hexadecimal", "args"), pathField("of PATH: the file", "name"),
				textField("of PATH: what became of it: CREATE, DELETE, NORMAL, PARENT", "nametype"), textField("the unit of systemd", "unit"),
				textField("of a line about an account: which", "acct"), textField("success, failed", "result"), who,
			),
			Times: times,
		},
	}
}
