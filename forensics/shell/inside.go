package shell

import (
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// What follows expands what stands for a command without naming it, and follows the
// commands that programs run which are no shells.

// knownNames are what a pattern of a shell is compared with where a program is named by one.
var knownNames = strings.Fields("curl wget sh bash dash zsh ash python3 python perl php ruby nc ncat base64 openssl xxd busybox socat chmod crontab rm kill pkill chattr")

// globbed gives the program that a pattern of file names means: /b*n/c?rl. Empty: none, or
// no pattern.
func globbed(name string) string {
	if !strings.ContainsAny(name, "*?[") || len(name) > 64 || strings.ContainsAny(name, " \n") {
		return ""
	}
	base := path.Base(name)
	if !strings.ContainsAny(base, "*?[") {
		return base
	}
	if strings.Trim(base, "*?") == "" && len(base) < 4 { // ?, ** and the like may be anything
		return ""
	}
	for _, n := range knownNames {
		if ok, err := path.Match(base, n); err == nil && ok {
			return n
		}
	}
	return ""
}

// matching gives a file that was written under a name of which a part is not known:
// p.$(date +%s).sh, run as p.*.sh.
func (s *state) matching(p string) (string, data, bool) {
	if !strings.ContainsAny(p, "*?[$") {
		return p, data{}, false
	}
	want := strings.ReplaceAll(p, substMark, "*")
	for name, f := range s.files {
		have := strings.ReplaceAll(name, substMark, "x")
		if ok, err := path.Match(want, have); err == nil && ok {
			return name, f, true
		}
	}
	return p, data{}, false
}

// positional sets $0, $1, ... and "$@", and gives what puts the old ones back.
func (s *state) positional(args []word, first int) (restore func()) {
	old := s.arrays["@"]
	saved := make(map[string]data)
	for i, a := range args {
		if i > 9 {
			break
		}
		n := strconv.Itoa(first + i)
		saved[n] = s.vars[n]
		s.let(n, a.data)
	}
	var all []data
	for i, a := range args {
		if first+i > 0 && len(all) < maxNames {
			all = append(all, a.data)
		}
	}
	s.arrays["@"] = all
	return func() {
		s.arrays["@"] = old
		for n, d := range saved {
			if d == (data{}) {
				delete(s.vars, n)
			} else {
				s.vars[n] = d
			}
		}
	}
}

// several gives the words that "$@", "${a[@]}" and their like become.
func (s *state) several(w *syntax.Word) ([]word, bool) {
	if len(w.Parts) != 1 {
		return nil, false
	}
	p, ok := w.Parts[0].(*syntax.ParamExp)
	if q, quoted := w.Parts[0].(*syntax.DblQuoted); quoted && len(q.Parts) == 1 {
		p, ok = q.Parts[0].(*syntax.ParamExp)
	}
	if !ok || p == nil || p.Param == nil || p.Exp != nil || p.Slice != nil || p.Repl != nil || p.Length {
		return nil, false
	}
	name := ""
	switch n := p.Param.Value; {
	case (n == "@" || n == "*") && p.Index == nil:
		name = "@"
	case p.Index != nil && (index(p.Index) == "@" || index(p.Index) == "*"):
		name = n
	default:
		return nil, false
	}
	list, ok := s.arrays[name]
	if !ok || len(list) == 0 {
		return nil, false
	}
	out := make([]word, len(list))
	for i, d := range list {
		out[i] = word{data: d}
		s.budget -= len(d.text)
	}
	return out, true
}

// index gives the subscript of an array where it is plain.
func index(x syntax.ArithmExpr) string {
	if w, ok := x.(*syntax.Word); ok {
		return w.Lit()
	}
	return ""
}

// value gives the variable that an expansion begins with.
func (s *state) value(p *syntax.ParamExp) (data, bool) {
	name := p.Param.Value
	if p.Index != nil {
		list := s.arrays[name]
		switch i, err := strconv.Atoi(index(p.Index)); {
		case err == nil && i >= 0 && i < len(list):
			return list[i], true
		case index(p.Index) == "@" || index(p.Index) == "*":
			return s.listed(list)
		}
		return data{}, false
	}
	if p.Excl && p.Names == 0 {
		if d, ok := s.vars[name]; ok && d.known {
			v, ok := s.vars[d.text]
			return v, ok
		}
		return data{}, false
	}
	if name == "@" || name == "*" {
		return s.listed(s.arrays["@"])
	}
	if d, ok := s.vars[name]; ok {
		return d, true
	}
	if list := s.arrays[name]; len(list) > 0 {
		return list[0], true
	}
	return data{}, false
}

func (s *state) listed(list []data) (data, bool) {
	if len(list) == 0 {
		return data{}, false
	}
	out := data{known: true}
	for i, d := range list {
		if i > 0 {
			out.text += " "
		}
		out = join(out, d)
	}
	return out, true
}

// partOf gives what of a variable an expansion lets through: ${x:2:4}, ${x/a/b}, ${a[1]},
// ${!b}.
func (s *state) partOf(d data, p *syntax.ParamExp) (data, bool) {
	switch {
	case p.Length:
		return data{}, false
	case p.Slice != nil:
		from, ok := number(p.Slice.Offset)
		if !ok || !d.known {
			return data{}, false
		}
		if from < 0 {
			from += len(d.text)
		}
		if from < 0 || from > len(d.text) {
			return data{}, false
		}
		to := len(d.text)
		if p.Slice.Length != nil {
			n, ok := number(p.Slice.Length)
			if !ok {
				return data{}, false
			}
			if to = from + n; n < 0 {
				to = len(d.text) + n
			}
		}
		if to < from {
			return data{}, false
		}
		d.text = d.text[from:min(to, len(d.text))]
		return d, true
	case p.Repl != nil:
		if p.Repl.Orig == nil || !d.known {
			return data{}, false
		}
		old, with := s.expand(p.Repl.Orig), s.expand(p.Repl.With)
		if !old.known || !with.known || old.text == "" || strings.ContainsAny(old.text, "*?[") || len(d.text) > maxText {
			return data{}, false
		}
		n := 1
		if p.Repl.All {
			n = -1
		}
		d.text = strings.Replace(d.text, old.text, with.text, n)
		return d, true
	case p.Index != nil || p.Excl && p.Names == 0:
		return d, true // value has found it
	}
	return data{}, false
}

// number gives the value of an expression that is a plain number.
func number(x syntax.ArithmExpr) (int, bool) {
	if u, ok := x.(*syntax.UnaryArithm); ok && u.Op == syntax.Minus {
		n, ok := number(u.X)
		return -n, ok
	}
	if q, ok := x.(*syntax.ParenArithm); ok {
		return number(q.X)
	}
	n, err := strconv.Atoi(index(x))
	return n, err == nil && n > -maxKnown && n < maxKnown
}

// trimmed gives what ${x#p}, ${x##p}, ${x%p} and ${x%%p} leave, where the pattern is plain
// or ends in an asterisk's reach.
func trimmed(d data, e *syntax.Expansion) (data, bool) {
	if !d.known || e.Word == nil || len(d.text) > maxText {
		return data{}, false
	}
	pattern := plainWord(e.Word)
	if pattern == "" || pattern == "?" {
		return data{}, false
	}
	fits := func(part string) bool {
		ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x01"), strings.ReplaceAll(part, "/", "\x01"))
		return err == nil && ok
	}
	t := d.text
	switch e.Op {
	case syntax.RemSmallPrefix:
		for i := 0; i <= len(t); i++ {
			if fits(t[:i]) {
				d.text = t[i:]
				return d, true
			}
		}
	case syntax.RemLargePrefix:
		for i := len(t); i >= 0; i-- {
			if fits(t[:i]) {
				d.text = t[i:]
				return d, true
			}
		}
	case syntax.RemSmallSuffix:
		for i := len(t); i >= 0; i-- {
			if fits(t[i:]) {
				d.text = t[:i]
				return d, true
			}
		}
	case syntax.RemLargeSuffix:
		for i := 0; i <= len(t); i++ {
			if fits(t[i:]) {
				d.text = t[:i]
				return d, true
			}
		}
	default:
		return data{}, false
	}
	return d, true // it does not fit: all is left
}

// cutsBytes says whether a filter takes what stands behind some bytes of a file.
func cutsBytes(base string, args []word) bool {
	if base == "dd" {
		for _, a := range args[1:] {
			if strings.HasPrefix(a.text, "skip=") {
				return true
			}
		}
		return false
	}
	if base != "tail" && base != "head" && base != "cut" {
		return false
	}
	for _, a := range args[1:] {
		if strings.HasPrefix(a.text, "-c") || strings.HasPrefix(a.text, "--bytes") || strings.HasPrefix(a.text, "-b") {
			return true
		}
	}
	return false
}

var (
	remoteRE  = lazy(`^(?:rsync://[^/]+/.|(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*::?[^:\\]*$)`)
	sedRunsRE = lazy(`(?:^|[;{}0-9$/,]|\n)\s*e(?:\s+(.+))?$`)
	awkRunsRE = lazy(`\bsystem\s*\(\s*"((?:[^"\\]|\\.)*)"|"((?:[^"\\]|\\.)*)"\s*\|\s*getline|\|\s*"((?:[^"\\]|\\.)*)"`)
	// netPathRE matches what an automounter fetches from a host that only has an address.
	netPathRE = lazy(`^/net/[0-9]{1,3}(?:\.[0-9]{1,3}){3}/.`)
)

// runsInside follows commands that a program runs which is known for something else.
func (s *state) runsInside(base string, args []word, in data) {
	run := func(text string, d data) { s.inner(data{text: text, known: d.known}.flags(d)) }
	for i := 1; i < len(args); i++ {
		a := args[i]
		next := word{}
		if i+1 < len(args) {
			next = args[i+1]
		}
		switch base {
		case "tar":
			for _, o := range []string{"--checkpoint-action=exec=", "--to-command=", "--use-compress-program=", "--rmt-command=", "--rsh-command="} {
				if c, ok := strings.CutPrefix(a.text, o); ok {
					run(c, a.data)
				}
			}
			if a.text == "-I" || a.text == "--to-command" || a.text == "--use-compress-program" {
				run(next.text, next.data)
			}
			if a.text == "--checkpoint-action" {
				if c, ok := strings.CutPrefix(next.text, "exec="); ok {
					run(c, next.data)
				}
			}
		case "git":
			text := a.text
			name, v, ok := strings.Cut(text, "=")
			if !ok && i+1 < len(args) && (strings.HasPrefix(text, "alias.") || strings.HasPrefix(text, "core.")) {
				name, v, ok = text, next.text, true
			}
			switch name = strings.ToLower(name); {
			case !ok:
			case strings.HasPrefix(name, "alias."):
				if c, shell := strings.CutPrefix(v, "!"); shell {
					run(c, a.data)
				}
			case name == "core.sshcommand" || name == "core.fsmonitor" || name == "core.pager" || name == "core.editor" ||
				name == "core.askpass" || name == "credential.helper" || name == "diff.external":
				run(strings.TrimPrefix(v, "!"), a.data)
			}
		case "vim", "vi", "ex", "nvim", "view", "ed":
			text := a.text
			if text == "-c" || text == "--cmd" {
				text = "+" + next.text
			}
			if c, ok := strings.CutPrefix(text, "+"); ok {
				if _, c, ok = strings.Cut(c, "!"); ok {
					run(c, a.data.flags(next.data))
				}
			}
		case "sed":
			if m := sedRunsRE.FindStringSubmatch(a.text); m != nil && !strings.HasPrefix(a.text, "-") && !strings.Contains(a.text, "/e/") {
				if m[1] != "" {
					run(m[1], a.data)
				} else if in.text != "" || in.net || in.from != "" {
					s.inner(in)
				}
			}
		case "awk", "gawk", "mawk":
			if strings.HasPrefix(a.text, "-") {
				continue
			}
			if strings.Contains(a.text, "/inet/") {
				s.set("interpreter_fetch")
				if strings.Contains(a.text, "|&") && strings.Count(a.text, "getline") > 1 {
					s.set("reverse_shell")
				}
			}
			for _, m := range awkRunsRE.FindAllStringSubmatch(a.text, 16) {
				if c := m[1] + m[2] + m[3]; !strings.HasPrefix(c, "sort") && c != "" {
					run(strings.ReplaceAll(c, `\"`, `"`), a.data)
				}
			}
			return
		}
	}
}

// pulls follows a pull from a place that the command itself names.
func (s *state) pulls(args []word) {
	dir, pull := s.cwd, false
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-C" && i+1 < len(args):
			dir = s.resolve(args[i+1].text)
			i++
		case a == "pull" || a == "fetch":
			pull = true
		case pull && (urlRE.MatchString(a) || strings.HasPrefix(a, "git://") || strings.HasPrefix(a, "ssh://")):
			s.set("fetch")
			s.url(a)
			s.unpack(dir)
		}
	}
}
