package detect

import (
	"strings"
	"time"
	"unicode/utf8"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

const (
	maxExcerpt = 400 // bytes
	maxValue   = 120 // bytes of one field among several
	maxValues  = 6
)

// excerpts shows of each finding the bytes at its source; where the claim is about
// the file itself, not about bytes in it, the facts of the record.
func (c *collection) excerpts() {
	for i := range c.findings {
		f := &c.findings[i]
		if f.Excerpt != "" {
			continue
		}
		rec := c.byID[f.Records[0]]
		// Of what is packed within the file, the fields of the record say it.
		if c.in.Read != nil && f.Source.Length > 0 && !rec.Has("compressed") {
			// A few bytes more than are shown, so that the cut sees the character it falls into.
			if b := c.in.Read(f.Source, int(min(f.Source.Length, maxExcerpt+utf8.UTFMax))); len(b) > 0 {
				f.Excerpt = strings.TrimRight(string(text.Cut(b, maxExcerpt)), "\r\n")
				continue
			}
		}
		f.Excerpt = excerpt(rec)
	}
}

// excerpt gives what of a record a reader wants to see: the field that the table of kinds
// names, else the first of all.
func excerpt(rec *model.Record) string {
	if info := rec.Kind.Info(); info != nil {
		for _, name := range info.Excerpt {
			if v := rec.Get(name); v != "" {
				return text.Cut(v, maxExcerpt)
			}
		}
	}
	if rec.Kind == model.FileNotable {
		return metadata(rec)
	}
	var parts []string
	for i := range rec.Fields {
		f := &rec.Fields[i]
		switch f.Name {
		case "description", "traits", "programs", "decoded", "technique", "level", "entry_offset", "compressed":
			continue
		}
		parts = append(parts, f.Name+"="+text.Truncate(f.Text(), maxValue))
		if len(parts) == maxValues {
			break
		}
	}
	return text.Cut(strings.Join(parts, " "), maxExcerpt)
}

// metadata gives what a record states of a file itself, as stat would show it.
func metadata(rec *model.Record) string {
	var parts []string
	for _, name := range []string{"mode", "size", "owner", "device", "file_type"} {
		if v := rec.Get(name); v != "" {
			parts = append(parts, name+"="+v)
		}
	}
	for _, what := range []string{"modified", "changed", "created"} {
		if t := rec.Time(what); !t.IsZero() {
			parts = append(parts, what+"="+t.UTC().Format(time.RFC3339))
		}
	}
	return strings.Join(parts, " ")
}
