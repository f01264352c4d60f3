package ext4

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sort"
	"strings"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// Features that the record types' package does not name, from fs/ext4/ext4.h.
const (
	compatFastCommit     = 0x0400
	compatStableInodes   = 0x0800
	compatOrphanFile     = 0x1000
	incompatEaInode      = 0x0400
	incompatCasefold     = 0x20000
	roCompatVerity       = 0x8000
	roCompatOrphanInUse  = 0x10000
	flagCasefold         = 0x40000000
	flagVerity           = 0x00100000
	backupBlocksPerGroup = 32768
)

// incompatKnown are the incompatible features that this engine reads.
const incompatKnown = rec.SbFeatureIncompatFiletype | rec.SbFeatureIncompatRecover | rec.SbFeatureIncompatMetaBg |
	rec.SbFeatureIncompatExtents | rec.SbFeatureIncompat64bit | rec.SbFeatureIncompatMmp | rec.SbFeatureIncompatFlexBg |
	incompatEaInode | rec.SbFeatureIncompatCsumSeed | rec.SbFeatureIncompatLargeDir | rec.SbFeatureIncompatInlineData |
	rec.SbFeatureIncompatEncrypt | incompatCasefold

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// crc32c continues a CRC-32C as the kernel's crc32c() does: without inverting at
// the beginning or the end.
func crc32c(crc uint32, p []byte) uint32 { return ^crc32.Update(^crc, castagnoli, p) }

// superblock is the decoded superblock with what follows from it.
type superblock struct {
	rec.SuperblockData
	raw       []byte // 1,024 bytes
	blockSize int
	cluster   int // blocks in an allocation cluster
	inodeSize int
	descSize  int
	blocks    uint64
	groups    uint32
	seed      uint32 // of metadata checksums
	orphanIno uint32 // inode of the orphan file, 0 if none
}

func (s *superblock) compat(f uint32) bool   { return s.SFeatureCompat&f != 0 }
func (s *superblock) incompat(f uint32) bool { return s.SFeatureIncompat&f != 0 }
func (s *superblock) roCompat(f uint32) bool { return s.SFeatureRoCompat&f != 0 }
func (s *superblock) metaCsum() bool         { return s.roCompat(rec.SbFeatureRoCompatMetadataCsum) }

// parseSuperblock decodes and checks the 1,024 bytes of a superblock of a volume
// of the given size. Layout: struct ext4_super_block of fs/ext4/ext4.h.
func parseSuperblock(raw []byte, size int64) (*superblock, error) {
	const what = "superblock"
	if len(raw) < rec.SuperblockSize {
		return nil, filesystem.Corrupt(what, "%d bytes long", len(raw))
	}
	s := &superblock{raw: raw[:rec.SuperblockSize]}
	if err := binary.Read(bytes.NewReader(s.raw), binary.LittleEndian, &s.SuperblockData); err != nil {
		return nil, filesystem.Corrupt(what, "%v", err)
	}
	if s.SMagic != rec.Ext4Magic {
		return nil, filesystem.Corrupt(what, "no ext4 magic number")
	}
	if s.SLogBlockSize > 6 {
		return nil, filesystem.Corrupt(what, "block size 2^%d", 10+uint64(s.SLogBlockSize))
	}
	s.blockSize = 1024 << s.SLogBlockSize
	if s.SRevLevel == rec.SbRevlevelGoodOldRev {
		s.SInodeSize, s.SFirstIno = 128, 11 // feature flags, which it should not have, count all the same
	}
	s.inodeSize = int(s.SInodeSize)
	if s.inodeSize < 128 || s.inodeSize > s.blockSize || s.inodeSize&(s.inodeSize-1) != 0 {
		return nil, filesystem.Corrupt(what, "inode size %d", s.inodeSize)
	}
	if s.incompat(rec.SbFeatureIncompatJournalDev) {
		return nil, fmt.Errorf("is an external journal, not a filesystem: %w", filesystem.ErrUnsupported)
	}
	if unknown := s.SFeatureIncompat &^ incompatKnown; unknown != 0 {
		return nil, fmt.Errorf("incompatible feature %s: %w", strings.Join(featureNames(0, unknown, 0), ", "), filesystem.ErrUnsupported)
	}
	s.descSize = 32
	if s.incompat(rec.SbFeatureIncompat64bit) {
		if s.descSize = int(s.SDescSize); s.descSize < 32 || s.descSize > s.blockSize || s.descSize > 1024 || s.descSize&(s.descSize-1) != 0 {
			return nil, filesystem.Corrupt(what, "group descriptor size %d", s.descSize)
		}
	}
	s.blocks = uint64(s.SBlocksCountLo)
	if s.incompat(rec.SbFeatureIncompat64bit) {
		s.blocks |= uint64(s.SBlocksCountHi) << 32
	}
	s.cluster = 1
	if s.roCompat(rec.SbFeatureRoCompatBigAlloc) {
		if s.SLogClusterSize < s.SLogBlockSize || s.SLogClusterSize > s.SLogBlockSize+16 {
			return nil, filesystem.Corrupt(what, "cluster size 2^%d", 10+uint64(s.SLogClusterSize))
		}
		s.cluster = 1 << (s.SLogClusterSize - s.SLogBlockSize)
	}
	// mke2fs makes no group of fewer than 256 blocks: this bounds their number.
	if s.SBlocksPerGroup < min(256, uint32(s.blocks)) || uint64(s.SBlocksPerGroup) > uint64(8*s.blockSize)*uint64(s.cluster) || s.SInodesPerGroup == 0 || uint64(s.SInodesPerGroup) > uint64(8*s.blockSize) {
		return nil, filesystem.Corrupt(what, "%d blocks and %d inodes in a group", s.SBlocksPerGroup, s.SInodesPerGroup)
	}
	if s.blocks == 0 || s.blocks <= uint64(s.SFirstDataBlock) || s.blocks > 1<<48 {
		return nil, filesystem.Corrupt(what, "%d blocks", s.blocks)
	}
	groups := (s.blocks - uint64(s.SFirstDataBlock) + uint64(s.SBlocksPerGroup) - 1) / uint64(s.SBlocksPerGroup)
	if want := uint64(s.SInodesPerGroup) * groups; want > 1<<32-1 && uint64(s.SInodesCount) != want {
		return nil, filesystem.Corrupt(what, "%d inodes", want)
	}
	// Of a volume that is shorter than it should be, the groups are kept whose
	// inode tables may stand on it: with flex_bg they stand some groups before. This
	// bounds every table that is made from the number of groups.
	flex := uint64(1)
	if s.incompat(rec.SbFeatureIncompatFlexBg) {
		flex = 1 << min(s.SLogGroupsPerFlex, 10)
	}
	groups = min(groups, uint64(max(size, 0))/(uint64(s.SBlocksPerGroup)*uint64(s.blockSize))+1+flex)
	s.groups = uint32(groups)
	if s.incompat(rec.SbFeatureIncompatCsumSeed) {
		s.seed = s.SChecksumSeed
	} else {
		s.seed = crc32c(^uint32(0), s.SUuid[:])
	}
	if s.compat(compatOrphanFile) {
		s.orphanIno = binary.LittleEndian.Uint32(s.raw[0x280:])
	}
	return s, nil
}

// checksumOK verifies the superblock's own checksum, where it has one.
func (s *superblock) checksumOK() bool {
	return !s.metaCsum() || crc32c(^uint32(0), s.raw[:0x3fc]) == binary.LittleEndian.Uint32(s.raw[0x3fc:])
}

// backupOffsets gives the byte offsets at which copies of the superblock stand
// (mke2fs(8)): in group 1, in powers of 3, 5 and 7, with sparse_super2 in the last
// group. Groups have as many blocks as a block has bits, with bigalloc as many
// clusters. A copy says of which group it is, so that a wrong guess is noticed.
func backupOffsets(size int64) []backupOffset {
	var out []backupOffset
	for cluster := int64(1); cluster <= 64; cluster *= 2 {
		for bs := int64(1024); bs <= 65536; bs *= 2 {
			first := int64(0)
			if bs == 1024 && cluster == 1 {
				first = 1
			}
			perGroup := 8 * bs * cluster * bs
			groups := []int64{1, 3, 5, 7, 9, 25, 27, 49}
			if last := (size - 1) / perGroup; last > 1 && last < 1<<31 {
				groups = append(groups, last)
			}
			for _, g := range groups {
				if off := g*perGroup + first*bs; off > 0 && off+rec.SuperblockSize <= size {
					out = append(out, backupOffset{off, g, bs})
				}
			}
		}
	}
	return out
}

type backupOffset struct {
	at        int64
	group     int64
	blockSize int64
}

func uuidString(u [16]uint8) string {
	if u == [16]uint8{} {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

var (
	compatNames   = map[uint32]string{0x1: "dir_prealloc", 0x2: "imagic_inodes", 0x4: "has_journal", 0x8: "ext_attr", 0x10: "resize_inode", 0x20: "dir_index", 0x200: "sparse_super2", 0x400: "fast_commit", 0x800: "stable_inodes", 0x1000: "orphan_file"}
	incompatNames = map[uint32]string{0x1: "compression", 0x2: "filetype", 0x4: "needs_recovery", 0x8: "journal_dev", 0x10: "meta_bg", 0x40: "extent", 0x80: "64bit", 0x100: "mmp", 0x200: "flex_bg", 0x400: "ea_inode", 0x1000: "dirdata", 0x2000: "metadata_csum_seed", 0x4000: "large_dir", 0x8000: "inline_data", 0x10000: "encrypt", 0x20000: "casefold"}
	roNames       = map[uint32]string{0x1: "sparse_super", 0x2: "large_file", 0x8: "huge_file", 0x10: "uninit_bg", 0x20: "dir_nlink", 0x40: "extra_isize", 0x100: "quota", 0x200: "bigalloc", 0x400: "metadata_csum", 0x1000: "read-only", 0x2000: "project", 0x4000: "shared_blocks", 0x8000: "verity", 0x10000: "orphan_present"}
)

// featureNames gives the names that mke2fs(8) and dumpe2fs(8) use.
func featureNames(compat, incompat, ro uint32) []string {
	var out []string
	add := func(set uint32, names map[uint32]string, class string) {
		var bits []uint32
		for b := uint32(1); b != 0; b <<= 1 {
			if set&b != 0 {
				bits = append(bits, b)
			}
		}
		sort.Slice(bits, func(i, j int) bool { return bits[i] < bits[j] })
		for _, b := range bits {
			if n := names[b]; n != "" {
				out = append(out, n)
			} else {
				out = append(out, fmt.Sprintf("%s_0x%x", class, b))
			}
		}
	}
	add(compat, compatNames, "compat")
	add(incompat, incompatNames, "incompat")
	add(ro, roNames, "ro_compat")
	return out
}
