package pkgdb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
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
	s := storedOf(f)
	err = artifact.Lines(io.LimitReader(s, limit), func(l artifact.Line) error {
		l.Offset = s.offset(l.Offset)
		return fn(l)
	})
	if err == nil && s.size > limit {
		err = artifact.Cut(fmt.Errorf("%w: %d bytes, of which %d were read", filesystem.ErrTooLarge, s.size, limit))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", text.Quote(path), err)
	}
	return nil
}

// stored reads a file without its large holes: nobody reads zeros for hours, and a text
// has the same lines without them.
type stored struct {
	f      io.ReaderAt
	pieces []piece
	at     int   // piece
	done   int64 // bytes of it
	size   int64 // of all
}

// piece is a part of a file: where it begins there, and among what is read.
type piece struct{ file, read, size int64 }

// largeHole is the smallest that is left out, in bytes.
const largeHole = 1 << 20

func storedOf(f filesystem.File) *stored {
	s := &stored{f: f}
	add := func(from, to int64) {
		if to > from {
			s.pieces = append(s.pieces, piece{from, s.size, to - from})
			s.size += to - from
		}
	}
	exts, err := f.Extents()
	from, next := int64(0), int64(0)
	for _, e := range exts {
		if err != nil || e.Unwritten || e.Logical < next {
			continue
		}
		if e.Logical-next >= largeHole {
			add(from, next)
			from = e.Logical
		}
		next = min(e.Logical+e.Length, f.Size())
	}
	if err != nil || exts == nil || f.Size()-next < largeHole {
		next = f.Size()
	}
	add(from, next)
	return s
}

// Read implements io.Reader.
func (s *stored) Read(b []byte) (int, error) {
	for s.at < len(s.pieces) && s.done == s.pieces[s.at].size {
		s.at, s.done = s.at+1, 0
	}
	if s.at == len(s.pieces) {
		return 0, io.EOF
	}
	p := s.pieces[s.at]
	n, err := s.f.ReadAt(b[:min(int64(len(b)), p.size-s.done)], p.file+s.done)
	s.done += int64(n)
	if n > 0 || errors.Is(err, io.EOF) && s.done == p.size {
		return n, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// offset gives where in the file a byte stands that was read.
func (s *stored) offset(read int64) int64 {
	i := sort.Search(len(s.pieces), func(i int) bool { return s.pieces[i].read > read }) - 1
	if i < 0 {
		return read
	}
	return s.pieces[i].file + read - s.pieces[i].read
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
