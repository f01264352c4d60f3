// Package logrotate reads the scripts of logrotate(8): what runs, each day, as a log is
// rotated. Records: hook.logrotate for each script between postrotate, prerotate,
// firstaction, lastaction or preremove and its endscript. The command is the first
// statement with a telling trait, or the whole script.
package logrotate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "logrotate" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(conf,
			"/etc/logrotate.conf",
			"/etc/logrotate.d/*",
		),
	}
}

// conf reads the scripts; the source of a record is its first statement that is worth
// pointing at.
func conf(r *command.Reader) error {
	event := ""
	var text strings.Builder
	var at model.Source
	long := 0 // the first line that was left out
	flush := func() error {
		body := text.String()
		text.Reset()
		first := strings.TrimSpace(body)
		where := at
		for _, st := range shell.Statements(body) {
			if st.Facts.Telling() && st.Line > 0 {
				where = model.Source{Line: at.Line + st.Line - 1, Offset: at.Offset + st.Offset, Length: st.Length}
				first = strings.TrimSpace(st.Text)
				break
			}
		}
		return r.Command(model.HookLogrotate, where, first, shell.Analyze(body), command.Event(event))
	}
	err := r.EachLine(func(l artifact.Line) error {
		t := strings.TrimSpace(string(l.Text))
		switch {
		case event == "":
			switch t {
			case "postrotate", "prerotate", "firstaction", "lastaction", "preremove":
				event = t
				at = model.Source{}
			}
		case t == "endscript":
			if err := flush(); err != nil {
				return err
			}
			event = ""
		default:
			if text.Len() == 0 {
				at = l.Source()
			}
			// Once a line is left out, so is all behind it: the places must be right.
			if n := l.Offset - at.Offset + int64(len(l.Text)); n >= artifact.MaxLine {
				if long == 0 {
					long = l.Number
				}
			} else {
				// Line ends are kept as they stand, so that offsets are right.
				for int64(text.Len()) < l.Offset-at.Offset {
					text.WriteByte('\n')
				}
				text.Write(l.Text)
				text.WriteByte('\n')
				at.Length = l.Offset + int64(len(l.Text)) - at.Offset
			}
		}
		return nil
	})
	if artifact.Ended(err) && event != "" && text.Len() > 0 {
		err = errors.Join(err, flush())
	}
	if artifact.Ended(err) && long > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("a script is longer than %d bytes; it was not read from line %d on", artifact.MaxLine, long)))
	}
	return err
}
