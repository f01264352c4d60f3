package detect

// Analyses lists the analyses that no rule of one record can express, in the order
// in which they are documented. The level is the highest that each gives.
func Analyses() []Info {
	list := []Info{
		{
			Name: "guessed_password", Title: "A login after its password was guessed", Level: Critical, Phase: PhaseAccess, Techniques: []string{"T1110.001", "T1078"},
			Description:    "At least ten failed logins from an address within a day, then one by password that was accepted. Critical from fifty failures or three tried names on, high below; medium if the address had logged in before the failures; medium, or low, if the login was by key. What somebody who is not root wrote in sshd's name, as the journal tells, is no login.",
			FalsePositives: []string{"a user who forgot the password, and asks from a new address", "an address that many share"},
		},
		{
			Name: "guessed_password_spread", Title: "A login while its password was guessed from many addresses", Level: Medium, Phase: PhaseAccess, Techniques: []string{"T1110.003", "T1078"},
			Description:    "At least fifty failed logins of one name from five or more addresses within the hour, then one by password from an address that had never logged in.",
			FalsePositives: []string{"an administrator who logs in by password from a new address, on a server under constant guessing"},
		},
		{
			Name: "guessing", Title: "Passwords were guessed", Level: Medium, Phase: PhaseAccess, Techniques: []string{"T1110.001"},
			Description:    "Ten or more failed logins from an address, none of them accepted. Low, as every server on the internet sees it; medium if it was a hundred or more and under way within the hour before the snapshot.",
			FalsePositives: []string{"the noise of the internet", "a program with an old password"},
		},
		{
			Name: "starts_miner", Title: "What runs by itself starts a miner", Level: Critical, Phase: PhasePersistence, Techniques: []string{"T1053.003", "T1543.002", "T1037.004", "T1546.004", "T1496.001"},
			Description:    "A cron job or script, a unit, a line of a boot script or of a shell's start-up file names a program in which a YARA rule found a miner, whatever the line itself looks like. A rule that matches the same line is raised to this level instead.",
			FalsePositives: []string{"miners run on purpose"},
		},
		{
			Name: "miner_configuration", Title: "For whom a miner works", Level: High, Phase: PhaseMining, Techniques: []string{"T1496.001"},
			Description:    "A configuration with a pool and a wallet whose checksum is right, also as an object in memory, or as the command of a container. Medium for a pool and a wallet apart in a core dump, and for a pool in a program; informational for a pool alone, and in unchanged files of packages.",
			FalsePositives: []string{"notes and block lists that name pools", "a configuration of a miner run on purpose"},
		},
		{
			Name: "dpkg_script", Title: "A maintainer script was modified, or holds what none should", Level: Critical, Phase: PhasePersistence, Techniques: []string{"T1546.016"},
			Description:    "A script that dpkg runs as root downloads, decodes, starts something in the background or from a folder that everybody may write, edits keys or the preload list; its inode changed more than five minutes after its package's list of files was written; or a command stands behind its end. Critical if it starts a miner, high for two of these, medium for one; low if it is only newer.",
			FalsePositives: []string{"packages of vendors that fetch what they install", "a package that was configured again"},
		},
		{
			Name: "preload_unowned", Title: "A library is loaded into every program", Level: High, Phase: PhasePersistence, Techniques: []string{"T1574.006"},
			Description:    "ld.so.preload names a library that no package owns. Medium if it is not there or there is no package database; informational if a package owns it.",
			FalsePositives: []string{"agents for the observation of programs, installed without a package"},
		},
		{
			Name: "unowned_program_started", Title: "A program that no package owns runs by itself from a folder of packages", Level: Medium, Phase: PhasePersistence, Techniques: []string{"T1053.003", "T1543.002", "T1037.004", "T1546", "T1546.004"},
			Description:    "What a cron job, unit, hook or boot script starts stands in /usr/bin, /usr/sbin, /usr/lib, /etc or the like, where programs come from packages, and none owns it; or an ELF file that no package owns stands itself among the scripts of cron, init, systemd's generators or hooks.",
			FalsePositives: []string{"software that was unpacked into /usr by hand", "links that an installer made without dpkg's knowledge"},
		},
		{
			Name: "time_set_back", Title: "A program's time of modification was set back", Level: High, Phase: PhaseEvasion, Techniques: []string{"T1070.006"},
			Description:    "A program that no package owns was modified more than a day before its inode was made. High if it is a miner or runs by itself, medium in a hidden folder or one that everybody may write, else low. /opt, /srv, /usr/local and homes are left out.",
			FalsePositives: []string{"programs unpacked from an archive, or copied with their times"},
		},
		{
			Name: "log_emptied", Title: "Logs were emptied", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.002"},
			Description:    "A log is empty though its file was changed after it was made, or begins more than a day after its file was made and after other logs begin; and no rotated part of it holds what is missing.",
			FalsePositives: []string{"an administrator who emptied a log that had filled the disk", "an image that was cleaned before it was copied"},
		},
		{
			Name: "login_records_zeroed", Title: "Records of logins were overwritten", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.002"},
			Description:    "Records of wtmp or btmp are nothing but zeros, with others behind them, as tools leave them that remove a login. Zeros at the end are those of a crash, and are no finding.",
			FalsePositives: []string{"a damaged file"},
		},
		{
			Name: "journal_cut", Title: "A part of the systemd journal is gone", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.002"},
			Description:    "Medium if the file to which journald was writing is deleted. Low if a thousand or more of the numbered entries are missing between two files, if nothing older than a day is left of a server that was in use before, or if a first journal begins half an hour or more after a boot. journald itself removes the oldest files alone.",
			FalsePositives: []string{"an administrator who made room, or began a journal anew", "limits of a few megabytes, or of hours", "a file that was damaged and then removed"},
		},
		{
			Name: "journal_altered", Title: "Entries of the systemd journal were altered", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1565.001", "T1070.002"},
			Description:    "A message in a file of the journal, of those on logins, accounts and commands, does not fit the hash that was written beside it: it was edited in place. Messages with zeros in them are taken for torn.",
			FalsePositives: []string{"a damaged disk"},
		},
		{
			Name: "hosts_nowhere", Title: "Servers are led nowhere", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1562.001", "T1668"},
			Description:    "/etc/hosts gives a null or loopback address for servers of updates or of security agents, or for mining pools. Low from fifty such names on: a block list.",
			FalsePositives: []string{"block lists of advertisements and miners", "a mirror on the machine itself"},
		},
		{
			Name: "tuned_for_mining", Title: "The kernel is set up as miners ask for", Level: Medium, Phase: PhaseMining, Techniques: []string{"T1496.001"},
			Description:    "Huge pages, and with them no watchdog or the module msr at boot. Each alone is no finding.",
			FalsePositives: []string{"databases and virtual machines that were tuned by the book"},
		},
		{
			Name: "daemon_password", Title: "An account that only daemons use has a password", Level: Medium, Phase: PhasePersistence, Techniques: []string{"T1098", "T1078.003"},
			Description:    "An account that came with the system without a password has one.",
			FalsePositives: []string{"an account that was given to people"},
		},
		{
			Name: "ran_from_odd_place", Title: "A program ran from a hidden folder, or one that everybody may write", Level: Medium, Phase: PhaseExecution, Techniques: []string{"T1564.001", "T1059"},
			Description:    "The systemd journal holds an entry that a program wrote, or that the audit system wrote of it, and the program stood in a hidden folder outside of homes, or in one that everybody may write. Medium if both are so, else low; none if another finding tells of that file, which then names these entries as proof that it ran. The file may be gone.",
			FalsePositives: []string{"installers that unpack themselves into /tmp", "environments of programming languages in hidden folders"},
		},
		{
			Name: "names_intruder", Title: "It names an address of the intruder", Level: Medium, Phase: PhaseExecution, Techniques: []string{"T1105"},
			Description:    "A command or script, deleted ones too, names in a URL an address from which a password was guessed and accepted, or the pool for which a miner works. A finding that stands for the same record is raised by one level instead.",
			FalsePositives: []string{"a server that serves its visitors, and was guessed from"},
		},
	}
	for i := range list {
		list[i].Engine, list[i].Source = EngineAnalysis, "builtin"
	}
	return list
}
