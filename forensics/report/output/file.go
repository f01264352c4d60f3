package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// CheckFile fails with [ErrRefused] where a new file of that name cannot be made: there
// is something of that name, or no directory for it.
func CheckFile(name string) error {
	switch _, err := os.Lstat(name); {
	case err == nil:
		return refuse("%s exists", name)
	case !errors.Is(err, fs.ErrNotExist):
		return refused{plainPath(err)}
	}
	if d, err := os.Stat(filepath.Dir(name)); err != nil || !d.IsDir() {
		return refuse("there is no directory %s", filepath.Dir(name))
	}
	return nil
}

// File is a new file that is being written.
type File struct {
	*os.File
	name string

	mu   sync.Mutex
	done bool
}

// NewFile begins a file that gets its name from Commit. It is made at once, so that a
// place that cannot be written to is known before there is anything to write.
func NewFile(name string) (*File, error) {
	if err := CheckFile(name); err != nil {
		return nil, err
	}
	t, err := os.CreateTemp(filepath.Dir(name), ".icecore-*")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	}
	return &File{File: t, name: name}, nil
}

// Commit closes the file and gives it its name. What has come into being under that
// name meanwhile stays, and is an error.
func (f *File) Commit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		return fmt.Errorf("%s: %w", f.name, errRemoved)
	}
	err := errors.Join(f.Chmod(0o644), f.Sync())
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return plainPath(err)
	}
	// A link, not a rename, where there are links: a rename would replace.
	if os.Link(f.File.Name(), f.name) == nil {
		f.done = true
		return plainPath(os.Remove(f.File.Name()))
	}
	if err := CheckFile(f.name); err != nil {
		return err
	}
	if err := os.Rename(f.File.Name(), f.name); err != nil {
		return plainPath(err)
	}
	f.done = true
	return nil
}

// Remove takes away what is there of a file that was not committed.
func (f *File) Remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		return
	}
	f.done = true
	_ = f.Close()
	_ = os.Remove(f.File.Name())
}
