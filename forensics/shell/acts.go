package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// What follows notes what commands do to accounts, guards, modules, tools and times.

var (
	accountFileRE = lazy(`^/etc/(?:passwd|shadow|gshadow|group|opasswd)-?$`)
	rightsFileRE  = lazy(`^/etc/(?:sudoers(?:\.d/.*)?|doas(?:\.d/.*|\.conf)|polkit-1/.*|pam\.d/.*|pam\.conf)$|^/(?:usr/share|var/lib)/polkit-1/.*`)
	selinuxRE     = lazy(`^/etc/(?:selinux|sysconfig/selinux)(?:/config)?$|^/sys/fs/selinux/enforce$`)
	// agentRE matches what watches a server: agents of clouds and of vendors, and what
	// writes the logs.
	agentRE = lazy(`(?i)^(?:aegis|aliyun(?:[-_.]?(?:service|assist|util))?|ali(?:yun)?d(?:un)?(?:update|monitor|secguard)?|aliyundun[a-z]*|aliyunduns?|cloudmonitor|argusagent|assist_daemon|ecs_mq.*|` +
		`hostguard|hostwatch|uniagent|telescope|cloudrms?etpwdagent|cloudresetpwd[a-z]*|yunjing|ydservice|ydlive|ydeyes|qcloud|stargate|sgagent|barad_agent|tat_agent|bcm-?[a-z]*|` +
		`amazon-ssm-agent|amazon-cloudwatch-agent|google-cloud-ops-agent|waagent|walinuxagent|mdatp|azuremonitoragent|` +
		`auditd?|audispd|rsyslogd?|syslogd?|syslog-ng|klogd|systemd-journald|journald|falco|wazuh(?:-[a-z]+)?|ossec(?:-[a-z]+)?|clamd|clamav(?:-[a-z]+)?|freshclam|` +
		`falcon-sensor|falcond|sentinel(?:one|ctl|d)?|cbagentd|cbdaemon|cbsensor|elastic-agent|auditbeat|filebeat|osqueryd?|ds_agent|ds_am|aide|samhain|tripwire|rkhunter|chkrootkit|maldet|` +
		`sysdig|twistlock|lacework|datacollector|qualys[a-z-]*|nessus[a-z]*|esets?|kesl|safedog|sdmonitor|d_agent|hids|xagt|newrelic-infra|zabbix[-_]agentd?2?|datadog-agent)(?:\.(?:service|socket))?$`)
	guardRE = lazy(`(?i)^(?:apparmor|selinux|firewalld|ufw|iptables|ip6tables|nftables|fail2ban|sshguard|denyhosts|csf|lfd)(?:\.service)?$`)
	// agentPathRE matches a directory of such an agent.
	agentPathRE = lazy(`(?i)/(?:aegis|aliyun|aliyundun|cloudmonitor|qcloud|yunjing|hostguard|uniagent|telescope|bcm-agent|ossec|wazuh-agent|falcon-sensor|crowdstrike|sentinelone|sysmon|safedog|avira)(?:/|$|[-_.])`)
	uninstallRE = lazy(`(?i)(?:un-?inst|remove)[a-z_-]*(?:\.sh|\.py|\.pl)?(?:$|[?&])`)

	reopenRE   = lazy(`(?i)^(?:-|--signal=|-s)?(?:SIG)?(?:HUP|USR[12]|WINCH|CONT)$|^-(?:1|10|12)$`)
	toolRE     = lazy(`^(?:/usr(?:/local)?)?/s?bin/(?:ps|top|htop|ls|netstat|ss|lsof|pstree|pgrep|pidof|find|w|who|last|lastlog|lastb|crontab|chattr|lsattr|curl|wget|iptables|rm|kill|pkill|strace)$`)
	watchersRE = lazy(`^(?:ps|top|htop|netstat|ss|lsof|pstree|pgrep|pidof|w|who|last|crontab)$`)
	procRE     = lazy(`^/proc/(?:[0-9]+|\$|self|\*|"|` + "`" + `)`)
	systemRE   = lazy(`^(?:/usr(?:/local)?)?/(?:s?bin|lib(?:64|exec)?)/|^/etc/|^/root/\.ssh|/\.ssh(?:/|$)|^/boot/|^/var/spool/cron`)
	secretRE   = lazy(`/etc/(?:shadow|gshadow|sudoers|kubernetes/admin\.conf)\b|(?:^|/)\.(?:ssh/(?:id_[a-z0-9]+|\*|identity)|aws/credentials|docker/config\.json|kube/config|git-credentials|netrc|pgpass|config/gcloud)|(?:^|/)\.ssh(?:/?$)|\bid_(?:rsa|ed25519|ecdsa|dsa)\b`)
	// authRE matches what PAM gives to a program of pam_exec.
	authRE     = lazy(`\$\{?PAM_(?:USER|AUTHTOK|RHOST|SERVICE)\b`)
	metadataRE = lazy(`(?i)169\.254\.169\.254/(?:latest/)?(?:meta-data/)?(?:iam|identity-credentials|ram/security-credentials)|100\.100\.100\.200/latest/meta-data/ram|metadata\.google\.internal/.*/token|metadata\.tencentyun\.com/.*cam`)
	modeRE     = lazy(`^0?[4567][0-7]{3}$`)
	symbolicRE = lazy(`^[ugoa]*u?[ugoa]*[+=][rwxXt]*s[rwxXt]*$`)
	capsRE     = lazy(`(?i)cap_(?:setuid|setgid|sys_admin|dac_override|dac_read_search|sys_ptrace|sys_module|chown|fowner|setfcap|setpcap|sys_rawio|bpf)|^=?(?:all|e?i?p)?$`)
	decidesRE  = lazy(`^/etc/(?:passwd|shadow|group|gshadow|sudoers|crontab|anacrontab|cron|systemd|init|rc|profile|bash|ld\.so|pam|ssh|hosts|sysctl|update-motd|apt|udev|modprobe|modules)|^/var/spool/(?:cron|at)|/\.ssh(?:/|$)|authorized_keys|^(?:/usr(?:/local)?)?/(?:s?bin|lib(?:64|exec)?)(?:/|$)|^/(?:tmp|var/tmp|dev/shm)/.|^/root(?:/|$)|/\.(?:bash|profile)|^\$`)
)

// acts notes what a program does besides writing files.
func (s *state) acts(base string, args []word, in data) {
	switch base {
	case "useradd", "adduser", "usermod":
		s.accounts(args)
	case "chpasswd", "newusers":
		s.set("account_write")
	case "passwd":
		if in.text != "" || hasWord(args, "--stdin") || hasWord(args, "-d") {
			s.set("account_write")
		}
	case "systemctl", "service", "rc-service", "initctl", "chkconfig", "update-rc.d", "rc-update", "invoke-rc.d", "stop":
		s.services(base, args)
	case "apt", "apt-get", "yum", "dnf", "zypper", "rpm", "dpkg", "apk", "pacman", "snap":
		s.removes(args)
	case "rm", "mv", "unlink", "shred":
		for _, a := range args[1:] {
			if p := s.resolve(a.text); agentPathRE.MatchString(p) && !strings.HasPrefix(a.text, "-") {
				s.set("agents_off")
			}
		}
		if base == "mv" && len(args) > 2 {
			s.tools(args[1:])
		}
	case "cp", "install", "ln", "rename":
		if len(args) > 2 {
			s.tools(args[len(args)-1:])
		}
		if base == "install" {
			for i, a := range args {
				mode := strings.TrimPrefix(strings.TrimPrefix(a.text, "--mode="), "-m")
				if a.text == "-m" && i+1 < len(args) {
					mode = args[i+1].text
				}
				if mode != a.text && setsID(mode) {
					s.set("setuid_set")
				}
			}
		}
	case "dpkg-divert":
		s.tools(args[1:])
	case "pkill", "killall", "skill":
		for _, a := range args[1:] {
			if agentRE.MatchString(strings.TrimPrefix(path.Base(a.text), "^")) && !asks(args) {
				s.set("agents_off")
			}
		}
	case "setenforce":
		if len(args) > 1 && (args[1].text == "0" || strings.EqualFold(args[1].text, "permissive")) {
			s.set("guard_off")
		}
	case "iptables", "ip6tables", "nft", "ufw":
		for i, a := range args[1:] {
			switch a.text {
			case "-F", "--flush", "disable", "flush":
				// The rules of one chain are the business of whoever made it.
				if i+2 >= len(args) || base != "iptables" && base != "ip6tables" || strings.HasPrefix(args[i+2].text, "-") {
					s.set("guard_off")
				}
			}
		}
	case "aa-teardown", "aa-disable":
		s.set("guard_off")
	case "auditctl":
		if hasWord(args, "-D") || hasWord(args, "-e0") || pair(args, "-e", "0") {
			s.set("agents_off")
		}
	case "insmod":
		if len(args) > 1 {
			s.set("module_load")
			s.program(s.resolve(args[len(args)-1].text))
			for _, a := range args[1:] {
				if strings.Contains(a.text, "/") {
					s.program(s.resolve(a.text))
				}
			}
		}
	case "modprobe":
		for _, a := range args[1:] {
			if strings.Contains(a.text, "/") && !strings.HasPrefix(a.text, "-") {
				s.set("module_load")
				s.program(s.resolve(a.text))
			}
			if !hasWord(args, "-r") && s.wroteModule(a.text) {
				s.set("module_load")
			}
		}
	case "mount":
		bind := hasWord(args, "--bind") || hasWord(args, "-B") || hasWord(args, "--rbind") || hasWord(args, "--move")
		for _, a := range args[1:] {
			bind = bind || strings.Contains(","+a.text+",", "bind,")
		}
		s.mounts(args)
		if last := args[len(args)-1].text; len(args) > 2 && (procRE.MatchString(last) || bind && strings.HasPrefix(last, "/proc/$") || strings.HasPrefix(last, "/proc/"+substMark)) {
			s.set("process_hide")
		}
	case "chmod":
		for _, a := range args[1:] {
			if setsID(a.text) {
				s.set("setuid_set")
			}
		}
	case "setcap":
		for _, a := range args[1:] {
			if len(args) > 2 && a.text != args[len(args)-1].text && capsRE.MatchString(a.text) && a.text != "" && a.text[0] != '-' {
				s.set("setuid_set")
			}
		}
	case "touch":
		s.touch(args)
	case "sshfs":
		s.mounts(args)
	case "visudo":
		if in.text != "" || in.net {
			s.set("sudo_write")
		}
	case "ed", "ex":
		if in.text != "" || in.net {
			s.target(s.resolve(args[len(args)-1].text))
		}
	case "scp", "rsync", "sftp":
		s.sendsFiles(base, args)
	case "smbclient", "ftp":
		s.gets(args)
	case "debugfs":
		for _, a := range args[1:] {
			if strings.Contains(a.text, "set_inode_field") || strings.HasPrefix(a.text, "sif ") {
				s.set("timestomp")
			}
		}
	case "telnetd":
		for i, a := range args {
			if a.text == "-l" && i+1 < len(args) && shells[path.Base(args[i+1].text)] {
				s.set("bind_shell")
			}
		}
	}
	if s.endsAgent(args) {
		s.set("agents_off")
	}
	if uninstallRE.MatchString(path.Base(args[0].text)) && agentPathRE.MatchString(s.resolve(args[0].text)) {
		s.set("agents_off")
	}
}

func hasWord(args []word, w string) bool {
	for _, a := range args[1:] {
		if a.text == w {
			return true
		}
	}
	return false
}

func pair(args []word, option, value string) bool {
	for i := 1; i+1 < len(args); i++ {
		if args[i].text == option && args[i+1].text == value {
			return true
		}
	}
	return false
}

// setsID says whether a mode of chmod(1) sets the setuid bit of a program.
func setsID(mode string) bool {
	return modeRE.MatchString(mode) && strings.IndexByte("4567", strings.TrimLeft(mode, "0")[0]) >= 0 && len(strings.TrimLeft(mode, "0")) == 4 ||
		symbolicRE.MatchString(mode) && !strings.HasPrefix(mode, "g") && !strings.HasPrefix(mode, "o")
}

// accounts follows useradd(8) and usermod(8): a second root, a password on the command line.
func (s *state) accounts(args []word) {
	for i := 1; i < len(args); i++ {
		next := ""
		if i+1 < len(args) {
			next = args[i+1].text
		}
		switch a := args[i].text; {
		case a == "-o" || a == "--non-unique",
			(a == "-u" || a == "--uid") && strings.Trim(next, "0+") == "" && next != "", a == "-u0" || a == "--uid=0",
			(a == "-p" || a == "--password") && next != "", strings.HasPrefix(a, "--password="):
			s.set("account_write")
		case len(a) > 2 && a[0] == '-' && a[1] != '-' && strings.Contains(a, "o") && strings.Contains(a, "u") && strings.Trim(next, "0+") == "" && next != "":
			s.set("account_write") // -ou 0
		}
	}
}

// asks says whether a command sends a signal by which a program reads its configuration or
// opens its logs again, and ends nothing.
func asks(args []word) bool {
	for _, a := range args {
		if reopenRE.MatchString(a.text) {
			return true
		}
	}
	return false
}

// services follows what stops and disables services.
func (s *state) services(base string, args []word) {
	verb, off := "", base == "stop"
	var names []string
	for _, a := range args[1:] {
		t := a.text
		switch {
		case strings.HasPrefix(t, "-"):
			off = off || t == "--del" && base == "chkconfig"
			continue
		case t == "kill":
			off = off || !asks(args)
		case t == "stop" || t == "disable" || t == "mask" || t == "remove" || t == "delete" || t == "del" || t == "off":
			off = true
		case t == "enable" || t == "start" || t == "restart" || t == "reload" || t == "try-restart" || t == "status" || t == "condrestart" || t == "unmask":
			verb = t
		default:
			names = append(names, path.Base(t))
		}
	}
	for _, n := range names {
		switch {
		case off && verb == "" && agentRE.MatchString(n):
			s.set("agents_off")
		case off && verb == "" && guardRE.MatchString(n):
			s.set("guard_off")
		case verb == "enable" && s.wroteUnit(n):
			s.set("startup_write")
		}
	}
	if verb == "enable" {
		for _, a := range args[1:] {
			if strings.HasPrefix(a.text, "/") {
				s.set("startup_write")
			}
		}
	}
}

// wroteUnit says whether the script wrote the unit before.
func (s *state) wroteUnit(name string) bool {
	for p := range s.files {
		if b := path.Base(p); b == name || b == name+".service" || b == name+".timer" {
			return true
		}
	}
	return false
}

// removes follows package managers that take an agent away.
func (s *state) removes(args []word) {
	off := false
	for _, a := range args[1:] {
		switch a.text {
		case "remove", "purge", "erase", "autoremove", "-e", "--erase", "-r", "--remove", "-P", "--purge", "del", "-R", "rm":
			off = true
		default:
			if off && agentRE.MatchString(a.text) {
				s.set("agents_off")
			}
		}
	}
}

// tools notes tools of the system that are replaced, renamed or diverted.
func (s *state) tools(names []word) {
	for _, a := range names {
		if toolRE.MatchString(s.resolve(a.text)) {
			s.set("process_hide")
		}
	}
}

// touch follows touch(1): times that are taken from elsewhere, of what the script brought
// or of what the system is made of.
func (s *state) touch(args []word) {
	sets := false
	var names []string
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-r" || a == "-d" || a == "-t" || a == "--reference" || a == "--date":
			sets = true
			i++
		case strings.HasPrefix(a, "--reference=") || strings.HasPrefix(a, "--date="):
			sets = true
		case len(a) > 2 && a[0] == '-' && a[1] != '-' && strings.ContainsAny(a[len(a)-1:], "rdt"):
			sets = true // -acmr FILE
			i++
		case !strings.HasPrefix(a, "-"):
			names = append(names, a)
		}
	}
	if !sets {
		return
	}
	for _, n := range names {
		p := s.resolve(n)
		if _, wrote := s.files[p]; wrote || systemRE.MatchString(p) || tempRE.MatchString(p) {
			s.set("timestomp")
		}
	}
}

// decides notes a file of which the text decides who gets in or what guards.
func (s *state) decides(p string) {
	switch {
	case accountFileRE.MatchString(p):
		s.set("account_write")
	case rightsFileRE.MatchString(p) && path.Base(p) != "README":
		s.set("sudo_write")
	case selinuxRE.MatchString(p):
		s.set("guard_off")
	case startupRE.MatchString(p) && !cronPathRE.MatchString(p):
		s.set("startup_write")
	case toolRE.MatchString(p):
		s.set("process_hide")
	}
}

// sends notes secrets that leave over the network.
func (s *state) sends(args []word, in data) {
	if in.secret {
		s.set("send_secret")
		return
	}
	for _, a := range args[1:] {
		if s.files[s.resolve(strings.TrimPrefix(a.text[strings.LastIndexByte(a.text, '=')+1:], "@"))].secret {
			s.set("send_secret")
		}
		if agentURLRE.MatchString(a.text) && uninstallRE.MatchString(path.Base(a.text)) {
			s.set("agents_off")
		}
		if a.secret || secretRE.MatchString(a.text) || authRE.MatchString(a.text) {
			s.set("send_secret")
		}
	}
}

// attributes notes immutable attributes of what decides.
func (s *state) attributes(args []word) {
	change := false
	for _, a := range args[1:] {
		t := a.text
		if len(t) > 1 && strings.IndexByte("+-=", t[0]) >= 0 && strings.Trim(t[1:], "aAcCdDeFijmPsStTuxRVf") == "" {
			change = change || strings.ContainsAny(t[1:], "ai")
			continue
		}
		if p := s.resolve(t); change && (decidesRE.MatchString(p) || strings.HasPrefix(p, substMark)) {
			s.set("chattr")
		}
	}
}

// onlyRemoves says whether a filter lets lines through or not, and adds none.
func onlyRemoves(base string, args []word) bool {
	switch base {
	case "grep", "egrep", "fgrep", "head", "tail", "uniq", "sort", "cat":
		return true
	case "sed":
		for _, a := range args[1:] {
			if t := a.text; !strings.HasPrefix(t, "-") && !strings.HasSuffix(t, "d") {
				return false
			}
		}
		return true
	}
	return false
}

// shellTrait says what a program gives that connects a shell to the network: one that
// listens gives it to whoever comes.
func shellTrait(base string, args []word) string {
	for _, a := range args[1:] {
		up := strings.ToUpper(a.text)
		if base == "socat" && strings.Contains(up, "-LISTEN:") || base == "socat" && strings.HasPrefix(up, "TCP-L:") ||
			base != "socat" && (up == "--LISTEN" || len(a.text) > 1 && a.text[0] == '-' && a.text[1] != '-' && strings.Contains(a.text, "l")) {
			return "bind_shell"
		}
	}
	return "reverse_shell"
}

// answers says whether a program that socat connects, "EXEC:..." or "SYSTEM:...", only says
// something: a server of one page, or of the token that a certificate is asked with.
func answers(address string) bool {
	_, program, _ := strings.Cut(address, ":")
	said := false
	program = strings.NewReplacer("$()", "", "$(", ";", "`", ";").Replace(program)
	for _, c := range strings.FieldsFunc(program, func(r rune) bool { return strings.ContainsRune(";&|\n", r) }) {
		w := strings.Fields(strings.Trim(c, " \\\t'\""))
		switch {
		case len(w) == 0:
		case sayers[path.Base(w[0])]:
			said = true
		default:
			return false
		}
	}
	return said
}

var sayers = set("cat date echo printf sleep uptime")

// watches says whether a function has the name of a tool that shows processes or
// connections, and leaves lines out of what that tool says.
func watches(c *syntax.FuncDecl) bool {
	if c.Name == nil || !watchersRE.MatchString(c.Name.Value) {
		return false
	}
	hides := false
	syntax.Walk(c.Body, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		switch path.Base(call.Args[0].Lit()) {
		case "grep", "egrep", "fgrep":
			for _, a := range call.Args[1:] {
				l := a.Lit()
				hides = hides || strings.HasPrefix(l, "-") && !strings.HasPrefix(l, "--") && strings.Contains(l, "v") || l == "--invert-match"
			}
		case "sed", "awk":
			for _, a := range call.Args[1:] {
				l := plainWord(a)
				hides = hides || strings.HasSuffix(l, "/d") || strings.Contains(l, "!/")
			}
		}
		return true
	})
	return hides
}

// redefines notes a function that stands in for such a tool.
func (s *state) redefines(c *syntax.FuncDecl) {
	if watches(c) {
		s.set("process_hide")
	}
}
