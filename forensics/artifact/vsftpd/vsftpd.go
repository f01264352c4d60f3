// Package vsftpd reads the log of logins that vsftpd writes itself (vsftpd_log_file,
// logging.c): "Thu Nov 12 01:02:03 2026 [pid 2] [user] FAIL LOGIN: Client "address"",
// rotated and packed ones too. The times are those of the server's zone, which the log does
// not state.
//
// Records: auth.failures and auth.login (method ftp), as package events makes them, and
// log.coverage with lines, unparsed and bytes.
package vsftpd

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
	"icecore/forensics/syslog/events"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "vsftpd" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return []string{"/var/log/vsftpd.log*"} }

const stampLength = len("Thu Nov 12 01:02:03 2026")

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	zone := time.UTC
	if in.System != nil && in.System.Zone != nil {
		zone = in.System.Zone
	}
	data, member, err := syslog.Open(in.Content)
	if err != nil {
		return err
	}
	defer data.Close()
	p := events.New(emit)
	var lines, odd, size int64
	var first, last time.Time
	err = artifact.Lines(data, func(l artifact.Line) error {
		if lines++; lines&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		size += int64(len(l.Text)) + 1
		e, ok := entry(l, zone)
		if !ok {
			odd++
			return nil
		}
		if first.IsZero() || e.Time.Before(first) {
			first = e.Time
		}
		if e.Time.After(last) {
			last = e.Time
		}
		p.Add(&e, model.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text)), Member: member})
		return nil
	})
	if artifact.Ended(err) {
		err = nil
	}
	left := p.Finish()
	r := model.Record{Kind: model.LogCoverage, Source: model.Source{Member: member}}
	r.AddInt("lines", lines)
	r.AddInt("bytes", size)
	if odd > 0 {
		r.AddInt("unparsed", odd)
	}
	if !first.IsZero() {
		r.Times = []model.Stamp{{What: "first", Time: first, Inferred: "zone"}, {What: "last", Time: last, Inferred: "zone"}}
	}
	emit(r)
	if err == nil && left > 0 {
		err = artifact.Cut(fmt.Errorf("%d events over the bounds are not among the records", left))
	}
	if err == nil {
		err = in.Odd("lines", odd, lines)
	}
	return err
}

// entry reads a line as one of a log of syslog.
func entry(l artifact.Line, zone *time.Location) (syslog.Entry, bool) {
	if len(l.Text) < stampLength+2 || l.Text[stampLength] != ' ' {
		return syslog.Entry{}, false
	}
	t, err := time.ParseInLocation("Mon Jan _2 15:04:05 2006", string(l.Text[:stampLength]), zone)
	if err != nil {
		return syslog.Entry{}, false
	}
	e := syslog.Entry{Line: l, Time: t.UTC(), Inferred: "zone", Tag: []byte("vsftpd"), Message: l.Text[stampLength+1:]}
	if rest, ok := bytes.CutPrefix(e.Message, []byte("[pid ")); ok {
		if pid, _, ok := bytes.Cut(rest, []byte("] ")); ok {
			e.PID = pid
		}
	}
	return e, true
}
