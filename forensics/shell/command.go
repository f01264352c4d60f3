package shell

import (
	"path"
	"strings"
)

// A wrapper runs the program that stands behind its own options.
type wrapper struct {
	short    string   // letters of options that take an argument
	long     []string // long options that take an argument as the next word
	operands int      // words before the program that are no options
	assigns  bool     // NAME=value before the program
	keep     bool     // keeps running when the shell ends
}

var wrappers = map[string]wrapper{
	"nohup": {}, "setsid": {keep: true}, "env": {short: "uC", long: []string{"--unset", "--chdir"}, assigns: true},
	"sudo": {short: "ugpChrtTDRU", long: []string{"--user", "--group", "--prompt", "--host", "--chdir", "--chroot"}, assigns: true}, "doas": {short: "uC"},
	"timeout": {short: "ks", long: []string{"--signal", "--kill-after"}, operands: 1}, "nice": {short: "n", long: []string{"--adjustment"}}, "ionice": {short: "cnpPu", long: []string{"--class", "--classdata"}},
	"chrt": {short: "TPD", operands: 1}, "taskset": {operands: 1}, "stdbuf": {short: "ioe"}, "exec": {short: "a"}, "builtin": {}, "time": {short: "fo"}, "chroot": {operands: 1},
	"xargs": {short: "IndPLEasi", long: []string{"--max-args", "--max-procs", "--delimiter", "--replace"}}, "watch": {short: "n", long: []string{"--interval"}}, "torsocks": {}, "torify": {}, "proxychains": {short: "f"}, "proxychains4": {short: "f"},
	"strace": {short: "eopsaEuPSOb"}, "ltrace": {short: "eopsu"}, "unshare": {}, "nsenter": {short: "tGS", long: []string{"--target"}}, "busybox": {}, "toybox": {}, "catchsegv": {}, "chronic": {}, "cronic": {}, "run-one": {}, "unbuffer": {},
	"systemd-run": {short: "pHMuE", long: []string{"--property", "--unit", "--description", "--slice", "--uid", "--gid", "--on-calendar", "--on-active", "--on-boot", "--setenv"}, keep: true}, "systemd-cat": {short: "tp"}, "systemd-inhibit": {},
	"setpriv": {}, "prlimit": {}, "chpst": {short: "ugUbemdoptcrf/"}, "setlock": {operands: 1}, "softlimit": {short: "acdfkloprst"}, "tini": {}, "dumb-init": {}, "gosu": {operands: 1}, "su-exec": {operands: 1}, "setuidgid": {operands: 1},
	"dbus-run-session": {}, "xvfb-run": {short: "nsefw"}, "faketime": {operands: 1}, "daemonize": {short: "cepluoE", keep: true}, "daemon": {keep: true}, "start_daemon": {short: "np"}, "cpulimit": {short: "lpe"}, "parallel": {short: "jNn"}, "nsjail": {}, "bwrap": {}, "fakeroot": {}, "eatmydata": {}, "if": {}, "then": {}, "do": {}, "else": {}, "!": {}, "{": {}, "capsh": {}, "perf": {operands: 1},
}

var (
	shells       = set("sh bash dash zsh ksh mksh ash rbash fish csh tcsh")
	interpreters = set("python python2 python3 perl php php5 php7 php8 ruby node nodejs lua awk gawk mawk tclsh")
	// printers show their arguments, or look for them.
	printers = set("echo printf print logger wall notify-send grep egrep fgrep zgrep rg sed test [ [[ expr tr cut sort awk gawk mawk find which whereis type command dpkg dpkg-query apt-cache debconf-set-selections db_set db_input gettext man help : true false return exit")
	// filters pass on what they read.
	filters  = set("cat tee head tail sed tr awk gawk mawk grep egrep fgrep sort uniq cut rev tac nl fold dd pv gunzip zcat gzip bunzip2 bzcat bzip2 xz xzcat unxz zstd zstdcat unzstd lz4 lz4cat iconv dos2unix fromdos paste strings jq column fmt expand unexpand stdbuf buffer sponge")
	fetchers = set("curl wget wget2 fetch aria2c axel lwp-download lwp-request get tftp ftpget lynx links elinks w3m http https xh curlie snarf")
	packers  = set("tar bsdtar unzip 7z 7za 7zr gunzip gzip cpio unrar ar")
)

func set(words string) map[string]bool {
	out := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

var versionRE = lazy(`^(python|perl|php|ruby|lua)[0-9][0-9.]*$`)

// call follows one command, and gives what it prints.
func (s *state) call(args []word, in data) data {
	s.steps++
	if len(args) == 0 || s.steps > maxSteps || s.depth > 4*maxDepth || s.budget < 0 {
		return data{}
	}
	s.depth++
	defer func() {
		s.depth--
		s.last = args[len(args)-1].data
	}()
	if known := globbed(args[0].text); known != "" {
		args = append([]word{{data: data{text: known, known: true}.flags(args[0].data)}}, args[1:]...)
	}
	name := args[0].text
	base := path.Base(name)
	if strings.HasPrefix(base, "ld-linux") || strings.HasPrefix(base, "ld-musl") {
		if len(args) > 1 {
			s.program(name)
			return s.call(args[1:], in)
		}
	}
	if m := versionRE.FindStringSubmatch(base); m != nil {
		base = m[1]
	}
	if strings.Contains(name, "/") { // a shell, or what runs others, may lie there, too
		s.place(name, false)
	}
	if strings.TrimSpace(name) == substMark || args[0].process || name == "" {
		s.inner(args[0].data) // the command itself comes from elsewhere
		return data{}
	}
	for _, a := range args[1:] {
		if len(a.text) >= minEncoded {
			s.encoded(a.text)
		}
		if !strings.Contains(a.text, "://") {
			continue
		}
		for _, u := range urlRE.FindAllString(a.text, maxListed) {
			s.url(u)
		}
	}
	if unsettles[name] {
		s.unsure = true
	}
	if s.depth > 1 || len(args[0].text) > minEncoded {
		s.encoded(args[0].text)
	}
	if body, ok := s.funcs[name]; ok && !strings.Contains(name, "/") {
		if s.extra > maxExtra {
			return data{}
		}
		before := s.steps
		delete(s.funcs, name) // no recursion
		restore := s.positional(args[1:], 1)
		out := s.stmt(body, in)
		restore()
		s.funcs[name] = body
		s.extra += s.steps - before
		return out
	}
	quiet := printers[base]
	if !quiet {
		s.arguments(base, args)
	}
	if w, ok := wrappers[base]; ok {
		if !ordinaryWord[base] {
			s.program(name)
		}
		if w.keep {
			s.set("background")
		}
		if base == "env" {
			for i, a := range args[1:] { // env -S "sh -c ..."
				if a.text == "-S" && i+2 < len(args) {
					s.inner(args[i+2].data)
				}
			}
		}
		rest := s.behind(args[1:], w)
		if len(rest) == 0 {
			return in
		}
		return s.call(rest, in)
	}
	switch base {
	case "cd", "pushd":
		for _, a := range args[1:] {
			if !strings.HasPrefix(a.text, "-") {
				s.cwd = s.resolve(a.text)
				s.path(a.text)
				break
			}
		}
		return data{known: true}
	case "echo", "print":
		return echo(args)
	case "printf":
		return printf(args)
	case "eval":
		s.inner(joined(args[1:]))
		return data{}
	case "read", "mapfile", "readarray":
		for _, a := range args[1:] {
			if !strings.HasPrefix(a.text, "-") {
				s.let(a.text, data{text: substMark}.flags(in))
			}
		}
		return data{known: true}
	case "export", "declare", "local", "readonly", "typeset", "setenv":
		s.setenv(args)
		return data{known: true}
	case "unset":
		for _, a := range args[1:] {
			delete(s.vars, a.text)
			if a.text == "HISTFILE" {
				s.set("history_off")
			}
		}
		return data{known: true}
	case "alias":
		for _, a := range args[1:] {
			if n, v, ok := strings.Cut(a.text, "="); ok {
				if hidersRE.MatchString(n) && strings.Contains(v, "grep") && strings.Contains(v, "-v") {
					s.set("alias_filter")
				}
				s.inner(data{text: v, known: a.known}.flags(a.data))
			}
		}
		return data{known: true}
	case "trap":
		if len(args) > 2 {
			s.inner(args[1].data)
		}
		return data{known: true}
	case "command":
		for len(args) > 1 && strings.HasPrefix(args[1].text, "-") {
			if strings.ContainsAny(args[1].text, "vV") {
				return data{}
			}
			args = args[1:]
		}
		return s.call(args[1:], in)
	case "set":
		for i, a := range args[1:] {
			if a.text == "--" {
				s.positional(args[i+2:], 1)
				break
			}
			if a.text == "+o" && i+2 < len(args) && args[i+2].text == "history" {
				s.set("history_off")
			}
		}
		return data{known: true}
	case "history":
		for _, a := range args[1:] {
			if strings.HasPrefix(a.text, "-") && strings.ContainsAny(a.text, "c") {
				s.set("history_off")
			}
		}
	case "flock":
		return s.flock(args, in)
	case "su", "runuser":
		return s.su(args, in)
	case "start-stop-daemon":
		return s.startDaemon(args, in)
	case "screen", "tmux":
		return s.screen(base, args, in)
	case "script":
		return s.typescript(args)
	case "find":
		return s.find(args, in)
	case "at", "batch":
		s.program(name)
		s.inner(in)
		return data{}
	case "crontab":
		s.program(name)
		return s.crontab(args, in)
	case "base64", "base32", "xxd", "openssl", "uudecode", "basenc":
		s.program(name)
		return s.decoder(base, args, in)
	case "tar", "git", "vim", "vi", "ex", "nvim", "view", "ed", "sed", "awk", "gawk", "mawk":
		s.runsInside(base, args, in)
	case ".", "source":
		if len(args) > 1 {
			s.run(args[1], true, in)
		}
		return data{}
	}
	switch {
	case shells[base]:
		s.program(name)
		return s.shell(args, in)
	case interpreters[base] && !quiet:
		s.program(name)
		return s.interpreter(base, args, in)
	}
	s.runs(args[0])
	s.effects(base, args, in)
	switch {
	case fetchers[strings.ToLower(base)]:
		s.sends(args, in)
		d := s.fetch(base, args)
		for _, a := range args[1:] {
			d.secret = d.secret || metadataRE.MatchString(a.text)
		}
		return d
	case decrypts(base, args):
		return data{decoded: true}
	case base == "ssh":
		s.generic(args, in)
		return data{net: true}
	case base == "nc" || base == "ncat" || base == "netcat" || base == "socat" || base == "telnet" || base == "ftp":
		for i, a := range args[1:] {
			up := strings.ToUpper(a.text)
			if base == "socat" && (strings.HasPrefix(up, "EXEC:") || strings.HasPrefix(up, "SYSTEM:")) && !answers(a.text) ||
				strings.Contains(base, "c") && base != "socat" && (a.text == "-e" || a.text == "-c" || a.text == "--exec" || a.text == "--sh-exec") && i+2 < len(args) {
				s.set(shellTrait(base, args))
			}
		}
		s.sends(args, in)
		return data{net: true}
	case base == "dig" || base == "nslookup" || base == "host":
		return data{net: true}
	case base == "tee":
		for _, a := range args[1:] {
			if !strings.HasPrefix(a.text, "-") {
				s.write(a.text, in, true, false)
			}
		}
		return in
	case base == "cat":
		return s.cat(args, in)
	case filters[base]:
		if base != "tac" && base != "dd" && (base == "grep" || base == "sed" || base == "tr" || base == "rev" || base == "awk" || strings.Contains(base, "z")) {
			in = rewritten(base, in)
		}
		in.own = in.own && onlyRemoves(base, args)
		for _, a := range args[1:] { // sed -n 5p FILE | sh
			if strings.HasPrefix(a.text, "-") {
				continue
			}
			if f, ok := s.files[s.resolve(a.text)]; ok {
				in = in.flags(asFile(f))
			} else if strings.HasPrefix(a.text, "/") && !strings.Contains(base, "grep") && !devTCPRE.MatchString(a.text) {
				in = in.flags(data{from: s.resolve(a.text), secret: secretRE.MatchString(a.text)})
			}
		}
		if in.from != "" && cutsBytes(base, args) {
			in.decoded = true // a script behind something else
		}
		return in
	case !quiet:
		// Whatever its name, a program that is given a URL and whose output
		// goes to a shell is a download tool: they get renamed.
		for _, a := range args[1:] {
			if urlRE.MatchString(a.text) && !sends[base] {
				return data{net: true}
			}
		}
	}
	s.generic(args, in)
	out := data{}
	if packers[base] || base == "zip" {
		for _, a := range args[1:] {
			out.secret = out.secret || secretRE.MatchString(a.text)
		}
	}
	return out
}

// ordinaryWord are words of the syntax that stand among the wrappers for the sake
// of lines that do not parse.
var ordinaryWord = set("if then do else ! {")

// sends are programs that take a URL without printing what stands there.
var sends = set("git pip pip3 npm yarn apt-key apt-add-repository add-apt-repository yum-config-manager rpm yum dnf apt apt-get docker podman kubectl helm xdg-open update-alternatives install-info")

var hidersRE = lazy(`^(?:ps|top|htop|ls|netstat|ss|lsof|crontab|find|pgrep|w|who|last|systemctl|cat)$`)

// behind skips a wrapper's options and operands.
func (s *state) behind(args []word, w wrapper) []word {
	operands := w.operands
	for len(args) > 0 {
		a := args[0].text
		switch {
		case a == "--":
			return args[min(1+operands, len(args)):]
		case strings.HasPrefix(a, "--"):
			args = args[1:]
			for _, l := range w.long {
				if a == l && len(args) > 0 {
					args = args[1:]
				}
			}
		case strings.HasPrefix(a, "-") && len(a) > 1:
			args = args[1:]
			if i := strings.IndexAny(a[1:], orNone(w.short)); i >= 0 && i == len(a)-2 && len(args) > 0 {
				args = args[1:]
			}
		case w.assigns && assignRE.MatchString(a):
			n, v, _ := strings.Cut(a, "=")
			if n == "LD_PRELOAD" || n == "LD_AUDIT" {
				if suspiciousPreload(v) {
					s.set("preload_env")
				}
			}
			args = args[1:]
		case operands > 0:
			operands--
			args = args[1:]
		default:
			return args
		}
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "\x00"
	}
	return s
}

var assignRE = lazy(`^[A-Za-z_][A-Za-z0-9_]*=`)

// generic looks for `sh -c TEXT` among the arguments of a program that is not
// known: docker exec, kubectl, ssh and many more.
func (s *state) generic(args []word, in data) {
	for i := 1; i+1 < len(args); i++ {
		if shells[path.Base(args[i].text)] && strings.HasPrefix(args[i+1].text, "-") && strings.HasSuffix(args[i+1].text, "c") {
			s.call(args[i:], in)
			return
		}
	}
	if path.Base(args[0].text) == "ssh" && len(args) > 2 {
		if last := args[len(args)-1]; strings.ContainsAny(last.text, " ;|") {
			s.inner(last.data)
		}
	}
}

func (s *state) setenv(args []word) {
	for i, a := range args[1:] {
		if n, v, ok := strings.Cut(a.text, "="); ok && assignRE.MatchString(a.text) {
			s.let(n, data{text: v, known: a.known}.flags(a.data))
		} else if args[0].text == "setenv" && i == 0 && len(args) > 2 {
			s.let(a.text, args[2].data)
		}
	}
}
