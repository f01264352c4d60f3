package image

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Options say how an image is opened.
type Options struct {
	// Backing names files that may serve as backing files besides those in
	// the image's own directory.
	Backing []string
}

// disk joins what all formats share.
type disk struct {
	io.ReaderAt
	size     int64
	format   string
	files    []FileInfo
	readers  []io.ReaderAt // of the content of files, one each
	closers  []io.Closer
	alloc    func(context.Context) ([]Range, error)
	problems []Problem
}

func (d *disk) Size() int64         { return d.size }
func (d *disk) Format() string      { return d.format }
func (d *disk) Files() []FileInfo   { return d.files }
func (d *disk) Problems() []Problem { return d.problems }

// lost notes that a part of the disk cannot be read.
func (d *disk) lost(format string, args ...any) {
	d.problems = append(d.problems, Problem{fmt.Sprintf(format, args...), true})
}

func (d *disk) Allocated(ctx context.Context) ([]Range, error) { return d.alloc(ctx) }

func (d *disk) add(info FileInfo, r io.ReaderAt) {
	d.files, d.readers = append(d.files, info), append(d.readers, r)
}

func (d *disk) Close() error {
	var errs []error
	for _, c := range d.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

const (
	notSupported = "not supported; convert it first: qemu-img convert -O qcow2 IMAGE NEW.qcow2"
	unpackFirst  = "not supported; unpack it first"
)

// format is a container that is recognised by its first bytes, mostly to say that it is not
// read.
type format struct {
	offset int
	magic  string
	is     string // what an error says of the file
	hint   string // what to do about one that is not read
	// open opens the source as a disk; chain names the images of which it is a backing
	// file. Nil: the format is not read.
	open func(ctx context.Context, src *source, opts Options, chain []string) (*disk, error)
}

// formats returns the list of container formats: one file and one line a format.
func formats() []format {
	return []format{
		{0, qcow2Magic, "is a qcow2 image", "", openQcow2Disk},
		{0, "KDMV", "is a VMDK image", notSupported, nil},
		{0, "COWD", "is a VMDK image", notSupported, nil},
		{0, "# Disk DescriptorFile", "is the description of a VMDK image", notSupported, nil},
		{0, "conectix", "is a VHD image (dynamic)", notSupported, nil},
		{0, "vhdxfile", "is a VHDX image", notSupported, nil},
		{64, "\x7f\x10\xda\xbe", "is a VDI image", notSupported, nil},
		{0, "QED\x00", "is a QED image", notSupported, nil},
		{0, "WithoutFreeSpace", "is a Parallels image", notSupported, nil},
		{0, "WithouFreSpacExt", "is a Parallels image", notSupported, nil},
		{0, "EVF\x09\x0d\x0a\xff\x00", "is an EnCase (E01) image", "not supported; convert it first: ewfexport -f raw IMAGE", nil},
		{0, "EVF2\x0d\x0a\x81\x00", "is an EnCase (Ex01) image", "not supported; convert it first: ewfexport -f raw IMAGE", nil},
		{0, "\x1f\x8b\x08", "is compressed by gzip", unpackFirst, nil},
		{0, "\xfd7zXZ\x00", "is compressed by xz", unpackFirst, nil},
		{0, "\x28\xb5\x2f\xfd", "is compressed by zstd", unpackFirst, nil},
		{0, "\x04\x22\x4d\x18", "is compressed by lz4", unpackFirst, nil},
		{0, "BZh", "is compressed by bzip2", unpackFirst, nil},
		{0, "7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", unpackFirst, nil},
		{0, "PK\x03\x04", "is a zip archive", unpackFirst, nil},
		{257, "ustar", "is a tar archive (an OVA?)", unpackFirst, nil},
	}
}

// source is where the content of an image comes from.
type source struct {
	name   string // its path, or what the caller calls it
	r      io.ReaderAt
	size   int64
	file   *os.File // nil: the content is the caller's
	device bool
}

// disk begins a disk that is read from the source alone.
func (s *source) disk(format string) *disk {
	d := &disk{ReaderAt: s.r, size: s.size, format: format}
	d.add(FileInfo{s.name, s.size, "image"}, s.r)
	if s.file != nil {
		d.closers = []io.Closer{s.file}
	}
	return d
}

// Open opens an image for reading. Its errors are [*Error], [*BackingError], that of the
// context, or those of the system.
func Open(ctx context.Context, path string, opts Options) (Disk, error) {
	d, err := open(ctx, path, opts, nil, false)
	if err != nil {
		return nil, err // not d: a nil pointer in an interface is not nil
	}
	return d, nil
}

// FromReaderAt opens an image of size bytes that the caller reads: a raw disk, a VHD of
// fixed size, or a qcow2, recognised by content. name stands for it in errors and in Files.
// Of backing files only those that opts names are opened. Close leaves r open.
func FromReaderAt(ctx context.Context, r io.ReaderAt, size int64, name string, opts Options) (Disk, error) {
	d, err := openSource(ctx, &source{name: name, r: io.NewSectionReader(r, 0, max(size, 0)), size: size}, opts, nil, false)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// open opens an image that is backing file of those in chain; raw says that its
// content is not to be taken for a container.
func open(ctx context.Context, path string, opts Options, chain []string, raw bool) (*disk, error) {
	// Opening a pipe would wait for its writer: look first.
	st, err := os.Stat(path)
	if err != nil {
		return nil, plain(err)
	}
	if err := openable(path, st); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, plain(err)
	}
	src := &source{name: path, r: f, size: st.Size(), file: f, device: st.Mode()&os.ModeDevice != 0}
	if src.device {
		if src.size, err = f.Seek(0, io.SeekEnd); err != nil {
			err = fmt.Errorf("%s: size of the device: %w", path, err)
		}
	}
	var d *disk
	if err == nil {
		d, err = openSource(ctx, src, opts, chain, raw)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

func openable(path string, st os.FileInfo) error {
	m := st.Mode()
	switch {
	case m.IsDir():
		return failed(path, ErrNotImage, "is a directory")
	case m.IsRegular(), m&os.ModeDevice != 0 && m&os.ModeCharDevice == 0:
		return nil
	}
	return failed(path, ErrNotImage, "is neither a file nor a block device")
}

// plain turns "open x: no such file" into "x: no such file".
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

func openSource(ctx context.Context, src *source, opts Options, chain []string, raw bool) (*disk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if src.size <= 0 {
		return nil, failed(src.name, ErrNotImage, "is empty")
	}
	head := make([]byte, min(headSize, src.size))
	n, err := src.r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, plain(err)
	}
	head = head[:n]
	var problems []Problem
	if !raw {
		f := container(head)
		switch {
		case f == nil:
		case isDisk(head) && src.size%512 == 0:
			// The first bytes of a disk are boot code, which the guest's owner
			// can write: they must not hide what stands behind them.
			problems = append(problems, Problem{"begins like another format (it " + f.is + "), but holds a partition table or a filesystem: read as a raw disk", false})
		case f.open != nil:
			return f.open(ctx, src, opts, chain)
		default:
			return nil, failed(src.name, ErrFormat, "%s: %s", f.is, f.hint)
		}
	}
	if len(chain) == 0 && src.file != nil && !src.device {
		if d, err := openSplit(src.name, src.file, src.size); d != nil || err != nil {
			return d, err
		}
	}
	d := src.disk("raw")
	d.problems = problems
	if src.device {
		d.format = "block-device"
	} else if !raw && fixedVHD(src.r, src.size) {
		d.size, d.format = src.size-vhdFooter, "vhd"
		d.ReaderAt = io.NewSectionReader(src.r, 0, d.size)
	}
	d.alloc = func(context.Context) ([]Range, error) {
		if src.file == nil {
			return []Range{{0, d.size}}, nil
		}
		return dataRanges(src.file, d.size), nil
	}
	return d, nil
}

const (
	headSize  = 2048 // bytes looked at to recognise a format
	vhdFooter = 512
)

// container gives the container that the first bytes belong to, nil for none.
func container(head []byte) *format {
	for _, f := range formats() {
		if len(head) >= f.offset+len(f.magic) && string(head[f.offset:f.offset+len(f.magic)]) == f.magic {
			return &f
		}
	}
	return nil
}

// isDisk says whether the first bytes are those of a disk: an MBR with a
// partition, a GPT, or an ext2, ext3 or ext4 superblock.
func isDisk(head []byte) bool {
	if len(head) < headSize {
		return false
	}
	return hasTable(head) || hasExt(head)
}

func hasExt(head []byte) bool {
	return head[1080] == 0x53 && head[1081] == 0xef && binary.LittleEndian.Uint32(head[1048:]) <= 6
}

// hasTable says whether the first bytes are those of an MBR with a partition, or a GPT.
func hasTable(head []byte) bool {
	if string(head[512:520]) == "EFI PART" {
		return true
	}
	if head[510] != 0x55 || head[511] != 0xaa {
		return false
	}
	used := 0
	for e := head[446:510]; len(e) > 0; e = e[16:] {
		if e[0]&0x7f != 0 {
			return false
		}
		if e[4] != 0 && binary.LittleEndian.Uint32(e[12:]) != 0 {
			used++
		}
	}
	return used > 0
}

// beginsDisk says whether a file begins as a disk does. Copies of the superblock stand
// within a filesystem, and know of which group of blocks they are: those begin none.
func beginsDisk(f io.ReaderAt, size int64) bool {
	head := make([]byte, min(headSize, size))
	n, _ := f.ReadAt(head, 0)
	if !isDisk(head[:n]) {
		return false
	}
	return hasTable(head) || binary.LittleEndian.Uint16(head[1024+0x5a:]) == 0
}

// beginsTable says whether a file begins with a table of partitions.
func beginsTable(f io.ReaderAt, size int64) bool {
	head := make([]byte, min(headSize, size))
	n, _ := f.ReadAt(head, 0)
	return n == headSize && hasTable(head)
}

// fixedVHD says whether a file is a raw disk with the footer of a VHD of fixed
// size behind it (Microsoft, Virtual Hard Disk Image Format Specification).
func fixedVHD(f io.ReaderAt, size int64) bool {
	b := make([]byte, vhdFooter)
	if size <= vhdFooter {
		return false
	}
	if n, _ := f.ReadAt(b, size-vhdFooter); n < len(b) || string(b[:8]) != "conectix" {
		return false
	}
	be := binary.BigEndian
	sum := uint32(0)
	for i, c := range b {
		if i < 64 || i >= 68 {
			sum += uint32(c)
		}
	}
	return be.Uint32(b[60:]) == 2 && be.Uint64(b[48:]) == uint64(size-vhdFooter) && be.Uint32(b[64:]) == ^sum
}

// dataRanges asks the kernel which parts of a sparse file hold data (lseek(2),
// SEEK_DATA). Where it does not know, that is all of it.
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
		out = addRange(out, data, min(hole, size)-data)
		at = hole
	}
	return out
}
