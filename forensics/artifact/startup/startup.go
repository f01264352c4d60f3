// Package startup reads what runs, or is loaded, whenever somebody logs in or any
// program starts: the shells' start-up files (bash(1)), ld.so.preload (ld.so(8)),
// /etc/environment.
//
// Records:
//
//	profile.line     command, programs, urls, traits, decoded; only lines with a
//	                 trait
//	preload.library  library
package startup

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
func (Extractor) Name() string { return "startup" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	out := []string{"/etc/profile", "/etc/profile.d/*", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh/*", "/etc/environment", "/etc/ld.so.preload"}
	for _, home := range []string{"/root", "/home/*", "/etc/skel", "/var/lib/*"} {
		for _, f := range []string{".bashrc", ".bash_profile", ".bash_login", ".profile", ".bash_logout", ".zshrc", ".zshenv"} {
			out = append(out, home+"/"+f)
		}
	}
	return out
}

const maxRecords = 10_000

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	name := path.Base(in.Path)
	count := 0
	return artifact.Lines(in.Content, func(l artifact.Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		r := artifact.Record{Kind: "profile.line", Source: artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}}
		if name == "ld.so.preload" {
			for _, lib := range strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ':' || c == '\t' }) {
				p := r
				p.Kind = "preload.library"
				p.Add("library", lib)
				emit(p)
			}
			return nil
		}
		f := shell.Analyze(text)
		if len(f.Traits) == 0 || len(f.Traits) == 1 && (f.Traits[0] == "background" || f.Traits[0] == "fetch") {
			return nil
		}
		if count++; count > maxRecords {
			return fmt.Errorf("more than %d notable lines", maxRecords)
		}
		r.Add("command", text)
		f.AddTo(&r)
		emit(r)
		return nil
	})
}
