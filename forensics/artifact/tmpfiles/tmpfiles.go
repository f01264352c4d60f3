// Package tmpfiles reads tmpfiles.d(5): what systemd-tmpfiles writes, links, copies and
// makes setuid at every boot, for the system and for users.
//
// Records: hook.tmpfiles, one a line of a type that does one of these. What the line does is
// judged as the shell commands of the same effect would be. Bounds: those of package command.
package tmpfiles

import (
	"context"
	"encoding/base64"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "tmpfiles" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(
			read,
			"/etc/tmpfiles.d/*.conf", "/run/tmpfiles.d/*.conf", "/usr/local/lib/tmpfiles.d/*.conf", "/usr/lib/tmpfiles.d/*.conf", "/lib/tmpfiles.d/*.conf",
			"/usr/share/user-tmpfiles.d/*.conf", "/usr/local/share/user-tmpfiles.d/*.conf", "~/.config/user-tmpfiles.d/*.conf", "~/.local/share/user-tmpfiles.d/*.conf",
		),
	}
}

func read(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		e := parse(text)
		script := e.script()
		if script == "" {
			return nil
		}
		return r.Command(model.HookTmpfiles, l.Source(), text, shell.Analyze(script),
			command.Event(e.kind), model.Named("path", e.path), model.Named("mode", e.mode), model.Named("user", e.user))
	})
}

// entry is one line: type, path, mode, user, group, age, argument.
type entry struct{ kind, path, mode, user, argument string }

// parse splits a line. Its first six words may be quoted; "-" stands for the usual value.
func parse(line string) entry {
	var w [6]string
	for i := range w {
		w[i], line = word(line)
		if w[i] == "-" {
			w[i] = ""
		}
	}
	if line = strings.TrimSpace(line); line == "-" {
		line = ""
	}
	return entry{kind: w[0], path: w[1], mode: w[2], user: w[3], argument: line}
}

// word cuts the first word off, without its quotes.
func word(s string) (string, string) {
	s = strings.TrimLeft(s, " \t")
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if i := strings.IndexByte(s[1:], s[0]); i >= 0 {
			return s[1 : 1+i], s[2+i:]
		}
	}
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

// script gives shell commands of the same effect; empty for a type that neither writes,
// links, copies nor makes something setuid.
func (e *entry) script() string {
	if e.kind == "" || e.path == "" {
		return ""
	}
	p, argument := shell.Quote(e.path), e.argument
	if strings.Contains(e.kind[1:], "~") {
		b, err := base64.StdEncoding.DecodeString(argument)
		if err == nil {
			argument = string(b)
		}
	}
	var b strings.Builder
	switch e.kind[0] {
	case 'f', 'F', 'w':
		if argument != "" && !strings.Contains(e.kind, "^") { // that of a credential is a name
			b.WriteString("printf %s " + shell.Quote(unescape(argument)) + " > " + p + "\n")
		}
	case 'L':
		if argument != "" {
			b.WriteString("ln -sf " + shell.Quote(argument) + " " + p + "\n")
		}
	case 'C':
		if argument != "" {
			b.WriteString("cp -r " + shell.Quote(argument) + " " + p + "\n")
		}
	}
	if mode := strings.TrimLeft(e.mode, ":~0"); len(mode) == 4 && mode[0] >= '4' {
		b.WriteString("chmod " + shell.Quote(mode) + " " + p + "\n")
	}
	return b.String()
}

// unescape undoes the escapes of an argument that make several lines of it.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\x0a`, "\n", `\x0A`, "\n", `\x20`, " ").Replace(s)
}
