// Package rclocal reads what runs at boot without systemd: rc.local, the scripts
// of init.d, and inittab (systemd-rc-local-generator(8), init-d-script(5),
// inittab(5)).
//
// Records:
//
//	rc.line      command, executable (whether the file can run), programs, urls,
//	             traits, decoded; one for each line with a command
//	init.script  programs, urls, traits, decoded, of the script as a whole
//	inittab.line command, programs, urls, traits
package rclocal

import (
	"context"
	"fmt"
	"io"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "rclocal" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"/etc/rc.local", "/etc/rc.d/rc.local", "/etc/rc.modules", "/etc/rc.d/rc.modules", "/etc/init.d/*", "/etc/rc.d/init.d/*", "/etc/inittab"}
}

const maxLines = 10_000

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	if strings.Contains(in.Path, "/init.d/") {
		b, err := io.ReadAll(io.LimitReader(in.Content, 1<<20))
		if err != nil {
			return err
		}
		r := artifact.Record{Kind: "init.script", Source: artifact.Source{Length: int64(len(b))}}
		f := shell.Analyze(string(b))
		f.Programs = nil // a list of every command of a long script helps nobody
		f.AddTo(&r)
		emit(r)
		return nil
	}
	n := 0
	return artifact.Lines(in.Content, func(l artifact.Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		if n++; n > maxLines {
			return fmt.Errorf("more than %d lines", maxLines)
		}
		r := artifact.Record{Kind: "rc.line", Source: artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}}
		if in.Path == "/etc/inittab" {
			r.Kind = "inittab.line"
			if p := strings.SplitN(text, ":", 4); len(p) == 4 {
				text = p[3]
			}
		} else if in.Inode != nil {
			if in.Inode.Mode&0o111 != 0 {
				r.Add("executable", "yes")
			} else {
				r.Add("executable", "no")
			}
		}
		r.Add("command", text)
		f := shell.Analyze(text)
		f.AddTo(&r)
		emit(r)
		return nil
	})
}
