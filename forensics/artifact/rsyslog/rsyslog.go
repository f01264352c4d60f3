// Package rsyslog reads the programs that rsyslogd runs for a log line: the action
// ^program of rsyslog.conf(5), and the binary of omprog and mmexternal. Records:
// hook.command (event: log).
package rsyslog

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "rsyslog" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Settings("log", action),
			"/etc/rsyslog.conf",
			"/etc/rsyslog.d/*.conf",
		),
	}
}

// action reads the action ^program, and the programs of omprog and mmexternal.
func action(text string) (string, bool) {
	if i := strings.Index(text, "binary=\""); i >= 0 {
		c, _, _ := strings.Cut(text[i+len("binary=\""):], "\"")
		return c, false
	}
	i := strings.IndexByte(text, '^')
	if i < 1 || text[0] == '$' || strings.HasPrefix(text, "module(") || text[i-1] != ' ' && text[i-1] != '\t' ||
		i+1 == len(text) || text[i+1] != '/' {
		return "", false
	}
	c, _, _ := strings.Cut(text[i+1:], ";")
	return c, false
}
