// Package apk reads what apk(8) runs before and after each of its transactions: the hooks
// of /etc/apk/commit_hooks.d, and scripts of packages that it has unpacked to run them.
// Records: hook.script (event: package-manager), one a script.
package apk

import (
	"context"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "apk" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Executable("package-manager",
			"/etc/apk/commit_hooks.d/*",
			"/lib/apk/commit_hooks.d/*",
			"/usr/lib/apk/commit_hooks.d/*",
			"/lib/apk/exec/*",
			"/usr/lib/apk/exec/*",
		),
	}
}
