package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// need skips a test that lacks a program.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s (apt-get install qemu-utils util-linux)", tool)
		}
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func write(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// sparse writes a raw disk with holes: random bytes, text, zeros that are
// stored, single sectors, and an end that is no multiple of any cluster.
func sparse(t testing.TB, path string, size int64, seed uint64) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(seed, 1))
	put := func(off int64, b []byte) {
		if off < size {
			if _, err := f.WriteAt(b[:min(int64(len(b)), size-off)], off); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 40 {
		b := make([]byte, 512*(1+rnd.IntN(400)))
		switch rnd.IntN(3) {
		case 0:
			for i := 0; i+8 <= len(b); i += 8 {
				binary.LittleEndian.PutUint64(b[i:], rnd.Uint64())
			}
		case 1:
			copy(b, bytes.Repeat([]byte("the ice remembers every summer. "), len(b)/32+1))
		}
		put(rnd.Int64N(size)&^511, b)
	}
	put(0, []byte("first"))
	put(size-5, []byte("last!"))
	return path
}

// toRaw is the oracle: what QEMU reads from an image.
func toRaw(t testing.TB, path string) []byte {
	t.Helper()
	raw := filepath.Join(t.TempDir(), "oracle.raw")
	run(t, "qemu-img", "convert", "-O", "raw", path, raw)
	b, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameBytes compares a disk with what it must hold: whole, by random pieces and
// at its end.
func sameBytes(t testing.TB, d Disk, want []byte) {
	t.Helper()
	if d.Size() != int64(len(want)) {
		t.Fatalf("size %d, want %d", d.Size(), len(want))
	}
	got, err := io.ReadAll(io.NewSectionReader(d, 0, d.Size()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("byte %d is %#x, want %#x", i, got[i], want[i])
			}
		}
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		off := rnd.IntN(len(want))
		n := 1 + rnd.IntN(min(len(want)-off, 300_000))
		b := make([]byte, n)
		if k, err := d.ReadAt(b, int64(off)); k != n || (err != nil && !errors.Is(err, io.EOF)) || !bytes.Equal(b, want[off:off+n]) {
			t.Fatalf("%d bytes at %d: %d, %v, or other bytes", n, off, k, err)
		}
	}
	b := make([]byte, 100)
	if n, err := d.ReadAt(b, d.Size()-10); n != 10 || !errors.Is(err, io.EOF) || !bytes.Equal(b[:10], want[len(want)-10:]) {
		t.Fatalf("across the end: %d, %v", n, err)
	}
	if n, err := d.ReadAt(b, d.Size()); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("behind the end: %d, %v", n, err)
	}
	if _, err := d.ReadAt(b, -1); err == nil {
		t.Fatal("a negative offset was read")
	}
}

// sameMap compares Allocated with qemu-img map.
func sameMap(t testing.TB, d Disk, path string, extra ...string) {
	t.Helper()
	var pieces []struct {
		Start, Length int64
		Data          bool
	}
	if err := json.Unmarshal([]byte(run(t, "qemu-img", append(append([]string{"map", "--output=json"}, extra...), path)...)), &pieces); err != nil {
		t.Fatal(err)
	}
	var want []Range
	for _, p := range pieces {
		if !p.Data {
			continue
		}
		if n := min(p.Length, d.Size()-p.Start); n > 0 {
			if k := len(want); k > 0 && want[k-1].Offset+want[k-1].Length == p.Start {
				want[k-1].Length += n
			} else {
				want = append(want, Range{p.Start, n})
			}
		}
	}
	got, err := d.Allocated(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d ranges, want %d:\n%v\n%v", len(got), len(want), got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("range %d: %v, want %v", i, got[i], want[i])
		}
	}
}

func opened(t testing.TB, path string, opts Options) Disk {
	t.Helper()
	d, err := Open(context.Background(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// refused opens an image that must not open, and checks the one line that says
// why.
func refused(t testing.TB, path string, opts Options, want ...string) {
	t.Helper()
	d, err := Open(context.Background(), path, opts)
	if err == nil {
		d.Close()
		t.Fatalf("%s was opened as %s, want an error about %q", path, d.Format(), want)
	}
	if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("not one line that begins with the path: %q", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

// whys joins what is wrong with a disk.
func whys(d Disk, sep string) string {
	var out []string
	for _, p := range d.Problems() {
		out = append(out, p.Why)
	}
	return strings.Join(out, sep)
}
