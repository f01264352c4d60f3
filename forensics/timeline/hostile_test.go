package timeline

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
	"unicode"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Whatever stands in records, findings and names of files, also in an analysis that
// somebody else wrote: no format lets through what hides, reorders, stacks or controls.
func TestNothingRaw(t *testing.T) {
	for _, s := range append(hostile, "\u200b\u2066\ufeff", "e"+strings.Repeat("\u0335", 40), "\U000e0041", "\u0085\u2028", "\u00ad\u2800\u3164") {
		if s == "" {
			continue // a record without a name has no times either
		}
		at := time.Unix(1768208400, 5).UTC()
		source := model.Source{Volume: s, Path: s, Inode: 7, SHA256: s, DiskOffset: -1}
		record := model.Record{ID: s, Kind: model.Kind(s), Source: source, Times: []model.Stamp{{What: s, Time: at, Inferred: s}}}
		record.Add(s, s)
		var tl Timeline
		var body bytes.Buffer
		b := NewBody(&body)
		e := &filesystem.Entry{Path: s, Target: s, Inode: inode(7, 1, 2, 3, 4)}
		tl.AddFile(s, e)
		tl.AddRecords([]model.Record{record}, []model.Finding{{
			ID: s, Title: s, Excerpt: s, Level: model.High, Records: []string{s}, Source: source, When: model.When{Time: at, Inferred: s},
		}})
		tl.AddChange(s, &filesystem.Change{Ref: filesystem.Ref{Inode: 7}, Time: filesystem.Unix(5, 0), What: s})
		if err := b.Entry(e); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
		outputs := map[string]string{"bodyfile": body.String()}
		for _, format := range []string{"jsonl", "csv"} {
			var out bytes.Buffer
			w, err := NewWriter(format, &out, s)
			if err != nil {
				t.Fatal(err)
			}
			if err := tl.Each(context.Background(), Range{}, w.Event); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(out.String(), "\n"); n != 7 && (format != "csv" || n != 8) {
				t.Errorf("%s, %q: %d lines", format, s, n)
			}
			outputs[format] = out.String()
		}
		for format, out := range outputs {
			for line := range strings.SplitSeq(out, "\n") {
				line = strings.ReplaceAll(line, `\`, "/")
				if text.Escape(line) != line || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("%s, %q: raw %q", format, s, line)
				}
			}
		}
	}
}
