package hooks

import (
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// pam reads the lines of pam.d(5) that run a program: pam_exec(8) and pam_script,
// and modules that are named by a path of their own.
func pam(r *reader) error {
	var text string
	var at artifact.Source
	return r.lines(func(l artifact.Line) error {
		t := strings.TrimSpace(string(l.Text))
		if text == "" {
			if t == "" || t[0] == '#' {
				return nil
			}
			at = l.Source()
		}
		at.Length = l.Offset + int64(len(l.Text)) - at.Offset
		if s, more := strings.CutSuffix(t, `\`); more && len(text) < 64<<10 {
			text += s + " "
			return nil
		}
		line := text + t
		text = ""
		return r.pamLine(line, at)
	})
}

func (r *reader) pamLine(line string, at artifact.Source) error {
	service := path.Base(r.in.Path)
	// [success=1 default=ignore] is one word.
	if i, j := strings.IndexByte(line, '['), strings.IndexByte(line, ']'); i >= 0 && j > i {
		line = line[:i] + strings.ReplaceAll(line[i:j], " ", ",") + line[j:]
	}
	w := splitWords(line)
	if service == "pam.conf" && len(w) > 0 {
		service, w = w[0], w[1:]
	}
	if len(w) < 3 {
		return nil
	}
	module, args := w[2], w[3:]
	fields := model.Fields{model.Named("service", service), model.Named("type", strings.TrimPrefix(w[0], "-")), model.Named("control", w[1])}
	switch base := path.Base(module); base {
	case "pam_exec.so", "pam_script.so":
		for len(args) > 0 && !strings.HasPrefix(args[0], "/") {
			args = args[1:]
		}
		if len(args) > 0 {
			return r.give("hook.pam", at, strings.Join(args, " "), shell.Analyze(asWords(args)), fields...)
		}
	default:
		if dir := path.Dir(module); strings.HasPrefix(module, "/") && !strings.HasSuffix(dir, "/security") {
			return r.give("hook.pam", at, module, shell.Analyze(shell.Quote(module)), append(fields, model.Named("module", module))...)
		}
	}
	return nil
}
