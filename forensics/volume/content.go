package volume

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
)

// A Recogniser names what a volume holds; empty: it does not know.
type Recogniser func(r io.ReaderAt) string

// recognise says what a volume holds, by magic number, and why it is not read
// where it is not. What has none of the numbers is shown to those in more.
func recognise(v *Volume, more []Recogniser) {
	p := probe{v.Bytes, v.Size}
	set := func(content, reason string) { v.Content, v.Reason = content, reason }
	raid, isRaid := p.raidAtEnd()
	sb := p.at(1024, 1024)
	if len(sb) >= 0x154 && sb[0x38] == 0x53 && sb[0x39] == 0xef && (!isRaid || raid.shows(extSize(sb), v.Size)) {
		set(extType(sb), "")
		return
	}
	for _, s := range signatures() {
		if s.is(p) {
			set(s.content, s.reason)
			v.identify()
			return
		}
	}
	if isRaid {
		set("mdraid", raid.reason())
		return
	}
	for _, name := range more {
		if set(name(v.Bytes), ""); v.Content != "" {
			return
		}
	}
	if b := p.at(0, 4096); len(b) > 0 && bytes.Count(b, []byte{0}) == len(b) {
		v.Empty = true
		v.Reason = "begins with zeros: empty, or not formatted"
	} else {
		v.Reason = "content not recognised (begins with " + hex.EncodeToString(p.at(0, 8)) + ")"
	}
	if strings.Contains(v.Type, "BIOS boot") {
		set("BIOS boot", "holds boot code, no filesystem")
	}
}

// probe reads pieces of a volume.
type probe struct {
	r    io.ReaderAt
	size int64
}

// at reads n bytes, fewer at the end of the volume.
func (p probe) at(off int64, n int) []byte {
	if off < 0 {
		return nil
	}
	b := make([]byte, n)
	k, _ := p.r.ReadAt(b, off)
	return b[:k]
}

func (p probe) has(off int64, magic string) bool { return string(p.at(off, len(magic))) == magic }

// extSize is the size of an ext2, ext3 or ext4 in bytes, as its superblock states it.
func extSize(sb []byte) int64 {
	le := binary.LittleEndian
	blocks := uint64(le.Uint32(sb[4:]))
	if le.Uint32(sb[0x60:])&0x80 != 0 { // 64bit
		blocks |= uint64(le.Uint32(sb[0x150:])) << 32
	}
	if bits := le.Uint32(sb[0x18:]); bits <= 6 && blocks < 1<<46 {
		return int64(blocks << (10 + bits))
	}
	return 0
}

// extType distinguishes ext2, ext3 and ext4 as blkid(8) does.
func extType(sb []byte) string {
	le := binary.LittleEndian
	compat, incompat, ro := le.Uint32(sb[0x5c:]), le.Uint32(sb[0x60:]), le.Uint32(sb[0x64:])
	switch {
	case incompat&^0x16 != 0 || ro&^0x7 != 0:
		return "ext4"
	case compat&4 != 0:
		return "ext3"
	}
	return "ext2"
}
