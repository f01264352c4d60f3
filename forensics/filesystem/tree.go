package filesystem

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"icecore/forensics/text"
)

// A Tree is one tree of paths as a running system saw it, over one filesystem or
// several: with what was mounted, below the root of a container, or of a container's
// layers laid over each other. Paths are absolute; no link and no ".." leads out of it.
// It is safe for concurrent use.
type Tree interface {
	// Lookup finds the file that a path names. With follow, a symbolic link at the end is
	// followed, too. It fails with [fs.ErrNotExist] where there is none.
	Lookup(name string, follow bool) (Found, error)
	// ReadDir lists a directory as the system saw it, without deleted names, sorted by
	// name. It fails with [fs.ErrInvalid] for what is no directory.
	ReadDir(name string) ([]DirEntry, error)
}

// Found is a file that a path of a [Tree] names.
type Found struct {
	FS   FS
	Ref  Ref
	Path string // in the tree, without links
	Real string // on FS, without links
}

// Open opens the content of the file.
func (f Found) Open() (File, error) { return f.FS.Open(f.Ref) }

// Inode reads the metadata of the file.
func (f Found) Inode() (*Inode, error) { return f.FS.Inode(f.Ref) }

// ReadFile reads a regular file of a tree, links followed. One of more than limit bytes
// is an error: what is described in part may say something else.
func ReadFile(t Tree, name string, limit int64) ([]byte, error) {
	found, err := t.Lookup(name, true)
	if err != nil {
		return nil, err
	}
	f, err := found.Open()
	if err != nil {
		return nil, err
	}
	switch {
	case !f.Inode().IsRegular():
		return nil, fmt.Errorf("%s: %w: a %s", text.Quote(name), fs.ErrInvalid, f.Inode().TypeName())
	case f.Size() > limit:
		return nil, fmt.Errorf("%s: %w: %d bytes, more than %d", text.Quote(name), ErrTooLarge, f.Size(), limit)
	}
	b := make([]byte, f.Size())
	n, err := io.ReadFull(io.NewSectionReader(f, 0, f.Size()), b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text.Quote(name), err)
	}
	return b[:n], nil
}

// ErrTooLarge says that a file is larger than what is read of its kind.
var ErrTooLarge = errors.New("too large")
