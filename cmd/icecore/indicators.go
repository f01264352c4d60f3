package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
	"icecore/forensics/report/output"
)

// indicators is the file that --iocs asks for. The zero value asks for none.
type indicators struct{ name, format string }

func (i *indicators) flags(c *cobra.Command) {
	known := report.Names(report.IndicatorFormats())
	f := c.Flags()
	f.StringVar(&i.name, "iocs", "", "write the indicators to this new file: .csv, .misp.json or .stix.json")
	f.StringVar(&i.format, "iocs-format", "",
		"format of --iocs: "+strings.Join(known, ", ")+" (default: by the file's name)")
	complete(c, "iocs-format", known...)
}

// check checks the flags before an image is read. A file that exists is refused: it
// could be the image.
func (i *indicators) check() error {
	known := report.Names(report.IndicatorFormats())
	if i.name == "" {
		if i.format != "" {
			return usageError{errors.New("--iocs-format without --iocs")}
		}
		return nil
	}
	if i.format == "" {
		f, _ := report.FormatOf(i.name)
		i.format = f.Name
	}
	if !slices.Contains(known, i.format) {
		return usageError{fmt.Errorf("--iocs: no format for %s; give --iocs-format: %s", i.name, strings.Join(known, ", "))}
	}
	if err := output.CheckFile(i.name); err != nil {
		return fmt.Errorf("--iocs: %w", err)
	}
	return nil
}

// write writes the file, complete or not at all.
func (i *indicators) write(a *app, an *forensics.Analysis) error {
	if i.name == "" {
		return nil
	}
	f, err := output.NewFile(i.name)
	if err == nil {
		a.onAbandon(f.Remove)
		defer f.Remove()
		if err = report.Write(f, i.format, &an.Analysis, report.Options{}); err == nil {
			err = f.Commit()
		}
	}
	if err != nil {
		return fmt.Errorf("--iocs: %w", err)
	}
	return nil
}
