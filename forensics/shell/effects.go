package shell

import (
	"path"
	"strings"
)

// resolve gives the absolute path of a name, as far as the working directory is
// known.
func (s *state) resolve(name string) string {
	switch {
	case name == "":
		return ""
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, "~"), strings.HasPrefix(name, "$"):
		return path.Clean(name)
	case s.cwd != "":
		return path.Join(s.cwd, name)
	}
	return path.Clean(name)
}

// place notes whether a program that is run has a suspicious path.
func (s *state) place(name string, sourced bool) {
	p := s.resolve(name)
	s.path(p)
	if netPathRE.MatchString(p) {
		s.set("fetch_exec")
	}
	temp, hidden := suspiciousPath(p, sourced)
	if temp {
		s.set("temp_exec")
	}
	if hidden {
		s.set("hidden_exec")
	}
}

// path notes directories named by dots or blanks.
func (s *state) path(p string) {
	if dotsPath(p) {
		s.set("dots_dir")
	}
}

// arguments notes what a command's arguments tell, whatever the command.
func (s *state) arguments(base string, args []word) {
	if !goTools[base] && !takesPattern[base] {
		for _, a := range args {
			if strings.Contains(a.text, "/") && !strings.Contains(a.text, "\n") {
				s.path(a.text)
			}
		}
	}
	if minerArguments(base, args) {
		s.set("miner_args")
	}
}

var (
	goTools      = set("go gofmt gofumpt golangci-lint staticcheck buf bazel blaze gotestsum govulncheck")
	takesPattern = set("sed awk gawk mawk grep egrep fgrep perl tr expr find rg eval sh bash dash zsh ksh ash su python python2 python3 ruby php node")
)

// write notes what is written to a file.
func (s *state) write(name string, d data, appending, empties bool) {
	p := s.resolve(name)
	s.path(name)
	s.target(p)
	if d.secret && devTCPRE.MatchString(p) {
		s.set("send_secret")
	}
	if empties && !appending {
		s.emptied(p)
	}
	if p == "/dev/null" || p == "" {
		return
	}
	if startsText(p) && d.text != "" {
		s.cronText(d, strings.HasPrefix(p, "/etc/cron"))
	}
	if appending {
		if old, ok := s.files[p]; ok {
			d = join(old, d)
		}
	}
	if _, ok := s.files[p]; ok || len(s.files) < maxNames {
		if len(d.text) > maxKnown {
			d.text, d.known = "", false
		}
		s.files[p] = d
	}
}

// target notes a file that is written and that decides who gets in, or what runs.
func (s *state) target(p string) {
	base := path.Base(p)
	switch {
	case base == "authorized_keys" || base == "authorized_keys2":
		s.set("key_write")
	case base == "ld.so.preload":
		s.set("preload_write")
	case cronPathRE.MatchString(p) && base != "cron.allow" && base != "cron.deny":
		s.set("cron_write")
	default:
		s.decides(p)
	}
}

// startsText says that a file holds commands that an autostart entry runs.
func startsText(p string) bool {
	return cronPathRE.MatchString(p) || startupRE.MatchString(p)
}

// cronText follows the commands of a text that is written where they will be run.
func (s *state) cronText(d data, user bool) {
	if s.depth >= maxDepth || s.budget < len(d.text) {
		return
	}
	s.budget -= len(d.text)
	s.depth++
	for i, l := range strings.Split(d.text, "\n") {
		if i > 1000 {
			break
		}
		if m := cronLineRE.FindStringSubmatch(l); m != nil {
			l = m[1]
			if user { // the system's tables name one
				_, l, _ = strings.Cut(l, " ")
			}
		} else if m := unitLineRE.FindStringSubmatch(l); m != nil {
			l = m[1]
		}
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			s.line(l)
		}
	}
	s.depth--
}

// emptied notes a file that is emptied or deleted.
func (s *state) emptied(p string) {
	switch {
	case logRE.MatchString(p):
		s.set("log_wipe")
	case historyFileRE.MatchString(p):
		s.set("history_off")
	}
}

func (s *state) kill(pattern string) {
	for _, p := range strings.FieldsFunc(pattern, func(c rune) bool { return c == '|' || c == '(' || c == ')' }) {
		p = strings.Trim(p, `\^$[]/ `)
		if p == "" || p == "grep" || len(s.killed) > 100 {
			continue
		}
		s.killed[p] = true
		if agentRE.MatchString(p) {
			s.set("agents_off")
		}
		if minerRE.MatchString(p) {
			s.set("kill_list")
		}
	}
	if len(s.killed) >= 3 {
		s.set("kill_list")
	}
}

// effects notes what some programs do to files and processes.
func (s *state) effects(base string, args []word, in data) {
	s.acts(base, args, in)
	switch base {
	case "chattr":
		s.attributes(args)
	case "rm", "unlink", "shred", "truncate", "wipe", "srm":
		for _, a := range args[1:] {
			if !strings.HasPrefix(a.text, "-") {
				s.emptied(s.resolve(a.text))
			}
		}
	case "journalctl":
		for _, a := range args[1:] {
			if vacuumRE.MatchString(a.text) {
				s.set("log_wipe")
			}
		}
	case "cp", "mv", "install", "ln", "rsync", "scp", "sftp":
		s.copies(base, args)
	case "sed":
		s.sed(args)
	case "dd":
		for _, a := range args[1:] {
			if p, ok := strings.CutPrefix(a.text, "of="); ok {
				s.write(p, in, false, false)
			}
		}
	case "pkill", "killall", "skill":
		s.killers(base, args)
	case "mkfifo", "mknod":
		for _, a := range args[1:] {
			if strings.Contains(a.text, "/") && len(s.files) < maxNames {
				s.files[s.resolve(a.text)] = data{known: true}
			}
		}
	case "git":
		s.pulls(args)
		if len(args) > 2 && args[1].text == "clone" {
			s.set("fetch")
			var named []string
			for _, a := range args[2:] {
				if !strings.HasPrefix(a.text, "-") {
					named = append(named, a.text)
				}
			}
			dir := ""
			switch len(named) {
			case 0:
			case 1:
				dir = strings.TrimSuffix(path.Base(named[0]), ".git")
			default:
				dir = named[len(named)-1]
			}
			s.unpack(s.resolve(dir))
		}
	default:
		if !quietFlags[base] {
			s.renamedChattr(args)
		}
	}
	if packers[base] {
		s.unpacks(args, in)
	}
}

// quietFlags are programs to which -ia says something else.
var quietFlags = set("ls grep egrep fgrep sed sort strings rsync date ps ip ss tar uname xxd dpkg rpm apt apt-get git docker ssh")

// renamedChattr recognises chattr under another name by its flags and what it is given.
func (s *state) renamedChattr(args []word) {
	flags := false
	for _, a := range args[1:] {
		switch a.text {
		case "+i", "+ia", "+ai", "-ia", "-ai", "-iua", "-aui", "-i", "-a":
			flags = flags || len(a.text) > 2 || a.text == "+i"
		default:
			p := s.resolve(a.text)
			if base := path.Base(p); flags && (cronPathRE.MatchString(p) || base == ".ssh" || base == "authorized_keys" || base == "ld.so.preload" || strings.Contains(p, "/.ssh/")) {
				s.set("chattr")
			}
		}
	}
}

func (s *state) copies(base string, args []word) {
	var names []string
	for i := 1; i < len(args); i++ {
		a := args[i].text
		if strings.HasPrefix(a, "-") {
			if base == "install" && len(a) == 2 && strings.IndexByte("mogtS", a[1]) >= 0 {
				i++
			}
			continue
		}
		names = append(names, a)
	}
	if len(names) < 2 {
		return
	}
	dst := s.resolve(names[len(names)-1])
	for _, src := range names[:len(names)-1] {
		if (base == "rsync" || base == "scp" || base == "sftp") && remoteRE.MatchString(src) {
			s.set("fetch")
			s.url(src)
			s.write(dst, data{net: true}, false, false)
			s.write(path.Join(dst, path.Base(src)), data{net: true}, false, false)
		}
		s.target(dst)
		if b := path.Base(dst); b == ".ssh" || b == "etc" {
			s.target(path.Join(dst, path.Base(src)))
		}
		if base == "ln" && src == "/dev/null" {
			s.emptied(dst)
		}
		f, ok := s.files[s.resolve(src)]
		if secretRE.MatchString(src) {
			f.secret, ok = true, true
		}
		if ok = ok || moduleRE.MatchString(dst); ok && len(s.files) < maxNames {
			s.files[dst] = f
			s.files[path.Join(dst, path.Base(src))] = f
		}
	}
}

func (s *state) sed(args []word) {
	inPlace, deletes := false, false
	for _, a := range args[1:] {
		switch {
		case strings.HasPrefix(a.text, "-i"), a.text == "--in-place", strings.HasPrefix(a.text, "-") && !strings.HasPrefix(a.text, "--") && strings.Contains(a.text, "i") && len(a.text) < 6:
			inPlace = true
		case inPlace:
			s.target(s.resolve(a.text))
			if deletes {
				s.emptied(s.resolve(a.text))
			}
			deletes = deletes || strings.HasSuffix(a.text, "d")
		}
	}
}

func (s *state) killers(base string, args []word) {
	var names []string
	for i := 1; i < len(args); i++ {
		a := args[i].text
		if strings.HasPrefix(a, "-") && len(a) > 1 {
			if signalRE.MatchString(a) {
				return // a signal to it, no kill
			}
			if a == "-s" || a == "--signal" {
				if i+1 < len(args) && signalRE.MatchString("-"+args[i+1].text) {
					return
				}
				i++
			}
			if base == "pkill" && (a == "-u" || a == "-U" || a == "-g" || a == "-P" || a == "-t" || a == "-G" || a == "-s") {
				i++
			}
			continue
		}
		names = append(names, a)
	}
	for _, n := range names {
		s.kill(n)
	}
}

// unpack notes that something fetched was unpacked into a directory.
func (s *state) unpack(dir string) {
	if dir == "" {
		dir = "."
	}
	if len(s.unpacked) < 16 {
		s.unpacked[path.Clean(dir)] = true
	}
}

func (s *state) unpacks(args []word, in data) {
	fetched := in.net || in.fetched
	dir := s.cwd
	for i := 1; i < len(args); i++ {
		a := args[i].text
		if (a == "-C" || a == "-d" || a == "--directory") && i+1 < len(args) {
			dir = s.resolve(args[i+1].text)
			i++
			continue
		}
		if f, ok := s.files[s.resolve(a)]; ok && (f.net || f.fetched) {
			fetched = true
			if base := path.Base(args[0].text); base == "gunzip" || base == "gzip" {
				s.files[strings.TrimSuffix(s.resolve(a), ".gz")] = f
			}
		}
	}
	if fetched {
		s.unpack(dir)
	}
}

// crontab follows crontab(1).
func (s *state) crontab(args []word, in data) data {
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-u":
			i++
		case a == "-l":
			return data{own: true}
		case a == "-e" || a == "-V" || a == "-T":
			return data{}
		case a == "-r":
			s.set("cron_write")
			return data{}
		case a == "-" || !strings.HasPrefix(a, "-"):
			d := in
			if a != "-" {
				d = s.contents(args[i])
			}
			if !d.own {
				s.set("cron_write")
			}
			if d.text != "" {
				s.cronText(d, false)
			}
			return data{}
		}
	}
	if in.text != "" || in.net {
		if !in.own {
			s.set("cron_write")
		}
		s.cronText(in, false)
	}
	return data{}
}
