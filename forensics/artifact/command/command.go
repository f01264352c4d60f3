// Package command is what the extractors of configuration have in common whose
// settings make a service run something: one format is a list of paths and a reader of
// one file, and each command or script that it names becomes one record, with the facts
// of package shell. Which setting names a command is for each format to know.
//
// Bounds: 10,000 commands of one file, 1 KiB of each field beside the command. An error
// says what was not read.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Format reads the files that match some patterns (artifact.Match).
type Format struct {
	Patterns []string
	Read     func(*Reader) error
}

// Files makes a format.
func Files(read func(*Reader) error, patterns ...string) Format { return Format{patterns, read} }

// Formats are those of one extractor; the first one that matches a path reads the file.
type Formats []Format

// Patterns are the patterns of all of them.
func (l Formats) Patterns() []string {
	var out []string
	for _, f := range l {
		out = append(out, f.Patterns...)
	}
	return out
}

// Extract reads one file by the first format of which a pattern matches its path.
func (l Formats) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	for _, f := range l {
		for _, p := range f.Patterns {
			if artifact.Match(p, in.Path) {
				return f.Read(&Reader{Input: in, ctx: ctx, emit: emit})
			}
		}
	}
	return nil
}

const (
	maxRecords = 10_000
	maxField   = 1024
)

// Reader reads one file.
type Reader struct {
	*artifact.Input
	ctx  context.Context
	emit artifact.Emit
	n    int
}

// EachLine calls fn for each line of the file, until the context is done.
func (r *Reader) EachLine(fn func(artifact.Line) error) error { return r.Lines(r.ctx, fn) }

// Command emits the record of one command; none where the command is blank.
func (r *Reader) Command(kind model.Kind, at model.Source, command string, facts shell.Facts, fields ...model.Field) error {
	if strings.TrimSpace(command) == "" {
		return nil
	}
	if r.n++; r.n > maxRecords {
		return artifact.Cut(fmt.Errorf("more than %d commands; the rest was not read", maxRecords))
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	rec := model.Record{Kind: kind, Source: at}
	for _, f := range fields {
		rec.AddCut(f.Name, f.Text(), maxField)
	}
	rec.AddText("command", command)
	facts.AddTo(&rec)
	r.emit(rec)
	return nil
}

// Give emits a record of another kind that is complete, within the same bound.
func (r *Reader) Give(rec model.Record) error {
	if r.n++; r.n > maxRecords {
		return artifact.Cut(fmt.Errorf("more than %d records; the rest was not read", maxRecords))
	}
	r.emit(rec)
	return r.ctx.Err()
}

// Record emits a record that is complete.
func (r *Reader) Record(rec model.Record) { r.emit(rec) }

// Event is the field event of a record.
func Event(name string) model.Field { return model.Named("event", name) }

// Settings is the reader of files of settings, one a line: find gives the command that
// a line names, trimmed and no comment, and says whether a shell reads it.
func Settings(event string, find func(line string) (command string, inShell bool)) func(*Reader) error {
	return func(r *Reader) error {
		return r.EachLine(func(l artifact.Line) error {
			text := strings.TrimSpace(string(l.Text))
			if text == "" || text[0] == '#' {
				return nil
			}
			command, inShell := find(text)
			script := command
			if !inShell {
				script = Quoted(Split(command))
			}
			facts := shell.Analyze(script)
			return r.Command(model.HookCommand, l.Source(), command, facts, Event(event))
		})
	}
}

// Value gives the value of a line NAME = VALUE (or +=) for one of the names.
func Value(line string, names ...string) string {
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		return ""
	}
	name = strings.TrimSpace(strings.TrimRight(name, "+ "))
	for _, n := range names {
		if strings.EqualFold(name, n) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Quoted gives a command that no shell reads as one that a shell would read: every word
// quoted.
func Quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shell.Quote(w)
	}
	return strings.Join(out, " ")
}

// Split splits at blanks; quotes of both kinds group, a backslash keeps the next byte.
func Split(s string) []string {
	var out []string
	var b strings.Builder
	quote := byte(0)
	open := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && quote != '\'':
			i++
			b.WriteByte(s[i])
			open = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, open = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				out = append(out, b.String())
				b.Reset()
				open = false
			}
		default:
			b.WriteByte(c)
			open = true
		}
	}
	if open {
		out = append(out, b.String())
	}
	return out
}

// Load emits the record of a library, or another file, that a line has a service load by its
// path; none where the line names none.
func (r *Reader) Load(l artifact.Line, file, event string) error {
	if !strings.HasPrefix(file, "/") {
		return nil
	}
	return r.Command(model.HookCommand, l.Source(), strings.TrimSpace(l.Head(maxField)), shell.Facts{Programs: []string{file}}, Event(event))
}

// Whole gives the content of the file, nil of one with more bytes than limit: what is
// read in part may say something else.
func (r *Reader) Whole(limit int64) ([]byte, error) {
	if r.Content.Size() > limit {
		return nil, nil
	}
	b := make([]byte, r.Content.Size())
	n, err := r.Content.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// Range is the source of a part of the content b of the file.
func (r *Reader) Range(b []byte, from, to int) model.Source {
	return model.Source{Line: 1 + bytes.Count(b[:from], []byte("\n")), Offset: int64(from), Length: int64(to - from)}
}

// At is the source of the first place at which a text stands in the content b of the file;
// the file itself where it stands nowhere as it is.
func (r *Reader) At(b []byte, text string) model.Source {
	if i := bytes.Index(b, []byte(text)); i >= 0 && text != "" {
		return r.Range(b, i, i+len(text))
	}
	return model.Source{}
}
