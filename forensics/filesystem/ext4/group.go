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
}

// readGroups reads all group descriptors. With meta_bg the descriptors of a meta
// block group stand in its first group, else all stand behind the superblock
// (Documentation/filesystems/ext4/blockgroup.rst).
func (f *FS) readGroups() error {
	s := f.sb
	perBlock := uint32(f.sb.blockSize / s.descSize)
	f.groups = make([]group, s.groups)
	block := make([]byte, s.blockSize)
	for first := uint32(0); first < s.groups; first += perBlock {
		at := f.descBlock(first / perBlock)
		if err := f.readBlock(block, at); err != nil {
			f.problem(fmt.Sprintf("group descriptors from %d", first), "%v", err)
			continue
		}
		for g := first; g < s.groups && g < first+perBlock; g++ {
			d := block[int(g-first)*s.descSize:][:s.descSize]
			f.groups[g] = f.parseGroup(g, d)
		}
		if first+perBlock < first {
			break
		}
	}
	return nil
}

// descBlock gives the block in which the n-th block of descriptors stands.
func (f *FS) descBlock(n uint32) uint64 {
	s := f.sb
	if !s.incompat(rec.SbFeatureIncompatMetaBg) || n < s.SFirstMetaBg {
		return f.sbBlock + 1 + uint64(n)
	}
	g := uint64(n) * uint64(s.blockSize/s.descSize)
	at := uint64(s.SFirstDataBlock) + g*uint64(s.SBlocksPerGroup)
	if hasSuper(s, g) {
		at++
	}
	return at
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

func (f *FS) parseGroup(n uint32, d []byte) group {
	le := binary.LittleEndian
	g := group{
		blockBitmap: uint64(le.Uint32(d)), inodeBitmap: uint64(le.Uint32(d[4:])), inodeTable: uint64(le.Uint32(d[8:])),
		flags: le.Uint16(d[0x12:]), unused: uint32(le.Uint16(d[0x1c:])),
	}
	if len(d) >= 64 && f.sb.incompat(rec.SbFeatureIncompat64bit) {
		g.blockBitmap |= uint64(le.Uint32(d[0x20:])) << 32
		g.inodeBitmap |= uint64(le.Uint32(d[0x24:])) << 32
		g.inodeTable |= uint64(le.Uint32(d[0x28:])) << 32
		g.unused |= uint32(le.Uint16(d[0x32:])) << 16
	}
	if !f.sb.metaCsum() && !f.sb.roCompat(rec.SbFeatureRoCompatGdtCsum) {
		g.unused, g.flags = 0, 0 // without checksums these fields mean nothing
	} else if want, got := f.groupChecksum(n, d), le.Uint16(d[0x1e:]); want != got {
		f.problem(fmt.Sprintf("group %d descriptor", n), "checksum mismatch (stored %04x, computed %04x)", got, want)
		g.unused, g.flags = 0, 0 // read the whole table rather than trust this
	}
	if g.unused > f.sb.SInodesPerGroup {
		f.problem(fmt.Sprintf("group %d descriptor", n), "%d unused inodes of %d", g.unused, f.sb.SInodesPerGroup)
		g.unused = 0
	}
	if end := g.inodeTable + f.inodeTableBlocks(); g.inodeTable == 0 || end > f.sb.blocks || end < g.inodeTable {
		f.problem(fmt.Sprintf("group %d descriptor", n), "inode table at block %d of %d", g.inodeTable, f.sb.blocks)
		g.inodeTable = 0
	}
	return g
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
