package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const testSize = 12<<20 + 5*512

// TestQcow2 reads images of every kind that qemu-img makes and compares them
// with what QEMU reads from them.
func TestQcow2(t *testing.T) {
	need(t, "qemu-img", "qemu-io")
	raw := sparse(t, filepath.Join(t.TempDir(), "raw"), testSize, 1)
	before := runtime.NumGoroutine()
	defer func() { // no reader, no decoder goes on behind the scenes
		for i := 0; runtime.NumGoroutine() > before; i++ {
			if i == 100 {
				t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	for _, options := range []string{
		"compat=0.10", "compat=1.1", "compat=1.1,lazy_refcounts=on,refcount_bits=1",
		"cluster_size=512", "cluster_size=4k", "cluster_size=2M",
		"extended_l2=on", "extended_l2=on,cluster_size=16k", "extended_l2=on,cluster_size=2M",
		"preallocation=metadata", "compat=0.10,preallocation=full",
		"c compat=0.10", "c cluster_size=512", "c cluster_size=4k", "c cluster_size=64k", "c cluster_size=2M",
		"c compression_type=zstd", "c compression_type=zstd,cluster_size=512", "c compression_type=zstd,cluster_size=2M",
		"c extended_l2=on", "c extended_l2=on,compression_type=zstd",
	} {
		t.Run(options, func(t *testing.T) {
			img := filepath.Join(t.TempDir(), "x.qcow2")
			args := []string{"convert", "-O", "qcow2"}
			o, packed := strings.CutPrefix(options, "c ")
			if packed {
				args = append(args, "-c")
			}
			run(t, "qemu-img", append(args, "-o", o, raw, img)...)
			// Written again in part: zero clusters, discarded ones, plain
			// ones among compressed ones, and single subclusters.
			run(t, "qemu-io", "-c", "write -P 0x5a 1000k 70k", "-c", "write -z 2M 300k", "-c", "discard 3M 1M", "-c", "write -P 7 5000k 512", "-c", "write -z 5100k 4k", img)
			d := opened(t, img, Options{})
			if d.Format() != "qcow2" || len(d.Problems()) > 0 || len(d.Files()) != 1 || d.Files()[0].Role != "image" {
				t.Errorf("%s %v %v", d.Format(), d.Problems(), d.Files())
			}
			sameBytes(t, d, toRaw(t, img))
			sameMap(t, d, img)
		})
	}
}

// TestQcow2Backing reads chains of images, in the directory of the image and as
// named by the caller.
func TestQcow2Backing(t *testing.T) {
	need(t, "qemu-img", "qemu-io")
	for _, l2 := range []string{"extended_l2=off", "extended_l2=on", "cluster_size=512"} {
		t.Run(l2, func(t *testing.T) {
			dir := t.TempDir()
			base := sparse(t, filepath.Join(dir, "base.raw"), testSize-3<<20, 2)
			mid, top := filepath.Join(dir, "mid.qcow2"), filepath.Join(dir, "top.qcow2")
			run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", mid, fmt.Sprint(testSize-1<<20))
			run(t, "qemu-io", "-c", "write -P 1 1M 100k", "-c", "write -z 2M 64k", mid)
			run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", l2, "-b", mid, "-F", "qcow2", top, fmt.Sprint(testSize))
			run(t, "qemu-io", "-c", "write -P 2 1040k 3k", "-c", "write -z 4M 200k", "-c", "write -P 3 8M 1M", "-c", "write -z 6200k 2k", top)
			d := opened(t, top, Options{})
			sameBytes(t, d, toRaw(t, top))
			sameMap(t, d, top)
			var roles []string
			for _, f := range d.Files() {
				roles = append(roles, f.Role+" "+filepath.Base(f.Path))
			}
			if got := strings.Join(roles, ", "); got != "image top.qcow2, backing mid.qcow2, backing base.raw" {
				t.Error(got)
			}

			// The same chain, its base elsewhere and named by the caller.
			other := t.TempDir()
			want := toRaw(t, top)
			if err := os.Rename(base, filepath.Join(other, "base.raw")); err != nil {
				t.Fatal(err)
			}
			refused(t, top, Options{}, "base.raw", "is missing", "--backing")
			sameBytes(t, opened(t, top, Options{Backing: []string{filepath.Join(other, "base.raw")}}), want)
		})
	}
}

// TestQcow2BackingRefused makes the chains that an image from someone else must
// not be able to make.
func TestQcow2BackingRefused(t *testing.T) {
	need(t, "qemu-img")
	dir := t.TempDir()
	create := func(name, backing, format string) string {
		p := filepath.Join(dir, name)
		run(t, "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", backing, "-F", format, p, "1M")
		return p
	}
	outside := sparse(t, filepath.Join(t.TempDir(), "outside.raw"), 1<<20, 3)
	if err := os.Symlink(outside, filepath.Join(dir, "link.raw")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop1.qcow2", filepath.Join(dir, "alias.qcow2")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	need(t, "mkfifo")
	run(t, "mkfifo", filepath.Join(dir, "pipe"))
	create("loop1.qcow2", "loop2.qcow2", "qcow2")
	create("loop2.qcow2", "alias.qcow2", "qcow2")
	long := "c0.qcow2"
	write(t, filepath.Join(dir, "end.raw"), make([]byte, 1<<20))
	create(long, "end.raw", "raw")
	for i := 1; i <= maxBackingChain; i++ {
		next := fmt.Sprintf("c%d.qcow2", i)
		create(next, long, "qcow2")
		long = next
	}
	for _, c := range []struct{ name, backing, format, want string }{
		{"a", "missing.raw", "raw", "is missing"},
		{"b", "/etc/passwd", "raw", "is not in the directory"},
		{"c", "../../../../../../../etc/passwd", "raw", "is not in the directory"},
		{"d", outside, "raw", "is not in the directory"},
		{"e", "link.raw", "raw", "a link that leads out"},
		{"f", "/dev/sda", "host_device", "is not in the directory"},
		{"g", "nbd://203.0.113.7/x", "raw", "not a plain file name"},
		{"h", `json:{"driver":"raw","file.filename":"/etc/passwd"}`, "raw", "not a plain file name"},
		{"i", "sub", "raw", "not a regular file"},
		{"j", "pipe", "raw", "not a regular file"},
		{"k", "k", "qcow2", "a loop"},
		{"l", "loop1.qcow2", "qcow2", "a loop"},
		{"m", long, "qcow2", "more than"},
		{"n", "sub/../../x.raw", "raw", "is not in the directory"},
		{"o", "end.raw", "vmdk", `format "vmdk"`},
	} {
		t.Run(c.want+" "+c.backing, func(t *testing.T) {
			refused(t, create(c.name, c.backing, c.format), Options{}, c.want)
		})
	}
}

// TestRawBackingThatLooksLikeQcow2: what a guest writes to the beginning of its
// raw disk is data.
func TestRawBackingThatLooksLikeQcow2(t *testing.T) {
	need(t, "qemu-img")
	dir := t.TempDir()
	evil := filepath.Join(dir, "base.raw")
	run(t, "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", evil, "1M")
	top := filepath.Join(dir, "top.qcow2")
	run(t, "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "base.raw", "-F", "raw", top, "1M")
	sameBytes(t, opened(t, top, Options{}), toRaw(t, top))
}

// TestQcow2Refused: images that are not read say why, and what to do.
func TestQcow2Refused(t *testing.T) {
	need(t, "qemu-img")
	dir := t.TempDir()
	p := filepath.Join(dir, "data.qcow2")
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file="+filepath.Join(dir, "ext.raw"), p, "1M")
	refused(t, p, Options{}, "external file", "ext.raw", "qemu-img convert")
	p = filepath.Join(dir, "luks.qcow2")
	// qemu-img measures the processor first, and gives up where that is too busy.
	var (
		out []byte
		err error
	)
	for range 5 {
		if out, err = exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "--object", "secret,id=s,data=x", "-o", "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", p, "1M").CombinedOutput(); err == nil {
			break
		}
	}
	if err != nil {
		t.Logf("an encrypted image is not tested: qemu-img: %v: %s", err, out)
	} else {
		refused(t, p, Options{}, "encrypted (LUKS)")
	}

	good := filepath.Join(dir, "good.qcow2")
	raw := sparse(t, filepath.Join(dir, "raw"), testSize, 4)
	run(t, "qemu-img", "convert", "-O", "qcow2", raw, good)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{4, 71, 103, 200, 65536, 1 << 20, len(whole) / 2, len(whole) - 65536} {
		refused(t, write(t, filepath.Join(dir, "cut.qcow2"), whole[:n]), Options{}, "qcow2: truncated")
	}
	be := binary.BigEndian
	l1 := be.Uint64(whole[40:])
	l2 := be.Uint64(whole[l1:]) & qcowOffsetMask
	for _, c := range []struct {
		what string
		bend func(b []byte)
		want string
	}{
		{"version 1", func(b []byte) { be.PutUint32(b[4:], 1) }, "version 1"},
		{"version 4", func(b []byte) { be.PutUint32(b[4:], 4) }, "version 4"},
		{"cluster size", func(b []byte) { be.PutUint32(b[20:], 63) }, "cluster size"},
		{"virtual size", func(b []byte) { be.PutUint64(b[24:], 1<<60) }, "virtual size"},
		{"virtual size beyond L1", func(b []byte) { be.PutUint64(b[24:], 1<<55) }, "L1 table"},
		{"huge L1", func(b []byte) { be.PutUint32(b[36:], 1<<31) }, "L1 table of"},
		{"no L1", func(b []byte) { be.PutUint32(b[36:], 0) }, "L1 table of 0"},
		{"L1 behind the end", func(b []byte) { be.PutUint64(b[40:], 1<<62) }, "truncated: the L1"},
		{"L1 at a negative offset", func(b []byte) { be.PutUint64(b[40:], 1<<63) }, "truncated: the L1"},
		{"L2 behind the end", func(b []byte) { be.PutUint64(b[l1:], 1<<50) }, "truncated: the L2"},
		{"L2 unaligned", func(b []byte) { be.PutUint64(b[l1:], l2+512) }, "not at the beginning of a cluster"},
		{"cluster behind the end", func(b []byte) { be.PutUint64(b[l2:], 1<<63|1<<40) }, "truncated: the cluster"},
		{"compressed behind the end", func(b []byte) { be.PutUint64(b[l2:], 1<<62|1<<45) }, "truncated: the cluster"},
		{"unknown feature", func(b []byte) { be.PutUint64(b[72:], 1<<40) }, "incompatible features"},
		{"header length", func(b []byte) { be.PutUint32(b[100:], 8) }, "damaged header"},
		{"backing name", func(b []byte) { be.PutUint64(b[8:], 1<<50); be.PutUint32(b[16:], 10) }, "backing file name"},
		{"backing name length", func(b []byte) { be.PutUint64(b[8:], 200); be.PutUint32(b[16:], 1<<30) }, "backing file name"},
	} {
		b := bytes.Clone(whole)
		c.bend(b)
		t.Run(c.what, func(t *testing.T) {
			refused(t, write(t, filepath.Join(t.TempDir(), "bent.qcow2"), b), Options{}, c.want)
		})
	}

	// Damage of one cluster is reported when that cluster is read; the rest reads.
	for _, c := range []struct {
		what  string
		entry uint64
	}{{"unaligned cluster", 1<<63 | 1<<16 | 512}, {"garbage where a compressed cluster should be", 1<<62 | 1<<40>>30}} {
		b := bytes.Clone(whole)
		be.PutUint64(b[l2+8:], c.entry)
		t.Run(c.what, func(t *testing.T) {
			d := opened(t, write(t, filepath.Join(t.TempDir(), "bent.qcow2"), b), Options{})
			p := make([]byte, 3*65536)
			n, err := d.ReadAt(p, 0)
			if n != 65536 || err == nil || !strings.Contains(err.Error(), "byte 65536 of the disk") {
				t.Errorf("%d bytes, %v", n, err)
			}
			if n, err := d.ReadAt(p[:65536], 2*65536); n != 65536 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			if _, err := d.Allocated(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestQcow2SharedTable: an image of a few clusters that claims a disk of
// petabytes, all of it in one table, is mapped at once.
func TestQcow2SharedTable(t *testing.T) {
	const bits = 21
	entries := 1 << 16
	b := make([]byte, 3<<bits)
	be := binary.BigEndian
	copy(b, qcow2Magic)
	be.PutUint32(b[4:], 3)
	be.PutUint32(b[20:], bits)
	be.PutUint64(b[24:], uint64(entries)<<(bits+bits-3))
	be.PutUint32(b[36:], uint32(entries))
	be.PutUint64(b[40:], 1<<bits)
	be.PutUint32(b[100:], 104)
	for i := range entries {
		be.PutUint64(b[1<<bits+8*i:], 2<<bits)
	}
	q, err := openQcow2(context.Background(), "x", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := q.Allocated(context.Background())
	if err != nil || len(got) != 1 || got[0].Offset != 1<<(bits+bits-3) {
		t.Error(got, err)
	}
}

// TestQcow2Problems: what can be read but is not as it should be is reported.
func TestQcow2Problems(t *testing.T) {
	need(t, "qemu-img", "qemu-io")
	p := filepath.Join(t.TempDir(), "x.qcow2")
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", p, "4M")
	run(t, "qemu-io", "-c", "write -P 1 0 1M", p)
	run(t, "qemu-img", "snapshot", "-c", "before update", p)
	run(t, "qemu-img", "snapshot", "-c", "zweiter\x1b[2J", p)
	run(t, "qemu-io", "-c", "write -P 2 0 64k", p)
	d := opened(t, p, Options{})
	sameBytes(t, d, toRaw(t, p))
	got := whys(d, "\n")
	if !strings.Contains(got, `"before update", "zweiter\x1b[2J"`) {
		t.Errorf("the snapshots are not named: %s", got)
	}
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint64(b[72:], qcowDirty|qcowCorrupt)
	d = opened(t, write(t, p, b), Options{})
	if got := whys(d, "\n"); !strings.Contains(got, "dirty") || !strings.Contains(got, "corrupt") {
		t.Error(got)
	}
}

// TestQcow2Concurrent reads one disk from many sides; the race detector watches.
func TestQcow2Concurrent(t *testing.T) {
	need(t, "qemu-img")
	dir := t.TempDir()
	raw := sparse(t, filepath.Join(dir, "raw"), testSize, 5)
	img := filepath.Join(dir, "x.qcow2")
	for _, typ := range []string{"zlib", "zstd"} {
		run(t, "qemu-img", "convert", "-c", "-O", "qcow2", "-o", "compression_type="+typ, raw, img)
		want, err := os.ReadFile(raw)
		if err != nil {
			t.Fatal(err)
		}
		d := opened(t, img, Options{})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(i), 9))
				for range 60 {
					off := rnd.IntN(len(want))
					b := make([]byte, min(1+rnd.IntN(400_000), len(want)-off))
					if n, err := d.ReadAt(b, int64(off)); n != len(b) || (err != nil && err != io.EOF) || !bytes.Equal(b, want[off:off+n]) {
						t.Errorf("%d bytes at %d: %d, %v, or other bytes", len(b), off, n, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// FuzzQcow2 opens any bytes as a qcow2 and reads here and there.
func FuzzQcow2(f *testing.F) {
	for _, extended := range []bool{false, true} {
		f.Add(tinyQcow2(extended))
	}
	f.Add([]byte(qcow2Magic + "\x00\x00\x00\x03"))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := openQcow2(context.Background(), "x", bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		p := make([]byte, 100_000)
		for _, off := range []int64{0, 511, 1 << 16, q.size / 2, q.size - 5} {
			n, err := q.ReadAt(p, off)
			if n < 0 || n > len(p) || (n < len(p) && err == nil) {
				t.Fatalf("read %d bytes, %v", n, err)
			}
		}
		last := int64(0)
		ranges, err := q.Allocated(context.Background())
		if err != nil {
			return
		}
		for _, r := range ranges {
			if r.Offset < last || r.Length <= 0 || r.Offset+r.Length > q.size {
				t.Fatalf("ranges out of order or of bounds: %v in %d bytes", r, q.size)
			}
			last = r.Offset + r.Length
		}
	})
}

// tinyQcow2 is an image of four clusters with one entry of each kind.
func tinyQcow2(extended bool) []byte {
	bits := 9
	if extended {
		bits = 14
	}
	b := make([]byte, 4<<bits)
	be := binary.BigEndian
	copy(b, qcow2Magic)
	be.PutUint32(b[4:], 3)
	be.PutUint32(b[20:], uint32(bits))
	be.PutUint64(b[24:], 10<<bits)
	be.PutUint32(b[36:], 1)
	be.PutUint64(b[40:], 1<<bits)
	be.PutUint32(b[100:], 104)
	be.PutUint64(b[1<<bits:], 1<<63|2<<bits)
	l2 := b[2<<bits:]
	if extended {
		be.PutUint64(b[72:], qcowExtendedL2)
		be.PutUint64(l2, 1<<63|3<<bits)
		be.PutUint64(l2[8:], 0xf<<40|0xff)
		be.PutUint64(l2[16:], 1<<62|3<<bits)
		return b
	}
	be.PutUint64(l2, 1<<63|3<<bits)
	be.PutUint64(l2[8:], qcowZero)
	be.PutUint64(l2[16:], 1<<62|3<<bits)
	copy(b[3<<bits:], "\xcb\x48\xcd\xc9\xc9\x07\x00")
	return b
}

// BenchmarkQcow2 reads the image named by ICECORE_LAB/ref.qcow2 from end to end
// in pieces of 1 MiB, where the container stores something.
func BenchmarkQcow2(b *testing.B) {
	lab := os.Getenv("ICECORE_LAB")
	if lab == "" {
		b.Skip("needs ICECORE_LAB, a directory with ref.qcow2")
	}
	for b.Loop() {
		d := opened(b, filepath.Join(lab, "ref.qcow2"), Options{})
		ranges, err := d.Allocated(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		p := make([]byte, 1<<20)
		total := int64(0)
		for _, r := range ranges {
			for off := r.Offset; off < r.Offset+r.Length; {
				n, err := d.ReadAt(p[:min(int64(len(p)), r.Offset+r.Length-off)], off)
				if err != nil && err != io.EOF {
					b.Fatal(err)
				}
				off += int64(n)
				total += int64(n)
			}
		}
		b.SetBytes(total)
		d.Close()
	}
}
