// Package dbus reads the service files of D-Bus: what the bus starts on demand. Records:
// hook.dbus for each Exec of a file, which no shell reads.
package dbus

import (
	"context"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "dbus" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Entry(model.HookDBus),
			"/usr/share/dbus-1/system-services/*.service",
			"/usr/share/dbus-1/services/*.service",
			"/etc/dbus-1/system-services/*.service",
			"/usr/local/share/dbus-1/*/*.service",
			"/etc/dbus-1/services/*.service",
			"~/.local/share/dbus-1/services/*.service",
		),
	}
}
