package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"icecore/forensics"
	"icecore/forensics/report"
)

// indicatorFile is what --iocs asks for; nil: nothing.
type indicatorFile struct {
	name   string
	format report.Format
}

// newIndicatorFile checks the flags before an image is read. A file that exists is
// refused: it could be the image.
func newIndicatorFile(name, format string) (*indicatorFile, error) {
	if name == "" {
		if format != "" {
			return nil, usageError{errors.New("--iocs-format without --iocs")}
		}
		return nil, nil
	}
	how, ok := report.FormatOf(name)
	if known := report.IndicatorFormats(); format != "" {
		i := slices.Index(report.Names(known), format)
		if ok = i >= 0; ok {
			how = known[i]
		}
	}
	if !ok {
		return nil, usageError{fmt.Errorf("--iocs: no format for %s; give --iocs-format: %s", name, strings.Join(report.Names(report.IndicatorFormats()), ", "))}
	}
	switch _, err := os.Lstat(name); {
	case err == nil:
		return nil, fmt.Errorf("--iocs: %s exists", name)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--iocs: %w", err)
	}
	if d, err := os.Stat(filepath.Dir(name)); err != nil || !d.IsDir() {
		return nil, fmt.Errorf("--iocs: there is no folder %s", filepath.Dir(name))
	}
	return &indicatorFile{name, how}, nil
}

// write writes the file, whole or not at all.
func (f *indicatorFile) write(a *app, an *forensics.Analysis) (err error) {
	if f == nil {
		return nil
	}
	t, err := os.CreateTemp(filepath.Dir(f.name), ".icecore-*")
	if err != nil {
		return fmt.Errorf("--iocs: %w", err)
	}
	written := a.onAbandon(func() { _ = os.Remove(t.Name()) })
	defer func() {
		if err == nil {
			written()
		} else {
			err = fmt.Errorf("--iocs: %w", err)
		}
	}()
	err = f.format.Write(t, &an.Analysis, report.Options{})
	if err2 := t.Chmod(0o644); err == nil {
		err = err2
	}
	if err2 := t.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return err
	}
	// A link, not a rename, where there are links: what has come into being
	// meanwhile stays.
	switch err := os.Link(t.Name(), f.name); {
	case err == nil:
		return os.Remove(t.Name())
	case errors.Is(err, fs.ErrExist):
		return err
	}
	return os.Rename(t.Name(), f.name)
}
