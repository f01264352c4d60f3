package hooks

import (
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// udevRun finds the assignments that run a program: RUN, RUN{program}, PROGRAM,
// IMPORT{program}; a value may hold escaped quotes.
var udevRun = regexp.MustCompile(`\b(RUN(?:\{program\})?|PROGRAM|IMPORT\{program\})\s*(?:\+=|:=|==|=)\s*e?"((?:[^"\\]|\\.)*)"`)

func udev(r *reader) error {
	var at artifact.Source
	var text strings.Builder
	flush := func() error {
		rule := text.String()
		text.Reset()
		if rule == "" {
			return nil
		}
		for _, m := range udevRun.FindAllStringSubmatch(rule, 100) {
			command := strings.ReplaceAll(m[2], `\"`, `"`)
			// udev runs no shell: it splits at blanks, single quotes group.
			f := shell.Analyze(asWords(splitWords(command)))
			key, _, _ := strings.Cut(m[1], "{")
			if err := r.give("hook.udev", at, command, f, model.Named("key", key)); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.lines(func(l artifact.Line) error {
		t := strings.TrimSpace(string(l.Text))
		if text.Len() == 0 && (t == "" || t[0] == '#') {
			return nil
		}
		if text.Len() == 0 {
			at = l.Source()
		}
		at.Length = l.Offset + int64(len(l.Text)) - at.Offset
		more := strings.HasSuffix(t, `\`)
		if text.Len() < artifact.MaxLine {
			text.WriteString(strings.TrimSuffix(t, `\`))
		}
		if more {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}
