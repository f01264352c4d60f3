package message

// englishAnalyses say what each analysis looks for: its title, what it takes for that, and
// the known false positives. A finding has sentences of its own.
var englishAnalyses = map[string]string{
	"guessed_password.about": "Brute force: successful login after failed attempts",
	"guessed_password.about.text": "" +
		"At least ten failed logins from an address within a day, then one accepted with a password. Critical " +
		"from fifty failures or three user names on, otherwise high; medium if the address had logged in before " +
		"the failures, if they come one by one at even intervals, or if the login was to a mailbox or by FTP; medium or low if it was by key; low for fewer than fifty or even ones for one name from an address that had logged in before. What a process other than root's wrote in the name " +
		"of sshd, as the journal shows, is no login.",
	"guessed_password.benign": "" +
		"A user who forgot the password and connects from a new address; an address shared by many",

	"guessed_password_spread.about": "Distributed password guessing with a successful login",
	"guessed_password_spread.about.text": "" +
		"At least fifty failed logins for one user name from five or more addresses within an hour, then a " +
		"password login from an address never seen before.",
	"guessed_password_spread.benign": "" +
		"An administrator who logs in with a password from a new address, on a server under constant attack",

	"changed_within.about": "Autostart entry, key or configuration changed while an intruder was present",
	"changed_within.about.text": "" +
		"Only on a server that other findings make a compromised one: a file that starts something, lets somebody in " +
		"or configures the system changed within a window of an intruder's presence, no package or installer brought it as it is, " +
		"and no other finding speaks of it. High for a program or script that carries a wallet, medium for autostart entries and keys, low for configuration in /etc.",
	"changed_within.benign": "Changes by an administrator at the same time; files that programs rewrite",

	"log_touched.about": "" +
		"The last entry of a log, of wtmp or of a journal is more than an hour later than the time of modification of its file, " +
		"more than 27 hours where the log states no zone. Logs that state no year are passed over.",
	"log_touched.benign": "A log that was copied while it was written, by a program that keeps times",

	"login_key_gone.about": "Login by an SSH key that stands nowhere",
	"login_key_gone.about.text": "" +
		"An accepted login by a key that no authorized_keys file of the host holds any more. Medium from an address " +
		"that no other login came from, where the keys of other logins do stand; otherwise low. Hosts whose sshd takes keys from a " +
		"command or by certificates are passed over.",
	"login_key_gone.benign": "Keys that an administrator replaced; keys outside of the usual files",

	"login_key_new.about": "SSH key used a moment after it was written",
	"login_key_new.about.text": "" +
		"The inode of an authorized_keys file changed at most two minutes before the first login by a key in it, and " +
		"nobody had logged in with a password from that address in the hour before.",
	"login_key_new.benign": "Keys that a deployment tool or a cloud agent writes and uses at once",

	"service_root_shell.about": "Root shell of a service account by sudo",
	"service_root_shell.about.text": "" +
		"An account of the base system or of a web server, a database or another service started a shell or an " +
		"interpreter as root through sudo, or became root by su.",
	"service_root_shell.benign": "Panels that run their commands through a shell as the web server's account",

	"guessing.about": "Password guessing",
	"guessing.about.text": "" +
		"Ten or more failed logins from an address. Low, as every server on the internet sees it. A hundred or more " +
		"that were in progress within the hour before the snapshot are a finding of their own.",
	"guessing.benign": "Background noise of the internet; a program with an outdated password",

	"starts_miner.about": "" +
		"A cron job or script, a unit, a line of a boot script or of a shell startup file names a program in " +
		"which a YARA rule found a miner, whatever the line itself looks like. A rule that matches the same line " +
		"is raised to this level instead.",
	"starts_miner.benign": "Miners run on purpose by the owner of the server",

	"miner_configuration.about": "Miner configuration: pool and wallet",
	"miner_configuration.about.text": "" +
		"A configuration with a pool and a wallet whose checksum is valid, also as an object in memory or as the " +
		"command of a container. Medium for a pool and a wallet apart in a core dump, and for a pool in a " +
		"program; informational for a pool alone, and in unmodified files of packages.",
	"miner_configuration.benign": "" +
		"Notes and block lists that name pools; the configuration of a miner run on purpose",

	"package_script.about": "Package script modified, or with suspicious commands",
	"package_script.about.text": "" +
		"A script that dpkg, rpm or apk runs as root downloads, decodes, starts something in the background or from a " +
		"world-writable directory, edits keys or ld.so.preload; its inode changed more than five minutes after " +
		"the file list of its package was written; or a command follows its regular end. Critical if it starts a " +
		"miner, high for two of these, medium for one; low if it is only newer.",
	"package_script.benign": "" +
		"Packages of vendors that download what they install; a package that was configured again",

	"preload_unowned.about": "" +
		"ld.so.preload names a library owned by no package. Medium if the library does not exist or the image has " +
		"no package database; informational if a package owns it.",
	"preload_unowned.benign": "Performance monitoring agents installed without a package",

	"unowned_program_started.about": "" +
		"A cron job, unit, hook or boot script starts a program in /usr/bin, /usr/sbin, /usr/lib, /etc or another " +
		"directory whose programs come from packages, and no package owns it; or an ELF file owned by no package " +
		"stands among the scripts of cron, init, systemd generators or hooks.",
	"unowned_program_started.benign": "" +
		"Software unpacked into /usr by hand; links that an installer made without dpkg",

	"program_among_data.title": "Program among data, owned by no package",
	"program_among_data.about": "" +
		"An ELF program owned by no package stands, nearly alone, where packages and services keep data: below /var, " +
		"/etc, /usr/share. Low, unless an autostart entry starts it.",
	"program_among_data.benign": "Tools that somebody left in a data directory; services that unpack helpers there",

	"time_set_back.about": "" +
		"A program owned by no package has a modification time more than a day before the creation of its inode. " +
		"High if it is a miner or an autostart entry starts it, medium in a hidden or world-writable directory, " +
		"otherwise low. /opt, /srv, /usr/local and home directories are left out.",
	"time_set_back.benign": "Programs unpacked from an archive, or copied with their times",

	"log_emptied.title": "Logs cleared",
	"log_emptied.about": "" +
		"A log is empty though its file was modified after its creation, or begins more than a day after the " +
		"creation of its file and after other logs begin; and no rotated part of it holds what is missing.",
	"log_emptied.benign": "" +
		"An administrator who emptied a log that had filled the disk; an image that was cleaned before it was " +
		"copied",

	"login_records_zeroed.about": "" +
		"Records of wtmp or btmp consist of zeros only, with other records behind them, as tools leave them that " +
		"remove a login. Zeros at the end of the file come from a crash and are no finding.",
	"login_records_zeroed.benign": "A damaged file",

	"login_records_deleted.about": "" +
		"Rows are missing between the first and the last of the wtmpdb database, which numbers them through. Its " +
		"rotation removes only the oldest.",
	"login_records_deleted.benign": "A rotation after the clock was set back",

	"journal_cut.about": "" +
		"Medium if the file to which journald was writing is deleted. Low if a thousand or more of the numbered " +
		"entries are missing between two files, if nothing older than a day is left of a server that was in use " +
		"before, or if the first journal begins half an hour or more after a boot. journald itself removes only " +
		"the oldest files.",
	"journal_cut.benign": "" +
		"An administrator who freed space or started the journal anew; limits of a few megabytes or hours; a file " +
		"that was damaged and then removed",

	"journal_altered.about": "" +
		"A message in a journal file (of those on logins, accounts and commands) does not match the hash stored " +
		"with it: it was edited in place. Messages that contain zeros count as torn.",
	"journal_altered.benign": "A damaged disk",

	"hosts_nowhere.about": "" +
		"/etc/hosts sets a null or loopback address for update servers, servers of security agents, or mining " +
		"pools. Low from fifty such names on: a block list.",
	"hosts_nowhere.benign": "Block lists of advertisements and miners; a mirror on the machine itself",

	"tuned_for_mining.about": "" +
		"Huge pages together with a disabled NMI watchdog or the msr module loaded at boot. None of them alone is " +
		"a finding.",
	"tuned_for_mining.benign": "Databases and virtual machines tuned by the book",

	"pam_opens.about": "PAM stack that lets somebody in without a password",
	"pam_opens.about.text": "" +
		"The authentication stacks of sshd, login, su, sudo and the like are gone through as PAM does, for somebody who has no password: " +
		"a pam_permit before pam_unix, a jump over pam_deny, a condition that is sufficient. High where nothing is asked for, medium where a condition is, low for a grant to a group (pam_wheel trust).",
	"pam_opens.benign":            "Kiosks and laboratory machines; su without a password for a group",
	"sudo_daemon_user.about":      "Passwordless sudo for a service account",
	"sudo_daemon_user.about.text": "A sudoers rule grants a service account, named or by number, all commands without a password. Whoever exploits the service becomes root.",
	"sudo_daemon_user.benign":     "Web-based administration panels",
	"account_unusual.about":       "Account that is not what it looks like",
	"account_unusual.about.text": "" +
		"An account whose name reads like that of another one or holds characters that show nothing, whose shell ends in a blank (medium), " +
		"whose home is in a world-writable directory, or a service account of the distribution with a login shell (low).",
	"account_unusual.benign": "A service account that an administrator gave a shell for maintenance",
	"library_shadowed.about": "Unowned library in place of the system's",
	"library_shadowed.about.text": "" +
		"A directory that ld.so.conf adds outside of /usr/local and /opt holds a library under the name of one that nearly all programs load, and no package owns it. " +
		"The dynamic linker takes it before that of the system.",
	"library_shadowed.benign":    "A vendor's libraries copied by hand",
	"daemon_password.about":      "Service account with a password",
	"daemon_password.about.text": "An account that is installed with the system and without a password has one.",
	"daemon_password.benign":     "An account that was assigned to a person",

	"ran_from_odd_place.about": "Program executed from a world-writable or hidden directory",
	"ran_from_odd_place.about.text": "" +
		"The systemd journal holds an entry that a program wrote, or that the audit system wrote about it, and " +
		"the program stood in a world-writable directory or in a hidden one outside of home directories. Medium " +
		"if both, otherwise low; none if another finding is about that file, which then names these entries as " +
		"proof of execution. The file may be gone.",
	"ran_from_odd_place.benign": "" +
		"Installers that unpack themselves into /tmp; language environments in hidden directories",

	"names_intruder.about": "References attacker infrastructure",
	"names_intruder.about.text": "" +
		"A command or script, deleted ones too, has a URL with an address from which a password was guessed and " +
		"accepted, or with the pool of a miner on the host. A finding about the same record is raised by one " +
		"level instead.",
	"names_intruder.benign": "A server that serves its visitors and was attacked from their addresses",
}
