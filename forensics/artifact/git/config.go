package git

import (
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const maxLine = 64 << 10 // bytes

// runs are the settings whose value a shell runs; "*" is the name in a section's head.
var runs = map[string]bool{
	"core.pager": true, "core.editor": true, "core.sshcommand": true, "core.fsmonitor": true, "core.askpass": true, "core.gitproxy": true, "core.alternaterefscommand": true,
	"sequence.editor": true, "gpg.program": true, "gpg.*.program": true, "diff.external": true, "diff.*.command": true, "diff.*.textconv": true, "merge.*.driver": true,
	"filter.*.clean": true, "filter.*.smudge": true, "filter.*.process": true, "difftool.*.cmd": true, "mergetool.*.cmd": true, "browser.*.cmd": true, "man.*.cmd": true,
	"remote.*.uploadpack": true, "remote.*.receivepack": true, "uploadpack.packobjectshook": true, "interactive.difffilter": true, "sendemail.smtpserver": true, "trailer.*.command": true, "trailer.*.cmd": true,
}

// config reads a file of settings: "[section "name"]", "key = value".
func config(r *command.Reader) error {
	section := ""
	return r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(l.Head(maxLine))
		if strings.HasPrefix(text, "[") {
			head, rest, ok := strings.Cut(text[1:], "]")
			if !ok {
				return nil
			}
			name, sub, has := strings.Cut(head, " ")
			if section = strings.ToLower(strings.TrimSpace(name)); has && strings.TrimSpace(sub) != "" {
				section += ".*"
			}
			text = strings.TrimSpace(rest) // a setting may follow
		}
		if text == "" || text[0] == '#' || text[0] == ';' {
			return nil
		}
		key, v, ok := strings.Cut(text, "=")
		if !ok {
			return nil
		}
		key, raw := strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(v)
		v = value(raw)
		if section == "core" && key == "hookspath" {
			return r.Command(model.HookCommand, l.Source(), raw, hooks(v), command.Event("git"))
		}
		c, ok := program(section, key, v)
		if !ok {
			return nil
		}
		facts := shell.Analyze(c)
		if !strings.Contains(text, c) { // shown as it stands there, quotes and all
			c = raw
		}
		return r.Command(model.HookCommand, l.Source(), c, facts, command.Event("git"))
	})
}

// hooks says what the hooks of a directory would be taken for. Those of a user's own lie in
// a hidden one as a rule.
func hooks(dir string) shell.Facts {
	for _, home := range []string{"/root/.", "/home/"} {
		if strings.HasPrefix(dir, home) {
			return shell.Facts{}
		}
	}
	if !strings.HasPrefix(dir, "/") {
		return shell.Facts{}
	}
	return shell.Analyze(path.Join(dir, "post-checkout"))
}

// program gives what a setting has git run.
func program(section, key, v string) (string, bool) {
	switch strings.ToLower(v) {
	case "", "true", "false", "yes", "no", "on", "off", "0", "1":
		return "", false // of settings that are either
	}
	switch {
	case section == "alias", section == "credential" && key == "helper", section == "credential.*" && key == "helper":
		if c, ok := strings.CutPrefix(v, "!"); ok {
			return c, true
		}
		return v, section != "alias" && strings.HasPrefix(v, "/")
	case section == "pager":
		return v, true
	}
	return v, runs[section+"."+key]
}

// value undoes the quotes and the escapes of a value, and leaves its comment out.
func value(s string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(s[i])
			}
		case (c == '#' || c == ';') && !quoted:
			return strings.TrimSpace(b.String())
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}
