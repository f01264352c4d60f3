// Package report turns an analysis into what a person or a program reads: the
// terminal report, JSON.
//
// Whatever it writes is free of control characters of the image: they are escaped
// as \xNN.
package report

import (
	"fmt"
	"io"

	"icecore/forensics"
)

// Options say how a terminal report looks. The zero value is 100 columns wide and
// without colours.
type Options struct {
	Width int  // columns
	Color bool // with colours
	All   bool // findings of all levels
}

// JSON writes an analysis as JSON (schema icecore.analysis/1).
func JSON(w io.Writer, a *forensics.Analysis) error {
	return AsJSON(w, a)
}

// Terminal writes the report for a screen.
func Terminal(w io.Writer, a *forensics.Analysis, o Options) error {
	if _, err := fmt.Fprintf(w, "%s since %s\n", a.Verdict.State, a.Verdict.Since); err != nil {
		return err
	}
	rows := make([][]string, 0, len(a.Findings))
	for _, f := range a.Findings {
		path := ""
		if f.Source != nil {
			path = f.Source.Path
		}
		rows = append(rows, []string{f.Level, f.Rule, path, f.Title})
	}
	return Table(w, []string{"level", "rule", "path", "title"}, rows, o.Width)
}
