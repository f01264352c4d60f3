package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFromReaderAt: what the caller reads is recognised by content, as a file is, and a name
// in it opens none of the analyst's files.
func TestFromReaderAt(t *testing.T) {
	need(t, "qemu-img")
	dir := t.TempDir()
	raw := sparse(t, filepath.Join(dir, "base.raw"), testSize, 5)
	rawBytes := read(t, raw)
	plain := filepath.Join(dir, "plain.qcow2")
	run(t, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, plain)
	top := filepath.Join(dir, "top.qcow2")
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", top)
	vhd := filepath.Join(dir, "fixed.vhd")
	run(t, "qemu-img", "convert", "-f", "raw", "-O", "vpc", "-o", "subformat=fixed,force_size=on", raw, vhd)
	for _, c := range []struct {
		name, path, format string
		opts               Options
		files              int
	}{
		{"raw", raw, "raw", Options{}, 1},
		{"qcow2", plain, "qcow2", Options{}, 1},
		{"vhd", vhd, "vhd", Options{}, 1},
		{"backing file that is given", top, "qcow2", Options{Backing: []string{raw}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := read(t, c.path)
			r := &closable{Reader: bytes.NewReader(b)}
			d, err := FromReaderAt(context.Background(), r, int64(len(b)), "evidence-7", c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if d.Format() != c.format || len(d.Files()) != c.files || d.Files()[0] != (FileInfo{"evidence-7", int64(len(b)), "image"}) {
				t.Errorf("%s, files %v", d.Format(), d.Files())
			}
			got := make([]byte, d.Size())
			if n, err := d.ReadAt(got, 0); n < len(got) || err != nil && err != io.EOF {
				t.Fatal(n, err)
			}
			if !bytes.Equal(got[:testSize], rawBytes) {
				t.Error("other bytes than the disk has")
			}
			sums, err := HashFiles(context.Background(), d, nil)
			if err != nil || len(sums) != c.files || sums[0] != strings.Fields(run(t, "sha256sum", c.path))[0] {
				t.Errorf("sums %v, %v", sums, err)
			}
			if ranges, err := d.Allocated(context.Background()); err != nil || len(ranges) == 0 {
				t.Errorf("allocated: %v, %v", ranges, err)
			}
			if err := d.Close(); err != nil || r.closed {
				t.Errorf("closing the disk: %v, the caller's reader closed: %v", err, r.closed)
			}
		})
	}
	b := read(t, top)
	t.Chdir(dir) // where base.raw is
	_, err := FromReaderAt(context.Background(), bytes.NewReader(b), int64(len(b)), "top.qcow2", Options{})
	var backing *BackingError
	if !errors.As(err, &backing) || backing.Name != "base.raw" || backing.Image != "top.qcow2" {
		t.Errorf("a backing file that was not given: %v", err)
	}
}

// closable is a reader that notices who closes it.
type closable struct {
	*bytes.Reader
	closed bool
}

func (c *closable) Close() error { c.closed = true; return nil }

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKinds: the kind of an error is known by errors.Is.
func TestKinds(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, b []byte) string { return write(t, filepath.Join(dir, name), b) }
	put := func(at int, v uint64) []byte {
		b := tinyQcow2(false)
		binary.BigEndian.PutUint64(b[at:], v)
		return b
	}
	cut := func(n int) []byte { return tinyQcow2(false)[:n] }
	backed := func(name string) []byte {
		b := put(8, 200)
		binary.BigEndian.PutUint32(b[16:], uint32(copy(b[200:], name)))
		return b
	}
	errBacking := errors.New("a *BackingError")
	kinds := []error{ErrNotImage, ErrFormat, ErrTruncated, ErrDamaged, os.ErrNotExist}
	for _, c := range []struct {
		name, path string
		want       error
	}{
		{"missing", filepath.Join(dir, "nothing"), os.ErrNotExist},
		{"directory", dir, ErrNotImage},
		{"character device", "/dev/null", ErrNotImage},
		{"empty", file("empty", nil), ErrNotImage},
		{"gzip", file("gz", []byte("\x1f\x8b\x08 and so on")), ErrFormat},
		{"VMDK", file("vmdk", []byte("KDMV and so on")), ErrFormat},
		{"E01", file("e01", []byte("EVF\x09\x0d\x0a\xff\x00")), ErrFormat},
		{"qcow2 of version 9", file("v9", put(4, 9<<32)), ErrFormat},
		{"qcow2, encrypted", file("aes", put(32, 1<<32|1)), ErrFormat},
		{"qcow2, feature", file("feature", put(72, 1<<20)), ErrFormat},
		{"qcow2, cut in its header", file("cut1", cut(60)), ErrTruncated},
		{"qcow2, cut before its L1 table", file("cut2", cut(500)), ErrTruncated},
		{"qcow2, cut in a table", file("cut3", cut(1100)), ErrTruncated},
		{"qcow2, cut before a cluster", file("cut4", cut(1536)), ErrTruncated},
		{"qcow2, L1 table too short", file("short", put(24, 1<<40)), ErrDamaged},
		{"qcow2, cluster size", file("cluster", put(16, 40)), ErrDamaged},
		{"qcow2, table inside a cluster", file("inside", put(512, 1<<63|0x402)), nil},
		{"qcow2, backing file outside", file("out", backed("/etc/passwd")), errBacking},
		{"qcow2, backing file missing", file("gone", backed("gone.raw")), errBacking},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Open(context.Background(), c.path, Options{})
			if err == nil {
				d.Close()
			}
			var backing *BackingError
			if errors.As(err, &backing) != (c.want == errBacking) {
				t.Errorf("error %q, want one of kind %q", fmt.Sprint(err), c.want)
			}
			for _, k := range kinds {
				if errors.Is(err, k) != (k == c.want) {
					t.Errorf("error %q is of kind %q: %v", fmt.Sprint(err), k, errors.Is(err, k))
				}
			}
		})
	}
}

// stopping is a reader that ends the context at one of its reads.
type stopping struct {
	io.ReaderAt
	cancel      func()
	left, after int
}

func (s *stopping) ReadAt(p []byte, off int64) (int, error) {
	if s.left--; s.left == 0 {
		s.cancel()
	}
	if s.left < 0 {
		s.after++
	}
	return s.ReaderAt.ReadAt(p, off)
}

// TestCancelled: a context that ends while the tables of a qcow2 are read, or while files
// are hashed, ends that.
func TestCancelled(t *testing.T) {
	// A table in every second cluster, each with one cluster of data.
	const bits, tables = 9, 5000
	b := make([]byte, (tables*8>>bits+3+tables)<<bits)
	be := binary.BigEndian
	copy(b, qcow2Magic)
	be.PutUint32(b[4:], 3)
	be.PutUint32(b[20:], bits)
	be.PutUint64(b[24:], tables<<(bits+bits-3))
	be.PutUint32(b[36:], tables)
	be.PutUint64(b[40:], 1<<bits)
	be.PutUint32(b[100:], 104)
	first := uint64(tables*8>>bits + 2)
	for i := range uint64(tables) {
		be.PutUint64(b[1<<bits+8*i:], 1<<63|(first+i)<<bits)
	}
	open := func(ctx context.Context, r io.ReaderAt) (Disk, error) {
		return FromReaderAt(ctx, r, int64(len(b)), "many", Options{})
	}
	for _, c := range []struct {
		name string
		do   func(context.Context, Disk) error // nil: the opening itself
	}{
		{"open", nil},
		{"allocated", func(ctx context.Context, d Disk) error { _, err := d.Allocated(ctx); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r := &stopping{ReaderAt: bytes.NewReader(b), cancel: cancel}
			if c.do == nil {
				r.left = 100
			}
			d, err := open(ctx, r)
			if c.do != nil {
				if err != nil {
					t.Fatal(err)
				}
				r.left, r.after = 100, 0
				err = c.do(ctx, d)
			}
			if !errors.Is(err, context.Canceled) || r.left > 0 || r.after > 1 {
				t.Errorf("error %v, %d reads after the context ended", err, r.after)
			}
			if d, err := open(context.Background(), r); err != nil || d.Size() != tables<<(bits+bits-3) {
				t.Errorf("without an end: %v", err)
			}
		})
	}
	t.Run("hash", func(t *testing.T) {
		raw := make([]byte, 20<<20)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r := &stopping{ReaderAt: bytes.NewReader(raw), cancel: cancel}
		d, err := FromReaderAt(ctx, r, int64(len(raw)), "zeros", Options{})
		if err != nil {
			t.Fatal(err)
		}
		r.left, r.after = 3, 0
		if _, err := HashFiles(ctx, d, nil); !errors.Is(err, context.Canceled) || r.after > 1 {
			t.Errorf("error %v, %d reads after the context ended", err, r.after)
		}
	})
}
