// Package casedir makes the case directory of an analysis: the page to read and print,
// the analysis itself, the timelines, and a log of what was run, on what, with which
// rules, when.
//
// It is complete or it is not there (package output). A writer that panics costs its
// file alone: the others are written, and the coverage and the log say which is missing.
// What is on a disk that cannot be written to, or is full, costs the directory and never
// the analysis.
//
// To add a file, add its writer and one line to [files].
package casedir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/message"
	"icecore/forensics/model"
	"icecore/forensics/report"
	"icecore/forensics/report/output"
	"icecore/forensics/text"
	"icecore/forensics/timeline"
)

// Case is a case directory that is being made. Call Remove when done.
type Case struct {
	dir      *output.Dir
	img      *host.Image
	args     []string
	started  time.Time
	log      runLog
	files    []file
	timeline timeline.Timeline
	events   int // in the timeline

	body     *timeline.Bodyfile
	bodyFile *output.DirFile
	bodyErr  error // the first error of the bodyfile, which ends it

	failed []error // of the files that are missing, because their writers panicked
}

// file is a file of a case directory: what writes it of the analysis, or of the events
// of the timeline.
type file struct {
	name   string
	write  func(context.Context, *Case, *model.Analysis, io.Writer) error
	events func(w io.Writer, host string) (timeline.Writer, error)
}

// files lists what is written after the analysis, in this order. The bodyfile is written
// on the way, the log at the end.
func files() []file {
	return []file{
		{name: "timeline.jsonl", events: eventsIn("jsonl")},
		{name: "timeline.csv", events: eventsIn("csv")},
		{name: "report.html", write: page},
		{name: "analysis.json", write: analysis}, // says what of the others is missing
	}
}

func eventsIn(format string) func(io.Writer, string) (timeline.Writer, error) {
	return func(w io.Writer, host string) (timeline.Writer, error) { return timeline.NewWriter(format, w, host) }
}

func analysis(_ context.Context, _ *Case, a *model.Analysis, w io.Writer) error {
	return report.JSON(w, a)
}

func page(_ context.Context, c *Case, a *model.Analysis, w io.Writer) error {
	return report.HTML(w, a, report.Options{
		Made:    c.started.UTC().Format(time.RFC3339),
		Command: strings.Join(append([]string{"icecore"}, c.args...), " "),
	})
}

// New begins a case directory: call Begin, Entry for each file of the walk, and Finish.
// args is the command line that asked for it. Its errors are those of [output.NewDir].
func New(path string, args []string) (*Case, error) {
	dir, err := output.NewDir(path)
	if err != nil {
		return nil, err
	}
	return &Case{dir: dir, args: args, started: time.Now(), log: newLog(), files: files()}, nil
}

// Remove takes away what is there of a directory that did not become complete. It may be
// called from another goroutine, and ends the writing.
func (c *Case) Remove() { c.dir.Remove() }

// Begin notes what is analysed, before it is.
func (c *Case) Begin(img *host.Image) {
	c.img = img
	c.log.begin(img, c.args, c.started)
	if c.bodyFile, c.bodyErr = c.dir.Create("bodyfile"); c.bodyErr == nil {
		c.body = timeline.NewBodyfile(c.bodyFile, img)
	}
}

// Entry takes a file of the walk into the timelines. A disk that is full does not end the
// analysis: the error is kept, and none is given.
func (c *Case) Entry(v *host.Volume, e *filesystem.Entry) error {
	c.timeline.AddFile(v.ID, e)
	if c.bodyErr == nil {
		c.bodyErr = c.bodyEntry(v, e)
	}
	return nil
}

func (c *Case) bodyEntry(v *host.Volume, e *filesystem.Entry) (err error) {
	defer guard.Recover("writing bodyfile", &err)
	return c.body.Entry(v, e)
}

// Finish writes all files and gives the directory its name. volume is the only one that
// was analysed, empty for all of them. The coverage of the analysis gets a gap for each
// file whose writer panicked; such are also errors, behind which the directory is there.
func (c *Case) Finish(ctx context.Context, a *model.Analysis, volume string) error {
	if c.bodyErr == nil {
		c.bodyErr = guard.Do("writing bodyfile", c.body.Flush)
	}
	if err := c.end(c.bodyFile, "bodyfile", a, c.bodyErr); err != nil {
		return err
	}
	if err := guard.Do("assembling the timeline", func() error {
		c.timeline.AddRecords(a.Records, a.Findings)
		return nil
	}); err != nil {
		c.missing("records and findings of the timelines", a, err)
	}
	if err := c.timeline.AddHistory(ctx, c.img, volume); err != nil {
		if ctx.Err() != nil {
			return err
		}
		c.log.Warn("history", "error", err)
	}
	if err := c.timelines(ctx, a); err != nil {
		return err
	}
	for _, f := range c.files {
		if f.write == nil {
			continue
		}
		w, err := c.dir.Create(f.name)
		if err != nil {
			return err
		}
		err = guard.Do("writing "+f.name, func() error { return f.write(ctx, c, a, w) })
		if err := c.end(w, f.name, a, err); err != nil {
			return err
		}
	}
	c.log.end(a, c.dir.Files(), c.events, c.started)
	w, err := c.dir.Create("icecore.log")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, c.log.text.String())
	if err := c.end(w, "icecore.log", a, err); err != nil {
		return err
	}
	if err := c.dir.Commit(ctx); err != nil {
		return err
	}
	return errors.Join(c.failed...)
}

// end ends a file that was written with err. A panic costs the file, which becomes a gap
// of the coverage; any other error the directory.
func (c *Case) end(f *output.DirFile, name string, a *model.Analysis, err error) error {
	var p *guard.PanicError
	switch {
	case errors.As(err, &p):
		f.Drop()
		c.missing(name, a, err)
		return nil
	case err != nil:
		if f != nil {
			err = f.Named(err)
			f.Drop()
		}
		return err
	}
	return f.Finish()
}

// missing notes that a file is not there because of a fault of its writer.
func (c *Case) missing(name string, a *model.Analysis, err error) {
	g := []model.Gap{{
		Subject: model.SubjectAnalysis, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.report", "name", name),
		Why: model.Msg("why.error", "error", text.Raw(err.Error())), Weight: model.Partial,
	}}
	message.English().CompleteGaps(g)
	a.Coverage.Gaps = append(a.Coverage.Gaps, g...)
	c.failed = append(c.failed, fmt.Errorf("%s: %s is missing: %w", c.dir.Path(), name, err))
	var stack []byte
	if p := new(guard.PanicError); errors.As(err, &p) {
		stack = p.Stack
	}
	c.log.Error("not written", "file", name, "error", err, "stack", string(stack))
}

// sink is a file to which events are written.
type sink struct {
	name string
	file *output.DirFile
	timeline.Writer
	err error
}

func (s *sink) event(e *timeline.Event) (err error) {
	defer guard.Recover("writing "+s.name, &err)
	return s.Event(e)
}

// timelines writes all timelines at once, and picks the lines for the page.
func (c *Case) timelines(ctx context.Context, a *model.Analysis) error {
	var sinks []*sink
	for _, f := range c.files {
		if f.events == nil {
			continue
		}
		w, err := c.dir.Create(f.name)
		if err != nil {
			return err
		}
		s := &sink{name: f.name, file: w}
		s.err = guard.Do("writing "+f.name, func() (err error) {
			s.Writer, err = f.events(w, a.System().Hostname)
			return err
		})
		sinks = append(sinks, s)
	}
	err := c.timeline.Each(ctx, timeline.Range{}, func(e *timeline.Event) error {
		for _, s := range sinks {
			if s.err == nil {
				s.err = s.event(e)
			}
		}
		c.events++
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range sinks {
		if s.err == nil {
			s.err = guard.Do("writing "+s.name, s.Flush)
		}
		if err := c.end(s.file, s.name, a, s.err); err != nil {
			return err
		}
	}
	return nil
}
