package ext4

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// A walk reads the inode tables one after the other, then the blocks of all
// directories in the order of the disk, and only then joins names to paths
// (walk_paths.go). So the disk is read forward in large pieces, and there is no
// system call and no allocation for a single inode or name.
//
// What it keeps is compact and without pointers: a record of 116 bytes for each
// inode in use, its place in an index of 4 bytes an inode, and the names, each
// with 6 bytes, in chunks in which the names of a directory stand together.

// record is an inode in use as the walk keeps it: the parts of its record on the
// disk from which filesystem.Inode is decoded.
type record struct {
	head [0x28]byte // i_mode to i_osd1
	dev  [8]byte    // the first two words of i_block: a device's number
	tail [0x3c]byte // i_generation to i_projid
	ref  uint32     // of a directory: its index in dirs, plus 1; of a link: that of its target in links, plus 1
	seen bool       // it was given already

	inline bool // its content is kept in it
}

const (
	recordTail  = 0x64
	recordChunk = 1 << 12
)

// piece is a part of a directory: count names that begin at a place in the arena.
type piece struct {
	chunk, at, count uint32
}

// dirState is a directory during a walk. Of its inode it has what the reading of names needs.
type dirState struct {
	ino     uint32
	gen     uint32
	flags   uint32
	context bool // it has a context of encryption
	size    int64
	raw     []byte // the inode, where its block map needs more than the inode
	first   piece
	more    []piece
	path    string // once visited, where files without a name are asked for
	visited bool
}

// node makes the node of a directory, without its record.
func (d *dirState) node() node {
	return node{Inode: filesystem.Inode{
		Ref: filesystem.Ref{Inode: uint64(d.ino)}, Generation: d.gen, Flags: d.flags, Size: d.size, Mode: filesystem.ModeDir,
	}, context: d.context}
}

type walker struct {
	f       *FS
	opts    filesystem.WalkOptions
	records [][]record
	count   uint32
	index   [][]uint32 // by group and inode in the group: the number of the record, plus 1
	notes   map[uint32]string
	links   []span // targets of symbolic links
	slow    []*node
	dirs    []dirState
	text    arena // names and targets
	runs    []dirRun
	cur     uint32 // the directory whose names are collected
	curNode node   // that directory
	curRun  piece
	block   uint64 // the block that they stand in
	scratch []byte
	blocks  int64 // of extent trees, that may yet be read
	gone    []goneName
	disk    diskInodes
	read    []dirRun          // the runs that were read
	gather  func(dirent)      // collect, bound once: one for each directory adds up
	dirAt   map[uint64]uint32 // block -> index into dirs, kept where deleted names are looked for
	slacked bool              // gone holds the names in the slack of all directories
	out     output
}

// Walk implements filesystem.FS.
func (f *FS) Walk(ctx context.Context, opts filesystem.WalkOptions, fn func(*filesystem.Entry) error) error {
	w := &walker{f: f, opts: opts, notes: make(map[uint32]string), scratch: make([]byte, 8+f.sb.inodeSize)}
	w.blocks = 2*f.size/int64(f.sb.blockSize) + 1024
	w.gather = w.collect
	// Where there are no orphans, nobody asks for the names that they had: the slack of
	// directories and the journal's older states are then read by no one.
	unlinked := opts.Deleted || opts.Orphans && len(f.orphans) > 0
	if unlinked {
		w.dirAt, w.slacked = make(map[uint64]uint32), true
		defer f.recoverMeanwhile(ctx)()
	}
	if err := w.readTables(ctx); err != nil {
		return err
	}
	if err := w.readDirs(ctx); err != nil {
		return err
	}
	if opts.Targets {
		if err := w.readTargets(ctx); err != nil {
			return err
		}
	}
	if err := w.paths(ctx, fn); err != nil {
		return err
	}
	if unlinked {
		return w.unlinked(ctx, fn)
	}
	return nil
}

// readTables reads all inodes in use.
func (w *walker) readTables(ctx context.Context) error {
	f, s := w.f, w.f.sb
	// The tables are part of the volume. So much may be read if some share their
	// place, lest a small image keep us busy for ever.
	left := f.size + int64(s.SInodesPerGroup)*int64(s.inodeSize)
	w.index = make([][]uint32, s.groups)
	check := w.opts.Orphans && s.groups <= maxCheckedGroups
	places := make([]uint32, s.SInodesPerGroup)
	buf := make([]byte, min(1<<20/s.inodeSize, int(s.SInodesPerGroup))*s.inodeSize)
	for g := range f.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		gr := &f.groups[g]
		if gr.inodeTable == 0 || gr.flags&rec.BgdFlagInodeTableAndBitmapNotInitialized != 0 {
			if check {
				w.checkBitmaps(g, nil)
			}
			continue
		}
		used := int(s.SInodesPerGroup - gr.unused)
		base := int64(gr.inodeTable) * int64(s.blockSize)
		if left -= int64(used) * int64(s.inodeSize); left < 0 {
			f.lost(fmt.Sprintf("inode table of group %d", g), "the tables are larger than the volume; this one and those after it are not read")
			return nil
		}
		first := uint64(g)*uint64(s.SInodesPerGroup) + 1
		last := -1
		for at := 0; at < used; {
			n := min(len(buf)/s.inodeSize, used-at)
			p := buf[:n*s.inodeSize]
			if err := f.readAt(p, base+int64(at)*int64(s.inodeSize)); err != nil {
				f.lost(fmt.Sprintf("inode table of group %d", g), "inodes from %d: %v", first+uint64(at), err)
				clear(places[at : at+n])
				at += n
				continue
			}
			for i := range n {
				places[at+i] = 0
				raw := p[i*s.inodeSize:][:s.inodeSize]
				if raw[0]|raw[1] == 0 || raw[0x1a]|raw[0x1b] == 0 { // no mode, or no link
					continue
				}
				last = at + i
				places[last] = w.addInode(first+uint64(last), raw)
			}
			at += n
		}
		w.index[g] = slices.Clone(places[:last+1])
		if check {
			w.checkBitmaps(g, w.index[g])
		}
	}
	return nil
}

// record gives the record with the number that the index holds.
func (w *walker) record(place uint32) *record {
	place--
	return &w.records[place/recordChunk][place%recordChunk]
}

// place gives what the index holds of an inode, 0 if it is not known.
func (w *walker) place(ino uint32) uint32 {
	g, i := (ino-1)/w.f.sb.SInodesPerGroup, (ino-1)%w.f.sb.SInodesPerGroup
	if ino == 0 || int(g) >= len(w.index) || int(i) >= len(w.index[g]) {
		return 0
	}
	return w.index[g][i]
}

// emitted says whether a path of the inode was given.
func (w *walker) emitted(ino uint32) bool {
	at := w.place(ino)
	return at != 0 && w.record(at).seen
}

// addInode keeps an inode and gives its place.
func (w *walker) addInode(ino uint64, raw []byte) uint32 {
	f := w.f
	if w.count%recordChunk == 0 && int(w.count/recordChunk) == len(w.records) {
		w.records = append(w.records, make([]record, recordChunk))
	}
	w.count++
	r := w.record(w.count)
	copy(r.head[:], raw)
	copy(r.dev[:], raw[0x28:])
	copy(r.tail[:], raw[recordTail:])
	if !f.sb.inodeChecksum(w.scratch, ino, raw) {
		w.notes[uint32(ino)] = noteChecksum
		f.problem(fmt.Sprintf("inode %d", ino), noteChecksum)
	}
	r.inline = hasInline(raw)
	if note := f.wrongFlags(ino, raw); note != "" {
		w.note(ino, note)
	}
	if note := w.disk.note(f, ino, binary.LittleEndian.Uint32(raw[0x64:])); note != "" {
		w.note(ino, note)
	}
	switch binary.LittleEndian.Uint16(raw) & filesystem.ModeType {
	case filesystem.ModeDir:
		r.ref = w.addDir(ino, raw)
	case filesystem.ModeSymlink:
		if !w.opts.Targets {
			break
		}
		n := node{raw: raw}
		f.sb.decodeInode(&n.Inode, ino, raw)
		w.links = append(w.links, span{})
		r.ref = uint32(len(w.links))
		if f.sb.fastLink(&n) && !f.encrypted(&n) {
			w.setLink(r.ref, cString(raw[0x28:0x28+n.stored()]))
			break
		}
		slow := &node{Inode: n.Inode, raw: slices.Clone(raw)}
		w.slow = append(w.slow, slow)
	}
	return w.count
}

func (w *walker) setLink(ref uint32, target string) {
	if s, ok := w.text.add(len(target)); ok {
		copy(w.text.bytes(s), target)
		w.links[ref-1] = s
	}
}

// addDir keeps a directory and, where its inode lists them all, the blocks that
// it has.
func (w *walker) addDir(ino uint64, raw []byte) uint32 {
	f := w.f
	n := node{raw: raw}
	f.sb.decodeInode(&n.Inode, ino, raw)
	i := uint32(len(w.dirs))
	w.dirs = append(w.dirs, dirState{
		ino: uint32(ino), gen: n.Generation, flags: n.Flags, size: n.Size, context: n.Flags&rec.InodeFlagEncrypt != 0 && f.encrypted(&n),
	})
	// The common case: up to four extents in the inode, all in order.
	if !w.simpleRuns(i, &n) {
		w.dirs[i].raw = slices.Clone(raw)
	}
	return i + 1
}

// simpleRuns notes the blocks of a directory whose extents stand in its inode. It
// says no, and notes nothing, where something is unusual.
func (w *walker) simpleRuns(dir uint32, n *node) bool {
	le := binary.LittleEndian
	b := n.iblock()
	if n.Flags&(rec.InodeFlagExtents|rec.InodeFlagInlineData) != rec.InodeFlagExtents || le.Uint16(b) != rec.ExtentMagic || le.Uint16(b[6:]) != 0 {
		return false
	}
	entries := int(le.Uint16(b[2:]))
	if entries > 4 || entries > int(le.Uint16(b[4:])) {
		return false
	}
	bs := int64(w.f.sb.blockSize)
	end := (n.Size + bs - 1) / bs
	before := len(w.runs)
	next := int64(0)
	for i := range entries {
		e := b[12+12*i:]
		logical, count, phys := int64(le.Uint32(e)), int64(le.Uint16(e[4:])), int64(le.Uint16(e[6:]))<<32|int64(le.Uint32(e[8:]))
		if logical < next || count == 0 || count > 32768 || phys == 0 || uint64(phys+count) > w.f.sb.blocks {
			w.runs = w.runs[:before]
			return false
		}
		next = logical + count
		if count = min(count, end-logical); count > 0 {
			w.runs = append(w.runs, dirRun{phys * bs, count * bs, dir})
		}
	}
	return true
}

// readTargets reads the targets that do not stand in the inode.
func (w *walker) readTargets(ctx context.Context) error {
	for _, n := range w.slow {
		if err := ctx.Err(); err != nil {
			return err
		}
		t, err := w.f.readlink(n)
		if err != nil {
			w.f.problem(fmt.Sprintf("inode %d", n.Ref.Inode), "link target: %v", err)
			continue
		}
		w.setLink(w.record(w.place(uint32(n.Ref.Inode))).ref, t)
	}
	w.slow = nil
	return nil
}

// arena keeps bytes in chunks without a pointer each.
type arena struct {
	chunks [][]byte
}

// span is a place in an arena.
type span struct {
	chunk, at uint32
	len       uint32
}

const (
	arenaChunk = 1 << 20
	maxChunks  = 1 << 14 // 16 GiB
)

// add makes room for n bytes.
func (a *arena) add(n int) (span, bool) {
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last])+n > cap(a.chunks[last]) {
		if len(a.chunks) == maxChunks {
			return span{}, false
		}
		size := arenaChunk
		if last < 0 {
			size = arenaChunk / 16 // most of a small image
		}
		a.chunks = append(a.chunks, make([]byte, 0, max(size, n)))
		last++
	}
	c := a.chunks[last]
	a.chunks[last] = c[:len(c)+n]
	return span{chunk: uint32(last), at: uint32(len(c)), len: uint32(n)}, true
}

func (a *arena) bytes(s span) []byte { return a.chunks[s.chunk][s.at:][:s.len] }
