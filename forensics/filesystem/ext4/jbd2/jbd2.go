// Package jbd2 reads the journal of an ext3 or ext4 filesystem: which blocks the
// committed transactions would write, and which older copies of blocks still
// stand in it.
//
// The format is that of include/linux/jbd2.h; the order of recovery that of
// fs/jbd2/recovery.c: a scan for the last good commit, a pass for the revoked
// blocks, a pass that takes the blocks. All numbers are big-endian. Nothing is
// written. Memory is bounded by the size of the journal.
package jbd2

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sort"

	"icecore/forensics/filesystem"
)

const (
	magic = 0xc03b3998

	typeDescriptor = 1
	typeCommit     = 2
	typeSuperV1    = 3
	typeSuperV2    = 4
	typeRevoke     = 5

	flagEscaped  = 1
	flagSameUUID = 2
	flagDeleted  = 4
	flagLast     = 8

	compatChecksum = 1

	incompatRevoke     = 0x01
	incompat64bit      = 0x02
	incompatAsync      = 0x04
	incompatCsumV2     = 0x08
	incompatCsumV3     = 0x10
	incompatFastCommit = 0x20
	incompatKnown      = incompatRevoke | incompat64bit | incompatAsync | incompatCsumV2 | incompatCsumV3 | incompatFastCommit

	defaultFastBlocks = 256
	maxJournal        = 4 << 30 // bytes; mke2fs makes at most 1 GiB
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func crc32c(crc uint32, p []byte) uint32 { return ^crc32.Update(^crc, castagnoli, p) }

// Journal is an opened journal.
type Journal struct {
	r        io.ReaderAt
	bs       int
	first    uint32 // first block of the log
	last     uint32 // block after the log's last
	maxlen   uint32 // blocks with the fast commit area
	sequence uint32 // first transaction to recover
	start    uint32 // its block, 0 if there is nothing to recover
	compat   uint32
	incompat uint32
	seed     uint32

	scanned  bool
	copies   []Copy
	commits  []Commit
	firstSeq uint32
}

// Commit is a transaction whose commit block was found.
type Commit struct {
	TID  uint32
	Time filesystem.Time
}

// Copy is an older or newer state of one filesystem block, found in the journal.
type Copy struct {
	TID   uint32
	Time  filesystem.Time // of the commit; not known if its block is gone
	Block uint64          // of the filesystem
	at    uint32          // block of the journal
	tag   tag
}

// Result is what a replay gives.
type Result struct {
	Transactions int
	Blocks       map[uint64][]byte // newest content of each block written
	FastCommits  int               // fast commit blocks that would be replayed after that
	Problems     []string
}

// Open reads the journal's superblock. size is the size of the journal in bytes,
// bs the block size of the filesystem.
func Open(r io.ReaderAt, size int64, bs int) (*Journal, error) {
	be := binary.BigEndian
	if bs < 1024 || size < 2*int64(bs) {
		return nil, fmt.Errorf("journal of %d bytes", size)
	}
	if size > maxJournal {
		return nil, fmt.Errorf("journal of %d bytes: more than %d", size, int64(maxJournal))
	}
	sb := make([]byte, 1024)
	if n, err := r.ReadAt(sb, 0); n < len(sb) {
		return nil, fmt.Errorf("journal superblock: %w", err)
	}
	if be.Uint32(sb) != magic {
		return nil, filesystem.Corrupt("journal superblock", "no magic number")
	}
	typ := be.Uint32(sb[4:])
	if typ != typeSuperV1 && typ != typeSuperV2 {
		return nil, filesystem.Corrupt("journal superblock", "block type %d", typ)
	}
	j := &Journal{r: r, bs: bs, maxlen: be.Uint32(sb[16:]), first: be.Uint32(sb[20:]), sequence: be.Uint32(sb[24:]), start: be.Uint32(sb[28:])}
	if got := be.Uint32(sb[12:]); int(got) != bs {
		return nil, filesystem.Corrupt("journal superblock", "block size %d in a filesystem of %d", got, bs)
	}
	if int64(j.maxlen)*int64(bs) > size {
		return nil, filesystem.Corrupt("journal superblock", "%d blocks in a journal of %d bytes", j.maxlen, size)
	}
	j.last = j.maxlen
	if typ == typeSuperV2 {
		j.compat, j.incompat = be.Uint32(sb[36:]), be.Uint32(sb[40:])
		if unknown := j.incompat &^ incompatKnown; unknown != 0 {
			return nil, fmt.Errorf("journal: incompatible features 0x%x: %w", unknown, filesystem.ErrUnsupported)
		}
		if j.v23() {
			j.seed = crc32c(^uint32(0), sb[48:64])
			sum := be.Uint32(sb[0xfc:])
			be.PutUint32(sb[0xfc:], 0)
			if crc32c(^uint32(0), sb) != sum {
				return nil, filesystem.Corrupt("journal superblock", "checksum mismatch")
			}
		}
		if j.incompat&incompatFastCommit != 0 {
			n := be.Uint32(sb[0x54:])
			if n == 0 {
				n = defaultFastBlocks
			}
			if n >= j.maxlen {
				return nil, filesystem.Corrupt("journal superblock", "%d fast commit blocks of %d", n, j.maxlen)
			}
			j.last -= n
		}
	}
	if j.first == 0 || j.first >= j.last || j.start != 0 && (j.start < j.first || j.start >= j.last) {
		return nil, filesystem.Corrupt("journal superblock", "log from block %d, beginning at %d, of %d blocks", j.first, j.start, j.last)
	}
	return j, nil
}

func (j *Journal) v23() bool { return j.incompat&(incompatCsumV2|incompatCsumV3) != 0 }

func (j *Journal) read(p []byte, block uint32) error {
	n, err := j.r.ReadAt(p, int64(block)*int64(j.bs))
	if n < len(p) {
		return fmt.Errorf("journal block %d: %w", block, err)
	}
	return nil
}

// next is the block after block b of the circular log.
func (j *Journal) next(b uint32) uint32 {
	if b++; b >= j.last {
		b = j.first
	}
	return b
}

// tag is an entry of a descriptor block.
type tag struct {
	block uint64
	flags uint32
	sum   uint32
}

// tags reads the tags of a descriptor block (journal_block_tag_t and
// journal_block_tag3_t).
func (j *Journal) tags(b []byte) []tag {
	be := binary.BigEndian
	size := 8
	switch {
	case j.incompat&incompatCsumV3 != 0:
		size = 16
	default:
		if j.incompat&incompat64bit != 0 {
			size += 4
		}
		if j.incompat&incompatCsumV2 != 0 {
			size += 2 // the kernel adds a __u16 and does not count it in the 12
		}
	}
	end := len(b)
	if j.v23() {
		end -= 4
	}
	var out []tag
	for at := 12; at+size <= end; {
		t := tag{block: uint64(be.Uint32(b[at:]))}
		if j.incompat&incompatCsumV3 != 0 {
			t.flags, t.sum = be.Uint32(b[at+4:]), be.Uint32(b[at+12:])
			t.block |= uint64(be.Uint32(b[at+8:])) << 32
		} else {
			t.sum, t.flags = uint32(be.Uint16(b[at+4:])), uint32(be.Uint16(b[at+6:]))
			if j.incompat&incompat64bit != 0 {
				t.block |= uint64(be.Uint32(b[at+8:])) << 32
			}
		}
		at += size
		if t.flags&flagSameUUID == 0 {
			at += 16
		}
		out = append(out, t)
		if t.flags&flagLast != 0 {
			break
		}
	}
	return out
}

// tailOK verifies the checksum at the end of a descriptor or revoke block.
func (j *Journal) tailOK(b []byte) bool {
	if !j.v23() {
		return true
	}
	n := len(b) - 4
	crc := crc32c(j.seed, b[:n])
	return crc32c(crc, []byte{0, 0, 0, 0}) == binary.BigEndian.Uint32(b[n:])
}

// commitOK verifies the checksum of a commit block of format v2 and v3.
func (j *Journal) commitOK(b []byte) bool {
	if !j.v23() {
		return true
	}
	crc := crc32c(j.seed, b[:16])
	crc = crc32c(crc, []byte{0, 0, 0, 0})
	return crc32c(crc, b[20:]) == binary.BigEndian.Uint32(b[16:])
}

func (j *Journal) dataOK(t tag, tid uint32, data []byte) bool {
	if !j.v23() {
		return true
	}
	var seq [4]byte
	binary.BigEndian.PutUint32(seq[:], tid)
	crc := crc32c(crc32c(j.seed, seq[:]), data)
	if j.incompat&incompatCsumV3 != 0 {
		return crc == t.sum
	}
	return crc&0xffff == t.sum
}

func commitTime(b []byte) filesystem.Time {
	sec, nsec := binary.BigEndian.Uint64(b[48:]), binary.BigEndian.Uint32(b[56:])
	if sec == 0 || sec > 1<<34 || nsec > 999_999_999 {
		return filesystem.Time{}
	}
	return filesystem.Unix(int64(sec), int32(nsec))
}

// pending is a data block that a transaction of the replay writes.
type pending struct {
	tag tag
	at  uint32
	tid uint32
}

// Replay finds what the recovery of the kernel would write.
func (j *Journal) Replay() *Result {
	res := &Result{Blocks: make(map[uint64][]byte)}
	if j.start == 0 {
		return res
	}
	be := binary.BigEndian
	b := make([]byte, j.bs)
	data := make([]byte, j.bs)
	revoked := make(map[uint64]uint32)
	var done, open []pending
	var openRevokes []uint64
	crcV1 := ^uint32(0)
	at, tid := j.start, j.sequence
	problem := func(format string, args ...any) { res.Problems = append(res.Problems, fmt.Sprintf(format, args...)) }
	used := uint32(0) // blocks passed; the log is not longer than itself
	step := func() { at = j.next(at); used++ }
scan:
	for used <= j.last-j.first {
		if err := j.read(b, at); err != nil {
			problem("%v", err)
			break
		}
		if be.Uint32(b) != magic || be.Uint32(b[8:]) != tid {
			break
		}
		where := at
		switch be.Uint32(b[4:]) {
		case typeDescriptor:
			if !j.tailOK(b) {
				problem("transaction %d, descriptor block %d: checksum mismatch; the replay ends before it", tid, where)
				break scan
			}
			if j.compat&compatChecksum != 0 {
				crcV1 = crcBE(crcV1, b)
			}
			tags := j.tags(b)
			step()
			for _, t := range tags {
				if used > j.last-j.first {
					problem("transaction %d: longer than the log", tid)
					break scan
				}
				if j.compat&compatChecksum != 0 {
					if err := j.read(data, at); err != nil {
						problem("%v", err)
						break scan
					}
					crcV1 = crcBE(crcV1, data)
				}
				open = append(open, pending{t, at, tid})
				step()
			}
			continue
		case typeRevoke:
			if !j.tailOK(b) {
				problem("transaction %d, revoke block %d: checksum mismatch; the replay ends before it", tid, where)
				break scan
			}
			openRevokes = append(openRevokes, j.revokes(b)...)
		case typeCommit:
			if !j.commitOK(b) {
				problem("transaction %d, commit block %d: checksum mismatch; the replay ends before it", tid, where)
				break scan
			}
			if j.compat&compatChecksum != 0 && b[12] == 1 && b[13] == 4 && be.Uint32(b[16:]) != crcV1 {
				problem("transaction %d: checksum mismatch; the replay ends before it", tid)
				break scan
			}
			for _, r := range openRevokes {
				revoked[r] = tid
			}
			done = append(done, open...)
			open, openRevokes, crcV1 = open[:0:0], nil, ^uint32(0)
			res.Transactions++
			tid++
		default:
			break scan
		}
		step()
	}
	if len(open) > 0 {
		problem("transaction %d was not committed when the image was taken: it is left out", tid)
	}
	for _, p := range done {
		if r, ok := revoked[p.tag.block]; ok && int32(r-p.tid) >= 0 {
			continue
		}
		if p.tag.flags&flagDeleted != 0 {
			continue
		}
		if err := j.read(data, p.at); err != nil {
			problem("%v", err)
			continue
		}
		if !j.dataOK(p.tag, p.tid, data) {
			problem("transaction %d, copy of block %d: checksum mismatch; not used", p.tid, p.tag.block)
			continue
		}
		c := append([]byte(nil), data...)
		if p.tag.flags&flagEscaped != 0 {
			be.PutUint32(c, magic)
		}
		res.Blocks[p.tag.block] = c
	}
	res.FastCommits = j.fastCommits(tid)
	return res
}

func (j *Journal) revokes(b []byte) []uint64 {
	be := binary.BigEndian
	size := 4
	if j.incompat&incompat64bit != 0 {
		size = 8
	}
	end := min(int(be.Uint32(b[12:])), len(b))
	if j.v23() {
		end = min(end, len(b)-4)
	}
	var out []uint64
	for at := 16; at+size <= end; at += size {
		if size == 8 {
			out = append(out, be.Uint64(b[at:]))
		} else {
			out = append(out, uint64(be.Uint32(b[at:])))
		}
	}
	return out
}

// fastCommits counts the blocks of the fast commit area that hold commits on top
// of transaction tid-1 (fs/ext4/fast_commit.h: a HEAD tag with features and tid).
func (j *Journal) fastCommits(tid uint32) int {
	if j.incompat&incompatFastCommit == 0 || j.last == j.maxlen {
		return 0
	}
	b := make([]byte, j.bs)
	if j.read(b, j.last) != nil {
		return 0
	}
	le := binary.LittleEndian
	const tagHead = 9
	if le.Uint16(b) != tagHead || le.Uint16(b[2:]) != 8 || le.Uint32(b[8:]) != tid {
		return 0
	}
	n := 1
	for blk := j.last + 1; blk < j.maxlen; blk++ {
		if j.read(b, blk) != nil || le.Uint16(b) == 0 || le.Uint16(b) > tagHead {
			break
		}
		n++
	}
	return n
}

// crcBE is the CRC-32 with big-endian bit order that format v1 uses (crc32_be).
func crcBE(crc uint32, p []byte) uint32 {
	for _, c := range p {
		crc = crc<<8 ^ beTable[byte(crc>>24)^c]
	}
	return crc
}

var beTable = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			if c&0x80000000 != 0 {
				c = c<<1 ^ 0x04c11db7
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()

// scan reads the whole log for descriptor and commit blocks, also those of
// transactions that were written back long ago.
func (j *Journal) scan() {
	if j.scanned {
		return
	}
	j.scanned = true
	be := binary.BigEndian
	b := make([]byte, j.bs)
	times := make(map[uint32]filesystem.Time)
	for at := j.first; at < j.last; at++ {
		if j.read(b, at) != nil || be.Uint32(b) != magic {
			continue
		}
		tid := be.Uint32(b[8:])
		switch be.Uint32(b[4:]) {
		case typeDescriptor:
			if !j.tailOK(b) {
				continue
			}
			pos := at
			for _, t := range j.tags(b) {
				if pos = j.next(pos); len(j.copies) < int(j.last) {
					j.copies = append(j.copies, Copy{TID: tid, Block: t.block, at: pos, tag: t})
				}
			}
		case typeCommit:
			if j.commitOK(b) {
				times[tid] = commitTime(b)
			}
		}
	}
	kept := j.copies[:0]
	for _, c := range j.copies {
		if t, ok := times[c.TID]; ok {
			c.Time = t
			kept = append(kept, c)
		}
	}
	j.copies = kept
	sort.SliceStable(j.copies, func(a, b int) bool { return int32(j.copies[a].TID-j.copies[b].TID) < 0 })
	for tid, t := range times {
		j.commits = append(j.commits, Commit{tid, t})
	}
	sort.Slice(j.commits, func(a, b int) bool { return int32(j.commits[a].TID-j.commits[b].TID) < 0 })
}

// Copies gives every copy of a filesystem block that a committed transaction
// left in the journal and that still passes its checksum or may do so, oldest
// transaction first.
func (j *Journal) Copies() []Copy { j.scan(); return j.copies }

// Commits gives the transactions whose commit block was found, oldest first.
func (j *Journal) Commits() []Commit { j.scan(); return j.commits }

// Read gives the content of a copy, or an error if it has been written over.
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

// Sequence is the first transaction that a recovery would replay.
func (j *Journal) Sequence() uint32 { return j.sequence }

// CommitTimes gives the times of the oldest and newest transaction found.
func (j *Journal) CommitTimes() (first, last filesystem.Time) {
	for _, c := range j.Commits() {
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
