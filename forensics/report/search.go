package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"icecore/forensics/search"
	"icecore/forensics/text"
)

// SearchFormats are the names of the formats of hits, the default first.
var SearchFormats = []string{"table", "csv", "jsonl"}

// Hits writes hits in one of [SearchFormats]. Call Flush at the end: only then is a table
// written.
type Hits struct {
	w      io.Writer
	format string
	width  int
	buf    []byte
	rows   [][]string
	begun  bool
}

// NewHits makes a writer of hits. width is that of a table.
func NewHits(w io.Writer, format string, width int) *Hits {
	return &Hits{w: w, format: format, width: width}
}

// Hit writes a hit.
func (h *Hits) Hit(x *search.Hit) error {
	switch h.format {
	case "csv":
		h.begin()
		h.csv(x)
	case "jsonl":
		if err := h.json(x); err != nil {
			return err
		}
	default:
		what := x.What
		if x.Field != "" {
			what += " " + x.Field
		}
		h.rows = append(h.rows, []string{what, hitTime(x.Time), text.Escape(hitPlace(x)), text.Escape(x.Excerpt)})
		return nil
	}
	if len(h.buf) < 32<<10 {
		return nil
	}
	return h.write()
}

func (h *Hits) write() error {
	_, err := h.w.Write(h.buf)
	h.buf = h.buf[:0]
	return err
}

// begin writes the header of CSV.
func (h *Hits) begin() {
	if !h.begun {
		h.begun = true
		h.buf = append(h.buf, "in,what,field,record,time,source,inode,offset,length,disk_offset,excerpt\n"...)
	}
}

// Flush writes what is still in memory.
func (h *Hits) Flush() error {
	switch {
	case h.format == "csv":
		h.begin()
	case h.format != "jsonl" && len(h.rows) == 0:
		h.buf = append(h.buf, "No hits.\n"...)
	case h.format != "jsonl":
		header := []string{"what", "time", "source", "excerpt"}
		return Table(h.w, header, h.rows, h.width)
	}
	return h.write()
}

// hitPlace names the place of a hit: that of its source, and where that has no line, the
// byte behind a plus sign.
func hitPlace(x *search.Hit) string {
	s := Place(&x.Source)
	if (x.What == "content" || x.What == "swap space") && x.Source.Line == 0 {
		s += fmt.Sprintf(" +%d", x.Source.Offset)
	}
	return s
}

func hitTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

func (h *Hits) csv(x *search.Hit) {
	b := h.buf
	b = text.AppendCell(b, x.In)
	b = text.AppendCell(append(b, ','), x.What)
	b = text.AppendCell(append(b, ','), x.Field)
	b = text.AppendCell(append(b, ','), x.Record)
	b = append(b, ',')
	if !x.Time.IsZero() {
		b = x.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	}
	b = text.AppendCell(append(b, ','), Place(&x.Source))
	b = strconv.AppendUint(append(b, ','), x.Source.Inode, 10)
	b = strconv.AppendInt(append(b, ','), x.Source.Offset, 10)
	b = strconv.AppendInt(append(b, ','), x.Source.Length, 10)
	b = append(b, ',')
	if x.Source.DiskOffset >= 0 {
		b = strconv.AppendInt(b, x.Source.DiskOffset, 10)
	}
	h.buf = append(text.AppendCell(append(b, ','), x.Excerpt), '\n')
}

func (h *Hits) json(x *search.Hit) error {
	b := append(h.buf, '{')
	member := func(name, value string) {
		if value != "" {
			b = append(append(append(b, '"'), name...), `": `...)
			b = append(text.AppendQuoted(b, value), ", "...)
		}
	}
	member("in", x.In)
	member("what", x.What)
	member("field", x.Field)
	member("record", x.Record)
	if !x.Time.IsZero() {
		member("time", x.Time.UTC().Format(time.RFC3339Nano))
	}
	member("excerpt", x.Excerpt)
	src, err := json.Marshal(x.Source)
	if err != nil {
		return err
	}
	h.buf = append(append(append(b, `"source": `...), src...), "}\n"...)
	return nil
}
