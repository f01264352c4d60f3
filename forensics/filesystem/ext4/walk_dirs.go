package ext4

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"icecore/forensics/text"
)

// How a walk reads the blocks of directories: walk.go says in which order.

// dirRun is a run of blocks of one directory.
type dirRun struct {
	phys int64
	len  int64
	dir  uint32
}

// slowRuns notes the blocks of a directory that simpleRuns did not.
func (w *walker) slowRuns(dir uint32) {
	f, d := w.f, &w.dirs[dir]
	n := node{raw: d.raw}
	f.sb.decodeInode(&n.Inode, uint64(d.ino), n.raw)
	d.raw = nil
	what := fmt.Sprintf("directory inode %d", n.Ref.Inode)
	if n.inline() {
		w.begin(dir)
		if err := f.inlineEntries(&n, false, w.gather); err != nil {
			f.lost(what, "%v", err)
			w.note(n.Ref.Inode, err.Error())
		}
		w.end()
		return
	}
	m := mapper{f: f, n: &n, budget: &w.blocks}
	exts, err := m.extents()
	if err != nil {
		f.lost(what, "%v", err)
		w.note(n.Ref.Inode, err.Error())
	}
	if m.badSum {
		w.note(n.Ref.Inode, noteChecksum)
	}
	bs := int64(f.sb.blockSize)
	for _, e := range exts {
		if e.Logical >= n.Size {
			continue
		}
		if e.Unwritten { // the kernel reads it, e2fsck(8) mends it
			f.problem(what, "block %d is marked as unwritten; it is read as the kernel reads it", e.Physical/bs)
			w.note(n.Ref.Inode, "a block of it is marked as unwritten")
		}
		w.runs = append(w.runs, dirRun{e.Physical, min(e.Length, (n.Size-e.Logical+bs-1)/bs*bs), dir})
	}
}

// note marks an inode, unless it is marked already.
func (w *walker) note(ino uint64, text string) {
	if w.notes[uint32(ino)] == "" {
		w.notes[uint32(ino)] = text
	}
}

// dirWindow is how much is read at once, dirGap what may lie unused between two
// runs that are read together.
const (
	dirWindow = 1 << 20
	dirGap    = 64 << 10
)

// readDirs reads the blocks of all directories in the order of the disk.
func (w *walker) readDirs(ctx context.Context) error {
	for i := range w.dirs {
		if w.dirs[i].raw == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		w.slowRuns(uint32(i))
	}
	return w.readRuns(ctx)
}

func (w *walker) readRuns(ctx context.Context) error {
	runs := w.runs
	w.runs = nil
	if err := w.eachRun(ctx, runs, w.dirBlocks); err != nil {
		return err
	}
	if w.read == nil {
		w.read = runs
	} else {
		w.read = append(w.read, runs...)
	}
	return nil
}

// eachRun reads runs of blocks in the order of the disk, and gives fn each, long ones in
// pieces.
func (w *walker) eachRun(ctx context.Context, runs []dirRun, fn func(dirRun, []byte)) error {
	f := w.f
	slices.SortFunc(runs, func(a, b dirRun) int {
		switch {
		case a.phys != b.phys:
			return int(min(max(a.phys-b.phys, -1), 1))
		case a.dir != b.dir:
			return int(a.dir) - int(b.dir)
		}
		return int(min(max(a.len-b.len, -1), 1))
	})
	// No block belongs to two directories. So much may be read if some do, lest
	// a small image keep us busy for ever.
	left := 2*f.size + 16<<20
	for i := range runs {
		if left -= runs[i].len; left < 0 {
			f.lost(fmt.Sprintf("directory inode %d", w.dirs[runs[i].dir].ino), "the directories have more blocks than the volume; the rest is not read")
			runs = runs[:i]
			break
		}
	}
	// Directories of one group lie close together: a read takes all runs that
	// begin within the window, with what lies between them.
	buf := make([]byte, dirWindow)
	for i := 0; i < len(runs); {
		if err := ctx.Err(); err != nil {
			return err
		}
		start := runs[i].phys
		end := start + min(runs[i].len, dirWindow)
		j := i + 1
		for j < len(runs) && runs[j].phys <= end+dirGap && runs[j].phys+runs[j].len <= start+dirWindow {
			end = max(end, runs[j].phys+runs[j].len)
			j++
		}
		if j == i+1 && runs[i].len > dirWindow {
			w.bigRun(runs[i], buf, fn)
			i++
			continue
		}
		p := buf[:end-start]
		if err := f.readAt(p, start); err != nil {
			for _, r := range runs[i:j] {
				w.bigRun(r, buf, fn)
			}
		} else {
			for _, r := range runs[i:j] {
				fn(r, p[r.phys-start:][:r.len])
			}
		}
		i = j
	}
	return nil
}

// bigRun reads a run in pieces.
func (w *walker) bigRun(r dirRun, buf []byte, fn func(dirRun, []byte)) {
	for r.len > 0 {
		n := min(r.len, int64(len(buf)))
		if err := w.f.readAt(buf[:n], r.phys); err != nil {
			ino := uint64(w.dirs[r.dir].ino)
			w.f.lost(fmt.Sprintf("directory inode %d, block %d", ino, r.phys/int64(w.f.sb.blockSize)), "%v", err)
			w.note(ino, err.Error())
		} else {
			fn(dirRun{r.phys, n, r.dir}, buf[:n])
		}
		r.phys, r.len = r.phys+n, r.len-n
	}
}

// dirBlocks collects the names of a run of blocks.
func (w *walker) dirBlocks(r dirRun, p []byte) {
	f := w.f
	bs := f.sb.blockSize
	w.begin(r.dir)
	d := &w.curNode
	checked := f.sb.metaCsum()
	var seed uint32
	if checked {
		seed = d.seed(f.sb)
	}
	for at := 0; at+bs <= len(p); at += bs {
		block := p[at : at+bs]
		w.block = uint64(r.phys+int64(at)) / uint64(bs)
		if checked && !f.dirBlockOK(seed, block) {
			f.problem(fmt.Sprintf("directory inode %d, block %d", d.Ref.Inode, w.block), noteChecksum)
			w.note(d.Ref.Inode, noteChecksum)
		}
		if w.dirAt != nil {
			w.dirAt[w.block] = r.dir
		}
		if err := dirEntries(block, bs, f.hasType(), f.topInode(), w.slacked, w.gather); err != nil {
			f.lost(fmt.Sprintf("directory inode %d, block %d", d.Ref.Inode, w.block), "%v", err)
			w.note(d.Ref.Inode, err.Error())
		}
	}
	w.end()
}

// readSlack collects the names in the slack of all directories, where the walk passed over
// them: an unlinked file turned up that nobody expected.
func (w *walker) readSlack(ctx context.Context) error {
	if w.slacked {
		return nil
	}
	w.slacked = true
	f := w.f
	bs := f.sb.blockSize
	gather := func(d dirent) {
		if d.deleted {
			w.collect(d)
		}
	}
	return w.eachRun(ctx, w.read, func(r dirRun, p []byte) {
		w.begin(r.dir)
		for at := 0; at+bs <= len(p); at += bs {
			// What is wrong with the block was reported when it was read first.
			_ = dirEntries(p[at:at+bs], bs, f.hasType(), f.topInode(), true, gather)
		}
	})
}

// begin makes dir the directory to which the names that follow belong.
func (w *walker) begin(dir uint32) {
	w.cur, w.curRun, w.block = dir, piece{}, 0
	w.curNode = w.dirs[dir].node()
}

// end adds the names collected since begin to the directory.
func (w *walker) end() {
	if w.curRun.count == 0 {
		return
	}
	d := &w.dirs[w.cur]
	if d.first.count == 0 {
		d.first = w.curRun
	} else {
		d.more = append(d.more, w.curRun)
	}
	w.curRun = piece{}
}

// typePassed marks the type of a name that the kernel's listing passes over.
const typePassed = 0x80

// collect puts a name of the current directory into the arena.
func (w *walker) collect(d dirent) {
	n := &w.curNode
	if d.deleted {
		if len(w.gone) < maxGone {
			w.gone = append(w.gone, goneName{w.cur, d.ino, string(d.name)})
		}
		return
	}
	if len(d.name) <= 2 && isDots(d.name) {
		if len(d.name) == 1 && uint64(d.ino) != n.Ref.Inode || d.off != 0 && d.off != 12 {
			w.f.problem(fmt.Sprintf("directory inode %d", n.Ref.Inode), "an entry %s that is not its own names inode %d", text.Quote(string(d.name)), d.ino)
		}
		return
	}
	b := d.name
	if w.f.encrypted(n) || badName(b) != "" {
		if b = []byte(w.f.entryName(n, d)); len(b) > 255 {
			b = b[:255]
		}
	}
	s, ok := w.text.add(6 + len(b))
	if !ok {
		w.f.lost("directories", "more names than can be kept; the rest is not listed")
		return
	}
	if s.chunk != w.curRun.chunk || w.curRun.count == 0 {
		w.end()
		w.curRun = piece{chunk: s.chunk, at: s.at}
	}
	w.curRun.count++
	p := w.text.bytes(s)
	binary.LittleEndian.PutUint32(p, d.ino)
	p[4], p[5] = d.typ, byte(len(b))
	if d.passed {
		p[4] |= typePassed
	}
	copy(p[6:], b)
}

func isDots(name []byte) bool {
	return len(name) > 0 && name[0] == '.' && (len(name) == 1 || len(name) == 2 && name[1] == '.')
}
