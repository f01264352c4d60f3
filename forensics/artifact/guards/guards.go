// Package guards reads the settings by which what watches a server sees less: SELinux,
// auditd(8), journald.conf(5), rsyslog.conf(5), the log of cron, and logs that are links to
// /dev/null.
//
// Records: guard.setting, one for each such setting; none for one that keeps watch, or that
// distributions ship. Bounds: 1 MiB of a file, 100 records of each.
package guards

import (
	"context"
	"io"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "guards" }

const (
	maxFile    = 1 << 20
	maxRecords = 100
)

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/etc/selinux/config", "/etc/sysconfig/selinux", "/etc/audit/audit.rules", "/etc/audit/rules.d/*.rules", "/etc/audit/auditd.conf",
		"/etc/systemd/journald.conf", "/etc/systemd/journald.conf.d/*.conf", "/usr/lib/systemd/journald.conf.d/*.conf", "/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf", "/etc/default/cron", "/etc/sysconfig/crond",
		"/var/log/auth.log", "/var/log/secure", "/var/log/syslog", "/var/log/messages", "/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog", "/var/log/cron", "/var/log/cron.log", "/var/log/audit/audit.log", "/var/log/journal",
	}
}

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if strings.HasPrefix(in.Path, "/var/log/") {
		if path.Clean(in.Target) == "/dev/null" {
			r := record("log", "link to /dev/null", "not_kept", artifact.Source{})
			emit(r)
		}
		return nil
	}
	if in.Content == nil {
		return nil
	}
	n := 0
	give := func(service, setting, effect string, at artifact.Source) {
		if n++; n <= maxRecords {
			emit(record(service, setting, effect, at))
		}
	}
	switch dir := path.Dir(in.Path); {
	case strings.HasSuffix(in.Path, "selinux") || dir == "/etc/selinux":
		return selinux(ctx, in, give)
	case path.Base(in.Path) == "auditd.conf":
		return settings(ctx, in, "audit", auditd, give)
	case strings.HasPrefix(in.Path, "/etc/audit/"):
		return settings(ctx, in, "audit", audit, give)
	case strings.Contains(in.Path, "journald.conf"):
		return settings(ctx, in, "journald", journald, give)
	case strings.Contains(in.Path, "rsyslog"):
		return settings(ctx, in, "rsyslog", rsyslog, give)
	}
	return settings(ctx, in, "cron", cron, give)
}

func record(service, setting, effect string, at artifact.Source) artifact.Record {
	r := artifact.Record{Kind: model.GuardSetting, Source: at}
	r.Add("service", service)
	r.AddCut("setting", setting, 1024)
	r.Add("effect", effect)
	return r
}

type giver func(service, setting, effect string, at artifact.Source)

// settings reads a file of which each line may be such a setting.
func settings(ctx context.Context, in *artifact.Input, service string, effect func(line string) string, give giver) error {
	return in.Lines(ctx, func(l artifact.Line) error {
		text := strings.TrimSpace(l.Head(4096))
		if text == "" || text[0] == '#' || text[0] == ';' {
			return nil
		}
		if e := effect(text); e != "" {
			give(service, text, e, l.Source())
		}
		return nil
	})
}

var selinuxMode = regexp.MustCompile(`(?m)^[ \t]*SELINUX[ \t]*=[ \t]*(disabled|permissive)[ \t]*\r?$`)

// selinux reads the mode at boot. The file comes with comments: one that is but the setting
// was written over by a script, not edited.
func selinux(ctx context.Context, in *artifact.Input, give giver) error {
	b, err := io.ReadAll(io.NewSectionReader(in.Content, 0, min(in.Content.Size(), maxFile)))
	if err != nil {
		return err
	}
	m := selinuxMode.FindAllIndex(b, -1)
	if m == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	last := m[len(m)-1]
	effect := "disabled"
	if !strings.Contains(string(b), "#") && strings.Count(strings.TrimSpace(string(b)), "\n") < 2 {
		effect = "disabled_cut"
	}
	at := artifact.Source{Line: 1 + strings.Count(string(b[:last[0]]), "\n"), Offset: int64(last[0]), Length: int64(len(strings.TrimRight(string(b[last[0]:last[1]]), "\r")))}
	give("selinux", strings.TrimSpace(string(b[last[0]:last[1]])), effect, at)
	return nil
}

// audit reads a rule of auditctl(8): -e 0 switches auditing off. "-a never,task" is what
// Fedora ships.
func audit(line string) string {
	f := strings.Fields(line)
	if len(f) == 2 && f[0] == "-e" && f[1] == "0" {
		return "disabled"
	}
	return ""
}

func auditd(line string) string {
	name, value, _ := strings.Cut(line, "=")
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.ToLower(strings.TrimSpace(value))
	if name == "write_logs" && value == "no" || name == "log_file" && value == "/dev/null" || name == "log_format" && value == "nolog" {
		return "not_kept"
	}
	return ""
}

func journald(line string) string {
	name, value, _ := strings.Cut(line, "=")
	value = strings.ToLower(strings.TrimSpace(value))
	switch strings.TrimSpace(name) {
	case "Storage":
		if value == "none" {
			return "not_kept"
		}
	case "MaxLevelStore", "MaxLevelSyslog":
		if value == "emerg" || value == "alert" || value == "0" || value == "1" {
			return "dropped"
		}
	}
	return ""
}

var (
	authFilter = regexp.MustCompile(`(?i)^(?:[\w*,]*\bauth(?:priv)?\b[\w*,]*\.[\w*!=;.,]*|:(?:programname|msg|syslogtag|app-name)\s*,\s*!?\w+\s*,\s*"(?:sshd|sudo|su|login|systemd-logind|CRON|cron|crond|audit\w*|Accepted|Failed password|session opened)[^"]*"` +
		`|if\b.*(?:programname|syslogfacility-text|msg|app-name|syslogtag).*['"](?:sshd|sudo|su|login|auth|authpriv|CRON|cron|crond|Accepted|Failed password|session opened)[^'"]*['"].*\bthen\b)`)
	dropAction = regexp.MustCompile(`(?:\s|\bthen\s+\{?\s*)(?:stop|~|-?/dev/null|discard)\s*\}?\s*$`)
)

// rsyslog finds rules that throw away what is said of log-ins. "& stop" behind a rule that
// keeps it in a file of its own does not.
func rsyslog(line string) string {
	if authFilter.MatchString(line) && dropAction.MatchString(line) {
		return "dropped"
	}
	return ""
}

var cronSilent = regexp.MustCompile(`^(?:EXTRA_OPTS|CRONDARGS|CRON_OPTS)=.*-L\s*0\b`)

// cron finds the option by which Debian's cron logs nothing of what it runs.
func cron(line string) string {
	if cronSilent.MatchString(line) {
		return "not_kept"
	}
	return ""
}
