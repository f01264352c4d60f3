package report

import (
	"bytes"
	"strings"

	"github.com/fatih/color"
)

// screen is a report for a terminal that is being written.
type screen struct {
	words
	a     *view
	s     *summary
	o     Options
	width int
	paint palette
	b     bytes.Buffer
	err   error
}

// palette holds the colours; all are plain where colours are off.
type palette struct {
	bold, dim, alarm, warn, good, mark func(string) string
}

func newPalette(on bool) palette {
	style := func(attr ...color.Attribute) func(string) string {
		c := color.New(attr...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return func(s string) string {
			if !on || s == "" {
				return s
			}
			return c.Sprint(s)
		}
	}
	return palette{
		bold: style(
			color.Bold,
		), dim: style(color.Faint), alarm: style(color.FgRed, color.Bold), warn: style(color.FgYellow, color.Bold), good: style(color.FgGreen, color.Bold), mark: style(color.FgCyan),
	}
}

func (p palette) level(l string) func(string) string {
	switch l {
	case "critical", "high", "compromised":
		return p.alarm
	case "medium", "suspicious":
		return p.warn
	}
	return p.bold
}

func (t *screen) line(s string) {
	t.b.WriteString(strings.TrimRight(s, " "))
	t.b.WriteByte('\n')
}

// text writes a sentence, wrapped.
func (t *screen) text(s string) {
	for _, l := range wrap(s, t.width) {
		t.line(l)
	}
}

func (t *screen) head(id string) {
	t.line("")
	t.line(t.paint.bold(t.say("head." + id)))
}

// item writes a sentence of a list, wrapped.
func (t *screen) item(s string) {
	for i, l := range wrap(s, t.width-4) {
		if i == 0 {
			t.line("  " + l)
		} else {
			t.line("    " + l)
		}
	}
}

// labelColumn is the width of the labels of the first screen, the blank behind included.
const labelColumn = 10

// labelled gives a value behind a label, wrapped to at most the given number of lines.
func (t *screen) labelled(label, value string, most int) []string {
	lines := wrap(value, t.width-labelColumn)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = fit(lines[most-1]+"…", t.width-labelColumn)
	}
	for i, l := range lines {
		if i == 0 {
			lines[i] = t.paint.bold(pad(label, labelColumn)) + l
		} else {
			lines[i] = strings.Repeat(" ", indent(labelColumn, cellWidth(l), t.width)) + l
		}
	}
	return lines
}

func (t *screen) table(header []string, rows [][]string, paint func(row, col int, s string) string) {
	for i := range header {
		header[i] = t.say("column." + header[i])
	}
	if err := table(&t.b, header, rows, t.width, paint); err != nil && t.err == nil {
		t.err = err
	}
}

// fit cuts a text to width columns, with an ellipsis where something was cut.
func fit(s string, width int) string {
	if cut, _ := cuts(s, width); cut == len(s) {
		return s
	}
	cut, _ := cuts(s, max(1, width-1))
	return s[:cut] + "…"
}

func pad(s string, width int) string {
	if n := width - cellWidth(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s + " "
}
