// Package supervisor reads the programs of supervisord: the command of each section.
// Records: hook.command (event: service). supervisord runs no shell.
package supervisor

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "supervisor" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Settings("service", program),
			"/etc/supervisord.conf",
			"/etc/supervisor/supervisord.conf",
			"/etc/supervisor/conf.d/*.conf",
			"/etc/supervisord.d/*.ini",
			"/etc/supervisord.d/*.conf",
		),
	}
}

// program reads command=, up to its comment.
func program(text string) (string, bool) {
	c, _, _ := strings.Cut(command.Value(text, "command", "process_name_command"), " ;")
	return c, false
}
