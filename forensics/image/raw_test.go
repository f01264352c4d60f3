package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cutUp writes a raw disk with split(1), and gives the path of the first part.
func cutUp(t testing.TB, raw, prefix string, args ...string) string {
	t.Helper()
	need(t, "split")
	run(t, "split", append(append([]string{}, args...), raw, prefix)...)
	parts, err := filepath.Glob(prefix + "*")
	if err != nil || len(parts) < 2 {
		t.Fatalf("split made %v %v", parts, err)
	}
	return parts[0]
}

func TestRaw(t *testing.T) {
	dir := t.TempDir()
	raw := sparse(t, filepath.Join(dir, "disk.raw"), 5<<20+512, 1)
	want, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	d := opened(t, raw, Options{})
	if d.Format() != "raw" || d.Size() != int64(len(want)) {
		t.Errorf("%s, %d bytes", d.Format(), d.Size())
	}
	sameBytes(t, d, want)
	onlyZerosOutside(t, d, want)
}

// onlyZerosOutside checks that what Allocated leaves out is zeros, and that it
// leaves something out.
func onlyZerosOutside(t *testing.T, d Disk, want []byte) {
	t.Helper()
	ranges, err := d.Allocated(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	rest := bytes.Clone(want)
	var stored int64
	end := int64(-1)
	for _, r := range ranges {
		if r.Offset <= end || r.Length <= 0 || r.Offset+r.Length > int64(len(want)) {
			t.Fatalf("ranges out of order: %v", ranges)
		}
		end = r.Offset + r.Length
		stored += r.Length
		clear(rest[r.Offset:end])
	}
	if i := bytes.IndexFunc(rest, func(r rune) bool { return r != 0 }); i >= 0 {
		t.Errorf("byte %d is not zero and not among the ranges %v", i, ranges)
	}
	if stored == int64(len(want)) {
		t.Log("the filesystem here knows no holes")
	}
}

// TestSplit reads what split(1) cut, with each of its ways to name parts.
func TestSplit(t *testing.T) {
	src := t.TempDir()
	raw := sparse(t, filepath.Join(src, "whole.raw"), 4<<20+4096, 2)
	want, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"disk.raw.": {"-b", "1M", "-d", "-a", "3"}, "image.": {"-b", "700K"}, "x": {"-b", "1M"}, "one.": {"-b", "512K", "--numeric-suffixes=1", "-a", "3"}, "odd.": {"-b", "1000003", "-d", "-a", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			first := cutUp(t, raw, filepath.Join(dir, name), args...)
			d := opened(t, first, Options{})
			parts, _ := filepath.Glob(filepath.Join(dir, name+"*"))
			if d.Format() != "split-raw" || len(d.Files()) != len(parts) || len(d.Problems()) > 0 {
				t.Errorf("%s, %d files of %d, %q", d.Format(), len(d.Files()), len(parts), d.Problems())
			}
			sameBytes(t, d, want)
			onlyZerosOutside(t, d, want)
			sums, err := HashFiles(context.Background(), d, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range d.Files() {
				b, err := os.ReadFile(f.Path)
				if err != nil {
					t.Fatal(err)
				}
				if s := sha256.Sum256(b); hex.EncodeToString(s[:]) != sums[i] {
					t.Errorf("%s: wrong hash", f.Path)
				}
			}
			// A part in the middle is no image.
			refused(t, parts[1], Options{}, "is a part of a split image: name the first part, "+first)
		})
	}
}

// TestSplitDamaged: parts that are missing, cut, or no files.
func TestSplitDamaged(t *testing.T) {
	dir := t.TempDir()
	raw := sparse(t, filepath.Join(dir, "whole"), 4<<20, 3)
	first := cutUp(t, raw, filepath.Join(dir, "d."), "-b", "1M", "-d", "-a", "3")
	if err := os.Truncate(filepath.Join(dir, "d.001"), 1<<19); err != nil {
		t.Fatal(err)
	}
	if d := opened(t, first, Options{}); !strings.Contains(whys(d, ";"), "d.002 is smaller than the first: is one missing?") || d.Size() != 4<<20-1<<19 {
		t.Errorf("a part cut short: %q, %d bytes", d.Problems(), d.Size())
	}
	if err := os.Remove(filepath.Join(dir, "d.001")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d.001"), 0o755); err != nil {
		t.Fatal(err)
	}
	if d, err := Open(context.Background(), first, Options{}); err == nil || !strings.Contains(err.Error(), "d.001: is not a regular file") {
		if err == nil {
			d.Close()
		}
		t.Errorf("a directory named like a part: %v", err)
	}
	// What stands behind a part that is missing has no place.
	if err := os.Remove(filepath.Join(dir, "d.001")); err != nil {
		t.Fatal(err)
	}
	if d := opened(t, first, Options{}); d.Size() != 1<<20 || len(d.Problems()) != 1 ||
		!strings.Contains(d.Problems()[0].Why, "d.001 is missing, though") || !strings.Contains(d.Problems()[0].Why, "d.002 is there: nothing behind byte 1048576 can be read") {
		t.Errorf("a part that is missing: %q, %d bytes", d.Problems(), d.Size())
	}
	// A first part is not smaller than the others.
	write(t, filepath.Join(dir, "e.001"), make([]byte, 1<<19))
	if d := opened(t, write(t, filepath.Join(dir, "e.003"), make([]byte, 1<<20)), Options{}); d.Format() != "raw" {
		t.Errorf("a file larger than what would be its first part: %s", d.Format())
	}
	refused(t, write(t, filepath.Join(dir, "e.004"), make([]byte, 1<<19)), Options{}, "is a part of a split image", "e.001")
	// Snapshots of a series that are numbered are no parts of each other.
	series := t.TempDir()
	mbr := make([]byte, 1<<20)
	mbr[446+4], mbr[446+8], mbr[446+12], mbr[510], mbr[511] = 0x83, 1, 1, 0x55, 0xaa
	for _, n := range []string{"snap.001", "snap.002", "snap.003"} {
		write(t, filepath.Join(series, n), mbr)
	}
	if err := os.Remove(filepath.Join(series, "snap.002")); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"snap.001", "snap.003"} {
		if d := opened(t, filepath.Join(series, n), Options{}); d.Format() != "raw" || d.Size() != 1<<20 {
			t.Errorf("%s of a series: %s, %d bytes", n, d.Format(), d.Size())
		}
	}
}

// TestBlockDevice reads a loop device.
func TestBlockDevice(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for a loop device")
	}
	need(t, "losetup")
	raw := sparse(t, filepath.Join(t.TempDir(), "disk.raw"), 3<<20, 4)
	out, err := exec.Command("losetup", "-r", "-f", "--show", raw).Output()
	if err != nil {
		t.Skipf("no loop device: %v", err)
	}
	dev := strings.TrimSpace(string(out))
	defer run(t, "losetup", "-d", dev)
	want, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(context.Background(), dev, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Format() != "block-device" || d.Size() != 3<<20 {
		t.Errorf("%s, %d bytes", d.Format(), d.Size())
	}
	sameBytes(t, d, want)
	if r, err := d.Allocated(context.Background()); err != nil || len(r) == 0 {
		t.Errorf("%v %v", r, err)
	}
}

// TestFixedVHD: a raw disk with a footer is read without it, if the footer is
// whole.
func TestFixedVHD(t *testing.T) {
	dir := t.TempDir()
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	footer := make([]byte, 512)
	copy(footer, "conectix")
	binary.BigEndian.PutUint64(footer[48:], uint64(len(body)))
	binary.BigEndian.PutUint32(footer[60:], 2)
	sum := uint32(0)
	for _, c := range footer {
		sum += uint32(c)
	}
	binary.BigEndian.PutUint32(footer[64:], ^sum)
	d := opened(t, write(t, filepath.Join(dir, "disk.vhd"), append(bytes.Clone(body), footer...)), Options{})
	if d.Format() != "vhd" || d.Size() != int64(len(body)) {
		t.Errorf("%s, %d bytes", d.Format(), d.Size())
	}
	sameBytes(t, d, body)
	footer[100]++
	if d := opened(t, write(t, filepath.Join(dir, "bad.vhd"), append(bytes.Clone(body), footer...)), Options{}); d.Format() != "raw" || d.Size() != int64(len(body)+512) {
		t.Errorf("a footer with a wrong sum: %s, %d bytes", d.Format(), d.Size())
	}
	if _, err := exec.LookPath("qemu-img"); err != nil {
		t.Log("qemu-img is not installed: no VHD of a real program")
		return
	}
	raw := sparse(t, filepath.Join(dir, "disk.raw"), 17<<20, 5)
	made := filepath.Join(dir, "qemu.vhd")
	run(t, "qemu-img", "convert", "-O", "vpc", "-o", "subformat=fixed,force_size=on", raw, made)
	want, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	d = opened(t, made, Options{})
	if d.Format() != "vhd" {
		t.Errorf("qemu-img's: %s", d.Format())
	}
	sameBytes(t, d, want)
}

// TestForeign: each format that is not read says so, and the way out. Those that
// qemu-img writes are made by it.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	for _, x := range formats() {
		if x.open != nil { // it is read
			continue
		}
		b := make([]byte, 4096)
		copy(b[x.offset:], x.magic)
		refused(t, write(t, filepath.Join(dir, "x"), b), Options{}, x.is, x.hint)
	}
	need(t, "qemu-img")
	for format, want := range map[string]string{"vmdk": "VMDK", "vdi": "VDI", "vpc": "VHD", "vhdx": "VHDX", "qed": "QED", "parallels": "Parallels"} {
		p := filepath.Join(dir, "disk."+format)
		if out, err := exec.Command("qemu-img", "create", "-q", "-f", format, p, "8M").CombinedOutput(); err != nil {
			t.Logf("qemu-img makes no %s here: %s", format, out)
			continue
		}
		refused(t, p, Options{}, "is a "+want+" image", "qemu-img convert")
	}
	for program, want := range map[string]string{"gzip": "is compressed by gzip", "xz": "is compressed by xz", "bzip2": "is compressed by bzip2", "zstd": "is compressed by zstd"} {
		p, err := exec.LookPath(program)
		if err != nil {
			t.Logf("%s is not installed", program)
			continue
		}
		cmd := exec.Command(p, "-c")
		cmd.Stdin = strings.NewReader(strings.Repeat("x", 9999))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		refused(t, write(t, filepath.Join(dir, program), out), Options{}, want, "unpack it first")
	}
}

// TestBootCodeLikeAContainer: the first bytes of a disk belong to whoever owned it;
// they must not make it unreadable.
func TestBootCodeLikeAContainer(t *testing.T) {
	for _, x := range formats() {
		if x.offset+len(x.magic) > 440 {
			continue
		}
		b := make([]byte, 1<<20)
		copy(b[x.offset:], x.magic)
		b[446+4], b[446+8], b[446+12], b[510], b[511] = 0x83, 1, 1, 0x55, 0xaa
		d := opened(t, write(t, filepath.Join(t.TempDir(), "disk"), b), Options{})
		if d.Format() != "raw" || d.Size() != 1<<20 || len(d.Problems()) != 1 {
			t.Errorf("%s: %s, %d bytes, %q", x.is, d.Format(), d.Size(), d.Problems())
		}
	}
}

// FuzzOpen opens files of any content: it ends, with a disk that can be read or an
// error of one line.
func FuzzOpen(f *testing.F) {
	for _, x := range formats() {
		f.Add(append(make([]byte, x.offset), x.magic...))
	}
	f.Add([]byte("QFI\xfb\x00\x00\x00\x03"))
	f.Add(tinyQcow2(false))
	f.Add(tinyQcow2(true))
	f.Add([]byte("conectix"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		p := write(t, filepath.Join(dir, fmt.Sprintf("fuzz%d", os.Getpid())), b)
		d, err := Open(context.Background(), p, Options{})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("not one line: %q", err)
			}
			return
		}
		defer d.Close()
		buf := make([]byte, 1<<16)
		for _, off := range []int64{0, d.Size() / 2, max(0, d.Size()-512), d.Size(), 1 << 60} {
			_, _ = d.ReadAt(buf, off)
		}
		ranges, err := d.Allocated(context.Background())
		if err == nil && len(ranges) > 1<<20 {
			t.Fatalf("%d ranges", len(ranges))
		}
	})
}
