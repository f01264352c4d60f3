package scan

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

const maxSibling = 1 << 30 // bytes of a file that belongs to another

// sibling gives what opens the files beside the one at a place; nil for a file that is in
// no directory any more, beside which others stand by now. They are read within a budget
// of their own.
func (w *worker) sibling(at site, in *filesystem.Inode, o *opened) func(name string) (*io.SectionReader, error) {
	if in.State != filesystem.Live || at.path == "" {
		return nil
	}
	return func(name string) (*io.SectionReader, error) {
		found, err := at.host.Lookup(path.Join(path.Dir(at.path), path.Base(name)), true)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if in, err := found.Inode(); err == nil && !in.IsRegular() {
			return nil, nil
		}
		f, err := found.Open()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		case f.Size() > maxSibling:
			return nil, artifact.Cut(fmt.Errorf("%s: %d bytes, more than %d; it was not read", path.Base(name), f.Size(), maxSibling))
		}
		b := &budget{r: f, ctx: o.ctx, left: w.s.limits.bytes + w.s.limits.times*f.Size()}
		return io.NewSectionReader(b, 0, f.Size()), nil
	}
}

const maxParts = 1 << 20 // bytes of all parts of one file

// part gives what reads the beginning of another file of the host that an artifact names;
// nil for a file that is in no directory any more.
func (w *worker) part(at site, in *filesystem.Inode, o *opened) func(string, int64) []byte {
	if in.State != filesystem.Live || at.path == "" {
		return nil
	}
	left := int64(maxParts)
	return func(p string, limit int64) []byte {
		_, found, err := at.host.Locate(p, true)
		if err != nil || left <= 0 || o.ctx.Err() != nil {
			return nil
		}
		if in, err := found.Inode(); err != nil || !in.IsRegular() {
			return nil
		}
		f, err := found.Open()
		if err != nil {
			return nil
		}
		b := make([]byte, min(limit, left, f.Size()))
		n, err := f.ReadAt(b, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil
		}
		left -= int64(n)
		return b[:n]
	}
}
