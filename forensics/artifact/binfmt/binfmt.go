// Package binfmt reads the interpreters of binfmt.d(5), which the kernel runs for files
// of other formats. Records: hook.command (event: boot), one a line
// ":name:type:offset:magic:mask:interpreter:flags".
package binfmt

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "binfmt" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Settings("boot", interpreter),
			"/etc/binfmt.d/*.conf",
			"/usr/lib/binfmt.d/*.conf",
			"/usr/local/lib/binfmt.d/*.conf",
		),
	}
}

// interpreter reads one line; its first character is what separates the fields.
func interpreter(text string) (string, bool) {
	f := strings.Split(text[1:], text[:1])
	if len(f) < 6 || strings.IndexByte("0123456789/;", text[0]) >= 0 {
		return "", false
	}
	return f[5], false
}
