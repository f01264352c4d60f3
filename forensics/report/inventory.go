package report

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/inventory"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// InventoryFormats are the names of the formats of a list, the default first.
var InventoryFormats = []string{"table", "csv", "json"}

// InventoryRows writes the rows of a list in one of [InventoryFormats]. width is that of
// the table, which leaves out columns without any value, and of several hosts begins with
// the host.
func InventoryRows(w io.Writer, format string, l *inventory.List, rows []inventory.Row, width int) error {
	switch format {
	case "csv":
		return inventoryCSV(w, l, rows)
	case "json":
		return inventoryJSON(w, l, rows)
	}
	return inventoryTable(w, l, rows, width)
}

// Place names where a fact stands, as it is shown in tables: VOLUME:PATH:LINE, of a
// deleted file with its inode, as `icecore cat --inode` takes it, and where the host knew
// the file by another path, that in brackets. It is not escaped.
func Place(s *model.Source) string {
	var b strings.Builder
	b.WriteString(s.Volume + ":")
	ref := filesystem.Ref{Inode: s.Inode, Version: s.Version}
	switch {
	case s.Path == "" && s.Inode != 0:
		fmt.Fprintf(&b, "inode %s", ref)
	case s.State != model.Live || s.Version != 0:
		fmt.Fprintf(&b, "%s (inode %s)", s.Path, ref)
	default:
		b.WriteString(s.Path)
	}
	if s.Line > 0 {
		fmt.Fprintf(&b, ":%d", s.Line)
	}
	if s.Member != "" {
		fmt.Fprintf(&b, " (%s)", s.Member)
	}
	if s.HostPath != "" && s.HostPath != s.Path {
		fmt.Fprintf(&b, " [%s]", s.HostPath)
	}
	return b.String()
}

func inventoryTable(w io.Writer, l *inventory.List, rows []inventory.Row, width int) error {
	if len(rows) == 0 {
		_, err := io.WriteString(w, "Nothing to list.\n")
		return err
	}
	hosts := false
	for i := range rows {
		hosts = hosts || rows[i].Source.Host != rows[0].Source.Host
	}
	var header []string
	if hosts {
		header = append(header, "host")
	}
	shown := make([]bool, len(l.Columns))
	for j, c := range l.Columns {
		shown[j] = !c.Hidden && slices.ContainsFunc(rows, func(r inventory.Row) bool { return len(r.Cells[j]) > 0 })
		if shown[j] {
			header = append(header, strings.ReplaceAll(c.Name, "_", " "))
		}
	}
	header = append(header, "source")
	out := make([][]string, len(rows))
	for i := range rows {
		r := &rows[i]
		if hosts {
			out[i] = append(out[i], r.Source.Host)
		}
		for j := range l.Columns {
			if shown[j] {
				out[i] = append(out[i], lineOf(r.Cells[j]))
			}
		}
		out[i] = append(out[i], text.Escape(Place(&r.Source)))
	}
	return Table(w, header, out, width)
}

// lineOf writes a cell for a table, escaped: the items of a list one below the other, a
// time so that a line can be broken in it. Of a very long text a reader of a table sees
// the beginning.
func lineOf(c inventory.Cell) string {
	const longest = 400 // bytes
	items := make([]string, len(c))
	for i, s := range c {
		if timeRE.MatchString(s) {
			s = s[:10] + " " + s[11:19]
		}
		items[i] = text.Escape(text.Truncate(s, longest))
	}
	return strings.Join(items, "\n")
}

var timeRE = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$`)

func inventoryCSV(w io.Writer, l *inventory.List, rows []inventory.Row) error {
	b := []byte("host")
	for _, c := range l.Columns {
		b = append(append(b, ','), c.Name...)
	}
	b = append(b, ",source\n"...)
	for i := range rows {
		r := &rows[i]
		b = text.AppendCell(b, r.Source.Host)
		for j := range l.Columns {
			b = text.AppendCell(append(b, ','), strings.Join(r.Cells[j], "; "))
		}
		b = append(text.AppendCell(append(b, ','), Place(&r.Source)), '\n')
		if len(b) > 60<<10 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}

// inventoryJSON writes an array of objects, one a line. Of a row without a value for a
// column the object has no such member.
func inventoryJSON(w io.Writer, l *inventory.List, rows []inventory.Row) error {
	b := []byte("[")
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n{"...)
		for j := range l.Columns {
			b = appendMember(b, &l.Columns[j], rows[i].Cells[j])
		}
		src, err := json.Marshal(rows[i].Source)
		if err != nil {
			return err
		}
		b = append(append(append(b, `"source": `...), src...), '}')
		if len(b) > 60<<10 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(append(b, "\n]\n"...))
	return err
}

func appendMember(b []byte, c *inventory.Column, cell inventory.Cell) []byte {
	if len(cell) == 0 {
		return b
	}
	b = append(text.AppendQuoted(b, c.Name), ": "...)
	n, err := strconv.ParseInt(cell[0], 10, 64)
	switch {
	case c.Type == model.List:
		b = append(b, '[')
		for i, s := range cell {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = text.AppendQuoted(b, s)
		}
		b = append(b, ']')
	case c.Type == model.Number && err == nil:
		b = strconv.AppendInt(b, n, 10)
	case c.Type == model.Bool:
		b = strconv.AppendBool(b, cell[0] == "yes")
	default: // also what an image has in the place of a number
		b = text.AppendQuoted(b, cell[0])
	}
	return append(b, ", "...)
}
