package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/detect"
	"icecore/forensics/guard"
	"icecore/forensics/model"
	"icecore/forensics/report"
	"icecore/forensics/text"
)

// analysisFlags are those of all commands that look into files.
func (a *app) analysisFlags(c *cobra.Command, o *forensics.Options) {
	f := c.Flags()
	f.StringArrayVar(&o.Rules.YARA, "rules", nil, "YARA rules of your own: a file, or a folder of *.yar (repeatable)")
	f.BoolVar(&o.Rules.NoBuiltin, "no-builtin-rules", false, "without icecore's own YARA rules")
	f.Int64Var(&o.Scan.MaxFile, "max-file-size", forensics.DefaultMaxFile, "bytes of the largest file that is read; larger ones are told in the coverage")
	f.DurationVar(&o.Scan.Timeout, "scan-timeout", forensics.DefaultScanTimeout, "longest time that YARA may take for one file")
	f.BoolVar(&o.Scan.NoDeleted, "no-deleted", false, "leave deleted files out")
}

func (a *app) complete(o *forensics.Options, p *progress) {
	o.Open = a.openOptions()
	o.Scan.Volume, o.Scan.Jobs, o.Output.Progress = a.volume, a.jobs, p.show
	o.Output.Problem = func(g model.Gap) {
		g = g.Escaped()
		a.note("%s: %s", g.WhatText, g.WhyText)
	}
}

func (a *app) analyzeCmd() *cobra.Command {
	var (
		o      forensics.Options
		failOn string
		dir    string
		every  bool

		iocFile, iocFormat string
	)
	c := &cobra.Command{
		Use:   "analyze IMAGE",
		Short: "The main job: verdict, findings, story",
		Long: `Reads all volumes of an image and tells whether the server was compromised, since
when, by what, and with what proof. The image is opened for reading only, and nothing
is written beside it.

With -o it also makes a case folder: report.html (one page, to read and print),
analysis.json, timeline.jsonl, timeline.csv, bodyfile and icecore.log (what was run,
on what, with which rules, when). The folder is made whole or not at all; one that
exists and is not empty is refused.

With --iocs FILE it also writes what to look for on other hosts (hashes, paths, pools,
wallets, addresses, domains, URLs, key fingerprints) as CSV, as a MISP event or as a
STIX 2.1 bundle. The file must not exist.

With --fail-on LEVEL the exit code is 3 if a finding has that level or a higher one.`,
		Example: `  icecore analyze snapshot.qcow2
  icecore analyze -o case-17 --hash-image snapshot.raw
  icecore analyze --format json --fail-on high snapshot.raw > analysis.json`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			var least detect.Level
			if failOn != "" {
				var err error
				if least, err = detect.ParseLevel(failOn); err != nil {
					return usageError{fmt.Errorf("--fail-on: %w", err)}
				}
			}
			iocs, err := newIndicatorFile(iocFile, iocFormat)
			if err != nil {
				return err
			}
			an, err := a.analyze(cmd.Context(), args[0], &o, dir)
			if an == nil {
				return err
			}
			if err == nil {
				err = iocs.write(a, an)
			}
			// What was found is told even if a file of it could not be written.
			a.ruleProblems(an.RuleWarnings)
			w := &errWriter{w: a.out}
			shown := guard.Do("writing the report", func() error {
				if a.format == "json" {
					return report.JSON(w, &an.Analysis)
				}
				return report.Terminal(w, &an.Analysis, report.Options{Width: a.columns(), Color: a.color(), All: every})
			})
			if err = cmp.Or(err, shown, w.err); err != nil {
				return err
			}
			for i := range an.Findings {
				if least > detect.None && an.Findings[i].Level >= least {
					return foundError{strings.ToLower(failOn)}
				}
			}
			return nil
		},
	}
	a.imageFlags(c, "table", "json")
	a.analysisFlags(c, &o)
	f := c.Flags()
	f.Lookup("volume").Usage = "only this volume: its id (p1), number, UUID or label (default: all)"
	f.StringArrayVar(&o.Rules.Sigma, "sigma", nil, "Sigma rules of your own: a file, or a folder of *.yml (repeatable)")
	f.StringVar(&failOn, "fail-on", "", "exit with 3 if a finding has this level or a higher one")
	complete(c, "fail-on", "informational", "low", "medium", "high", "critical")
	f.StringVarP(&dir, "output", "o", "", "make this case folder")
	f.BoolVar(&o.Output.HashImage, "hash-image", false, "hash the files of the image, too")
	f.StringVar(&iocFile, "iocs", "", "write the indicators to this new file: .csv, .misp.json or .stix.json")
	f.StringVar(&iocFormat, "iocs-format", "", "format of --iocs: "+strings.Join(report.Names(report.IndicatorFormats()), ", ")+" (default: by the file's name)")
	complete(c, "iocs-format", report.Names(report.IndicatorFormats())...)
	f.BoolVar(&every, "all", false, "show findings of all levels")
	return c
}

// analyze analyses an image and, if a folder is named, makes the case folder. If only
// the folder cannot be written, it gives both the analysis and the error.
func (a *app) analyze(ctx context.Context, name string, o *forensics.Options, dir string) (*forensics.Analysis, error) {
	p := a.newProgress()
	defer p.done()
	a.complete(o, p)
	p.show(forensics.Progress{Phase: "opening"})
	img, err := forensics.Open(ctx, name, o.Open)
	if err != nil {
		return nil, err
	}
	defer img.Close()
	if dir == "" {
		return forensics.AnalyzeImage(ctx, img, *o)
	}
	c, err := a.newCase(dir)
	if err != nil {
		return nil, err
	}
	if err := c.begin(img, a.args); err != nil {
		return nil, err
	}
	o.Output.Entries = c.entry
	an, err := forensics.AnalyzeImage(ctx, img, *o)
	if err != nil {
		return nil, err
	}
	p.show(forensics.Progress{Phase: "writing " + dir})
	if err := c.finish(ctx, img, an, o.Scan.Volume, a.args); err != nil {
		if ctx.Err() != nil {
			an = nil
		}
		return an, err
	}
	p.done()
	if !a.quiet {
		a.note("the case folder is %s", text.Escape(dir))
	}
	return an, nil
}
