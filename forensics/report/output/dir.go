package output

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Dir is a directory that is being written. Its files are written to a directory of
// another name, which gets the name asked for at the end. If the directory is there
// already, empty, it may be a mount point, or stand where nothing can be made: then the
// other one is made in it, and its files are moved up.
type Dir struct {
	path    string // as asked for
	temp    string
	existed bool

	mu    sync.Mutex
	done  bool
	files []Written
}

// Written is a file that is complete.
type Written struct {
	Name   string
	SHA256 string // hex
}

// NewDir begins a directory. It fails with [ErrRefused] where there is something of that
// name other than an empty directory, or no directory for it; any other error says that
// the place cannot be written to.
func NewDir(path string) (*Dir, error) {
	path = filepath.Clean(path)
	entries, err := os.ReadDir(path)
	existed := err == nil
	switch {
	case existed && len(entries) > 0:
		return nil, refuse("%s: is not empty: a directory is never written over another", path)
	case existed:
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(path); err == nil {
			return nil, refuse("%s: is a link to a place that does not exist", path)
		}
	default:
		if st, err := os.Stat(path); err == nil && !st.IsDir() {
			return nil, refuse("%s: exists and is not a directory", path)
		}
		return nil, refused{plainPath(err)}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	in := abs
	if !existed {
		in = filepath.Dir(abs)
	}
	temp, err := os.MkdirTemp(in, "."+filepath.Base(abs)+".unfinished-")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refused{fmt.Errorf("%s: %w", in, errors.Unwrap(err))}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, errors.Unwrap(err))
	}
	return &Dir{path: path, temp: temp, existed: existed}, nil
}

// Path is the name that the directory gets.
func (d *Dir) Path() string { return d.path }

// Files lists the files that are complete, in the order in which they were.
func (d *Dir) Files() []Written {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Written(nil), d.files...)
}

// DirFile is a file of a Dir that is being written.
type DirFile struct {
	*bufio.Writer
	d    *Dir
	name string
	f    *os.File
	sum  hash.Hash
}

// Create begins a file of the directory. End it by Finish or Drop.
func (d *Dir) Create(name string) (*DirFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done {
		return nil, fmt.Errorf("%s: %w", d.path, errRemoved)
	}
	f, err := os.OpenFile(filepath.Join(d.temp, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.shown(name), errors.Unwrap(err))
	}
	sum := sha256.New()
	return &DirFile{bufio.NewWriterSize(io.MultiWriter(f, sum), 256<<10), d, name, f, sum}, nil
}

// shown is the name that a file will have.
func (d *Dir) shown(name string) string { return filepath.Join(d.path, name) }

// Finish writes what is left and closes the file.
func (f *DirFile) Finish() error {
	err := f.Flush()
	if err == nil {
		err = f.f.Sync()
	}
	if cerr := f.f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return f.Named(err)
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.files = append(f.d.files, Written{f.name, hex.EncodeToString(f.sum.Sum(nil))})
	return nil
}

// Named gives an error of writing the file with the name that it will have, in the place
// of its present one.
func (f *DirFile) Named(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: %w", f.d.shown(f.name), err)
}

// Drop takes the file out of the directory.
func (f *DirFile) Drop() {
	_ = f.f.Close()
	_ = os.Remove(f.f.Name())
}

// Commit gives the directory its name.
func (d *Dir) Commit(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done {
		return fmt.Errorf("%s: %w", d.path, errRemoved)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.existed {
		if err := d.moveUp(); err != nil {
			return err
		}
	} else if err := os.Rename(d.temp, d.path); err != nil {
		// rename(2) takes the place of an empty directory, and of nothing else.
		return fmt.Errorf("%s: %w", d.path, errors.Unwrap(err))
	}
	d.done = true
	return nil
}

// moveUp moves the files into the directory that was there, all of them or none. Each
// is complete and on the disk; who finds the last of them finds all.
func (d *Dir) moveUp() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return plainPath(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(d.temp) {
		return refuse("%s: something else was written to it meanwhile", d.path)
	}
	for i, w := range d.files {
		if err := os.Rename(filepath.Join(d.temp, w.Name), d.shown(w.Name)); err != nil {
			for _, moved := range d.files[:i] {
				_ = os.Remove(d.shown(moved.Name))
			}
			return fmt.Errorf("%s: %w", d.shown(w.Name), errors.Unwrap(err))
		}
	}
	_ = os.Remove(d.temp)
	return nil
}

// Remove takes away what is there of a directory that was not committed.
func (d *Dir) Remove() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done {
		return
	}
	d.done = true
	_ = os.RemoveAll(d.temp)
}
