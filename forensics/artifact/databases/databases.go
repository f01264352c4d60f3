// Package databases reads what the settings of databases make them run and load: the commands
// of PostgreSQL that a shell runs (archive_command and its kin, ssl_passphrase_command) and its
// preloaded libraries, as https://www.postgresql.org/docs/current/runtime-config.html describes
// them, the modules of Redis, the plugins and the first statements of MySQL; and who may log in
// to PostgreSQL (pg_hba.conf). Records: hook.command (event: database), one a setting, and
// database.access.
package databases

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
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
		command.Files(redis, "/etc/redis/*.conf", "/etc/redis.conf", "/etc/redis*/*.conf", "/usr/local/etc/redis.conf", "/etc/valkey/*.conf"),
		command.Files(access, "/etc/postgresql/**/pg_hba.conf", "/var/lib/pgsql/**/pg_hba.conf", "/var/lib/postgresql/**/pg_hba.conf", "/var/lib/postgres/**/pg_hba.conf", "/usr/local/pgsql/**/pg_hba.conf"),
		command.Files(postgres, "/etc/postgresql/**/*.conf", "/var/lib/postgresql/**/postgresql*.conf", "/var/lib/pgsql/**/postgresql*.conf", "/usr/local/pgsql/**/postgresql*.conf", "/var/lib/postgres/**/postgresql*.conf"),
		command.Files(mysql, "/etc/my.cnf", "/etc/my.cnf.d/*.cnf", "/etc/mysql/**/*.cnf", "/var/lib/mysql/my.cnf"),
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

const event = "database"

// redis reads the modules of Redis.
func redis(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		f := strings.Fields(l.Head(maxLine))
		if len(f) < 2 || !strings.EqualFold(f[0], "loadmodule") {
			return nil
		}
		return r.Load(l, strings.Trim(f[1], `"'`), event)
	})
}

var postgresRE = regexp.MustCompile(`^((?:shared|session|local)_preload_libraries)\s*=?\s*'((?:[^']|'')*)'`)

// postgres reads the commands and the libraries that the settings of PostgreSQL name.
func postgres(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(l.Head(maxLine))
		if text == "" || text[0] == '#' {
			return nil
		}
		if c, ok := postgresql(text); ok {
			return r.Command(model.HookCommand, l.Source(), c, shell.Analyze(c), command.Event(event))
		}
		m := postgresRE.FindStringSubmatch(text)
		if m == nil {
			return nil
		}
		for _, file := range strings.Split(strings.ReplaceAll(m[2], "''", "'"), ",") {
			if err := r.Load(l, strings.TrimSpace(file), event); err != nil {
				return err
			}
		}
		return nil
	})
}

// mysql reads the plugins that MySQL loads by a path, and its first statements.
func mysql(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		v := command.Value(strings.ReplaceAll(l.Head(maxLine), "-", "_"), "plugin_load", "plugin_load_add", "init_file")
		if _, file, ok := strings.Cut(v, "/"); ok {
			return r.Load(l, "/"+file, event)
		}
		return nil
	})
}

// access reads pg_hba.conf: type, database, user, address (of host lines) and method.
func access(r *command.Reader) error {
	n := 0
	return r.EachLine(func(l artifact.Line) error {
		f := strings.Fields(l.Head(maxLine))
		if len(f) < 4 || f[0][0] == '#' {
			return nil
		}
		if n++; n > maxAccess {
			return artifact.Cut(fmt.Errorf("more than %d lines; the rest was not read", maxAccess))
		}
		rec := model.Record{Kind: model.DatabaseAccess, Source: l.Source()}
		rec.Add("type", f[0])
		rec.Add("database", f[1])
		rec.Add("user", f[2])
		method := f[3]
		if f[0] != "local" {
			address := f[3]
			method = ""
			if len(f) > 4 {
				method = f[4]
			}
			if len(f) > 5 && net.ParseIP(f[4]) != nil { // a mask in a column of its own
				address, method = address+"/"+f[4], f[5]
			}
			rec.Add("address", address)
			rec.AddBool("public", public(address))
		}
		rec.Add("method", method)
		r.Record(rec)
		return nil
	})
}

const (
	maxLine   = 64 << 10
	maxAccess = 10_000
)

// public says whether an address or a network is neither loopback nor private.
func public(address string) bool {
	host, _, _ := strings.Cut(address, "/")
	if address == "all" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast()
}
