package forensics

import (
	"context"
	"errors"
	"io"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/timeline"
)

// TimelineOptions say what a timeline holds and how it is written.
type TimelineOptions struct {
	Options
	Format string // one of TimelineFormats; empty: the first
	// FilesOnly leaves records and findings out: no file is looked into.
	FilesOnly bool
	// From and To bound the events, To excluded; a zero time does not. A bodyfile has no
	// such bounds.
	From, To time.Time
}

// TimelineStats say what a timeline came to.
type TimelineStats struct {
	Events  int
	Dropped int   // events for which there was no room
	History error // what the journals tell of the past could not be read, or not wholly
}

// TimelineFormats lists what [WriteTimeline] writes: jsonl, csv, bodyfile.
func TimelineFormats() []string { return timeline.Formats }

// WriteTimeline writes what happened on an image's volumes, in order. A bodyfile is
// always of the files alone, in the order of the disk.
func WriteTimeline(ctx context.Context, w io.Writer, img *Image, o TimelineOptions) (TimelineStats, error) {
	if o.Format == "bodyfile" {
		if !o.From.IsZero() || !o.To.IsZero() {
			return TimelineStats{}, errors.New("a bodyfile holds all times of a file: it cannot be bounded by time")
		}
		b := timeline.NewBodyfile(w, img)
		err := img.EachFile(ctx, o.Scan.Volume, filesystem.WalkOptions{
			Targets: true, Orphans: true,
			Deleted: !o.Scan.NoDeleted, Reuse: true,
		}, b.Entry)
		return TimelineStats{Events: b.Files}, errors.Join(err, b.Flush())
	}
	var t timeline.Timeline
	add := func(v *Volume, e *filesystem.Entry) error {
		t.AddFile(v.ID, e)
		return nil
	}
	var name string
	if o.FilesOnly {
		o.progress(Progress{Phase: "reading directories"})
		if err := img.EachFile(ctx, o.Scan.Volume, filesystem.WalkOptions{
			Targets: true, Orphans: true,
			Deleted: !o.Scan.NoDeleted,
		}, add); err != nil {
			return TimelineStats{}, err
		}
		if hosts, err := host.Find(ctx, img, img.Glance()); err == nil {
			name = hosts.List[0].System.Hostname
		}
	} else {
		o.Output.Entries = add
		a, err := AnalyzeImage(ctx, img, o.Options)
		if err != nil {
			return TimelineStats{}, err
		}
		t.AddRecords(a.Records, a.Findings)
		name = a.System().Hostname
	}
	o.progress(Progress{Phase: "sorting"})
	var s TimelineStats
	s.History = t.AddHistory(ctx, img, o.Scan.Volume)
	if err := ctx.Err(); err != nil {
		return s, err
	}
	n, err := writeEvents(ctx, w, &t, o.Format, name, timeline.Range{From: o.From, To: o.To})
	s.Events, s.Dropped = n, t.Dropped()
	return s, err
}

func writeEvents(ctx context.Context, w io.Writer, t *timeline.Timeline, format, host string, r timeline.Range) (int,
	error,
) {
	if format == "" {
		format = timeline.Formats[0]
	}
	out, err := timeline.NewWriter(format, w, host)
	if err != nil {
		return 0, err
	}
	n := 0
	if err := t.Each(ctx, r, func(e *timeline.Event) error { n++; return out.Event(e) }); err != nil {
		return n, err
	}
	return n, out.Flush()
}
