package report

import (
	"fmt"
	"io"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Matches writes the matches of YARA rules as a table.
func Matches(w io.Writer, a *model.Analysis, width int) error {
	var rows [][]string
	for i := range a.Records {
		r := &a.Records[i]
		s := &r.Source
		rows = append(rows, []string{
			r.Get("level"), r.Get("rule"), s.Volume, s.State.String(), fmt.Sprint(s.Inode),
			s.Path, s.SHA256[:min(16, len(s.SHA256))],
		})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintf(w, "No rule matched in %d files.\n", a.Coverage.Files)
		return err
	}
	return Table(w, []string{"level", "rule", "volume", "state", "inode", "path", "sha256"}, rows, width)
}

// MatchLines writes the matches of YARA rules as yara(1) prints them: rule and path.
func MatchLines(w io.Writer, a *model.Analysis) error {
	b := &strings.Builder{}
	for i := range a.Records {
		r := &a.Records[i]
		fmt.Fprintf(b, "%s %s\n", r.Get("rule"), text.Escape(r.Source.Path))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
