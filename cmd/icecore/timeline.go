package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"icecore/forensics"
)

func (a *app) timelineCmd() *cobra.Command {
	var (
		o        forensics.TimelineOptions
		deleted  bool
		from, to string
	)
	c := &cobra.Command{
		Use:   "timeline IMAGE",
		Short: "The timeline alone, in formats that other tools import",
		Long: `Writes all that happened, in order: the times of every file (modified, accessed,
changed, created, deleted), the records of logs, units, crontabs and the like, the
findings, and how files changed according to the journal. Files deleted while a
program held them open (orphans), and deleted files, are among them.

  jsonl     one JSON object a line, for Timesketch
  csv       the same as a table; no cell is a formula
  bodyfile  the times of files alone, for mactime of The Sleuth Kit; in the order of
            the disk. Names of volumes other than the root filesystem begin with [ID].

--files-only leaves records and findings out: no file is read, which takes a moment
instead of minutes. It holds the files that the system showed, and orphans;
--deleted adds those deleted files of which an older copy of the inode is still in
the journal.`,
		Example: `  icecore timeline snapshot.raw > timeline.jsonl
  icecore timeline --files-only --deleted --format bodyfile snapshot.raw | mactime -b - -d
  icecore timeline --format csv --from 2026-03-01 --to 2026-03-04T12:00:00Z snapshot.raw`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.From, err = parseTime("--from", from); err != nil {
				return err
			}
			if o.To, err = parseTime("--to", to); err != nil {
				return err
			}
			if deleted && o.Scan.NoDeleted {
				return usageError{errors.New("--deleted and --no-deleted exclude each other")}
			}
			o.Format = a.format
			bodyfile := o.Format == "bodyfile"
			if bodyfile && (from != "" || to != "") {
				return usageError{errors.New("a bodyfile holds all times of a file: give --from and --to to mactime")}
			}
			if o.FilesOnly || bodyfile {
				o.Scan.NoDeleted = !deleted
			}
			return a.timeline(cmd, args[0], &o)
		},
	}
	a.imageFlags(c, forensics.TimelineFormats()...)
	a.analysisFlags(c, &o.Options)
	sigmaFlag(c, &o.Rules)
	f := c.Flags()
	f.BoolVar(&o.FilesOnly, "files-only", false, "the times of files alone, without reading any")
	f.BoolVar(&deleted, "deleted", false, "with --files-only or a bodyfile: deleted files, too")
	f.StringVar(&from, "from", "", "no event before this time: 2026-03-01, or 2026-03-01T12:00:00Z (UTC)")
	f.StringVar(&to, "to", "", "no event at or after this time")
	return c
}

func (a *app) timeline(cmd *cobra.Command, name string, o *forensics.TimelineOptions) error {
	p := a.newProgress()
	defer p.done()
	a.complete(&o.Options, p)
	img, err := forensics.Open(cmd.Context(), name, o.Open)
	if err != nil {
		return err
	}
	defer img.Close()
	// The bar goes before the first line of the result.
	stats, err := forensics.WriteTimeline(cmd.Context(), before{a.out, p.done}, img, *o)
	p.done()
	if err != nil {
		return err
	}
	if stats.History != nil {
		a.note("%s", oneLine(stats.History))
	}
	switch {
	case stats.Events == 0 && (!o.From.IsZero() || !o.To.IsZero()):
		a.note("no event is in this range of time")
	case stats.Events == 0:
		a.note("no file and no record has a time")
	}
	if stats.Dropped > 0 {
		a.note("%d events were left out: too many", stats.Dropped)
	}
	a.volumeProblems(img)
	return nil
}

// parseTime reads a time as a person writes it; without a zone it is UTC.
func parseTime(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04",
		"2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usageError{fmt.Errorf("%s %q: want a time like 2026-03-01 or 2026-03-01T12:00:00Z", flag, s)}
}

// volumeProblems notes on stderr how much of an image was not as it should be.
func (a *app) volumeProblems(img *forensics.Image) {
	for _, v := range img.Volumes {
		switch {
		case v.FS != nil:
			a.problems(v)
		case v.Reason != "" && !strings.HasPrefix(v.Reason, "holds boot code"):
			a.info("volume %s: %s", v.ID, oneLine(errors.New(v.Reason)))
		}
	}
}
