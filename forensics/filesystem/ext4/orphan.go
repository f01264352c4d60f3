package ext4

import (
	"encoding/binary"
	"fmt"

	"icecore/forensics/filesystem"
)

const (
	orphanMagic      = 0x0b10ca04
	maxOrphans       = 1 << 17
	noteOnlyReplay   = "only after journal replay"
	noteBeforeReplay = "only before journal replay"

	// noteNoContent: the kernel allocates blocks when it writes content back, some
	// seconds after a program wrote it.
	noteNoContent = "deleted while open; no content: none had been written to the disk, or it was truncated"
)

// findOrphans reads the orphan list and the orphan file.
func (f *FS) findOrphans() {
	f.orphans = make(map[uint64]bool)
	for ino := range f.fastOpen {
		f.orphans[ino] = true
	}
	raw := make([]byte, f.sb.inodeSize)
	for ino := uint64(f.sb.SLastOrphan); ino != 0; {
		if len(f.orphans) >= maxOrphans {
			f.problem("orphan list", "more than %d inodes; the rest is not looked at", maxOrphans)
			return
		}
		if f.orphans[ino] {
			f.problem("orphan list", "inode %d stands twice in it", ino)
			break
		}
		off, err := f.inodeOffset(ino)
		if err != nil {
			f.problem("orphan list", "%v", err)
			break
		}
		if err := f.readAt(raw, off); err != nil {
			f.problem("orphan list", "inode %d: %v", ino, err)
			break
		}
		f.orphans[ino] = true
		ino = uint64(binary.LittleEndian.Uint32(raw[0x14:]))
	}
	if f.sb.orphanIno == 0 {
		return
	}
	n, err := f.node(filesystem.Ref{Inode: uint64(f.sb.orphanIno)})
	if err != nil {
		f.problem("orphan file", "%v", err)
		return
	}
	fl, err := f.open(n)
	if err != nil {
		f.problem("orphan file", "%v", err)
		return
	}
	exts, _ := fl.Extents()
	block := make([]byte, f.sb.blockSize)
	for at := int64(0); at < min(fl.Size(), 64<<20); at += int64(len(block)) {
		if k, err := fl.ReadAt(block, at); k < len(block) {
			f.problem("orphan file", "at byte %d: %v", at, err)
			return
		}
		if binary.LittleEndian.Uint32(block[len(block)-8:]) != orphanMagic {
			f.problem("orphan file", "block at byte %d without its magic number", at)
			continue
		}
		if !f.orphanBlockOK(n, exts, at, block) {
			f.problem(fmt.Sprintf("orphan file, block at byte %d", at), noteChecksum)
		}
		for i := 0; i+4 <= len(block)-8; i += 4 {
			if ino := binary.LittleEndian.Uint32(block[i:]); ino != 0 && ino <= f.maxInode() && len(f.orphans) < maxOrphans {
				f.orphans[uint64(ino)] = true
			}
		}
	}
}

// orphanBlockOK verifies the checksum of the block of the orphan file that stands at a
// byte of it (ext4_orphan_file_block_csum_verify in fs/ext4/orphan.c): over its number on
// the volume and the inodes that it holds.
func (f *FS) orphanBlockOK(n *node, exts []filesystem.Extent, at int64, b []byte) bool {
	if !f.sb.metaCsum() {
		return true
	}
	for _, e := range exts {
		if at >= e.Logical && at < e.Logical+e.Length {
			var num [8]byte
			binary.LittleEndian.PutUint64(num[:], uint64((e.Physical+at-e.Logical)/int64(len(b))))
			return crc32c(crc32c(n.seed(f.sb), num[:]), b[:len(b)-8]) == binary.LittleEndian.Uint32(b[len(b)-4:])
		}
	}
	return true
}

func (f *FS) isOrphan(ino uint64) bool { return f.orphans[ino] }

// diskInodes reads inodes as they stand on the disk where a replay replaces them. It
// keeps one block.
type diskInodes struct {
	block uint64
	data  []byte
	have  bool
}

// note says what a reader must know of an inode in use that a replay may have made.
func (d *diskInodes) note(f *FS, ino uint64, generation uint32) string {
	if len(f.overlay) == 0 {
		return ""
	}
	off, err := f.inodeOffset(ino)
	if err != nil {
		return ""
	}
	bs := int64(f.sb.blockSize)
	block := uint64(off / bs)
	if !f.replaced(block) {
		return ""
	}
	if d.data == nil || d.block != block {
		if d.data == nil {
			d.data = make([]byte, bs)
		}
		n, _ := f.r.ReadAt(d.data, int64(block)*bs)
		d.block, d.have = block, n == len(d.data)
	}
	if !d.have {
		return ""
	}
	raw := d.data[off%bs:][:f.sb.inodeSize]
	other := binary.LittleEndian.Uint32(raw[0x64:]) != generation // the number was given again
	if other || raw[0]|raw[1] == 0 || raw[0x1a]|raw[0x1b] == 0 {
		return noteOnlyReplay
	}
	return ""
}
