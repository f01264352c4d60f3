// Package systemd reads unit files, drop-ins and the links that enable units, of
// the system and of users. The syntax is that of systemd.syntax(7), the search
// path that of systemd.unit(5), the prefixes of commands those of
// systemd.service(5).
//
// Records:
//
//	systemd.unit     unit, dropin (yes for a drop-in), description, user,
//	                 wanted_by, restart, environment, on_calendar (timers)
//	systemd.exec     unit, directive (ExecStart, ...), command, programs, urls,
//	                 traits, decoded; one for each command
//	systemd.enabled  unit, target: a link in a .wants or .requires folder
package systemd

import (
	"context"
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "systemd" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	var out []string
	for _, dir := range []string{"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/usr/local/lib/systemd/system", "/etc/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user", "/run/systemd/system", "/root/.config/systemd/user", "/home/*/.config/systemd/user"} {
		out = append(out, dir+"/*", dir+"/*/*")
	}
	return append(out, "/etc/systemd/system-generators/*", "/usr/local/lib/systemd/system-generators/*")
}

var unitTypes = map[string]bool{".service": true, ".timer": true, ".socket": true, ".path": true, ".mount": true, ".automount": true, ".target": true, ".slice": true, ".swap": true, ".scope": true}

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	dir, name := path.Dir(in.Path), path.Base(in.Path)
	parent := path.Base(dir)
	if in.Target != "" && (strings.HasSuffix(parent, ".wants") || strings.HasSuffix(parent, ".requires")) {
		r := artifact.Record{Kind: "systemd.enabled"}
		r.Add("unit", name)
		r.Add("target", in.Target)
		r.Add("wanted_by", strings.TrimSuffix(strings.TrimSuffix(parent, ".wants"), ".requires"))
		emit(r)
		return nil
	}
	if in.Content == nil || in.Target != "" {
		return nil
	}
	unit, dropin := name, false
	switch {
	case strings.HasSuffix(parent, ".d") && strings.HasSuffix(name, ".conf"):
		unit, dropin = strings.TrimSuffix(parent, ".d"), true
	case strings.HasSuffix(dir, "-generators"):
		r := artifact.Record{Kind: "systemd.generator"}
		r.Add("name", name)
		emit(r)
		return nil
	case !unitTypes[path.Ext(name)]:
		return nil
	}
	rec := artifact.Record{Kind: "systemd.unit"}
	rec.Add("unit", unit)
	if dropin {
		rec.Add("dropin", "yes")
	}
	execs := 0
	single := map[string]string{"Description": "description", "User": "user", "WantedBy": "wanted_by", "Restart": "restart", "Environment": "environment", "EnvironmentFile": "environment_file", "OnCalendar": "on_calendar", "OnBootSec": "on_boot", "OnUnitActiveSec": "on_active", "Unit": "triggers", "Type": "type"}
	err := Parse(in, func(d Directive) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f := single[d.Name]; f != "" && d.Value != "" {
			if len(rec.Fields) < 200 {
				rec.Add(f, d.Value)
			}
			return nil
		}
		if !strings.HasPrefix(d.Name, "Exec") || d.Value == "" {
			return nil
		}
		if execs++; execs > 1000 {
			return fmt.Errorf("more than 1000 commands")
		}
		e := artifact.Record{Kind: "systemd.exec", Source: artifact.Source{Line: d.Line, Offset: d.Offset, Length: d.Length}}
		e.Add("unit", unit)
		e.Add("directive", d.Name)
		command := strings.TrimLeft(d.Value, "-@+!:|")
		e.Add("command", command)
		f := shell.Analyze(command)
		f.AddTo(&e)
		emit(e)
		return nil
	})
	emit(rec)
	return err
}

// Directive is an assignment of a unit file.
type Directive struct {
	Section, Name, Value string
	Line                 int   // from 1, of its first line
	Offset, Length       int64 // bytes
}

// Parse reads a unit file. Lines without an assignment are passed over, as systemd
// does (with a warning); comments within a continued line are left out.
func Parse(in *artifact.Input, fn func(Directive) error) error {
	section := ""
	var cur *Directive
	flush := func() error {
		if cur == nil {
			return nil
		}
		d := *cur
		cur = nil
		name, value, ok := strings.Cut(d.Value, "=")
		if !ok {
			return nil
		}
		d.Name, d.Value = strings.TrimSpace(name), strings.TrimSpace(value)
		d.Section = section
		return fn(d)
	}
	continued := false
	err := artifact.Lines(in.Content, func(l artifact.Line) error {
		text := string(l.Text)
		trimmed := strings.TrimSpace(text)
		comment := strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";")
		if comment || trimmed == "" && !continued {
			return nil
		}
		more := strings.HasSuffix(trimmed, `\`)
		body := strings.TrimSuffix(trimmed, `\`)
		if continued && cur != nil {
			if len(cur.Value) < artifact.MaxLine {
				cur.Value += " " + body
			}
			cur.Length = l.Offset + int64(len(l.Text)) - cur.Offset
		} else {
			if strings.HasPrefix(trimmed, "[") && strings.HasSuffix(trimmed, "]") {
				section = trimmed[1 : len(trimmed)-1]
				return nil
			}
			cur = &Directive{Value: body, Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}
		}
		continued = more
		if !more {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}
