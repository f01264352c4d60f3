package ext4

import (
	"encoding/binary"
	"fmt"
	"io"
	"sort"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// journalReader reads the journal as it stands on the disk: never through its own
// replay, whatever blocks that says it replaces.
type journalReader struct {
	r    io.ReaderAt
	size int64
	exts []filesystem.Extent
}

// Size gives the length of the journal in bytes.
func (j *journalReader) Size() int64 { return j.size }

// ReadAt implements io.ReaderAt.
func (j *journalReader) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	i := sort.Search(len(j.exts), func(i int) bool { return j.exts[i].Logical+j.exts[i].Length > off })
	for done < len(p) {
		at := off + int64(done)
		if at >= j.size {
			return done, io.EOF
		}
		n := min(int64(len(p)-done), j.size-at)
		if i == len(j.exts) || j.exts[i].Logical > at {
			// The kernel refuses a journal with holes.
			return done, filesystem.Corrupt("journal", "nothing is mapped at byte %d", at)
		}
		e := j.exts[i]
		n = min(n, e.Logical+e.Length-at)
		k, err := j.r.ReadAt(p[done:done+int(n)], e.Physical+at-e.Logical)
		if done += k; int64(k) < n {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
		i++
	}
	return done, nil
}

// journalContent opens the journal's inode or, if that is damaged, what the superblock
// keeps of it (s_jnl_blocks of fs/ext4/ext4.h: the block map, and the size).
func (f *FS) journalContent() (*journalReader, error) {
	open := func(n *node) (*journalReader, error) {
		if !n.IsRegular() || n.Size <= 0 || n.inline() {
			return nil, filesystem.Corrupt(fmt.Sprintf("journal inode %d", n.Ref.Inode), "mode %o, %d bytes", n.Mode, n.Size)
		}
		exts, err := f.extents(n)
		if err != nil {
			return nil, err
		}
		return &journalReader{r: f.r, size: n.Size, exts: exts}, nil
	}
	n, err := f.node(filesystem.Ref{Inode: uint64(f.sb.SJournalInum)})
	if err == nil {
		var r *journalReader
		if r, err = open(n); err == nil {
			return r, nil
		}
	}
	const inodeBlocks = 1 // s_jnl_backup_type
	if f.sb.raw[0xfd] != inodeBlocks {
		return nil, err
	}
	le := binary.LittleEndian
	words := f.sb.raw[0x10c:0x150]
	n = &node{raw: make([]byte, f.sb.inodeSize)}
	copy(n.raw[0x28:0x64], words)
	n.Ref.Inode = uint64(f.sb.SJournalInum)
	n.Mode = filesystem.ModeRegular
	n.Size = int64(le.Uint32(words[60:]))<<32 | int64(le.Uint32(words[64:]))
	if le.Uint16(words) == rec.ExtentMagic {
		n.Flags = rec.InodeFlagExtents
	}
	r, berr := open(n)
	if berr != nil {
		return nil, err
	}
	f.problem("journal", "%v; the superblock's copy of its block map is used", err)
	return r, nil
}
