// Package postgresql reads the server log of PostgreSQL for programs that statements run:
// COPY ... FROM PROGRAM and TO PROGRAM (sql-copy), as the log states a statement with an
// error, or every one where log_statement asks for it. The lines begin with log_line_prefix,
// of which the time, the process in brackets and user@database are read, as Debian sets it
// (%m [%p] %q%u@%d); rotated and packed logs too.
//
// Records:
//
//	history.command  command (of the program), user (of the database), shell
//	                 (postgresql), and of the command programs, urls, traits, decoded;
//	                 stamp typed
//
// Memory is bounded: one line, and the bound of commands.
package postgresql

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
	"icecore/forensics/syslog"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "postgresql" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/var/log/postgresql/*.log*", "/var/lib/pgsql/data/log/*.log*", "/var/lib/pgsql/*/data/log/*.log*",
		"/var/lib/pgsql/data/pg_log/*.log*", "/var/lib/postgresql/*/main/log/*.log*",
	}
}

const (
	maxCommands = 10_000 // of one log
	maxCommand  = 64 << 10
)

var (
	prefixRE  = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ([A-Z]{1,5}|[+-]\d\d(?:\d\d)?) `)
	userRE    = regexp.MustCompile(`\] ([^ @]{1,63})@[^ ]* (?:STATEMENT|LOG|ERROR):`)
	programRE = regexp.MustCompile(`(?i)\b(?:from|to)\s+program\s+(e?)'((?:[^']|'')*)'`)
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	data, member, err := syslog.Open(in.Content)
	if err != nil {
		return err
	}
	defer data.Close()
	zone := time.UTC
	if in.System != nil && in.System.Zone != nil {
		zone = in.System.Zone
	}
	given := 0
	err = artifact.Lines(data, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !bytes.Contains(bytes.ToLower(l.Text), []byte("program")) {
			return nil
		}
		line := l.Head(maxCommand)
		for _, m := range programRE.FindAllStringSubmatch(line, 16) {
			if given++; given > maxCommands {
				return artifact.Cut(fmt.Errorf("more than %d programs of statements; the rest was not read", maxCommands))
			}
			r := model.Record{Kind: model.HistoryCommand, Source: l.Source()}
			r.Source.Member = member
			if t, inferred, ok := stamp(line, zone); ok {
				r.Times = []model.Stamp{{What: "typed", Time: t, Inferred: inferred}}
			}
			command := strings.ReplaceAll(m[2], "''", "'")
			if m[1] != "" {
				command = strings.NewReplacer(`\'`, "'", `\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(command)
			}
			r.AddText("command", command)
			if u := userRE.FindStringSubmatch(line); u != nil {
				r.Add("user", u[1])
			}
			r.Add("shell", "postgresql")
			f := shell.Analyze(command)
			f.AddTo(&r)
			emit(r)
		}
		return nil
	})
	if artifact.Ended(err) {
		return nil
	}
	return err
}

// stamp reads the time of a line. A zone by its name says nothing sure but UTC and GMT: it
// is then taken for the server's.
func stamp(line string, zone *time.Location) (t time.Time, inferred string, ok bool) {
	m := prefixRE.FindStringSubmatch(line)
	if m == nil {
		return time.Time{}, "", false
	}
	const layout = "2006-01-02 15:04:05"
	var err error
	switch z := m[2]; {
	case z == "UTC" || z == "GMT":
		t, err = time.Parse(layout, m[1])
	case z[0] == '+' || z[0] == '-':
		t, err = time.Parse(layout+"-0700", m[1]+(z + "0000")[:5])
	default:
		t, err = time.ParseInLocation(layout, m[1], zone)
		inferred = "zone"
	}
	return t.UTC(), inferred, err == nil
}
