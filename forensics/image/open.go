package image

import (
	"bytes"
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

const (
	notSupported = "not supported; convert it first: qemu-img convert -O qcow2 IMAGE NEW.qcow2"
	unpackFirst  = "not supported; unpack it first"
)

// foreign are the formats that are recognised to say that they are not read.
var foreign = []struct {
	offset int
	magic  string
	is     string
	hint   string
}{
	{0, "KDMV", "is a VMDK image", notSupported},
	{0, "COWD", "is a VMDK image", notSupported},
	{0, "# Disk DescriptorFile", "is the description of a VMDK image", notSupported},
	{0, "conectix", "is a VHD image (dynamic)", notSupported},
	{0, "vhdxfile", "is a VHDX image", notSupported},
	{64, "\x7f\x10\xda\xbe", "is a VDI image", notSupported},
	{0, "QED\x00", "is a QED image", notSupported},
	{0, "WithoutFreeSpace", "is a Parallels image", notSupported},
	{0, "WithouFreSpacExt", "is a Parallels image", notSupported},
	{0, "EVF\x09\x0d\x0a\xff\x00", "is an EnCase (E01) image", "not supported; convert it first: ewfexport -f raw IMAGE"},
	{0, "EVF2\x0d\x0a\x81\x00", "is an EnCase (Ex01) image", "not supported; convert it first: ewfexport -f raw IMAGE"},
	{0, "\x1f\x8b\x08", "is compressed by gzip", unpackFirst},
	{0, "\xfd7zXZ\x00", "is compressed by xz", unpackFirst},
	{0, "\x28\xb5\x2f\xfd", "is compressed by zstd", unpackFirst},
	{0, "\x04\x22\x4d\x18", "is compressed by lz4", unpackFirst},
	{0, "BZh", "is compressed by bzip2", unpackFirst},
	{0, "7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", unpackFirst},
	{0, "PK\x03\x04", "is a zip archive", unpackFirst},
	{257, "ustar", "is a tar archive (an OVA?)", unpackFirst},
}

// Open opens an image for reading.
func Open(path string, opts Options) (Disk, error) { return open(path, opts, nil, false) }

// open opens an image that is backing file of those in chain; raw says that its
// content is not to be taken for a container.
func open(path string, opts Options, chain []string, raw bool) (Disk, error) {
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
	d, err := openFile(path, f, st, opts, chain, raw)
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
		return mark(ErrNotImage, fmt.Errorf("%s: is a directory", path))
	case m.IsRegular(), m&os.ModeDevice != 0 && m&os.ModeCharDevice == 0:
		return nil
	}
	return mark(ErrNotImage, fmt.Errorf("%s: is neither a file nor a block device", path))
}

// plain turns "open x: no such file" into "x: no such file".
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

func openFile(path string, f *os.File, st os.FileInfo, opts Options, chain []string, raw bool) (Disk, error) {
	size := st.Size()
	device := st.Mode()&os.ModeDevice != 0
	if device {
		var err error
		if size, err = f.Seek(0, io.SeekEnd); err != nil {
			return nil, fmt.Errorf("%s: size of the device: %w", path, err)
		}
	}
	if size == 0 {
		return nil, mark(ErrNotImage, fmt.Errorf("%s: is empty", path))
	}
	head := make([]byte, headSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, plain(err)
	}
	head = head[:n]
	var problems []string
	if !raw {
		is, hint := container(head)
		switch {
		case is != "" && isDisk(head) && size%512 == 0:
			// The first bytes of a disk are boot code, which the guest's owner
			// can write: they must not hide what stands behind them.
			problems = append(problems, "begins like another format (it "+is+"), but holds a partition table or a filesystem: read as a raw disk")
		case is == isQcow2:
			return openQcow2Disk(path, f, size, opts, chain)
		case is != "":
			return nil, mark(ErrFormat, fmt.Errorf("%s: %s: %s", path, is, hint))
		}
	}
	if len(chain) == 0 && !device {
		if d, err := openSplit(path, f, size); d != nil || err != nil {
			return d, err
		}
	}
	d := &disk{ReaderAt: f, size: size, format: "raw", files: []FileInfo{{path, size, "image"}}, closers: []io.Closer{f}, problems: problems}
	if device {
		d.format = "block-device"
	} else if !raw && fixedVHD(f, size) {
		d.size, d.format = size-vhdFooter, "vhd"
		d.ReaderAt = io.NewSectionReader(f, 0, d.size)
	}
	d.alloc = func() ([]Range, error) { return dataRanges(f, d.size), nil }
	return d, nil
}

const (
	headSize  = 2048 // bytes looked at to recognise a format
	isQcow2   = "is a qcow2 image"
	vhdFooter = 512
)

// container says what container the first bytes belong to, if any.
func container(head []byte) (is, hint string) {
	if bytes.HasPrefix(head, []byte(qcow2Magic)) {
		return isQcow2, ""
	}
	for _, x := range foreign {
		if len(head) >= x.offset+len(x.magic) && string(head[x.offset:x.offset+len(x.magic)]) == x.magic {
			return x.is, x.hint
		}
	}
	return "", ""
}

// isDisk says whether the first bytes are those of a disk: an MBR with a
// partition, a GPT, or an ext2, ext3 or ext4 superblock.
func isDisk(head []byte) bool {
	if len(head) < headSize {
		return false
	}
	if string(head[512:520]) == "EFI PART" || head[1080] == 0x53 && head[1081] == 0xef && binary.LittleEndian.Uint32(head[1048:]) <= 6 {
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

// beginsDisk says whether a file begins as a disk does.
func beginsDisk(f io.ReaderAt, size int64) bool {
	head := make([]byte, min(headSize, size))
	n, _ := f.ReadAt(head, 0)
	return isDisk(head[:n])
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
		out = addRange(out, data, min(hole, size)-data)
		at = hole
	}
	return out
}
