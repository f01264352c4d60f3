package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
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
//
// How sure that is, a file's note says in its second word:
//
//	intact      every block is free since the file was deleted, in each state of the
//	            block bitmap that the journal has of all transactions since; or its
//	            content stands in the journal itself. What no journal tells: that a block
//	            was taken and given back within one transaction, or was already written
//	            by a transaction that was never committed
//	unverified  every block is free now, but of some transactions since then the journal
//	            has nothing any more: the blocks may have been used and freed again
//	partial     some blocks belong to other files, or did since, or had no content yet; they
//	            read as zeros
//	lost        all blocks do, or the block map is gone

const (
	maxGone       = 1 << 18 // names of deleted files
	maxRecovered  = 1 << 16 // deleted inodes, and older states of live ones
	maxClaims     = 1 << 20 // extents of deleted files
	maxLives      = 64      // files that had one inode number
	maxBitmaps    = 1 << 10 // older copies of bitmaps kept at a time
	maxLostRanges = 1 << 16 // of one file
)

// blockRange is a run of blocks.
type blockRange struct{ start, count uint64 }

// view is the metadata as it was at a transaction: blocks that the journal has copies of.
type view struct {
	tid     uint32
	copies  map[uint64][]jbd2.Copy // by block, oldest first
	revokes map[uint64][]uint32    // by block: transactions that revoked it, oldest first
}

// find gives the newest copy of a block that is not younger than the view, and that
// was not made when the block belonged to something else.
func (v *view) find(block uint64) (jbd2.Copy, bool) {
	list := v.copies[block]
	for i := len(list) - 1; i >= 0; i-- {
		c := list[i]
		if int32(c.TID-v.tid) > 0 {
			continue
		}
		for _, r := range v.revokes[block] {
			if int32(r-c.TID) >= 0 && int32(r-v.tid) <= 0 {
				return jbd2.Copy{}, false
			}
		}
		return c, true
	}
	return jbd2.Copy{}, false
}

// patch replaces p, which holds the present content of a block, by the copy of the
// view. It says whether there is one.
func (v *view) patch(f *FS, p []byte, block uint64) bool {
	c, ok := v.find(block)
	if !ok {
		return false
	}
	b, err := f.journal.log.Read(c)
	if err != nil {
		return false
	}
	copy(p, b)
	return true
}

// recovered holds the deleted files.
type recovered struct {
	byRef map[filesystem.Ref]*node
	list  []*node // by inode, newest state first
	lives map[uint32][]life

	since   uint32 // of the transactions after this one the journal has everything
	covered bool
}

// sure says whether the journal has all transactions after one.
func (r *recovered) sure(tid uint32) bool { return r.covered && int32(tid-r.since) >= 0 }

// life is one file that an inode number was given to.
type life struct {
	gen   uint32
	born  filesystem.Time // unknown where the inode does not say
	first uint32          // the oldest transaction that has it
	late  bool            // it is only in the inode table: born alone tells since when
	node  *node           // nil where it is alive, or nothing of it could be recovered
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

// finder finds the deleted files.
type finder struct {
	f       *FS
	out     *recovered
	copies  map[uint64][]jbd2.Copy
	revokes map[uint64][]uint32
	bm      *bitmaps
	old     map[jbd2.Copy][]byte // older bitmaps
	steps   int64                // that may yet be taken: looks at a block in a bitmap, at a claim
	trees   int64                // blocks of block maps that may yet be read
	claims  []claim
}

// step says whether one more step may be taken. What is not looked at is not sure.
func (r *finder) step() bool {
	r.steps--
	return r.steps >= 0
}

// claim is a run of blocks of a deleted file.
type claim struct {
	blockRange
	n *node
}

// recover finds the deleted files, once.
func (f *FS) recover() *recovered {
	f.recoverOnce.Do(func() {
		r := &finder{f: f, out: &recovered{byRef: make(map[filesystem.Ref]*node), lives: make(map[uint32][]life)}, bm: &bitmaps{f: f}}
		f.recovered = r.out
		if f.journal != nil {
			r.run()
		}
	})
	return f.recovered
}

func (r *finder) run() {
	f := r.f
	r.copies, r.revokes = make(map[uint64][]jbd2.Copy), make(map[uint64][]uint32)
	for _, c := range f.journal.log.Copies() {
		r.copies[c.Block] = append(r.copies[c.Block], c)
	}
	for _, v := range f.journal.log.Revokes() {
		r.revokes[v.Block] = append(r.revokes[v.Block], v.TID)
	}
	blocksOf := int64(min(f.sb.blocks, uint64(f.size)/1024))
	r.steps, r.trees = 64*blocksOf+1<<22, 2*blocksOf+1024
	r.coverage()
	tables := f.tables()
	var blocks []uint64
	for b := range r.copies {
		if _, ok := f.inodeBlock(tables, b); ok {
			blocks = append(blocks, b)
		}
	}
	slices.Sort(blocks)
	for _, b := range blocks {
		first, _ := f.inodeBlock(tables, b)
		r.table(b, first)
	}
	r.fastGone()
	for _, n := range r.out.list {
		r.judge(n)
	}
	r.conflicts()
	for _, n := range r.out.list {
		r.describe(n)
	}
}

// coverage finds since when the journal has every transaction.
func (r *finder) coverage() {
	st := r.f.journal
	commits := st.log.Commits()
	last := st.log.Sequence() - 1 + uint32(st.replayable)
	i := len(commits) - 1
	if st.log.FastCommits() {
		return // what they take and give back no bitmap shows
	}
	if i < 0 || commits[i].TID != last {
		return
	}
	for i > 0 && commits[i-1].TID == commits[i].TID-1 {
		i--
	}
	// Of the oldest the beginning may be written over.
	r.out.since, r.out.covered = commits[i].TID, true
}

// state is one state of an inode.
type state struct {
	tid  uint32
	time filesystem.Time
	raw  []byte
	disk bool // it stands on the disk, where a replay replaces it
}

// table looks at all states of the inodes of one block of a table.
func (r *finder) table(block, first uint64) {
	f, s := r.f, r.f.sb
	le := binary.LittleEndian
	cur := make([]byte, s.blockSize)
	if f.readBlock(cur, block) != nil {
		return
	}
	type version struct {
		tid uint32
		t   filesystem.Time
		b   []byte

		disk bool
	}
	var versions []version
	if f.replaced(block) {
		b := make([]byte, s.blockSize)
		if k, _ := f.r.ReadAt(b, int64(block)*int64(s.blockSize)); k == len(b) {
			versions = append(versions, version{f.journal.log.Sequence() - 1, filesystem.Time{}, b, true})
		}
	}
	for _, c := range r.copies[block] {
		if len(versions) > 1<<12 {
			break // 16 MiB of one block's states
		}
		if b, err := f.journal.log.Read(c); err == nil {
			versions = append(versions, version{c.TID, c.Time, b, false})
		}
	}
	// The one on the disk stays the first.
	slices.SortStableFunc(versions, func(a, b version) int {
		switch {
		case a.disk != b.disk && a.disk:
			return -1
		case a.disk != b.disk:
			return 1
		}
		return int(int32(a.tid - b.tid))
	})
	for i := 0; (i+1)*s.inodeSize <= s.blockSize; i++ {
		ino := first + uint64(i)
		if ino < uint64(max(s.SFirstIno, 11)) {
			continue
		}
		now := cur[i*s.inodeSize:][:s.inodeSize]
		nowGen, inUse := le.Uint32(now[0x64:]), now[0]|now[1] != 0 && now[0x1a]|now[0x1b] != 0
		var states []state
		for _, v := range versions {
			raw := v.b[i*s.inodeSize:][:s.inodeSize]
			if raw[0]|raw[1] != 0 && s.inodeChecksumOK(ino, raw) {
				states = append(states, state{v.tid, v.t, raw, v.disk})
			}
		}
		if len(states) == 0 {
			continue
		}
		live, anyLive := le.Uint32(states[0].raw[0x64:]), states[0].disk && le.Uint16(states[0].raw[0x1a:]) != 0
		// The state on the disk is older than the journal's, or is one of them.
		if states[0].disk {
			for _, c := range states[1:] {
				if bytes.Equal(c.raw, states[0].raw) {
					states = states[1:]
					break
				}
			}
		}
		var lives []life
		dead := false
		for i := range states {
			gen := le.Uint32(states[i].raw[0x64:])
			if len(lives) >= maxLives {
				break
			}
			if slices.ContainsFunc(lives, func(l life) bool { return l.gen == gen }) {
				continue
			}
			l := life{gen: gen, first: states[i].tid}
			var in filesystem.Inode
			s.decodeInode(&in, ino, states[i].raw)
			l.born = in.Crtime
			if gen != nowGen || !inUse && !f.orphans[ino] {
				var of []state
				for _, c := range states[i:] {
					if le.Uint32(c.raw[0x64:]) == gen {
						of = append(of, c)
					}
				}
				if n := r.lastState(ino, of, now, live == gen && anyLive); n != nil && len(r.out.list) < maxRecovered && r.out.byRef[n.Ref] == nil {
					l.node, dead = n, true
					r.out.byRef[n.Ref] = n
				}
			}
			lives = append(lives, l)
		}
		if !dead {
			continue
		}
		if now[0]|now[1] != 0 && !slices.ContainsFunc(lives, func(l life) bool { return l.gen == nowGen }) {
			var in filesystem.Inode
			s.decodeInode(&in, ino, now)
			lives = append(lives, life{gen: nowGen, born: in.Crtime, late: true})
		}
		r.out.lives[uint32(ino)] = lives
		for k := len(lives) - 1; k >= 0; k-- {
			if lives[k].node != nil {
				r.out.list = append(r.out.list, lives[k].node)
			}
		}
		if len(r.out.list) >= maxRecovered {
			f.problem("deleted inodes", "more than %d; the rest is not listed", maxRecovered)
		}
	}
}

// lastState gives the newest state in which a file that is deleted now had a name.
// That a later state of it has none tells when that was.
func (r *finder) lastState(ino uint64, states []state, now []byte, onDisk bool) *node {
	le := binary.LittleEndian
	best := -1
	for i := range states {
		if le.Uint16(states[i].raw[0x1a:]) != 0 {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	c := states[best]
	n := &node{raw: slices.Clone(c.raw), view: &view{tid: c.tid, copies: r.copies, revokes: r.revokes}}
	r.f.sb.decodeInode(&n.Inode, ino, n.raw)
	n.Ref.Version = c.tid
	n.State = filesystem.Deleted
	n.onDisk = onDisk
	n.Dtime = filesystem.Time{}
	dtime := func(raw []byte) {
		// On the orphan list the field holds the number of the next inode.
		if d := le.Uint32(raw[0x14:]); d > r.f.maxInode() && le.Uint16(raw[0x1a:]) == 0 && le.Uint32(raw[0x64:]) == n.Generation {
			n.Dtime = filesystem.Unix(int64(d), 0)
		}
	}
	for _, later := range states[best+1:] {
		dtime(later.raw)
	}
	dtime(now)
	return n
}

// fastGone adds what fast commits deleted: it is in the inode table as it was.
func (r *finder) fastGone() {
	f := r.f
	var inos []uint64
	for ino := range f.fastGone {
		inos = append(inos, ino)
	}
	slices.Sort(inos)
	for _, ino := range inos {
		ref := filesystem.Ref{Inode: ino}
		off, err := f.inodeOffset(ino)
		if err != nil {
			continue
		}
		n := &node{raw: make([]byte, f.sb.inodeSize), own: true}
		if f.readAt(n.raw, off) != nil {
			continue
		}
		f.sb.decodeInode(&n.Inode, ino, n.raw)
		n.State, n.Dtime = filesystem.Deleted, filesystem.Time{}
		r.out.byRef[ref] = n
		r.out.list = append(r.out.list, n)
	}
	slices.SortStableFunc(r.out.list, func(a, b *node) int {
		switch {
		case a.Ref.Inode != b.Ref.Inode:
			return int(min(max(int64(a.Ref.Inode)-int64(b.Ref.Inode), -1), 1))
		case a.Ref.Version == 0 || b.Ref.Version == 0:
			return int(min(a.Ref.Version, 1)) - int(min(b.Ref.Version, 1))
		}
		return int(min(max(int32(b.Ref.Version-a.Ref.Version), -1), 1))
	})
}

// judge finds which blocks of a deleted file are still its own.
func (r *finder) judge(n *node) {
	f := r.f
	if !n.IsRegular() && !n.IsDir() && !n.IsSymlink() {
		return
	}
	if n.Flags&rec.InodeFlagInlineData != 0 || n.Size == 0 || n.IsSymlink() && n.fastLink() {
		return
	}
	m := mapper{f: f, n: n, budget: &r.trees}
	exts, err := m.extents()
	if err == nil && m.badSum {
		err = fmt.Errorf("inode %d: the block map has a wrong checksum", n.Ref.Inode)
	}
	if err != nil {
		n.mapErr = err
		return
	}
	bs := uint64(f.sb.blockSize)
	v := &verdict{}
	n.verdict = v
	for _, e := range exts {
		if e.Unwritten {
			v.mapped += uint64(e.Length) / bs
			if e.Logical < n.Size {
				v.empty += uint64(min(e.Length, (n.Size-e.Logical+int64(bs)-1)/int64(bs)*int64(bs))) / bs
			}
			continue
		}
		r.judgeRun(n, blockRange{uint64(e.Physical) / bs, uint64(e.Length) / bs})
		if len(r.claims) < maxClaims {
			r.claims = append(r.claims, claim{blockRange{uint64(e.Physical) / bs, uint64(e.Length) / bs}, n})
		} else {
			v.unsure = true
		}
		v.mapped += uint64(e.Length) / bs
	}
	// A tree block that is not in the journal and has no checksum could be anything.
	for b := range m.seen {
		v.mapped++
		if _, ok := n.find(b); !ok && !f.sb.metaCsum() {
			if run := (blockRange{b, 1}); r.reused(n, run, func(uint64) { v.unsure = true }) {
				v.unsure = true
			}
		}
	}
	// The inode says how many blocks it had: a map that lost some shows holes.
	if f.sb.cluster == 1 {
		attr := uint64(0)
		if binary.LittleEndian.Uint32(n.raw[0x68:]) != 0 {
			attr = 1
		}
		if have := n.Sectors * 512 / bs; have != v.mapped && have != v.mapped+attr {
			v.short = true
		}
	}
}

// find gives the journal's copy of a block of the file.
func (n *node) find(block uint64) (jbd2.Copy, bool) {
	if n.view == nil {
		return jbd2.Copy{}, false
	}
	return n.view.find(block)
}

// verdict is what is known of a deleted file's blocks.
type verdict struct {
	total  uint64 // blocks with content
	mapped uint64 // those, unwritten ones, and those of the map
	empty  uint64 // that were allocated but had no content yet
	inLog  uint64 // whose content stands in the journal
	lost   []blockRange
	unsure bool     // some may have been used in between
	taken  []uint64 // blocks that younger deleted files have too
	short  bool     // the map tells of fewer blocks than the inode
}

func (v *verdict) lose(block uint64) {
	if k := len(v.lost); k > 0 && v.lost[k-1].start+v.lost[k-1].count == block {
		v.lost[k-1].count++
		return
	}
	if len(v.lost) < maxLostRanges {
		v.lost = append(v.lost, blockRange{block, 1})
	} else {
		v.unsure = true
	}
}

func (v *verdict) lostBlocks() uint64 {
	sum := uint64(0)
	for _, l := range v.lost {
		sum += l.count
	}
	return sum
}

func (v *verdict) isLost(block uint64) bool {
	i := sort.Search(len(v.lost), func(i int) bool { return v.lost[i].start+v.lost[i].count > block })
	return i < len(v.lost) && v.lost[i].start <= block
}

func (r *finder) judgeRun(n *node, run blockRange) {
	v := n.verdict
	v.total += run.count
	if r.reused(n, run, v.lose) {
		v.unsure = true
	}
	for b := run.start; b < run.start+run.count && r.step(); b++ {
		if n.find1(b) {
			v.inLog++
		}
	}
}

// reused calls fn for each block of a run that was given to another file since the
// state that n is. unsure says that the journal does not tell of all transactions since.
func (r *finder) reused(n *node, run blockRange, fn func(block uint64)) (unsure bool) {
	f := r.f
	covered := r.out.sure(n.Ref.Version) || n.own
	for b := run.start; b < run.start+run.count; b++ {
		if !r.step() {
			return true
		}
		if n.find1(b) {
			continue
		}
		if n.own {
			if f.inFastRange(b) && !r.ownRange(n, b) {
				fn(b)
			}
			continue
		}
		if r.bm.used(b) || f.inFastRange(b) {
			fn(b)
			continue
		}
		list, bit, ok := r.bitmapCopies(b)
		if !ok {
			continue
		}
		free := false
		for _, c := range list {
			if int32(c.TID-n.Ref.Version) <= 0 {
				continue
			}
			if !r.step() {
				return true
			}
			m := r.bitmap(c)
			if m == nil {
				covered = false
				continue
			}
			if used := m[bit/8]&(1<<(bit%8)) != 0; !used {
				free = true
			} else if free {
				fn(b)
				break
			}
		}
	}
	return !covered
}

func (n *node) find1(block uint64) bool { _, ok := n.find(block); return ok }

// ownRange says whether a fast commit gave a block to the file itself.
func (r *finder) ownRange(n *node, block uint64) bool {
	exts, _ := r.f.extents(n)
	bs := int64(r.f.sb.blockSize)
	for _, e := range exts {
		if at := int64(block) * bs; at >= e.Physical && at < e.Physical+e.Length {
			return true
		}
	}
	return false
}

// bitmapCopies gives the older copies of the bitmap that tells of a block, and the
// place in it.
func (r *finder) bitmapCopies(block uint64) (list []jbd2.Copy, bit uint64, ok bool) {
	s := r.f.sb
	if block < uint64(s.SFirstDataBlock) {
		return nil, 0, false
	}
	g := (block - uint64(s.SFirstDataBlock)) / uint64(s.SBlocksPerGroup)
	if g >= uint64(len(r.f.groups)) {
		return nil, 0, false
	}
	bit = (block - uint64(s.SFirstDataBlock)) % uint64(s.SBlocksPerGroup) / uint64(s.cluster)
	return r.copies[r.f.groups[g].blockBitmap], bit, bit/8 < uint64(s.blockSize)
}

// bitmap reads an older bitmap.
func (r *finder) bitmap(c jbd2.Copy) []byte {
	if b, ok := r.old[c]; ok {
		return b
	}
	if r.old == nil || len(r.old) >= maxBitmaps {
		r.old = make(map[jbd2.Copy][]byte)
	}
	b, err := r.f.journal.log.Read(c)
	if err != nil {
		b = nil
	}
	r.old[c] = b
	return b
}

// conflicts takes from each deleted file the blocks that a younger one has too: they
// were used and freed again.
func (r *finder) conflicts() {
	slices.SortFunc(r.claims, func(a, b claim) int {
		switch {
		case a.start < b.start:
			return -1
		case a.start > b.start:
			return 1
		}
		return int(min(max(int32(a.n.Ref.Version-b.n.Ref.Version), -1), 1))
	})
	var open []claim
	for _, c := range r.claims {
		kept := open[:0]
		for _, o := range open {
			if o.start+o.count > c.start {
				kept = append(kept, o)
			}
		}
		open = kept
		if r.steps -= int64(len(open)); r.steps < 0 {
			// Too many files claim the same blocks: of none is it sure.
			for _, c := range r.claims {
				c.n.verdict.unsure = true
			}
			break
		}
		for _, o := range open {
			if o.n.Ref.Inode == c.n.Ref.Inode && o.n.Generation == c.n.Generation {
				continue
			}
			older := o.n
			switch d := int32(c.n.Ref.Version - o.n.Ref.Version); {
			case c.n.own || !o.n.own && d > 0:
			case d < 0 || o.n.own:
				older = c.n
			default: // at the same time: one of them cannot be
				o.n.verdict.unsure, c.n.verdict.unsure = true, true
				continue
			}
			end := min(o.start+o.count, c.start+c.count)
			for b := c.start; b < end; b++ {
				if !r.step() {
					older.verdict.unsure = true
					break
				}
				if !older.find1(b) {
					older.verdict.taken = append(older.verdict.taken, b)
				}
			}
		}
		open = append(open, c)
	}
	for _, n := range r.out.list {
		if v := n.verdict; v != nil && len(v.taken) > 0 {
			v.merge()
		}
	}
}

// merge puts the blocks taken by others into the ranges that are lost.
func (v *verdict) merge() {
	var all []uint64
	for _, l := range v.lost {
		for i := range l.count {
			all = append(all, l.start+i)
		}
	}
	all = append(all, v.taken...)
	slices.Sort(all)
	v.lost, v.taken = nil, nil
	for _, b := range slices.Compact(all) {
		v.lose(b)
	}
}

// describe writes the note of a deleted file.
func (r *finder) describe(n *node) {
	from := fmt.Sprintf("inode copy of transaction %d", n.Ref.Version)
	if n.onDisk {
		from += ", in use " + noteBeforeReplay
	}
	if n.own {
		from = "deleted by a fast commit"
	}
	v := n.verdict
	switch {
	case n.mapErr != nil:
		n.Note = "deleted; lost: " + n.mapErr.Error() + "; " + from
	case v == nil && !n.IsRegular() && !n.IsDir() && !n.IsSymlink():
		n.Note = "deleted; " + from
	case v == nil && n.IsRegular() && n.Size == 0:
		n.Note = "deleted; empty: " + from
	case v == nil:
		n.Note = "deleted; intact: content kept in the inode; " + from
	case v.total == 0 && v.short:
		n.Note = "deleted; lost: no block map; " + from
	case v.total == 0:
		n.Note = "deleted; lost: no content had been written to the disk yet; " + from
	default:
		lost := v.lostBlocks()
		slices.SortFunc(v.lost, func(a, b blockRange) int { return int(min(max(int64(a.start)-int64(b.start), -1), 1)) })
		switch {
		case lost > 0 && lost >= v.total:
			n.Note = fmt.Sprintf("deleted; lost: all %d blocks were given to other files; %s", v.total, from)
		case lost > 0:
			n.Note = fmt.Sprintf("deleted; partial: %d of %d blocks were given to other files and read as zeros; %s", lost, v.total, from)
		case v.empty > 0:
			n.Note = fmt.Sprintf("deleted; partial: %d of %d blocks had no content yet and read as zeros; %s", v.empty, v.total+v.empty, from)
		case v.short:
			n.Note = fmt.Sprintf("deleted; unverified: the block map tells of %d blocks, the inode of %d; %s", v.mapped, n.Sectors*512/uint64(r.f.sb.blockSize), from)
		case v.unsure && v.inLog < v.total:
			n.Note = fmt.Sprintf("deleted; unverified: all %d blocks are free, but the journal does not tell whether they were used since; %s", v.total, from)
		case v.inLog == v.total:
			n.Note = fmt.Sprintf("deleted; intact: all %d blocks stand in the journal; %s", v.total, from)
		default:
			n.Note = fmt.Sprintf("deleted; intact: all %d blocks are free since; %s", v.total, from)
		}
	}
}

// bitmaps answers whether a block is in use now.
type bitmaps struct {
	f      *FS
	groups map[uint64][]byte
}

// maxGroupBitmaps bounds the bitmaps kept.
const maxGroupBitmaps = 1 << 12

func (b *bitmaps) used(block uint64) bool {
	s := b.f.sb
	if block < uint64(s.SFirstDataBlock) || block >= s.blocks {
		return true
	}
	g := (block - uint64(s.SFirstDataBlock)) / uint64(s.SBlocksPerGroup)
	if g >= uint64(len(b.f.groups)) {
		return true
	}
	m, ok := b.groups[g]
	if !ok {
		var err error
		if m, err = b.f.blockBitmap(g); err != nil {
			b.f.problem(fmt.Sprintf("group %d block bitmap", g), "%v", err)
		} else if m == nil {
			m = []byte{} // never written: all is free but what the group itself needs
		}
		if b.groups == nil || len(b.groups) >= maxGroupBitmaps {
			b.groups = make(map[uint64][]byte)
		}
		b.groups[g] = m
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
	if n := r.byRef[ref]; n != nil {
		return n, nil
	}
	if ref.Version != 0 {
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
	var inos []uint64
	for ino := range f.orphans {
		inos = append(inos, ino)
	}
	slices.Sort(inos)
	if len(inos) == 0 && !w.opts.Deleted {
		return nil
	}
	names := w.goneNames(ctx, inos)
	if err := ctx.Err(); err != nil {
		return err
	}
	give := func(n *node, path string) error {
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
		if err := give(n, names.of(n)); err != nil {
			return err
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
		if err := give(n, names.of(n)); err != nil {
			return err
		}
	}
	return w.freed(ctx, seen, func(n *node) error { return give(n, names.of(n)) })
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
