// Package unxz reads the container of .xz files (the .xz file format, version 1.2.1,
// of the XZ Utils) whose writer is not trusted, and leaves the LZMA2 within to
// github.com/ulikunitz/xz.
//
// That library's own reader takes a dictionary of the size that a block's header
// states, up to 4 GiB, which a hundred bytes of an intruder may state. Here the
// caller bounds it. Checks of the content are not verified. Of the filters before
// LZMA2 those for machine code of x86 and ARM are undone, the others refused.
package unxz

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// Magic is how a stream of .xz begins.
const Magic = "\xfd7zXZ\x00"

// ErrDictionary says that a block needs more history than the caller allows.
var ErrDictionary = errors.New("a dictionary larger than the limit")

// NewReader unpacks what src holds, all streams of it. A block that states a
// dictionary of more than maxDict bytes gives ErrDictionary.
func NewReader(src io.Reader, maxDict int64) io.Reader {
	return &reader{src: counted{r: bufio.NewReaderSize(src, 64<<10)}, max: maxDict}
}

type reader struct {
	src   counted
	max   int64 // bytes of a dictionary
	check int   // bytes of the check behind a block
	block io.Reader
	start int64 // of the data of the block
	state int   // 0: a stream begins, 1: a block or the index, 2: in a block
}

// Read implements io.Reader.
func (x *reader) Read(p []byte) (int, error) {
	for {
		switch x.state {
		case 0:
			if err := x.header(); err != nil {
				return 0, err
			}
			x.state = 1
		case 1:
			more, err := x.blockHeader()
			if err != nil {
				return 0, err
			}
			x.state = 0
			if more {
				x.state = 2
			}
		case 2:
			n, err := x.block.Read(p)
			if err == io.EOF {
				x.state = 1
				err = x.src.skip((4-(x.src.n-x.start)%4)%4 + int64(x.check))
			}
			if n > 0 || err != nil {
				return n, err
			}
		}
	}
}

// header reads the header of a stream, behind zeros; io.EOF where there is none.
func (x *reader) header() error {
	for {
		b, err := x.src.r.Peek(1)
		if err != nil {
			return err
		}
		if b[0] != 0 {
			break
		}
		_, _ = x.src.r.Discard(1)
	}
	x.src.n = 0
	var h [12]byte
	if err := x.src.full(h[:]); err != nil {
		return err
	}
	if string(h[:6]) != Magic {
		return io.EOF // something else is appended
	}
	if h[6] != 0 || h[7] > 15 || crc32.ChecksumIEEE(h[6:8]) != le32(h[8:]) {
		return errors.New("damaged stream header")
	}
	x.check = [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[h[7]]
	return nil
}

// blockHeader reads the header of a block, or the index and what ends a stream.
func (x *reader) blockHeader() (more bool, err error) {
	size, err := x.src.ReadByte()
	if err != nil {
		return false, noEOF(err)
	}
	if size == 0 {
		return false, x.index()
	}
	h := make([]byte, (int(size)+1)*4)
	h[0] = size
	if err := x.src.full(h[1:]); err != nil {
		return false, err
	}
	if crc32.ChecksumIEEE(h[:len(h)-4]) != le32(h[len(h)-4:]) {
		return false, errors.New("damaged block header")
	}
	flags, h := h[1], h[2:len(h)-4]
	if flags&0x3c != 0 {
		return false, errors.New("unknown flags in a block header")
	}
	for _, bit := range []byte{0x40, 0x80} { // sizes, which are not needed
		if flags&bit != 0 {
			if _, h, err = varint(h); err != nil {
				return false, err
			}
		}
	}
	type filter struct {
		id    uint64
		props []byte
	}
	var before []filter // in the order in which they were applied
	for range flags & 3 {
		var f filter
		var n uint64
		if f.id, h, err = varint(h); err != nil {
			return false, err
		}
		if n, h, err = varint(h); err != nil {
			return false, err
		}
		if n > uint64(len(h)) {
			return false, errors.New("damaged properties of a filter")
		}
		f.props, h = h[:n], h[n:]
		before = append(before, f)
	}
	id, h, err := varint(h)
	if err != nil || id != 0x21 || len(h) < 2 || h[0] != 1 || h[1] > 40 {
		return false, errors.New("a filter other than LZMA2 is not supported")
	}
	dict := int64(1)<<32 - 1
	if h[1] < 40 {
		dict = (2 | int64(h[1]&1)) << (h[1]/2 + 11)
	}
	if dict > x.max {
		return false, fmt.Errorf("%w: %d bytes", ErrDictionary, dict)
	}
	x.start = x.src.n
	if x.block, err = (lzma.Reader2Config{DictCap: int(dict)}).NewReader2(&x.src); err != nil {
		return false, err
	}
	for _, f := range slices.Backward(before) {
		if x.block, err = newBranch(x.block, f.id, f.props); err != nil {
			return false, err
		}
	}
	return true, nil
}

// index passes over the index and the footer of a stream.
func (x *reader) index() error {
	start := x.src.n - 1
	count, err := x.varint()
	if err != nil {
		return err
	}
	for range count {
		for range 2 {
			if _, err := x.varint(); err != nil {
				return err
			}
		}
	}
	return x.src.skip((4-(x.src.n-start)%4)%4 + 4 + 12)
}

func (x *reader) varint() (uint64, error) {
	var v uint64
	for i := range 9 {
		b, err := x.src.ReadByte()
		if err != nil {
			return 0, noEOF(err)
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v, nil
		}
	}
	return 0, errors.New("damaged number")
}

func varint(b []byte) (uint64, []byte, error) {
	var v uint64
	for i := 0; i < 9 && i < len(b); i++ {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return v, b[i+1:], nil
		}
	}
	return 0, nil, errors.New("damaged number in a block header")
}

// counted counts what is read of a stream.
type counted struct {
	r *bufio.Reader
	n int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte implements io.ByteReader.
func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

func (c *counted) full(p []byte) error {
	n, err := io.ReadFull(c.r, p)
	c.n += int64(n)
	return noEOF(err)
}

func (c *counted) skip(n int64) error {
	k, err := io.CopyN(io.Discard, c.r, n)
	c.n += k
	return noEOF(err)
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
