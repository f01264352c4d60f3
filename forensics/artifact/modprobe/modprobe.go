// Package modprobe reads the commands of modprobe.d(5): what runs instead of loading or
// removing a kernel module. Records: hook.modprobe for each install and remove line, but
// for those that only keep a module out (/bin/true, /bin/false).
package modprobe

import (
	"context"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "modprobe" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(conf,
			"/etc/modprobe.d/*",
			"/run/modprobe.d/*",
			"/usr/lib/modprobe.d/*",
			"/lib/modprobe.d/*",
			"/etc/modprobe.conf",
		),
	}
}

// conf reads the lines "install MODULE COMMAND" and "remove MODULE COMMAND",
// which a shell reads. "/bin/true" and "/bin/false" only keep a module out.
func conf(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		w := strings.Fields(string(l.Text))
		if len(w) < 3 || w[0] != "install" && w[0] != "remove" {
			return nil
		}
		if p := path.Base(w[2]); len(w) == 3 && (p == "true" || p == "false") {
			return nil
		}
		_, text, _ := strings.Cut(string(l.Text), w[1])
		text = strings.TrimSpace(text)
		facts := shell.Analyze(text)
		return r.Command(model.HookModprobe, l.Source(), text, facts, command.Event(w[0]), model.Named("module", w[1]))
	})
}
