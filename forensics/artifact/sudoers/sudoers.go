// Package sudoers reads who may run what as whom: sudoers(5), /etc/sudoers and the
// files of /etc/sudoers.d, and the rules of doas.conf(5), which are given as those of
// sudo that grant the same.
//
// Records:
//
//	sudo.rule     who, hosts, runas, tags, commands (lists), nopasswd (yes),
//	              ignored (why sudo would not read the file): one for each list
//	              of hosts of a rule
//	sudo.alias    type (User, Runas, Host, Cmnd), name, members (a list)
//	sudo.default  scope (what follows Defaults: @host, :user, !command, >runas),
//	              settings
//	sudo.include  path
//	sudo.oddity   text: a line that is none of these
//
// Commands stand as they are written, their tags taken out. A rule that needs no
// password for one of its commands has nopasswd.
package sudoers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "sudoers" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return append([]string{"/etc/sudoers", "/etc/sudoers.d/*", "/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d/*"}, doasFiles()...)
}

const (
	maxLines = 100_000
	maxText  = 256 << 10 // bytes of a rule
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	if slices.ContainsFunc(doasFiles(), func(p string) bool { return artifact.Match(p, in.Path) }) {
		return doas(ctx, in, emit)
	}
	ignored := ""
	if dir, name := path.Split(in.Path); dir == "/etc/sudoers.d/" && (strings.Contains(name, ".") || strings.HasSuffix(name, "~")) {
		ignored = "sudo skips a file with a dot in its name, or ~ at its end"
	}
	var text strings.Builder
	var source artifact.Source
	long := 0 // line of a rule that was cut
	flush := func() {
		rule(text.String(), source, ignored, emit)
		text.Reset()
		source = artifact.Source{}
	}
	err := in.Lines(ctx, func(l artifact.Line) error {
		if l.Number > maxLines {
			return artifact.Cut(fmt.Errorf("more than %d lines; the rest was not read", maxLines))
		}
		if source.Line == 0 {
			source.Line, source.Offset = l.Number, l.Offset
		}
		source.Length = l.Offset + int64(len(l.Text)) - source.Offset
		part := string(l.Text)
		more := strings.HasSuffix(part, `\`)
		if more {
			part = part[:len(part)-1] + " "
		}
		if text.Len()+len(part) <= maxText {
			text.WriteString(part)
		} else {
			text.WriteString(cut(part, maxText-text.Len()))
			long = cmp.Or(long, source.Line)
		}
		if !more {
			flush()
		}
		return nil
	})
	flush()
	if long > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("the rule of line %d is longer than %d bytes; its end was not read", long, maxText)))
	}
	return err
}

func cut(s string, n int) string { return text.Cut(s, n) }

// rule reads one line, its continuations joined.
func rule(text string, source artifact.Source, ignored string, emit artifact.Emit) {
	text = strings.TrimSpace(uncomment(text))
	if text == "" {
		return
	}
	r := artifact.Record{Source: source}
	first, rest := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		first, rest = text[:i], strings.TrimSpace(text[i:])
	}
	switch {
	case first == "#include" || first == "#includedir" || first == "@include" || first == "@includedir":
		r.Kind = "sudo.include"
		r.AddText("path", strings.Trim(rest, `"`))
	case strings.HasPrefix(first, "Defaults") && (len(first) == 8 || strings.ContainsRune("@:!>", rune(first[8]))):
		r.Kind = "sudo.default"
		r.AddText("scope", first[8:])
		r.AddText("settings", rest)
	case first == "User_Alias" || first == "Runas_Alias" || first == "Host_Alias" || first == "Cmnd_Alias" || first == "Cmd_Alias":
		for _, part := range split(rest, ':') {
			name, members, _ := strings.Cut(part, "=")
			a := artifact.Record{Kind: model.SudoAlias, Source: source}
			a.Add("type", strings.TrimSuffix(first, "_Alias"))
			a.Add("name", strings.TrimSpace(name))
			addList(&a, "members", split(members, ','))
			a.Add("ignored", ignored)
			emit(a)
		}
		return
	default:
		who, rest := users(text)
		if who == "" || !strings.Contains(rest, "=") {
			r.Kind = "sudo.oddity"
			r.AddText("text", text)
			break
		}
		for _, part := range split(rest, ':') {
			s := artifact.Record{Kind: model.SudoRule, Source: source}
			addList(&s, "who", split(who, ','))
			spec(&s, part)
			s.Add("ignored", ignored)
			emit(s)
		}
		return
	}
	r.Add("ignored", ignored)
	emit(r)
}

// uncomment cuts a comment off. A # before a digit names a user by number, and
// #include is no comment.
func uncomment(s string) string {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '#':
			if quoted || strings.HasPrefix(s[i:], "#include") && strings.TrimSpace(s[:i]) == "" {
				continue
			}
			if i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' && (i == 0 || strings.IndexByte(" \t,(:!%", s[i-1]) >= 0) {
				continue
			}
			return s[:i]
		}
	}
	return s
}

// users cuts the list of users off the rest: a list goes on behind a comma.
func users(s string) (who, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			before, after := strings.TrimSpace(s[:i]), strings.TrimLeft(s[i:], " \t")
			if strings.HasSuffix(before, ",") || strings.HasPrefix(after, ",") || strings.HasSuffix(before, "!") {
				continue
			}
			return before, after
		}
	}
	return s, ""
}

// split cuts at a separator that is not escaped, quoted or in brackets, and not
// part of a word: the colon behind a tag, or in "(root : adm)", is another.
func split(s string, sep byte) []string {
	var out []string
	start, depth, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '(':
			depth++
		case c == ')':
			depth = max(0, depth-1)
		case c == sep && !quoted && depth == 0:
			if w := lastWord(s[start:i]); sep == ':' && (isTag(w) || isDigest(w)) {
				continue
			}
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

func lastWord(s string) string {
	s = strings.TrimRight(s, " \t")
	return s[strings.LastIndexAny(s, " \t,=:)")+1:]
}

func isTag(w string) bool {
	for _, t := range []string{"PASSWD", "EXEC", "SETENV", "LOG_INPUT", "LOG_OUTPUT", "MAIL", "FOLLOW", "INTERCEPT"} {
		if w == t || w == "NO"+t {
			return true
		}
	}
	return false
}

func isDigest(w string) bool {
	return w == "sha224" || w == "sha256" || w == "sha384" || w == "sha512"
}

// spec reads "hosts = (runas) TAG: command, (runas) command".
func spec(r *artifact.Record, s string) {
	hosts, rest, _ := strings.Cut(s, "=")
	addList(r, "hosts", split(hosts, ','))
	var runas, tags, commands []string
	once := func(list []string, v string) []string {
		if v == "" || slices.Contains(list, v) {
			return list
		}
		return append(list, v)
	}
	for _, c := range split(rest, ',') {
		for {
			c = strings.TrimSpace(c)
			if strings.HasPrefix(c, "(") {
				inner, after, ok := strings.Cut(c[1:], ")")
				if !ok {
					break
				}
				runas, c = once(runas, strings.TrimSpace(inner)), after
				continue
			}
			tag, after, ok := strings.Cut(c, ":")
			if !ok || !isTag(strings.TrimSpace(tag)) {
				break
			}
			tags, c = once(tags, strings.TrimSpace(tag)), after
		}
		if c != "" {
			commands = append(commands, c)
		}
	}
	addList(r, "runas", runas)
	r.AddList("tags", tags)
	addList(r, "commands", commands)
	if slices.Contains(tags, "NOPASSWD") {
		r.AddBool("nopasswd", true)
	}
}

// addList adds the items of a list, each cut where it is long.
func addList(r *artifact.Record, name string, items []string) {
	for _, item := range items {
		r.AddText(name, item)
	}
}
