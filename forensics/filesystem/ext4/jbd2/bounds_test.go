package jbd2

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
)

// TestEscaped: a copy that began with the journal's own magic number has it again, whichever
// way it is read.
func TestEscaped(t *testing.T) {
	w := newBuilder(20, 1, 7, 0)
	w.write(7, 'a', 100, 101)
	tag := w.b[testBlock+12+6:] // of the first copy
	binary.BigEndian.PutUint16(tag, binary.BigEndian.Uint16(tag)|flagEscaped)
	clear(w.b[2*testBlock : 2*testBlock+4])
	w.commit(7, 1)
	j := w.open(t)
	want := map[uint64]uint32{100: magic, 101: 0x61616161}
	res := replayed(t, j)
	for _, c := range history(t, j).Copies {
		b, err := j.Read(c)
		if err != nil {
			t.Fatal(err)
		}
		far := make([]byte, testBlock)
		if err := j.ReadFar(far, Far{c.at, c.tag.flags&flagEscaped != 0}); err != nil {
			t.Fatal(err)
		}
		for how, b := range map[string][]byte{"history": b, "replay": res.Blocks[c.Block], "far": far} {
			if got := binary.BigEndian.Uint32(b); got != want[c.Block] || b[4] != 'a' {
				t.Errorf("block %d, %s: begins with %08x, want %08x", c.Block, how, got, want[c.Block])
			}
		}
	}
	if len(res.Blocks) != 2 {
		t.Errorf("%d blocks", len(res.Blocks))
	}
}

// TestCopiesClaimed: of a transaction whose commit still stands, the copies over which a
// later one wrote are not given.
func TestCopiesClaimed(t *testing.T) {
	w := newBuilder(12, 9, 7, incompatRevoke)
	w.write(7, 'a', 100, 101, 102, 103) // at 9 to 11, 1 and 2
	w.commit(7, 1)
	w.at = 1
	w.revoke(9, 100)
	w.commit(9, 2) // at 2; that of 7 stands behind it
	var got []uint64
	for _, c := range history(t, w.open(t)).Copies {
		got = append(got, c.Block)
	}
	if fmt.Sprint(got) != "[100 101]" {
		t.Errorf("copies of blocks %v, want those of 100 and 101", got)
	}
}

// TestRevokesOnce: a block that one transaction revokes twice is listed once, one that has no
// copy not at all.
func TestRevokesOnce(t *testing.T) {
	w := newBuilder(20, 1, 7, incompatRevoke)
	w.write(7, 'a', 100, 101)
	w.commit(7, 1)
	w.revoke(8, 100, 100, 200)
	w.revoke(8, 100)
	w.commit(8, 2)
	w.revoke(9, 100)
	w.commit(9, 3)
	w.revoke(10, 101) // never committed
	if got := fmt.Sprint(history(t, w.open(t)).Revokes); got != "[{8 100} {9 100}]" {
		t.Error(got)
	}
}

// TestHistoryBounded: a log of more copies than are listed says so.
func TestHistoryBounded(t *testing.T) {
	const perBlock = (testBlock - headerSize) / 8
	blocks := uint32(maxPending/perBlock + 200)
	w := newBuilder(blocks, 1, 7, 0)
	list := make([]uint32, perBlock)
	for w.at < blocks-perBlock-20 {
		at := w.at
		w.write(7, 'a', list...)
		w.at = at + 1 // the next descriptor stands where the copies were
	}
	w.commit(7, 1)
	h := history(t, w.open(t))
	if !h.Cut || len(h.Copies) != maxPending {
		t.Errorf("%d copies, cut %v", len(h.Copies), h.Cut)
	}
}

// claimed is a journal of any size, of which only the superblock is written.
type claimed struct{ super []byte }

func (c claimed) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(c.super)) {
		copy(p, c.super[off:])
	}
	return len(p), nil
}

// TestSizeBounded: a journal larger than any is refused, a large one not searched.
func TestSizeBounded(t *testing.T) {
	open := func(size int64) (*Journal, error) {
		super := bytes.Clone(newBuilder(20, 0, 7, 0).b[:testBlock])
		binary.BigEndian.PutUint32(super[16:], uint32(min(size/testBlock, 1<<31)))
		return Open(claimed{super}, size, testBlock)
	}
	if _, err := open(maxJournal + testBlock); !errors.Is(err, filesystem.ErrUnsupported) {
		t.Errorf("a journal of 16 GiB and a block: %v", err)
	}
	j, err := open(maxJournal)
	if err != nil {
		t.Fatal(err)
	}
	if h := history(t, j); !h.Cut || len(h.Copies) > 0 {
		t.Errorf("history of a log of %d blocks: %+v", j.last, h)
	}
}

// TestFar: what is more than a replay keeps in memory can be read from the journal.
func TestFar(t *testing.T) {
	const perBlock, more = (testBlock - headerSize) / 8, 300
	const count = maxLoaded/testBlock + more
	w := newBuilder(count+count/perBlock+100, 1, 7, 0)
	for n := uint32(0); n < count; {
		var list []uint32
		for ; n < count && len(list) < perBlock; n++ {
			list = append(list, n)
		}
		w.write(7, byte(n), list...)
	}
	w.commit(7, 1)
	j := w.open(t)
	res := replayed(t, j)
	if len(res.Blocks) != maxLoaded/testBlock || len(res.Far) != more {
		t.Fatalf("%d blocks in memory, %d not", len(res.Blocks), len(res.Far))
	}
	b := make([]byte, testBlock)
	for n, far := range res.Far {
		end := min((n/perBlock+1)*perBlock, count) // the fill is the number of the next transaction's first block
		if err := j.ReadFar(b, far); err != nil || b[0] != byte(end) || b[testBlock-1] != byte(end) {
			t.Fatalf("block %d: %x, want %x, %v", n, b[0], byte(end), err)
		}
	}
}

// TestCommitSums: the sum of a commit block counts over the whole block, or over its head
// with zeros behind it (jbd2_commit_block_csum_verify_partial).
func TestCommitSums(t *testing.T) {
	j := &Journal{incompat: incompatCsumV3, seed: 7, crc: newBuilder(20, 0, 7, 0).open(t).crc}
	b := make([]byte, testBlock)
	copy(b, "\xc0\x3b\x39\x98\x00\x00\x00\x02")
	b[50] = 9
	sum := j.crc32c(7, b)
	binary.BigEndian.PutUint32(b[16:], sum)
	if !j.commitOK(b) {
		t.Error("the sum over the whole block is not taken")
	}
	b[commitHeaderSize] = 1
	if !j.commitOK(b) {
		t.Error("the sum over the head is not taken")
	}
	b[commitHeaderSize-1] = 1
	if j.commitOK(b) {
		t.Error("a wrong sum is taken")
	}
}

// fastTag appends a tag of a fast commit.
func fastTag(b []byte, tag uint16, value ...byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, tag)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// TestFastTags reads areas of fast commits made by hand.
func TestFastTags(t *testing.T) {
	const tid = 8 // on top of transaction 7
	le := binary.LittleEndian
	u32 := func(v ...uint32) (b []byte) {
		for _, x := range v {
			b = le.AppendUint32(b, x)
		}
		return b
	}
	var sums *Journal
	// tail appends the tail of what stands in b from a byte on.
	tail := func(b []byte, from int, tid, spoil uint32) []byte {
		b = fastTag(b, fastTail, u32(tid, 0)...)
		n := len(b)
		le.PutUint32(b[n-4:], sums.crc32c(0, b[from:n-4])^spoil)
		return b
	}
	name := append(u32(2, 12), "name"...)
	head := func(features, tid uint32) []byte { return fastTag(nil, fastHead, u32(features, tid)...) }
	for _, c := range []struct {
		name    string
		area    func() []byte
		tags    int
		commits int
		problem string
	}{
		{"one commit", func() []byte { return tail(fastTag(head(0, tid), FastCreate, name...), 0, tid, 0) }, 1, 1, ""},
		{"padding is no change", func() []byte {
			return tail(fastTag(fastTag(head(0, tid), fastPad, 0, 0, 0, 0), FastLink, name...), 0, tid, 0)
		}, 1, 1, ""},
		{"two commits", func() []byte {
			b := tail(fastTag(head(0, tid), FastCreate, name...), 0, tid, 0)
			from := len(b)
			return tail(fastTag(b, FastUnlink, name...), from, tid, 0)
		}, 2, 2, ""},
		{"the second without a tail", func() []byte {
			return fastTag(tail(fastTag(head(0, tid), FastCreate, name...), 0, tid, 0), FastUnlink, name...)
		}, 1, 1, "without a tail"},
		{"the second with a wrong sum", func() []byte {
			b := tail(fastTag(head(0, tid), FastCreate, name...), 0, tid, 0)
			from := len(b)
			return tail(fastTag(b, FastUnlink, name...), from, tid, 1)
		}, 1, 1, "checksum mismatch"},
		{"of an older transaction", func() []byte { return tail(fastTag(head(0, tid-1), FastCreate, name...), 0, tid-1, 0) }, 0, 0, ""},
		{"of an older transaction, written over in part", func() []byte { return fastTag(head(0, tid-1), FastCreate, name...) }, 0, 0, ""},
		{"of a later transaction", func() []byte { return tail(fastTag(head(0, tid+1), FastCreate, name...), 0, tid+1, 0) }, 0, 0, ""},
		{"a tail of another transaction", func() []byte { return tail(fastTag(head(0, tid), FastCreate, name...), 0, tid-1, 0) }, 0, 0, ""},
		{"features", func() []byte { return tail(fastTag(head(4, tid), FastCreate, name...), 0, tid, 0) }, 0, 0, "features 0x4"},
		{"a name of no bytes", func() []byte { return tail(fastTag(head(0, tid), FastCreate, name[:8]...), 0, tid, 0) }, 0, 0, ""},
		{"a name of 256 bytes", func() []byte {
			return tail(fastTag(head(0, tid), FastCreate, append(u32(2, 12), bytes.Repeat([]byte("n"), 256)...)...), 0, tid, 0)
		}, 0, 0, ""},
		{"a range of 15 bytes", func() []byte { return tail(fastTag(head(0, tid), FastAddRange, make([]byte, 15)...), 0, tid, 0) }, 0, 0, ""},
		{"a tag that there is not", func() []byte { return tail(fastTag(head(0, tid), 10, 1), 0, tid, 0) }, 0, 0, ""},
		{"no head", func() []byte { return tail(fastTag(nil, FastCreate, name...), 0, tid, 0) }, 0, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newBuilder(24, 1, 7, incompatFastCommit)
			binary.BigEndian.PutUint32(w.b[0x54:], 4)
			w.max = 20
			w.write(7, 'a', 100)
			w.commit(7, 1)
			sums = w.open(t)
			copy(w.b[21*testBlock:], c.area())
			res := replayed(t, w.open(t))
			if len(res.Fast) != c.tags || res.FastCommits != c.commits || len(res.Transactions) != 1 {
				t.Errorf("%d tags of %d commits, %d transactions", len(res.Fast), res.FastCommits, len(res.Transactions))
			}
			if got := strings.Join(res.Problems, "\n"); c.problem == "" && got != "" || !strings.Contains(got, c.problem) {
				t.Errorf("problems %q, want %q", got, c.problem)
			}
		})
	}
}

// TestStaleBlocks: a block of an older life of the log ends a replay without a problem, one
// of the present life with a wrong sum is a problem.
func TestStaleBlocks(t *testing.T) {
	for sec, problems := range map[uint64]int{4: 0, 5: 1, 6: 1} {
		w := newBuilder(20, 1, 7, incompatCsumV3)
		be := binary.BigEndian
		w.b[0x50] = 4
		j := &Journal{incompat: incompatCsumV3, crc: newBuilder(20, 0, 7, 0).open(t).crc}
		j.seed = j.crc32c(^uint32(0), w.b[48:64])
		commit := func(tid uint32, sec uint64, spoil uint32) {
			w.commit(tid, sec)
			p := w.b[(w.at-1)*testBlock:][:testBlock]
			be.PutUint32(p[16:], j.crc32c(j.seed, p)^spoil)
		}
		commit(7, 5, 0)
		commit(8, sec, 1)
		be.PutUint32(w.b[0xfc:], j.crc32c(^uint32(0), w.b[:1024]))
		res := replayed(t, w.open(t))
		if len(res.Transactions) != 1 || len(res.Problems) != problems {
			t.Errorf("second %d: %d transactions, %q", sec, len(res.Transactions), res.Problems)
		}
	}
}

// TestReadFails: a copy that cannot be read, or has a wrong sum, gives an error that names
// the block.
func TestReadFails(t *testing.T) {
	w := newBuilder(20, 1, 7, 0)
	w.write(7, 'a', 100)
	w.commit(7, 1)
	j := w.open(t)
	c := history(t, j).Copies[0]
	j.r = bytes.NewReader(w.b[:2*testBlock+100])
	if _, err := j.Read(c); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "journal block 2") {
		t.Errorf("%v", err)
	}
	if _, err := j.Replay(context.Background()); err != nil {
		t.Errorf("%v", err)
	}
}
