package journald

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// hash is that which a DATA object carries of its text: SipHash-2-4 with the file's
// id as key (J.-P. Aumasson, D. J. Bernstein, 2012) where hashes are keyed, else
// lookup3 (B. Jenkins, 2006, hashlittle2). Neither is a secret: whoever edits a file
// with care can make it right.
func (f *File) hash(b []byte) uint64 {
	if f.Incompatible&flagKeyed != 0 {
		return sipHash(f.FileID, b)
	}
	return lookup3(b)
}

// altered says whether a datum has another text than when it was written. A text
// with zeros has not reached the disk whole, and one longer than limit is not looked
// at.
func (f *File) altered(d *datum, limit int) (bool, error) {
	if d.packed == 0 && d.size > int64(limit) {
		return false, nil
	}
	head, err := f.peek(d.at, 24)
	if err != nil {
		return false, err
	}
	want := binary.LittleEndian.Uint64(head[16:])
	var b []byte
	if d.packed != 0 {
		if b, err = f.unpack(d, limit+1); err != nil || len(b) > limit {
			return false, err
		}
	} else {
		b = f.packed.room(int(d.size))
		if err := f.readFull(b, d.from); err != nil {
			return false, err
		}
	}
	if err := f.spend(int64(len(b))); err != nil {
		return false, err
	}
	return f.hash(b) != want && bytes.IndexByte(b, 0) < 0, nil
}

func lookup3(b []byte) uint64 {
	x := 0xdeadbeef + uint32(len(b))
	y, z := x, x
	if len(b) == 0 {
		return uint64(z)<<32 | uint64(y)
	}
	word := func(i int) uint32 {
		var w [4]byte
		if i < len(b) {
			copy(w[:], b[i:])
		}
		return binary.LittleEndian.Uint32(w[:])
	}
	for {
		x, y, z = x+word(0), y+word(4), z+word(8)
		if len(b) <= 12 {
			break
		}
		for _, r := range [2][3]int{{4, 6, 8}, {16, 19, 4}} {
			x = x - z ^ bits.RotateLeft32(z, r[0])
			z += y
			y = y - x ^ bits.RotateLeft32(x, r[1])
			x += z
			z = z - y ^ bits.RotateLeft32(y, r[2])
			y += x
		}
		b = b[12:]
	}
	z = (z ^ y) - bits.RotateLeft32(y, 14)
	x = (x ^ z) - bits.RotateLeft32(z, 11)
	y = (y ^ x) - bits.RotateLeft32(x, 25)
	z = (z ^ y) - bits.RotateLeft32(y, 16)
	x = (x ^ z) - bits.RotateLeft32(z, 4)
	y = (y ^ x) - bits.RotateLeft32(x, 14)
	z = (z ^ y) - bits.RotateLeft32(y, 24)
	return uint64(z)<<32 | uint64(y)
}

func sipHash(key ID, b []byte) uint64 {
	k0, k1 := binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])
	v0, v1, v2, v3 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d, k0^0x6c7967656e657261, k1^0x7465646279746573
	round := func() {
		v0, v2 = v0+v1, v2+v3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		v0 = bits.RotateLeft64(v0, 32)
		v2, v0 = v2+v1, v0+v3
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		v2 = bits.RotateLeft64(v2, 32)
	}
	last := uint64(len(b)) << 56
	for ; len(b) >= 8; b = b[8:] {
		m := binary.LittleEndian.Uint64(b)
		v3 ^= m
		round()
		round()
		v0 ^= m
	}
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	v3 ^= last
	round()
	round()
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		round()
	}
	return v0 ^ v1 ^ v2 ^ v3
}
