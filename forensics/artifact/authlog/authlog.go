// Package authlog reads what the logs of a system tell of logins, accounts and of
// programs that were run: auth.log and secure, syslog, messages and cron, rotated
// and compressed ones too. Lines and their times are read by package logs. The
// messages are those of OpenSSH (auth.c, auth2.c, session.c), Linux-PAM
// (pam_unix), sudo, su and login (util-linux, shadow), shadow's useradd family,
// Debian's cron and cronie, and systemd.
//
// Records (all with the stamp logged, unless others are named):
//
//	auth.login     method, user, address, port, fingerprint (SHA256 of the key),
//	               pid: one accepted login
//	auth.failures  address, service (where there is no address), count (attempts),
//	               users (the most frequent ten, by commas), user_count,
//	               more_users (yes: over the thousand that are counted);
//	               stamps first and last: attempts from one address with less
//	               than ten minutes between them. Of several lines on one
//	               attempt one counts
//	auth.session   action (opened, closed), user, uid, service, by, pid: sessions
//	               of root and of other users of uid 0, without those of cron
//	               and of sudo, which auth.sudo tells
//	auth.sudo      user, as, tty, pwd, refused (why), command, and of the command
//	               programs, urls, traits, decoded (package shell)
//	auth.su        user, as, tty, result (granted, refused)
//	auth.useradd   name, uid, gid, home, shell, from (terminal)
//	auth.groupadd  name, gid
//	auth.userdel   name
//	auth.usermod   user, group, change (the message)
//	auth.passwd    user, by, service: a password was changed
//	auth.sftp      user, subsystem, pid: a file transfer was begun
//	cron.run       user, command, count (runs), and of the command programs,
//	               urls, traits, decoded; stamps first and last: it ran
//	cron.change    action (replace, delete, reload, ...), user, target: a crontab
//	               was changed, or cron saw that it had been
//	unit.started   unit, description, manager (user), count; stamps first and last
//	log.coverage   lines, bytes (unpacked), unparsed (lines without a stamp),
//	               backwards (lines more than a minute older than the line
//	               above), empty (yes), left_out (records over a bound), error;
//	               stamps first (earliest) and last (latest): one for each log
//
// The line and offset of an aggregated record are those of its first line.
// Memory is bounded whatever the log: open series of failures, users of a
// series, different commands and units are all limited, the oldest series being
// closed first.
package authlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/syslog"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "authlog" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/var/log/auth.log*", "/var/log/secure*", "/var/log/daemon.log*", "/var/log/syslog*", "/var/log/messages*",
		"/var/log/cron", "/var/log/cron.*", "/var/log/cron-*",
	}
}

const (
	// maxRecords are the records of one kind from one log. Each kind has its
	// own bound, so that a flood of failures cannot hide the login after it.
	maxRecords = 50_000
	maxField   = 64 << 10
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	p := &parser{Events: NewEvents(emit)}
	err := p.read(ctx, in)
	left := p.finish(in.Content.Size(), err)
	if err == nil && left > 0 {
		err = fmt.Errorf("%d events over the bounds are not among the records", left)
	}
	return err
}

// dateRE is the date in the name of a rotated log (dateext of logrotate(8)).
var dateRE = regexp.MustCompile(`-([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:-[0-9]+)?(?:\.[a-z0-9]+)?$`)

// lastWritten says when a log was written last, for inferring years: when the file
// was modified, unless that lies after the snapshot, or does not fit the date in
// its name, both of which touch(1) and a restored copy bring about.
func lastWritten(name string, modified, taken time.Time, zone *time.Location) time.Time {
	if !taken.IsZero() && (modified.IsZero() || modified.After(taken.Add(24*time.Hour))) {
		modified = taken
	}
	m := dateRE.FindStringSubmatch(name)
	if m == nil {
		return modified
	}
	rotated, err := time.ParseInLocation("20060102", m[1]+m[2]+m[3], zone)
	if err != nil {
		return modified
	}
	rotated = rotated.Add(24 * time.Hour) // the end of that day
	if modified.IsZero() || modified.After(rotated) || modified.Before(rotated.Add(-40*24*time.Hour)) {
		return rotated
	}
	return modified
}

func (p *parser) read(ctx context.Context, in *artifact.Input) error {
	var written, taken time.Time
	if in.Inode != nil {
		written = in.Inode.Mtime.Time()
	}
	zone := time.UTC
	if in.System != nil {
		taken = in.System.SnapshotTime
		if in.System.Zone != nil {
			zone = in.System.Zone
		}
	}
	written = lastWritten(in.Path, written, taken, zone)
	text, member, err := syslog.Open(in.Content)
	p.member = member
	if err != nil {
		return err
	}
	p.log = syslog.NewReader(ctx, text, written, zone)
	text.Close()
	if err := ctx.Err(); err != nil {
		return err
	}
	if text, _, err = syslog.Open(in.Content); err != nil {
		return err
	}
	defer text.Close()
	return artifact.Lines(countBytes{text, &p.bytes}, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p.line(l)
		return nil
	})
}

// countBytes counts what is read through it.
type countBytes struct {
	r io.Reader
	n *int64
}

func (c countBytes) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	*c.n += int64(n)
	return n, err
}

// parser reads the lines of a text.
type parser struct {
	*Events
	member string
	log    *syslog.Reader

	lines, odd, backwards      int64
	bytes                      int64
	first, last, prev          time.Time
	firstInferred, lastInferrd string
}

func (p *parser) line(l artifact.Line) {
	p.lines++
	e, ok := p.log.Read(l)
	if !ok {
		p.odd++
		return
	}
	if !e.Time.IsZero() {
		if p.first.IsZero() || e.Time.Before(p.first) {
			p.first, p.firstInferred = e.Time, e.Inferred
		}
		if e.Time.After(p.last) {
			p.last, p.lastInferrd = e.Time, e.Inferred
		}
		if p.prev.Sub(e.Time) > time.Minute {
			p.backwards++
		}
		p.prev = e.Time
	}
	p.Add(&e, artifact.Source{Line: e.Number, Offset: e.Offset, Length: int64(len(e.Text)), Member: p.member})
}

// finish closes what is open, tells of the log as a whole, and gives the number of
// events left out.
func (p *parser) finish(size int64, err error) int64 {
	left := p.Finish()
	r := artifact.Record{Kind: "log.coverage", Source: artifact.Source{Member: p.member}}
	r.AddInt("lines", p.lines)
	r.AddInt("bytes", p.bytes)
	if p.odd > 0 {
		r.AddInt("unparsed", p.odd)
	}
	if p.backwards > 0 {
		r.AddInt("backwards", p.backwards)
	}
	if size == 0 {
		r.Add("empty", "yes")
	}
	if left > 0 {
		r.AddInt("left_out", left)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		r.Add("error", fmt.Sprintf("after line %d: %v", p.lines, err))
	}
	if !p.first.IsZero() {
		r.Times = []artifact.Stamp{{What: "first", Time: p.first, Inferred: p.firstInferred}, {What: "last", Time: p.last, Inferred: p.lastInferrd}}
	}
	p.emit(r)
	return left
}
