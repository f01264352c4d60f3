package volume

import (
	"encoding/binary"
	"fmt"
)

// raid is a superblock of a Linux software RAID that stands at the end of a member, where
// the array's own bytes begin at the first byte of it: of format 0.90 or 1.0 (md(4)).
type raid struct {
	at      int64 // of the superblock, in the volume
	level   int32 // 1: a mirror; 0, 4, 5, 6, 10: striped; -1: one behind the other
	members uint32
}

const raidMagic = 0xa92b4efc

// raidAtEnd finds such a superblock.
func (p probe) raidAtEnd() (raid, bool) {
	le, be := binary.LittleEndian, binary.BigEndian
	// Format 1.0: at least 8 KiB before the end, on a boundary of 4 KiB.
	if at := (p.size/512 - 16) &^ 7 * 512; at >= 0 {
		if b := p.at(at, 256); len(b) == 256 && le.Uint32(b) == raidMagic && le.Uint32(b[4:]) == 1 && int64(le.Uint64(b[144:])) == at/512 {
			return raid{at, int32(le.Uint32(b[72:])), le.Uint32(b[92:])}, true
		}
	}
	// Format 0.90: the last whole 64 KiB but one, in the machine's order of bytes.
	at := p.size&^(64<<10-1) - 64<<10
	b := p.at(at, 64)
	if len(b) < 64 {
		return raid{}, false
	}
	for _, order := range []binary.ByteOrder{le, be} {
		if order.Uint32(b) == raidMagic && order.Uint32(b[4:]) == 0 && order.Uint32(b[8:]) >= 90 {
			return raid{at, int32(order.Uint32(b[28:])), order.Uint32(b[40:])}, true
		}
	}
	return raid{}, false
}

// shows says whether a filesystem of so many bytes at the beginning of a member can be read
// from it alone: the member is a mirror, or the superblock is one of an earlier use, over
// which the filesystem goes.
func (r raid) shows(fs, volume int64) bool {
	return r.level == 1 || r.members == 1 || fs > r.at && fs <= volume
}

func (r raid) reason() string {
	if r.level < 0 {
		return fmt.Sprintf("a member of a Linux software RAID (of %d, one behind the other)%s", r.members, notRead)
	}
	return fmt.Sprintf("a member of a Linux software RAID (level %d of %d)%s", r.level, r.members, notRead)
}
