// Package authlog reads the logs that a syslog daemon writes as text and that tell of
// logins, accounts and of programs that ran: auth.log and secure, syslog, messages,
// daemon.log, mail.log and cron, rotated and packed ones too. Package syslog splits the lines and
// infers their years; package events turns the messages into records.
//
// Records: those of package events, and
//
//	log.line       a line that a rule of the user's matches: program, message, pid;
//	               stamp logged
//	log.coverage   lines, bytes (unpacked), unparsed (lines without a stamp),
//	               backwards (lines more than a minute older than the line
//	               above), empty (yes), left_out (records over a bound), error;
//	               stamps first (earliest) and last (latest): one for each log
//
// Memory is bounded whatever the log: one line, one decompression window, and what
// package events keeps.
package authlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
	"icecore/forensics/syslog/events"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "authlog" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/var/log/auth.log*", "/var/log/secure*", "/var/log/daemon.log*", "/var/log/syslog*", "/var/log/messages*",
		"/var/log/cron", "/var/log/cron.*", "/var/log/cron-*", "/var/log/mail.log*", "/var/log/maillog*",
	}
}

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	p := &reader{events: events.New(emit), emit: emit, wanted: in.Wanted}
	err := p.read(ctx, in)
	left := p.finish(in.Content.Size(), err) + max(0, p.asked-maxAsked)
	if err == nil && left > 0 {
		err = artifact.Cut(fmt.Errorf("%d events over the bounds are not among the records", left))
	}
	if err == nil {
		err = in.Odd("lines", p.alien, p.lines)
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

func (p *reader) read(ctx context.Context, in *artifact.Input) error {
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
	err = artifact.Lines(countBytes{text, &p.bytes}, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p.line(l)
		return nil
	})
	if artifact.Ended(err) {
		return nil // of a message only the first 64 KiB count
	}
	return err
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

// reader reads the lines of one log.
type reader struct {
	events *events.Parser
	emit   artifact.Emit
	member string
	log    *syslog.Reader
	wanted func(*artifact.Record) bool // see artifact.Input
	asked  int64                       // lines that a rule of the user's matches

	lines, odd, backwards       int64
	alien                       int64 // odd ones that go on no message: a trace is indented
	bytes                       int64
	first, last, prev           time.Time
	firstInferred, lastInferred string
}

func (p *reader) line(l artifact.Line) {
	p.lines++
	e, ok := p.log.Read(l)
	if !ok {
		p.odd++
		if len(l.Text) > 0 && l.Text[0] != ' ' && l.Text[0] != '\t' {
			p.alien++
		}
		return
	}
	if !e.Time.IsZero() {
		if p.first.IsZero() || e.Time.Before(p.first) {
			p.first, p.firstInferred = e.Time, e.Inferred
		}
		if e.Time.After(p.last) {
			p.last, p.lastInferred = e.Time, e.Inferred
		}
		if p.prev.Sub(e.Time) > time.Minute {
			p.backwards++
		}
		p.prev = e.Time
	}
	src := model.Source{Line: e.Number, Offset: e.Offset, Length: int64(len(e.Text)), Member: p.member}
	p.events.Add(&e, src)
	if p.wanted != nil {
		p.ask(&e, src)
	}
}

// maxAsked are the lines of one log that are kept since a rule of the user's matches them.
const maxAsked = 2000

// ask keeps a line that a rule of the user's matches.
func (p *reader) ask(e *syslog.Entry, src model.Source) {
	r := model.Record{Kind: model.LogLine, Source: src}
	r.AddText("program", string(e.Tag))
	r.AddText("message", string(e.Message))
	if n, err := strconv.ParseInt(string(e.PID), 10, 64); err == nil {
		r.AddInt("pid", n)
	}
	if !p.wanted(&r) {
		return
	}
	if p.asked++; p.asked > maxAsked {
		return
	}
	if !e.Time.IsZero() {
		r.Times = []model.Stamp{e.Stamp("logged")}
	}
	p.emit(r)
}

// finish closes what is open, emits the record of the log as a whole, and returns the
// number of events left out.
func (p *reader) finish(size int64, err error) int64 {
	left := p.events.Finish()
	r := model.Record{Kind: model.LogCoverage, Source: model.Source{Member: p.member}}
	r.AddInt("lines", p.lines)
	r.AddInt("bytes", p.bytes)
	if p.odd > 0 {
		r.AddInt("unparsed", p.odd)
	}
	if p.backwards > 0 {
		r.AddInt("backwards", p.backwards)
	}
	if size == 0 {
		r.AddBool("empty", true)
	}
	if left > 0 {
		r.AddInt("left_out", left)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		r.Add("error", fmt.Sprintf("after line %d: %v", p.lines, err))
	}
	if !p.first.IsZero() {
		r.Times = []model.Stamp{{What: "first", Time: p.first, Inferred: p.firstInferred}, {What: "last", Time: p.last, Inferred: p.lastInferred}}
	}
	p.emit(r)
	return left
}
