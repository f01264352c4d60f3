package ext4

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"unsafe"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

const (
	// maxPath bounds the paths that are built.
	maxPath = 1 << 18
	// Paths longer than shortPath (PATH_MAX of Linux) are built as long as they
	// do not exceed maxLong bytes together: a chain of directories with a crowd
	// at its end would else fill all memory from a small image.
	shortPath = 4096
	maxLong   = 256 << 20
)

// slabSize is how many values are allocated at once.
const slabSize = 512

// output makes the values that are given to the caller: from slabs, as he may
// keep them, or the same again and again with WalkOptions.Reuse.
type output struct {
	entries []filesystem.Entry
	inodes  []filesystem.Inode
	paths   []byte
	raw     []byte // an inode's record, as decodeInode wants it
}

func (o *output) entry(reuse bool) (*filesystem.Entry, *filesystem.Inode) {
	if reuse {
		if len(o.entries) == 0 {
			o.entries, o.inodes = make([]filesystem.Entry, 1), make([]filesystem.Inode, 1)
		}
		o.entries[0], o.inodes[0] = filesystem.Entry{}, filesystem.Inode{}
		return &o.entries[0], &o.inodes[0]
	}
	if len(o.entries) == 0 {
		o.entries, o.inodes = make([]filesystem.Entry, slabSize), make([]filesystem.Inode, slabSize)
	}
	e, in := &o.entries[0], &o.inodes[0]
	o.entries, o.inodes = o.entries[1:], o.inodes[1:]
	return e, in
}

// path joins a directory's path and a name. The bytes of a path are written once
// and never changed, so that they can be a string.
func (o *output) path(dir string, name []byte) string {
	n := len(dir) + 1 + len(name)
	if cap(o.paths)-len(o.paths) < n {
		o.paths = make([]byte, 0, max(32<<10, n))
	}
	at := len(o.paths)
	o.paths = append(append(append(o.paths, dir...), '/'), name...)
	p := o.paths[at:]
	return unsafe.String(&p[0], len(p))
}

// decode makes the inode of a record.
func (w *walker) decode(in *filesystem.Inode, ino uint32, r *record) {
	raw := w.out.raw
	copy(raw, r.head[:])
	copy(raw[0x28:], r.dev[:])
	copy(raw[recordTail:], r.tail[:])
	w.f.sb.decodeInode(in, uint64(ino), raw)
	if r.inline && in.IsRegular() {
		in.Sectors += inlineSectors(in.Size)
	}
	if len(w.notes) > 0 {
		in.Note = w.notes[ino]
	}
}

// frame is a directory on the way down.
type frame struct {
	dir  uint32
	path string
	run  int // the next run of names, 0 is dirState.first
	left uint32
	rest []byte // names of the run that are still to come
}

// paths goes down from the root and gives each name.
func (w *walker) paths(ctx context.Context, fn func(*filesystem.Entry) error) error {
	f := w.f
	w.out.raw = make([]byte, max(f.sb.inodeSize, 256))[:f.sb.inodeSize]
	if f.sb.inodeSize < recordTail+len(record{}.tail) {
		w.out.raw = w.out.raw[:128]
	}
	t := tree{w: w, ctx: ctx, fn: fn, long: maxLong}
	place := w.place(rec.InodeRootDirectory)
	if place == 0 || w.record(place).head[1]&0xf0 != filesystem.ModeDir>>8 {
		f.lost("root directory", "inode %d is not a directory; other directories are listed by their inode", rec.InodeRootDirectory)
		if err := t.rootless(); err != nil {
			return err
		}
		return t.unnamed()
	}
	r := w.record(place)
	r.seen = true
	e, in := w.out.entry(w.opts.Reuse)
	w.decode(in, rec.InodeRootDirectory, r)
	*e = filesystem.Entry{Path: "/", First: true, Inode: in}
	if err := fn(e); err != nil {
		return err
	}
	if err := t.down(r.ref-1, ""); err != nil {
		return err
	}
	return t.unnamed()
}

// tree gives the names below a directory.
type tree struct {
	w     *walker
	ctx   context.Context
	fn    func(*filesystem.Entry) error
	count int
	long  int64 // bytes of long paths that may yet be given
	stack []frame
	apart bool // no path leads here from the root
	twice twice
}

func (t *tree) enter(dir uint32, path string) {
	w := t.w
	d := &w.dirs[dir]
	d.visited = true
	if w.opts.Orphans || w.opts.Deleted {
		d.path = strings.Clone(path) // of its own, lest it keep the paths of files in memory
	}
	t.stack = append(t.stack, frame{dir: dir, path: path})
	t.checkTwice(dir)
}

// next gives the next name of a directory.
func (t *tree) next(fr *frame) (ino uint32, typ byte, name []byte, ok bool) {
	for fr.left == 0 {
		d := &t.w.dirs[fr.dir]
		r := d.first
		if fr.run > 0 {
			if fr.run > len(d.more) {
				return 0, 0, nil, false
			}
			r = d.more[fr.run-1]
		}
		fr.run++
		if fr.left = r.count; r.count > 0 {
			fr.rest = t.w.text.chunks[r.chunk][r.at:]
		}
	}
	p := fr.rest
	n := 6 + int(p[5])
	fr.rest = p[n:]
	fr.left--
	return binary.LittleEndian.Uint32(p), p[4], p[6:n], true
}

// down gives all names below a directory that is not yet visited.
func (t *tree) down(dir uint32, path string) error {
	w := t.w
	t.enter(dir, path)
	for len(t.stack) > 0 {
		if t.count++; t.count&0xfff == 0 && t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		top := &t.stack[len(t.stack)-1]
		ino, typ, name, ok := t.next(top)
		if !ok {
			t.stack = t.stack[:len(t.stack)-1]
			continue
		}
		if n := len(top.path) + 1 + len(name); n > shortPath {
			if t.long -= int64(n); t.long < 0 || n > maxPath {
				w.f.lost(fmt.Sprintf("directory inode %d", w.dirs[top.dir].ino), "nested too deeply; what is in it is not listed")
				t.stack = t.stack[:len(t.stack)-1]
				continue
			}
		}
		e, r := w.entry(ino, typ&^typePassed, w.out.path(top.path, name))
		if typ&typePassed != 0 && e.Inode.Note == "" {
			e.Inode.Note = notePassed
		}
		if r != nil {
			w.checkType(top.dir, e.Inode, typ&^typePassed)
		}
		if t.apart && e.First {
			e.Inode.State = filesystem.Orphan
			if e.Inode.Note == "" {
				e.Inode.Note = noteApart
			}
		}
		if err := t.fn(e); err != nil {
			return err
		}
		if r == nil || e.Err != nil || r.head[1]&0xf0 != filesystem.ModeDir>>8 || r.ref == 0 {
			continue
		}
		if w.dirs[r.ref-1].visited {
			w.f.problem(fmt.Sprintf("directory inode %d", ino), "has a second name in directory inode %d; it is listed once", w.dirs[top.dir].ino)
			continue
		}
		t.enter(r.ref-1, e.Path)
	}
	return nil
}

// entry makes the entry of a name. The record is nil where there is none.
func (w *walker) entry(ino uint32, typ byte, path string) (*filesystem.Entry, *record) {
	e, in := w.out.entry(w.opts.Reuse)
	e.Path, e.Inode = path, in
	place := w.place(ino)
	if place == 0 {
		place = w.late(ino)
	}
	if place == 0 {
		e.Err = filesystem.Corrupt(fmt.Sprintf("inode %d", ino), "a directory names it, but it is not in use")
		in.Ref.Inode = uint64(ino)
		if int(typ) < len(typeBits) {
			in.Mode = typeBits[typ]
		}
		return e, nil
	}
	r := w.record(place)
	w.decode(in, ino, r)
	if !r.seen {
		r.seen, e.First = true, true
	}
	if w.opts.Targets && r.ref != 0 && in.IsSymlink() {
		e.Target = string(w.text.bytes(w.links[r.ref-1]))
	}
	return e, r
}

// late reads an inode that stands where the group's descriptor says that none was
// ever used. The kernel reads it all the same, so that is a place to hide in.
func (w *walker) late(ino uint32) uint32 {
	f, s := w.f, w.f.sb
	off, err := f.inodeOffset(uint64(ino))
	if err != nil {
		return 0
	}
	g, i := (ino-1)/s.SInodesPerGroup, (ino-1)%s.SInodesPerGroup
	gr := &f.groups[g]
	if i < s.SInodesPerGroup-gr.unused && gr.flags&rec.BgdFlagInodeTableAndBitmapNotInitialized == 0 {
		return 0 // it was read
	}
	raw := make([]byte, s.inodeSize)
	if f.readAt(raw, off) != nil || raw[0]|raw[1] == 0 || raw[0x1a]|raw[0x1b] == 0 {
		return 0
	}
	if !f.lag {
		f.problem(fmt.Sprintf("inode %d", ino), "in use, where the descriptor of group %d says that none is", g)
	}
	place := w.addInode(uint64(ino), raw)
	if need := int(i) + 1; need > len(w.index[g]) {
		w.index[g] = append(w.index[g], make([]uint32, need-len(w.index[g]))...)
	}
	w.index[g][i] = place
	if r := w.record(place); r.ref != 0 && w.opts.Targets {
		_ = w.readTargets(context.Background()) // one link
	}
	w.readDirsLate()
	return place
}

// readDirsLate reads the directories that were found while paths are given.
func (w *walker) readDirsLate() {
	for i := len(w.dirs) - 1; i >= 0 && w.dirs[i].raw != nil; i-- {
		w.slowRuns(uint32(i))
	}
	if len(w.runs) > 0 {
		_ = w.readRuns(context.Background()) // its only error is that of the context
	}
}

// rootless lists what is below each directory that nothing leads to, for a
// filesystem without a usable root: the path begins with the inode's number.
func (t *tree) rootless() error {
	w := t.w
	named := t.namedBelow()
	for _, all := range []bool{false, true} { // last, those in a circle
		for i := range w.dirs {
			if w.dirs[i].visited || named[i] && !all {
				continue
			}
			ino := w.dirs[i].ino
			path := fmt.Sprintf("/#%d", ino)
			e, _ := w.entry(ino, 0, path)
			if err := t.fn(e); err != nil {
				return err
			}
			if err := t.down(uint32(i), path); err != nil {
				return err
			}
		}
	}
	return nil
}
