package shell

import (
	"path"
	"strings"
)

// program notes that a program is run.
func (s *state) program(name string) {
	switch {
	case strings.HasPrefix(name, "./"), strings.HasPrefix(name, "../"):
		name = s.resolve(name)
	case strings.HasPrefix(s.cwd, "/") && strings.Contains(name, "/") && !strings.Contains(name, "://"):
		name = s.resolve(name) // src/build.js, in a directory that is known
	}
	// A path may hold anything but a NUL; a command of several lines is text that
	// was taken for a name.
	if strings.Contains(name, "\x00") || strings.Contains(name, "\n") && !strings.HasPrefix(name, "/") {
		return
	}
	if name == "" || len(name) >= maxText || strings.Contains(name, "://") || strings.HasPrefix(name, substMark) || name == "$" {
		return
	}
	s.programs = appendOnce(s.programs, name)
}

// runs follows a program that is run under its name.
func (s *state) runs(w word) {
	s.program(w.text)
	if strings.Contains(w.text, "/") {
		s.place(w.text, false)
		s.ran(w.text)
	}
}

// ran follows a file that was written before and is now run.
func (s *state) ran(name string) {
	p := s.resolve(name)
	f, ok := s.files[p]
	if !ok {
		p, f, ok = s.matching(p)
	}
	if ok {
		switch {
		case f.net || f.fetched:
			s.set("fetch_exec")
		case f.decoded:
			s.set("decode_exec")
		}
		if f.known && f.text != "" {
			delete(s.files, p)
			s.inner(f)
			s.files[p] = f
		}
		return
	}
	for dir := range s.unpacked {
		if strings.HasPrefix(p, dir+"/") || dir == "." && !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "$") && !strings.HasPrefix(p, "~") {
			s.set("fetch_exec")
		}
	}
}

// run follows a script that an interpreter is given.
func (s *state) run(w word, sourced bool, in data) {
	if w.process {
		s.inner(w.data)
		if w.net {
			s.set("pipe_to_shell")
		}
		return
	}
	if w.text == "-" || w.text == "/dev/stdin" || w.text == "/proc/self/fd/0" {
		s.stdin(in)
		return
	}
	switch {
	case strings.Contains(w.text, "/") || s.files[s.resolve(w.text)] != (data{}):
		s.program(w.text)
	case strings.HasPrefix(s.cwd, "/") && w.known:
		s.program(s.resolve(w.text))
	}
	s.place(w.text, sourced)
	s.ran(w.text)
}

// stdin follows what a shell reads as its script.
func (s *state) stdin(in data) {
	if in.net {
		s.set("pipe_to_shell")
		in.net = false
	}
	s.inner(in)
}

// reads notes the file of which a shell reads what it runs.
func (s *state) reads(d data) {
	if d.from != "" {
		s.program(d.from)
		s.place(d.from, false)
	}
}

func (s *state) shell(args []word, in data) data {
	for i := 1; i < len(args); i++ {
		a := args[i].text
		if a == "--" {
			continue
		}
		if (strings.HasPrefix(a, "-") || strings.HasPrefix(a, "+")) && len(a) > 1 {
			switch {
			case strings.HasPrefix(a, "--"):
				if a == "--rcfile" || a == "--init-file" {
					i++
				}
			case strings.Contains(a, "c"):
				if i+1 < len(args) {
					defer s.positional(args[i+2:], 0)()
					s.inner(args[i+1].data)
				} else { // xargs gives it
					s.stdin(in)
				}
				return data{}
			case a == "-s":
				s.stdin(in)
				return data{}
			case strings.HasSuffix(a, "o") || strings.HasSuffix(a, "O"):
				i++
			}
			continue
		}
		s.run(args[i], false, in)
		return data{}
	}
	s.stdin(in)
	return data{}
}

func (s *state) interpreter(base string, args []word, in data) data {
	for i := 1; i < len(args); i++ {
		a := args[i].text
		if a == "-" {
			break
		}
		if !strings.HasPrefix(a, "-") {
			s.run(args[i], false, in)
			return data{}
		}
		flags := strings.TrimLeft(a, "-")
		code := len(flags) < 5 && (strings.HasPrefix(base, "python") && strings.HasSuffix(flags, "c") ||
			strings.HasPrefix(base, "php") && strings.HasSuffix(flags, "r") || !strings.HasPrefix(base, "python") && !strings.HasPrefix(base, "php") && (strings.HasSuffix(strings.ToLower(flags), "e") || flags == "eval" || flags == "p"))
		if code && i+1 < len(args) {
			if args[i+1].net && (!args[i+1].known || strings.HasPrefix(args[i+1].text, substMark)) {
				s.set("pipe_to_shell")
			}
			options := "" // perl -MLWP::Simple -e
			for _, o := range args[1:i] {
				options += o.text + "\n"
			}
			if strings.Contains(options+a, "i") && (base == "perl" || base == "ruby") { // perl -pi -e CODE FILE
				for _, f := range args[i+2:] {
					if strings.HasPrefix(f.text, "/") {
						s.target(s.resolve(f.text))
					}
				}
			}
			s.foreignCode(base, options+args[i+1].text)
			return data{}
		}
		if a == "-m" { // a module, with its own arguments
			return data{}
		}
	}
	if in.net {
		s.set("pipe_to_shell")
	}
	if in.decoded {
		s.set("decode_exec")
	}
	if in.fetched {
		s.set("fetch_exec")
	}
	if in.text != "" {
		s.foreignCode(base, in.text)
	}
	return data{}
}

func (s *state) flock(args []word, in data) data {
	s.program(args[0].text)
	rest := s.behind(args[1:], wrapper{short: "wE", long: []string{"--timeout", "--wait", "--conflict-exit-code"}})
	if len(rest) < 2 {
		return data{}
	}
	rest = rest[1:] // the lock
	if rest[0].text == "-c" || rest[0].text == "--command" {
		if len(rest) > 1 {
			s.inner(rest[1].data)
		}
		return data{}
	}
	return s.call(rest, in)
}

func (s *state) su(args []word, in data) data {
	s.program(args[0].text)
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-c" || a == "--command" || a == "--session-command":
			if i+1 < len(args) {
				s.inner(args[i+1].data)
			}
			return data{}
		case strings.HasPrefix(a, "--command="):
			s.inner(data{text: a[len("--command="):], known: args[i].known}.flags(args[i].data))
			return data{}
		case (a == "-u" || a == "--user") && path.Base(args[0].text) == "runuser":
			rest := s.behind(args[i+1:], wrapper{operands: 1})
			if len(rest) > 0 {
				return s.call(rest, in)
			}
			return data{}
		}
	}
	s.stdin(in)
	return data{}
}

func (s *state) startDaemon(args []word, in data) data {
	s.program(args[0].text)
	var run []word
	starts := false
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-S" || a == "--start":
			starts = true
		case a == "-b" || a == "--background":
			s.set("background")
		case (a == "-x" || a == "--exec" || a == "-a" || a == "--startas") && i+1 < len(args):
			run = []word{args[i+1]}
			i++
		case strings.HasPrefix(a, "--exec=") || strings.HasPrefix(a, "--startas="):
			_, v, _ := strings.Cut(a, "=")
			run = []word{{data: data{text: v, known: true}}}
		case a == "--":
			run = append(run, args[i+1:]...)
			i = len(args)
		}
	}
	if starts && len(run) > 0 {
		return s.call(run, in)
	}
	return data{}
}

func (s *state) screen(base string, args []word, in data) data {
	s.program(args[0].text)
	s.set("background")
	w := wrapper{short: "ceghpsStTx"}
	rest := args[1:]
	if base == "tmux" {
		w = wrapper{short: "cefFnstxyLSE"}
		for len(rest) > 0 && !strings.HasPrefix(rest[0].text, "new") && !strings.HasPrefix(rest[0].text, "respawn") && rest[0].text != "split-window" {
			rest = rest[1:]
		}
		if len(rest) > 0 {
			rest = rest[1:]
		}
	}
	// screen -dmS NAME PROGRAM
	rest = s.behind(rest, w)
	if len(rest) == 1 && strings.ContainsAny(rest[0].text, " ;|") {
		s.inner(rest[0].data)
		return data{}
	}
	if len(rest) > 0 {
		return s.call(rest, in)
	}
	return data{}
}

// typescript follows script(1), which runs a command and writes down what it shows.
func (s *state) typescript(args []word) data {
	s.program(args[0].text)
	for i := 1; i+1 < len(args); i++ {
		if strings.HasPrefix(args[i].text, "-") && strings.HasSuffix(args[i].text, "c") {
			s.inner(args[i+1].data)
		}
	}
	return data{}
}

func (s *state) find(args []word, in data) data {
	s.program(args[0].text)
	for i := 1; i < len(args); i++ {
		switch args[i].text {
		case "-exec", "-execdir", "-ok":
			run := args[i+1:]
			for n, a := range run {
				if a.text == ";" || a.text == "+" {
					run = run[:n]
					break
				}
			}
			if len(run) > 0 {
				if base := path.Base(run[0].text); (base == "rm" || base == "truncate" || base == "shred") && len(args) > 1 && wholeLogRE.MatchString(path.Clean(args[1].text)) && !narrow(args) {
					s.set("log_wipe")
				}
				s.call(run, in)
			}
		case "-delete":
			if len(args) > 1 && wholeLogRE.MatchString(path.Clean(args[1].text)) && !narrow(args) {
				s.set("log_wipe")
			}
		}
	}
	return data{}
}

// narrow says that find looks for some files only.
func narrow(args []word) bool {
	for _, a := range args[1:] {
		switch a.text {
		case "-name", "-iname", "-mtime", "-mmin", "-atime", "-ctime", "-size", "-path", "-regex", "-newer", "-older", "-empty":
			return true
		}
	}
	return false
}
