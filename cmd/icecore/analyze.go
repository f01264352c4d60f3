package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
	"icecore/forensics/report/casedir"
	"icecore/forensics/report/output"
	"icecore/forensics/text"
)

func (a *app) analyzeCmd() *cobra.Command {
	var (
		o      forensics.Options
		failOn string
		dir    string
		every  bool
		iocs   indicators
	)
	c := &cobra.Command{
		Use:   "analyze IMAGE...",
		Short: "The main job: verdict, findings, attack timeline",
		Long: `Reads all volumes of an image and reports whether the server was compromised, since
when, by what, and with what proof. The image is opened for reading only, and nothing
is written beside it. Several images are the disks of one server: what its fstab(5)
names is found on all of them.

With -o it also writes a case directory: report.html (one page, to read and print),
analysis.json, timeline.jsonl, timeline.csv, bodyfile and icecore.log (what was run,
on what, with which rules, when). The directory appears when it is complete, or not
at all; one that exists and is not empty is refused. 'icecore report' shows its
analysis.json again in any format.

With --iocs FILE it also writes the indicators to look for on other hosts (hashes,
paths, pools, wallets, addresses, domains, URLs, key fingerprints) as CSV, as a MISP
event or as a STIX 2.1 bundle. The file must not exist.

With --fail-on LEVEL the exit code is 3 if a finding has that level or a higher one.
Else it is 4 if what decides was not read: no root filesystem, a cut image, a log that
was not understood. The first screen names it, and the JSON form as not_read of the
verdict.`,
		Example: `  icecore analyze snapshot.qcow2
  icecore analyze -o case-17 --hash-image snapshot.raw
  icecore analyze system.raw data.raw
  icecore analyze --format json --fail-on high snapshot.raw > analysis.json`,
		Args: someImages,
		RunE: func(cmd *cobra.Command, args []string) error {
			least, err := levelOf(failOn)
			if err != nil {
				return err
			}
			if err := iocs.check(); err != nil {
				return err
			}
			an, err := a.analyze(cmd.Context(), args, &o, dir)
			if an == nil {
				return err
			}
			// What was found is shown, and each file of it written, even if another could not
			// be written.
			err = errors.Join(err, iocs.write(a, an))
			a.ruleProblems(an.RuleWarnings)
			made := report.Options{
				All: every, Made: time.Now().UTC().Format(time.RFC3339),
				Command: strings.Join(append([]string{"icecore"}, a.args...), " "),
			}
			shown := a.show(an, made)
			if err = cmp.Or(err, shown); err != nil {
				return err
			}
			if reaches(an, least) {
				return foundError{failOn}
			}
			return decided(an)
		},
	}
	a.imageFlags(c, report.Names(report.Formats())...)
	a.analysisFlags(c, &o)
	sigmaFlag(c, &o.Rules)
	listFlags(c, &o.Rules)
	siteFlag(c, &o.Rules)
	f := c.Flags()
	f.StringVar(&failOn, "fail-on", "", "exit with 3 if a finding has this level or a higher one")
	complete(c, "fail-on", levels...)
	f.StringVarP(&dir, "output", "o", "", "write this case directory")
	f.BoolVar(&o.Output.HashImage, "hash-image", false, "hash the files of the image, too")
	f.BoolVar(&every, "all", false, "show findings of all levels")
	iocs.flags(c)
	return c
}

// levels are Sigma's words, as --fail-on takes them.
var levels = []string{"informational", "low", "medium", "high", "critical"}

// levelOf reads the level of --fail-on; empty: none.
func levelOf(s string) (forensics.Level, error) {
	if s == "" {
		return 0, nil
	}
	l, err := forensics.ParseLevel(s)
	if err != nil {
		return 0, usageError{fmt.Errorf("--fail-on: %w", err)}
	}
	return l, nil
}

// reaches says whether a finding has a level or a higher one; 0 is no level.
func reaches(an *forensics.Analysis, least forensics.Level) bool {
	for i := range an.Findings {
		if least > 0 && an.Findings[i].Level >= least {
			return true
		}
	}
	return false
}

// decided gives errUnread where what decides was not read.
func decided(an *forensics.Analysis) error {
	if an.Coverage.Decided() {
		return nil
	}
	return errUnread
}

// show writes an analysis to stdout in the format asked for.
func (a *app) show(an *forensics.Analysis, o report.Options) error {
	o.Width, o.Color = a.columns(), a.color()
	w := &errWriter{w: a.out}
	return cmp.Or(report.Write(w, a.format, &an.Analysis, o), w.err)
}

// analyze analyses the images of a server and, if a directory is named, writes the case directory. If
// only the directory cannot be written, it gives both the analysis and the error.
func (a *app) analyze(
	ctx context.Context, names []string, o *forensics.Options, dir string,
) (*forensics.Analysis, error) {
	p := a.newProgress()
	defer p.done()
	a.complete(o, p)
	p.show(forensics.Progress{Phase: "opening"})
	img, err := forensics.OpenAll(ctx, names, o.Open)
	if err != nil {
		return nil, err
	}
	defer img.Close()
	if dir == "" {
		return forensics.AnalyzeImage(ctx, img, *o)
	}
	c, unwritable := casedir.New(dir, a.args)
	switch {
	case errors.Is(unwritable, output.ErrRefused):
		return nil, unwritable
	case unwritable != nil:
		// The analysis is worth more than its copy.
		a.info("%s: no case directory will be written; the report goes to stdout", oneLine(unwritable))
		an, err := forensics.AnalyzeImage(ctx, img, *o)
		return an, cmp.Or(err, unwritable)
	}
	a.onAbandon(c.Remove)
	defer c.Remove()
	c.Begin(img)
	o.Output.Entries = c.Entry
	an, err := forensics.AnalyzeImage(ctx, img, *o)
	if err != nil {
		return nil, err
	}
	p.show(forensics.Progress{Phase: "writing " + dir})
	if err = c.Finish(ctx, &an.Analysis, o.Scan.Volume); ctx.Err() != nil {
		return nil, ctx.Err()
	}
	p.done()
	if err == nil {
		a.info("the case directory is %s", text.Escape(dir))
	}
	return an, err
}
