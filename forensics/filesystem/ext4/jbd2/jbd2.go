// Package jbd2 reads the journal of an ext3 or ext4 filesystem: which blocks a
// recovery would write, and which older copies of blocks still stand in it.
//
// The format is that of include/linux/jbd2.h and, for fast commits, of
// fs/ext4/fast_commit.h. [Journal.Replay] follows fs/jbd2/recovery.c: a scan for
// the last good commit, a pass for the revoked blocks, a pass that takes the
// blocks. [Journal.History] looks at the whole log instead, also at transactions
// that were written back long ago and that no recovery would read.
//
// The package knows nothing of what the blocks mean. It only reads. Every byte is
// taken to be hostile: what does not fit ends the replay there, as a torn write
// would, and is reported. Memory is bounded: by the size of the journal, by 64 MiB for
// blocks that are replayed (the others are read when they are needed), and by about
// 100 MiB for the lists of what stands where.
package jbd2

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"icecore/forensics/filesystem"
)

const (
	magic = 0xc03b3998 // of every block that is not a copy; big-endian

	typeDescriptor = 1
	typeCommit     = 2
	typeSuperV1    = 3
	typeSuperV2    = 4
	typeRevoke     = 5

	flagEscaped  = 1 // the copy began with the magic number, which was zeroed
	flagSameUUID = 2
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
	headerSize        = 12
	commitHeaderSize  = 60       // struct commit_header
	maxJournal        = 16 << 30 // bytes; mke2fs(8) makes 1 GiB at most unless asked for more

	maxLoaded  = 64 << 20 // bytes of blocks that a replay keeps in memory
	maxPending = 1 << 20  // copies that a replay takes, and copies and revokes that are listed
	maxHistory = 1 << 22  // blocks of a log that is searched for older copies
	maxFast    = 32 << 20 // bytes of tags of fast commits
	maxTags    = 1 << 19
)

// Journal is an opened journal. It is safe for concurrent use.
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
	seed     uint32 // of checksums v2 and v3
	badSum   bool   // of the superblock
	crc      *crc32.Table

	scanning chan struct{} // holds a value while the log is read for hist
	hist     *History
}

// Transaction is a transaction whose commit block was found.
type Transaction struct {
	TID    uint32
	Time   filesystem.Time // of the commit
	Blocks int             // blocks it writes, as far as its descriptors still stand
}

// Open reads the journal's superblock. size is the size of the journal in bytes,
// bs the block size of the filesystem.
func Open(r io.ReaderAt, size int64, bs int) (*Journal, error) {
	const what = "journal superblock"
	be := binary.BigEndian
	if bs < 1024 || bs > 1<<16 || size < 2*int64(bs) {
		return nil, filesystem.Corrupt("journal", "%d bytes in blocks of %d", size, bs)
	}
	if size > maxJournal {
		return nil, fmt.Errorf("journal of %d bytes, more than %d: %w", size, int64(maxJournal), filesystem.ErrUnsupported)
	}
	sb := make([]byte, 1024)
	if n, err := r.ReadAt(sb, 0); n < len(sb) {
		return nil, fmt.Errorf("%s: %w", what, short(err))
	}
	if be.Uint32(sb) != magic {
		return nil, filesystem.Corrupt(what, "no magic number")
	}
	typ := be.Uint32(sb[4:])
	if typ != typeSuperV1 && typ != typeSuperV2 {
		return nil, filesystem.Corrupt(what, "block type %d", typ)
	}
	j := &Journal{
		r: r, bs: bs, maxlen: be.Uint32(sb[16:]), first: be.Uint32(sb[20:]), sequence: be.Uint32(sb[24:]), start: be.Uint32(sb[28:]),
		crc: crc32.MakeTable(crc32.Castagnoli), scanning: make(chan struct{}, 1),
	}
	if got := be.Uint32(sb[12:]); int64(got) != int64(bs) {
		return nil, filesystem.Corrupt(what, "block size %d in a filesystem of %d", got, bs)
	}
	if int64(j.maxlen)*int64(bs) > size {
		return nil, filesystem.Corrupt(what, "%d blocks in a journal of %d bytes", j.maxlen, size)
	}
	j.last = j.maxlen
	if typ == typeSuperV2 {
		if err := j.features(sb); err != nil {
			return nil, err
		}
	}
	if j.first == 0 || j.first >= j.last || j.start != 0 && (j.start < j.first || j.start >= j.last) {
		return nil, filesystem.Corrupt(what, "log from block %d, beginning at %d, of %d blocks", j.first, j.start, j.last)
	}
	return j, nil
}

// features reads what only a superblock of version 2 has.
func (j *Journal) features(sb []byte) error {
	const what = "journal superblock"
	be := binary.BigEndian
	j.compat, j.incompat = be.Uint32(sb[36:]), be.Uint32(sb[40:])
	if unknown := j.incompat &^ incompatKnown; unknown != 0 {
		return fmt.Errorf("journal: incompatible features 0x%x: %w", unknown, filesystem.ErrUnsupported)
	}
	if kinds := j.incompat & (incompatCsumV2 | incompatCsumV3); kinds == incompatCsumV2|incompatCsumV3 || kinds != 0 && j.compat&compatChecksum != 0 {
		return filesystem.Corrupt(what, "two kinds of checksums at once")
	}
	if j.v23() {
		if typ := sb[0x50]; typ != 4 { // JBD2_CRC32C_CHKSUM
			return fmt.Errorf("journal: checksum type %d: %w", typ, filesystem.ErrUnsupported)
		}
		j.seed = j.crc32c(^uint32(0), sb[48:64])
		sum := be.Uint32(sb[0xfc:])
		be.PutUint32(sb[0xfc:], 0)
		if j.crc32c(^uint32(0), sb) != sum {
			// The transactions have checksums of their own: they are read all the same,
			// so that one wrong bit does not hide what only the journal knows.
			j.badSum = true
		}
	}
	if j.incompat&incompatFastCommit != 0 {
		n := be.Uint32(sb[0x54:])
		if n == 0 {
			n = defaultFastBlocks
		}
		if n >= j.maxlen {
			return filesystem.Corrupt(what, "%d fast commit blocks of %d", n, j.maxlen)
		}
		j.last -= n
	}
	return nil
}

// Sequence is the first transaction that a recovery would replay.
func (j *Journal) Sequence() uint32 { return j.sequence }

// Dirty says whether there is anything to recover.
func (j *Journal) Dirty() bool { return j.start != 0 }

// FastCommits says whether the journal may hold fast commits.
func (j *Journal) FastCommits() bool { return j.incompat&incompatFastCommit != 0 }

// crc32c continues a CRC-32C as the kernel's crc32c() does: without inverting at
// the beginning or the end.
func (j *Journal) crc32c(crc uint32, p []byte) uint32 { return ^crc32.Update(^crc, j.crc, p) }

func (j *Journal) v23() bool { return j.incompat&(incompatCsumV2|incompatCsumV3) != 0 }

func (j *Journal) read(p []byte, block uint32) error {
	n, err := j.r.ReadAt(p, int64(block)*int64(j.bs))
	if n < len(p) {
		return fmt.Errorf("journal block %d: %w", block, short(err))
	}
	return nil
}

func short(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// window reads the journal forward in large pieces.
type window struct {
	j     *Journal
	ctx   context.Context
	buf   []byte
	first uint32 // block at which buf begins
	count uint32 // blocks in buf
}

const windowSize = 1 << 18

// block gives a block. It stays as it is until the next call.
func (w *window) block(n uint32) ([]byte, error) {
	bs := w.j.bs
	if n < w.first || n >= w.first+w.count {
		if w.buf == nil {
			w.buf = make([]byte, max(windowSize, bs))
		}
		w.first, w.count = n, 0
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		want := min(int64(len(w.buf)/bs), int64(w.j.maxlen)-int64(n))
		if want <= 0 {
			return nil, fmt.Errorf("journal block %d: %w", n, io.ErrUnexpectedEOF)
		}
		if err := w.j.read(w.buf[:want*int64(bs)], n); err != nil {
			// One bad block must not hide its neighbours.
			if err := w.j.read(w.buf[:bs], n); err != nil {
				return nil, err
			}
			want = 1
		}
		w.count = uint32(want)
	}
	return w.buf[int(n-w.first)*bs:][:bs], nil
}

// next is the block after block b of the circular log.
func (j *Journal) next(b uint32) uint32 {
	if b++; b >= j.last {
		b = j.first
	}
	return b
}

// tag is an entry of a descriptor block: the block of the filesystem of which a
// copy follows.
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
			size += 2 // journal_tag_bytes() adds these, though nothing stands there
		}
	}
	end := len(b)
	if j.v23() {
		end -= 4
	}
	var out []tag
	for at := headerSize; at+size <= end; {
		t := tag{block: uint64(be.Uint32(b[at:]))}
		if j.incompat&incompatCsumV3 != 0 {
			t.flags, t.sum = be.Uint32(b[at+4:]), be.Uint32(b[at+12:])
		} else {
			t.sum, t.flags = uint32(be.Uint16(b[at+4:])), uint32(be.Uint16(b[at+6:]))
		}
		if j.incompat&incompat64bit != 0 {
			t.block |= uint64(be.Uint32(b[at+8:])) << 32
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

// eachRevoke calls fn for the blocks that a revoke block names.
func (j *Journal) eachRevoke(b []byte, fn func(block uint64)) error {
	be := binary.BigEndian
	size, room := 4, len(b)
	if j.incompat&incompat64bit != 0 {
		size = 8
	}
	if j.v23() {
		room -= 4
	}
	end := be.Uint32(b[headerSize:])
	if int64(end) > int64(room) {
		return fmt.Errorf("%d bytes used of %d", end, room)
	}
	for at := headerSize + 4; at+size <= int(end); at += size {
		if size == 8 {
			fn(be.Uint64(b[at:]))
		} else {
			fn(uint64(be.Uint32(b[at:])))
		}
	}
	return nil
}

// tailOK verifies the checksum at the end of a descriptor or revoke block.
func (j *Journal) tailOK(b []byte) bool {
	if !j.v23() {
		return true
	}
	n := len(b) - 4
	crc := j.crc32c(j.seed, b[:n])
	return j.crc32c(crc, []byte{0, 0, 0, 0}) == binary.BigEndian.Uint32(b[n:])
}

// commitOK verifies the checksum of a commit block of format v2 and v3: over the
// block, or over its header alone with zeros after it, which the kernel takes too
// (jbd2_commit_block_csum_verify_partial).
func (j *Journal) commitOK(b []byte) bool {
	if !j.v23() {
		return true
	}
	want := binary.BigEndian.Uint32(b[16:])
	crc := j.crc32c(j.seed, b[:16])
	crc = j.crc32c(crc, []byte{0, 0, 0, 0})
	if j.crc32c(crc, b[20:]) == want {
		return true
	}
	crc = j.crc32c(crc, b[20:commitHeaderSize])
	return j.crc32c(crc, make([]byte, len(b)-commitHeaderSize)) == want
}

// dataOK verifies the checksum of a copy.
func (j *Journal) dataOK(t tag, tid uint32, data []byte) bool {
	if !j.v23() {
		return true
	}
	var seq [4]byte
	binary.BigEndian.PutUint32(seq[:], tid)
	crc := j.crc32c(j.crc32c(j.seed, seq[:]), data)
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

// crcV1 is the CRC-32 with big-endian bit order of checksum format v1
// (crc32_be).
type crcV1 struct {
	sum   uint32
	table *[256]uint32
}

func newCRCV1() *crcV1 {
	c := &crcV1{sum: ^uint32(0), table: new([256]uint32)}
	for i := range c.table {
		v := uint32(i) << 24
		for range 8 {
			if v&0x80000000 != 0 {
				v = v<<1 ^ 0x04c11db7
			} else {
				v <<= 1
			}
		}
		c.table[i] = v
	}
	return c
}

func (c *crcV1) add(p []byte) {
	sum := c.sum
	for _, b := range p {
		sum = sum<<8 ^ c.table[byte(sum>>24)^b]
	}
	c.sum = sum
}
