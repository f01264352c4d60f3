package jbd2

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Result is what a replay gives.
type Result struct {
	// Transactions are those that a recovery applies, oldest first.
	Transactions []Transaction
	// Blocks holds the newest content of each block of the filesystem that they
	// write and that was not revoked after.
	Blocks map[uint64][]byte
	// Far are those that would take too much memory: [Journal.ReadFar] reads them.
	Far map[uint64]Far
	// Fast are the tags of the fast commits on top of the last transaction, in
	// order, up to the last good tail.
	Fast        []FastTag
	FastCommits int // those with a good tail
	// Problems says what ended the replay early or was left out.
	Problems []string
}

// Far says where in the journal the newest content of a block stands.
type Far struct {
	at      uint32
	escaped bool
}

// ReadFar reads a block into p.
func (j *Journal) ReadFar(p []byte, f Far) error {
	if err := j.read(p[:j.bs], f.at); err != nil {
		return err
	}
	if f.escaped {
		binary.BigEndian.PutUint32(p, magic)
	}
	return nil
}

// pending is a copy that the replay takes unless its block is revoked.
type pending struct {
	tag tag
	at  uint32 // block of the journal
	tid uint32
}

// replay is the state of a scan for what is to be recovered.
type replay struct {
	j       *Journal
	w       window
	res     *Result
	done    []pending
	revoked []pending // revoke blocks: only at and tid are set

	// Of the transaction being read.
	open    []pending
	revokes []pending
	suspect string // a checksum that failed: the transaction is stale or damaged
	crc     *crcV1
}

func (r *replay) problem(format string, args ...any) {
	r.res.Problems = append(r.res.Problems, fmt.Sprintf(format, args...))
}

// Replay finds what the recovery of the kernel would write. The kernel refuses to
// mount over some kinds of damage; here the replay ends before them. The only error is
// that of the context.
func (j *Journal) Replay(ctx context.Context) (*Result, error) {
	res := &Result{Blocks: make(map[uint64][]byte)}
	if j.badSum {
		res.Problems = append(res.Problems, "superblock: checksum mismatch; it is used all the same")
	}
	if j.start == 0 {
		return res, ctx.Err()
	}
	r := &replay{j: j, w: window{j: j, ctx: ctx}, res: res}
	if j.compat&compatChecksum != 0 {
		r.crc = newCRCV1()
	}
	end := r.scan()
	if len(r.open) > 0 && r.suspect == "" {
		r.problem("transaction %d has no commit block: it is left out, as a recovery does", end)
	}
	r.take()
	var why string
	if res.Fast, res.FastCommits, why = j.fastTags(ctx, end); why != "" {
		r.problem("%s", why)
	}
	if err := ctx.Err(); err != nil {
		return nil, err // what could not be read for it is no problem of the journal's
	}
	return res, nil
}

// scan goes through the log, transaction by transaction, and gives the first
// that is not to be applied.
func (r *replay) scan() uint32 {
	j, be := r.j, binary.BigEndian
	at, tid := j.start, j.sequence
	lastTime := uint64(0)
	// The log is not longer than itself: a scan that comes round ends.
	for left := j.last - j.first; left > 0; {
		b, err := r.w.block(at)
		if err != nil {
			r.problem("%v: the replay ends before transaction %d", err, tid)
			return tid
		}
		if be.Uint32(b) != magic || be.Uint32(b[8:]) != tid {
			return tid
		}
		where := at
		at, left = j.next(at), left-1
		switch be.Uint32(b[4:]) {
		case typeDescriptor:
			if !j.tailOK(b) && r.suspect == "" {
				r.suspect = fmt.Sprintf("descriptor block %d", where)
			}
			tags := j.tags(b)
			if len(r.done)+len(r.open)+len(tags) > maxPending {
				r.problem("more than %d copies to take: the replay ends before transaction %d", maxPending, tid)
				return tid
			}
			if uint32(len(tags)) > left {
				r.problem("transaction %d, descriptor block %d: more copies than the log has blocks; the replay ends before it", tid, where)
				return tid
			}
			if r.crc != nil {
				r.crc.add(b)
			}
			for _, t := range tags {
				if r.crc != nil {
					data, err := r.w.block(at)
					if err != nil {
						r.problem("%v: the replay ends before transaction %d", err, tid)
						return tid
					}
					r.crc.add(data)
				}
				r.open = append(r.open, pending{t, at, tid})
				at, left = j.next(at), left-1
			}
		case typeRevoke:
			if !j.tailOK(b) && r.suspect == "" {
				r.suspect = fmt.Sprintf("revoke block %d", where)
			}
			if err := j.eachRevoke(b, func(uint64) {}); err != nil {
				r.problem("transaction %d, revoke block %d: %v; the replay ends before it", tid, where, err)
				return tid
			}
			r.revokes = append(r.revokes, pending{at: where, tid: tid})
		case typeCommit:
			sec := be.Uint64(b[48:])
			if bad := r.badCommit(b, where); bad != "" {
				// A block of an older life of the log has an older time: then
				// nothing is wrong.
				if sec >= lastTime {
					r.problem("transaction %d, %s: checksum mismatch; the replay ends before it", tid, bad)
				}
				r.suspect = bad
				return tid
			}
			r.commit(Transaction{TID: tid, Time: commitTime(b), Blocks: len(r.open)})
			lastTime = sec
			tid++
		default:
			return tid
		}
	}
	return tid
}

// badCommit says which checksum of a transaction is wrong, or nothing.
func (r *replay) badCommit(b []byte, where uint32) string {
	if r.suspect != "" {
		return r.suspect
	}
	if r.crc != nil {
		typ, size, sum := b[12], b[13], binary.BigEndian.Uint32(b[16:])
		unused := typ == 0 && size == 0 && sum == 0
		if !unused && !(typ == 1 && size == 4 && sum == r.crc.sum) {
			return fmt.Sprintf("commit block %d", where)
		}
		return ""
	}
	if !r.j.commitOK(b) {
		return fmt.Sprintf("commit block %d", where)
	}
	return ""
}

// commit ends the transaction being read: it is to be applied.
func (r *replay) commit(t Transaction) {
	r.done = append(r.done, r.open...)
	r.revoked = append(r.revoked, r.revokes...)
	r.open, r.revokes = nil, nil
	if r.crc != nil {
		r.crc.sum = ^uint32(0)
	}
	r.res.Transactions = append(r.res.Transactions, t)
}

// revocation is the newest transaction that revokes a block, if one does.
type revocation struct {
	tid uint32
	is  bool
}

// take reads the copies that are not revoked by their own or a later transaction.
func (r *replay) take() {
	// Only of blocks that have a copy does it matter that they are revoked.
	revoked := make(map[uint64]revocation, len(r.done))
	for _, p := range r.done {
		revoked[p.tag.block] = revocation{}
	}
	for _, v := range r.revoked {
		b, err := r.w.block(v.at)
		if err != nil {
			r.problem("%v", err)
			continue
		}
		_ = r.j.eachRevoke(b, func(block uint64) { // was read before
			if _, ok := revoked[block]; ok {
				revoked[block] = revocation{v.tid, true}
			}
		})
	}
	for _, p := range r.done {
		if by := revoked[p.tag.block]; by.is && int32(by.tid-p.tid) >= 0 {
			continue
		}
		data, err := r.w.block(p.at)
		if r.w.ctx.Err() != nil {
			return
		}
		if err != nil {
			r.problem("%v", err)
			continue
		}
		if !r.j.dataOK(p.tag, p.tid, data) {
			r.problem("transaction %d, copy of block %d: checksum mismatch; not used", p.tid, p.tag.block)
			continue
		}
		escaped := p.tag.flags&flagEscaped != 0
		c, ok := r.res.Blocks[p.tag.block]
		if !ok && len(r.res.Blocks)*r.j.bs >= maxLoaded {
			if r.res.Far == nil {
				r.res.Far = make(map[uint64]Far)
			}
			r.res.Far[p.tag.block] = Far{p.at, escaped}
			continue
		}
		if !ok {
			c = make([]byte, len(data))
			r.res.Blocks[p.tag.block] = c
		}
		copy(c, data)
		if escaped {
			binary.BigEndian.PutUint32(c, magic)
		}
	}
}
