package jbd2

import (
	"context"
	"encoding/binary"
	"fmt"
	"sort"

	"icecore/forensics/filesystem"
)

// Copy is a state of one filesystem block that a committed transaction left in
// the journal.
type Copy struct {
	TID   uint32
	Time  filesystem.Time // of the commit
	Block uint64          // of the filesystem
	at    uint32          // block of the journal
	tag   tag
}

// Revoke says that transactions up to TID must no longer write a block: it was
// freed.
type Revoke struct {
	TID   uint32
	Block uint64
}

// History is what stands in the whole log, also of transactions that were written back
// long ago and that no recovery would read.
type History struct {
	// Copies are those of filesystem blocks that committed transactions left in the
	// journal and that were not written over, oldest transaction first.
	Copies []Copy
	// Revokes are the blocks that committed transactions revoked and that have a copy,
	// oldest first.
	Revokes []Revoke
	// Commits are the transactions whose commit block was found, oldest first.
	Commits []Transaction
	Cut     bool // the log holds more than is listed: it is too large
}

// Times gives the times of the oldest and newest transaction found.
func (h *History) Times() (first, last filesystem.Time) {
	for _, c := range h.Commits {
		if !c.Time.Known {
			continue
		}
		if !first.Known {
			first = c.Time
		}
		last = c.Time
	}
	return first, last
}

// History reads the whole log, once; a reading that was cancelled does not count. The
// only error is that of the context.
func (j *Journal) History(ctx context.Context) (*History, error) {
	select {
	case j.scanning <- struct{}{}:
		defer func() { <-j.scanning }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if j.hist == nil {
		h := j.scan(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		j.hist = h
	}
	return j.hist, nil
}

// scan reads the log for descriptor, revoke and commit blocks. When ctx ends, no more
// blocks are read.
//
// A log is written forward. So where a descriptor still stands, the copies after
// it do too, but for one case: the log began anew at its first block while the
// descriptor stood near the end and its copies were wrapped around. Therefore a
// copy counts only if no later transaction claims the block in which it stands.
func (j *Journal) scan(ctx context.Context) *History {
	be := binary.BigEndian
	w := window{j: j, ctx: ctx}
	h := &History{}
	if j.last > maxHistory {
		h.Cut = true
		return h
	}
	owner := make([]uint32, j.last) // the newest transaction that claims a block
	claimed := make([]bool, j.last)
	claim := func(at, tid uint32) {
		if !claimed[at] || int32(tid-owner[at]) > 0 {
			owner[at], claimed[at] = tid, true
		}
	}
	times := make(map[uint32]filesystem.Time) // of commits
	var revokeAt, descriptors []uint32
	each := func(b []byte, at uint32, fn func(pos uint32, t tag)) {
		pos := at
		for _, t := range j.tags(b) {
			pos = j.next(pos)
			fn(pos, t)
		}
	}
	for at := j.first; at < j.last; at++ {
		b, err := w.block(at)
		if ctx.Err() != nil {
			return h
		}
		if err != nil || be.Uint32(b) != magic {
			continue
		}
		tid := be.Uint32(b[8:])
		switch be.Uint32(b[4:]) {
		case typeDescriptor:
			if !j.tailOK(b) {
				continue
			}
			claim(at, tid)
			descriptors = append(descriptors, at)
			each(b, at, func(pos uint32, _ tag) { claim(pos, tid) })
		case typeRevoke:
			if !j.tailOK(b) {
				continue
			}
			claim(at, tid)
			revokeAt = append(revokeAt, at)
		case typeCommit:
			if j.commitOK(b) {
				claim(at, tid)
				times[tid] = commitTime(b)
			}
		}
	}
	for _, at := range descriptors {
		b, err := w.block(at)
		if ctx.Err() != nil {
			return h
		}
		if err != nil {
			continue
		}
		tid := be.Uint32(b[8:])
		t, ok := times[tid]
		if !ok {
			continue
		}
		each(b, at, func(pos uint32, tg tag) {
			if owner[pos] != tid {
				return
			}
			if len(h.Copies) >= maxPending {
				h.Cut = true
				return
			}
			h.Copies = append(h.Copies, Copy{TID: tid, Time: t, Block: tg.block, at: pos, tag: tg})
		})
	}
	count := make(map[uint32]int)
	for _, c := range h.Copies {
		count[c.TID]++
	}
	h.Revokes = j.scanRevokes(&w, revokeAt, h.Copies, times)
	for tid, t := range times {
		h.Commits = append(h.Commits, Transaction{TID: tid, Time: t, Blocks: count[tid]})
	}
	sort.SliceStable(h.Copies, func(a, b int) bool { return before(h.Copies[a].TID, h.Copies[b].TID) })
	sort.SliceStable(h.Revokes, func(a, b int) bool { return before(h.Revokes[a].TID, h.Revokes[b].TID) })
	sort.Slice(h.Commits, func(a, b int) bool { return before(h.Commits[a].TID, h.Commits[b].TID) })
	return h
}

// scanRevokes reads the revoke blocks of committed transactions. Only blocks that
// have a copy are kept.
func (j *Journal) scanRevokes(w *window, at []uint32, copies []Copy, times map[uint32]filesystem.Time) []Revoke {
	has := make(map[uint64]bool, len(copies))
	for _, c := range copies {
		has[c.Block] = true
	}
	seen := make(map[Revoke]bool)
	var out []Revoke
	for _, n := range at {
		b, err := w.block(n)
		if err != nil {
			continue
		}
		tid := binary.BigEndian.Uint32(b[8:])
		if _, ok := times[tid]; !ok {
			continue
		}
		_ = j.eachRevoke(b, func(block uint64) { // what does not fit gives none
			if r := (Revoke{tid, block}); has[block] && !seen[r] && len(out) < maxPending {
				seen[r] = true
				out = append(out, r)
			}
		})
	}
	return out
}

// before says whether transaction a is older than b; their numbers wrap.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// Read gives the content of a copy.
func (j *Journal) Read(c Copy) ([]byte, error) {
	b := make([]byte, j.bs)
	if err := j.read(b, c.at); err != nil {
		return nil, err
	}
	if !j.dataOK(c.tag, c.TID, b) {
		return nil, filesystem.Corrupt(fmt.Sprintf("journal block %d", c.at), "checksum mismatch")
	}
	if c.tag.flags&flagEscaped != 0 {
		binary.BigEndian.PutUint32(b, magic)
	}
	return b, nil
}
