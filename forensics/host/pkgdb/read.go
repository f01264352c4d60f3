package pkgdb

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// open opens a regular file of a tree, links followed.
func open(tree filesystem.Tree, path string) (filesystem.File, error) {
	found, err := tree.Lookup(path, true)
	if err != nil {
		return nil, err
	}
	f, err := found.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text.Quote(path), err)
	}
	if in := f.Inode(); !in.IsRegular() {
		return nil, fmt.Errorf("%s: %w: a %s", text.Quote(path), fs.ErrInvalid, in.TypeName())
	}
	return f, nil
}

// eachLine calls fn for each line of a file of a tree, of at most limit bytes of it.
func eachLine(tree filesystem.Tree, path string, limit int64, fn func(artifact.Line) error) error {
	f, err := open(tree, path)
	if err != nil {
		return err
	}
	err = artifact.Lines(io.NewSectionReader(f, 0, min(f.Size(), limit)), fn)
	if err == nil && f.Size() > limit {
		err = artifact.Cut(fmt.Errorf("%w: %d bytes, of which %d were read", filesystem.ErrTooLarge, f.Size(), limit))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", text.Quote(path), err)
	}
	return nil
}

// isFile says whether a regular file stands at a path, links followed.
func isFile(tree filesystem.Tree, path string) bool {
	found, err := tree.Lookup(path, true)
	if err != nil {
		return false
	}
	in, err := found.Inode()
	return err == nil && in.IsRegular()
}

// cutName takes "libc6:amd64" apart.
func cutName(s string) (name, arch string) {
	name, arch, _ = strings.Cut(s, ":")
	return name, arch
}
