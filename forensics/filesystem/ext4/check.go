package ext4

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// What need not be read to show files, but may be wrong all the same, or differ from what
// it describes. e2fsck(8) reports it too.

// maxCheckedGroups bounds the groups of which a walk reads the inode bitmaps: those of a
// volume of 512 GiB.
const maxCheckedGroups = 1 << 12

// checkMMP verifies the block by which hosts announce to each other that they use the filesystem
// (struct mmp_struct in fs/ext4/ext4.h).
func (f *FS) checkMMP() {
	const magic, sumAt = 0x004d4d50, 1020
	at := binary.LittleEndian.Uint64(f.sb.raw[0x168:])
	if !f.sb.incompat(rec.SbFeatureIncompatMmp) || at == 0 {
		return
	}
	what := fmt.Sprintf("mmp block %d", at)
	b := make([]byte, f.sb.blockSize)
	if err := f.readBlock(b, at); err != nil {
		f.problem(what, "%v", err)
		return
	}
	switch {
	case binary.LittleEndian.Uint32(b) != magic:
		f.problem(what, "no magic number")
	case f.sb.metaCsum() && crc32c(f.sb.seed, b[:sumAt]) != binary.LittleEndian.Uint32(b[sumAt:]):
		f.problem(what, noteChecksum)
	}
}

// consistent says whether what is stored in two places must agree. Without a replay, or
// without a journal where it was not unmounted, it need not.
func (f *FS) consistent() bool {
	s := f.sb
	if f.lag || s.SState&rec.SbStateErrorsDetected != 0 {
		return false
	}
	return f.journal != nil || s.SState&rec.SbStateCleanlyUnmounted != 0 && !s.incompat(rec.SbFeatureIncompatRecover)
}

// checkBitmaps verifies the bitmaps of a group, and that its inodes in use, of which
// places has those that are not zero, are so by its bitmap.
func (w *walker) checkBitmaps(g int, places []uint32) {
	f := w.f
	if _, err := f.blockBitmap(uint64(g)); err != nil {
		f.problem(fmt.Sprintf("group %d block bitmap", g), "%v", err)
	}
	b, err := f.inodeBitmap(uint64(g))
	if err != nil {
		f.problem(fmt.Sprintf("group %d inode bitmap", g), "%v", err)
	}
	if b == nil || !f.consistent() {
		return
	}
	for i, place := range places {
		if place != 0 && i/8 < len(b) && b[i/8]&(1<<(i%8)) == 0 {
			ino := uint64(g)*uint64(f.sb.SInodesPerGroup) + uint64(i) + 1
			f.problem(fmt.Sprintf("inode %d", ino), "in use, where the bitmap of group %d says that it is free", g)
		}
	}
}

// checkType reports a name whose type is not that of its inode: find(1) goes by it, and
// does not go down into a directory that a name calls a file.
func (w *walker) checkType(dir uint32, in *filesystem.Inode, typ byte) {
	if typ == 0 || int(typ) >= len(typeBits) || typeBits[typ] == in.Mode&filesystem.ModeType || !w.f.consistent() {
		return
	}
	called := filesystem.Inode{Mode: typeBits[typ]}
	w.f.problem(fmt.Sprintf("directory inode %d", w.dirs[dir].ino), "a name calls inode %d a %s; it is a %s", in.Ref.Inode, called.TypeName(), in.TypeName())
	if in.Note == "" {
		in.Note = "its name calls it a " + called.TypeName()
	}
}

// twice finds names that a directory has twice.
type twice struct {
	seed  maphash.Seed
	table []uint64
}

// checkTwice reports names that a directory has twice: the kernel finds the first alone, and
// the other file is out of reach.
func (t *tree) checkTwice(dir uint32) {
	w := t.w
	d := &w.dirs[dir]
	n := int(d.first.count)
	for _, p := range d.more {
		n += int(p.count)
	}
	if n < 2 || !w.f.consistent() {
		return
	}
	size := 4
	for size < 2*n {
		size *= 2
	}
	if t.twice.table == nil {
		t.twice.seed = maphash.MakeSeed()
	}
	if len(t.twice.table) < size {
		t.twice.table = make([]uint64, size)
	}
	table := t.twice.table[:size]
	clear(table)
	fr := frame{dir: dir}
	for {
		_, _, name, ok := t.next(&fr)
		if !ok {
			return
		}
		h := max(maphash.Bytes(t.twice.seed, name), 1)
		i := int(h) & (size - 1)
		for table[i] != 0 && table[i] != h {
			i = (i + 1) & (size - 1)
		}
		if table[i] == h {
			w.f.problem(fmt.Sprintf("directory inode %d", d.ino), "has the name %q twice", name)
		}
		table[i] = h
	}
}
