package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/filesystem"
	"icecore/forensics/timeline"
)

func (a *app) timelineCmd() *cobra.Command {
	var (
		o                  forensics.Options
		filesOnly, deleted bool
		from, to           string
	)
	c := &cobra.Command{
		Use:   "timeline IMAGE",
		Short: "The timeline alone, in formats that other tools import",
		Long: `Writes all that happened, in order: the times of every file (modified, accessed,
changed, created, deleted), what records of logs, units, crontabs and the like tell,
the findings, and what the journal tells of how files changed. Files deleted while a
program held them open (orphans), and deleted files, are among them.

  jsonl     one JSON object a line, for Timesketch
  csv       the same as a table; no cell is a formula
  bodyfile  the times of files alone, for mactime of The Sleuth Kit; in the order of
            the disk. Names of volumes other than the root filesystem begin with [ID].

--files-only leaves records and findings out: no file is looked into, which takes a
moment instead of minutes. It holds the files that the system showed, and orphans;
--deleted adds those deleted files of which an older copy of the inode is still in
the journal.`,
		Example: `  icecore timeline snapshot.raw > timeline.jsonl
  icecore timeline --files-only --deleted --format bodyfile snapshot.raw | mactime -b - -d
  icecore timeline --format csv --from 2026-03-01 --to 2026-03-04T12:00:00Z snapshot.raw`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			var r timeline.Range
			var err error
			if r.From, err = parseTime("--from", from); err != nil {
				return err
			}
			if r.To, err = parseTime("--to", to); err != nil {
				return err
			}
			if deleted && o.Scan.NoDeleted {
				return usageError{fmt.Errorf("--deleted and --no-deleted exclude each other")}
			}
			if filesOnly || a.format == "bodyfile" {
				o.Scan.NoDeleted = !deleted
			}
			if a.format == "bodyfile" {
				if from != "" || to != "" {
					return usageError{fmt.Errorf("a bodyfile holds all times of a file: give --from and --to to mactime")}
				}
				return a.bodyfile(cmd.Context(), args[0], o.Scan.NoDeleted)
			}
			return a.events(cmd.Context(), args[0], &o, filesOnly, r)
		},
	}
	a.imageFlags(c, timeline.Formats...)
	a.analysisFlags(c, &o)
	f := c.Flags()
	f.Lookup("volume").Usage = "only this volume: its id (p1), number, UUID or label (default: all)"
	f.StringArrayVar(&o.Rules.Sigma, "sigma", nil, "Sigma rules of your own: a file, or a folder of *.yml (repeatable)")
	f.BoolVar(&filesOnly, "files-only", false, "the times of files alone, without looking into any")
	f.BoolVar(&deleted, "deleted", false, "with --files-only or a bodyfile: deleted files, too")
	f.StringVar(&from, "from", "", "no event before this time: 2026-03-01, or 2026-03-01T12:00:00Z (UTC)")
	f.StringVar(&to, "to", "", "no event at or after this time")
	return c
}

// parseTime reads a time as a person writes it; without a zone it is UTC.
func parseTime(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usageError{fmt.Errorf("%s %q: want a time like 2026-03-01 or 2026-03-01T12:00:00Z", flag, s)}
}

// bodyfile streams the times of files.
func (a *app) bodyfile(ctx context.Context, name string, noDeleted bool) error {
	img, err := forensics.Open(ctx, name, a.openOptions())
	if err != nil {
		return err
	}
	defer img.Close()
	b := timeline.NewBody(a.out)
	var root *forensics.Volume
	err = img.EachFile(ctx, a.volume, filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: !noDeleted, Reuse: true}, func(v *forensics.Volume, e *filesystem.Entry) error {
		if root == nil {
			root = v
		}
		b.Prefix = ""
		if v != root {
			b.Prefix = "[" + v.ID + "]"
		}
		return b.Entry(e)
	})
	if err != nil {
		return err
	}
	a.toldProblems(img)
	return b.Flush()
}

// events writes a timeline that has an order.
func (a *app) events(ctx context.Context, name string, o *forensics.Options, filesOnly bool, r timeline.Range) error {
	var t timeline.Timeline
	host := ""
	p := a.newProgress()
	defer p.done()
	a.complete(o, p)
	img, err := forensics.Open(ctx, name, o.Open)
	if err != nil {
		return err
	}
	defer img.Close()
	if filesOnly {
		p.show(forensics.Progress{Phase: "reading folders"})
		err = img.EachFile(ctx, a.volume, filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: !o.Scan.NoDeleted}, func(v *forensics.Volume, e *filesystem.Entry) error {
			t.AddFile(v.ID, e)
			return nil
		})
		if err == nil {
			host = plainText(img.Hostname())
		}
	} else {
		o.Output.Entries = func(v *forensics.Volume, e *filesystem.Entry) error {
			t.AddFile(v.ID, e)
			return nil
		}
		var an *forensics.Analysis
		if an, err = forensics.AnalyzeImage(ctx, img, *o); err == nil {
			t.AddRecords(an.Records, an.Findings)
			host = an.System().Hostname
		}
	}
	if err != nil {
		return err
	}
	p.show(forensics.Progress{Phase: "sorting"})
	if err := addHistory(ctx, img, a.volume, &t); err != nil {
		a.note("%s", oneLine(err))
	}
	p.done()
	w, err := timeline.NewWriter(a.format, a.out, host)
	if err != nil {
		return err
	}
	n := 0
	if err := t.Each(ctx, r, func(e *timeline.Event) error { n++; return w.Event(e) }); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case n == 0 && (!r.From.IsZero() || !r.To.IsZero()):
		a.note("no event lies in this range of time")
	case n == 0:
		a.note("no file and no record has a time")
	}
	if d := t.Dropped(); d > 0 {
		a.note("%d events were left out: too many", d)
	}
	a.toldProblems(img)
	return nil
}

// toldProblems says on stderr how much of an image was not as it should be.
func (a *app) toldProblems(img *forensics.Image) {
	for _, v := range img.Volumes {
		switch {
		case v.FS != nil:
			a.problems(v)
		case v.Reason != "" && !strings.HasPrefix(v.Reason, "holds boot code") && !a.quiet:
			a.note("volume %s: %s", v.ID, oneLine(fmt.Errorf("%s", v.Reason)))
		}
	}
}

// addHistory adds to a timeline what the journals tell of how files changed.
func addHistory(ctx context.Context, img *forensics.Image, volume string, t *timeline.Timeline) error {
	return img.EachChange(ctx, volume, func(v *forensics.Volume, c *filesystem.Change) error {
		t.AddChange(v.ID, c)
		return nil
	})
}
