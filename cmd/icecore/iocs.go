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
	"icecore/forensics/report/ioc"
)

// indicatorFile is what --iocs asks for; nil: nothing.
type indicatorFile struct{ name, format string }

// newIndicatorFile checks the flags before an image is read. A file that exists is
// refused: it could be the image.
func newIndicatorFile(name, format string) (*indicatorFile, error) {
	if name == "" {
		if format != "" {
			return nil, usageError{errors.New("--iocs-format without --iocs")}
		}
		return nil, nil
	}
	if format == "" {
		format = ioc.FormatOf(name)
	}
	if !slices.Contains(ioc.Formats, format) {
		return nil, usageError{fmt.Errorf("--iocs: no format for %s; give --iocs-format: %s", name, strings.Join(ioc.Formats, ", "))}
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
	return &indicatorFile{name, format}, nil
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
	err = ioc.Write(t, f.format, &an.Analysis)
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
