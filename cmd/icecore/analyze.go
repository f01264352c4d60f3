package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/detect"
	"icecore/forensics/report"
)

// analysisFlags are those of all commands that look into files.
func (a *app) analysisFlags(c *cobra.Command, o *forensics.Options) {
	f := c.Flags()
	f.StringArrayVar(&o.Rules, "rules", nil, "YARA rules of your own: a file, or a folder of *.yar (repeatable)")
	f.BoolVar(&o.NoBuiltin, "no-builtin-rules", false, "without icecore's own YARA rules")
	f.Int64Var(&o.MaxFile, "max-file-size", forensics.DefaultMaxFile, "bytes of the largest file that is read; larger ones are told in the coverage")
	f.DurationVar(&o.ScanTimeout, "scan-timeout", forensics.DefaultScanTimeout, "longest time that YARA may take for one file")
	f.BoolVar(&o.NoDeleted, "no-deleted", false, "leave deleted files out")
}

func (a *app) complete(o *forensics.Options, p *progress) {
	o.OpenOptions = a.openOptions()
	o.Volume, o.Jobs, o.Progress = a.volume, a.jobs, p.show
}

func (a *app) analyzeCmd() *cobra.Command {
	var (
		o      forensics.Options
		failOn string
		every  bool
	)
	c := &cobra.Command{
		Use:   "analyze IMAGE",
		Short: "The main job: verdict, findings, story",
		Long: `Reads all volumes of an image and tells whether the server was compromised, since
when, by what, and with what proof.`,
		Example: `  icecore analyze snapshot.qcow2
  icecore analyze --format json snapshot.raw > analysis.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var least detect.Level
			if failOn != "" {
				var err error
				if least, err = detect.ParseLevel(failOn); err != nil {
					return usageError{fmt.Errorf("--fail-on: %w", err)}
				}
			}
			p := a.newProgress()
			a.complete(&o, p)
			an, err := forensics.Analyze(cmd.Context(), args[0], o)
			p.done()
			if err != nil {
				return err
			}
			w := &errWriter{w: a.out}
			if a.format == "json" {
				err = report.JSON(w, an)
			} else {
				err = report.Terminal(w, an, report.Options{Width: a.columns(), Color: a.color(), All: every})
			}
			if err == nil {
				err = w.err
			}
			if err != nil {
				return err
			}
			for i := range an.AllFindings {
				if least > detect.None && an.AllFindings[i].Level >= least {
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
	f.StringArrayVar(&o.SigmaRules, "sigma", nil, "Sigma rules of your own: a file, or a folder of *.yml (repeatable)")
	f.StringVar(&failOn, "fail-on", "", "exit with 3 if a finding has this level or a higher one")
	f.BoolVar(&o.HashImage, "hash-image", false, "hash the files of the image, too")
	f.BoolVar(&every, "all", false, "show findings of all levels")
	return c
}
