package upx

import (
	"encoding/binary"
	"fmt"
)

// Before it compresses code, UPX turns the relative targets of calls and jumps into
// absolute ones, so that calls of the same function look alike. Each such filter
// has a number, and most a mark (cto): the highest byte of a target that was
// changed.

// unfilter undoes a filter on a whole block.
func unfilter(b []byte, id, cto byte) error {
	switch id {
	case 0:
	case 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19:
		naive(b, id)
	case 0x24, 0x34, 0x44:
		marked(b, cto, true, false, false)
	case 0x25, 0x35, 0x45:
		marked(b, cto, false, true, false)
	case 0x26, 0x36, 0x46:
		marked(b, cto, true, true, false)
	case 0x49:
		marked(b, cto, true, true, true)
	case 0x50, 0x51, 0x52:
		arm(b, id)
	case 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87:
		renumbered(b, id, cto)
	case 0xd0:
		ppc(b, cto)
	default:
		return fmt.Errorf("filter %#x is not known", id)
	}
	return nil
}

const (
	opCall = 0xe8
	opJump = 0xe9
)

// isJcc says whether the bytes at i-1 and i are the operation of a conditional jump
// with a 32-bit target.
func isJcc(b []byte, i int) bool { return i > 0 && b[i-1] == 0x0f && b[i]&0xf0 == 0x80 }

// naive undoes filters that change every call (x1, x4), jump (x2, x5) or both, the
// result kept in little (11-13, 17-19) or big endian (14-16); 17 to 19 were made
// for code that is big endian.
func naive(b []byte, id byte) {
	kind := (id - 0x11) % 3
	from, to := binary.ByteOrder(binary.LittleEndian), binary.ByteOrder(binary.LittleEndian)
	switch {
	case id >= 0x17:
		to = binary.BigEndian
	case id >= 0x14:
		from = binary.BigEndian
	}
	for i := 0; i+5 < len(b); i++ {
		if b[i] == opCall && kind != 1 || b[i] == opJump && kind != 0 {
			v := from.Uint32(b[i+1:]) - uint32(i+1)
			to.PutUint32(b[i+1:], v)
			i += 4
		}
	}
}

// marked undoes filters that change only targets within the block, which then
// begin with the mark.
func marked(b []byte, cto byte, calls, jumps, jcc bool) {
	last := 0 // where the operand of the last one ended
	for i := 0; i < len(b)-5; i++ {
		if !(b[i] == opCall && calls || b[i] == opJump && jumps || jcc && i != last && isJcc(b, i)) || b[i+1] != cto {
			continue
		}
		v := binary.BigEndian.Uint32(b[i+1:]) - uint32(i+1) - uint32(cto)<<24
		binary.LittleEndian.PutUint32(b[i+1:], v)
		i += 4
		last = i + 1
	}
}

// arm undoes the filters of 32-bit (little and big endian) and 64-bit ARM.
func arm(b []byte, id byte) {
	for i := 0; i < len(b)-4; i += 4 {
		w := binary.LittleEndian.Uint32(b[i:])
		n := uint32(i / 4)
		switch {
		case id == 0x50 && w>>24&0x0f == 0x0b:
			binary.LittleEndian.PutUint32(b[i:], w&0xff000000|(w-n)&0x00ffffff)
		case id == 0x52 && w>>24&0x7c == 0x14:
			binary.LittleEndian.PutUint32(b[i:], w&0xfc000000|(w-n)&0x03ffffff)
		case id == 0x51:
			if w = binary.BigEndian.Uint32(b[i:]); w>>24&0x0f == 0x0b {
				binary.BigEndian.PutUint32(b[i:], w&0xff000000|(w-n)&0x00ffffff)
			}
		}
	}
}

// ppc undoes the filter of PowerPC: the mark has four bits.
func ppc(b []byte, cto byte) {
	for i := 0; i+4 <= min(len(b), 1<<22); i += 4 {
		w := binary.BigEndian.Uint32(b[i:])
		if w>>26 == 18 && byte(w>>22&15) == cto {
			binary.BigEndian.PutUint32(b[i:], w&0xfc000003|(w&0x003ffffc-uint32(i))&0x03fffffc)
		}
	}
}

// renumbered undoes filters that also swap the two bytes of a conditional jump, and
// may write, in place of a target, how long ago it was used.
func renumbered(b []byte, id, cto byte) {
	const (
		off   = 0
		plain = 1
		mru   = 2
	)
	n := int(id & 0x0f)
	how := [3]int{(1 + n) % 3, (1 + n) / 3 % 3, (1 + n) / 3 % 3} // of calls, jumps, conditional jumps
	var recent targets
	last := 0
	for i := 0; i < len(b)-5; i++ {
		which := 0
		switch {
		case b[i] == opCall:
		case b[i] == opJump:
			which = 1
		case i > 0 && i != last && b[i] == 0x0f && b[i-1]&0xf0 == 0x80:
			which = 2
		default:
			continue
		}
		if b[i+1] != cto {
			continue
		}
		if which == 2 && how[2] != off {
			b[i-1], b[i] = b[i], b[i-1]
		}
		if how[which] == off {
			continue
		}
		v := binary.BigEndian.Uint32(b[i+1:]) - uint32(cto)<<24
		if how[which] == mru {
			if v&1 == 1 {
				v >>= 1
				recent.add(v)
			} else {
				v = recent.use(v >> 1)
			}
		}
		binary.LittleEndian.PutUint32(b[i+1:], v-uint32(i+1))
		i += 4
		last = i + 1
	}
}

// targets are those used last, as the filter's two sides keep them: a ring whose
// cold part is kept together.
type targets struct {
	v          [32]uint32
	hand, tail int
}

func (t *targets) back(i int) int { return (i + len(t.v) - 1) % len(t.v) }

func (t *targets) add(v uint32) {
	t.hand = t.back(t.hand)
	t.v[t.hand] = v
}

func (t *targets) use(k uint32) uint32 {
	at := int((uint64(k) + uint64(t.hand)) % uint64(len(t.v)))
	v := t.v[at]
	t.hand = t.back(t.hand)
	if old := t.v[t.hand]; old != 0 {
		t.v[at] = old
	} else {
		t.tail = t.back(t.tail)
		moved := t.v[t.tail]
		t.v[t.tail] = 0
		t.v[at] = moved
	}
	t.v[t.hand] = v
	return v
}
