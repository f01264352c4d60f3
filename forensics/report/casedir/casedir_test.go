package casedir

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"icecore/fixtures"
	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/timeline"
)

// all are the files of a case directory.
var all = []string{"analysis.json", "bodyfile", "icecore.log", "report.html", "timeline.csv", "timeline.jsonl"}

// image opens the sample of a clean server.
func image(t *testing.T) *host.Image {
	t.Helper()
	if m := fixtures.Missing(); m != "" {
		t.Skip("the sample disks cannot be built: " + m)
	}
	name := filepath.Join(t.TempDir(), "clean.img")
	if err := fixtures.Build(t.Context(), fixtures.Clean, name); err != nil {
		t.Fatal(err)
	}
	img, err := host.Open(t.Context(), name, host.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { img.Close() })
	return img
}

// walk gives a case the files of an image.
func walk(t *testing.T, c *Case, img *host.Image) {
	t.Helper()
	c.Begin(img)
	if err := img.EachFile(t.Context(), "", filesystem.WalkOptions{Targets: true}, c.Entry); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func analysisOf(img *host.Image) *model.Analysis {
	return &model.Analysis{
		Schema: model.SchemaName, Image: model.Image{ID: "i1", Path: img.Path},
		Volumes: img.DescribeVolumes(), Verdict: model.Verdict{State: model.NoIndicators},
	}
}

// panicking is a writer of events that panics at the second.
type panicking struct{ n int }

func (p *panicking) Event(*timeline.Event) error {
	if p.n++; p.n == 2 {
		panic("in the writer of events")
	}
	return nil
}
func (p *panicking) Flush() error { return nil }

// TestFailingWriter: a writer that panics costs its file. All the others are complete,
// and the coverage, the log and the error say so.
func TestFailingWriter(t *testing.T) {
	img := image(t)
	for i, broken := range []string{"timeline.jsonl", "timeline.csv", "report.html", "analysis.json", "bodyfile", ""} {
		t.Run(broken, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "case")
			c, err := New(dir, []string{"analyze"})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Remove()
			switch {
			case i >= len(c.files):
			case c.files[i].events != nil:
				c.files[i].events = func(io.Writer, string) (timeline.Writer, error) { return &panicking{}, nil }
			default:
				c.files[i].write = func(_ context.Context, _ *Case, _ *model.Analysis, w io.Writer) error {
					_, _ = io.WriteString(w, "half")
					panic("in the writer")
				}
			}
			c.Begin(img)
			if broken == "bodyfile" {
				c.body = nil // the next entry panics
			}
			if err := img.EachFile(t.Context(), "", filesystem.WalkOptions{Targets: true}, c.Entry); err != nil {
				t.Fatal(err)
			}
			a := analysisOf(img)
			err = c.Finish(t.Context(), a, "")
			left := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return n == broken })
			if got := names(t, dir); !slices.Equal(got, left) {
				t.Errorf("written are %v, want %v", got, left)
			}
			if broken == "" {
				if err != nil || len(a.Coverage.Gaps) > 0 {
					t.Errorf("%v, %v", err, a.Coverage.Gaps)
				}
				return
			}
			var p *guard.PanicError
			if !errors.As(err, &p) || !strings.Contains(err.Error(),
				broken+" is missing: writing "+broken+": internal error at ") {
				t.Errorf("%v", err)
			}
			if len(a.Coverage.Gaps) != 1 || a.Coverage.Gaps[0].WhatText != "file "+broken+" of the report" ||
				!strings.Contains(a.Coverage.Gaps[0].WhyText, "internal error at ") {
				t.Errorf("the coverage: %+v", a.Coverage.Gaps)
			}
			log, err := os.ReadFile(filepath.Join(dir, "icecore.log"))
			if err != nil || !strings.Contains(string(log), `msg="not written" file=`+broken) ||
				!strings.Contains(string(log), "casedir_test.go") && broken != "bodyfile" {
				t.Errorf("the log: %s %v", log, err)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "analysis.json")); broken != "analysis.json" &&
				(err != nil || !strings.Contains(string(b), "file "+broken+" of the report")) {
				t.Errorf("analysis.json does not have it: %v", err)
			}
		})
	}
}

// full is a writer of a disk that is full.
type full struct{}

func (full) Event(*timeline.Event) error { return syscall.ENOSPC }
func (full) Flush() error                { return nil }

// TestFullDisk: a disk that is full costs the directory, at whichever file, and not the
// walk.
func TestFullDisk(t *testing.T) {
	img := image(t)
	for _, where := range []string{"bodyfile", "events", "page"} {
		top := t.TempDir()
		c, err := New(filepath.Join(top, "case"), nil)
		if err != nil {
			t.Fatal(err)
		}
		switch where {
		case "bodyfile":
			c.Begin(img)
			c.bodyErr = syscall.ENOSPC // as a flush of the buffer gives it
			if err := img.EachFile(t.Context(), "", filesystem.WalkOptions{}, c.Entry); err != nil {
				t.Errorf("the walk ends: %v", err)
			}
		case "events":
			c.files[1].events = func(io.Writer, string) (timeline.Writer, error) { return full{}, nil }
			walk(t, c, img)
		case "page":
			c.files[2].write = func(context.Context, *Case, *model.Analysis, io.Writer) error {
				return &os.PathError{Op: "write", Path: "/hidden/name", Err: syscall.ENOSPC}
			}
			walk(t, c, img)
		}
		err = c.Finish(t.Context(), analysisOf(img), "")
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), filepath.Join(top, "case")+"/") ||
			strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", where, err)
		}
		c.Remove()
		if left := names(t, top); len(left) > 0 {
			t.Errorf("%s: left behind: %v", where, left)
		}
	}
}

// TestVolumes: in the bodyfile, files of volumes other than the root filesystem have the
// volume before their names.
func TestVolumes(t *testing.T) {
	img := image(t)
	var b strings.Builder
	body := timeline.NewBodyfile(&b, img)
	for _, v := range img.Volumes {
		if err := body.Entry(v, &filesystem.Entry{Path: "/x", Inode: &filesystem.Inode{}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := body.Flush(); err != nil {
		t.Fatal(err)
	}
	root, _ := img.Root()
	for _, v := range img.Volumes {
		if want := "0|[" + v.ID + "]/x|"; strings.Contains(b.String(), want) == (v == root) {
			t.Errorf("%s: %q", v.ID, b.String())
		}
	}
	if !strings.Contains(b.String(), "0|/x|") || body.Files != len(img.Volumes) {
		t.Errorf("%d, %q", body.Files, b.String())
	}
}
