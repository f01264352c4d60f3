package systemd

import (
	"path"
	"regexp"
	"sort"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/unitfile"
	"icecore/forensics/model"
	"icecore/forensics/shell"
	"icecore/forensics/text"
)

// exported gives the unit's variables as a shell would set them.
func (u *unit) exported() string {
	var b strings.Builder
	for _, e := range u.env {
		name, v, _ := strings.Cut(e, "=")
		if validName(name) {
			b.WriteString("export " + name + "=" + shell.Quote(v) + "\n")
		}
	}
	return b.String()
}

var loginShell = regexp.MustCompile(`^(?:/(?:usr/)?bin/)?(?:ba|da|z|k|a)?sh$`)

// value gives the last value of a directive.
func (u *unit) value(name string) string {
	out := ""
	for i := range u.list {
		if u.list[i].Name == name {
			out = u.list[i].Value
		}
	}
	return out
}

// prelude sets what a command runs in: the directory, and the variables that a shell
// within it names.
func (u *unit) prelude(command string) string {
	var b strings.Builder
	for _, e := range u.env {
		name, v, _ := strings.Cut(e, "=")
		if validName(name) && (strings.Contains(command, "$"+name) || strings.Contains(command, "${"+name)) {
			b.WriteString(name + "=" + shell.Quote(v) + "\n")
		}
	}
	if dir := u.specifiers(strings.TrimPrefix(u.value("WorkingDirectory"), "-")); strings.HasPrefix(dir, "/") || dir == "~" {
		b.WriteString("cd " + shell.Quote(dir) + "\n")
	}
	return b.String()
}

func validName(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == "" && (s[0] < '0' || s[0] > '9')
}

func (u *unit) exec(d unitfile.Directive, c unitfile.Command) artifact.Record {
	r := artifact.Record{Kind: model.SystemdExec, Source: artifact.Source{Line: d.Line, Offset: d.Offset, Length: d.Length}}
	r.Add("unit", u.name)
	r.Add("scope", u.scope)
	r.Add("directive", d.Name)
	if u.dropin {
		r.AddBool("dropin", true)
	}
	r.Add("prefix", c.Prefix)
	r.AddText("command", c.Text)
	r.Add("argv0", c.Argv0)
	r.Add("user", u.user)
	// systemd runs no shell: a | or > is an argument like any other.
	args := c.Args
	if root := u.value("RootDirectory"); strings.HasPrefix(root, "/") && len(args) > 0 && strings.HasPrefix(args[0], "/") {
		args = append([]string{path.Join(root, args[0])}, args[1:]...)
	}
	var f shell.Facts
	if strings.Contains(c.Prefix, "|") { // the user's shell reads it
		f = shell.Analyze(u.prelude(c.Text) + u.specifiers(c.Text))
	} else {
		f = shell.Analyze(u.prelude(c.Text) + u.line(args))
	}
	u.loaded(&f)
	if len(args) > 0 && u.value("StandardInput") == "socket" && loginShell.MatchString(args[0]) && !f.Has("reverse_shell") {
		// Whoever connects to the socket has a shell.
		f.Traits = append(f.Traits, "reverse_shell")
		sort.Strings(f.Traits)
	}
	f.AddTo(&r)
	return r
}

// line gives a command line that a shell would take as these arguments, with the
// unit's variables in their place.
func (u *unit) line(args []string) string {
	var b strings.Builder
	for i, a := range args {
		// The text for a shell is taken as one argument also where systemd would split it:
		// what is meant counts.
		script := i > 1 && strings.HasPrefix(args[i-1], "-") && strings.HasSuffix(args[i-1], "c") && loginShell.MatchString(args[0])
		for _, w := range u.expand(u.specifiers(a), i > 0, script) {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(shell.Quote(w))
		}
		if b.Len() > maxExpanded {
			u.cut = true
			break
		}
	}
	return b.String()
}

// expand puts variables in their place in one argument: ${NAME} anywhere, and $NAME as
// an argument of its own, whose words become arguments (systemd.service(5), "Command
// lines"). Values are not expanded again.
func (u *unit) expand(arg string, split, script bool) []string {
	if name, ok := strings.CutPrefix(arg, "$"); ok && split && validName(name) {
		v, ok := u.variable(name)
		if !ok {
			return []string{arg} // of a file of variables that is not known here
		}
		if script {
			return []string{v}
		}
		return unitfile.Words(v)
	}
	if !strings.Contains(arg, "$") {
		return []string{arg}
	}
	var b strings.Builder
	for rest := arg; rest != ""; {
		text, after, found := strings.Cut(rest, "$")
		b.WriteString(text)
		if !found {
			break
		}
		rest = after
		if inner, ok := strings.CutPrefix(rest, "$"); ok {
			b.WriteByte('$')
			rest = inner
			continue
		}
		name, behind, closed := strings.Cut(strings.TrimPrefix(rest, "{"), "}")
		v, known := "", false
		if closed && strings.HasPrefix(rest, "{") {
			v, known = u.variable(name)
		}
		if !known {
			b.WriteByte('$')
			continue
		}
		b.WriteString(v)
		rest = behind
		if b.Len() > maxExpanded {
			u.cut = true
			break
		}
	}
	return []string{text.Cut(b.String(), maxExpanded)}
}

// variable gives the value that the unit sets a variable to, the last one.
func (u *unit) variable(name string) (string, bool) {
	for i := len(u.env) - 1; i >= 0; i-- {
		if n, v, _ := strings.Cut(u.env[i], "="); n == name {
			return v, true
		}
	}
	return "", false
}
