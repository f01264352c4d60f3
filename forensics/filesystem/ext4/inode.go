package ext4

import (
	"encoding/binary"
	"fmt"
	"sync"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// node is an inode as read: what every filesystem has, and what only ext4 needs
// to find the content. raw is the record of inodeSize bytes.
type node struct {
	filesystem.Inode
	raw []byte
	// hash is that of an encrypted directory's index, once it was looked at.
	hash *uint8
	// view is set for a state recovered from older metadata: its blocks are
	// read through it.
	view *view
	// verdict is set for a recovered state: blocks that it says are lost are not its
	// content any more.
	verdict *verdict
	mapErr  error  // of a recovered state's block map
	onDisk  bool   // in use on the disk, where a replay deletes it
	still   ranges // blocks of an older state that the file has at the same place now
	own     bool   // deleted by a fast commit: the bitmap still has its blocks as its own
	context bool   // of a directory whose raw is not kept: it has a context of encryption
}

func (n *node) iblock() []byte { return n.raw[0x28:0x64] }

// stored is the length of the content as stored, which differs from Size for an
// encrypted link.
func (n *node) stored() int64 {
	if n.IsSymlink() {
		return int64(binary.LittleEndian.Uint32(n.raw[4:]))
	}
	return n.Size
}

// fastLink says whether a symbolic link keeps its target in the place of the block
// map (ext4_inode_is_fast_symlink in fs/ext4/inode.c): it does if it has no blocks but
// that of its attributes, whatever its flags say. Where attributes may have inodes of
// their own, which count as its blocks, the length decides.
func (s *superblock) fastLink(n *node) bool {
	if !n.IsSymlink() || n.stored() >= 60 {
		return false
	}
	if s.incompat(incompatEaInode) {
		return n.stored() > 0
	}
	attr := uint64(0)
	if s.attrBlock(n.raw) != 0 {
		attr = uint64(s.cluster) * uint64(s.blockSize/512)
	}
	return !hasInline(n.raw) && n.Sectors == attr
}

// inlineSectors are the sectors that stat(2) adds for content kept in the inode
// (ext4_file_getattr in fs/ext4/inode.c).
func inlineSectors(size int64) uint64 { return (uint64(size) + 511) >> 9 }

// wrongFlags reports flags that do not fit what the inode holds, and gives the note that
// a reader needs. The kernel goes by what it holds.
func (f *FS) wrongFlags(ino uint64, raw []byte) string {
	flags := binary.LittleEndian.Uint32(raw[0x20:])
	if flags&rec.InodeFlagInlineData != 0 && !hasInline(raw) {
		f.problem(fmt.Sprintf("inode %d", ino), noteNotInline)
		return noteNotInline
	}
	if flags&rec.InodeFlagEncrypt != 0 && !f.encrypted(&node{Inode: filesystem.Inode{Ref: filesystem.Ref{Inode: ino}, Flags: flags}, raw: raw}) {
		f.problem(fmt.Sprintf("inode %d", ino), notePlain)
		return notePlain
	}
	return ""
}

const (
	noteNotInline = "marked as kept in the inode, but it is not: read through its block map"
	notePlain     = "marked as encrypted, but without a context: given as it stands"
)

// encrypted says whether the content of a file, or the names in a directory, are
// ciphertext. A file with the flag but without a context to find its key by was never
// encrypted: the kernel does not open it, and its bytes are given as they stand.
func (f *FS) encrypted(n *node) bool {
	if n.Flags&rec.InodeFlagEncrypt == 0 {
		return false
	}
	if n.raw == nil {
		return n.context
	}
	list, err := f.rawXattrs(n)
	for _, x := range list {
		if x.index == indexEncryption && x.name == "c" {
			return true
		}
	}
	return err != nil
}

// attrBlock gives the block of an inode's attributes, 0 if it has none.
func (s *superblock) attrBlock(raw []byte) uint64 {
	block := uint64(binary.LittleEndian.Uint32(raw[0x68:]))
	if s.incompat(rec.SbFeatureIncompat64bit) {
		block |= uint64(binary.LittleEndian.Uint16(raw[0x76:])) << 32
	}
	return block
}

// inline says whether the content is kept in the inode.
func (n *node) inline() bool { return hasInline(n.raw) }

// hasInline says whether the content is kept in an inode. The kernel goes by the
// attribute that holds what is behind byte 60, even if that is nothing
// (ext4_has_inline_data in fs/ext4/ext4.h): with the flag alone it reads the block map.
func hasInline(raw []byte) bool {
	if binary.LittleEndian.Uint32(raw[0x20:])&rec.InodeFlagInlineData == 0 {
		return false
	}
	body := bodyXattrs(raw)
	list, _ := xattrEntries("", body, body)
	for _, x := range list {
		if x.index == indexSystem && x.name == "data" && x.inum == 0 {
			return true
		}
	}
	return false
}

// extraSize is i_extra_isize where it can be true, else 0.
func extraSize(raw []byte) int {
	if len(raw) <= 128 {
		return 0
	}
	n := int(binary.LittleEndian.Uint16(raw[128:]))
	if 128+n > len(raw) || n%4 != 0 {
		return 0
	}
	return n
}

// decodeInode fills in from the record raw of inode ino. Layout: struct
// ext4_inode of fs/ext4/ext4.h.
func (s *superblock) decodeInode(in *filesystem.Inode, ino uint64, raw []byte) {
	le := binary.LittleEndian
	in.Ref = filesystem.Ref{Inode: ino}
	in.Mode = le.Uint16(raw)
	in.UID = uint32(le.Uint16(raw[2:])) | uint32(le.Uint16(raw[0x78:]))<<16
	in.GID = uint32(le.Uint16(raw[0x18:])) | uint32(le.Uint16(raw[0x7a:]))<<16
	in.Links = uint32(le.Uint16(raw[0x1a:]))
	in.Flags = le.Uint32(raw[0x20:])
	in.Generation = le.Uint32(raw[0x64:])
	size := uint64(le.Uint32(raw[4:]))
	if in.Mode&filesystem.ModeType == filesystem.ModeRegular || s.incompat(rec.SbFeatureIncompatLargeDir) { // ext4_isize in fs/ext4/ext4.h
		size |= uint64(le.Uint32(raw[0x6c:])) << 32
	}
	in.Size = int64(min(size, 1<<63-1))
	if in.Flags&rec.InodeFlagEncrypt != 0 && in.Mode&filesystem.ModeType == filesystem.ModeSymlink && in.Size >= 2 {
		// As stat(2) shows it without the key: the length of what readlink(2) gives.
		in.Size = nokeyLen(in.Size - 2)
	}
	blocks := uint64(le.Uint32(raw[0x1c:]))
	if s.roCompat(rec.SbFeatureRoCompatHugeFile) {
		blocks |= uint64(le.Uint16(raw[0x74:])) << 32
		if in.Flags&rec.InodeFlagHugeFile != 0 {
			blocks *= uint64(s.blockSize / 512)
		}
	}
	if in.Mode&filesystem.ModeType == filesystem.ModeRegular && hasInline(raw) {
		blocks += inlineSectors(in.Size)
	}
	in.Sectors = blocks
	extra := extraSize(raw)
	at := func(base, extraOff int) filesystem.Time {
		sec := int64(int32(le.Uint32(raw[base:])))
		var nsec int32
		if extraOff+4-128 <= extra {
			// The low two bits are bits 32 and 33 of the seconds, the rest
			// nanoseconds.
			x := le.Uint32(raw[extraOff:])
			sec += int64(x&3) << 32
			nsec = int32(x >> 2)
			if nsec > 999_999_999 {
				nsec = 0
			}
		}
		return filesystem.Unix(sec, nsec)
	}
	in.Atime, in.Ctime, in.Mtime = at(8, 0x8c), at(0x0c, 0x84), at(0x10, 0x88)
	if 0x94-128 <= extra {
		in.Crtime = at(0x90, 0x94)
	}
	if d := le.Uint32(raw[0x14:]); d != 0 {
		in.Dtime = filesystem.Unix(int64(d), 0)
	}
	if 0xa0-128 <= extra && s.roCompat(rec.SbFeatureRoCompatProject) {
		in.ProjectID = le.Uint32(raw[0x9c:])
	}
	switch in.Mode & filesystem.ModeType {
	case filesystem.ModeChar, filesystem.ModeBlock:
		// old_decode_dev and new_decode_dev of include/linux/kdev_t.h
		if old := le.Uint32(raw[0x28:]); old != 0 {
			in.Major, in.Minor = old>>8&0xff, old&0xff
		} else {
			dev := le.Uint32(raw[0x2c:])
			in.Major, in.Minor = dev>>8&0xfff, dev&0xff|dev>>12&0xfff00
		}
	}
}

// scratches keeps room for inodeChecksumOK.
var scratches = sync.Pool{New: func() any { return new([8 + 1024]byte) }}

// inodeChecksumOK verifies i_checksum.
func (s *superblock) inodeChecksumOK(ino uint64, raw []byte) bool {
	if !s.metaCsum() {
		return true
	}
	b := scratches.Get().(*[8 + 1024]byte)
	defer scratches.Put(b)
	if len(raw) > 1024 {
		return s.inodeChecksum(make([]byte, 8+len(raw)), ino, raw)
	}
	return s.inodeChecksum(b[:], ino, raw)
}

// inodeChecksum verifies i_checksum (ext4_inode_csum in fs/ext4/inode.c). It needs
// eight bytes more than raw in scratch.
func (s *superblock) inodeChecksum(scratch []byte, ino uint64, raw []byte) bool {
	if !s.metaCsum() {
		return true
	}
	crc, wide := s.sumInode(scratch, ino, raw)
	want := uint32(binary.LittleEndian.Uint16(raw[0x7c:]))
	if wide {
		want |= uint32(binary.LittleEndian.Uint16(raw[0x82:])) << 16
	}
	return crc == want
}

// sumInode computes i_checksum. Only in a record with room for it does the upper
// half count.
func (s *superblock) sumInode(scratch []byte, ino uint64, raw []byte) (crc uint32, wide bool) {
	le := binary.LittleEndian
	b := scratch[:8+len(raw)]
	le.PutUint32(b, uint32(ino))
	copy(b[4:], raw[0x64:0x68])
	copy(b[8:], raw)
	b[8+0x7c], b[8+0x7d] = 0, 0
	if len(raw) > 128 && le.Uint16(raw[128:]) >= 4 {
		b[8+0x82], b[8+0x83] = 0, 0
		return crc32c(s.seed, b), true
	}
	return crc32c(s.seed, b) & 0xffff, false
}

// setInodeChecksum writes i_checksum into a record that a replay made.
func (s *superblock) setInodeChecksum(ino uint64, raw []byte) {
	if !s.metaCsum() {
		return
	}
	crc, wide := s.sumInode(make([]byte, 8+len(raw)), ino, raw)
	binary.LittleEndian.PutUint16(raw[0x7c:], uint16(crc))
	if wide {
		binary.LittleEndian.PutUint16(raw[0x82:], uint16(crc>>16))
	}
}

// seed is the checksum seed of what belongs to an inode: extent and directory
// blocks.
func (n *node) seed(s *superblock) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n.Ref.Inode))
	binary.LittleEndian.PutUint32(b[4:], n.Generation)
	return crc32c(s.seed, b[:])
}

const noteChecksum = "checksum mismatch"

// node reads an inode.
func (f *FS) node(ref filesystem.Ref) (*node, error) {
	if ref.Version != 0 {
		return f.recoveredNode(ref)
	}
	n, err := f.presentNode(ref.Inode)
	if n == nil && err == nil {
		if r, err := f.recoveredNode(ref); err == nil {
			return r, nil
		}
		return nil, fmt.Errorf("inode %d is not in use: %w", ref.Inode, errNotExist)
	}
	return n, err
}

// presentNode reads an inode as the table has it, without asking the journal for one that
// was freed. It gives nil for one that was never in use, or of which nothing is left.
func (f *FS) presentNode(ino uint64) (*node, error) {
	off, err := f.inodeOffset(ino)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, f.sb.inodeSize)
	if err := f.readAt(raw, off); err != nil {
		return nil, fmt.Errorf("inode %d: %w", ino, err)
	}
	n := &node{raw: raw}
	f.sb.decodeInode(&n.Inode, ino, raw)
	if n.Mode == 0 && n.Links == 0 && !f.reservedNode(n) {
		return nil, nil
	}
	f.finishNode(n)
	return n, nil
}

// finishNode verifies the checksum and sets what depends on other structures.
func (f *FS) finishNode(n *node) {
	if !f.sb.inodeChecksumOK(n.Ref.Inode, n.raw) {
		n.Note = noteChecksum
		f.problem(fmt.Sprintf("inode %d", n.Ref.Inode), noteChecksum)
	}
	if n.Note == "" {
		n.Note = f.wrongFlags(n.Ref.Inode, n.raw)
	}
	if n.Note == "" {
		n.Note = new(diskInodes).note(f, n.Ref.Inode, n.Generation)
	}
	if n.Links == 0 {
		n.State = filesystem.Deleted
		if f.isOrphan(n.Ref.Inode) {
			n.State = filesystem.Orphan
			n.Dtime = filesystem.Time{} // it holds the next orphan's number
			if (n.Note == "" || n.Note == noteOnlyReplay) && n.Size == 0 && n.IsRegular() {
				n.Note = noteNoContent
			}
		}
	}
	if n.Ref.Inode < 11 && n.Ref.Inode != rec.InodeRootDirectory {
		n.State = filesystem.Live
	}
}
