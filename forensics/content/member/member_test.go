package member

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// walked unpacks bytes and joins the pieces of each member again.
func walked(t testing.TB, b []byte, l Limits) (map[string][]byte, error) {
	t.Helper()
	out := make(map[string][]byte)
	_, problem, err := Walk(context.Background(), io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), l, nil, func(p Piece) error {
		have := out[p.Name]
		if p.Off > int64(len(have)) {
			t.Fatalf("%s: a piece at %d, %d bytes were given", p.Name, p.Off, len(have))
		}
		if !bytes.Equal(have[p.Off:], p.Data[:int64(len(have))-p.Off]) {
			t.Fatalf("%s: the piece at %d does not begin with what the one before ended with", p.Name, p.Off)
		}
		out[p.Name] = append(have[:p.Off], p.Data...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, problem
}

func same(t *testing.T, name string, got, want map[string][]byte) {
	t.Helper()
	var a, b []string
	for n, d := range got {
		a = append(a, fmt.Sprintf("%s (%d bytes)", n, len(d)))
		if !bytes.Equal(d, want[n]) {
			t.Errorf("%s: the content of %s is not what was packed", name, n)
		}
	}
	for n, d := range want {
		b = append(b, fmt.Sprintf("%s (%d bytes)", n, len(d)))
	}
	sort.Strings(a)
	sort.Strings(b)
	if strings.Join(a, ", ") != strings.Join(b, ", ") {
		t.Errorf("%s: got %v, want %v", name, a, b)
	}
}

// TestRealPackers compares what Walk gives with what the machine's own programs
// packed.
func TestRealPackers(t *testing.T) {
	dir := t.TempDir()
	rnd := rand.New(rand.NewSource(1))
	big := make([]byte, 200_000)
	for i := range big {
		big[i] = byte(rnd.Intn(7)) * 31
	}
	want := map[string][]byte{"a/small": []byte("a small file\n"), "a/odd": []byte("odd"), "b/" + strings.Repeat("long", 40): []byte("a long name"), "big": big}
	for n, d := range want {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, n)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, n), d, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("small", filepath.Join(dir, "a/link")); err != nil {
		t.Fatal(err)
	}
	all := func(dot string) map[string][]byte {
		m := make(map[string][]byte)
		for n, d := range want {
			m[dot+n] = d
		}
		return m
	}
	for _, c := range []struct {
		name, tool, command string
		want                map[string][]byte
	}{
		{"tar", "tar", "tar cf - a b big", all("")},
		{"tar of 1988", "tar", "tar --format=v7 -cf - a big", map[string][]byte{"a/small": want["a/small"], "a/odd": want["a/odd"], "big": big}},
		{"tar.gz", "gzip", "tar czf - a b big", all("")},
		{"tar.bz2", "bzip2", "tar cjf - a b big", all("")},
		{"tar.xz", "xz", "tar cJf - a b big", all("")},
		{"tar.zst", "zstd", "tar cf - a b big | zstd", all("")},
		{"tar.lz4", "lz4", "tar cf - a b big | lz4", all("")},
		{"gz", "gzip", "gzip -c big", map[string][]byte{"gzip": big}},
		{"gz, two members", "gzip", "gzip -c a/small; gzip -c a/odd", map[string][]byte{"gzip": []byte("a small file\nodd")}},
		{"bz2", "bzip2", "bzip2 -c big", map[string][]byte{"bzip2": big}},
		{"xz", "xz", "xz -c big", map[string][]byte{"xz": big}},
		{"xz, blocks", "xz", "xz -T2 --block-size=40000 -c big", map[string][]byte{"xz": big}},
		{"xz, two streams, zeros between", "xz", "xz -c a/small; head -c 8 /dev/zero; xz --check=sha256 -c big", map[string][]byte{"xz": append([]byte("a small file\n"), big...)}},
		{"xz, no check", "xz", "xz --check=none -c big", map[string][]byte{"xz": big}},
		{"zst", "zstd", "zstd -q -c big", map[string][]byte{"zstd": big}},
		{"lz4", "lz4", "lz4 -q -c big", map[string][]byte{"lz4": big}},
		{"zip", "zip", "zip -qr - a b big", func() map[string][]byte { m := all(""); m["a/link"] = []byte("a small file\n"); return m }()},
		{"cpio", "cpio", "find a b big | cpio -o -H newc --quiet", func() map[string][]byte { m := all(""); m["a/link"] = []byte("small"); return m }()},
		{"initial RAM disk", "cpio", "echo a/small | cpio -o -H newc --quiet; head -c 1024 /dev/zero; find b big | cpio -o -H newc --quiet | gzip", func() map[string][]byte { m := all(""); delete(m, "a/odd"); return m }()},
		{"ar", "ar", "ar rc x.a a/small a/odd && cat x.a", map[string][]byte{"small": want["a/small"], "odd": want["a/odd"]}},
		{
			"deb", "dpkg-deb", "mkdir -p p/DEBIAN p/usr && printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.invalid>\nDescription: x\n' > p/DEBIAN/control && cp big a/small p/usr && dpkg-deb -Zxz --build p x.deb >&2 && cat x.deb",
			map[string][]byte{"debian-binary": []byte("2.0\n"), "./control": []byte("Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.invalid>\nDescription: x\n"), "./usr/big": big, "./usr/small": want["a/small"]},
		},
	} {
		if _, err := exec.LookPath(c.tool); err != nil {
			t.Logf("%s: not tested, there is no %s", c.name, c.tool)
			continue
		}
		cmd := exec.Command("sh", "-c", c.command)
		cmd.Dir = dir
		b, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, piece := range []int{0, 1} { // the default, and the smallest
			got, problem := walked(t, b, Limits{Piece: piece})
			if problem != nil {
				t.Errorf("%s: %v", c.name, problem)
			}
			if c.name == "deb" {
				delete(got, "./md5sums")
			}
			same(t, c.name, got, c.want)
		}
		// Cut off, it says so, and gives no more than there was.
		got, problem := walked(t, b[:len(b)*2/3], Limits{})
		if problem == nil && c.name != "tar of 1988" && c.name != "ar" {
			t.Errorf("%s, cut off: no problem is reported (%d members)", c.name, len(got))
		}
	}
}

func packed(t testing.TB, kind string, r io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch kind {
	case Gzip:
		w = gzip.NewWriter(&out)
	case XZ:
		w, err = xz.NewWriter(&out)
	default:
		w, err = zstd.NewWriter(&out)
	}
	if err == nil {
		_, err = io.Copy(w, r)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBombs(t *testing.T) {
	limits := Limits{Bytes: 100 << 20, Growth: 100, Members: 1000, Piece: 1 << 20}
	var many bytes.Buffer
	tw := tar.NewWriter(&many)
	for i := range 1500 {
		_ = tw.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Size: 1, Mode: 0o600})
		_, _ = tw.Write([]byte("x"))
	}
	_ = tw.Close()
	var wide bytes.Buffer
	zw := zip.NewWriter(&wide)
	for i := range 3 {
		f, _ := zw.Create(fmt.Sprint(i))
		_, _ = io.CopyN(f, zeros{}, 50<<20)
	}
	_ = zw.Close()
	for name, b := range map[string][]byte{
		"gzip":         packed(t, Gzip, io.LimitReader(zeros{}, 120<<20)),
		"zstd":         packed(t, Zstd, io.LimitReader(zeros{}, 120<<20)),
		"many members": many.Bytes(),
		"zip of three": wide.Bytes(),
	} {
		var given int64
		_, problem, err := Walk(context.Background(), io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), limits, nil, func(p Piece) error {
			given += int64(len(p.Data))
			return nil
		})
		if err != nil || !errors.Is(problem, ErrLimit) {
			t.Errorf("%s: problem %v, error %v", name, problem, err)
		}
		if given > limits.Bytes+limits.Bytes/8 {
			t.Errorf("%s: %d bytes were given", name, given)
		}
	}
}

// A dictionary of 4 GiB, stated by a file of a few bytes, is refused and not
// allocated.
func TestXZDictionary(t *testing.T) {
	b := packed(t, XZ, strings.NewReader("x"))
	// The block header: size, flags, filter, size of its properties, dictionary.
	h := b[12:24]
	h[4] = 40
	sum := crc(h[:8])
	copy(h[8:], sum)
	_, problem := walked(t, b, Limits{})
	if !errors.Is(problem, ErrLimit) {
		t.Errorf("got %v", problem)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := packed(t, Gzip, strings.NewReader("text"))
	if _, _, err := Walk(ctx, io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), Limits{}, nil, func(Piece) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzWalk(f *testing.F) {
	for _, k := range []string{Gzip, XZ, Zstd} {
		f.Add(packed(f, k, strings.NewReader("some text")))
	}
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	_ = tw.WriteHeader(&tar.Header{Name: "n", Size: 1, Mode: 0o600})
	_, _ = tw.Write([]byte("x"))
	_ = tw.Close()
	f.Add(b.Bytes())
	f.Add(packed(f, Gzip, bytes.NewReader(b.Bytes())))
	var z bytes.Buffer
	zw := zip.NewWriter(&z)
	w, _ := zw.Create("x")
	_, _ = w.Write([]byte("x"))
	_ = zw.Close()
	f.Add(z.Bytes())
	f.Add([]byte("!<arch>\nx/              0           0     0     644     1         `\nx\n"))
	f.Add([]byte("07070100000000000081A40000000000000000000000010000000000000001000000000000000000000000000000000000000200000000x\x00x\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		limits := Limits{Bytes: 1 << 20, Members: 100, Piece: 1}
		var given int64
		_, _, err := Walk(context.Background(), io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), limits, nil, func(p Piece) error {
			given += int64(len(p.Data))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if given > 3<<20 {
			t.Fatalf("%d bytes were given", given)
		}
	})
}

func crc(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b))
}

// TestLimits: each limit lets exactly as much through as it says.
func TestLimits(t *testing.T) {
	tarOf := func(n, size int) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i := range n {
			_ = w.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Size: int64(size), Mode: 0o600})
			_, _ = w.Write(make([]byte, size))
		}
		_ = w.Close()
		return b.Bytes()
	}
	dirs := func(n int) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i := range n {
			_ = w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%d/", i), Typeflag: tar.TypeDir, Mode: 0o700})
		}
		_ = w.Close()
		return b.Bytes()
	}
	var zipped bytes.Buffer
	zw := zip.NewWriter(&zipped)
	for i := range 6 {
		f, _ := zw.Create(fmt.Sprint(i))
		_, _ = f.Write([]byte("x"))
	}
	_ = zw.Close()
	for _, tt := range []struct {
		name   string
		b      []byte
		limits Limits
		given  int64
		cut    bool
	}{
		{"as many members as may be", tarOf(5, 10), Limits{Members: 5}, 50, false},
		{"one member more", tarOf(6, 10), Limits{Members: 5}, 50, true},
		{"one member more, in a zip", zipped.Bytes(), Limits{Members: 5}, 5, true},
		{"as many entries as may be", dirs(4*5 + 1), Limits{Members: 5}, 0, false},
		{"one entry more", dirs(4*5 + 2), Limits{Members: 5}, 0, true},
		{"all bytes together, less than may be", tarOf(4, 1000), Limits{Bytes: 4001}, 4000, false},
		{"all bytes together, more than may be", tarOf(5, 1000), Limits{Bytes: 4001}, 4001, true},
		{"fewer bytes than may be unpacked of any file", packed(t, Gzip, io.LimitReader(zeros{}, 5000)), Limits{Bytes: 4001, Growth: 2}, 4001, true},
		{"what may be unpacked of any file", packed(t, Gzip, io.LimitReader(zeros{}, freeBytes-1)), Limits{Growth: 2}, freeBytes - 1, false},
		{"more than that, grown too much", packed(t, Gzip, io.LimitReader(zeros{}, freeBytes+1)), Limits{Growth: 2}, freeBytes, true},
		{"more than that, grown as much as may be", packed(t, Gzip, io.LimitReader(zeros{}, freeBytes+1)), Limits{Growth: 2000}, freeBytes + 1, false},
	} {
		var given int64
		var ends int
		_, problem, err := Walk(t.Context(), io.NewSectionReader(bytes.NewReader(tt.b), 0, int64(len(tt.b))), tt.limits, nil, func(p Piece) error {
			given += int64(len(p.Data))
			if p.Off > 0 {
				given -= overlap
			}
			if p.Last {
				ends++
			}
			return nil
		})
		if err != nil || given != tt.given || errors.Is(problem, ErrLimit) != tt.cut || problem != nil != tt.cut {
			t.Errorf("%s: %d bytes, want %d; %v, %v", tt.name, given, tt.given, problem, err)
		}
	}
}

// TestDefault: the limits that a caller who names none gets.
func TestDefault(t *testing.T) {
	if want := (Limits{Members: 50_000, Bytes: 1 << 30, Growth: 200, Piece: 16 << 20}); Default != want {
		t.Errorf("%+v", Default)
	}
	b := packed(t, Gzip, io.LimitReader(zeros{}, 300<<20)) // a thousandfold
	var given int64
	_, problem, err := Walk(t.Context(), io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), Limits{}, nil, func(p Piece) error {
		if len(p.Data) > Default.Piece {
			t.Errorf("a piece of %d bytes", len(p.Data))
		}
		given = p.Off + int64(len(p.Data))
		return nil
	})
	if want := max(freeBytes, 200*int64(len(b))); err != nil || !errors.Is(problem, ErrLimit) || given != want {
		t.Errorf("%d bytes, want %d; %v, %v", given, want, problem, err)
	}
}

// TestNested: archives one behind the other are followed eight deep.
func TestNested(t *testing.T) {
	one := "070701" + strings.Repeat("00000000", 6) + "00000001" + strings.Repeat("00000000", 4) + "00000002" + "00000000" + "x\x00x\x00\x00\x00"
	one = one[:94] + "00000002" + one[102:]
	trailer := "070701" + strings.Repeat("00000000", 11) + "0000000b" + "00000000" + "TRAILER!!!\x00\x00\x00\x00"
	trailer = trailer[:94] + "0000000b00000000TRAILER!!!\x00\x00\x00\x00"
	for n, cut := range map[int]bool{maxNested: false, maxNested + 1: true} {
		b := []byte(strings.Repeat(one+trailer, n))
		got := 0
		_, problem, err := Walk(t.Context(), io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), Limits{}, nil, func(p Piece) error {
			got += len(p.Data)
			return nil
		})
		if err != nil || errors.Is(problem, ErrLimit) != cut || got != maxNested {
			t.Errorf("%d archives: %d bytes, %v, %v", n, got, problem, err)
		}
	}
}

// TestZipDirectory: a directory that is too large by either of its numbers is refused
// before the library reads it.
func TestZipDirectory(t *testing.T) {
	file := func(before int, size, off uint32) *io.SectionReader {
		b := make([]byte, before, before+22)
		b = append(b, "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"...)
		b = binary.LittleEndian.AppendUint32(b, size)
		b = binary.LittleEndian.AppendUint32(b, off)
		b = append(b, 0, 0)
		return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
	}
	for name, tt := range map[string]struct {
		r   *io.SectionReader
		cut bool
	}{
		"small":                        {file(100, 46, 54), false},
		"as large as may be":           {file(100, maxDirectory, 54), false},
		"too large by its size":        {file(100, maxDirectory+1, 54), true},
		"as far as may be":             {file(maxDirectory+100, 46, 100), false},
		"too large by where it begins": {file(maxDirectory+100, 46, 99), true},
	} {
		if err := zipDirectory(tt.r); errors.Is(err, ErrLimit) != tt.cut || (err != nil) != tt.cut {
			t.Errorf("%s: %v", name, err)
		}
	}
}
