package upx

import "errors"

var (
	errInput   = errors.New("the compressed data ends too early")
	errOutput  = errors.New("more data than the block states")
	errOffset  = errors.New("a match before the beginning of the block")
	errBad     = errors.New("the compressed data is damaged")
	errTooLong = errors.New("a match longer than the block")
)

// The three variants of NRV2 (named B, D and E after the coding of matches) share
// the bit reader and the literals.
const (
	nrvB = 'b'
	nrvD = 'd'
	nrvE = 'e'
)

// bits reads single bits. They are kept in words of 8, 16 or 32 bits, little
// endian, the highest bit first; between the words stand bytes, each taken when it
// is needed.
type bits struct {
	src  []byte
	at   int
	word uint32
	left int // unread bits of word
	size int // of a word, in bytes: 1, 2 or 4
	err  error
}

func (r *bits) bit() uint32 {
	if r.left == 0 {
		if len(r.src)-r.at < r.size {
			r.err = errInput
			return 1
		}
		r.word = 0
		for i := r.size - 1; i >= 0; i-- {
			r.word = r.word<<8 | uint32(r.src[r.at+i])
		}
		r.at += r.size
		r.left = r.size * 8
	}
	r.left--
	return r.word >> r.left & 1
}

func (r *bits) byte() byte {
	if r.at >= len(r.src) {
		r.err = errInput
		return 0
	}
	r.at++
	return r.src[r.at-1]
}

// nrv decompresses src into dst, which must be filled exactly.
func nrv(variant byte, wordSize int, dst, src []byte) error {
	r := bits{src: src, size: wordSize}
	out := 0
	last := uint32(1)
	for r.err == nil {
		for r.bit() == 1 {
			if r.err != nil {
				return r.err
			}
			if out == len(dst) {
				return errOutput
			}
			dst[out] = r.byte()
			out++
		}
		off, length, end := r.match(variant, &last)
		if r.err != nil {
			break
		}
		if end {
			if out != len(dst) {
				return errInput
			}
			return nil
		}
		switch n := int64(length) + 1; {
		case int64(off) > int64(out) || off == 0:
			return errOffset
		case n > int64(len(dst)-out):
			return errTooLong
		default:
			// A match may overlap what it makes.
			for range n {
				dst[out] = dst[out-int(off)]
				out++
			}
		}
	}
	return r.err
}

// match reads where a match begins, counted back, and how long it is, less one.
func (r *bits) match(variant byte, last *uint32) (off, length uint32, end bool) {
	off = 1
	for n := 0; ; n++ {
		off = off<<1 | r.bit()
		if r.bit() == 1 {
			break
		}
		if variant != nrvB {
			off = (off-1)<<1 | r.bit()
		}
		if r.err != nil || n > 31 {
			r.fail()
			return 0, 0, false
		}
	}
	low := uint32(0) // the first bit of the length
	if off == 2 {
		off = *last
		if variant != nrvB {
			low = r.bit()
		}
	} else {
		off = (off-3)<<8 | uint32(r.byte())
		if off == 0xffffffff {
			return 0, 0, true
		}
		if variant != nrvB {
			low = ^off & 1
			off >>= 1
		}
		off++
		*last = off
	}
	far := uint32(0x500)
	switch variant {
	case nrvB:
		far = 0xd00
		length = r.bit()<<1 | r.bit()
		if length == 0 {
			length = r.count() + 2
		}
	case nrvD:
		length = low<<1 | r.bit()
		if length == 0 {
			length = r.count() + 2
		}
	default:
		switch {
		case low == 1:
			length = 1 + r.bit()
		case r.bit() == 1:
			length = 3 + r.bit()
		default:
			length = r.count() + 3
		}
	}
	if off > far {
		length++
	}
	return off, length, false
}

// count reads a number of two or more in which every second bit says whether it
// ends.
func (r *bits) count() uint32 {
	v := uint32(1)
	for n := 0; ; n++ {
		v = v<<1 | r.bit()
		if r.bit() == 1 {
			return v
		}
		if r.err != nil || n > 29 {
			r.fail()
			return 0
		}
	}
}

func (r *bits) fail() {
	if r.err == nil {
		r.err = errBad
	}
}
