package ext4

import (
	"encoding/binary"
	"fmt"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// group is a block group's descriptor, as far as reading needs it.
type group struct {
	blockBitmap uint64
	inodeBitmap uint64
	inodeTable  uint64
	unused      uint32 // inodes at the end of the table that were never used
	flags       uint16
	blockSum    uint32 // checksum of the block bitmap
	inodeSum    uint32 // and of the inode bitmap
}

// readGroups reads all group descriptors. With meta_bg the descriptors of a meta
// block group stand in its first group, else all stand behind the superblock
// (Documentation/filesystems/ext4/blockgroup.rst). Where one is bad, its copies are
// tried.
func (f *FS) readGroups() {
	s := f.sb
	perBlock := uint32(s.blockSize / s.descSize)
	f.groups = make([]group, s.groups)
	block := make([]byte, s.blockSize)
	for n := uint32(0); uint64(n)*uint64(perBlock) < uint64(s.groups); n++ {
		first := n * perBlock
		count := min(perBlock, s.groups-first)
		var why []error
		err := f.readBlock(block, f.descBlock(n))
		bad := err != nil
		for i := range count {
			g := first + i
			if err != nil {
				why = append(why, err)
				continue
			}
			var gerr error
			if f.groups[g], gerr = f.parseGroup(g, block[int(i)*s.descSize:][:s.descSize]); gerr != nil {
				bad = true
			}
			why = append(why, gerr)
		}
		if bad {
			f.tryDescCopies(n, why)
		}
	}
}

// tryDescCopies replaces the descriptors of a block that are bad by the first copy
// that is not, and reports what was found. why holds what is wrong with each, nil
// for the good ones.
func (f *FS) tryDescCopies(n uint32, why []error) {
	s := f.sb
	first := n * uint32(s.blockSize/s.descSize)
	block := make([]byte, s.blockSize)
	left := 0
	for _, err := range why {
		if err != nil {
			left++
		}
	}
	reported := make([]bool, len(why))
	for _, at := range f.descCopies(n) {
		if left == 0 {
			break
		}
		if f.readBlock(block, at) != nil {
			continue
		}
		for i, err := range why {
			if err == nil || reported[i] {
				continue
			}
			g := first + uint32(i)
			got, gerr := f.parseGroup(g, block[i*s.descSize:][:s.descSize])
			if gerr != nil {
				continue
			}
			// A copy is as old as the filesystem: it knows where things are, not
			// how far the table is used.
			got.unused, got.flags = 0, 0
			f.groups[g] = got
			reported[i] = true
			left--
			f.problem(fmt.Sprintf("group %d descriptor", g), "%v; the copy in block %d is used", err, at)
		}
	}
	if left == len(why) && left > 1 && why[0] == why[1] { // none could be read
		f.problem(fmt.Sprintf("group descriptors from %d to %d", first, int(first)+left-1), "%v", why[0])
		return
	}
	for i, err := range why {
		if err != nil && !reported[i] {
			f.problem(fmt.Sprintf("group %d descriptor", first+uint32(i)), "%v", err)
		}
	}
}

// descBlock gives the block in which the n-th block of descriptors stands.
func (f *FS) descBlock(n uint32) uint64 {
	s := f.sb
	if !f.inMetaGroup(n) {
		return f.sbBlock + 1 + uint64(n)
	}
	return f.metaDesc(uint64(n) * uint64(s.blockSize/s.descSize))
}

func (f *FS) inMetaGroup(n uint32) bool {
	return f.sb.incompat(rec.SbFeatureIncompatMetaBg) && n >= f.sb.SFirstMetaBg
}

// metaDesc gives the block of descriptors in a group of a meta block group.
func (f *FS) metaDesc(g uint64) uint64 {
	s := f.sb
	at := uint64(s.SFirstDataBlock) + g*uint64(s.SBlocksPerGroup)
	if hasSuper(s, g) {
		at++
	}
	if g == 0 && s.blockSize == 1024 && s.SFirstDataBlock == 0 { // bigalloc
		at++
	}
	return at
}

// maxDescCopies bounds the copies of a block of descriptors that are tried.
const maxDescCopies = 16

// descCopies gives the blocks in which copies of the n-th block of descriptors
// stand.
func (f *FS) descCopies(n uint32) []uint64 {
	s := f.sb
	var out []uint64
	if f.inMetaGroup(n) {
		per := uint64(s.blockSize / s.descSize)
		for _, g := range []uint64{uint64(n)*per + 1, uint64(n)*per + per - 1} {
			if g < uint64(s.groups) {
				out = append(out, f.metaDesc(g))
			}
		}
		return out
	}
	add := func(g uint64) {
		if g >= uint64(s.groups) {
			return
		}
		at := uint64(s.SFirstDataBlock) + g*uint64(s.SBlocksPerGroup) + 1 + uint64(n)
		if g == 0 && s.blockSize == 1024 && s.SFirstDataBlock == 0 {
			at++
		}
		if at != f.descBlock(n) && int64(at) < f.size/int64(s.blockSize) {
			out = append(out, at)
		}
	}
	for _, g := range superGroups(s) {
		add(g)
	}
	return out
}

// superGroups gives the first groups that begin with a copy of the superblock.
func superGroups(s *superblock) []uint64 {
	out := []uint64{0}
	if s.compat(rec.SbFeatureCompatSparseSuperblockV2) {
		return append(out, uint64(s.SBackupBgs[0]), uint64(s.SBackupBgs[1]))
	}
	for g := uint64(1); g < uint64(s.groups) && g < 1000 && len(out) < maxDescCopies; g++ {
		if hasSuper(s, g) {
			out = append(out, g)
		}
	}
	return out
}

// hasSuper says whether a group begins with a copy of the superblock.
func hasSuper(s *superblock, g uint64) bool {
	if g == 0 {
		return true
	}
	if s.compat(rec.SbFeatureCompatSparseSuperblockV2) {
		return g == uint64(s.SBackupBgs[0]) || g == uint64(s.SBackupBgs[1])
	}
	if g == 1 || !s.roCompat(rec.SbFeatureRoCompatSparseSuper) {
		return true
	}
	for _, base := range []uint64{3, 5, 7} {
		for p := base; p <= g; p *= base {
			if p == g {
				return true
			}
		}
	}
	return false
}

// parseGroup decodes the descriptor of group n (struct ext4_group_desc of
// fs/ext4/ext4.h). On an error it gives what can be used of it.
func (f *FS) parseGroup(n uint32, d []byte) (group, error) {
	le := binary.LittleEndian
	g := group{
		blockBitmap: uint64(le.Uint32(d)), inodeBitmap: uint64(le.Uint32(d[4:])), inodeTable: uint64(le.Uint32(d[8:])),
		flags: le.Uint16(d[0x12:]), unused: uint32(le.Uint16(d[0x1c:])), blockSum: uint32(le.Uint16(d[0x18:])), inodeSum: uint32(le.Uint16(d[0x1a:])),
	}
	if len(d) >= 64 && f.sb.incompat(rec.SbFeatureIncompat64bit) {
		g.blockBitmap |= uint64(le.Uint32(d[0x20:])) << 32
		g.inodeBitmap |= uint64(le.Uint32(d[0x24:])) << 32
		g.inodeTable |= uint64(le.Uint32(d[0x28:])) << 32
		g.unused |= uint32(le.Uint16(d[0x32:])) << 16
		g.blockSum |= uint32(le.Uint16(d[0x38:])) << 16
		g.inodeSum |= uint32(le.Uint16(d[0x3a:])) << 16
	}
	var first error
	if !f.sb.metaCsum() && !f.sb.roCompat(rec.SbFeatureRoCompatGdtCsum) {
		g.unused, g.flags = 0, 0 // without checksums these fields mean nothing
	} else if want, got := f.groupChecksum(n, d), le.Uint16(d[0x1e:]); want != got {
		first = fmt.Errorf("checksum mismatch (stored %04x, computed %04x)", got, want)
		g.unused, g.flags = 0, 0 // read the whole table rather than trust this
	}
	if g.unused > f.sb.SInodesPerGroup {
		if first == nil {
			first = fmt.Errorf("%d unused inodes of %d", g.unused, f.sb.SInodesPerGroup)
		}
		g.unused = 0
	}
	if end := g.inodeTable + f.inodeTableBlocks(); g.inodeTable == 0 || end > f.sb.blocks || end < g.inodeTable {
		if first == nil {
			first = fmt.Errorf("inode table at block %d of %d", g.inodeTable, f.sb.blocks)
		}
		g.inodeTable = 0
	}
	return g, first
}

// blockBitmap reads the block bitmap of a group and verifies its checksum
// (ext4_block_bitmap_csum_verify in fs/ext4/bitmap.c). It gives nil for one that
// was never written: nothing in the group is in use but its own metadata.
func (f *FS) blockBitmap(g uint64) ([]byte, error) {
	gr := &f.groups[g]
	if gr.flags&rec.BgdFlagBitmapNotInitialized != 0 {
		return nil, nil
	}
	return f.bitmap(fmt.Sprintf("group %d block bitmap", g), gr.blockBitmap, int(f.sb.SBlocksPerGroup)/f.sb.cluster, gr.blockSum)
}

// inodeBitmap reads the inode bitmap of a group in the same way
// (ext4_inode_bitmap_csum_verify).
func (f *FS) inodeBitmap(g uint64) ([]byte, error) {
	gr := &f.groups[g]
	if gr.flags&rec.BgdFlagInodeTableAndBitmapNotInitialized != 0 {
		return nil, nil
	}
	return f.bitmap(fmt.Sprintf("group %d inode bitmap", g), gr.inodeBitmap, int(f.sb.SInodesPerGroup), gr.inodeSum)
}

func (f *FS) bitmap(what string, block uint64, bits int, want uint32) ([]byte, error) {
	if block == 0 {
		return nil, filesystem.Corrupt(what, "at block 0")
	}
	b := make([]byte, f.sb.blockSize)
	if err := f.readBlock(b, block); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if f.sb.metaCsum() {
		sum, mask := crc32c(f.sb.seed, b[:min(bits/8, len(b))]), uint32(0xffff)
		if f.sb.descSize >= 64 {
			mask = 0xffffffff
		}
		if sum&mask != want {
			f.problem(what, noteChecksum)
		}
	}
	return b, nil
}

func (f *FS) inodeTableBlocks() uint64 {
	return (uint64(f.sb.SInodesPerGroup)*uint64(f.sb.inodeSize) + uint64(f.sb.blockSize) - 1) / uint64(f.sb.blockSize)
}

// groupChecksum computes bg_checksum: the lower half of a CRC-32C with
// metadata_csum, a CRC-16 with gdt_csum (ext4_group_desc_csum in fs/ext4/super.c).
func (f *FS) groupChecksum(n uint32, d []byte) uint16 {
	var num [4]byte
	binary.LittleEndian.PutUint32(num[:], n)
	if f.sb.metaCsum() {
		crc := crc32c(f.sb.seed, num[:])
		crc = crc32c(crc, d[:0x1e])
		crc = crc32c(crc, []byte{0, 0})
		return uint16(crc32c(crc, d[0x20:]))
	}
	crc := crc16(0xffff, f.sb.SUuid[:])
	crc = crc16(crc, num[:])
	crc = crc16(crc, d[:0x1e])
	return crc16(crc, d[0x20:])
}

// crc16 is the CRC-16 with polynomial 0x8005, bits reflected (lib/crc16.c).
func crc16(crc uint16, p []byte) uint16 {
	for _, c := range p {
		crc ^= uint16(c)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0xa001
			} else {
				crc >>= 1
			}
		}
	}
	return crc
}

// inodeOffset gives the byte offset in the volume of an inode's record.
func (f *FS) inodeOffset(ino uint64) (int64, error) {
	if ino == 0 || ino > uint64(f.sb.groups)*uint64(f.sb.SInodesPerGroup) {
		return 0, filesystem.Corrupt(fmt.Sprintf("inode %d", ino), "there are %d inodes", f.sb.SInodesCount)
	}
	g, i := (ino-1)/uint64(f.sb.SInodesPerGroup), (ino-1)%uint64(f.sb.SInodesPerGroup)
	if f.groups[g].inodeTable == 0 {
		return 0, filesystem.Corrupt(fmt.Sprintf("inode %d", ino), "group %d has no inode table", g)
	}
	return int64(f.groups[g].inodeTable)*int64(f.sb.blockSize) + int64(i)*int64(f.sb.inodeSize), nil
}
