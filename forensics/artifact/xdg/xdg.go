// Package xdg reads XDG autostart entries: what a desktop session starts. Records:
// hook.autostart for each Exec of an entry, which no shell reads; ignored where the
// entry is switched off.
package xdg

import (
	"context"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "xdg" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Entry(model.HookAutostart),
			"/etc/xdg/autostart/*.desktop",
			"/usr/share/autostart/*.desktop",
			"/usr/local/share/autostart/*.desktop",
			"~/.config/autostart/*.desktop",
			"~/.config/autostart-scripts/*.desktop",
		),
	}
}
