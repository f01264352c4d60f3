// Package udev reads the rules of udev(7): what runs as a device appears, which includes
// each boot. Records: hook.udev for RUN, PROGRAM and IMPORT{program} of every rule;
// rules that are continued over several lines are one. udev runs no shell.
//
// Not read: what a rule only sets in the environment for another one.
package udev

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "udev" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(rules,
			"/etc/udev/rules.d/*.rules",
			"/run/udev/rules.d/*.rules",
			"/usr/lib/udev/rules.d/*.rules",
			"/lib/udev/rules.d/*.rules",
			"/usr/local/lib/udev/rules.d/*.rules",
		),
	}
}

// udevRun finds the assignments that run a program: RUN, RUN{program}, PROGRAM,
// IMPORT{program}; a value may hold escaped quotes.
var udevRun = regexp.MustCompile(`\b(RUN(?:\{program\})?|PROGRAM|IMPORT\{program\})` +
	`\s*(?:\+=|:=|==|=)\s*e?"((?:[^"\\]|\\.)*)"`)

// ownDirectory is where udev looks for a program that is named without a directory.
const ownDirectory = "/usr/lib/udev/"

// rules reads a file of rules.
func rules(r *command.Reader) error {
	var at model.Source
	var text strings.Builder
	long := 0 // line of a rule that was cut
	flush := func() error {
		rule := text.String()
		text.Reset()
		if rule == "" {
			return nil
		}
		for _, m := range udevRun.FindAllStringSubmatch(rule, -1) {
			text := strings.ReplaceAll(m[2], `\"`, `"`)
			// udev runs no shell: it splits at blanks, single quotes group.
			words := command.Split(text)
			if len(words) > 0 && words[0] != "" && !strings.ContainsAny(words[0], "/$%") {
				words[0] = ownDirectory + words[0]
			}
			f := shell.Analyze(command.Quoted(words))
			key, _, _ := strings.Cut(m[1], "{")
			if err := r.Command(model.HookUdev, at, text, f, model.Named("key", key)); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.EachLine(func(l artifact.Line) error {
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
		} else if long == 0 {
			long = at.Line
		}
		if more {
			return nil
		}
		return flush()
	})
	if artifact.Ended(err) {
		err = errors.Join(err, flush())
	}
	if artifact.Ended(err) && long > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("the rule of line %d is longer than %d bytes; its end was not read", long, artifact.MaxLine)))
	}
	return err
}
