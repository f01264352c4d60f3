package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sort"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/jbd2"
	"icecore/forensics/text"
)

// A fast commit records what was done to files rather than what is in blocks. It is
// applied as ext4_fc_replay of fs/ext4/fast_commit.c does, to blocks in memory. Where the
// kernel allocates a block for it (a new directory, a block map that outgrew its
// inode), a free block is given in the view; the disk has nothing there.
//
// The kernel's own replay leaves some things unfinished that e2fsck(8) then mends:
// the links and sectors of directories that it makes, the links of their parents. Here they are
// as e2fsck leaves them. The times of a directory whose names change, which the
// kernel sets to the time of the mount, stay as they were.

const (
	maxFastBlocks = 1 << 14 // blocks given to what a fast commit makes
	maxFastWork   = 1 << 26 // steps in extent lists and directories, so that many tags on large files end
)

// fastReplay applies fast commits to the overlay.
type fastReplay struct {
	f      *FS
	inodes map[uint64]*fastInode
	dirs   map[uint64]*fastDir
	bm     *bitmaps
	group  int // in which the next free block is looked for, from the last down
	bit    int
	given  int
	work   int
}

// fastRun is an extent in blocks.
type fastRun struct {
	logical, physical, count uint64
	unwritten                bool
}

type fastInode struct {
	raw     []byte // in the overlay
	runs    []fastRun
	loaded  bool // runs are read
	changed bool // runs differ from the record's map
	open    bool // the last record has no links: it was held open
}

// fastDir is a directory of which names change.
type fastDir struct {
	blocks []uint64 // in logical order, only those that hold names
	names  map[string]int
}

// applyFast applies the tags of fast commits.
func (f *FS) applyFast(ctx context.Context, tags []jbd2.FastTag) {
	r := &fastReplay{f: f, inodes: make(map[uint64]*fastInode), dirs: make(map[uint64]*fastDir), bm: &bitmaps{f: f}, group: len(f.groups) - 1, bit: -1}
	for _, m := range []*map[uint64]bool{&f.fastDirs, &f.fastGone, &f.fastOpen, &f.fastMaps, &f.fastAgain} {
		*m = make(map[uint64]bool)
	}
	// What any of the tags gives is not free for what the replay makes.
	for i := range tags {
		if run, ok := addedRange(&tags[i]); ok {
			f.fastUsed = append(f.fastUsed, blockRange{run.physical, run.count})
		}
	}
	f.fastUsed = f.fastUsed.merge()
	for i := range tags {
		if ctx.Err() != nil {
			return // and so does who opens the filesystem
		}
		err := r.apply(&tags[i])
		if err == nil && r.work > maxFastWork {
			err = fmt.Errorf("more than %d steps", maxFastWork)
		}
		if err != nil {
			f.problem("journal", "fast commit, tag %d of %d: %v; it and what follows are not applied", i+1, len(tags), err)
			break
		}
	}
	inos := make([]uint64, 0, len(r.inodes))
	for ino := range r.inodes {
		inos = append(inos, ino)
	}
	sort.Slice(inos, func(i, j int) bool { return inos[i] < inos[j] })
	for _, ino := range inos {
		in := r.inodes[ino]
		if in.changed && !hasInline(in.raw) && in.mapped() {
			f.fastMaps[ino] = true
			if err := r.writeMap(ino, in); err != nil {
				f.problem("journal", "fast commit, inode %d: %v", ino, err)
			}
		}
		if in.raw[0x1a]|in.raw[0x1b] == 0 && in.raw[0]|in.raw[1] != 0 {
			if in.open {
				f.fastOpen[ino] = true
			} else {
				f.fastGone[ino] = true
			}
		}
		f.sb.setInodeChecksum(ino, in.raw)
	}
	for _, ino := range inos {
		if in := r.inodes[ino]; in.changed && (in.links() > 0 || in.open) {
			for _, run := range in.runs {
				f.fastKept = append(f.fastKept, blockRange{run.physical, run.count})
			}
		}
	}
	f.fastKept = f.fastKept.merge()
}

// addedRange gives what an ADD_RANGE tag maps (struct ext4_fc_add_range).
func addedRange(t *jbd2.FastTag) (fastRun, bool) {
	if t.Tag != jbd2.FastAddRange {
		return fastRun{}, false
	}
	le, v := binary.LittleEndian, t.Value
	count, unwritten := uint64(le.Uint16(v[8:])), false
	if count > 32768 {
		count, unwritten = count-32768, true
	}
	return fastRun{uint64(le.Uint32(v[4:])), uint64(le.Uint16(v[10:]))<<32 | uint64(le.Uint32(v[12:])), count, unwritten}, true
}

func (r *fastReplay) apply(t *jbd2.FastTag) error {
	le := binary.LittleEndian
	v := t.Value
	switch t.Tag {
	case jbd2.FastInode:
		return r.inodeRecord(uint64(le.Uint32(v)), v[4:])
	case jbd2.FastAddRange:
		run, _ := addedRange(t)
		return r.setRange(uint64(le.Uint32(v)), run)
	case jbd2.FastDelRange:
		return r.setRange(uint64(le.Uint32(v)), fastRun{logical: uint64(le.Uint32(v[4:])), count: uint64(le.Uint32(v[8:]))})
	case jbd2.FastCreate, jbd2.FastLink, jbd2.FastUnlink:
		dir, ino, name := uint64(le.Uint32(v)), uint64(le.Uint32(v[4:])), string(v[8:])
		if badName([]byte(name)) != "" {
			return filesystem.Corrupt("fast commit", "%s: %s", badName([]byte(name)), text.Quote(name))
		}
		switch t.Tag {
		case jbd2.FastCreate:
			return r.create(dir, ino, name)
		case jbd2.FastLink:
			return r.link(dir, ino, name)
		}
		return r.unlink(dir, ino, name)
	}
	return filesystem.Corrupt("fast commit", "tag %d", t.Tag)
}

// block gives a block of the overlay, to be changed.
func (r *fastReplay) block(n uint64) ([]byte, error) {
	if b := r.f.overlay[n]; b != nil {
		return b, nil
	}
	b := make([]byte, r.f.sb.blockSize)
	if err := r.f.readBlock(b, n); err != nil {
		return nil, err
	}
	if r.given++; r.given > maxFastBlocks {
		return nil, fmt.Errorf("more than %d blocks change", maxFastBlocks)
	}
	r.f.overlay[n] = b
	delete(r.f.far, n)
	return b, nil
}

// inode gives the record of an inode, to be changed.
func (r *fastReplay) inode(ino uint64) (*fastInode, error) {
	if in := r.inodes[ino]; in != nil {
		return in, nil
	}
	off, err := r.f.inodeOffset(ino)
	if err != nil {
		return nil, err
	}
	bs := int64(r.f.sb.blockSize)
	b, err := r.block(uint64(off / bs))
	if err != nil {
		return nil, err
	}
	in := &fastInode{raw: b[off%bs:][:r.f.sb.inodeSize]}
	r.inodes[ino] = in
	return in, nil
}

// used is inode for one that must be in use: ext4_fc_replay leaves tags of others alone.
func (r *fastReplay) used(ino uint64) (*fastInode, error) {
	in, err := r.inode(ino)
	if err != nil || in.raw[0]|in.raw[1] == 0 {
		return nil, err
	}
	return in, nil
}

// inodeRecord takes an inode's record, as ext4_fc_replay_inode: all but its block
// map. Content or a link target that is kept in the place of the map is taken too.
func (r *fastReplay) inodeRecord(ino uint64, raw []byte) error {
	in, err := r.inode(ino)
	if err != nil {
		return err
	}
	if len(raw) > len(in.raw) {
		return filesystem.Corrupt("fast commit", "record of %d bytes for inode %d", len(raw), ino)
	}
	le := binary.LittleEndian
	if in.links() == 0 && le.Uint16(raw[0x1a:]) > 0 || !bytes.Equal(in.raw[0x64:0x68], raw[0x64:0x68]) {
		// Another file of that number: the map of the old one went with it.
		r.f.fastAgain[ino] = true
		in.loaded, in.runs, in.changed = true, nil, true
		clear(in.raw[0x28:0x64])
		delete(r.dirs, ino)
	}
	copy(in.raw[:0x28], raw)
	copy(in.raw[0x64:], raw[0x64:])
	flags := le.Uint32(in.raw[0x20:])
	symlink := le.Uint16(in.raw)&filesystem.ModeType == filesystem.ModeSymlink
	switch {
	case flags&rec.InodeFlagExtents != 0:
		if le.Uint16(in.raw[0x28:]) != rec.ExtentMagic {
			clear(in.raw[0x28:0x64])
			le.PutUint16(in.raw[0x28:], rec.ExtentMagic)
			le.PutUint16(in.raw[0x2c:], 4)
		}
	case flags&rec.InodeFlagInlineData != 0 || symlink || le.Uint16(in.raw)&filesystem.ModeType != filesystem.ModeRegular:
		copy(in.raw[0x28:0x64], raw[0x28:0x64])
	}
	in.open = le.Uint16(in.raw[0x1a:]) == 0
	return nil
}

func (r *fastReplay) node(ino uint64, in *fastInode) *node {
	n := &node{raw: in.raw}
	r.f.sb.decodeInode(&n.Inode, ino, in.raw)
	return n
}

// load reads an inode's block map.
func (r *fastReplay) load(ino uint64, in *fastInode) error {
	if in.loaded {
		return nil
	}
	in.loaded = true
	exts, err := r.f.extents(r.node(ino, in))
	bs := int64(r.f.sb.blockSize)
	for _, e := range exts {
		in.runs = append(in.runs, fastRun{uint64(e.Logical / bs), uint64(e.Physical / bs), uint64(e.Length / bs), e.Unwritten})
	}
	r.work += len(exts)
	return err
}

// setRange maps blocks of a file, or unmaps them where the run has no place
// (ext4_fc_replay_add_range, ext4_fc_replay_del_range).
func (r *fastReplay) setRange(ino uint64, run fastRun) error {
	in, err := r.used(ino)
	if err != nil || in == nil || run.count == 0 {
		return err
	}
	if run.physical != 0 && (run.physical >= r.f.sb.blocks || run.count > r.f.sb.blocks-run.physical) {
		return filesystem.Corrupt("fast commit", "inode %d, blocks %d to %d of a volume of %d", ino, run.physical, run.physical+run.count, r.f.sb.blocks)
	}
	if run.logical+run.count > maxLogical {
		return filesystem.Corrupt("fast commit", "inode %d, block %d of the file is out of range", ino, run.logical)
	}
	if err := r.load(ino, in); err != nil {
		return err
	}
	r.work += len(in.runs)
	in.changed = true
	in.set(run)
	return nil
}

// set puts a run into the map, over what is there.
func (in *fastInode) set(run fastRun) {
	end := run.logical + run.count
	out := make([]fastRun, 0, len(in.runs)+2)
	placed := run.physical == 0
	for _, e := range in.runs {
		stop := e.logical + e.count
		if e.logical < run.logical {
			head := e
			head.count = min(stop, run.logical) - e.logical
			out = append(out, head)
		}
		if !placed && stop > run.logical {
			out, placed = append(out, run), true
		}
		if stop > end {
			tail := e
			if e.logical < end {
				tail.logical, tail.physical, tail.count = end, e.physical+end-e.logical, stop-end
			}
			out = append(out, tail)
		}
	}
	if !placed {
		out = append(out, run)
	}
	in.runs = out
}

// writeMap writes the block map of an inode as an extent tree.
func (r *fastReplay) writeMap(ino uint64, in *fastInode) error {
	le := binary.LittleEndian
	var entries [][12]byte // of the level being written
	var firsts []uint32
	for _, e := range in.runs {
		for e.count > 0 {
			n := min(e.count, 32767)
			var b [12]byte
			le.PutUint32(b[:], uint32(e.logical))
			le.PutUint16(b[4:], uint16(n))
			if e.unwritten {
				le.PutUint16(b[4:], uint16(n+32768))
			}
			le.PutUint16(b[6:], uint16(e.physical>>32))
			le.PutUint32(b[8:], uint32(e.physical))
			entries, firsts = append(entries, b), append(firsts, uint32(e.logical))
			e.logical, e.physical, e.count = e.logical+n, e.physical+n, e.count-n
		}
	}
	node := func(b []byte, entries [][12]byte, room, depth int) {
		le.PutUint16(b, rec.ExtentMagic)
		le.PutUint16(b[2:], uint16(len(entries)))
		le.PutUint16(b[4:], uint16(room))
		le.PutUint16(b[6:], uint16(depth))
		for i := range entries {
			copy(b[12+12*i:], entries[i][:])
		}
	}
	// The records' seed of checksums: n.raw is the inode as it stands now.
	seed := r.node(ino, in).seed(r.f.sb)
	depth := 0
	room := (r.f.sb.blockSize - 12) / 12
	for ; len(entries) > 4; depth++ {
		var up [][12]byte
		var ups []uint32
		for at := 0; at < len(entries); at += room {
			part := entries[at:min(at+room, len(entries))]
			n, b, err := r.newBlock()
			if err != nil {
				return err
			}
			node(b, part, room, depth)
			if tail := 12 + 12*room; tail+4 <= len(b) {
				le.PutUint32(b[tail:], crc32c(seed, b[:tail]))
			}
			var e [12]byte
			le.PutUint32(e[:], firsts[at])
			le.PutUint32(e[4:], uint32(n))
			le.PutUint16(e[8:], uint16(n>>32))
			up, ups = append(up, e), append(ups, firsts[at])
		}
		entries, firsts = up, ups
	}
	clear(in.raw[0x28:0x64])
	node(in.raw[0x28:0x64], entries, 4, depth)
	le.PutUint32(in.raw[0x20:], le.Uint32(in.raw[0x20:])|rec.InodeFlagExtents)
	return nil
}

// newBlock gives a block that is free on the disk, for what has none there.
func (r *fastReplay) newBlock() (uint64, []byte, error) {
	s := r.f.sb
	for ; r.group >= 0; r.group, r.bit = r.group-1, -1 {
		g := &r.f.groups[r.group]
		if g.flags&rec.BgdFlagBitmapNotInitialized != 0 || g.blockBitmap == 0 {
			continue // its bitmap does not show its free blocks
		}
		first := uint64(s.SFirstDataBlock) + uint64(r.group)*uint64(s.SBlocksPerGroup)
		if r.bit < 0 {
			r.bit = int(min(uint64(s.SBlocksPerGroup), s.blocks-first))
		}
		for r.bit--; r.bit >= 0; r.bit-- {
			n := first + uint64(r.bit)
			if r.f.replaced(n) || r.bm.used(n) || r.f.fastUsed.has(n) {
				continue
			}
			if r.given++; r.given > maxFastBlocks {
				return 0, nil, fmt.Errorf("more than %d blocks change", maxFastBlocks)
			}
			b := make([]byte, s.blockSize)
			r.f.overlay[n] = b
			if r.f.fastGiven == nil {
				r.f.fastGiven = make(map[uint64]bool)
			}
			r.f.fastGiven[n] = true
			return n, b, nil
		}
	}
	return 0, nil, fmt.Errorf("no free block")
}

// mapped says whether the file has a block map: a device or a short link keeps
// something else in its place.
func (in *fastInode) mapped() bool {
	le := binary.LittleEndian
	switch le.Uint16(in.raw) & filesystem.ModeType {
	case filesystem.ModeRegular, filesystem.ModeDir:
		return true
	}
	return le.Uint32(in.raw[0x20:])&rec.InodeFlagExtents != 0
}

func (in *fastInode) links() uint16     { return binary.LittleEndian.Uint16(in.raw[0x1a:]) }
func (in *fastInode) setLinks(n uint16) { binary.LittleEndian.PutUint16(in.raw[0x1a:], n) }
func (in *fastInode) isDir() bool {
	return binary.LittleEndian.Uint16(in.raw)&filesystem.ModeType == filesystem.ModeDir
}

// fileType is the file type of a directory entry for an inode.
func (in *fastInode) fileType() byte {
	mode := binary.LittleEndian.Uint16(in.raw) & filesystem.ModeType
	for t, bits := range typeBits {
		if bits == mode && t > 0 {
			return byte(t)
		}
	}
	return 0
}
