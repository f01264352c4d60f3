package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"icecore/forensics/guard"
	"icecore/forensics/model"
	"icecore/forensics/report/ioc"
)

// Format is one form in which an analysis is written.
type Format struct {
	Name        string // of --format
	Description string // one line, for help
	// Files are patterns of names of files that ask for the format (see [path.Match]),
	// lower case. Those that write indicators have some.
	Files []string
	Write func(io.Writer, *model.Analysis, Options) error
}

// Formats returns the formats of an analysis, the default first. To add one, write a
// file with its writer and one line here.
func Formats() []Format {
	return []Format{
		{Name: "table", Description: "the report for a terminal", Write: Terminal},
		{Name: "json", Description: "all of the analysis, for programs; can be read back", Write: analysisJSON},
		{Name: "html", Description: "one page to read and print, without scripts", Write: HTML},
		{Name: "csv", Description: "indicators as a table", Files: []string{"*.csv"}, Write: indicators(ioc.CSV)},
		{
			Name:        "misp",
			Description: "indicators as a MISP event",
			Files:       []string{"*misp*.json"},
			Write:       indicators(ioc.MISP),
		},
		{
			Name:        "stix",
			Description: "indicators as a STIX 2.1 bundle",
			Files:       []string{"*.json", "*.stix"},
			Write:       indicators(ioc.STIX),
		},
		{
			Name:        "timeline",
			Description: "records and findings in order, JSON lines for Timesketch",
			Write:       events("jsonl"),
		},
		{Name: "timeline-csv", Description: "the same as a table", Write: events("csv")},
	}
}

// IndicatorFormats returns those of [Formats] that write indicators.
func IndicatorFormats() []Format {
	var out []Format
	for _, f := range Formats() {
		if len(f.Files) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// FormatOf returns the format of indicators that a file's name asks for.
func FormatOf(name string) (Format, bool) {
	name = strings.ToLower(path.Base(name))
	for _, f := range Formats() {
		for _, p := range f.Files {
			if ok, _ := path.Match(p, name); ok {
				return f, true
			}
		}
	}
	return Format{}, false
}

// Find returns the format of a name.
func Find(name string) (Format, error) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("no format %q; there are %s", name, strings.Join(Names(Formats()), ", "))
}

// Write writes an analysis in the format of a name. A writer that panics gives an error.
func Write(w io.Writer, format string, a *model.Analysis, o Options) error {
	f, err := Find(format)
	if err != nil {
		return err
	}
	return guard.Do("writing the report", func() error { return f.Write(w, a, o) })
}

// Names returns the names of formats.
func Names(list []Format) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Name
	}
	return out
}

func indicators(write func(io.Writer, *model.Analysis) error) func(io.Writer, *model.Analysis, Options) error {
	return func(w io.Writer, a *model.Analysis, _ Options) error { return write(w, a) }
}

func analysisJSON(w io.Writer, a *model.Analysis, _ Options) error { return JSON(w, a) }
