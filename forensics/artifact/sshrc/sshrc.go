// Package sshrc reads what sshd(8) runs at each login: /etc/ssh/sshrc, and ~/.ssh/rc of
// each account. Records: hook.script (event: ssh), one a script.
package sshrc

import (
	"context"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "sshrc" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Sourced("ssh",
			"/etc/ssh/sshrc",
			"/root/.ssh/rc",
			"/home/*/.ssh/rc",
			"/var/lib/*/.ssh/rc",
		),
	}
}
