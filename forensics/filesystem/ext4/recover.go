package ext4

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"sort"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/jbd2"
)

// What the kernel no longer shows. A file that is deleted while a program holds
// it open stays on the orphan list with all its blocks. One that is deleted
// outright loses its block map and size in the inode; but the journal still has
// the inode as it was some transactions before, and as long as the blocks were
// not given to another file its content is where it was.

const (
	maxGone        = 1 << 20 // names of deleted files
	maxRecovered   = 1 << 18 // deleted inodes
	orphanMagic    = 0x0b10ca04
	noteOnlyReplay = "only after journal replay"

	noteBeforeReplay = "only before journal replay"
)

// goneName is a name found in the slack of a directory.
type goneName struct {
	dir  uint32
	ino  uint32
	name string
}

// view is the metadata as it was at a transaction: blocks of extent trees that
// the journal has copies of.
type view struct {
	tid    uint32
	copies map[uint64][]jbd2.Copy // by block, oldest first
}

// patch replaces p, which holds the present content of a block, by the newest
// copy that is not younger than the view.
func (v *view) patch(f *FS, p []byte, block uint64) {
	list := v.copies[block]
	for i := len(list) - 1; i >= 0; i-- {
		if int32(list[i].TID-v.tid) > 0 {
			continue
		}
		if b, err := f.journal.log.Read(list[i]); err == nil {
			copy(p, b)
		}
		return
	}
}

// recovered holds the deleted files.
type recovered struct {
	byRef map[filesystem.Ref]*node
	list  []*node // by inode, newest state first
}

// findOrphans reads the orphan list and the orphan file.
func (f *FS) findOrphans() {
	f.orphans = make(map[uint64]bool)
	for ino := range f.fastOpen {
		f.orphans[ino] = true
	}
	raw := make([]byte, f.sb.inodeSize)
	for ino := uint64(f.sb.SLastOrphan); ino != 0; {
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
		for i := 0; i+4 <= len(block)-8; i += 4 {
			if ino := binary.LittleEndian.Uint32(block[i:]); ino != 0 && ino <= f.maxInode() {
				f.orphans[uint64(ino)] = true
			}
		}
	}
}

func (f *FS) isOrphan(ino uint64) bool { return f.orphans[ino] }

// noteReplay marks an inode that the disk alone does not have.
func (f *FS) noteReplay(in *filesystem.Inode) {
	if len(f.overlay) == 0 {
		return
	}
	off, err := f.inodeOffset(in.Ref.Inode)
	if err != nil {
		return
	}
	if _, ok := f.overlay[uint64(off)/uint64(f.sb.blockSize)]; !ok {
		return
	}
	var head [0x20]byte
	if _, err := f.r.ReadAt(head[:], off); err != nil {
		return
	}
	if (head[0]|head[1] == 0 || head[0x1a]|head[0x1b] == 0) && in.Note == "" {
		in.Note = noteOnlyReplay
	}
}

// inodeBlock says which inodes a block of the volume holds, if it is part of an
// inode table.
func (f *FS) inodeBlock(tables []tableAt, block uint64) (first uint64, ok bool) {
	i := sort.Search(len(tables), func(i int) bool { return tables[i].start > block }) - 1
	if i < 0 || block >= tables[i].start+f.inodeTableBlocks() {
		return 0, false
	}
	per := uint64(f.sb.blockSize / f.sb.inodeSize)
	return uint64(tables[i].group)*uint64(f.sb.SInodesPerGroup) + (block-tables[i].start)*per + 1, true
}

type tableAt struct {
	start uint64
	group int
}

func (f *FS) tables() []tableAt {
	var out []tableAt
	for g := range f.groups {
		if f.groups[g].inodeTable != 0 {
			out = append(out, tableAt{f.groups[g].inodeTable, g})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].start < out[j].start })
	return out
}

// inodeCopy is an older state of an inode.
type inodeCopy struct {
	tid  uint32
	time filesystem.Time
	raw  []byte
}

// eachInodeCopy calls fn for every state of every inode that the journal has,
// oldest first; before those, for the states on the disk that a replay replaces.
func (f *FS) eachInodeCopy(ctx context.Context, fn func(ino uint64, c inodeCopy) error) error {
	if f.journal == nil {
		return nil
	}
	tables, size := f.tables(), f.sb.inodeSize
	each := func(first uint64, b []byte, tid uint32, t filesystem.Time) error {
		for i := 0; (i+1)*size <= len(b); i++ {
			raw := b[i*size:][:size]
			if raw[0]|raw[1] == 0 {
				continue
			}
			if !f.sb.inodeChecksumOK(first+uint64(i), raw) {
				continue
			}
			if err := fn(first+uint64(i), inodeCopy{tid, t, raw}); err != nil {
				return err
			}
		}
		return nil
	}
	var blocks []uint64
	for b := range f.overlay {
		blocks = append(blocks, b)
	}
	sort.Slice(blocks, func(i, j int) bool { return blocks[i] < blocks[j] })
	buf := make([]byte, f.sb.blockSize)
	for _, b := range blocks {
		if first, ok := f.inodeBlock(tables, b); ok {
			if n, _ := f.r.ReadAt(buf, int64(b)*int64(len(buf))); n == len(buf) {
				if err := each(first, buf, f.journal.log.Sequence()-1, filesystem.Time{}); err != nil {
					return err
				}
			}
		}
	}
	for _, c := range f.journal.log.Copies() {
		if err := ctx.Err(); err != nil {
			return err
		}
		first, ok := f.inodeBlock(tables, c.Block)
		if !ok {
			continue
		}
		b, err := f.journal.log.Read(c)
		if err != nil {
			continue
		}
		if err := each(first, b, c.TID, c.Time); err != nil {
			return err
		}
	}
	return nil
}

// recover finds the deleted files, once.
func (f *FS) recover() *recovered {
	f.recoverOnce.Do(func() {
		r := &recovered{byRef: make(map[filesystem.Ref]*node)}
		f.recovered = r
		if f.journal == nil {
			return
		}
		type key struct {
			ino uint64
			gen uint32
		}
		best := make(map[key]inodeCopy)
		freed := make(map[key]uint32)                                               // deletion time as a later copy tells it
		f.eachInodeCopy(context.Background(), func(ino uint64, c inodeCopy) error { //nolint:errcheck // fn gives none
			le := binary.LittleEndian
			k := key{ino, le.Uint32(c.raw[0x64:])}
			if ino < uint64(max(f.sb.SFirstIno, 11)) {
				return nil
			}
			if le.Uint16(c.raw[0x1a:]) == 0 {
				if d := le.Uint32(c.raw[0x14:]); d > uint32(f.maxInode()) {
					freed[k] = d
				}
				return nil
			}
			if old := best[k]; old.raw != nil && int32(c.tid-old.tid) < 0 {
				return nil
			}
			if len(best) < maxRecovered || best[k].raw != nil {
				c.raw = append([]byte(nil), c.raw...)
				best[k] = c
			}
			return nil
		})
		byBlock := make(map[uint64][]jbd2.Copy)
		for _, c := range f.journal.log.Copies() {
			byBlock[c.Block] = append(byBlock[c.Block], c)
		}
		keys := make([]key, 0, len(best))
		for k := range best {
			keys = append(keys, k)
		}
		sort.Slice(keys, func(i, j int) bool {
			if keys[i].ino != keys[j].ino {
				return keys[i].ino < keys[j].ino
			}
			return int32(best[keys[i]].tid-best[keys[j]].tid) > 0
		})
		bm := &bitmaps{f: f}
		cur := make([]byte, f.sb.inodeSize)
		for _, k := range keys {
			off, err := f.inodeOffset(k.ino)
			if err != nil || f.readAt(cur, off) != nil || f.orphans[k.ino] {
				continue
			}
			le := binary.LittleEndian
			sameGen := le.Uint32(cur[0x64:]) == k.gen
			if sameGen && le.Uint16(cur[0x1a:]) != 0 && le.Uint16(cur) != 0 {
				continue // the file is alive
			}
			c := best[k]
			n := &node{raw: c.raw, view: &view{tid: c.tid, copies: byBlock}}
			f.sb.decodeInode(&n.Inode, k.ino, c.raw)
			n.Ref.Version = c.tid
			n.State = filesystem.Deleted
			d := freed[k]
			if sameGen && d == 0 {
				d = le.Uint32(cur[0x14:])
			}
			if d != 0 {
				n.Dtime = filesystem.Unix(int64(d), 0)
			}
			n.Note = f.judge(n, bm)
			r.byRef[n.Ref] = n
			r.list = append(r.list, n)
		}
	})
	return f.recovered
}

// judge says how much of a deleted file's content is still there.
func (f *FS) judge(n *node, bm *bitmaps) string {
	from := fmt.Sprintf("inode copy of transaction %d", n.Ref.Version)
	if !n.IsRegular() && !n.IsDir() && !n.IsSymlink() {
		return "deleted; " + from
	}
	if n.Flags&rec.InodeFlagInlineData != 0 || n.Size == 0 || n.IsSymlink() && n.Size < 60 {
		return "deleted; intact: " + from
	}
	exts, err := f.extents(n)
	if err != nil {
		return "deleted; content lost: " + from + "; " + err.Error()
	}
	bs := int64(f.sb.blockSize)
	var total, reused int64
	for _, e := range exts {
		for b := e.Physical / bs; b < (e.Physical+e.Length)/bs; b++ {
			total++
			if bm.used(uint64(b)) {
				reused++
			}
		}
	}
	switch {
	case total == 0:
		return "deleted; no blocks: " + from
	case reused == 0:
		return fmt.Sprintf("deleted; intact: all %d blocks are still free; %s", total, from)
	case reused == total:
		n.lost = bm
		return fmt.Sprintf("deleted; content lost: all %d blocks are in use again; %s", total, from)
	}
	n.lost = bm
	return fmt.Sprintf("deleted; partial: %d of %d blocks are in use again and read as zeros; %s", reused, total, from)
}

// bitmaps answers whether a block is in use. It is used by one goroutine while
// the deleted files are found, and read-only for blocks seen then.
type bitmaps struct {
	f      *FS
	groups map[uint64][]byte
}

func (b *bitmaps) used(block uint64) bool {
	s := b.f.sb
	if block < uint64(s.SFirstDataBlock) || block >= s.blocks {
		return true
	}
	g := (block - uint64(s.SFirstDataBlock)) / uint64(s.SBlocksPerGroup)
	if g >= uint64(len(b.f.groups)) {
		return true
	}
	b.f.mu.Lock()
	m, ok := b.groups[g]
	b.f.mu.Unlock()
	if !ok {
		var err error
		if m, err = b.f.blockBitmap(g); err != nil {
			b.f.problem(fmt.Sprintf("group %d block bitmap", g), "%v", err)
		} else if m == nil {
			m = []byte{}
		}
		b.f.mu.Lock()
		if b.groups == nil {
			b.groups = make(map[uint64][]byte)
		}
		b.groups[g] = m
		b.f.mu.Unlock()
	}
	if m == nil {
		return true
	}
	bit := (block - uint64(s.SFirstDataBlock)) % uint64(s.SBlocksPerGroup) / uint64(s.cluster)
	if bit/8 >= uint64(len(m)) {
		return false
	}
	return m[bit/8]&(1<<(bit%8)) != 0
}

// recoveredNode gives a deleted file: that of the transaction, or with version 0
// the newest state known.
func (f *FS) recoveredNode(ref filesystem.Ref) (*node, error) {
	r := f.recover()
	if ref.Version != 0 {
		if n := r.byRef[ref]; n != nil {
			return n, nil
		}
		return nil, fmt.Errorf("inode %d has no state of transaction %d that could be recovered: %w", ref.Inode, ref.Version, fs.ErrNotExist)
	}
	i := sort.Search(len(r.list), func(i int) bool { return r.list[i].Ref.Inode >= ref.Inode })
	if i < len(r.list) && r.list[i].Ref.Inode == ref.Inode {
		return r.list[i], nil
	}
	return nil, fmt.Errorf("inode %d: %w", ref.Inode, fs.ErrNotExist)
}

// unlinked gives the files that no path leads to.
func (w *walker) unlinked(ctx context.Context, fn func(*filesystem.Entry) error) error {
	f := w.f
	names := w.goneNames()
	give := func(n *node) error {
		in := n.Inode
		e := &filesystem.Entry{Path: names[n.Ref.Inode], First: true, Inode: &in}
		if w.opts.Targets && n.IsSymlink() {
			if t, err := f.readlink(n); err == nil {
				e.Target = t
			}
		}
		return fn(e)
	}
	seen := make(map[uint64]bool)
	if w.opts.Orphans {
		var inos []uint64
		for ino := range f.orphans {
			inos = append(inos, ino)
		}
		sort.Slice(inos, func(i, j int) bool { return inos[i] < inos[j] })
		for _, ino := range inos {
			n, err := f.node(filesystem.Ref{Inode: ino})
			if err != nil {
				f.problem("orphan list", "inode %d: %v", ino, err)
				continue
			}
			if n.State != filesystem.Orphan { // being truncated, but alive
				continue
			}
			seen[ino] = true
			if err := give(n); err != nil {
				return err
			}
		}
	}
	if !w.opts.Deleted {
		return nil
	}
	for _, n := range f.recover().list {
		if err := ctx.Err(); err != nil {
			return err
		}
		seen[n.Ref.Inode] = true
		if err := give(n); err != nil {
			return err
		}
	}
	return w.freed(ctx, seen, give)
}

// freed gives the inodes that the table shows as deleted and nothing else tells
// of: their times and owner, mostly without content.
func (w *walker) freed(ctx context.Context, seen map[uint64]bool, give func(*node) error) error {
	f, s := w.f, w.f.sb
	buf := make([]byte, int(s.SInodesPerGroup)*s.inodeSize)
	count := 0
	for g := range f.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		gr := &f.groups[g]
		if gr.inodeTable == 0 || gr.flags&rec.BgdFlagInodeTableAndBitmapNotInitialized != 0 {
			continue
		}
		p := buf[:int(s.SInodesPerGroup-gr.unused)*s.inodeSize]
		if f.readAt(p, int64(gr.inodeTable)*int64(s.blockSize)) != nil {
			continue
		}
		for i := 0; (i+1)*s.inodeSize <= len(p); i++ {
			raw := p[i*s.inodeSize:][:s.inodeSize]
			ino := uint64(g)*uint64(s.SInodesPerGroup) + uint64(i) + 1
			if raw[0]|raw[1] == 0 || raw[0x1a]|raw[0x1b] != 0 || ino < uint64(max(s.SFirstIno, 11)) || seen[ino] || f.orphans[ino] || binary.LittleEndian.Uint32(raw[0x14:]) == 0 {
				continue
			}
			if count++; count > maxRecovered {
				f.problem("deleted inodes", "more than %d; the rest is not listed", maxRecovered)
				return nil
			}
			n := &node{raw: append([]byte(nil), raw...)}
			s.decodeInode(&n.Inode, ino, n.raw)
			n.State = filesystem.Deleted
			n.Note = "deleted; only the inode is left"
			if err := give(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// goneNames gives the last path known of inodes that have none: from the slack
// of directories, and from older copies of directory blocks in the journal.
func (w *walker) goneNames() map[uint64]string {
	f := w.f
	out := make(map[uint64]string)
	alive := w.emitted
	add := func(dir uint32, ino uint32, name string) {
		if alive(ino) {
			return
		}
		base, ok := w.where[w.dirs[dir].node.Ref.Inode]
		if !ok {
			return
		}
		if w.dirs[dir].node.Flags&rec.InodeFlagEncrypt != 0 {
			name = nokeyName([]byte(name), 0, 0)
		}
		out[uint64(ino)] = base + "/" + name
	}
	for _, g := range w.gone {
		add(g.dir, g.ino, g.name)
	}
	if f.journal == nil {
		return out
	}
	for _, c := range f.journal.log.Copies() {
		dir, ok := w.dirAt[c.Block]
		if !ok {
			continue
		}
		b, err := f.journal.log.Read(c)
		if err != nil {
			continue
		}
		_ = dirEntries(b, f.sb.blockSize, f.hasType(), f.maxInode(), true, func(d dirent) {
			if len(d.name) > 0 && badName(d.name) == "" && string(d.name) != "." && string(d.name) != ".." {
				add(dir, d.ino, string(d.name))
			}
		})
	}
	return out
}

// History implements filesystem.HistoryFS.
func (f *FS) History(ctx context.Context, fn func(*filesystem.Change) error) error {
	last := make(map[uint64]*filesystem.Inode)
	return f.eachInodeCopy(ctx, func(ino uint64, c inodeCopy) error {
		in := &filesystem.Inode{}
		f.sb.decodeInode(in, ino, c.raw)
		in.Ref.Version = c.tid
		old := last[ino]
		if len(last) >= maxRecovered && old == nil {
			return nil
		}
		last[ino] = in
		if old == nil {
			return nil
		}
		what := changed(old, in)
		if what == "" {
			return nil
		}
		return fn(&filesystem.Change{Ref: in.Ref, Time: c.time, What: what, Old: old, New: in})
	})
}

// changed names what differs between two states of an inode.
func changed(a, b *filesystem.Inode) string {
	switch {
	case a.Generation != b.Generation || a.Links == 0 && b.Links > 0:
		return "created"
	case a.Links > 0 && b.Links == 0:
		return "deleted"
	case a.Mode != b.Mode || a.UID != b.UID || a.GID != b.GID:
		return "mode or owner changed"
	case a.Size != b.Size:
		return fmt.Sprintf("size %d -> %d", a.Size, b.Size)
	case a.Flags != b.Flags:
		return "flags changed"
	case a.Links != b.Links:
		return fmt.Sprintf("links %d -> %d", a.Links, b.Links)
	case a.Mtime != b.Mtime:
		return "modified"
	}
	return ""
}
