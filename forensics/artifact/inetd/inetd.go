// Package inetd reads what inetd and xinetd run for each connection: inetd.conf(5) and
// xinetd.conf(5). Records: hook.command (event: service).
package inetd

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "inetd" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Settings("service", service),
			"/etc/inetd.conf",
			"/etc/inetd.d/*",
		),
		command.Files(command.Settings("service", server),
			"/etc/xinetd.conf",
			"/etc/xinetd.d/*",
		),
	}
}

// service reads inetd.conf(5): service, type, protocol, wait, user, program, argv.
func service(text string) (string, bool) {
	f := strings.Fields(text)
	if len(f) < 6 || f[5] == "internal" {
		return "", false
	}
	args := f[5:6]
	if len(f) > 7 {
		args = append(args, f[7:]...) // the first is argv[0]
	}
	return strings.Join(args, " "), false
}

// server reads the path that a service of xinetd runs.
func server(text string) (string, bool) { return command.Value(text, "server"), false }
