// Package databases reads the commands that PostgreSQL's settings have a shell run:
// archive_command and its kin, and ssl_passphrase_command, of postgresql.conf, as
// https://www.postgresql.org/docs/current/runtime-config.html describes them. Records:
// hook.command (event: database), one a setting.
package databases

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "databases" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(command.Settings("database", postgresql),
			"/etc/postgresql/*/*/postgresql.conf", "/etc/postgresql/*/*/conf.d/*.conf",
			"/var/lib/pgsql/data/postgresql*.conf", "/var/lib/pgsql/*/data/postgresql*.conf",
			"/var/lib/postgresql/*/*/postgresql.auto.conf", "/var/lib/postgresql/data/postgresql*.conf",
		),
	}
}

// postgresql reads NAME = 'COMMAND', in which a quote is doubled or escaped.
func postgresql(text string) (string, bool) {
	v := command.Value(text, "archive_command", "restore_command", "archive_cleanup_command", "recovery_end_command", "ssl_passphrase_command")
	if !strings.HasPrefix(v, "'") {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(v); i++ {
		switch {
		case (v[i] == '\'' || v[i] == '\\') && i+1 < len(v) && v[i+1] == '\'':
			i++
			b.WriteByte('\'')
		case v[i] == '\'':
			return b.String(), true
		default:
			b.WriteByte(v[i])
		}
	}
	return b.String(), true
}
