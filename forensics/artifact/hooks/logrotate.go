package hooks

import (
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// logrotate reads the scripts between postrotate (and its siblings) and endscript;
// each is told as a whole, at its first line that is worth pointing at.
func logrotate(r *reader) error {
	event := ""
	var text strings.Builder
	var at artifact.Source
	flush := func() error {
		body := text.String()
		text.Reset()
		command := strings.TrimSpace(body)
		where := at
		for _, st := range shell.Statements(body) {
			if st.Facts.Telling() && st.Line > 0 {
				where = artifact.Source{Line: at.Line + st.Line - 1, Offset: at.Offset + st.Offset, Length: st.Length}
				command = strings.TrimSpace(st.Text)
				break
			}
		}
		return r.give("hook.logrotate", where, command, shell.Analyze(body), model.Named("event", event))
	}
	err := r.lines(func(l artifact.Line) error {
		t := strings.TrimSpace(string(l.Text))
		switch {
		case event == "":
			switch t {
			case "postrotate", "prerotate", "firstaction", "lastaction", "preremove":
				event = t
				at = artifact.Source{}
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
			if text.Len()+len(l.Text) < artifact.MaxLine {
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
	if err == nil && event != "" && text.Len() > 0 {
		err = flush()
	}
	return err
}
