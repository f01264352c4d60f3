package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
)

func (a *app) reportCmd() *cobra.Command {
	every := false
	c := &cobra.Command{
		Use:   "report FILE",
		Short: "Show an analysis.json again, in any format, without the image",
		Long: `Shows an analysis that was written before: analysis.json of a case directory, or what
'icecore analyze --format json' printed. The image is not needed. - reads stdin.

` + formatsHelp(),
		Example: `  icecore report case-17/analysis.json
  icecore report --format html case-17/analysis.json > report.html
  icecore analyze --format json snapshot.raw | icecore report --format misp -`,
		Args: func(_ *cobra.Command, args []string) error {
			return wants(args, 1, "a file: analysis.json, or - for stdin")
		},
		RunE: func(_ *cobra.Command, args []string) error {
			an, err := readAnalysis(args[0])
			if err != nil {
				return err
			}
			return a.show(an, report.Options{All: every})
		},
	}
	c.Flags().BoolVar(&every, "all", false, "show findings of all levels")
	a.formatFlag(c, report.Names(report.Formats())...)
	return c
}

// formatsHelp describes the formats of an analysis, one a line.
func formatsHelp() string {
	s := ""
	for i, f := range report.Formats() {
		if i > 0 {
			s += "\n"
		}
		s += fmt.Sprintf("  %-13s %s", f.Name, f.Description)
	}
	return s
}

// readAnalysis reads an analysis from a file, or from stdin if the name is -.
func readAnalysis(name string) (*forensics.Analysis, error) {
	shown, r := "stdin", io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, errors.Unwrap(err))
		}
		defer f.Close()
		shown, r = name, f
	}
	an, err := forensics.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	return an, nil
}
