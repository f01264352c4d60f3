package report

import (
	"bytes"
	"io"
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"icecore/forensics/text"
)

// Table writes a table that is no wider than width columns: cells are wrapped. The
// cells may hold any bytes; what is not escaped yet is.
func Table(w io.Writer, header []string, rows [][]string, width int) error {
	return table(w, header, rows, width, nil)
}

// table writes a table; paint colours a line of a cell.
func table(w io.Writer, header []string, rows [][]string, width int, paint func(row, col int, s string) string) error {
	lines := make([][][]string, len(rows)) // row, column, line
	for i, r := range rows {
		lines[i] = make([][]string, len(r))
		for j, c := range r {
			for _, l := range strings.Split(c, "\n") {
				lines[i][j] = append(lines[i][j], text.EscapeOnce(l))
			}
		}
	}
	widths := columnWidths(header, lines, width)
	var out bytes.Buffer
	t := tablewriter.NewTable(&out,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off}, Lines: tw.Lines{ShowHeaderLine: tw.On}},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}),
	)
	head := make([]string, len(header))
	for j, h := range header {
		head[j] = strings.Join(wrap(h, widths[j]), "\n")
	}
	t.Header(head)
	for i, r := range lines {
		cells := make([]string, len(r))
		for j, c := range r {
			var wrapped []string
			for _, l := range c {
				wrapped = append(wrapped, wrap(l, widths[j])...)
			}
			if paint != nil {
				for k := range wrapped {
					wrapped[k] = paint(i, j, wrapped[k])
				}
			}
			cells[j] = strings.Join(wrapped, "\n")
		}
		if err := t.Append(cells); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	for _, l := range strings.Split(strings.TrimRight(out.String(), "\n"), "\n") {
		if l = strings.TrimRight(l, " "); strings.Trim(l, "─") == "" {
			l = strings.Repeat("─", min(width, displaywidth.String(l)))
		}
		if _, err := io.WriteString(w, l+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// gap is the space between columns.
const gap = 2

// columnWidths shares the width of the screen: columns that need less than their
// share keep what they need, the others share what is left.
func columnWidths(header []string, rows [][][]string, width int) []int {
	need := make([]int, len(header))
	for j, h := range header {
		need[j] = cellWidth(h)
	}
	for _, r := range rows {
		for j, c := range r {
			for _, l := range c {
				need[j] = max(need[j], cellWidth(l))
			}
		}
	}
	left := width - gap*(len(header)-1)
	out := make([]int, len(header))
	open := len(header)
	for settled := true; settled && open > 0; {
		settled = false
		for j := range need {
			if out[j] == 0 && need[j] <= left/open {
				out[j], settled = max(1, need[j]), true
				left -= out[j]
				open--
			}
		}
	}
	for j := range need {
		if out[j] == 0 {
			out[j] = max(8, left/open)
			left -= out[j]
			open--
		}
	}
	return out
}

func cellWidth(s string) int { return displaywidth.String(s) }

// wrap cuts a text into lines of at most width columns: at a space, unless that
// would leave most of the line empty; else behind a slash or comma, else anywhere,
// but never within a \xNN.
func wrap(s string, width int) []string {
	width = max(width, 4)
	var lines []string
	for {
		cut, good := cuts(s, width)
		if cut == len(s) {
			return append(lines, s)
		}
		if good > 0 {
			cut = good
		}
		lines = append(lines, strings.TrimRightFunc(s[:cut], unicode.IsSpace))
		s = strings.TrimLeft(s[cut:], " ")
	}
}

// cuts gives where a text can be cut so that it has width columns: at the latest,
// which is its end if it fits, and at the best place if there is one. It looks no
// further than that.
func cuts(s string, width int) (last, good int) {
	at, word := 0, 0 // columns so far, and of the present word
	space, spaceAt, inner := 0, 0, 0
	whole := true
	g := displaywidth.StringGraphemes(s)
	for g.Next() {
		n, v := g.Width(), g.Value()
		if at+n > width {
			if v == " " {
				space, spaceAt = last, at
			}
			whole = false
			break
		}
		at += n
		word += n
		last += len(v)
		switch v {
		case " ":
			space, spaceAt, word = last, at, 0
		case "/", ",", ";", "&", "?":
			if word > 2 {
				inner = last
			}
		}
	}
	if whole {
		return len(s), 0
	}
	if i := strings.LastIndexByte(s[:last], '\\'); i > 0 && last-i < 4 && strings.HasPrefix(s[i:], `\x`) {
		last = i
	}
	if last == 0 { // one character wider than the line
		g := displaywidth.StringGraphemes(s)
		g.Next()
		last = len(g.Value())
	}
	good = space
	if inner > space && spaceAt < width/2 {
		good = inner
	}
	return last, min(good, last)
}
