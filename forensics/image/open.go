package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"syscall"
)

// Options say how an image is opened.
type Options struct {
	// Backing names files that may serve as backing files besides those in
	// the image's own folder.
	Backing []string
}

// disk joins what all formats share.
type disk struct {
	io.ReaderAt
	size     int64
	format   string
	files    []FileInfo
	closers  []io.Closer
	alloc    func() ([]Range, error)
	problems []string
}

func (d *disk) Size() int64                 { return d.size }
func (d *disk) Format() string              { return d.format }
func (d *disk) Files() []FileInfo           { return d.files }
func (d *disk) Allocated() ([]Range, error) { return d.alloc() }
func (d *disk) Problems() []string          { return d.problems }

func (d *disk) Close() error {
	var errs []error
	for _, c := range d.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// foreign are the formats that are recognised to say that they are not read.
var foreign = []struct {
	offset int
	magic  string
	name   string
}{
	{0, "KDMV", "a VMDK image"},
	{0, "COWD", "a VMDK image"},
	{0, "# Disk DescriptorFile", "a VMDK description"},
	{0, "conectix", "a VHD image"},
	{0, "vhdxfile", "a VHDX image"},
	{64, "\x7f\x10\xda\xbe", "a VDI image"},
	{0, "EVF\x09\x0d\x0a\xff\x00", "an EnCase (E01) image"},
	{0, "\x1f\x8b", "gzip-compressed: unpack it first"},
	{0, "\xfd7zXZ\x00", "xz-compressed: unpack it first"},
	{0, "\x28\xb5\x2f\xfd", "zstd-compressed: unpack it first"},
	{0, "BZh", "bzip2-compressed: unpack it first"},
	{0, "PK\x03\x04", "a zip archive: unpack it first"},
	{257, "ustar", "a tar archive (an OVA?): unpack it first"},
}

// Open opens an image for reading.
func Open(path string, opts Options) (Disk, error) { return open(path, opts, nil) }

// open opens an image that is backing file of those in chain.
func open(path string, opts Options, chain []string) (Disk, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, plain(err)
	}
	if st.IsDir() {
		return nil, fmt.Errorf("%s: is a directory", path)
	}
	if m := st.Mode(); !m.IsRegular() && m&os.ModeDevice == 0 {
		return nil, fmt.Errorf("%s: is neither a file nor a block device", path)
	}
	f, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, plain(err)
	}
	d, err := openFile(path, f, st, opts, chain)
	if err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

// plain turns "open x: no such file" into "x: no such file".
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

func openFile(path string, f *os.File, st os.FileInfo, opts Options, chain []string) (Disk, error) {
	size := st.Size()
	device := st.Mode()&os.ModeDevice != 0
	if device {
		var err error
		if size, err = f.Seek(0, io.SeekEnd); err != nil {
			return nil, fmt.Errorf("%s: size of the device: %w", path, err)
		}
	}
	if size == 0 {
		return nil, fmt.Errorf("%s: is empty", path)
	}
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte(qcow2Magic)) {
		return openQcow2Disk(path, f, size, opts, chain)
	}
	for _, x := range foreign {
		if len(head) >= x.offset+len(x.magic) && string(head[x.offset:x.offset+len(x.magic)]) == x.magic {
			return nil, fmt.Errorf("%s: is %s: not supported", path, x.name)
		}
	}
	if len(chain) == 0 && !device {
		if d, err := openSplit(path, f, size); d != nil || err != nil {
			return d, err
		}
	}
	d := &disk{ReaderAt: f, size: size, format: "raw", files: []FileInfo{{path, size, "image"}}, closers: []io.Closer{f}}
	if device {
		d.format = "block-device"
	}
	d.alloc = func() ([]Range, error) { return dataRanges(f, size), nil }
	return d, nil
}

// dataRanges asks the kernel which parts of a sparse file hold data (lseek(2),
// SEEK_DATA). Where it cannot tell, that is all of it.
func dataRanges(f *os.File, size int64) []Range {
	const seekData, seekHole = 3, 4
	var out []Range
	for at := int64(0); at < size; {
		data, err := f.Seek(at, seekData)
		if err != nil {
			if errors.Is(err, syscall.ENXIO) {
				return out
			}
			return []Range{{0, size}}
		}
		hole, err := f.Seek(data, seekHole)
		if err != nil || hole <= data {
			return []Range{{0, size}}
		}
		out = append(out, Range{data, min(hole, size) - data})
		at = hole
	}
	return out
}

func openQcow2Disk(path string, f *os.File, size int64, opts Options, chain []string) (Disk, error) {
	q, err := openQcow2(path, f, size)
	if err != nil {
		return nil, err
	}
	d := &disk{ReaderAt: q, size: q.size, format: "qcow2", files: []FileInfo{{path, size, "image"}}, closers: []io.Closer{f}, alloc: q.Allocated, problems: q.problems()}
	if q.backingName == "" {
		return d, nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, plain(err)
	}
	if real, err = filepath.Abs(real); err != nil {
		return nil, err
	}
	chain = append(chain, real)
	if len(chain) > maxBackingChain {
		return nil, fmt.Errorf("%s: more than %d backing files in a chain", path, maxBackingChain)
	}
	name, err := confine(path, q.backingName, opts.Backing)
	if err != nil {
		return nil, err
	}
	for _, c := range chain {
		if c == name {
			return nil, fmt.Errorf("%s: backing file %q leads back to the image: a loop", path, q.backingName)
		}
	}
	backing, err := open(name, opts, chain)
	if err != nil {
		return nil, fmt.Errorf("%s: backing file: %w", path, err)
	}
	if q.backingFmt == "raw" && backing.Format() == "qcow2" {
		backing.Close()
		return nil, fmt.Errorf("%s: backing file %q is said to be raw, but is a qcow2", path, q.backingName)
	}
	q.backing = backing
	d.closers = append(d.closers, backing)
	for _, b := range backing.Files() {
		b.Role = "backing"
		d.files = append(d.files, b)
	}
	d.problems = append(d.problems, backing.Problems()...)
	return d, nil
}

// confine finds the file that a backing name means: one of those that the caller
// allows, or one that really lies in the folder of the image. Whoever wrote the
// image wrote the name: it must not make the analyst's own files part of the
// disk.
func confine(path, name string, allowed []string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", fmt.Errorf("%s: backing file %q: %s; name it with --backing if it is right", path, name, why)
	}
	base := filepath.Base(name)
	for _, a := range allowed {
		if filepath.Base(a) == base {
			real, err := filepath.EvalSymlinks(a)
			if err != nil {
				return "", plain(err)
			}
			return filepath.Abs(real)
		}
	}
	if strings.ContainsAny(name, "\x00") || regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`).MatchString(name) {
		return refuse("refused: it is not a plain file name")
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err == nil {
		folder, err = filepath.Abs(folder)
	}
	if err != nil {
		return "", plain(err)
	}
	want := name
	if !filepath.IsAbs(want) {
		want = filepath.Join(folder, want)
	}
	want = filepath.Clean(want)
	if filepath.Dir(want) != folder && !inFolder(filepath.Dir(want), folder) {
		return refuse("refused: it lies outside the folder of the image")
	}
	real, err := filepath.EvalSymlinks(want)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return refuse("is missing")
		}
		return "", plain(err)
	}
	if !inFolder(filepath.Dir(real), folder) {
		return refuse("refused: it is a link to a place outside the folder of the image")
	}
	if st, err := os.Stat(real); err != nil || !st.Mode().IsRegular() {
		return refuse("refused: it is not a regular file")
	}
	return real, nil
}

// inFolder says whether dir, whose links are resolved where it exists, is folder.
func inFolder(dir, folder string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir == folder
}

// split is a raw disk in several files.
type split struct {
	parts  []*os.File
	starts []int64
	size   int64
}

var splitNumber = regexp.MustCompile(`^(.*\.)(\d{2,4}|[a-z]{2,3})$`)

// openSplit opens the parts of an image cut by split(1) or an imager: x.000 or
// x.001, x.002, ... or x.aa, x.ab, ... It gives nil if path is not the first of
// at least two.
func openSplit(path string, first *os.File, size int64) (Disk, error) {
	m := splitNumber.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return nil, nil
	}
	next := nextLetters
	if n, err := strconv.Atoi(m[2]); err == nil {
		if n > 1 {
			return nil, nil
		}
		next = nextNumber
	} else if strings.Trim(m[2], "a") != "" {
		return nil, nil
	}
	s := &split{parts: []*os.File{first}, starts: []int64{0}, size: size}
	d := &disk{format: "split-raw", files: []FileInfo{{path, size, "image"}}, closers: []io.Closer{first}}
	fail := func(err error) (Disk, error) {
		for _, c := range d.closers[1:] {
			c.Close()
		}
		return nil, err
	}
	suffix, partSize := m[2], size
	for suffix = next(suffix); suffix != ""; suffix = next(suffix) {
		p := filepath.Join(filepath.Dir(path), m[1]+suffix)
		f, err := os.OpenFile(p, os.O_RDONLY, 0)
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err != nil {
			return fail(plain(err))
		}
		d.closers = append(d.closers, f)
		st, err := f.Stat()
		if err != nil {
			return fail(plain(err))
		}
		if !st.Mode().IsRegular() {
			return fail(fmt.Errorf("%s: is not a regular file", p))
		}
		if partSize != size {
			d.problems = append(d.problems, fmt.Sprintf("split image: the part before %s is smaller than the first: is one missing?", p))
		}
		partSize = st.Size()
		s.parts, s.starts = append(s.parts, f), append(s.starts, s.size)
		s.size += partSize
		d.files = append(d.files, FileInfo{p, partSize, "part"})
	}
	if len(s.parts) == 1 {
		return nil, nil
	}
	d.ReaderAt, d.size = s, s.size
	d.alloc = func() ([]Range, error) {
		var out []Range
		for i, f := range s.parts {
			end := s.size
			if i+1 < len(s.starts) {
				end = s.starts[i+1]
			}
			for _, r := range dataRanges(f, end-s.starts[i]) {
				out = append(out, Range{s.starts[i] + r.Offset, r.Length})
			}
		}
		return out, nil
	}
	return d, nil
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

// HashFiles computes the SHA-256 of each file that a disk is read from, in the
// order of Files, as lower-case hexadecimal. progress, if not nil, is told the
// bytes done.
func HashFiles(ctx context.Context, d Disk, progress func(int64)) ([]string, error) {
	var out []string
	buf := make([]byte, 1<<20)
	for _, fi := range d.Files() {
		f, err := os.OpenFile(fi.Path, os.O_RDONLY, 0)
		if err != nil {
			return nil, plain(err)
		}
		h := sha256.New()
		for {
			if err := ctx.Err(); err != nil {
				f.Close()
				return nil, err
			}
			n, err := f.Read(buf)
			h.Write(buf[:n])
			if progress != nil {
				progress(int64(n))
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				f.Close()
				return nil, plain(err)
			}
		}
		f.Close()
		out = append(out, hex.EncodeToString(h.Sum(nil)))
	}
	return out, nil
}
