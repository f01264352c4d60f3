package upx

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// A packed shared library differs from a packed program, because the dynamic linker
// must read it as it reads the original:
//
//	program headers  as many as the original has; those of segments that are
//	                 packed are of type 0
//	the original     up to the first packed byte of the first segment: symbols,
//	                 relocations
//	l_info, p_info   as in a program
//	blocks           the original's headers; the rest of the first segment, if
//	                 there is one; the other segments that cannot be written
//	the loader, and the blocks of what lies between and behind the segments
//	segments         those that can be written, as they were, but for the DT_INIT
//	                 in them, which leads to the loader: that is not undone
//
// Source: libraries packed with UPX 4.2.

// maxLibraryTries bounds the places at which the first block of a library is tried.
const maxLibraryTries = 4096

const (
	ptLoad  = 1
	flagX   = 1
	dynType = 3 // e_type of libraries, and of programs that can be loaded anywhere
)

// entry is a program header.
type entry struct {
	kind, flags     uint32
	off, addr, size uint64 // size in the file
}

func (f elfFile) entries(head []byte) []entry {
	var out []entry
	for i := range f.header(head).phnum {
		at := f.headerSize() + i*f.entrySize()
		if at+f.entrySize() > len(head) {
			break
		}
		p := head[at:]
		if f.wide {
			out = append(out, entry{f.order.Uint32(p), f.order.Uint32(p[4:]), f.order.Uint64(p[8:]), f.order.Uint64(p[16:]), f.order.Uint64(p[32:])})
		} else {
			out = append(out, entry{f.order.Uint32(p), f.order.Uint32(p[24:]), uint64(f.order.Uint32(p[4:])), uint64(f.order.Uint32(p[8:])), uint64(f.order.Uint32(p[16:]))})
		}
	}
	return out
}

// library unpacks a shared library; nil: b is none that UPX packed. hdr is where the
// headers end.
func (f elfFile) library(b []byte, hdr, limit int) *Program {
	if f.order.Uint16(b[16:]) != dynType || hdr <= f.headerSize() || hdr > len(b) {
		return nil
	}
	now := f.entries(b[:hdr])
	// The loader stands in the first segment, so that can be run. Of libraries
	// as linkers make them today it cannot, which spares most the search.
	first := -1
	for i := range now {
		if now[i].kind == ptLoad {
			first = i
			break
		}
	}
	if first < 0 || now[first].off != 0 || now[first].flags&flagX == 0 {
		return nil
	}
	end := int(min(uint64(len(b)), now[first].size)) - infoSize
	var size [4]byte
	f.order.PutUint32(size[:], uint32(hdr))
	for at, tries := hdr+2*infoSize+1, 0; at < end && tries < maxLibraryTries; at++ {
		i := bytes.Index(b[at:end], size[:])
		if i < 0 {
			return nil
		}
		at += i
		tries++
		head, ok := f.first(b, at)
		if !ok || len(head) != hdr || f.order.Uint16(head[16:]) != dynType {
			continue
		}
		was := f.entries(head)
		if len(was) != len(now) || !sameEntries(was, now) {
			continue
		}
		return f.unpackLibrary(b, at, head, was, now, limit)
	}
	return nil
}

// sameEntries says whether headers differ in nothing that packing leaves.
func sameEntries(was, now []entry) bool {
	for i := range was {
		if now[i].kind != 0 && now[i].kind != was[i].kind || now[i].addr != was[i].addr {
			return false
		}
	}
	return true
}

func (f elfFile) unpackLibrary(b []byte, at int, head []byte, was, now []entry, limit int) *Program {
	p := &Program{Library: true}
	start := at - 2*infoSize
	p.changed(f.order, b, at)
	if start > limit {
		p.Problem = errLimit
		return p
	}
	p.Data = append(bytes.Clone(head), b[len(head):start]...)
	_, used, err := f.block(b[at:], maxHeaders)
	if err != nil {
		p.Problem = err
		return p
	}
	w := writer{f: f, p: p, b: b[at+used:], left: limit - start, limit: uint64(limit)}
	var segs []segment
	for i, s := range was {
		if s.kind != ptLoad {
			continue
		}
		if s.off+s.size < s.off {
			p.Problem = fmt.Errorf("a segment of %d bytes at byte %d", s.size, s.off)
			return p
		}
		from := s.off
		if len(segs) == 0 {
			from = max(from, uint64(start))
		}
		segs = append(segs, segment{s.off, s.size})
		if q := now[i]; len(segs) > 1 && q.kind == ptLoad {
			p.Problem = w.copy(s.off, b, q.off, s.size)
		} else {
			p.Problem = w.fill(from, s.off+s.size)
		}
		if p.Problem != nil {
			return p
		}
	}
	f.between(&w, head, segs, uint64(f.order.Uint32(b[at-8:])))
	return p
}

// copy puts bytes that were not packed to their place.
func (w *writer) copy(at uint64, b []byte, from, size uint64) error {
	if from > uint64(len(b)) || size > uint64(len(b))-from {
		return errInput
	}
	if size > uint64(w.left) || at > w.limit || size > w.limit-at {
		return fmt.Errorf("a segment at byte %d: %w", at, errLimit)
	}
	w.left -= int(size)
	if need := int(at + size); need > len(w.p.Data) {
		w.p.Data = append(w.p.Data, make([]byte, need-len(w.p.Data))...)
	}
	copy(w.p.Data[at:], b[from:from+size])
	return nil
}

// changed names what was changed to keep UPX from unpacking the file whose first
// block stands at a place.
func (p *Program) changed(order binary.ByteOrder, b []byte, at int) {
	if string(b[at-20:at-16]) != "UPX!" {
		p.Changed = append(p.Changed, "magic")
	}
	if order.Uint32(b[at-8:]) == 0 {
		p.Changed = append(p.Changed, "header")
	}
}
