package report

import (
	"context"
	"io"

	"icecore/forensics/model"
	"icecore/forensics/timeline"
)

// events writes the timeline of an analysis in a format of package timeline: of its
// records and findings. The times of all files are not in it.
func events(format string) func(io.Writer, *model.Analysis, Options) error {
	return func(w io.Writer, a *model.Analysis, _ Options) error {
		var t timeline.Timeline
		t.AddRecords(a.Records, a.Findings)
		out, err := timeline.NewWriter(format, w, a.System().Hostname)
		if err != nil {
			return err
		}
		if err := t.Each(context.Background(), timeline.Range{}, out.Event); err != nil {
			return err
		}
		return out.Flush()
	}
}
