package ext4

import (
	"context"
	"encoding/binary"
	"fmt"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// What is in use and has no path. On a sound filesystem there is nothing of the kind, but
// for the inodes of the filesystem itself. A file without a name is neither listed nor
// searched, and runs all the same: who knows its number opens it with
// open_by_handle_at(2).

const (
	noteUnnamed  = "in use, but no directory names it"
	noteApart    = "in use, below a directory that no path leads to"
	noteReserved = "an inode kept for the filesystem's own use, with content"
	notePassed   = "a wrong entry before its name hides it from a listing; by its name it is found"
	noteUnlinked = "has no name and no time of deletion, and is not on the list of orphans; content as its block map says"

	// firstInode is the first that files may have (EXT4_GOOD_OLD_FIRST_INO in
	// fs/ext4/ext4.h). The superblock's s_first_ino says the same wherever mke2fs(8)
	// made it.
	firstInode = 11

	badBlocksInode = 1
)

// unnamed gives, where orphans are asked for, what is in use and was not given yet.
func (t *tree) unnamed() error {
	w := t.w
	if !w.opts.Orphans {
		return nil
	}
	if err := t.reserved(); err != nil {
		return err
	}
	t.apart = true
	u := unnamed{t: t, own: w.f.ownInodes()}
	// Directories first, so that what is below them has a path.
	left := 0
	for i := range w.dirs {
		if !w.dirs[i].visited && u.wanted(w.dirs[i].ino) {
			left++
		}
	}
	if left > 0 {
		named := t.namedBelow()
		for _, all := range []bool{false, true} { // last, those in a circle
			for i := 0; i < len(w.dirs); i++ {
				ino := w.dirs[i].ino
				if w.dirs[i].visited || i < len(named) && named[i] && !all || !u.wanted(ino) {
					continue
				}
				path, err := u.emit(ino)
				if err != nil {
					return err
				}
				if path == "" {
					path = fmt.Sprintf("/#%d", ino)
				}
				if err := t.down(uint32(i), path); err != nil {
					return err
				}
			}
		}
	}
	for g := range w.index {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		for i, place := range w.index[g] {
			ino := uint32(g)*w.f.sb.SInodesPerGroup + uint32(i) + 1
			if place == 0 || w.record(place).seen || !u.wanted(ino) {
				continue
			}
			if _, err := u.emit(ino); err != nil {
				return err
			}
		}
	}
	return nil
}

// isUnlinked says whether an inode has no link, and was not freed either: of what was,
// there is a time. The numbers of inodes stand in its place in the list of orphans.
func (f *FS) isUnlinked(raw []byte) bool {
	le := binary.LittleEndian
	return raw[0]|raw[1] != 0 && raw[0x1a]|raw[0x1b] == 0 && le.Uint32(raw[0x14:]) <= f.maxInode() && (le.Uint32(raw[4:]) > 0 || le.Uint32(raw[0x1c:]) > 0)
}

type unnamed struct {
	t    *tree
	own  map[uint32]bool
	last map[uint32]string // paths that the slack of directories shows
}

// wanted says whether an inode should have a name.
func (u *unnamed) wanted(ino uint32) bool {
	w := u.t.w
	if ino < firstInode || u.own[ino] {
		return false
	}
	place := w.place(ino)
	// Values of attributes have no names.
	value := place != 0 && binary.LittleEndian.Uint32(w.record(place).head[0x20:])&rec.InodeFlagEaInode != 0
	return place != 0 && !(value && w.f.sb.incompat(incompatEaInode))
}

// emit gives an inode under the last name known and says which that is.
func (u *unnamed) emit(ino uint32) (path string, err error) {
	w := u.t.w
	if u.last == nil {
		if u.last, err = w.lastNames(u.t.ctx); err != nil {
			return "", err
		}
	}
	r := w.record(w.place(ino))
	r.seen = true
	w.f.problem(fmt.Sprintf("inode %d", ino), noteUnnamed)
	e, in := w.out.entry(w.opts.Reuse)
	w.decode(in, ino, r)
	in.State = filesystem.Orphan
	if in.Note == "" {
		in.Note = noteUnnamed
	}
	*e = filesystem.Entry{Path: u.last[ino], First: true, Inode: in}
	if w.opts.Targets && r.ref != 0 && in.IsSymlink() {
		e.Target = string(w.text.bytes(w.links[r.ref-1]))
	}
	return u.last[ino], u.t.fn(e)
}

// ownInodes are those of the filesystem itself that stand among those of files.
func (f *FS) ownInodes() map[uint32]bool {
	s, le := f.sb, binary.LittleEndian
	own := map[uint32]bool{rec.InodeRootDirectory: true}
	if s.compat(rec.SbFeatureCompatHasJournal) {
		own[s.SJournalInum] = true
	}
	if s.orphanIno != 0 {
		own[s.orphanIno] = true
	}
	if s.compat(rec.SbFeatureCompatResizeInode) {
		own[7] = true
	}
	if s.roCompat(rec.SbFeatureRoCompatQuota) { // s_usr_quota_inum, s_grp_quota_inum
		own[le.Uint32(s.raw[0x240:])], own[le.Uint32(s.raw[0x244:])] = true, true
	}
	if s.roCompat(rec.SbFeatureRoCompatProject) { // s_prj_quota_inum
		own[le.Uint32(s.raw[0x26c:])] = true
	}
	return own
}

// reserved gives the inodes below firstInode that have content and no use: that of bad
// blocks, that of the boot loader (which EXT4_IOC_SWAP_BOOT fills), and those that no
// feature in force needs. Nothing on a server fills them.
func (t *tree) reserved() error {
	w, f := t.w, t.w.f
	own := f.ownInodes()
	for ino := uint32(badBlocksInode); ino < firstInode; ino++ {
		if own[ino] {
			continue
		}
		n, err := f.presentNode(uint64(ino))
		// A size alone is what a growth of the filesystem leaves of inode 7.
		if err != nil || n == nil || !n.inline() && !f.mapsBlocks(n) {
			continue
		}
		if place := w.place(ino); place != 0 {
			if w.record(place).seen { // a directory names it
				continue
			}
			w.record(place).seen = true
		}
		f.problem(fmt.Sprintf("inode %d", ino), noteReserved)
		e, in := w.out.entry(w.opts.Reuse)
		*in = n.Inode
		in.State = filesystem.Orphan
		if in.Note == "" {
			in.Note = noteReserved
		}
		*e = filesystem.Entry{First: true, Inode: in}
		if err := t.fn(e); err != nil {
			return err
		}
	}
	return nil
}

// reservedNode makes a file of a reserved inode that has blocks but no mode, as that of
// bad blocks. It says no if there are none.
func (f *FS) reservedNode(n *node) bool {
	if n.Ref.Inode >= firstInode || n.Mode != 0 || !f.mapsBlocks(n) {
		return false
	}
	n.Mode = filesystem.ModeRegular
	n.Size = int64(binary.LittleEndian.Uint32(n.raw[4:]))
	if exts, _ := f.extents(n); len(exts) > 0 {
		last := exts[len(exts)-1]
		n.Size = max(n.Size, last.Logical+last.Length)
	}
	return true
}

// mapsBlocks says whether an inode has blocks.
func (f *FS) mapsBlocks(n *node) bool {
	exts, _ := f.extents(n)
	return len(exts) > 0
}

// namedBelow says which directories that were not given are named by another of them.
func (t *tree) namedBelow() []bool {
	w := t.w
	named := make([]bool, len(w.dirs))
	for i := range w.dirs {
		if w.dirs[i].visited {
			continue
		}
		fr := frame{dir: uint32(i)}
		for {
			ino, _, _, ok := t.next(&fr)
			if !ok {
				break
			}
			if at := w.place(ino); at != 0 && w.record(at).head[1]&0xf0 == filesystem.ModeDir>>8 && w.record(at).ref > 0 && w.record(at).ref-1 != uint32(i) {
				named[w.record(at).ref-1] = true
			}
		}
	}
	return named
}

// lastNames gives the paths that the slack of directories shows.
func (w *walker) lastNames(ctx context.Context) (map[uint32]string, error) {
	if err := w.readSlack(ctx); err != nil {
		return nil, err
	}
	out := make(map[uint32]string)
	for _, g := range w.gone {
		if d := &w.dirs[g.dir]; d.visited && (d.flags&rec.InodeFlagEncrypt == 0 || !d.context) {
			out[g.ino] = d.path + "/" + g.name
		}
	}
	return out, nil
}
