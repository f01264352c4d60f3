package model

import "slices"

// Kinds of logs.
const (
	AuthLogin      Kind = "auth.login"
	AuthFailures   Kind = "auth.failures"
	AuthSession    Kind = "auth.session"
	AuthSudo       Kind = "auth.sudo"
	AuthSu         Kind = "auth.su"
	AuthUseradd    Kind = "auth.useradd"
	AuthGroupadd   Kind = "auth.groupadd"
	AuthUserdel    Kind = "auth.userdel"
	AuthUsermod    Kind = "auth.usermod"
	AuthPasswd     Kind = "auth.passwd"
	AuthSftp       Kind = "auth.sftp"
	LogCoverage    Kind = "log.coverage"
	JournalProgram Kind = "journal.program"
	LoginSession   Kind = "login.session"
	LoginFailures  Kind = "login.failures"
	LoginBoot      Kind = "login.boot"
	LoginLast      Kind = "login.last"
)

func logKinds() []KindInfo {
	const auth = "auth.log, secure, syslog, messages, rotated and packed, the systemd journal, mail.log and vsftpd.log. Extractors `authlog`, `journald`, `vsftpd`."
	logged := []TimeInfo{at("logged", "when it was logged")}
	pid := numberField("of the process that logged it", "pid")
	return []KindInfo{
		{
			Kind: AuthLogin, Group: GroupLogs, From: auth, Doc: "An accepted login.", Role: Log,
			Fields: slices.Concat(
				textField("password, publickey, console, ...", "method"), textField("the account", "user"), textField("the remote address", "address"), numberField("the remote port", "port"),
				textField("of a console", "tty"), textField("SHA256 of the key", "fingerprint"), pid,
			),
			Times: logged,
		},
		{
			Kind: AuthFailures, Group: GroupLogs, From: auth, Doc: "Failed logins from one address, less than ten minutes apart.", Role: Log,
			Fields: slices.Concat(
				textField("the remote address", "address"), textField("where there is no address", "service"), volatile(numberField("attempts; several lines on one attempt count once", "count")),
				volatile(listField("the ten most frequent names", "users")), volatile(numberField("how many names", "user_count")), volatile(yesField("there are more than the thousand names that are counted", "more_users")),
			),
			Times: []TimeInfo{at("first", "the first attempt"), about("last", "the last attempt")},
		},
		{
			Kind: AuthSession, Group: GroupLogs, From: auth, Doc: "A session of root, or of another account of uid 0.", Role: Log,
			Fields: slices.Concat(
				textField("opened, closed", "action"), textField("the account", "user"), numberField("its number", "uid"), textField("sshd, su, login, ...", "service"), textField("the user who opened it", "by"), pid,
			),
			Times: logged,
		},
		{
			Kind: AuthSudo, Group: GroupLogs, From: auth, Doc: "A command through sudo.", Role: Log, Excerpt: []string{"command"},
			Fields: slices.Concat(
				textField("the user who ran it", "user"), textField("the user it ran as", "as"), textField("the terminal", "tty"), pathField("the working directory", "pwd"), textField("why it was refused", "refused"), textField("the command", "command"), command(),
			),
			Times: logged,
		},
		{
			Kind: AuthSu, Group: GroupLogs, From: auth, Doc: "A use of su.", Role: Log,
			Fields: slices.Concat(textField("the user who ran it", "user"), textField("the user it ran as", "as"), textField("the terminal", "tty"), textField("granted, refused", "result")),
			Times:  logged,
		},
		{
			Kind: AuthUseradd, Group: GroupLogs, From: auth, Doc: "An account was created.", Role: Log,
			Fields: slices.Concat(textField("its name", "name"), numberField("its numbers", "uid", "gid"), pathField("its home and shell", "home", "shell"), textField("the terminal", "from")),
			Times:  logged,
		},
		{
			Kind: AuthGroupadd, Group: GroupLogs, From: auth, Doc: "A group was created.", Role: Log,
			Fields: slices.Concat(textField("its name", "name"), numberField("its number", "gid")), Times: logged,
		},
		{
			Kind: AuthUserdel, Group: GroupLogs, From: auth, Doc: "An account was deleted.", Role: Log,
			Fields: textField("its name", "name"), Times: logged,
		},
		{
			Kind: AuthUsermod, Group: GroupLogs, From: auth, Doc: "An account was changed.", Role: Log,
			Fields: slices.Concat(textField("its name", "user"), textField("the group that it was added to", "group"), textField("the message", "change")), Times: logged,
		},
		{
			Kind: AuthPasswd, Group: GroupLogs, From: auth, Doc: "A password was changed.", Role: Log,
			Fields: slices.Concat(textField("the account", "user"), textField("the user who changed it", "by"), textField("passwd, chpasswd, ...", "service")), Times: logged,
		},
		{
			Kind: AuthSftp, Group: GroupLogs, From: auth, Doc: "A file transfer began.", Role: Log,
			Fields: slices.Concat(textField("the account", "user"), textField("sftp", "subsystem"), pid), Times: logged,
		},
		{
			Kind: LogCoverage, Group: GroupLogs, From: "every log. Extractors `authlog`, `journald`, `utmp`, `wtmpdb`.",
			Doc: "How much of one log could be read.", Role: Log,
			Fields: slices.Concat(
				volatile(numberField("lines of a text", "lines")),
				volatile(numberField("entries of a binary log", "entries")),
				volatile(textField("of a journal: offline, online (its writer had it open, or the system stopped without closing it), archived", "state")),
				volatile(textField("of a journal: how its data may be packed (xz, lz4, zstd), keyed hash, compact, sealed. Seals are not verified", "format")),
				volatile(numberField("of a journal: the lowest and the highest number of its entries, which are numbered through over all its files", "first_number", "last_number")),
				volatile(numberField("seconds since the boot, at the entry of the lowest number", "uptime")),
				volatile(numberField("entries of a journal that its index does not name", "recovered")),
				volatile(numberField("places of a journal where an object, or an item of the index, made no sense", "damaged")),
				volatile(numberField("entries that a journal counts and that were not found", "missing")),
				volatile(numberField("messages of a journal, of those that give records, that do not fit their hash", "altered")),
				volatile(numberField("pieces of data of a journal that could not be read or unpacked", "unreadable")),
				volatile(numberField("unpacked", "bytes")),
				volatile(numberField("lines without a time", "unparsed")),
				volatile(numberField("lines more than a minute older than the line above", "backwards")),
				volatile(numberField("records of zeros with others after them", "zeroed")),
				volatile(numberField("such at the end", "zero_tail")),
				volatile(numberField("records of no known type", "odd")),
				volatile(numberField("rows of a wtmpdb database that are missing between the first and the last: they were deleted", "deleted_rows")),
				volatile(numberField("bytes of an incomplete last record", "torn")),
				volatile(yesField("nothing in it", "empty")),
				volatile(numberField("users of lastlog that were not looked at", "unread")),
				volatile(numberField("events over a bound", "left_out")),
				volatile(textField("why reading ended", "error")),
			),
			Times: []TimeInfo{about("first", "the earliest time in it"), about("last", "the latest time in it")},
		},
		{
			Kind: JournalProgram, Group: GroupLogs, From: "the systemd journal. Extractor `journald`.",
			Doc: "A program wrote to the journal, or the audit system wrote there of it: it ran.", Role: Log, Excerpt: []string{"program"},
			Fields: slices.Concat(
				pathField("its path, as the kernel knew it", "program"), numberField("of its user", "uid"), textField("that it belonged to; `session-*.scope` for those of logins", "unit"), volatile(numberField("entries", "count")),
			),
			Times: []TimeInfo{at("first", "the first entry"), about("last", "the last entry")},
		},
		{
			Kind: LoginSession, Group: GroupLogs, From: "wtmp and utmp: utmp(5), of any machine; the line of a source is the number of the entry. The database of wtmpdb(8). Extractors `utmp`, `wtmpdb`.",
			Doc: "A login.", Role: Log,
			Fields: slices.Concat(
				textField("the account", "user"), textField("the terminal", "line"), textField("as recorded", "host"), textField("the remote address", "address"), numberField("of the login", "pid"), textField("of wtmpdb: sshd, login, ...", "service"),
				volatile(textField("logout, boot, shutdown, open, unknown", "ended")),
			),
			Times: []TimeInfo{at("login", "when it began"), about("logout", "when it ended")},
		},
		{
			Kind: LoginFailures, Group: GroupLogs, From: "btmp: utmp(5). Extractor `utmp`.",
			Doc: "Failed logins from one address, less than ten minutes apart.", Role: Log,
			Fields: slices.Concat(
				textField("the remote address", "address"), textField("as recorded", "host"), volatile(numberField("attempts", "count")), volatile(listField("the ten most frequent names", "users")), volatile(numberField("how many names", "user_count")),
				volatile(yesField("there are more than the thousand names that are counted", "more_users")), textField("the terminal", "line"),
			),
			Times: []TimeInfo{at("first", "the first attempt"), about("last", "the last attempt")},
		},
		{
			Kind: LoginBoot, Group: GroupLogs, From: "wtmp: utmp(5); the database of wtmpdb(8). Extractors `utmp`, `wtmpdb`.",
			Doc: "The system was started, or stopped.", Role: Log,
			Fields: slices.Concat(textField("boot, shutdown, runlevel, clock set", "event"), textField("its version", "kernel"), textField("which", "runlevel")),
			Times:  logged,
		},
		{
			Kind: LoginLast, Group: GroupLogs, From: "lastlog(8); the database of lastlog2(8). Extractors `utmp`, `wtmpdb`.",
			Doc: "The last login of an account.", Role: Log,
			Fields: slices.Concat(numberField("of the account", "uid"), textField("its name, in lastlog2", "user"), textField("from where", "line", "host"), textField("of lastlog2: sshd, login, ...", "service")), Times: logged,
		},
	}
}
