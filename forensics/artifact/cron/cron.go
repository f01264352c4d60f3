// Package cron reads crontabs: the system's (/etc/crontab, /etc/cron.d), those of
// users (/var/spool/cron/crontabs on Debian, /var/spool/cron on Red Hat), the
// scripts of cron.hourly and its siblings, anacrontab and the jobs of at(1).
// The formats are those of crontab(5), cron(8), run-parts(8) and anacrontab(5).
//
// Records:
//
//	cron.job     schedule, description, user, command, and of the command
//	             programs, urls, traits, decoded (package shell); environment
//	             (the variables set above it), ignored (why cron would not run it)
//	cron.script  period (hourly, ...), programs, urls, traits, decoded, ignored
//	cron.oddity  what (why the file is not an ordinary crontab)
package cron

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "cron" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/etc/crontab", "/etc/cron.d/*", "/etc/anacrontab", "/var/spool/cron/*", "/var/spool/cron/crontabs/*", "/var/spool/cron/tabs/*",
		"/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*",
		"/var/spool/cron/atjobs/*", "/var/spool/at/*",
	}
}

const (
	maxScript = 1 << 20
	maxJobs   = 10_000 // records of one file
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	dir, name := path.Split(in.Path)
	switch dir {
	case "/etc/cron.hourly/", "/etc/cron.daily/", "/etc/cron.weekly/", "/etc/cron.monthly/", "/var/spool/cron/atjobs/", "/var/spool/at/":
		return script(in, strings.TrimPrefix(path.Base(dir), "cron."), name, emit)
	}
	if in.Path == "/etc/anacrontab" {
		return table(ctx, in.Content, anacron, "", "", emit)
	}
	if strings.HasPrefix(dir, "/var/spool/cron/") {
		ignored := ""
		if strings.HasPrefix(name, "tmp.") || name == ".placeholder" {
			ignored = "not the name of a user"
		}
		return table(ctx, in.Content, userTab, name, ignored, emit)
	}
	ignored := ""
	if dir == "/etc/cron.d/" && !runPartsName.MatchString(name) {
		ignored = "cron skips a file of this name"
	}
	return table(ctx, in.Content, systemTab, "", ignored, emit)
}

// runPartsName is what Debian's cron and run-parts(8) accept.
var runPartsName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func script(in *artifact.Input, period, name string, emit artifact.Emit) error {
	b, err := io.ReadAll(io.LimitReader(in.Content, maxScript))
	if err != nil {
		return err
	}
	if name == ".placeholder" || name == ".SEQ" {
		return nil
	}
	r := artifact.Record{Kind: "cron.script", Source: artifact.Source{Length: int64(len(b))}}
	r.Add("period", period)
	if period != "atjobs" && period != "at" {
		switch {
		case !runPartsName.MatchString(name):
			r.Add("ignored", "run-parts skips a file of this name")
		case in.Inode != nil && in.Inode.Mode&0o111 == 0:
			r.Add("ignored", "not executable")
		}
	}
	f := shell.Analyze(stripComments(b))
	f.AddTo(&r)
	emit(r)
	return nil
}

func stripComments(b []byte) string {
	var out []string
	for _, l := range strings.Split(string(b), "\n") {
		if !strings.HasPrefix(strings.TrimSpace(l), "#") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

type format int

const (
	userTab format = iota
	systemTab
	anacron
)

var envLine = regexp.MustCompile(`^\s*["']?([A-Za-z_][A-Za-z0-9_]*)["']?\s*=\s*(.*)$`)

func table(ctx context.Context, r io.Reader, f format, user, ignored string, emit artifact.Emit) error {
	var env []string
	jobs, odd := 0, false
	return artifact.Lines(r, func(l artifact.Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		oddity := func(what string) {
			if !odd {
				odd = true
				rec := artifact.Record{Kind: "cron.oddity", Source: artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}}
				rec.Add("what", what)
				emit(rec)
			}
		}
		if l.Number == 1 && bytes.HasPrefix(l.Text, []byte("REDIS0")) {
			oddity("begins like a dump of the Redis database: written through an open Redis server")
		}
		if l.Cut {
			oddity(fmt.Sprintf("line %d is longer than %d bytes", l.Number, artifact.MaxLine))
		}
		text := strings.TrimLeft(string(l.Text), " \t")
		if text == "" || text[0] == '#' {
			return nil
		}
		if m := envLine.FindStringSubmatch(text); m != nil && !strings.ContainsAny(text[:1], "*0123456789@") {
			if len(env) < 50 {
				env = append(env, m[1]+"="+strings.Trim(strings.TrimSpace(m[2]), `"'`))
			}
			return nil
		}
		j, ok := parseJob(text, f)
		if !ok {
			if bytes.IndexByte(l.Text, 0) >= 0 {
				oddity("binary data between the lines")
			}
			return nil
		}
		if jobs++; jobs > maxJobs {
			return fmt.Errorf("more than %d jobs", maxJobs)
		}
		if j.user == "" {
			j.user = user
		}
		rec := artifact.Record{Kind: "cron.job", Source: artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}}
		rec.Add("schedule", j.schedule)
		rec.Add("description", Describe(j.schedule))
		rec.Add("user", j.user)
		rec.Add("command", j.command)
		rec.Add("stdin", j.stdin)
		rec.Add("environment", strings.Join(env, " "))
		rec.Add("ignored", ignored)
		facts := shell.Analyze(j.command)
		facts.AddTo(&rec)
		emit(rec)
		return nil
	})
}

type job struct{ schedule, user, command, stdin string }

var field = regexp.MustCompile(`^(?:\*|[0-9A-Za-z~]+)(?:[-,/*~0-9A-Za-z]*)$`)

// parseJob reads one line. A job of a user's table has no user column; one of the
// system's tables has.
func parseJob(text string, f format) (job, bool) {
	var j job
	text = strings.TrimPrefix(text, "-") // Debian and SuSE: do not log
	take := func() string {
		text = strings.TrimLeft(text, " \t")
		i := strings.IndexAny(text, " \t")
		if i < 0 {
			i = len(text)
		}
		w := text[:i]
		text = strings.TrimLeft(text[i:], " \t")
		return w
	}
	switch {
	case strings.HasPrefix(text, "@"):
		j.schedule = take()
		if len(j.schedule) < 3 {
			return j, false
		}
		if f == anacron {
			take()
			take()
		}
	case f == anacron:
		j.schedule = take()
		if strings.Trim(j.schedule, "0123456789") != "" {
			return j, false
		}
		j.schedule += " days"
		take()
		take()
	default:
		var parts []string
		for range 5 {
			w := take()
			if !field.MatchString(w) {
				return j, false
			}
			parts = append(parts, w)
		}
		j.schedule = strings.Join(parts, " ")
	}
	if f == systemTab {
		j.user = take()
	}
	if f == anacron {
		j.user = "root"
	}
	j.command, j.stdin = splitPercent(text)
	return j, j.command != ""
}

// splitPercent cuts a command at the first % that is not escaped: what follows is
// its standard input, and further ones are line ends.
func splitPercent(s string) (command, stdin string) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '%':
			out.WriteByte('%')
			i++
		case s[i] == '%':
			return strings.TrimSpace(out.String()), strings.ReplaceAll(s[i+1:], "%", "\n")
		default:
			out.WriteByte(s[i])
		}
	}
	return strings.TrimSpace(out.String()), ""
}

// Describe says a schedule in English, for the usual ones; it gives nothing for
// others.
func Describe(schedule string) string {
	switch schedule {
	case "@reboot":
		return "at every boot"
	case "@yearly", "@annually":
		return "once a year"
	case "@monthly":
		return "once a month"
	case "@weekly":
		return "once a week"
	case "@daily", "@midnight":
		return "every day at midnight"
	case "@hourly":
		return "every hour"
	}
	p := strings.Fields(schedule)
	if len(p) != 5 {
		return ""
	}
	days := ""
	switch {
	case p[2] == "*" && p[3] == "*" && p[4] == "*":
	case p[2] == "*" && p[3] == "*":
		days = " on week day " + p[4]
	default:
		return ""
	}
	number := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	switch {
	case p[0] == "*" && p[1] == "*", p[0] == "*/1" && p[1] == "*":
		return "every minute" + days
	case strings.HasPrefix(p[0], "*/") && number(p[0][2:]) && p[1] == "*":
		return "every " + p[0][2:] + " minutes" + days
	case number(p[0]) && p[1] == "*":
		return "every hour at minute " + p[0] + days
	case number(p[0]) && number(p[1]):
		return fmt.Sprintf("every day at %02s:%02s", p[1], p[0]) + days
	}
	return ""
}
