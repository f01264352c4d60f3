// Package power reads what runs as the machine sleeps, wakes or shuts down, and on
// events of acpid(8): systemd-sleep(8), systemd-shutdown(8), pm-utils. Records:
// hook.script (event: power), one a script.
package power

import (
	"context"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "power" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Executable("power",
			"/usr/lib/systemd/system-sleep/*",
			"/lib/systemd/system-sleep/*",
			"/etc/systemd/system-sleep/*",
			"/usr/lib/systemd/system-shutdown/*",
			"/lib/systemd/system-shutdown/*",
			"/etc/pm/sleep.d/*",
			"/etc/acpi/*.sh",
			"/etc/acpi/actions/*",
		),
	}
}
