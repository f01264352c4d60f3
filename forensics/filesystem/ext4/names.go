package ext4

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// Names of files that have none any more: in the slack of directories (which Linux
// wipes since 5.13), and in older copies of directory blocks, of directories that were
// deleted too. An inode number is given again and again; a name belongs to the
// file that had the number when the name was seen.

// goneName is a name found in the slack of a directory.
type goneName struct {
	dir  uint32
	ino  uint32
	name string
}

// sighting is a name as one state of a directory had it.
type sighting struct {
	tid  uint32
	time filesystem.Time // unknown: that of the disk
	now  bool            // found in the directory as it is
	dir  uint32          // index into walker.dirs, if dead is nil
	dead *node           // a deleted directory
	name string
}

// names gives the last path known of a file.
type names struct {
	w     *walker
	r     *recovered
	seen  map[uint32][]sighting
	count int
	paths map[*node]string
}

// maxSightings bounds the names of one inode number.
const maxSightings = 64

func (ns *names) add(ino uint32, s sighting) {
	list := ns.seen[ino]
	for i := range list { // the same name in an older copy
		if o := &list[i]; o.name == s.name && o.dead == s.dead && o.dir == s.dir && o.now == s.now {
			if int32(s.tid-o.tid) > 0 && ns.sameLife(ino, o, &s) {
				o.tid, o.time = s.tid, s.time
				return
			}
		}
	}
	if len(list) < maxSightings && ns.count < maxGone {
		ns.count++
		s.name = string(append([]byte(nil), s.name...))
		ns.seen[ino] = append(list, s)
	}
}

// life gives which of the files that had an inode number a sighting is of: an
// index into lives, or -1.
func (ns *names) life(ino uint32, s *sighting) int {
	lives := ns.r.lives[ino]
	best := -1
	for i := range lives {
		switch l := &lives[i]; {
		case s.now, !l.late && int32(s.tid-l.first) >= 0, l.late && l.born.Known && s.time.Known && s.time.Sec >= l.born.Sec:
			best = i
		case i == 0 && l.born.Known && s.time.Known:
			// The first of those that the journal holds may be older than its
			// first copy. The clock of commits is coarse.
			if s.time.Sec > l.born.Sec {
				best = i
			}
		}
	}
	return best
}

func (ns *names) sameLife(ino uint32, a, b *sighting) bool {
	return ns.life(ino, a) == ns.life(ino, b)
}

// goneNames looks for the names of the given orphans, of deleted files and of freed
// inodes.
func (w *walker) goneNames(ctx context.Context, r *recovered, orphans []uint64) (*names, error) {
	f := w.f
	ns := &names{w: w, r: r, seen: make(map[uint32][]sighting), paths: make(map[*node]string)}
	orphan := make(map[uint32]bool)
	for _, ino := range orphans {
		orphan[uint32(ino)] = true
	}
	// Of a number that is in use and that no deleted file had, no name is needed.
	wanted := func(ino uint32) bool { return orphan[ino] || r.lives[ino] != nil || !w.emitted(ino) }
	for _, g := range w.gone {
		if wanted(g.ino) {
			ns.add(g.ino, sighting{now: true, dir: g.dir, name: g.name})
		}
	}
	w.gone = nil
	if f.journal == nil || r.finder == nil || r.finder.history == nil {
		return ns, nil // of a journal that cannot be read no name is known
	}
	// The blocks of deleted directories.
	deadAt := make(map[uint64][]*node)
	claims, steps := 0, maxClaims
	trees := 2*int64(min(f.sb.blocks, uint64(f.size)/1024)) + 1024
	for _, n := range r.list {
		if !n.IsDir() || n.mapErr != nil || n.verdict == nil {
			continue
		}
		exts, _ := (&mapper{f: f, n: n, budget: &trees}).extents()
		bs := int64(f.sb.blockSize)
		for _, e := range exts {
			for at := int64(0); at < e.Length && e.Logical+at < n.Size && claims < maxClaims; at += bs {
				claims++
				deadAt[uint64((e.Physical+at)/bs)] = append(deadAt[uint64((e.Physical+at)/bs)], n)
			}
		}
	}
	for _, c := range r.finder.history.Copies {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		dir, live := w.dirAt[c.Block]
		dead := deadAt[c.Block]
		if !live && len(dead) == 0 {
			continue
		}
		b, err := f.journal.log.Read(c)
		if err != nil {
			continue
		}
		s := sighting{tid: c.TID, time: c.Time, dir: dir}
		var n node
		if live {
			n = w.dirs[dir].node()
		}
		if !live || !f.ofDir(b, &n) {
			s.dead = nil
			for _, n := range dead {
				if steps--; steps < 0 {
					break
				}
				if int32(c.TID-n.Ref.Version) <= 0 && f.ofDir(b, n) {
					s.dead = n
				}
			}
			if s.dead == nil {
				continue
			}
		}
		ns.block(b, s, wanted)
	}
	// What is on the disk before a replay, and of deleted directories.
	b := make([]byte, f.sb.blockSize)
	for _, at := range f.replacedBlocks() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		dir, ok := w.dirAt[at]
		if !ok {
			continue
		}
		n := w.dirs[dir].node()
		if k, _ := f.r.ReadAt(b, int64(at)*int64(len(b))); k == len(b) && f.ofDir(b, &n) {
			ns.block(b, sighting{tid: f.journal.log.Sequence() - 1, dir: dir}, wanted)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(deadAt)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		dead := deadAt[at]
		if f.readBlock(b, at) != nil {
			continue
		}
		for _, n := range dead {
			if steps--; steps < 0 {
				break
			}
			if !n.verdict.isLost(at) && f.ofDir(b, n) {
				ns.block(b, sighting{tid: n.Ref.Version, dead: n}, wanted)
			}
		}
	}
	return ns, nil
}

// ofDir says whether a block is one of a directory: its checksum says so, or without
// checksums its own entry, if it has one.
func (f *FS) ofDir(b []byte, n *node) bool {
	if f.sb.metaCsum() {
		return f.dirBlockOK(n.seed(f.sb), b)
	}
	if b[6] == 1 && b[8] == '.' && binary.LittleEndian.Uint16(b[4:]) == 12 {
		return uint64(binary.LittleEndian.Uint32(b)) == n.Ref.Inode
	}
	return true
}

func (ns *names) block(b []byte, s sighting, wanted func(uint32) bool) {
	f := ns.w.f
	_ = dirEntries(b, f.sb.blockSize, f.hasType(), f.topInode(), true, func(d dirent) {
		if len(d.name) > 0 && badName(d.name) == "" && !isDots(d.name) && wanted(d.ino) {
			s := s
			s.name = string(d.name)
			ns.add(d.ino, s)
		}
	})
}

// of gives the last path known of a file, or nothing.
func (ns *names) of(n *node) string { return ns.resolve(n, 0) }

// maxDead bounds how many deleted directories stand in each other.
const maxDead = 256

func (ns *names) resolve(n *node, depth int) string {
	if p, ok := ns.paths[n]; ok || depth > maxDead {
		return p
	}
	ns.paths[n] = "" // a loop ends here
	ino := uint32(n.Ref.Inode)
	lives := ns.r.lives[ino]
	mine := -1
	for i := range lives {
		if lives[i].gen == n.Generation {
			mine = i
		}
	}
	var best *sighting
	for i := range ns.seen[ino] {
		s := &ns.seen[ino][i]
		if len(lives) > 0 && ns.life(ino, s) != mine {
			continue
		}
		if len(lives) == 0 && s.time.Known && n.Crtime.Known && s.time.Sec+1 < n.Crtime.Sec { // the clock of commits is coarse
			continue
		}
		if n.Ref.Version != 0 && !s.now && int32(s.tid-n.Ref.Version) > 0 {
			// Another file may have had the number since.
			if n.Dtime.Known {
				if !s.time.Known || s.time.Sec > n.Dtime.Sec+1 {
					continue
				}
			} else if !ns.r.sure(n.Ref.Version) {
				continue
			}
		}
		if best == nil || !s.now && (best.now || int32(s.tid-best.tid) > 0) {
			best = s
		}
	}
	if best == nil {
		return ""
	}
	base, encrypted := "", false
	if best.dead != nil {
		base, encrypted = ns.resolve(best.dead, depth+1), ns.w.f.encrypted(best.dead)
		if base == "" {
			return "" // nothing says where it stood
		}
	} else {
		d := &ns.w.dirs[best.dir]
		if !d.visited {
			return ""
		}
		base, encrypted = d.path, d.flags&rec.InodeFlagEncrypt != 0 && d.context
	}
	name := best.name
	if encrypted {
		name = nokeyName([]byte(name), 0, 0)
	}
	p := base + "/" + name
	if len(p) > 1<<14 {
		return ""
	}
	ns.paths[n] = p
	return p
}
