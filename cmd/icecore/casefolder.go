package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"icecore/forensics"
	"icecore/forensics/content/engine"
	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/report"
	"icecore/forensics/timeline"
)

// caseFolder is a folder that is made whole or not at all: its files are written to a
// folder of another name, which gets the name asked for at the end. If the folder is
// there already, empty, it may be a mount point, or stand in a folder where nothing
// can be made: then the other one is made in it, and its files are moved up.
type caseFolder struct {
	dir   string // as asked for
	temp  string
	there bool // dir existed
	keep  func()

	mu     sync.Mutex
	closed bool
	sums   [][2]string // name and SHA-256 of each file written

	started time.Time
	log     *slog.Logger
	logText *strings.Builder

	timeline timeline.Timeline
	body     *timeline.Body // nil once it failed
	bodyFile *caseFile
	root     *forensics.Volume

	lost   []lostFile
	before func(name string) // called before each file is written, for tests
}

// lostFile is a file that its writer could not write for a fault of its own.
type lostFile struct {
	name string
	err  error
}

// newCase prepares a case folder. One that exists and holds anything is refused.
func (a *app) newCase(dir string) (*caseFolder, error) {
	dir = filepath.Clean(dir)
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return nil, fmt.Errorf("%s: is not empty: a case folder is never written over another", dir)
	case err == nil:
	case errors.Is(err, os.ErrNotExist):
		if _, lerr := os.Lstat(dir); lerr == nil {
			return nil, fmt.Errorf("%s: is a link to a place that does not exist", dir)
		}
	default:
		if st, serr := os.Stat(dir); serr == nil && !st.IsDir() {
			return nil, fmt.Errorf("%s: exists and is not a folder", dir)
		}
		return nil, plainPath(err)
	}
	abs, aerr := filepath.Abs(dir)
	if aerr != nil {
		return nil, aerr
	}
	there, in := err == nil, abs
	if !there {
		in = filepath.Dir(abs)
	}
	temp, err := os.MkdirTemp(in, "."+filepath.Base(abs)+".unfinished-")
	if err != nil {
		return nil, plainPath(err)
	}
	c := &caseFolder{dir: dir, temp: temp, there: there, started: time.Now(), logText: &strings.Builder{}}
	c.log = slog.New(slog.NewTextHandler(c.logText, nil))
	c.keep = a.onAbandon(c.remove)
	return c, nil
}

// plainPath turns "open x: permission denied" into "x: permission denied".
func plainPath(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

// remove takes what is there of the folder away.
func (c *caseFolder) remove() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	_ = os.RemoveAll(c.temp)
}

var errClosed = errors.New("the case folder was abandoned")

// caseFile is a file of a case folder that is being written.
type caseFile struct {
	*bufio.Writer
	c    *caseFolder
	name string
	f    *os.File
	sum  hash.Hash
}

func (c *caseFolder) create(name string) (*caseFile, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	f, err := os.OpenFile(filepath.Join(c.temp, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, plainPath(err)
	}
	sum := sha256.New()
	return &caseFile{bufio.NewWriterSize(io.MultiWriter(f, sum), 256<<10), c, name, f, sum}, nil
}

// finish writes what is left and closes the file.
func (f *caseFile) finish() error {
	err := f.Flush()
	if err == nil {
		err = f.f.Sync()
	}
	if cerr := f.f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return plainPath(err)
	}
	f.c.sums = append(f.c.sums, [2]string{f.name, hex.EncodeToString(f.sum.Sum(nil))})
	return nil
}

// drop closes a file that is not whole and takes it away.
func (f *caseFile) drop() {
	f.f.Close()
	_ = os.Remove(f.f.Name())
}

// attempt runs a part of the writing of a file. A panic of it is kept in lost, and is no
// error: it costs that file, and the others are written. ok says that it did not happen.
func (c *caseFolder) attempt(name string, fn func() error) (ok bool, err error) {
	err = guard.Do("writing "+name, fn)
	var panicked *guard.PanicError
	if errors.As(err, &panicked) {
		c.lost = append(c.lost, lostFile{name, err})
		return false, nil
	}
	return err == nil, err
}

// write makes a file with what fn writes.
func (c *caseFolder) write(name string, fn func(io.Writer) error) error {
	f, err := c.create(name)
	if err != nil {
		return err
	}
	ok, err := c.attempt(name, func() error {
		if c.before != nil {
			c.before(name)
		}
		return fn(f)
	})
	if !ok {
		f.drop()
		return err
	}
	return f.finish()
}

// begin notes what is run on what, and opens the bodyfile.
func (c *caseFolder) begin(img *forensics.Image, args []string) error {
	c.log.Info("run", "program", "icecore", "version", forensics.Version, "yara", engine.Backend, "go", runtime.Version(), "arguments", args, "started", c.started.UTC().Format(time.RFC3339))
	if wd, err := os.Getwd(); err == nil {
		c.log.Info("folder", "path", wd)
	}
	for _, f := range img.Disk.Files() {
		c.log.Info("file of the image", "path", f.Path, "bytes", f.Size, "role", f.Role)
	}
	var err error
	if c.root, err = img.Volume(""); err != nil {
		return err
	}
	if c.bodyFile, err = c.create("bodyfile"); err != nil {
		return err
	}
	c.body = timeline.NewBody(c.bodyFile)
	return nil
}

// entry takes a file of the walk into the timelines.
func (c *caseFolder) entry(v *forensics.Volume, e *filesystem.Entry) error {
	c.timeline.AddFile(v.ID, e)
	if c.body == nil {
		return nil
	}
	c.body.Prefix = ""
	if v != c.root {
		c.body.Prefix = "[" + v.ID + "]"
	}
	ok, err := c.attempt("bodyfile", func() error {
		if c.before != nil {
			c.before("bodyfile")
		}
		return c.body.Entry(e)
	})
	if !ok && err == nil {
		c.body = nil
		c.bodyFile.drop()
	}
	return err
}

// finish writes all files and gives the folder its name.
func (c *caseFolder) finish(ctx context.Context, img *forensics.Image, a *forensics.Analysis, volume string, args []string) error {
	if c.body != nil {
		if err := c.body.Flush(); err != nil {
			return plainPath(err)
		}
		if err := c.bodyFile.finish(); err != nil {
			return err
		}
	}
	if _, err := c.attempt("timelines", func() error {
		c.timeline.AddRecords(a.Records, a.Findings)
		return nil
	}); err != nil {
		return err
	}
	if err := addHistory(ctx, img, volume, &c.timeline); err != nil {
		if ctx.Err() != nil {
			return err
		}
		c.log.Warn("history of the journal", "error", err)
	}
	events, err := c.timelines(ctx, a)
	if err != nil {
		return err
	}
	page := report.Options{Made: c.started.UTC().Format(time.RFC3339), Command: strings.Join(append([]string{"icecore"}, args...), " ")}
	if err := c.write("report.html", func(w io.Writer) error { return report.HTML(w, &a.Analysis, page) }); err != nil {
		return err
	}
	// The analysis comes last: its coverage names the files that could not be written.
	c.tellLost(a)
	if err := c.write("analysis.json", func(w io.Writer) error { return report.JSON(w, &a.Analysis) }); err != nil {
		return err
	}
	c.tellLost(a)
	c.told(a, events)
	if err := c.write("icecore.log", func(w io.Writer) error { _, err := io.WriteString(w, c.logText.String()); return err }); err != nil {
		return err
	}
	c.tellLost(a)
	return c.rename(ctx)
}

// tellLost adds to the coverage which files could not be written.
func (c *caseFolder) tellLost(a *forensics.Analysis) {
	for _, l := range c.lost {
		a.NotWritten(l.name, l.err)
	}
	c.lost = nil
}

// timelineFile is a timeline that is being written; f is nil once its writer failed.
type timelineFile struct {
	f *caseFile
	w timeline.Writer
}

// timelines writes both timelines, and gives the number of events.
func (c *caseFolder) timelines(ctx context.Context, a *forensics.Analysis) (events int, err error) {
	var files []*timelineFile
	all := func(fn func(*timelineFile) error) error {
		for _, t := range files {
			if t.f == nil {
				continue
			}
			ok, err := c.attempt(t.f.name, func() error { return fn(t) })
			if err != nil {
				return err
			}
			if !ok {
				t.f.drop()
				t.f = nil
			}
		}
		return nil
	}
	for _, format := range []string{"jsonl", "csv"} {
		f, err := c.create("timeline." + format)
		if err != nil {
			return 0, err
		}
		t := &timelineFile{f: f}
		if t.w, err = timeline.NewWriter(format, f, a.System().Hostname); err != nil {
			return 0, err
		}
		files = append(files, t)
	}
	if err := all(func(t *timelineFile) error {
		if c.before != nil {
			c.before(t.f.name)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	if err := c.timeline.Each(ctx, timeline.Range{}, func(e *timeline.Event) error {
		events++
		return all(func(t *timelineFile) error { return t.w.Event(e) })
	}); err != nil {
		return 0, err
	}
	if err := all(func(t *timelineFile) error { return t.w.Flush() }); err != nil {
		return 0, err
	}
	for _, t := range files {
		if t.f == nil {
			continue
		}
		if err := t.f.finish(); err != nil {
			return 0, err
		}
	}
	return events, nil
}

// told completes the log with what the analysis found.
func (c *caseFolder) told(a *forensics.Analysis, events int) {
	for _, f := range a.Image.Files {
		if f.SHA256 != "" {
			c.log.Info("hash of a file of the image", "path", f.Path, "sha256", f.SHA256)
		}
	}
	if len(a.Image.Files) > 0 && a.Image.Files[0].SHA256 == "" {
		c.log.Info("the files of the image were not hashed; --hash-image does it")
	}
	c.log.Info("rules", "yara_sha256", a.Tool.Rules.YARA, "sigma_sha256", a.Tool.Rules.Sigma)
	for _, v := range a.Volumes {
		args := []any{"id", v.ID, "offset", v.Offset, "bytes", v.Size, "content", v.Filesystem, "uuid", v.UUID, "files", v.Files}
		if v.Reason != "" {
			args = append(args, "not_read", v.Reason)
		}
		if v.Journal != nil {
			args = append(args, "journal_replayed", v.Journal.Replayed, "transactions", v.Journal.Transactions)
		}
		c.log.Info("volume", args...)
	}
	c.log.Info("verdict", "state", a.Verdict.State, "since", a.Verdict.Since.Time, "findings", len(a.Findings), "records", len(a.Records), "events", events)
	c.log.Info("coverage", "files", a.Coverage.Files, "bytes_scanned", a.Coverage.BytesScanned, "not_read", len(a.Coverage.Gaps))
	for i := range a.Coverage.Gaps {
		g := a.Coverage.Gaps[i].Escaped()
		c.log.Warn("not read", "what", g.WhatText, "why", g.WhyText)
	}
	for _, s := range c.sums {
		c.log.Info("written", "file", s[0], "sha256", s[1])
	}
	c.log.Info("done", "seconds", int(time.Since(c.started).Seconds()))
}

// rename gives the folder the name asked for.
func (c *caseFolder) rename(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !c.there {
		// rename(2) takes the place of an empty folder, and of nothing else.
		if err := os.Rename(c.temp, c.dir); err != nil {
			return fmt.Errorf("%s: %w", c.dir, errors.Unwrap(err))
		}
	} else if err := c.moveUp(); err != nil {
		return err
	}
	c.closed = true
	c.keep()
	return nil
}

// moveUp moves the files into the folder that was there, all of them or none.
func (c *caseFolder) moveUp() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return plainPath(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(c.temp) {
		return fmt.Errorf("%s: something else was written to it meanwhile", c.dir)
	}
	for i, s := range c.sums {
		if err := os.Rename(filepath.Join(c.temp, s[0]), filepath.Join(c.dir, s[0])); err != nil {
			for _, moved := range c.sums[:i] {
				_ = os.Remove(filepath.Join(c.dir, moved[0]))
			}
			return fmt.Errorf("%s: %w", filepath.Join(c.dir, s[0]), errors.Unwrap(err))
		}
	}
	_ = os.Remove(c.temp)
	return nil
}
