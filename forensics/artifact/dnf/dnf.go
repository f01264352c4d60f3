// Package dnf reads what dnf and yum run after a transaction, by their plugin
// post-transaction-actions(8). Records: hook.dnf, one a line "package:state:command";
// the event is the package and the state.
package dnf

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "dnf" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(actions,
			"/etc/dnf/plugins/post-transaction-actions.d/*",
			"/etc/yum/post-actions/*.action",
		),
	}
}

// actions reads "package:state:command".
func actions(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		p := strings.SplitN(text, ":", 3)
		if len(p) != 3 {
			return nil
		}
		return r.Command(model.HookDnf, l.Source(), p[2], shell.Analyze(p[2]), command.Event(p[0]+":"+p[1]))
	})
}
