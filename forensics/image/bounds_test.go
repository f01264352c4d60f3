package image

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// changed is tinyQcow2 with some of its bytes changed.
func changed(extended bool, change func(b []byte)) []byte {
	b := tinyQcow2(extended)
	change(b)
	return b
}

// TestQcow2Bounds changes one number of a small image at a time: what is refused, and what
// is still taken, at its bound.
func TestQcow2Bounds(t *testing.T) {
	be := binary.BigEndian
	for _, c := range []struct {
		name     string
		extended bool
		change   func(b []byte)
		err      string // in the error; empty: it opens
		not      string // not in the error
	}{
		{"sound", false, func([]byte) {}, "", ""},
		{"sound, extended", true, func([]byte) {}, "", ""},
		{"clusters of 256 bytes", false, func(b []byte) { be.PutUint32(b[20:], 8) }, "cluster size 2^8", ""},
		{"clusters of 4 MiB", false, func(b []byte) { be.PutUint32(b[20:], 22) }, "cluster size 2^22", ""},
		{"clusters of 2 MiB", false, func(b []byte) { be.PutUint32(b[20:], 21) }, "truncated", "cluster size"},
		{"the largest L1 table", false, func(b []byte) { be.PutUint32(b[36:], 4<<20) }, "", ""},
		{"an L1 table one larger", false, func(b []byte) { be.PutUint32(b[36:], 4<<20+1) }, "L1 table of 4194305 entries", ""},
		{"an L1 table that just suffices", false, func(b []byte) { be.PutUint64(b[24:], 64<<9) }, "", ""},
		{"an L1 table one too short", false, func(b []byte) { be.PutUint64(b[24:], 64<<9+1) }, "for a disk that needs 2", ""},
		{"the largest disk", false, func(b []byte) { be.PutUint64(b[24:], 1<<56) }, "L1 table", "virtual size"},
		{"a disk one larger", false, func(b []byte) { be.PutUint64(b[24:], 1<<56+1) }, "virtual size", ""},
		{"a backing name of 1023 bytes", false, func(b []byte) {
			be.PutUint64(b[8:], 300)
			be.PutUint32(b[16:], 1023)
		}, "backing file", "backing file name of"},
		{"a backing name of 1024 bytes", false, func(b []byte) {
			be.PutUint64(b[8:], 300)
			be.PutUint32(b[16:], 1024)
		}, "backing file name of 1024 bytes", ""},
		{"a backing name of no bytes", false, func(b []byte) { be.PutUint64(b[8:], 300) }, "backing file name of 0 bytes", ""},
		{"a header of 103 bytes", false, func(b []byte) { be.PutUint32(b[100:], 103) }, "it has 103 bytes", ""},
		{"extended entries in small clusters", false, func(b []byte) { be.PutUint64(b[72:], qcowExtendedL2) }, "extended L2 entries", ""},
		{"zstd", false, func(b []byte) {
			be.PutUint64(b[72:], qcowCompression)
			be.PutUint32(b[100:], 112)
			b[104] = 1
		}, "", ""},
		{"another compression", false, func(b []byte) {
			be.PutUint64(b[72:], qcowCompression)
			be.PutUint32(b[100:], 112)
			b[104] = 2
		}, "compression type 2", ""},
		{"a compressed cluster at the end", false, func(b []byte) { be.PutUint64(b[2<<9+16:], 1<<62|4<<9) }, "truncated", ""},
		{"a compressed cluster in the last byte", false, func(b []byte) { be.PutUint64(b[2<<9+16:], 1<<62|(4<<9-1)) }, "", ""},
		{"a cluster at the end", false, func(b []byte) { be.PutUint64(b[2<<9:], 1<<63|4<<9) }, "truncated", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := changed(c.extended, c.change)
			_, err := FromReaderAt(context.Background(), bytes.NewReader(b), int64(len(b)), "x", Options{})
			if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || c.not != "" && strings.Contains(err.Error(), c.not)) {
				t.Errorf("%v, want %q", err, c.err)
			}
		})
	}
}

// TestQcow2Entries reads clusters whose entries say something unusual.
func TestQcow2Entries(t *testing.T) {
	be := binary.BigEndian
	data := bytes.Repeat([]byte{0xaa}, 512)
	// A compressed cluster of about 480 bytes: a stored part, and zeros.
	rnd := rand.New(rand.NewPCG(1, 2))
	plain := make([]byte, 512)
	for i := range 460 {
		plain[i] = byte(rnd.Uint32())
	}
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression)
	_, _ = w.Write(plain)
	_ = w.Close()
	if packed.Len() < 466 || packed.Len() > 500 {
		t.Fatalf("%d bytes", packed.Len())
	}
	for _, c := range []struct {
		name     string
		extended bool
		change   func(b []byte)
		want     []byte // the first cluster
		err      string
	}{
		{"data", false, func(b []byte) { copy(b[3<<9:], data) }, data, ""},
		{"zeros that have a cluster", false, func(b []byte) {
			copy(b[3<<9:], data)
			be.PutUint64(b[2<<9:], 1<<63|3<<9|qcowZero)
		}, make([]byte, 512), ""},
		{"subcluster with data and zeros", true, func(b []byte) { be.PutUint64(b[2<<14+8:], 1|1<<32) }, nil, "contradicts itself"},
		{"subcluster with data and no cluster", true, func(b []byte) {
			be.PutUint64(b[2<<14:], 0)
			be.PutUint64(b[2<<14+8:], 1)
		}, nil, "contradicts itself"},
		{"subcluster of zeros", true, func(b []byte) {
			copy(b[3<<14:], data)
			be.PutUint64(b[2<<14+8:], 1<<32)
		}, make([]byte, 512), ""},
		{"compressed, as long as it needs", false, func(b []byte) {
			copy(b[3<<9:], packed.Bytes())
			be.PutUint64(b[2<<9:], 1<<62|3<<9)
		}, plain, ""},
		{"compressed, longer than its sectors", false, func(b []byte) {
			copy(b[3<<9-100:], packed.Bytes()) // 100 bytes of the sector are its own
			be.PutUint64(b[2<<9:], 1<<62|(3<<9-100))
		}, nil, "unexpected EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := changed(c.extended, c.change)
			q, err := openQcow2(context.Background(), "x", bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 512)
			n, err := q.ReadAt(got, 0)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%d, %v, want an error about %q", n, err, c.err)
			}
			if c.want != nil && !bytes.Equal(got, c.want) {
				t.Errorf("%x ..., want %x ...", got[:16], c.want[:16])
			}
		})
	}
}

// TestQcow2Shrunk: a cluster that begins before the end of the file is filled with zeros, one
// that begins behind it is lost.
func TestQcow2Shrunk(t *testing.T) {
	b := changed(false, func(b []byte) {
		copy(b[3<<9:], bytes.Repeat([]byte{0xaa}, 512))
		binary.BigEndian.PutUint64(b[2<<9+16:], 0)
	})
	q, err := openQcow2(context.Background(), "x", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 512)
	for _, c := range []struct {
		size int
		ok   bool
	}{{3<<9 + 1, true}, {3 << 9, false}} {
		q.r, q.fileSize = bytes.NewReader(b[:c.size]), int64(c.size)
		if _, err := q.ReadAt(got, 0); (err == nil) != c.ok || c.ok && (got[0] != 0xaa || got[1] != 0) {
			t.Errorf("a file of %d bytes: %x, %v", c.size, got[:2], err)
		}
	}
}

// TestQcow2Header: extensions are padded to eight bytes; of many snapshots only so many names
// are read.
func TestQcow2Header(t *testing.T) {
	be := binary.BigEndian
	b := changed(false, func(b []byte) {
		be.PutUint32(b[104:], 0x1234)
		be.PutUint32(b[108:], 5)
		copy(b[112:], "other")
		be.PutUint32(b[120:], extBackingFmt)
		be.PutUint32(b[124:], 3)
		copy(b[128:], "raw")
		be.PutUint64(b[8:], 300)
		be.PutUint32(b[16:], 4)
		copy(b[300:], "base")
	})
	at := len(b)
	for range 100 {
		s := make([]byte, 48)
		be.PutUint16(s[14:], 1)
		s[40] = 'n'
		b = append(b, s...)
	}
	be.PutUint32(b[60:], 100)
	be.PutUint64(b[64:], uint64(at))
	q, err := openQcow2(context.Background(), "x", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if q.backingName != "base" || q.backingFmt != "raw" || len(q.snapshots) != maxSnapshots || q.snapshots[63] != "n" {
		t.Errorf("backing %q as %q, %d snapshots", q.backingName, q.backingFmt, len(q.snapshots))
	}
}

// headed is a file of zeros of which only the beginning is written.
type headed []byte

func (h headed) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(h)) {
		copy(p, h[off:])
	}
	return len(p), nil
}

// TestQcow2Memory: tables are kept in bounded memory, and so are lists of ranges.
func TestQcow2Memory(t *testing.T) {
	be := binary.BigEndian
	header := func(bits, tables int, size uint64, room int) []byte {
		b := make([]byte, room)
		copy(b, qcow2Magic)
		be.PutUint32(b[4:], 3)
		be.PutUint32(b[20:], uint32(bits))
		be.PutUint64(b[24:], size)
		be.PutUint32(b[36:], uint32(tables))
		be.PutUint64(b[40:], 1<<bits)
		be.PutUint32(b[100:], 104)
		return b
	}
	t.Run("tables", func(t *testing.T) {
		const bits, tables = 21, 40
		b := header(bits, tables, tables<<(bits+bits-3), 1<<bits+8*tables)
		for i := range tables {
			be.PutUint64(b[1<<bits+8*i:], uint64(i+2)<<bits)
		}
		q, err := openQcow2(context.Background(), "x", headed(b), (tables+2)<<bits)
		if err != nil {
			t.Fatal(err)
		}
		one := make([]byte, 1)
		for i := range int64(tables) {
			if _, err := q.ReadAt(one, i<<(bits+bits-3)); err != nil {
				t.Fatal(err)
			}
		}
		if n := q.order.Len(); n != qcowCacheBytes>>bits || len(q.cache) != n {
			t.Errorf("%d tables of %d are kept, %d in the map", n, tables, len(q.cache))
		}
	})
	t.Run("ranges", func(t *testing.T) {
		const bits = 9
		const perTable = 1 << (bits - 3)
		const tables = maxRanges*2/perTable + 8
		first := (tables*8>>bits + 2)
		b := header(bits, tables, tables<<(bits+bits-3), (first+tables+1)<<bits)
		for i := range tables {
			be.PutUint64(b[1<<bits+8*i:], uint64(first+i)<<bits)
			for k := 0; k < perTable; k += 2 {
				be.PutUint64(b[(first+i)<<bits+8*k:], uint64(first+tables)<<bits)
			}
		}
		q, err := openQcow2(context.Background(), "x", bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Allocated(context.Background())
		if err != nil || len(got) != maxRanges {
			t.Fatalf("%d ranges, %v", len(got), err)
		}
		if last := got[len(got)-1]; last.Offset+last.Length != q.size-1<<bits {
			t.Errorf("the last range is %v of a disk of %d", last, q.size)
		}
	})
}

// TestRawBounds: what looks like a container or a disk by half.
func TestRawBounds(t *testing.T) {
	const size = 1 << 20
	footer := func(typ uint32, spoil byte) []byte {
		b := make([]byte, size+vhdFooter)
		f := b[size:]
		copy(f, "conectix")
		binary.BigEndian.PutUint64(f[48:], size)
		binary.BigEndian.PutUint32(f[60:], typ)
		sum := uint32(0)
		for _, c := range f {
			sum += uint32(c)
		}
		binary.BigEndian.PutUint32(f[64:], ^sum)
		f[70] ^= spoil
		return b
	}
	disk := func(n int, change func([]byte)) []byte {
		b := make([]byte, n)
		copy(b, "\x1f\x8b\x08")
		change(b)
		return b
	}
	partition := func(b []byte) {
		b[510], b[511], b[446+4] = 0x55, 0xaa, 0x83
		binary.LittleEndian.PutUint32(b[446+12:], 100)
	}
	for _, c := range []struct {
		name   string
		b      []byte
		format string // empty: refused
		size   int64
	}{
		{"VHD of fixed size", footer(2, 0), "vhd", size},
		{"VHD, wrong sum", footer(2, 1), "raw", size + vhdFooter},
		{"VHD, dynamic", footer(3, 0), "raw", size + vhdFooter},
		{"gzip", disk(size, func([]byte) {}), "", 0},
		{"gzip's mark on a disk with partitions", disk(size, partition), "raw", size},
		{"the same, no whole sectors", disk(size+1, partition), "", 0},
		{"gzip's mark on a disk with a GPT", disk(size, func(b []byte) { copy(b[512:], "EFI PART") }), "raw", size},
		{"gzip's mark before a filesystem", disk(size, func(b []byte) { b[1080], b[1081] = 0x53, 0xef }), "raw", size},
		{"the same, no state that a filesystem has", disk(size, func(b []byte) { b[1080], b[1081], b[1048] = 0x53, 0xef, 7 }), "", 0},
		{"gzip's mark, partition without sectors", disk(size, func(b []byte) { partition(b); b[446+12] = 0 }), "", 0},
		{"gzip's mark, partition that is active by half", disk(size, func(b []byte) { partition(b); b[446] = 0x40 }), "", 0},
		{"gzip's mark, shorter than what is looked at", disk(1024, partition), "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := FromReaderAt(context.Background(), bytes.NewReader(c.b), int64(len(c.b)), "x", Options{})
			if (err == nil) != (c.format != "") {
				t.Fatalf("%v, want format %q", err, c.format)
			}
			if err == nil && (d.Format() != c.format || d.Size() != c.size) {
				t.Errorf("%s of %d bytes", d.Format(), d.Size())
			}
		})
	}
}

// TestHashOfSize: what is hashed is what was opened, though the file grew meanwhile.
func TestHashOfSize(t *testing.T) {
	b := bytes.Repeat([]byte("snapshot"), 100_000)
	n := int64(len(b) - 5000)
	d, err := FromReaderAt(context.Background(), bytes.NewReader(b), n, "x", Options{})
	if err != nil {
		t.Fatal(err)
	}
	done := int64(0)
	sums, err := HashFiles(context.Background(), d, func(k int64) { done += k })
	if want := fmt.Sprintf("%x", sha256.Sum256(b[:n])); err != nil || len(sums) != 1 || sums[0] != want || done != n {
		t.Errorf("%v, %d bytes, %v, want %s", sums, done, err, want)
	}
	if _, err := d.ReadAt(make([]byte, 10), n); !errors.Is(err, io.EOF) {
		t.Errorf("a read behind the end: %v", err)
	}
}

// TestPanicOfADecoder: a panic while a cluster is unpacked costs that cluster alone.
func TestPanicOfADecoder(t *testing.T) {
	b := changed(false, func(b []byte) {
		for i := range 8 {
			binary.BigEndian.PutUint64(b[2<<9+8*i:], 1<<62|3<<9)
		}
	})
	q, err := openQcow2(context.Background(), "x", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	q.r = panicking{q.r, 3 << 9}
	buf := make([]byte, 8<<9)
	if n, err := q.ReadAt(buf, 0); n != 0 || err == nil || !strings.Contains(err.Error(), "cluster for byte 0 of the disk: decoder: spoilt") {
		t.Errorf("%d, %v", n, err)
	}
}

// panicking is a reader that panics at one offset.
type panicking struct {
	io.ReaderAt
	at int64
}

func (p panicking) ReadAt(b []byte, off int64) (int, error) {
	if off == p.at {
		panic("spoilt")
	}
	return p.ReaderAt.ReadAt(b, off)
}

// TestHashOfGrownFile: a file that grew since it was opened is hashed as it was.
func TestHashOfGrownFile(t *testing.T) {
	b := bytes.Repeat([]byte("snapshot"), 1000)
	p := write(t, t.TempDir()+"/disk.raw", b)
	d := opened(t, p, Options{})
	write(t, p, append(bytes.Clone(b), "more"...))
	sums, err := HashFiles(context.Background(), d, nil)
	if want := fmt.Sprintf("%x", sha256.Sum256(b)); err != nil || len(sums) != 1 || sums[0] != want {
		t.Errorf("%v, %v, want %s", sums, err, want)
	}
}
