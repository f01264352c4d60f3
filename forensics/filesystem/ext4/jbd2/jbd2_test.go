package jbd2

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
)

// builder makes journals without checksums, of 1,024-byte blocks.
type builder struct {
	b   []byte
	at  uint32
	max uint32
}

const testBlock = 1024

func newBuilder(blocks, start, tid, incompat uint32) *builder {
	be := binary.BigEndian
	w := &builder{b: make([]byte, blocks*testBlock), at: start, max: blocks}
	be.PutUint32(w.b, magic)
	be.PutUint32(w.b[4:], typeSuperV2)
	be.PutUint32(w.b[12:], testBlock)
	be.PutUint32(w.b[16:], blocks)
	be.PutUint32(w.b[20:], 1)
	be.PutUint32(w.b[24:], tid)
	be.PutUint32(w.b[28:], start)
	be.PutUint32(w.b[40:], incompat)
	return w
}

func (w *builder) next() []byte {
	p := w.b[w.at*testBlock:][:testBlock]
	clear(p)
	if w.at++; w.at >= w.max {
		w.at = 1
	}
	return p
}

func (w *builder) header(typ, tid uint32) []byte {
	p := w.next()
	binary.BigEndian.PutUint32(p, magic)
	binary.BigEndian.PutUint32(p[4:], typ)
	binary.BigEndian.PutUint32(p[8:], tid)
	return p
}

// write adds a transaction that fills each block with one byte.
func (w *builder) write(tid uint32, fill byte, blocks ...uint32) {
	be := binary.BigEndian
	p := w.header(typeDescriptor, tid)
	for i, n := range blocks {
		be.PutUint32(p[12+8*i:], n)
		flags := uint16(flagSameUUID)
		if i == len(blocks)-1 {
			flags |= flagLast
		}
		be.PutUint16(p[12+8*i+6:], flags)
	}
	for range blocks {
		copy(w.next(), bytes.Repeat([]byte{fill}, testBlock))
	}
}

func (w *builder) revoke(tid uint32, blocks ...uint32) {
	p := w.header(typeRevoke, tid)
	for i, n := range blocks {
		binary.BigEndian.PutUint32(p[16+4*i:], n)
	}
	binary.BigEndian.PutUint32(p[12:], uint32(16+4*len(blocks)))
}

func (w *builder) commit(tid uint32, sec uint64) {
	p := w.header(typeCommit, tid)
	binary.BigEndian.PutUint64(p[48:], sec)
}

func (w *builder) open(t testing.TB) *Journal {
	t.Helper()
	j, err := Open(bytes.NewReader(w.b), int64(len(w.b)), testBlock)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return j
}

func TestReplayRules(t *testing.T) {
	tests := []struct {
		name  string
		build func() *builder
		want  map[uint64]byte // block -> what fills it
		tids  int
	}{
		{"two transactions", func() *builder {
			w := newBuilder(20, 1, 7, 0)
			w.write(7, 'a', 100, 101)
			w.commit(7, 1)
			w.write(8, 'b', 101)
			w.commit(8, 2)
			return w
		}, map[uint64]byte{100: 'a', 101: 'b'}, 2},
		{"around the end of the log", func() *builder {
			w := newBuilder(12, 9, 7, 0)
			w.write(7, 'a', 100, 101, 102, 103)
			w.commit(7, 1)
			w.write(8, 'b', 104)
			w.commit(8, 2)
			return w
		}, map[uint64]byte{100: 'a', 101: 'a', 102: 'a', 103: 'a', 104: 'b'}, 2},
		{"numbers that wrap", func() *builder {
			w := newBuilder(20, 1, 0xffffffff, incompatRevoke)
			w.write(0xffffffff, 'a', 100, 101)
			w.commit(0xffffffff, 1)
			w.revoke(0, 101)
			w.write(0, 'b', 102)
			w.commit(0, 2)
			return w
		}, map[uint64]byte{100: 'a', 102: 'b'}, 2},
		{"revoked by its own transaction", func() *builder {
			w := newBuilder(20, 1, 7, incompatRevoke)
			w.revoke(7, 100)
			w.write(7, 'a', 100, 101)
			w.commit(7, 1)
			return w
		}, map[uint64]byte{101: 'a'}, 1},
		{"written again after a revoke", func() *builder {
			w := newBuilder(20, 1, 7, incompatRevoke)
			w.write(7, 'a', 100)
			w.commit(7, 1)
			w.revoke(8, 100)
			w.commit(8, 2)
			w.write(9, 'c', 100)
			w.commit(9, 3)
			return w
		}, map[uint64]byte{100: 'c'}, 3},
		{"revoked by a transaction that was not committed", func() *builder {
			w := newBuilder(20, 1, 7, incompatRevoke)
			w.write(7, 'a', 100)
			w.commit(7, 1)
			w.revoke(8, 100)
			return w
		}, map[uint64]byte{100: 'a'}, 1},
		{"a gap in the numbers", func() *builder {
			w := newBuilder(20, 1, 7, 0)
			w.write(7, 'a', 100)
			w.commit(7, 1)
			w.write(9, 'b', 101)
			w.commit(9, 2)
			return w
		}, map[uint64]byte{100: 'a'}, 1},
		{"nothing to recover", func() *builder {
			w := newBuilder(20, 0, 7, 0)
			w.at = 1
			w.write(7, 'a', 100)
			w.commit(7, 1)
			return w
		}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := replayed(t, tt.build().open(t))
			if len(res.Transactions) != tt.tids || len(res.Blocks) != len(tt.want) {
				t.Errorf("%d transactions and %d blocks, want %d and %d", len(res.Transactions), len(res.Blocks), tt.tids, len(tt.want))
			}
			for n, fill := range tt.want {
				if b := res.Blocks[n]; len(b) != testBlock || b[0] != fill || b[testBlock-1] != fill {
					t.Errorf("block %d: %.4q, want %q", n, b, fill)
				}
			}
		})
	}
}

// TestCopiesWrittenOver: a log that began anew writes over the copies of a
// descriptor that stands near its end.
func TestCopiesWrittenOver(t *testing.T) {
	w := newBuilder(12, 9, 7, 0)
	w.write(7, 'a', 100, 101, 102, 103)
	w.commit(7, 1)
	w.at = 1
	w.write(9, 'b', 104)
	w.commit(9, 2)
	var got []uint64
	j := w.open(t)
	for _, c := range history(t, j).Copies {
		got = append(got, c.Block)
	}
	// Of transaction 7 the commit block is gone with the rest.
	if len(got) != 1 || got[0] != 104 {
		t.Errorf("copies of blocks %v, want those of transaction 9 alone", got)
	}
	first, last := history(t, j).Times()
	if first.Sec != 2 || last.Sec != 2 {
		t.Errorf("commit times %v to %v", first, last)
	}
}

func TestOpenRefuses(t *testing.T) {
	put := func(at int, v uint32) func(b []byte) {
		return func(b []byte) { binary.BigEndian.PutUint32(b[at:], v) }
	}
	tests := []struct {
		name        string
		spoil       func(b []byte)
		unsupported bool
		want        string
	}{
		{"magic", put(0, 1), false, "no magic number"},
		{"type", put(4, typeCommit), false, "block type 2"},
		{"block size", put(12, 4096), false, "block size 4096"},
		{"too long", put(16, 1<<20), false, "1048576 blocks"},
		{"log begins at its superblock", put(20, 0), false, "log from block 0"},
		{"start outside", put(28, 40), false, "beginning at 40"},
		{"unknown feature", put(40, 0x80), true, "0x80"},
		{"two kinds of checksums", put(40, incompatCsumV2|incompatCsumV3), false, "two kinds"},
		{"fast commit area over all", func(b []byte) { put(40, incompatFastCommit)(b); put(0x54, 20)(b) }, false, "20 fast commit blocks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newBuilder(20, 1, 7, 0)
			tt.spoil(w.b)
			_, err := Open(bytes.NewReader(w.b), int64(len(w.b)), testBlock)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			var bad *filesystem.CorruptError
			if errors.Is(err, filesystem.ErrUnsupported) != tt.unsupported || errors.As(err, &bad) == tt.unsupported {
				t.Errorf("error %v is of the wrong kind", err)
			}
		})
	}
}

// FuzzReplay: whatever the journal says, reading it ends, in bounded memory.
func FuzzReplay(f *testing.F) {
	a := newBuilder(20, 1, 7, incompatRevoke)
	a.write(7, 'a', 100, 101)
	a.commit(7, 1)
	a.revoke(8, 101)
	a.write(8, 'b', 102)
	a.commit(8, 2)
	f.Add(a.b)
	b := newBuilder(12, 9, 7, 0)
	b.write(7, 'a', 100, 101, 102, 103)
	b.commit(7, 1)
	f.Add(b.b)
	c := newBuilder(24, 1, 7, incompatFastCommit)
	binary.BigEndian.PutUint32(c.b[0x54:], 4)
	c.max = 20
	c.write(7, 'a', 100)
	c.commit(7, 1)
	copy(c.b[21*testBlock:], "\x09\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00\x06\x00\x84\x00")
	f.Add(c.b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		j, err := Open(bytes.NewReader(b), int64(len(b)), testBlock)
		if err != nil {
			return
		}
		res := replayed(t, j)
		if len(res.Blocks) > len(b)/testBlock {
			t.Errorf("%d blocks from a journal of %d", len(res.Blocks), len(b)/testBlock)
		}
		for _, c := range history(t, j).Copies {
			_, _ = j.Read(c)
		}
		_ = history(t, j).Revokes
		history(t, j).Times()
	})
}

// replayed replays a journal.
func replayed(t testing.TB, j *Journal) *Result {
	t.Helper()
	res, err := j.Replay(context.Background())
	if err != nil {
		t.Fatalf("replay: %v", err)
	}
	return res
}

// history reads the whole log.
func history(t testing.TB, j *Journal) *History {
	t.Helper()
	h, err := j.History(context.Background())
	if err != nil {
		t.Fatalf("history: %v", err)
	}
	return h
}

// cancelling is a journal whose reader ends the context at one of its reads.
type cancelling struct {
	*bytes.Reader
	cancel func()
	left   int // reads until then
	after  int // reads since
}

func (c *cancelling) ReadAt(p []byte, off int64) (int, error) {
	if c.left--; c.left == 0 {
		c.cancel()
	}
	if c.left < 0 {
		c.after++
	}
	return c.Reader.ReadAt(p, off)
}

// TestCancelled: a context that ends while a journal is read ends the reading, and the
// next one with a context of its own begins anew.
func TestCancelled(t *testing.T) {
	w := newBuilder(20_000, 1, 7, incompatRevoke)
	for tid := uint32(7); tid < 2000; tid++ {
		w.write(tid, 'a', tid, tid+1, tid+2)
		w.revoke(tid, tid+1)
		w.commit(tid, uint64(tid))
	}
	for _, c := range []struct {
		name string
		read func(context.Context, *Journal) error
		sane func(*Journal) bool
	}{
		{"replay", func(ctx context.Context, j *Journal) error { _, err := j.Replay(ctx); return err }, func(j *Journal) bool {
			return len(replayed(t, j).Transactions) == 1993
		}},
		{"history", func(ctx context.Context, j *Journal) error { _, err := j.History(ctx); return err }, func(j *Journal) bool {
			return len(history(t, j).Commits) == 1993
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, at := range []int{2, 40, 60, 100} {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				r := &cancelling{Reader: bytes.NewReader(w.b), cancel: cancel, left: at}
				j, err := Open(r, int64(len(w.b)), testBlock)
				if err != nil {
					t.Fatal(err)
				}
				if err := c.read(ctx, j); !errors.Is(err, context.Canceled) {
					t.Fatalf("cancelled at read %d: error %v", at, err)
				}
				if r.after > 1 {
					t.Errorf("%d reads after the context ended at read %d", r.after, at)
				}
				if !c.sane(j) {
					t.Errorf("cancelled at read %d: what is read next is not whole", at)
				}
			}
		})
	}
}
