package ext4

import (
	"context"
	"fmt"
	"sort"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// A walk reads the inode tables one after the other, then the blocks of all
// directories in the order of the disk, and only then joins names to paths. So
// the disk is read forward in large pieces, and there is no system call and no
// allocation for a single inode or name.

// slabSize is how many values are allocated at once.
const slabSize = 1024

// dirState is a directory during a walk.
type dirState struct {
	node    *node
	first   int // of its names in the index, after sorting
	count   int
	visited bool
}

// name is one directory entry in the index: 20 bytes and the name itself.
type name struct {
	dir uint32 // index into walker.dirs
	ino uint32
	at  uint32 // in the arena chunk
	len uint8
	typ uint8
	arn uint16 // arena chunk
}

const arenaChunk = 1 << 22

type walker struct {
	f      *FS
	opts   filesystem.WalkOptions
	inodes []*filesystem.Inode // by inode number
	links  map[uint32]string   // targets of fast symbolic links
	slow   []*node             // symbolic links whose target is in a block
	dirs   []*dirState
	dirOf  map[uint32]uint32
	names  []name
	arenas [][]byte
	emit   []bool // inodes already given
	gone   []goneName
	dirAt  map[uint64]uint32 // block -> index into dirs, kept where deleted files are asked for
	where  map[uint64]string // paths of directories, likewise
	slab   []filesystem.Entry
}

// Walk implements filesystem.FS.
func (f *FS) Walk(ctx context.Context, opts filesystem.WalkOptions, fn func(*filesystem.Entry) error) error {
	w := &walker{f: f, opts: opts, dirOf: make(map[uint32]uint32)}
	if opts.Targets {
		w.links = make(map[uint32]string)
	}
	if opts.Orphans || opts.Deleted {
		w.dirAt, w.where = make(map[uint64]uint32), make(map[uint64]string)
	}
	if err := w.readTables(ctx); err != nil {
		return err
	}
	if err := w.readDirs(ctx); err != nil {
		return err
	}
	if opts.Targets {
		w.readTargets()
	}
	if err := w.paths(ctx, fn); err != nil {
		return err
	}
	if opts.Orphans || opts.Deleted {
		return w.unlinked(ctx, fn)
	}
	return nil
}

// readTables reads all inodes in use.
func (w *walker) readTables(ctx context.Context) error {
	f, s := w.f, w.f.sb
	total := uint64(s.groups) * uint64(s.SInodesPerGroup)
	if int64(total)*int64(s.inodeSize) > f.size+int64(s.SInodesPerGroup)*int64(s.inodeSize) {
		return filesystem.Corrupt("superblock", "%d inodes of %d bytes on a volume of %d", total, s.inodeSize, f.size)
	}
	w.inodes = make([]*filesystem.Inode, total+1)
	buf := make([]byte, min(1<<20, int(s.SInodesPerGroup)*s.inodeSize))
	var slab []filesystem.Inode
	for g := range f.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		gr := &f.groups[g]
		if gr.inodeTable == 0 || gr.flags&rec.BgdFlagInodeTableAndBitmapNotInitialized != 0 {
			continue
		}
		used := int(s.SInodesPerGroup - gr.unused)
		base := int64(gr.inodeTable) * int64(s.blockSize)
		for at := 0; at < used; {
			n := min(len(buf)/s.inodeSize, used-at)
			p := buf[:n*s.inodeSize]
			if err := f.readAt(p, base+int64(at)*int64(s.inodeSize)); err != nil {
				f.problem(fmt.Sprintf("inode table of group %d", g), "inodes from %d: %v", uint64(g)*uint64(s.SInodesPerGroup)+uint64(at)+1, err)
				at += n
				continue
			}
			for i := range n {
				raw := p[i*s.inodeSize:][:s.inodeSize]
				if raw[0]|raw[1] == 0 || raw[0x1a]|raw[0x1b] == 0 { // no mode, or no link
					continue
				}
				ino := uint64(g)*uint64(s.SInodesPerGroup) + uint64(at+i) + 1
				if len(slab) == 0 {
					slab = make([]filesystem.Inode, slabSize)
				}
				w.addInode(&slab[0], ino, raw)
				slab = slab[1:]
			}
			at += n
		}
	}
	return nil
}

func (w *walker) addInode(in *filesystem.Inode, ino uint64, raw []byte) {
	s := w.f.sb
	s.decodeInode(in, ino, raw)
	if !s.inodeChecksumOK(ino, raw) {
		in.Note = noteChecksum
		w.f.problem(fmt.Sprintf("inode %d", ino), noteChecksum)
	}
	w.inodes[ino] = in
	w.f.noteReplay(in)
	switch in.Mode & filesystem.ModeType {
	case filesystem.ModeDir:
		w.dirOf[uint32(ino)] = uint32(len(w.dirs))
		w.dirs = append(w.dirs, &dirState{node: &node{Inode: *in, raw: append([]byte(nil), raw...)}})
	case filesystem.ModeSymlink:
		if w.links == nil {
			return
		}
		if in.Size < 60 && in.Size >= 0 && in.Flags&(rec.InodeFlagEncrypt|rec.InodeFlagInlineData|rec.InodeFlagExtents) == 0 {
			w.links[uint32(ino)] = cString(raw[0x28 : 0x28+in.Size])
		} else {
			w.slow = append(w.slow, &node{Inode: *in, raw: append([]byte(nil), raw...)})
		}
	}
}

// readTargets reads the targets that do not stand in the inode.
func (w *walker) readTargets() {
	for _, n := range w.slow {
		t, err := w.f.readlink(n)
		if err != nil {
			w.f.problem(fmt.Sprintf("inode %d", n.Ref.Inode), "link target: %v", err)
			continue
		}
		w.links[uint32(n.Ref.Inode)] = t
	}
	w.slow = nil
}

// dirRun is a run of blocks of one directory.
type dirRun struct {
	phys int64
	len  int64
	dir  uint32
}

// readDirs reads the blocks of all directories in the order of the disk.
func (w *walker) readDirs(ctx context.Context) error {
	f := w.f
	bs := int64(f.sb.blockSize)
	var runs []dirRun
	for i, d := range w.dirs {
		what := fmt.Sprintf("directory inode %d", d.node.Ref.Inode)
		if d.node.Flags&rec.InodeFlagInlineData != 0 {
			if err := f.inlineEntries(d.node, false, w.collect(uint32(i))); err != nil {
				f.problem(what, "%v", err)
			}
			continue
		}
		exts, err := f.extents(d.node)
		if err != nil {
			f.problem(what, "%v", err)
		}
		for _, e := range exts {
			if e.Unwritten || e.Logical >= d.node.Size {
				continue
			}
			n := min(e.Length, (d.node.Size-e.Logical+bs-1)/bs*bs)
			runs = append(runs, dirRun{e.Physical, n, uint32(i)})
		}
	}
	sort.Slice(runs, func(i, j int) bool {
		if runs[i].phys != runs[j].phys {
			return runs[i].phys < runs[j].phys
		}
		return runs[i].dir < runs[j].dir
	})
	// Directories of one group lie close together: a read takes all runs that
	// begin within the buffer, with what lies between them.
	buf := make([]byte, 1<<20)
	for i := 0; i < len(runs); {
		if err := ctx.Err(); err != nil {
			return err
		}
		start := runs[i].phys
		end := start + min(runs[i].len, int64(len(buf)))
		j := i + 1
		for j < len(runs) && runs[j].phys <= end+64<<10 && runs[j].phys+runs[j].len <= start+int64(len(buf)) {
			end = max(end, runs[j].phys+runs[j].len)
			j++
		}
		if j == i+1 && runs[i].len > int64(len(buf)) { // larger than the buffer
			w.bigRun(runs[i], buf)
			i++
			continue
		}
		p := buf[:end-start]
		if err := f.readAt(p, start); err != nil {
			for _, r := range runs[i:j] {
				w.bigRun(r, buf)
			}
		} else {
			for _, r := range runs[i:j] {
				w.blocks(r, p[r.phys-start:][:r.len])
			}
		}
		i = j
	}
	sort.SliceStable(w.names, func(i, j int) bool { return w.names[i].dir < w.names[j].dir })
	for i := range w.names {
		d := w.dirs[w.names[i].dir]
		if d.count == 0 {
			d.first = i
		}
		d.count++
	}
	return nil
}

func (w *walker) bigRun(r dirRun, buf []byte) {
	for r.len > 0 {
		n := min(r.len, int64(len(buf)))
		if err := w.f.readAt(buf[:n], r.phys); err != nil {
			w.f.problem(fmt.Sprintf("directory inode %d, block %d", w.dirs[r.dir].node.Ref.Inode, r.phys/int64(w.f.sb.blockSize)), "%v", err)
		} else {
			w.blocks(dirRun{r.phys, n, r.dir}, buf[:n])
		}
		r.phys, r.len = r.phys+n, r.len-n
	}
}

func (w *walker) blocks(r dirRun, p []byte) {
	d := w.dirs[r.dir].node
	bs := w.f.sb.blockSize
	var seed uint32
	if w.f.sb.metaCsum() {
		seed = d.seed(w.f.sb)
	}
	collect := w.collect(r.dir)
	for at := 0; at+bs <= len(p); at += bs {
		block := p[at : at+bs]
		number := uint64(r.phys+int64(at)) / uint64(bs)
		if w.f.sb.metaCsum() && !w.f.dirBlockOK(seed, block) {
			w.f.problem(fmt.Sprintf("directory inode %d, block %d", d.Ref.Inode, number), noteChecksum)
		}
		if w.dirAt != nil {
			w.dirAt[number] = r.dir
		}
		if err := dirEntries(block, bs, w.f.hasType(), w.f.maxInode(), w.dirAt != nil, collect); err != nil {
			w.f.problem(fmt.Sprintf("directory inode %d, block %d", d.Ref.Inode, number), "%v", err)
		}
	}
}

// collect gives the function that puts the names of a directory into the index.
func (w *walker) collect(dir uint32) func(dirent) {
	encrypted := w.dirs[dir].node.Flags&rec.InodeFlagEncrypt != 0
	return func(d dirent) {
		if d.deleted {
			if len(w.gone) < maxGone {
				w.gone = append(w.gone, goneName{dir, d.ino, string(d.name)})
			}
			return
		}
		if len(d.name) > 0 && len(d.name) <= 2 && d.name[0] == '.' && (len(d.name) == 1 || d.name[1] == '.') {
			return
		}
		b := d.name
		if encrypted || badName(b) != "" {
			if b = []byte(w.f.entryName(w.dirs[dir].node, d)); len(b) > 255 {
				b = b[:255]
			}
		}
		if len(w.arenas) == 0 || len(w.arenas[len(w.arenas)-1])+len(b) > arenaChunk {
			if len(w.arenas) == 1<<16-1 {
				w.f.problem("directories", "more names than can be kept; the rest is not listed")
				return
			}
			w.arenas = append(w.arenas, make([]byte, 0, arenaChunk))
		}
		a := &w.arenas[len(w.arenas)-1]
		at := len(*a)
		*a = append(*a, b...)
		w.names = append(w.names, name{dir: dir, ino: d.ino, at: uint32(at), len: uint8(len(b)), typ: d.typ, arn: uint16(len(w.arenas) - 1)})
	}
}

func (w *walker) text(n *name) []byte { return w.arenas[n.arn][n.at:][:n.len] }

// frame is a directory on the way down.
type frame struct {
	dir  *dirState
	next int
	plen int // length of the path up to this directory
}

// maxPath bounds the paths that are built: directories nested deeper than this
// cannot be reached through a path on Linux.
const maxPath = 1 << 20

// paths goes down from the root and gives each name.
func (w *walker) paths(ctx context.Context, fn func(*filesystem.Entry) error) error {
	f := w.f
	rootAt, ok := w.dirOf[rec.InodeRootDirectory]
	if !ok {
		f.problem("root directory", "inode %d is not a directory", rec.InodeRootDirectory)
		return nil
	}
	w.emit = make([]bool, len(w.inodes))
	root := w.dirs[rootAt]
	root.visited = true
	if err := fn(&filesystem.Entry{Path: "/", First: true, Inode: w.inodes[rec.InodeRootDirectory]}); err != nil {
		return err
	}
	if w.where != nil {
		w.where[rec.InodeRootDirectory] = ""
	}
	path := make([]byte, 0, 4096)
	stack := []frame{{dir: root}}
	for count := 0; len(stack) > 0; count++ {
		if count&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		top := &stack[len(stack)-1]
		if top.next >= top.dir.count {
			stack = stack[:len(stack)-1]
			continue
		}
		n := &w.names[top.dir.first+top.next]
		top.next++
		path = append(append(path[:top.plen], '/'), w.text(n)...)
		e := w.entry(n, string(path))
		if err := fn(e); err != nil {
			return err
		}
		if e.Err != nil || !e.Inode.IsDir() {
			continue
		}
		d := w.dirs[w.dirOf[n.ino]]
		if d.visited {
			f.problem(fmt.Sprintf("directory inode %d", n.ino), "has a second name in directory inode %d; it is listed once", top.dir.node.Ref.Inode)
			continue
		}
		if len(path) > maxPath {
			f.problem(fmt.Sprintf("directory inode %d", n.ino), "nested too deeply; what is in it is not listed")
			continue
		}
		d.visited = true
		if w.where != nil {
			w.where[uint64(n.ino)] = e.Path
		}
		stack = append(stack, frame{dir: d, plen: len(path)})
	}
	return nil
}

func (w *walker) entry(n *name, path string) *filesystem.Entry {
	if len(w.slab) == 0 {
		w.slab = make([]filesystem.Entry, slabSize)
	}
	e := &w.slab[0]
	w.slab = w.slab[1:]
	e.Path = path
	if uint64(n.ino) < uint64(len(w.inodes)) {
		e.Inode = w.inodes[n.ino]
	}
	if e.Inode == nil {
		e.Err = filesystem.Corrupt(fmt.Sprintf("inode %d", n.ino), "a directory names it, but it is not in use")
		e.Inode = &filesystem.Inode{Ref: filesystem.Ref{Inode: uint64(n.ino)}}
		if int(n.typ) < len(typeBits) {
			e.Inode.Mode = typeBits[n.typ]
		}
		return e
	}
	if !w.emit[n.ino] {
		w.emit[n.ino], e.First = true, true
	}
	if w.links != nil && e.Inode.IsSymlink() {
		e.Target = w.links[n.ino]
	}
	return e
}
