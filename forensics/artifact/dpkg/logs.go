package dpkg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/syslog"
)

func zoneOf(in *artifact.Input) *time.Location {
	if in.System != nil && in.System.Zone != nil {
		return in.System.Zone
	}
	return time.UTC
}

// eachLine unpacks a log and reads its lines.
func eachLine(ctx context.Context, in *artifact.Input, fn func(l artifact.Line, member string) error) error {
	text, member, err := syslog.Open(in.Content)
	if err != nil {
		return err
	}
	defer text.Close()
	return artifact.Lines(text, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return fn(l, member)
	})
}

// actions reads dpkg.log: "2026-11-16 10:00:00 install NAME:ARCH OLD NEW". Its
// times are local.
func actions(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	zone, n := zoneOf(in), 0
	return eachLine(ctx, in, func(l artifact.Line, member string) error {
		b := l.Text
		if len(b) < 21 || l.Cut {
			return nil
		}
		verb, _, _ := bytes.Cut(b[20:], []byte(" "))
		switch string(verb) {
		case "install", "upgrade", "remove", "purge":
		default:
			return nil
		}
		at, err := time.ParseInLocation("2006-01-02 15:04:05", string(b[:19]), zone)
		f := strings.Fields(string(b[20:]))
		if err != nil || len(f) < 4 {
			return nil
		}
		if n++; n > maxActions {
			return errTooMany(maxActions, "actions")
		}
		r := artifact.Record{
			Kind:   "dpkg.action",
			Source: artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(b)), Member: member},
			Times:  []artifact.Stamp{{What: "logged", Time: at.UTC(), Inferred: "zone"}},
		}
		r.Add("action", f[0])
		pkg, arch := splitName(f[1])
		r.Add("package", pkg)
		r.Add("architecture", arch)
		if f[2] != "<none>" {
			r.Add("old_version", f[2])
		}
		if f[3] != "<none>" {
			r.Add("version", f[3])
		}
		emit(r)
		return nil
	})
}

const maxApt = 64 << 10 // bytes of a list of packages

// history reads apt's history.log: paragraphs of "Start-Date: 2026-10-31
// 08:00:00", "Commandline: ...", "Install: ..." and so on. Its times are local.
func history(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	zone := zoneOf(in)
	var r artifact.Record
	n := 0
	flush := func() error {
		defer func() { r = artifact.Record{} }()
		if r.Kind == "" {
			return nil
		}
		if n++; n > maxActions {
			return errTooMany(maxActions, "commands")
		}
		emit(r)
		return nil
	}
	stamp := func(what, value string) error {
		at, err := time.ParseInLocation("2006-01-02 15:04:05", strings.Join(strings.Fields(value), " "), zone)
		if err != nil {
			return fmt.Errorf("the time %q is not one of apt's", value)
		}
		r.Times = append(r.Times, artifact.Stamp{What: what, Time: at.UTC(), Inferred: "zone"})
		return nil
	}
	names := map[string]string{
		"Commandline": "command", "Requested-By": "requested_by", "Install": "install", "Upgrade": "upgrade",
		"Remove": "remove", "Purge": "purge", "Downgrade": "downgrade", "Reinstall": "reinstall", "Error": "error",
	}
	var bad error
	err := eachLine(ctx, in, func(l artifact.Line, member string) error {
		if len(l.Text) == 0 {
			return flush()
		}
		key, value, ok := strings.Cut(l.Head(maxApt), ": ")
		if !ok {
			return nil
		}
		if key == "Start-Date" {
			if err := flush(); err != nil {
				return err
			}
			r.Kind = "apt.command"
			r.Source = artifact.Source{Line: l.Number, Offset: l.Offset, Member: member}
		}
		if r.Kind == "" {
			return nil
		}
		r.Source.Length = l.Offset + int64(len(l.Text)) - r.Source.Offset
		var err error
		switch key {
		case "Start-Date":
			err = stamp("started", value)
		case "End-Date":
			err = stamp("ended", value)
		default:
			if name := names[key]; name != "" && !r.Has(name) {
				r.Add(name, value)
			}
		}
		if err != nil && bad == nil {
			bad = fmt.Errorf("line %d: %w", l.Number, err)
		}
		return nil
	})
	if artifact.Ended(err) {
		err = errors.Join(err, flush(), bad)
	}
	return err
}
