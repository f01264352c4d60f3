package report

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"icecore/forensics/text"
)

// Table writes a table that is no wider than width columns: cells are wrapped, and
// what is not broken across lines (see [whole]) has a line for itself where it is wider
// than its column. The cells may hold any bytes; what is not escaped yet is.
func Table(w io.Writer, header []string, rows [][]string, width int) error {
	escaped := make([][]string, len(rows))
	for i, r := range rows {
		for _, c := range r {
			var lines []string
			for _, l := range strings.Split(c, "\n") {
				lines = append(lines, text.EscapeOnce(l))
			}
			escaped[i] = append(escaped[i], strings.Join(lines, "\n"))
		}
	}
	return table(w, header, escaped, width, nil)
}

// table writes a table of cells in which commands are marked by [keep]; paint colours a
// line of a cell.
func table(
	w io.Writer,
	header []string,
	rows [][]string,
	width int,
	paint func(row, col int, s string) string,
) error {
	lines := make([][][]string, len(rows)) // row, column, line
	for i, r := range rows {
		lines[i] = make([][]string, len(r))
		for j, c := range r {
			for _, l := range strings.Split(c, "\n") {
				parts := strings.Split(l, unbreakable)
				for k := range parts {
					parts[k] = text.EscapeOnce(parts[k])
				}
				lines[i][j] = append(lines[i][j], strings.Join(parts, unbreakable))
			}
		}
	}
	widths := columnWidths(header, lines, width)
	var out bytes.Buffer
	t := tablewriter.NewTable(&out,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
				Lines:      tw.Lines{ShowHeaderLine: tw.On},
			},
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
	above := 1 // lines of the header, with the one below it
	for j, h := range header {
		wrapped := wrap(h, widths[j])
		head[j] = strings.Join(wrapped, "\n")
		above = max(above, len(wrapped)+1)
	}
	t.Header(head)
	alone := make(map[int]string) // lines that hold one word, by their number
	for i, r := range lines {
		if len(r) == 0 {
			continue
		}
		cells := make([][]string, len(r))
		for j, c := range r {
			for _, l := range c {
				cells[j] = append(cells[j], wrap(l, widths[j])...)
			}
		}
		row, long := arrange(cells, widths)
		for j := range row {
			for k := range row[j] {
				if paint != nil && row[j][k] != "" {
					row[j][k] = paint(i, j, row[j][k])
				}
			}
		}
		for k, w := range long {
			s := w.text
			if paint != nil {
				s = paint(i, w.column, s)
			}
			alone[above+k] = strings.Repeat(" ", indent(left(widths, w.column), cellWidth(w.text), width)) + s
			row[0][k] = "-" // a line for it
		}
		joined := make([]string, len(row))
		for j := range row {
			joined[j] = strings.Join(row[j], "\n")
		}
		above += len(row[0])
		if err := t.Append(joined); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	for i, l := range strings.Split(strings.TrimRight(out.String(), "\n"), "\n") {
		if l = strings.TrimRight(l, " "); strings.Trim(l, "─") == "" {
			l = strings.Repeat("─", min(width, displaywidth.String(l)))
		}
		if w, ok := alone[i]; ok {
			l = w
		}
		if _, err := io.WriteString(w, l+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// gap is the space between columns.
const gap = 2

// columnWidths shares the width of the screen. A column needs no room for what would
// have a line for itself.
func columnWidths(header []string, rows [][][]string, width int) []int {
	need := make([]int, len(header))
	for j, h := range header {
		need[j] = cellWidth(h)
	}
	each := func(fn func(j int, l string)) {
		for _, r := range rows {
			for j, c := range r {
				for _, l := range c {
					fn(j, l)
				}
			}
		}
	}
	most := slices.Clone(need)
	each(func(j int, l string) { most[j] = max(most[j], cellWidth(l)) })
	first := share(most, width)
	each(func(j int, l string) {
		if n := cellWidth(l); n <= first[j] {
			need[j] = max(need[j], n)
			return
		}
		for _, part := range wrap(l, first[j]) {
			if n := cellWidth(part); n <= first[j] {
				need[j] = max(need[j], n)
			}
		}
	})
	return share(need, width)
}

// share gives columns that need less than their share of the width what they need; the
// others share what is left.
func share(need []int, width int) []int {
	left := width - gap*(len(need)-1)
	out := make([]int, len(need))
	open := len(need)
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
// but never within a \xNN. What is copied from a screen is not cut: see [whole]. If it
// is wider than the line, it has a line for itself.
func wrap(s string, width int) []string {
	width = max(width, 4)
	var lines []string
	keep := whole(s)
	for at := 0; at < len(s) || at == 0; {
		cut, good := cuts(s[at:], width)
		if at+cut < len(s) && good > 0 {
			cut = good
		}
		for len(keep) > 0 && keep[0].to <= at {
			keep = keep[1:]
		}
		if len(keep) > 0 && keep[0].from <= at && at+cut < keep[0].to {
			cut = keep[0].to - at
		}
		for _, k := range keep {
			if k.from >= at+cut {
				break
			}
			if at < k.from && at+cut < k.to {
				cut = k.from - at
			}
		}
		lines = append(
			lines,
			strings.ReplaceAll(strings.TrimRightFunc(s[at:at+cut], unicode.IsSpace), unbreakable, " "),
		)
		at += cut
		for at < len(s) && s[at] == ' ' {
			at++
		}
		if s == "" {
			break
		}
	}
	return lines
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
