package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// split is a raw disk in several files.
type split struct {
	parts  []*os.File
	starts []int64
	size   int64
}

// openSplit opens the parts of an image cut by split(1) or an imager; see [partNames]. It
// gives nil if path is not the first of at least two. Disks that are numbered, such as
// those of a series of snapshots, are no parts: each begins with a partition table or a
// filesystem that it holds whole.
func openSplit(path string, first *os.File, size int64) (*disk, error) {
	dir := filepath.Dir(path)
	for _, n := range partNames(filepath.Base(path)) {
		if before, ok := n.first(dir, first, size); ok {
			return nil, failed(path, ErrNotImage, "is a part of a split image: name the first part, %s", before)
		}
		if !n.begins() {
			continue
		}
		if d, err := n.join(path, first, size); d != nil || err != nil {
			return d, err
		}
	}
	return nil, nil
}

// first gives the name of the first part, if the file is one of those behind it.
func (n partName) first(dir string, file io.ReaderAt, size int64) (string, bool) {
	for _, s := range n.starts() {
		if s == n.suffix {
			return "", false
		}
		before := filepath.Join(dir, n.with(s))
		st, err := os.Stat(before)
		if err != nil || !st.Mode().IsRegular() || st.Size() < size {
			continue
		}
		if n.usual && !beginsDisk(file, size) || !beginsTable(file, size) && cutShort(before, st.Size()) {
			return before, true
		}
	}
	return "", false
}

// cutShort says whether a file holds the beginning of a larger disk.
func cutShort(path string, size int64) bool {
	f, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return statedSize(f, size) > size
}

// join opens the parts from the first on. It gives nil if there is no second.
func (n partName) join(path string, first *os.File, size int64) (*disk, error) {
	s := &split{parts: []*os.File{first}, starts: []int64{0}, size: size}
	d := &disk{format: "split-raw", closers: []io.Closer{first}}
	d.add(FileInfo{path, size, "image"}, first)
	fail := func(err error) (*disk, error) {
		for _, c := range d.closers[1:] {
			c.Close()
		}
		return nil, err
	}
	dir, stated, partSize := filepath.Dir(path), statedSize(first, size), size
	for suffix := n.next(n.suffix); suffix != ""; suffix = n.next(suffix) {
		if !n.usual && stated <= s.size {
			break // the name alone is too little: the disk is whole
		}
		p := filepath.Join(dir, n.with(suffix))
		st, err := os.Stat(p)
		if errors.Is(err, os.ErrNotExist) {
			if later := n.later(dir, suffix); later != "" {
				d.lost("split image: the part %s is missing, though %s is there: nothing behind byte %d can be read", p, later, s.size)
			}
			break
		}
		if err != nil {
			return fail(plain(err))
		}
		if !st.Mode().IsRegular() {
			return fail(failed(p, ErrNotImage, "is not a regular file, but named like a part of %s", path))
		}
		f, err := os.OpenFile(p, os.O_RDONLY, 0)
		if err != nil {
			return fail(plain(err))
		}
		d.closers = append(d.closers, f)
		// A filesystem may begin where a part does. Of a disk that is whole, it is another
		// disk's, and by other names it may be one of the same server.
		own := beginsTable(f, st.Size()) || beginsDisk(f, st.Size()) && (!n.usual || stated <= s.size)
		if own || !n.usual && st.Size() > size {
			f.Close()
			d.closers = d.closers[:len(d.closers)-1]
			if len(s.parts) > 1 {
				d.lost("split image: %s is a disk of its own and is not taken for a part", p)
			}
			break
		}
		if partSize != size {
			d.lost("split image: the part before %s is smaller than the first: is one missing?", p)
		}
		partSize = st.Size()
		s.parts, s.starts = append(s.parts, f), append(s.starts, s.size)
		s.size += partSize
		d.add(FileInfo{p, partSize, "part"}, f)
	}
	if len(s.parts) == 1 && len(d.problems) == 0 {
		return nil, nil
	}
	d.ReaderAt, d.size = s, s.size
	d.alloc = s.allocated
	return d, nil
}

func (s *split) allocated(context.Context) ([]Range, error) {
	var out []Range
	for i, f := range s.parts {
		end := s.size
		if i+1 < len(s.starts) {
			end = s.starts[i+1]
		}
		for _, r := range dataRanges(f, end-s.starts[i]) {
			out = addRange(out, s.starts[i]+r.Offset, r.Length)
		}
	}
	return out, nil
}

// later finds a part behind one that is missing, if there is one.
func (n partName) later(dir, suffix string) string {
	for range 1000 {
		if suffix = n.next(suffix); suffix == "" {
			return ""
		}
		p := filepath.Join(dir, n.with(suffix))
		st, err := os.Stat(p)
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		f, err := os.OpenFile(p, os.O_RDONLY, 0)
		if err != nil {
			continue
		}
		disk := beginsDisk(f, st.Size())
		f.Close()
		if disk {
			return ""
		}
		return p
	}
	return ""
}

// ReadAt implements io.ReaderAt.
func (s *split) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("%s: negative offset", s.parts[0].Name())
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= s.size {
			return done, io.EOF
		}
		i := sort.Search(len(s.starts), func(i int) bool { return s.starts[i] > at }) - 1
		end := s.size
		if i+1 < len(s.starts) {
			end = s.starts[i+1]
		}
		part := p[done:min(int64(len(p)), int64(done)+end-at)]
		n, err := s.parts[i].ReadAt(part, at-s.starts[i])
		done += n
		if n < len(part) {
			return done, noEOF(err)
		}
	}
	return done, nil
}
