package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
)

func (a *app) scanCmd() *cobra.Command {
	o := forensics.Options{Scan: forensics.ScanOptions{YARAOnly: true}}
	profile := false
	c := &cobra.Command{
		Use:   "scan IMAGE",
		Short: "YARA alone, over the files of an image",
		Long: `Runs YARA rules over the files of all volumes, orphan and deleted ones too, and
nothing else: icecore's own rules, and those of --rules. Content that occurs several
times is scanned once. What could not be read is listed on stderr. The exit code is 4 if
what decides was not read: no root filesystem, a cut image.

With --format lines it prints what yara(1) prints: rule and path.`,
		Example: `  icecore scan snapshot.raw
  icecore scan --no-builtin-rules --rules my-rules/ --format lines snapshot.raw`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			p := a.newProgress()
			defer p.done()
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
			case "lines":
				err = report.MatchLines(w, &an.Analysis)
				a.notRead(an.Verdict.NotRead)
			default:
				err = report.Matches(w, &an.Analysis, a.columns())
				a.notRead(an.Coverage.Gaps)
			}
			return cmp.Or(err, w.err, decided(an))
		},
	}
	a.imageFlags(c, "table", "json", "lines")
	a.analysisFlags(c, &o)
	c.Flags().BoolVar(&profile, "profile", false,
		"do not scan: measure what each rule costs on a sample of the image's files")
	return c
}

// notRead notes what was not read on stderr.
func (a *app) notRead(gaps []forensics.Gap) {
	for i := range gaps {
		g := gaps[i].Escaped()
		a.note("not read: %s: %s", g.WhatText, g.WhyText)
	}
}

// profileRules prints what each YARA rule costs on the content of an image.
func (a *app) profileRules(ctx context.Context, image string, o forensics.Options, p *progress) error {
	prof, err := forensics.ProfileRules(ctx, image, o)
	p.done()
	if err != nil {
		return err
	}
	w := &errWriter{w: a.out}
	if a.format == "json" {
		err = report.AsJSON(w, prof)
	} else {
		err = report.RuleCosts(w, prof, a.columns())
	}
	return cmp.Or(err, w.err)
}
