package model

import "slices"

// Kinds of systemd.
const (
	SystemdUnit      Kind = "systemd.unit"
	SystemdExec      Kind = "systemd.exec"
	SystemdEnabled   Kind = "systemd.enabled"
	SystemdAlias     Kind = "systemd.alias"
	SystemdGenerator Kind = "systemd.generator"
	SystemdLinger    Kind = "systemd.linger"
	SystemdRan       Kind = "systemd.ran"
	UnitStarted      Kind = "unit.started"
)

func systemdKinds() []KindInfo {
	scope := textField("`user` for units of users", "scope")
	return []KindInfo{
		{
			Kind: SystemdUnit, Group: GroupSystemd, From: "the unit directories of systemd.unit(5), of the system and of users, with drop-ins and links. Extractor `systemd`.",
			Doc: "One unit file or drop-in.",
			Fields: slices.Concat(
				textField("its name; of a drop-in that of the unit that it changes", "unit"),
				textField("service, timer, socket, path, mount, ...", "type"),
				yesField("it is a drop-in", "dropin"),
				scope,
				pathField("target of the link, where it leads out of the unit directories", "linked_to"),
				yesField("empty, or a link to /dev/null", "masked"),
				textField("the directives of that name", "description", "user", "group", "restart"),
				listField("the directive of that name", "documentation"),
				textField("Type=", "service_type"),
				listField("of the section Install", "wanted_by", "required_by", "also", "alias"),
				listField("each variable", "environment"),
				listField("the directive of that name", "environment_file"),
				textField("the directives of that name", "working_directory", "root_directory"),
				listField("of timers", "on_calendar", "on_boot", "on_startup", "on_active", "on_inactive"),
				textField("of timers", "persistent"),
				listField("of timers and paths: the unit that they start", "triggers"),
				listField("of sockets: the addresses", "listen"),
				listField("of paths: what is watched", "watches"),
				textField("of mounts", "what", "where"),
				listField("lists that an empty assignment clears", "resets"),
				derived(listField("of the environment: see [what a command does](#what-a-command-does)", "traits")),
				textField("why systemd would not load it", "error"),
			),
		},
		{
			Kind: SystemdExec, Group: GroupSystemd, From: "the same files. Extractor `systemd`.",
			Doc: "One command of a unit: ExecStart= and the like. No shell reads it, unless it names one.", Role: Autostart, Technique: "T1543.002", Excerpt: []string{"command"},
			Fields: slices.Concat(
				textField("as above", "unit"), scope, yesField("it is a drop-in", "dropin"), textField("the user it runs as", "user"),
				textField("ExecStart, ExecStartPre, ...", "directive"),
				textField("of `-`, `@`, `+`, `!`, `:`", "prefix"),
				textField("without the prefix", "command"),
				textField("of `@`: what ps shows instead of the program", "argv0"),
				command(),
			),
		},
		{
			Kind: SystemdEnabled, Group: GroupSystemd, From: "the same directories. Extractor `systemd`.",
			Doc: "A link in a directory .wants, .requires or .upholds.",
			Fields: slices.Concat(
				textField("its name", "unit"), pathField("of the link", "target"), textField("the unit that starts it", "wanted_by"), scope, yesField("the target of the link does not exist", "missing"),
			),
		},
		{
			Kind: SystemdAlias, Group: GroupSystemd, From: "the same directories. Extractor `systemd`.",
			Doc:    "A link that gives a unit another name.",
			Fields: slices.Concat(textField("the other name", "unit"), pathField("of the link", "target"), scope),
		},
		{
			Kind: SystemdGenerator, Group: GroupSystemd, From: "the generator directories of systemd.generator(7). Extractor `systemd`.",
			Doc: "A program that creates units at every boot.", Role: Autostart, Technique: "T1543.002", Whole: true, Excerpt: []string{"suspicious_line"},
			Fields: slices.Concat(textField("of the file", "name"), scope, script(), textField("why it is not run", "ignored")),
		},
		{
			Kind: SystemdLinger, Group: GroupSystemd, From: "`/var/lib/systemd/linger`. Extractor `systemd`.",
			Doc:    "A user whose units run without a login.",
			Fields: textField("the name", "user"),
		},
		{
			Kind: SystemdRan, Group: GroupSystemd, From: "`/var/lib/systemd/timers`. Extractor `systemd`.",
			Doc: "A timer ran, as systemd records it for persistent ones.", Role: Log,
			Fields: textField("the timer", "unit"),
			Times:  []TimeInfo{about("last", "the time of the stamp file")},
		},
		{
			Kind: UnitStarted, Group: GroupSystemd, From: "the logs of systemd. Extractors `authlog`, `journald`.",
			Doc: "systemd logged that it started a unit.", Role: Log,
			Fields: slices.Concat(
				textField("as logged", "unit", "description"), textField("`user` for that of a user", "manager"), volatile(numberField("times in this log", "count")),
			),
			Times: []TimeInfo{at("first", "the first start"), about("last", "the last start")},
		},
	}
}
