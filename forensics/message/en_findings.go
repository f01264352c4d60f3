package message

// englishFindings are the sentences of findings and of the attack timeline.
var englishFindings = map[string]string{
	// A rule has its own title and description, in the language of its author.
	"rule.title":       "{title}",
	"rule.description": "{description}",

	"finding.also":          "Also: {title}.",
	"finding.again":         "The same line stands in another state of the file.",
	"finding.again.deleted": "The same line stands in an older state of the file (inode {inode}).",
	"finding.deleted":       "The file was deleted and recovered from left-over metadata.",
	"finding.ignored":       "It does not run as it is: {reason}.",
	"finding.scheduled":     "Scheduled for {time}.",
	"finding.more": "{count} more such {count|line|lines} in this file[; only the first {listed} records " +
		"are listed].",
	"finding.started_by": "Started by {path}.",

	"preload_unowned.vendor": "{library} is owned by no package; it stands in a vendor's tree, or is an allocator built by hand.",

	"story.finding": "{title}[: {path}]",

	"verdict.own_rule": "The time of the verdict rests on this finding of a rule that the user added.",
	"verdict.own_rule_earlier": "A rule that the user added does not move the time of the verdict, though this is " +
		"earlier.",

	"account.password": "The account can log in with a password[, last changed {changed}].",

	"unit.started_by":  "Started by {unit}[ ({occasion})].",
	"unit.on_calendar": "calendar event {value}",
	"unit.on_active":   "{value} after its activation",
	"unit.on_boot":     "{value} after boot",
	"unit.on_startup":  "{value} after the start of systemd",
	"unit.on_inactive": "{value} after the unit ended",
	"unit.watches":     "when {value} changes",
	"unit.enabled":     "Enabled by {links}.",

	"ran.program":      "Proof of execution: {count} journal {count|entry|entries} from {first} to {last}.",
	"ran.program.once": "Proof of execution: {count} journal {count|entry|entries}, {first}.",
	"ran.unit":         "Proof of execution: systemd logged {count} {count|start|starts} from {first} to {last}.",
	"ran.unit.once":    "Proof of execution: systemd logged its start, {first}.",

	"log.recovered": "Deleted parts were recovered: {path} (inode {inode}).",

	// YARA.
	"yara.title":          "{file}[ ({state})] matches YARA rule {rule}",
	"yara.file.elf":       "Program",
	"yara.file.script":    "Script",
	"yara.file.core":      "Core dump",
	"yara.file.other":     "File",
	"yara.state.orphan":   "deleted while open",
	"yara.state.deleted":  "deleted",
	"yara.description":    "{description}.",
	"yara.also":           "Also matches {rules}.",
	"yara.strings":        "Matched strings: {strings}.",
	"yara.package.intact": "Unmodified file of package {package}.",
	"yara.package.miner":  "Unmodified file of package {package}: the miner was installed as a package.",
	"yara.package.owned":  "The path is owned by package {package}.",
	"judge.log":           "Found in a log: what a log quotes was sent, not executed.",
	"judge.document":      "By its name a document or a list of signatures, which nothing executes: it quotes.",
	"judge.ran_hidden":    "Executed from a suspicious path: {place}.",
	"judge.hidden":        "Suspicious path: {place}.",
	"judge.started":       "An autostart entry starts it.",
	"judge.place.orphan":  "deleted while open",
	"judge.place.temp":    "world-writable directory",
	"judge.place.hidden":  "hidden file or directory",

	// Analyses.
	"changed_within.title.wallet":  "Program that carries a wallet, created while an intruder was present",
	"changed_within.title.start":   "Autostart entry changed while an intruder was present",
	"changed_within.title.account": "Account, key or right changed while an intruder was present",
	"changed_within.title.file":    "Configuration changed while an intruder was present",
	"changed_within.window": "It changed at {time}, within {window} from {from} until {until}, and no package or installer brought it. " +
		"Nothing else in it is suspicious by itself.",
	"window.dropped": "Minutes around: {title}[ ({path})]",
	"window.logged":  "Minutes around what a log states: {title}[ ({path})]",
	"window.guessed": "Session after a guessed password[, account {user}][, from {address}]",
	"window.address": "Session from the intruder's address[ {address}][, account {user}]",
	"window.key":     "Session by the intruder's SSH key {fingerprint}[, account {user}][, from {address}]",
	"window.names":   "Minutes around a record that names the intruder's host {host}[ ({path})]",
	"window.raised": "Raised by one level: it changed at {time}, within the intruder's presence {window} from {from} " +
		"until {until}, and nothing states who brought it.",

	"guessed_password.title":       "Brute force: successful login[ as {user}] from {address}",
	"guessed_password.title.known": "Successful login[ as {user}] from {address} after many failed attempts",
	"guessed_password.title.key":   "Login by key[ as {user}] from {address}, a source of password guessing",
	"guessed_password.attempts": "{count} failed logins from {address} since {since}, then one accepted[ " +
		"(method {method})].",
	"guessed_password.known": "The address had logged in before, first {since}: the user may have forgotten " +
		"the password.",
	"guessed_password.begins": "Password guessing from {address} begins ({count} failed logins before one was " +
		"accepted)",

	"guessed_password.steady": "The failures come one by one at even intervals: slow guessing, or a program with an old " +
		"password.",
	"login.only_text": "Only the text log {path} states this login: neither the journal, which speaks of logins shortly " +
		"before and after it, nor wtmp has it. Whoever can write to the log can have added the line.",

	"log_touched.title": "Log entries later than the last change of the log",
	"log_touched.times": "The last entry is of {last}, and the content of the file changed last at {written}: its times were " +
		"set back, or entries carry false times.",

	"login_key_gone.title": "Login by an SSH key that stands in no authorized_keys file[: {user}][ from {address}]",
	"login_key_gone.key":   "The key is {fingerprint}. It was removed since, or stood where sshd was configured to look.",
	"login_key_new.title":  "SSH key written a moment before its first login[: {user}][ from {address}]",
	"login_key_new.times": "The file changed at {written}, and the first login by the key {fingerprint} was at {login}. " +
		"Nobody had logged in from there with a password just before, as ssh-copy-id does.",
	"service_root_shell.su":    "Service account {user} became root by su",
	"service_root_shell.title": "Service account {user} got a root shell by sudo[: {command}]",

	"guessed_password_spread.title": "Distributed password guessing: successful login[ as {user}] from {address}",
	"guessed_password_spread.attempts": "{count} failed logins[ as {user}] from {addresses} addresses in the hour " +
		"before, then a password login from an address not seen before.",

	"guessing.title":      "Password guessing from {address}",
	"guessing.title.many": "Password guessing from {count} addresses",
	"guessing.title.now":  "Password guessing in progress from {address}",
	"guessing.attempts":   "{count} failed logins from {first} to {last}: {addresses}[ and {more} more].",

	"starts_miner.title":   "Autostart entry launches a known miner",
	"starts_miner.program": "It launches {program}, in which YARA rule {rule} found a miner.",

	"miner_configuration.title":      "Miner configuration with wallet",
	"miner_configuration.title.pool": "Address of a mining pool",
	"miner_configuration.both":       "Pool {pool}, wallet {wallet} ([{coin}, ]checksum valid).",
	"miner_configuration.wallet":     "Wallet {wallet} ([{coin}, ]checksum valid).",
	"miner_configuration.pool":       "Pool {pool}.",
	"miner_configuration.program":    "Configuration of {program}.",

	"package_script.title.modified_notable": "Package script {script} modified after installation, with suspicious " +
		"commands",
	"package_script.title.appended_notable": "Suspicious command appended to package script {script}",
	"package_script.title.notable":          "Suspicious command in package script {script}",
	"package_script.title.rare":             "Unusual command in package script {script}",
	"package_script.title.modified":         "Command appended to package script {script} after installation",
	"package_script.title.newer":            "Package script {script} newer than the file list of its package",
	"package_script.runs":                   "It runs as root whenever the package is installed, upgraded or removed.",
	"package_script.notable":                "No package script of a clean system has: {notable}.",
	"package_script.late":                   "Its inode changed {changed}, the file list of the package {listed}.",
	"package_script.tail":                   "A command follows its regular end.",

	"preload_unowned.title":          "Library preloaded into every program, owned by no package",
	"preload_unowned.title.missing":  "Missing library in ld.so.preload",
	"preload_unowned.title.unknown":  "Library preloaded into every program",
	"preload_unowned.title.packaged": "Packaged library preloaded into every program",
	"preload_unowned.missing":        "ld.so.preload names {library}, which does not exist.",
	"preload_unowned.unowned": "ld.so.preload names {library} (inode {inode}), owned by no package. Such " +
		"libraries hide processes and files.",
	"preload_unowned.unknown":  "ld.so.preload names {library} (inode {inode}).",
	"preload_unowned.packaged": "ld.so.preload names {library} of package {package}.",

	"unowned_program_started.title":   "Executable owned by no package started from a package directory",
	"unowned_program_started.program": "It starts {program} (inode {inode}[, created {created}]), owned by no package.",

	"time_set_back.title": "Timestomping: mtime predates inode creation",
	"time_set_back.times": "mtime {modified}, inode created {created}. Any program can set the mtime, none the " +
		"creation time.",
	"time_set_back.miner":   "The file is a known miner.",
	"time_set_back.started": "An autostart entry starts it.",

	"log_emptied.title.one":  "Log cleared: {path}",
	"log_emptied.title.many": "{count} logs cleared",
	"log_emptied.empty":      "{path} was in use and is empty; no rotated part holds what is missing.",
	"log_emptied.begins": "{path} begins {first}, though the file was created {created}; no rotated part holds " +
		"what is missing.",

	"login_records_zeroed.title":  "Login records overwritten with zeros",
	"login_records_deleted.title": "Login records deleted from the wtmpdb database",
	"login_records_deleted.records": "{count} {count|row is|rows are} missing between the first and the last, as an " +
		"intruder leaves them who deletes a login",
	"login_records_zeroed.records": "{count} {count|record consists|records consist} of zeros only, as tools leave " +
		"them that remove a login.",

	"journal_cut.title":   "systemd journal truncated",
	"journal_cut.deleted": "{path} was deleted while journald wrote to it.",
	"journal_cut.begins": "The journal begins {first}, {minutes} minutes after a boot, though other logs begin " +
		"{used}.",
	"journal_cut.oldest": "The {count} entries before {first} are gone: nothing older than a day is left, though " +
		"other logs begin {used}.",
	"journal_cut.missing": "{count} entries before {first} are missing between files that are present.",

	"journal_altered.title": "systemd journal entries modified in place",
	"journal_altered.messages": "{count} {count|message does|messages do} not match the hash stored with " +
		"{count|it|them}.",

	"hosts_nowhere.title":        "Security, update or pool hosts sinkholed in /etc/hosts",
	"hosts_nowhere.title.guards": "Security or update hosts sinkholed in /etc/hosts",
	"hosts_nowhere.title.pools":  "Mining pools sinkholed in /etc/hosts",
	"hosts_nowhere.names":        "A null or loopback address is set for {names}[ and {more} more].",
	"hosts_nowhere.list":         "The file has {count} such entries, as a block list does.",

	"tuned_for_mining.title":    "Kernel tuned for mining",
	"tuned_for_mining.pages":    "vm.nr_hugepages is {pages}.",
	"tuned_for_mining.watchdog": "The NMI watchdog is disabled ({path}).",
	"tuned_for_mining.msr":      "The msr module is loaded at boot ({path}).",

	"pam_opens.title":         "PAM lets anybody in without a password: {services}",
	"pam_opens.title.some":    "PAM asks some for no password: {services}",
	"pam_opens.line":          "The stack succeeds at {module} ({control}).",
	"pam_opens.condition":     "The condition is {module}[ {arguments}].",
	"sudo_daemon_user.title":  "Passwordless sudo for service account {account}",
	"sudo_daemon_user.why":    "Whoever exploits the service becomes root.",
	"account_unusual.title":   "Unusual account {account}",
	"account_unusual.name":    "Its name holds blanks or characters that are not visible ASCII.",
	"account_unusual.alike":   "Its name reads like that of the system account {other}.",
	"account_unusual.blank":   "Its shell has a blank or an invisible character at its end or within.",
	"account_unusual.home":    "Its home {home} is a world-writable directory.",
	"account_unusual.shell":   "It is a service account of the distribution, which has no login shell by default; here it has {shell}.",
	"library_shadowed.title":  "{directory} holds libraries in place of the system's",
	"library_shadowed.names":  "Owned by no package, and taken before the system's: {names}.",
	"daemon_password.title":   "Service account {account} has a password",
	"daemon_password.unusual": "Such accounts are installed without one.",
	"daemon_password.changed": "The password was last changed {changed}.",

	"ran_from_odd_place.title.hidden": "Program executed from a hidden directory",
	"ran_from_odd_place.title.temp":   "Program executed from a world-writable directory",
	"ran_from_odd_place.title.both":   "Program executed from a hidden directory in a world-writable one",
	"ran_from_odd_place.program":      "The kernel reported {program} to journald as the sender.",
	"ran_from_odd_place.gone":         "The file no longer exists.",

	"names_intruder.title":   "References attacker infrastructure: {host}",
	"names_intruder.guessed": "References {host}, from which a password was guessed and accepted.",
	"names_intruder.pool":    "References {host}, the pool of a miner on this host.",
	"names_intruder.alone":   "Nothing else about it is suspicious.",
}
