// Package upx unpacks ELF programs and libraries that UPX packed, in memory, as far as the packed
// file allows: also where the intruder changed the magic numbers or zeroed the
// header that UPX itself needs, because what is needed here stands in the blocks.
//
// A packed program is
//
//	ELF header, program headers, of the loader
//	l_info   checksum, magic "UPX!", size of the loader, version, format   12 bytes
//	p_info   program id, size of the file, size of a block                 12 bytes
//	blocks   each with a b_info                                            12 bytes
//	         sz_unc, sz_cpr    bytes unpacked and packed, in the program's byte order
//	         method, filter, cto, unused
//	a b_info with sz_unc 0
//	the loader, and a copy of the header
//
// The first block holds the ELF and program headers of the original; then come, in
// order, the rest of the first loaded segment and the other loaded segments, each
// in one or more blocks; then what stands between and behind the segments. A block
// that could not be made smaller is stored as it is. Shared libraries: library.go.
//
// Sources: the documentation and headers of UPX (upx.github.io, src/stub/src/
// include/linux.h for the three structures), the UCL library's description of NRV,
// and files packed with UPX 3.96 and 4.2. Only the format was taken.
package upx

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// DefaultLimit bounds the size of an unpacked program.
const DefaultLimit = 64 << 20

// ErrNotPacked says that nothing was found that UPX could have made.
var ErrNotPacked = errors.New("not packed by UPX")

// Program is an unpacked program.
type Program struct {
	Data   []byte // the ELF file
	Method string // of the first packed block: nrv2b, nrv2d, nrv2e, lzma, deflate, stored
	Filter byte   // of the first block that has one
	// Library says that it is a shared library; its DT_INIT leads to where the
	// loader was.
	Library bool
	// Changed names what was changed to keep UPX from unpacking the file:
	// "magic", "header". Empty: nothing.
	Changed []string
	// Problem says why the program is not complete, if it is not.
	Problem error
}

// What a first block may say; with these, hardly anything but a packed program's is
// tried.
const (
	searched   = 1024     // bytes behind the headers in which the first block is looked for
	minHeaders = 52 + 32  // bytes of the smallest headers
	maxHeaders = 16 << 10 // bytes of the largest
)

// info is a b_info.
type info struct {
	unpacked, packed    uint32
	method, filter, cto byte
}

const infoSize = 12

type elfFile struct {
	order binary.ByteOrder
	wide  bool // 64 bits
}

// Unpack unpacks a program. It gives ErrNotPacked for everything that UPX did not
// make; where the packed data is damaged, it gives what could be unpacked and sets
// Problem. The program takes at most limit bytes.
func Unpack(b []byte, limit int) (*Program, error) {
	f, hdr, ok := ident(b)
	if !ok {
		return nil, ErrNotPacked
	}
	if p := f.library(b, hdr, limit); p != nil {
		return p, nil
	}
	for at := hdr; at < min(len(b)-infoSize, hdr+searched); at++ {
		head, ok := f.first(b, at)
		if !ok {
			continue
		}
		p := &Program{}
		f.unpack(p, b[at:], head, uint64(f.order.Uint32(b[at-8:])), limit)
		p.changed(f.order, b, at)
		if slices.Contains(p.Changed, "magic") && p.Problem != nil && len(p.Data) <= len(head) {
			return nil, ErrNotPacked // headers alone are not much of a proof
		}
		return p, nil
	}
	return nil, ErrNotPacked
}

// ident reads what is needed of the loader's own headers, and gives where they end.
func ident(b []byte) (f elfFile, end int, ok bool) {
	if len(b) < 64 || string(b[:4]) != "\x7fELF" {
		return f, 0, false
	}
	f.order, f.wide = binary.LittleEndian, b[4] == 2
	if b[5] == 2 {
		f.order = binary.BigEndian
	}
	h := f.header(b)
	// The loader has two to six program headers behind the ELF header. What
	// the file says of them may be false on purpose.
	if h.phnum > 16 {
		h.phnum = 0
	}
	return f, f.headerSize() + h.phnum*f.entrySize(), true
}

func (f elfFile) headerSize() int {
	if f.wide {
		return 64
	}
	return 52
}

func (f elfFile) entrySize() int {
	if f.wide {
		return 56
	}
	return 32
}

type header struct{ phnum int }

func (f elfFile) header(b []byte) header {
	at := 44
	if f.wide {
		at = 56
	}
	return header{int(f.order.Uint16(b[at:]))}
}

// segment is a loaded segment of the original.
type segment struct{ off, size uint64 }

func (f elfFile) segments(head []byte) []segment {
	n := f.header(head).phnum
	var out []segment
	for i := range n {
		p := head[f.headerSize()+i*f.entrySize():]
		if f.order.Uint32(p) != 1 { // PT_LOAD
			continue
		}
		if f.wide {
			out = append(out, segment{f.order.Uint64(p[8:]), f.order.Uint64(p[32:])})
		} else {
			out = append(out, segment{uint64(f.order.Uint32(p[4:])), uint64(f.order.Uint32(p[16:]))})
		}
	}
	return out
}

func (f elfFile) info(b []byte) info {
	return info{f.order.Uint32(b), f.order.Uint32(b[4:]), b[8], b[9], b[10]}
}

// first tries to read the block at a place as the first one: it must hold ELF
// headers of the same class.
func (f elfFile) first(b []byte, at int) ([]byte, bool) {
	i := f.info(b[at:])
	if i.unpacked < minHeaders || i.unpacked > maxHeaders || i.packed == 0 || i.packed > i.unpacked || i.filter != 0 || methodName(i.method) == "" {
		return nil, false
	}
	head, _, err := f.block(b[at:], maxHeaders)
	if err != nil || string(head[:4]) != "\x7fELF" || head[4] != b[4] || head[5] != b[5] {
		return nil, false
	}
	if n := f.header(head).phnum; n == 0 || f.headerSize()+n*f.entrySize() != len(head) {
		return nil, false
	}
	return head, true
}

func methodName(m byte) string {
	switch m {
	case 2, 3, 4:
		return "nrv2b"
	case 5, 6, 7:
		return "nrv2d"
	case 8, 9, 10:
		return "nrv2e"
	case 14:
		return "lzma"
	case 15:
		return "deflate"
	}
	return ""
}

// block unpacks the block at the beginning of b, of at most limit bytes, and gives
// how many bytes it took.
func (f elfFile) block(b []byte, limit int) (data []byte, used int, err error) {
	if len(b) < infoSize {
		return nil, 0, errInput
	}
	i := f.info(b)
	src := b[infoSize:]
	switch {
	case i.packed == 0 || i.packed > i.unpacked:
		return nil, 0, fmt.Errorf("a block of %d bytes packed into %d", i.unpacked, i.packed)
	case int64(i.packed) > int64(len(src)):
		return nil, 0, errInput
	case int64(i.unpacked) > int64(limit):
		return nil, 0, fmt.Errorf("a block of %d bytes: %w", i.unpacked, errLimit)
	}
	src = src[:i.packed]
	dst := make([]byte, i.unpacked)
	if i.packed == i.unpacked {
		copy(dst, src) // never filtered
	} else {
		if err := decompress(i.method, dst, src); err != nil {
			return nil, 0, err
		}
		if err := unfilter(dst, i.filter, i.cto); err != nil {
			return nil, 0, err
		}
	}
	return dst, infoSize + len(src), nil
}

var errLimit = errors.New("more than the limit for an unpacked program")

func decompress(method byte, dst, src []byte) error {
	words := [3]int{4, 1, 2}
	switch method {
	case 2, 3, 4:
		return nrv(nrvB, words[method-2], dst, src)
	case 5, 6, 7:
		return nrv(nrvD, words[method-5], dst, src)
	case 8, 9, 10:
		return nrv(nrvE, words[method-8], dst, src)
	case 14:
		return unlzma(dst, src)
	case 15:
		_, err := io.ReadFull(flate.NewReader(bytes.NewReader(src)), dst)
		return err
	}
	return fmt.Errorf("method %d is not known", method)
}

// unlzma decompresses a raw LZMA stream behind two bytes with its parameters.
func unlzma(dst, src []byte) error {
	if len(src) < 7 {
		return errInput
	}
	pb, lp, lc := src[0]&7, src[1]>>4, src[1]&15
	if pb > 4 || lp > 4 || lc > 8 || src[0]>>3 != lc+lp {
		return errBad
	}
	// The classic header of a .lzma file: parameters, size of the window, size.
	var h [13]byte
	h[0] = (pb*5+lp)*9 + lc
	binary.LittleEndian.PutUint32(h[1:], uint32(max(len(dst), 4096)))
	binary.LittleEndian.PutUint64(h[5:], uint64(len(dst)))
	r, err := lzma.ReaderConfig{DictCap: max(len(dst), lzma.MinDictCap)}.NewReader(io.MultiReader(bytes.NewReader(h[:]), bytes.NewReader(src[2:])))
	if err != nil {
		return err
	}
	_, err = io.ReadFull(r, dst)
	return err
}

// unpack unpacks all blocks, of which the first holds the headers. size is that of
// the file as p_info states it; it may be false, or zero.
func (f elfFile) unpack(p *Program, b, head []byte, size uint64, limit int) {
	segs := f.segments(head)
	p.Data = append(p.Data, head...)
	_, used, err := f.block(b, maxHeaders)
	if err != nil {
		p.Problem = err
		return
	}
	w := writer{f: f, p: p, b: b[used:], left: limit - len(head), limit: uint64(limit)}
	for i, s := range segs {
		from := s.off
		if i == 0 && from == 0 {
			from = min(uint64(len(head)), s.size)
		}
		if s.off+s.size < s.off {
			p.Problem = fmt.Errorf("a segment of %d bytes at byte %d", s.size, s.off)
			return
		}
		if p.Problem = w.fill(from, s.off+s.size); p.Problem != nil {
			return
		}
	}
	f.between(&w, head, segs, size)
}

// between unpacks what lies between and behind the segments.
func (f elfFile) between(w *writer, head []byte, segs []segment, size uint64) {
	p := w.p
	type gap struct{ from, to uint64 }
	var gaps []gap
	var sizes []uint64
	for i, s := range segs {
		end := s.off + s.size
		next := max(size, f.sectionsEnd(head))
		if next <= end {
			next = ^uint64(0)
		}
		for k, t := range segs {
			if k != i && t.off >= end && t.off < next {
				next = t.off
			}
		}
		if next > end {
			gaps = append(gaps, gap{end, next})
			sizes = append(sizes, next-end)
		}
	}
	if !w.findRest(sizes) {
		return
	}
	for _, g := range gaps {
		if p.Problem = w.fill(g.from, g.to); p.Problem != nil {
			return
		}
	}
}

// sectionsEnd gives where the section table of the original ends: mostly that is
// the end of the file.
func (f elfFile) sectionsEnd(head []byte) uint64 {
	var off uint64
	var n, each uint16
	if f.wide {
		off, each, n = f.order.Uint64(head[40:]), f.order.Uint16(head[58:]), f.order.Uint16(head[60:])
	} else {
		off, each, n = uint64(f.order.Uint32(head[32:])), f.order.Uint16(head[46:]), f.order.Uint16(head[48:])
	}
	if off == 0 || off > 1<<40 {
		return 0
	}
	return off + uint64(n)*uint64(each)
}

// writer puts blocks to their places in the program.
type writer struct {
	f     elfFile
	p     *Program
	b     []byte // from the next block on
	left  int    // bytes that may still be unpacked
	limit uint64
}

// fill unpacks blocks into the bytes from at to end; the last block mark ends it,
// too.
func (w *writer) fill(at, end uint64) error {
	for at < end {
		if len(w.b) < infoSize {
			return errInput
		}
		i := w.f.info(w.b)
		if i.unpacked == 0 {
			return nil
		}
		data, used, err := w.f.block(w.b, w.left)
		if err != nil {
			return err
		}
		if uint64(len(data)) > end-at {
			return fmt.Errorf("a block of %d bytes where %d are left", len(data), end-at)
		}
		switch stored := i.packed == i.unpacked; {
		case stored && w.p.Method == "":
			w.p.Method = "stored"
		case !stored && (w.p.Method == "" || w.p.Method == "stored"):
			w.p.Method = methodName(i.method)
		}
		if w.p.Filter == 0 && i.packed < i.unpacked {
			w.p.Filter = i.filter
		}
		w.b, w.left = w.b[used:], w.left-len(data)
		if at > w.limit || uint64(len(data)) > w.limit-at {
			return fmt.Errorf("a segment at byte %d: %w", at, errLimit)
		}
		if need := int(at) + len(data); need > len(w.p.Data) {
			w.p.Data = append(w.p.Data, make([]byte, need-len(w.p.Data))...)
		}
		copy(w.p.Data[at:], data)
		at += uint64(len(data))
	}
	return nil
}

// maxLoader bounds the loader, behind which the rest is looked for.
const maxLoader = 32 << 10

// findRest looks for the blocks of what lies between and behind the segments (there
// the symbols and the names of sections are): they stand behind the loader, whose
// size is not known for sure, and of which a part may be a block, too. It is a chain
// of blocks that fits the gaps and ends as it should.
func (w *writer) findRest(gaps []uint64) bool {
	for at := range min(maxLoader, len(w.b)) {
		if w.chain(w.b[at:], gaps) {
			w.b = w.b[at:]
			return true
		}
	}
	return false
}

func (w *writer) chain(b []byte, gaps []uint64) bool {
	var filled uint64
	for n := 0; len(b) >= infoSize && n < 4096; n++ {
		i := w.f.info(b)
		if i.unpacked == 0 {
			// The magic, whatever became of it; the last gap may be without end.
			return n > 0 && i.packed > 1<<16 && (len(gaps) == 0 || len(gaps) == 1 && (filled == 0 || gaps[0] > 1<<40))
		}
		if i.packed == 0 || i.packed > i.unpacked || i.filter != 0 || b[11] != 0 || methodName(i.method) == "" || int64(i.unpacked) > int64(w.left) || int64(i.packed) > int64(len(b)-infoSize) {
			return false
		}
		if filled += uint64(i.unpacked); len(gaps) == 0 || filled > gaps[0] {
			return false
		}
		if filled == gaps[0] {
			gaps, filled = gaps[1:], 0
		}
		b = b[infoSize+int(i.packed):]
	}
	return false
}
