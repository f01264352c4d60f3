package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// split is a raw disk in several files.
type split struct {
	parts  []*os.File
	starts []int64
	size   int64
}

// splitName is a name of a part: x.001, or xaa as split(1) makes it by itself.
var splitName = regexp.MustCompile(`^(.*\.|x)(\d{2,4}|[a-z]{2,3})$`)

// openSplit opens the parts of an image cut by split(1) or an imager: x.000 or
// x.001, x.002, ... or x.aa, x.ab, ... It gives nil if path is not the first of
// at least two. Disks that are numbered, such as those of a series of snapshots,
// are no parts: each begins with a partition table or a filesystem.
func openSplit(path string, first *os.File, size int64) (*disk, error) {
	m := splitName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return nil, nil
	}
	next, zero := nextLetters, strings.Repeat("a", len(m[2]))
	starts := []string{zero}
	if _, err := strconv.Atoi(m[2]); err == nil {
		zero = strings.Repeat("0", len(m[2]))
		next, starts = nextNumber, []string{zero, nextNumber(zero)}
	}
	for _, s := range starts {
		if s == m[2] {
			break
		}
		before := filepath.Join(filepath.Dir(path), m[1]+s)
		if st, err := os.Stat(before); err == nil && st.Mode().IsRegular() && st.Size() >= size && !beginsDisk(first, size) {
			return nil, failed(path, ErrNotImage, "is a part of a split image: name the first part, %s", before)
		}
	}
	if m[2] != starts[0] && m[2] != starts[len(starts)-1] {
		return nil, nil
	}
	s := &split{parts: []*os.File{first}, starts: []int64{0}, size: size}
	d := &disk{format: "split-raw", closers: []io.Closer{first}}
	d.add(FileInfo{path, size, "image"}, first)
	fail := func(err error) (*disk, error) {
		for _, c := range d.closers[1:] {
			c.Close()
		}
		return nil, err
	}
	suffix, partSize := m[2], size
	for suffix = next(suffix); suffix != ""; suffix = next(suffix) {
		p := filepath.Join(filepath.Dir(path), m[1]+suffix)
		st, err := os.Stat(p)
		if errors.Is(err, os.ErrNotExist) {
			if later := laterPart(filepath.Join(filepath.Dir(path), m[1]), suffix, next); later != "" {
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
		if beginsDisk(f, st.Size()) {
			f.Close()
			d.closers = d.closers[:len(d.closers)-1]
			if len(s.parts) > 1 {
				d.lost("split image: %s begins a disk of its own and is not taken for a part", p)
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
	d.alloc = func(context.Context) ([]Range, error) {
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
	return d, nil
}

// laterPart finds a part behind one that is missing, if there is one.
func laterPart(prefix, suffix string, next func(string) string) string {
	for range 1000 {
		if suffix = next(suffix); suffix == "" {
			return ""
		}
		st, err := os.Stat(prefix + suffix)
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		f, err := os.OpenFile(prefix+suffix, os.O_RDONLY, 0)
		if err != nil {
			continue
		}
		disk := beginsDisk(f, st.Size())
		f.Close()
		if disk {
			return ""
		}
		return prefix + suffix
	}
	return ""
}

func nextNumber(s string) string {
	n, _ := strconv.Atoi(s)
	t := fmt.Sprintf("%0*d", len(s), n+1)
	if len(t) != len(s) {
		return ""
	}
	return t
}

func nextLetters(s string) string {
	b := []byte(s)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 'z' {
			b[i]++
			return string(b)
		}
		b[i] = 'a'
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
