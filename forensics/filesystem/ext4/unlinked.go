package ext4

import (
	"context"
	"fmt"
	"slices"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// unlinked gives the files that no path leads to.
func (w *walker) unlinked(ctx context.Context, fn func(*filesystem.Entry) error) error {
	f := w.f
	var inos []uint64
	for ino := range f.orphans {
		inos = append(inos, ino)
	}
	slices.Sort(inos)
	if len(inos) == 0 && !w.opts.Deleted {
		return nil
	}
	r, err := f.recover(ctx)
	if err != nil {
		return err
	}
	names, err := w.goneNames(ctx, r, inos)
	if err != nil {
		return err
	}
	emit := func(n *node, path string) error {
		in := n.Inode
		e := &filesystem.Entry{Path: path, First: true, Inode: &in}
		if w.opts.Targets && n.IsSymlink() {
			if t, err := f.readlink(n); err == nil {
				e.Target = t
			}
		}
		return fn(e)
	}
	seen := make(map[uint64]bool)
	for _, ino := range inos {
		if err := ctx.Err(); err != nil {
			return err
		}
		seen[ino] = true
		if !w.opts.Orphans {
			continue
		}
		n, err := f.node(filesystem.Ref{Inode: ino})
		if err != nil {
			f.problem("orphan list", "inode %d: %v", ino, err)
			continue
		}
		if n.State != filesystem.Orphan { // being truncated, but alive
			continue
		}
		if err := emit(n, names.of(n)); err != nil {
			return err
		}
	}
	if !w.opts.Deleted {
		return nil
	}
	for _, n := range r.list {
		if err := ctx.Err(); err != nil {
			return err
		}
		seen[n.Ref.Inode] = true
		if err := emit(n, names.of(n)); err != nil {
			return err
		}
	}
	return w.freed(ctx, seen, func(n *node) error { return emit(n, names.of(n)) })
}

// freed gives the inodes that the table shows as deleted and nothing else
// mentions: their times and owner, mostly without content.
func (w *walker) freed(ctx context.Context, seen map[uint64]bool, emit func(*node) error) error {
	f, s := w.f, w.f.sb
	var buf []byte
	left := f.size // the tables are part of the volume
	count := 0
	for g := range f.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		gr := &f.groups[g]
		if gr.inodeTable == 0 || gr.flags&rec.BgdFlagInodeTableAndBitmapNotInitialized != 0 {
			continue
		}
		need := int(s.SInodesPerGroup-gr.unused) * s.inodeSize
		if left -= int64(need); left < 0 {
			return nil // reported by the walk
		}
		if need > len(buf) {
			buf = make([]byte, need)
		}
		p := buf[:need]
		if f.readAt(p, int64(gr.inodeTable)*int64(s.blockSize)) != nil {
			continue
		}
		for i := 0; (i+1)*s.inodeSize <= len(p); i++ {
			raw := p[i*s.inodeSize:][:s.inodeSize]
			ino := uint64(g)*uint64(s.SInodesPerGroup) + uint64(i) + 1
			if raw[0]|raw[1] == 0 || raw[0x1a]|raw[0x1b] != 0 || ino < firstInode || f.orphans[ino] || seen[ino] && !f.isUnlinked(raw) {
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
			if f.isUnlinked(raw) {
				n.Dtime = filesystem.Time{}
				n.Note = noteUnlinked
				if !f.lag {
					f.problem(fmt.Sprintf("inode %d", ino), noteUnlinked)
				}
			} else if !n.Dtime.Known {
				continue
			}
			if err := emit(n); err != nil {
				return err
			}
		}
	}
	return nil
}
