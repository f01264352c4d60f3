package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"sync"

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
//	            content stands in the journal itself. What no journal shows: that a block
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
	stepsOfRead   = 16      // what reading an older bitmap costs, in steps
)

// recovered holds the deleted files.
type recovered struct {
	byRef map[filesystem.Ref]*node
	list  []*node // by inode, newest state first
	lives map[uint32][]life

	since   uint32 // of the transactions after this one the journal has everything
	covered bool

	mu     sync.Mutex
	finder *finder // for states that are asked for later, under mu
}

// sure says whether the journal has all transactions after one.
func (r *recovered) sure(tid uint32) bool { return r.covered && int32(tid-r.since) >= 0 }

// life is one file that an inode number was given to.
type life struct {
	gen   uint32
	born  filesystem.Time // unknown where the inode does not say
	first uint32          // the oldest transaction that has it
	late  bool            // it is only in the inode table: born alone says since when
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
	ctx     context.Context // of the search that goes on
	history *jbd2.History
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
	if r.steps--; r.steps&0xfff == 0 && r.ctx.Err() != nil {
		r.steps = min(r.steps, -1)
	}
	return r.steps >= 0
}

// claim is a run of blocks of a deleted file.
type claim struct {
	blockRange
	n *node
}

// recover finds the deleted files, once; a search that was cancelled does not count. The
// only error is that of the context.
func (f *FS) recover(ctx context.Context) (*recovered, error) {
	select {
	case f.recovering <- struct{}{}:
		defer func() { <-f.recovering }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if f.recovered != nil {
		return f.recovered, nil
	}
	r := &finder{f: f, ctx: ctx, out: &recovered{byRef: make(map[filesystem.Ref]*node), lives: make(map[uint32][]life)}, bm: &bitmaps{f: f}}
	r.out.finder = r
	if f.journal != nil {
		if err := r.run(); err != nil {
			return nil, err
		}
	}
	r.ctx = context.Background() // for older states, of which one is judged at a time
	f.recovered = r.out
	return r.out, nil
}

// recoverMeanwhile starts the search for deleted files. The function that it gives ends it:
// it waits for the search, cancelled if nobody needed it so far, and passes a panic on to
// whoever guards the caller.
func (f *FS) recoverMeanwhile(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		_, _ = f.recover(ctx) // who needs it asks again, and gets the error
	}()
	return func() {
		cancel()
		if p := <-panicked; p != nil {
			panic(p)
		}
	}
}

func (r *finder) run() error {
	f := r.f
	history, err := f.journal.log.History(r.ctx)
	if err != nil {
		return err
	}
	r.history = history
	r.copies, r.revokes = make(map[uint64][]jbd2.Copy), make(map[uint64][]uint32)
	for _, c := range history.Copies {
		r.copies[c.Block] = append(r.copies[c.Block], c)
	}
	for _, v := range history.Revokes {
		r.revokes[v.Block] = append(r.revokes[v.Block], v.TID)
	}
	r.steps, r.trees = r.budget()
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
		if err := r.ctx.Err(); err != nil {
			return err
		}
		first, _ := f.inodeBlock(tables, b)
		r.table(b, first)
	}
	r.fastGone()
	for _, n := range r.out.list {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		r.judge(n)
	}
	r.conflicts()
	for _, n := range r.out.list {
		r.describe(n)
	}
	return r.ctx.Err()
}

// budget gives how much work the judgement may take: steps, and blocks of block maps.
func (r *finder) budget() (steps, trees int64) {
	blocks := int64(min(r.f.sb.blocks, uint64(r.f.size)/1024))
	return 64*blocks + 1<<22, 2*blocks + 1024
}

// coverage finds since when the journal has every transaction.
func (r *finder) coverage() {
	st := r.f.journal
	commits := r.history.Commits
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
			before := f.journal.log.Sequence() - 1
			if before == 0 {
				before-- // a version of 0 is the present state
			}
			versions = append(versions, version{before, filesystem.Time{}, b, true})
		}
	}
	for _, c := range r.copies[block] {
		if r.ctx.Err() != nil {
			return
		}
		if len(versions) > 1<<12 {
			break // 16 MiB of one block's states
		}
		if c.TID == 0 {
			continue // their numbers wrap; one of 0 would be taken for the present state
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
	var states []state
	for i := 0; (i+1)*s.inodeSize <= s.blockSize; i++ {
		ino := first + uint64(i)
		if ino < firstInode {
			continue
		}
		now := cur[i*s.inodeSize:][:s.inodeSize]
		nowGen, inUse := le.Uint32(now[0x64:]), now[0]|now[1] != 0 && now[0x1a]|now[0x1b] != 0
		states = states[:0]
		freed := !inUse && !f.orphans[ino] && !f.isUnlinked(now)
		gone := false // one of the states is of a file that is deleted now
		for _, v := range versions {
			raw := v.b[i*s.inodeSize:][:s.inodeSize]
			if raw[0]|raw[1] != 0 && s.inodeChecksumOK(ino, raw) {
				states = append(states, state{v.tid, v.t, raw, v.disk})
				gone = gone || freed || le.Uint32(raw[0x64:]) != nowGen
			}
		}
		if !gone {
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
			if gen != nowGen || freed {
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
// A later state that has none shows when that was.
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

// recoveredNode gives a deleted file: that of the transaction, or with version 0
// the newest state known.
func (f *FS) recoveredNode(ref filesystem.Ref) (*node, error) {
	r, err := f.recover(context.Background())
	if err != nil {
		return nil, err
	}
	if n := r.byRef[ref]; n != nil {
		return n, nil
	}
	if ref.Version != 0 {
		return f.olderNode(r, ref)
	}
	i := sort.Search(len(r.list), func(i int) bool { return r.list[i].Ref.Inode >= ref.Inode })
	if i < len(r.list) && r.list[i].Ref.Inode == ref.Inode {
		return r.list[i], nil
	}
	return nil, fmt.Errorf("inode %d: %w", ref.Inode, fs.ErrNotExist)
}
