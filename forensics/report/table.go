package report

import (
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
// cells may hold any bytes. They are escaped unless they are already.
func Table(w io.Writer, header []string, rows [][]string, width int) error {
	clean := make([][]string, len(rows))
	for i, r := range rows {
		clean[i] = make([]string, len(r))
		for j, c := range r {
			clean[i][j] = sanitise(c)
		}
	}
	widths := columnWidths(header, clean, width)
	t := tablewriter.NewTable(w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off}, Lines: tw.Lines{ShowHeaderLine: tw.On}},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: "  ", Overwrite: true}),
	)
	t.Header(header)
	for _, r := range clean {
		cells := make([]string, len(r))
		for j, c := range r {
			cells[j] = strings.Join(wrap(c, widths[j]), "\n")
		}
		if err := t.Append(cells); err != nil {
			return err
		}
	}
	return t.Render()
}

// sanitise makes a cell harmless that is not known to be: line ends, too, become
// \x0a. What is escaped already has a backslash only before xNN and stays.
func sanitise(s string) string {
	if _, err := text.Unescape(s); err == nil && text.Escape(strings.ReplaceAll(s, `\`, "")) == strings.ReplaceAll(s, `\`, "") {
		return s
	}
	return text.Escape(s)
}

// columnWidths shares the width of the screen: columns that are narrower than
// their share keep what they need, the others share what is left.
func columnWidths(header []string, rows [][]string, width int) []int {
	const gap = 2
	need := make([]int, len(header))
	for j, h := range header {
		need[j] = cellWidth(h)
	}
	for _, r := range rows {
		for j, c := range r {
			need[j] = max(need[j], cellWidth(c))
		}
	}
	left := width - gap*len(header)
	out := make([]int, len(header))
	open := len(header)
	for settled := true; settled && open > 0; {
		settled = false
		share := left / open
		for j := range need {
			if out[j] == 0 && need[j] <= share {
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

// wrap cuts a text into lines of at most width columns, at spaces where it can,
// else behind a slash, else anywhere, but never within a \xNN.
func wrap(s string, width int) []string {
	width = max(width, 4)
	var lines []string
	for cellWidth(s) > width {
		cut, good, at := 0, 0, 0
		g := displaywidth.StringGraphemes(s)
		for g.Next() {
			n, v := g.Width(), g.Value()
			if v == `\` && len(s) >= cut+4 && s[cut+1] == 'x' {
				if at+4 > width {
					break
				}
			}
			if at+n > width {
				if v == " " {
					good = cut
				}
				break
			}
			at += n
			cut += len(v)
			switch {
			case v == " ":
				good = cut
			case (v == "/" || v == "," || v == ";") && at > width/2:
				good = cut
			}
		}
		if inEscape := strings.LastIndexByte(s[:cut], '\\'); inEscape > 0 && cut-inEscape < 4 {
			cut = inEscape
		}
		if good > 0 && at > 0 {
			cut = good
		}
		if cut == 0 {
			cut = len(s)
		}
		lines = append(lines, strings.TrimRightFunc(s[:cut], unicode.IsSpace))
		s = strings.TrimLeft(s[cut:], " ")
	}
	return append(lines, s)
}
