package rpmdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The types of a header's values.
const (
	typeChar        = 1
	typeInt8        = 2
	typeInt16       = 3
	typeInt32       = 4
	typeInt64       = 5
	typeString      = 6
	typeBin         = 7
	typeStringArray = 8
	typeI18NString  = 9
)

// Bounds of a header, of rpm itself (lib/header.c).
const (
	maxTags = 0xffff
	// firstTag: what is below it describes the header itself.
	firstTag = 100
)

// Header is what a package says of itself: values by tag.
type Header struct {
	entries map[uint32]value
	data    []byte
}

type value struct {
	kind, count uint32
	off         uint32
}

// ParseHeader reads a header as the database holds it: two numbers, the index, the data.
// Values are looked at when they are asked for; b must not change meanwhile.
func ParseHeader(b []byte) (*Header, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("RPM header: %d bytes", len(b))
	}
	be := binary.BigEndian
	tags, size := be.Uint32(b), be.Uint32(b[4:])
	if tags == 0 || tags > maxTags || uint64(size)+uint64(tags)*16+8 > uint64(len(b)) {
		return nil, fmt.Errorf("RPM header: %d tags and %d bytes of data in %d bytes", tags, size, len(b))
	}
	index := b[8 : 8+tags*16]
	h := &Header{data: b[8+tags*16:][:size], entries: make(map[uint32]value, tags)}
	for ; len(index) > 0; index = index[16:] {
		tag := be.Uint32(index)
		v := value{kind: be.Uint32(index[4:]), off: be.Uint32(index[8:]), count: be.Uint32(index[12:])}
		if tag < firstTag || v.off >= size {
			continue
		}
		// What was added at the installation stands behind the package's own index, and
		// is the newer.
		h.entries[tag] = v
	}
	return h, nil
}

// Has says whether the header has a tag.
func (h *Header) Has(tag uint32) bool {
	_, ok := h.entries[tag]
	return ok
}

// Strings gives the values of a tag that holds one string or several. Those that are not
// there are missing at the end.
func (h *Header) Strings(tag uint32) []string {
	v, ok := h.entries[tag]
	if !ok || v.kind != typeString && v.kind != typeStringArray && v.kind != typeI18NString {
		return nil
	}
	count := int(v.count)
	if v.kind == typeString {
		count = 1
	}
	rest := h.data[v.off:]
	// Each string ends with a zero, so there are no more than bytes.
	count = min(count, len(rest))
	out := make([]string, 0, min(count, 1<<10))
	for range count {
		i := bytes.IndexByte(rest, 0)
		if i < 0 {
			break
		}
		out = append(out, string(rest[:i]))
		rest = rest[i+1:]
	}
	return out
}

// String gives the first string of a tag, or nothing.
func (h *Header) String(tag uint32) string {
	v, ok := h.entries[tag]
	if !ok || v.kind != typeString && v.kind != typeStringArray && v.kind != typeI18NString {
		return ""
	}
	s, _, ok := bytes.Cut(h.data[v.off:], []byte{0})
	if !ok {
		return ""
	}
	return string(s)
}

// Numbers gives the values of a tag that holds numbers of any width.
func (h *Header) Numbers(tag uint32) []uint64 {
	v, ok := h.entries[tag]
	if !ok {
		return nil
	}
	width := 0
	switch v.kind {
	case typeChar, typeInt8:
		width = 1
	case typeInt16:
		width = 2
	case typeInt32:
		width = 4
	case typeInt64:
		width = 8
	default:
		return nil
	}
	rest := h.data[v.off:]
	count := min(int64(v.count), int64(len(rest)/width))
	out := make([]uint64, count)
	for i := range out {
		switch b := rest[i*width:]; width {
		case 1:
			out[i] = uint64(b[0])
		case 2:
			out[i] = uint64(binary.BigEndian.Uint16(b))
		case 4:
			out[i] = uint64(binary.BigEndian.Uint32(b))
		case 8:
			out[i] = binary.BigEndian.Uint64(b)
		}
	}
	return out
}

// Number gives the first number of a tag.
func (h *Header) Number(tag uint32) (n uint64, ok bool) {
	v, ok := h.entries[tag]
	if !ok || v.count == 0 {
		return 0, false
	}
	v.count = 1
	one := Header{entries: map[uint32]value{tag: v}, data: h.data}
	if l := one.Numbers(tag); len(l) > 0 {
		return l[0], true
	}
	return 0, false
}

// Bytes gives the value of a tag that holds bytes.
func (h *Header) Bytes(tag uint32) []byte {
	v, ok := h.entries[tag]
	if !ok || v.kind != typeBin {
		return nil
	}
	b := h.data[v.off:]
	return b[:min(int64(v.count), int64(len(b)))]
}
