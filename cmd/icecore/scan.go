package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
	"icecore/forensics/text"
)

func (a *app) scanCmd() *cobra.Command {
	o := forensics.Options{Scan: forensics.ScanOptions{YARAOnly: true}}
	profile := false
	c := &cobra.Command{
		Use:   "scan IMAGE",
		Short: "YARA alone, over the files of an image",
		Long: `Runs YARA rules over the files of all volumes, orphan and deleted ones too, and
nothing else: icecore's own rules, and those of --rules. Content that occurs several
times is looked at once. What could not be read is told on stderr.

With --format lines it prints what yara(1) prints: rule and path.`,
		Example: `  icecore scan snapshot.raw
  icecore scan --no-builtin-rules --rules my-rules/ --format lines snapshot.raw`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			p := a.newProgress()
			a.complete(&o, p)
			if profile {
				return a.profileRules(cmd.Context(), args[0], o, p)
			}
			an, err := forensics.Analyze(cmd.Context(), args[0], o)
			p.done()
			if err != nil {
				return err
			}
			a.ruleProblems(an.RuleWarnings)
			w := &errWriter{w: a.out}
			switch a.format {
			case "json":
				err = report.JSON(w, &an.Analysis)
			case "lines": // as yara(1) prints them
				for i := range an.Records {
					r := &an.Records[i]
					fmt.Fprintf(w, "%s %s\n", r.Get("rule"), text.Escape(r.Source.Path))
				}
			default:
				var rows [][]string
				for i := range an.Records {
					r := &an.Records[i]
					rows = append(rows, []string{r.Get("level"), r.Get("rule"), r.Source.Volume, r.Source.State.String(), fmt.Sprint(r.Source.Inode), r.Source.Path, r.Source.SHA256[:min(16, len(r.Source.SHA256))]})
				}
				if len(rows) == 0 {
					fmt.Fprintf(w, "No rule matched in %d files.\n", an.Coverage.Files)
				} else {
					err = report.Table(w, []string{"level", "rule", "volume", "state", "inode", "path", "sha256"}, rows, a.columns())
				}
				for i := range an.Coverage.Gaps {
					g := an.Coverage.Gaps[i].Escaped()
					fmt.Fprintf(a.err, "icecore: not read: %s: %s\n", g.WhatText, g.WhyText)
				}
			}
			if err == nil {
				err = w.err
			}
			return err
		},
	}
	a.imageFlags(c, "table", "json", "lines")
	a.analysisFlags(c, &o)
	c.Flags().BoolVar(&profile, "profile", false, "do not scan: measure what each rule costs on a sample of the image's files")
	c.Flags().Lookup("volume").Usage = "only this volume: its id (p1), number, UUID or label (default: all)"
	return c
}
