package model

import "slices"

// Kinds of what runs at boot, at login and at events.
const (
	RCLine          Kind = "rc.line"
	InitScript      Kind = "init.script"
	InittabLine     Kind = "inittab.line"
	ProfileLine     Kind = "profile.line"
	PreloadLibrary  Kind = "preload.library"
	LibraryPath     Kind = "library.path"
	HookCommand     Kind = "hook.command"
	HookScript      Kind = "hook.script"
	HookUdev        Kind = "hook.udev"
	HookApt         Kind = "hook.apt"
	HookDnf         Kind = "hook.dnf"
	HookPAM         Kind = "hook.pam"
	PAMLine         Kind = "pam.line"
	HookLogrotate   Kind = "hook.logrotate"
	HookAutostart   Kind = "hook.autostart"
	HookDBus        Kind = "hook.dbus"
	HookModprobe    Kind = "hook.modprobe"
	HookTmpfiles    Kind = "hook.tmpfiles"
	HookSysusers    Kind = "hook.sysusers"
	GuardSetting    Kind = "guard.setting"
	KernelModule    Kind = "kernel.module"
	KernelSetting   Kind = "kernel.setting"
	HostsEntry      Kind = "hosts.entry"
	HostsNameserver Kind = "hosts.nameserver"
	StartedScript   Kind = "started.script"
)

func bootKinds() []KindInfo {
	off := textField("the entry is switched off", "ignored")
	cmd := textField("as in the file", "command")
	shown := []string{"command"}
	line := []string{"suspicious_line"}
	return []KindInfo{
		{
			Kind: RCLine, Group: GroupBoot, From: "rc.local of either family; the services of OpenRC; `/etc/conf.d`, `/etc/default`, `/etc/sysconfig`. Extractor `rclocal`.",
			Doc: "One statement of rc.local; the command of a service of OpenRC; a statement of the settings that scripts of init.d source, if it has a trait other than `fetch` and `background`.", Role: Autostart, Technique: "T1037.004", Excerpt: shown,
			Fields: slices.Concat(
				textField("the statement", "command"), yesField("rc.local runs only if it is executable", "executable"), textField("why it is not run", "ignored"), pathField("target of a link", "linked_to"), command(),
			),
		},
		{
			Kind: InitScript, Group: GroupBoot, From: "init.d, local.d and the directories of the runlevels. Extractor `rclocal`.",
			Doc: "A script of SysV init.", Role: Autostart, Technique: "T1037.004", Whole: true, Excerpt: line,
			Fields: slices.Concat(script(), pathField("target of a link", "linked_to"), textField("not executable", "ignored")),
		},
		{
			Kind: InittabLine, Group: GroupBoot, From: "inittab(5). Extractor `rclocal`.",
			Doc: "One line of inittab.", Role: Autostart, Technique: "T1037.004", Excerpt: shown,
			Fields: slices.Concat(textField("its first three fields", "id", "runlevels", "action"), textField("the fourth", "command"), command()),
		},
		{
			Kind: ProfileLine, Group: GroupBoot, From: "the start-up files of shells, and /etc/environment and the like. Extractor `startup`.",
			Doc:  "A statement of a shell's start-up file, or a variable, that has a trait other than `fetch` and `background`, or is the first in its file to start or source a program.",
			Role: Autostart, Technique: "T1546.004", Excerpt: shown,
			Fields: slices.Concat(textField("the statement", "command"), command()),
		},
		{
			Kind: PreloadLibrary, Group: GroupBoot, From: "`/etc/ld.so.preload`: ld.so(8). Extractor `startup`.",
			Doc: "A library that is loaded into every program.", Technique: "T1574.006", Excerpt: []string{"library"},
			Fields: pathField("as in the file", "library"),
		},
		{
			Kind: LibraryPath, Group: GroupBoot, From: "ld.so.conf: ldconfig(8). Extractor `startup`.",
			Doc:    "A directory that the dynamic linker searches.",
			Fields: slices.Concat(pathField("as in the file", "directory"), derived(listField("of libraries that nearly all programs load: those that have their name in that directory", "shadows"))),
		},
		{
			Kind: HookCommand, Group: GroupBoot,
			From: "ifupdown (interfaces(5)), supervisor, the agents of monitoring (snmpd.conf(5), Zabbix, NRPE, monit), inetd, xinetd, rsyslog (`^program`, omprog), binfmt.d, dpkg.cfg (`post-invoke`), PostgreSQL (archive_command and its kin), cloud-init (`bootcmd`, `runcmd`), static pods of Kubernetes (`command` and `args`), the lines of Python's `.pth` files that are run, ssh_config(5) (ProxyCommand, LocalCommand, KnownHostsCommand, `Match exec`, and the libraries it loads), git-config(1), tmux.conf and .screenrc, vimrc, .gdbinit, .forward, aliases(5), .procmailrc, the list of pm2, php.ini(5) with .user.ini and .htaccess (files and extensions that each script loads), npmrc(5), the life-cycle scripts in the package.json of installed packages.",
			Doc:  "A command that a line of a configuration names.", Role: Autostart, Technique: "T1546", Excerpt: shown,
			Fields: slices.Concat(textField("login-shell, network, service, log, boot, container, package-manager, cloud-init, cloud-init-once, python, php, node, ssh, git, git-server, monitoring, workflow, jenkins, ci, web-server, database, npm, composer, pip, gem, editor-extension, build, terminal, editor, debugger, mail, npm", "event"), textField("as whom it runs, where the file says so", "user"), cmd, command()),
		},
		{
			Kind: HookScript, Group: GroupBoot, From: "directories whose scripts all run at an event, and scripts that a program looks for.",
			Doc: "A script that runs at an event.", Role: Autostart, Technique: "T1546", Whole: true, Excerpt: line,
			Fields: slices.Concat(
				textField("motd, network, dhcp, ppp, ssh, kernel, boot, power, cloud-init (at each boot), cloud-init-once (at the first boot), package-manager, python (`sitecustomize.py` and the like), perl, ruby, git", "event"),
				script(), pathField("target of a link", "linked_to"), textField("not executable", "ignored"),
			),
		},
		{
			Kind: HookUdev, Group: GroupBoot, From: "rules of udev(7).",
			Doc: "A udev rule that runs a program.", Role: Autostart, Technique: "T1546.017", Excerpt: shown,
			Fields: slices.Concat(textField("RUN, PROGRAM, IMPORT", "key"), textField("its value", "command"), command()),
		},
		{
			Kind: HookApt, Group: GroupBoot, From: "apt.conf(5).",
			Doc: "A command that apt runs.", Role: Autostart, Technique: "T1546.016", Excerpt: shown,
			Fields: slices.Concat(textField("DPkg::Post-Invoke, ...", "event"), textField("its value", "command"), command()),
		},
		{
			Kind: HookDnf, Group: GroupBoot, From: "the dnf plugin post-transaction-actions.",
			Doc: "A command that dnf runs.", Role: Autostart, Technique: "T1546.016", Excerpt: shown,
			Fields: slices.Concat(textField("packages and state", "event"), textField("what runs then", "command"), command()),
		},
		{
			Kind: HookPAM, Group: GroupBoot,
			From: "pam.d(5): pam_exec(8), pam_script, pam_python and their like, and modules named by a path outside of the module directories.",
			Doc:  "A line of PAM that runs a program or loads such a module.", Role: Autostart, Technique: "T1556.003", Excerpt: shown,
			Fields: slices.Concat(textField("of the line", "service", "type", "control"), pathField("the path of such a module", "module"), textField("what runs", "command"), command()),
		},
		{
			Kind: PAMLine, Group: GroupBoot, From: "pam.d(5), pam.conf. Extractor `pam`.",
			Doc: "A line of the authentication stack of a service, or one that reads another file into it.",
			Fields: slices.Concat(
				textField("of the file, or of the line of pam.conf", "service"), textField("required, sufficient, ..., `[...]` without blanks, include, substack", "control"),
				textField("the module; of an include the file", "module"), listField("of the module", "arguments"),
			),
		},
		{
			Kind: HookLogrotate, Group: GroupBoot, From: "logrotate(8).",
			Doc: "A script of logrotate.", Role: Autostart, Technique: "T1546", Excerpt: shown,
			Fields: slices.Concat(textField("postrotate, prerotate, firstaction, lastaction, preremove", "event"), textField("the script, or its first statement worth pointing at", "command"), command()),
		},
		{
			Kind: HookAutostart, Group: GroupBoot, From: "XDG autostart entries.",
			Doc: "A program that a desktop session starts.", Role: Autostart, Technique: "T1547.013", Excerpt: shown,
			Fields: slices.Concat(textField("of the entry", "name", "user"), textField("Exec=", "command"), off, command()),
		},
		{
			Kind: HookDBus, Group: GroupBoot, From: "services of D-Bus.",
			Doc: "A program that D-Bus starts on demand.", Role: Autostart, Technique: "T1546", Excerpt: shown,
			Fields: slices.Concat(textField("of the service", "name", "user"), textField("Exec=", "command"), off, command()),
		},
		{
			Kind: HookModprobe, Group: GroupBoot, From: "modprobe.d(5).",
			Doc: "A command that modprobe runs instead of loading or removing a module.", Role: Autostart, Technique: "T1547.006", Excerpt: shown,
			Fields: slices.Concat(textField("install, remove", "event"), textField("its name", "module"), textField("what runs instead", "command"), command()),
		},
		{
			Kind: HookTmpfiles, Group: GroupBoot, From: "tmpfiles.d(5), of the system and of users. Extractor `tmpfiles`.",
			Doc: "A line by which systemd-tmpfiles writes, links or copies a file at every boot, or makes one setuid or setgid.", Role: Autostart, Technique: "T1546", Excerpt: shown,
			Fields: slices.Concat(
				textField("the type: f, F, w, L, C, z, ... with its modifiers", "event"), pathField("of the file, as written", "path"), textField("as written", "mode", "user"), textField("the line", "command"), command(),
			),
		},
		{
			Kind: HookSysusers, Group: GroupBoot, From: "sysusers.d(5). Extractor `sysusers`.",
			Doc: "A line by which systemd-sysusers makes an account that is root or that somebody can log in to, or adds one to a group of administrators.", Role: Autostart, Technique: "T1136.001", Excerpt: shown,
			Fields: slices.Concat(textField("the type: u, u!, m", "event"), textField("the account", "user"), textField("as written", "id"), pathField("as written", "shell"), textField("the line", "command"), command()),
		},
		{
			Kind: GuardSetting, Group: GroupBoot, From: "the settings of SELinux, auditd, journald, rsyslog and cron, and links in /var/log. Extractor `guards`.",
			Doc: "A setting by which what watches the server sees less.",
			Fields: slices.Concat(
				textField("selinux, audit, journald, rsyslog, cron, log", "service"), textField("the setting, as in the file", "setting"),
				textField("disabled, disabled_cut (and all comments of the file are gone), not_kept, dropped", "effect"),
			),
		},
		{
			Kind: StartedScript, Group: GroupBoot, From: "scripts that records of the role autostart name, sixteen deep, wherever they stand. Left out are files of packages, and those that an extractor reads anyway.",
			Doc: "A script that an autostart entry starts, or that such a script starts.", Role: Autostart, Technique: "T1059.004", Whole: true, Excerpt: line,
			Fields: slices.Concat(pathField("the path of what starts it", "started_by"), derived(textField("kind and event of the autostart entry at the beginning of the chain", "starter", "starter_event")), derived(listField("the files of the chain, from the entry to what starts this one", "chain")), script()),
		},
		{
			Kind: KernelModule, Group: GroupBoot, From: "modules-load.d(5), modules(5). Extractor `kernel`.",
			Doc:    "A kernel module loaded at boot.",
			Fields: textField("as in the file", "module", "options"),
		},
		{
			Kind: KernelSetting, Group: GroupBoot, From: "sysctl.d(5). Extractor `kernel`.",
			Doc: "A kernel parameter set at boot.", Excerpt: shown,
			Fields: slices.Concat(textField("with dots", "name"), textField("as in the file", "value"), textField("where the value is one: `kernel.core_pattern=|...`", "command"), command()),
		},
		{
			Kind: HostsEntry, Group: GroupBoot, From: "hosts(5). Extractor `hosts`.",
			Doc:    "One line of /etc/hosts.",
			Fields: slices.Concat(textField("as in the file", "address"), listField("the host names", "names"), yesField("a loopback or null address for a name that is not the machine's own", "nowhere")),
		},
		{
			Kind: HostsNameserver, Group: GroupBoot, From: "resolv.conf(5). Extractor `hosts`.",
			Doc:    "A DNS server.",
			Fields: textField("of the server", "address"),
		},
	}
}
