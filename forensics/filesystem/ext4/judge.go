package ext4

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"icecore/forensics/filesystem/ext4/jbd2"
)

// How sure the content of a deleted file is: deleted.go says what the words mean.

// judge finds which blocks of a deleted file are still its own.
func (r *finder) judge(n *node) {
	f := r.f
	if !n.IsRegular() && !n.IsDir() && !n.IsSymlink() {
		return
	}
	if n.inline() || n.Size == 0 || r.f.sb.fastLink(n) {
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
		if !n.inJournal(b) && !f.sb.metaCsum() {
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

// inJournal says whether the journal has a copy of a block of the file.
func (n *node) inJournal(block uint64) bool {
	if n.view == nil {
		return false
	}
	_, ok := n.view.find(block)
	return ok
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
	short  bool     // the map has fewer blocks than the inode counts
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
		if n.inJournal(b) {
			v.inLog++
		}
	}
}

// reused calls fn for each block of a run that was given to another file since the
// state that n is. unsure says that the journal does not hold all transactions since.
func (r *finder) reused(n *node, run blockRange, fn func(block uint64)) (unsure bool) {
	f := r.f
	covered := r.out.sure(n.Ref.Version) || n.own
	for b := run.start; b < run.start+run.count; b++ {
		if !r.step() {
			return true
		}
		if n.inJournal(b) {
			continue
		}
		if n.still.has(b) { // it may have been written over
			covered = false
			continue
		}
		if n.own {
			if f.fastKept.has(b) {
				fn(b)
			}
			continue
		}
		if r.bm.used(b) || f.fastUsed.has(b) {
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

// bitmapCopies gives the older copies of the bitmap of a block, and the
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
	r.steps -= stepsOfRead
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
		if r.steps -= int64(len(open)); r.steps < 0 || r.ctx.Err() != nil {
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
				if !older.inJournal(b) {
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
			n.Note = fmt.Sprintf("deleted; unverified: the block map lists %d blocks, the inode counts %d; %s", v.mapped, n.Sectors*512/uint64(r.f.sb.blockSize), from)
		case len(n.still) > 0 && v.inLog < v.total:
			n.Note = fmt.Sprintf("deleted; unverified: of %d blocks %d are the file's to this day, and may have been written over; %s", v.total, n.still.blocks(), from)
		case v.unsure && v.inLog < v.total:
			n.Note = fmt.Sprintf("deleted; unverified: all %d blocks are free, but the journal does not show whether they were used since; %s", v.total, from)
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
