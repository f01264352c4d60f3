package unxz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// The branch filters of .xz (5.3.2 of the format: "BCJ"): before machine code is
// compressed, the relative targets of calls become absolute ones, so that calls of
// the same function look alike. Programs for x86 and ARM are packed so; the filters
// for other processors are refused.
const (
	filterX86   = 0x04
	filterARM   = 0x07
	filterARM64 = 0x0a
)

// branch undoes a branch filter.
type branch struct {
	src io.Reader
	// convert undoes the filter on what of b it can, and gives how many bytes it
	// is done with: the rest, at most lookAhead bytes, it needs to see again.
	convert func(b []byte) int
	buf     []byte
	ready   int // bytes of buf that are converted
	err     error
}

// lookAhead is the most that a filter leaves.
const lookAhead = 4

// newBranch gives a reader that undoes a filter with its properties: none, or where
// the code is to start, 32 bits.
func newBranch(src io.Reader, id uint64, props []byte) (io.Reader, error) {
	var at uint32
	switch len(props) {
	case 0:
	case 4:
		at = le32(props)
	default:
		return nil, errors.New("damaged properties of a filter")
	}
	b := &branch{src: src}
	switch {
	case id == filterX86:
		x := x86{at: at}
		b.convert = x.undo
	case id == filterARM && at%4 == 0:
		b.convert = words(at, arm)
	case id == filterARM64 && at%4 == 0:
		b.convert = words(at, arm64)
	default:
		return nil, fmt.Errorf("a filter %#x before LZMA2 is not supported", id)
	}
	return b, nil
}

// Read implements io.Reader.
func (r *branch) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.ready == 0 {
		if r.err != nil {
			if len(r.buf) == 0 {
				return 0, r.err
			}
			r.ready = len(r.buf) // the last bytes were never converted
			break
		}
		const room = 32 << 10
		n := len(r.buf)
		if cap(r.buf) < n+room {
			r.buf = append(make([]byte, 0, room+2*lookAhead), r.buf...)
		}
		n, r.err = r.src.Read(r.buf[n : n+room])
		r.buf = r.buf[:len(r.buf)+n]
		r.ready = r.convert(r.buf)
	}
	n := copy(p, r.buf[:r.ready])
	r.buf, r.ready = r.buf[n:], r.ready-n
	return n, nil
}

// x86 undoes the filter for x86: calls and jumps with 32 bits, whose targets are
// within 16 MiB. A byte that looks like one of them may be part of another's target.
// The filter left those alone, and whoever undoes it must know which.
type x86 struct {
	at   uint32
	past uint // bit n: n+1 bytes before stands an operation that was left alone
}

// nearByte says whether the highest byte of a target is one of a near one.
func nearByte(b byte) bool { return b == 0 || b == 0xff }

func (x *x86) undo(b []byte) int {
	i := 0
	for i+5 <= len(b) {
		if b[i]&0xfe != 0xe8 {
			x.past = x.past << 1 & 7
			i++
			continue
		}
		if !x.changed(b[i : i+5]) {
			x.past = (x.past<<1 | 1) & 7
			i++
			continue
		}
		next := x.at + uint32(i) + 5 // the instruction behind
		v := le32(b[i+1:]) - next
		if x.past != 0 {
			// The byte that decided about the operation before must decide
			// the same in what was there before. Two steps lead back to
			// where it began, and there the byte is none: no more are made.
			low := 32 - 8*bits.Len(x.past) // bits up to that byte
			for nearByte(byte(v >> (low - 8))) {
				v = v ^ (1<<low - 1) - next
			}
		}
		if v&(1<<24) != 0 {
			v |= 0xff << 24
		} else {
			v &= 1<<24 - 1
		}
		binary.LittleEndian.PutUint32(b[i+1:], v)
		x.past = 0
		i += 5
	}
	x.at += uint32(i)
	return i
}

// changed says whether the filter changed the target of an operation.
func (x *x86) changed(op []byte) bool {
	if !nearByte(op[4]) {
		return false
	}
	return x.past == 0 || bits.OnesCount(x.past) == 1 && !nearByte(op[4-bits.Len(x.past)])
}

// words undoes a filter that looks at one word of 32 bits after the other.
func words(at uint32, undo func(word, at uint32) uint32) func([]byte) int {
	return func(b []byte) int {
		n := len(b) &^ 3
		for i := 0; i < n; i += 4 {
			binary.LittleEndian.PutUint32(b[i:], undo(le32(b[i:]), at+uint32(i)))
		}
		at += uint32(n)
		return n
	}
}

// arm undoes the filter for BL with the condition "always".
func arm(w, at uint32) uint32 {
	if w>>24 != 0xeb {
		return w
	}
	return 0xeb<<24 | (w-(at+8)>>2)&(1<<24-1)
}

// arm64 undoes the filter for BL, and for ADRP within 512 MiB.
func arm64(w, at uint32) uint32 {
	switch {
	case w>>26 == 0x25: // BL: 26 bits, in words
		return 0x25<<26 | (w-at>>2)&(1<<26-1)
	case w&0x9f000000 == 0x90000000: // ADRP: 2 bits and 19 bits, in pages
		page := w>>29&3 | w>>3&0x1ffffc
		if (page+1<<17)&0x1c0000 != 0 {
			return w
		}
		page -= at >> 12
		w = w&0x9000001f | page&3<<29 | page&0x3fffc<<3
		if page&(1<<17) != 0 {
			w |= 7 << 21
		}
	}
	return w
}
