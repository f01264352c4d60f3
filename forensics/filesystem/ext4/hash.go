package ext4

import (
	"math/bits"

	rec "github.com/dsoprea/go-ext4"
)

// isIndexed says whether the kernel lists a directory by hash (is_dx_dir in
// fs/ext4/dir.c).
func (f *FS) isIndexed(n *node) bool {
	return f.sb.compat(rec.SbFeatureCompatDirIndex) && (n.Flags&(rec.InodeFlagIndex|rec.InodeFlagInlineData) != 0 || n.Size == int64(f.sb.blockSize))
}

// dirHash computes the hash by which an indexed directory orders a name
// (__ext4fs_dirhash in fs/ext4/hash.c), its lowest bit cleared.
func (f *FS) dirHash(n *node, name []byte) (hash, minor uint32) {
	if !f.isIndexed(n) {
		return 0, 0
	}
	version := f.hashVersion(n)
	unsigned := f.sb.SFlags&rec.SbFlagUnsignedDirectoryHash != 0
	buf := [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
	if f.sb.SHashSeed != [4]uint32{} {
		buf = f.sb.SHashSeed
	}
	switch version {
	case rec.SbDefHashVersionLegacy, rec.SbDefHashVersionLegacyUnsigned:
		hash = legacyHash(name, unsigned)
	case rec.SbDefHashVersionTea, rec.SbDefHashVersionTeaUnsigned:
		for p := name; len(p) > 0; p = p[min(16, len(p)):] {
			var in [4]uint32
			str2hash(p, in[:], unsigned)
			tea(&buf, in)
		}
		hash, minor = buf[0], buf[1]
	default:
		for p := name; len(p) > 0; p = p[min(32, len(p)):] {
			var in [8]uint32
			str2hash(p, in[:], unsigned)
			halfMD4(&buf, in)
		}
		hash, minor = buf[1], buf[2]
	}
	hash &^= 1
	if hash == 0x7fffffff<<1 {
		hash = (0x7fffffff - 1) << 1
	}
	return hash, minor
}

// hashVersion gives the hash that the index of a directory uses: its root says
// (struct dx_root_info in fs/ext4/namei.c), without an index it is the superblock's.
func (f *FS) hashVersion(n *node) uint8 {
	if n.hash != nil {
		return *n.hash
	}
	version := f.sb.SDefHashVersion
	n.hash = &version
	if n.Flags&rec.InodeFlagIndex == 0 {
		return version
	}
	whole, err := f.node(n.Ref)
	if err != nil || !whole.IsDir() {
		return version
	}
	exts, _ := f.extents(whole)
	if len(exts) > 0 && exts[0].Logical == 0 {
		var info [32]byte
		if f.readNodeAt(whole, info[:], exts[0].Physical) == nil {
			version = info[28]
		}
	}
	return version
}

func legacyHash(name []byte, unsigned bool) uint32 {
	h0, h1 := uint32(0x12a3fe2d), uint32(0x37abe8f9)
	for _, c := range name {
		v := uint32(int32(int8(c)))
		if unsigned {
			v = uint32(c)
		}
		h := h1 + (h0 ^ v*7152373)
		if h&0x80000000 != 0 {
			h -= 0x7fffffff
		}
		h1, h0 = h0, h
	}
	return h0 << 1
}

// str2hash packs up to 4*len(buf) bytes of a name, padded with its length.
func str2hash(p []byte, buf []uint32, unsigned bool) {
	pad := uint32(len(p)) | uint32(len(p))<<8
	pad |= pad << 16
	n := min(len(p), len(buf)*4)
	val, at := pad, 0
	for i := range n {
		c := uint32(int32(int8(p[i])))
		if unsigned {
			c = uint32(p[i])
		}
		val = c + val<<8
		if i%4 == 3 {
			buf[at], val = val, pad
			at++
		}
	}
	if at < len(buf) {
		buf[at] = val
		at++
	}
	for ; at < len(buf); at++ {
		buf[at] = pad
	}
}

func tea(buf *[4]uint32, in [4]uint32) {
	var sum uint32
	b0, b1 := buf[0], buf[1]
	for range 16 {
		sum += 0x9e3779b9
		b0 += (b1<<4 + in[0]) ^ (b1 + sum) ^ (b1>>5 + in[1])
		b1 += (b0<<4 + in[2]) ^ (b0 + sum) ^ (b0>>5 + in[3])
	}
	buf[0] += b0
	buf[1] += b1
}

func halfMD4(buf *[4]uint32, in [8]uint32) {
	a, b, c, d := buf[0], buf[1], buf[2], buf[3]
	round := func(f func(x, y, z uint32) uint32, k uint32, order [8]int, s [4]int) {
		for i, at := range order {
			v := in[at] + k
			switch i % 4 {
			case 0:
				a = bits.RotateLeft32(a+f(b, c, d)+v, s[0])
			case 1:
				d = bits.RotateLeft32(d+f(a, b, c)+v, s[1])
			case 2:
				c = bits.RotateLeft32(c+f(d, a, b)+v, s[2])
			case 3:
				b = bits.RotateLeft32(b+f(c, d, a)+v, s[3])
			}
		}
	}
	round(func(x, y, z uint32) uint32 { return z ^ x&(y^z) }, 0, [8]int{0, 1, 2, 3, 4, 5, 6, 7}, [4]int{3, 7, 11, 19})
	round(func(x, y, z uint32) uint32 { return x&y + (x^y)&z }, 0x5a827999, [8]int{1, 3, 5, 7, 0, 2, 4, 6}, [4]int{3, 5, 9, 13})
	round(func(x, y, z uint32) uint32 { return x ^ y ^ z }, 0x6ed9eba1, [8]int{3, 7, 2, 6, 1, 5, 0, 4}, [4]int{3, 9, 11, 15})
	buf[0] += a
	buf[1] += b
	buf[2] += c
	buf[3] += d
}
