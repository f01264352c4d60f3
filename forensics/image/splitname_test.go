package image

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mkfs makes an ext4 of 24 MiB with blocks of 1 KiB, so that copies of its superblock stand
// every 8 MiB, and data in between.
func mkfs(t *testing.T) []byte {
	t.Helper()
	need(t, "mke2fs")
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "big"), bytes.Repeat([]byte("0123456789abcdef"), 14<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(t.TempDir(), "whole")
	run(t, "mke2fs", "-q", "-t", "ext4", "-b", "1024", "-d", tree, raw, "24M")
	b, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withTable puts a filesystem behind an MBR, at 1 MiB.
func withTable(fs []byte) []byte {
	b := append(make([]byte, 1<<20), fs...)
	b[446+4], b[510], b[511] = 0x83, 0x55, 0xaa
	binary.LittleEndian.PutUint32(b[446+8:], 2048)
	binary.LittleEndian.PutUint32(b[446+12:], uint32(len(fs)/512))
	return b
}

// parts writes pieces of a disk under names.
func parts(t *testing.T, b []byte, size int, name func(i int) string) (first string, n int) {
	t.Helper()
	dir := t.TempDir()
	for ; len(b) > 0; n++ {
		k := min(size, len(b))
		p := write(t, filepath.Join(dir, name(n)), b[:k])
		if b = b[k:]; n == 0 {
			first = p
		}
	}
	return first, n
}

// TestSplitNames: parts of an ext4 of which one begins with a copy of the superblock, and of
// a disk where one begins with the filesystem itself, by the names that programs give them.
func TestSplitNames(t *testing.T) {
	fs := mkfs(t)
	letters := func(i int) string { return string([]byte{'a' + byte(i/26), 'a' + byte(i%26)}) }
	for kind, whole := range map[string][]byte{"filesystem": fs, "table": withTable(fs)} {
		for name, c := range map[string]struct {
			name func(i int) string
			size int
		}{
			"s.000, at a copy of the superblock": {func(i int) string { return fmt.Sprintf("s.%03d", i) }, 8 << 20},
			"s.001":                              {func(i int) string { return fmt.Sprintf("s.%03d", i+1) }, 8<<20 + 1024},
			"s.00000":                            {func(i int) string { return fmt.Sprintf("s.%05d", i) }, 5 << 20},
			"s.000, at the filesystem":           {func(i int) string { return fmt.Sprintf("s.%03d", i) }, 1 << 20},
			"xaa":                                {func(i int) string { return "x" + letters(i) }, 1 << 20},
			"diskaa":                             {func(i int) string { return "disk" + letters(i) }, 5 << 20},
			"dataaa":                             {func(i int) string { return "data" + letters(i) }, 5 << 20},
			"part0 to part12":                    {func(i int) string { return fmt.Sprintf("part%d", i) }, 2 << 20},
			"part1":                              {func(i int) string { return fmt.Sprintf("part%d", i+1) }, 7 << 20},
			"x_000.dd":                           {func(i int) string { return fmt.Sprintf("x_%03d.dd", i) }, 7 << 20},
			"image-01.raw":                       {func(i int) string { return fmt.Sprintf("image-%02d.raw", i+1) }, 7 << 20},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				first, n := parts(t, whole, c.size, c.name)
				d := opened(t, first, Options{})
				if d.Format() != "split-raw" || len(d.Files()) != n || len(d.Problems()) > 0 || d.Size() != int64(len(whole)) {
					t.Fatalf("%s of %d bytes, %d files of %d, %q", d.Format(), d.Size(), len(d.Files()), n, d.Problems())
				}
				sameBytes(t, d, whole)
				for _, i := range []int{1, 2} {
					if kind == "table" && c.size == 1<<20 && i == 1 {
						continue // it begins with the filesystem, which is a disk as well
					}
					refused(t, filepath.Join(filepath.Dir(first), c.name(i)), Options{}, "is a part of a split image: name the first part, "+first)
				}
				// Without one in the middle, the disk ends there, and that is a loss.
				if err := os.Remove(filepath.Join(filepath.Dir(first), c.name(1))); err != nil {
					t.Fatal(err)
				}
				d = opened(t, first, Options{})
				if d.Size() != int64(c.size) || len(d.Problems()) != 1 || !d.Problems()[0].Lost || !strings.Contains(d.Problems()[0].Why, c.name(1)+" is missing, though") {
					t.Errorf("a part is missing: %d bytes, %q", d.Size(), d.Problems())
				}
			})
		}
	}
}

// TestNoParts: disks that are numbered, of a series or of one server, are no parts of each
// other, whatever they begin with.
func TestNoParts(t *testing.T) {
	fs := mkfs(t)
	table, data := withTable(fs), bytes.Repeat([]byte("no disk begins so"), 1<<18)
	cut := table[:5<<20]
	for name, c := range map[string]struct {
		names []string
		disks [][]byte
	}{
		"a series of filesystems":        {[]string{"s.001", "s.002"}, [][]byte{fs, fs}},
		"a series of disks":              {[]string{"s.001", "s.002"}, [][]byte{table, table}},
		"a series of disks cut short":    {[]string{"s.001", "s.002"}, [][]byte{cut, cut}},
		"snapshots":                      {[]string{"snap1.raw", "snap2.raw"}, [][]byte{fs, fs}},
		"two disks":                      {[]string{"disk0.raw", "disk1.raw"}, [][]byte{table, data}},
		"two disks, the first is cut":    {[]string{"disk0.raw", "disk1.raw"}, [][]byte{cut, fs}},
		"a larger one, the first is cut": {[]string{"disk0.raw", "disk1.raw"}, [][]byte{cut, append(data, data...)}},
		"by letters":                     {[]string{"diskaa", "diskab"}, [][]byte{fs, data}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i, n := range c.names {
				write(t, filepath.Join(dir, n), c.disks[i])
			}
			for i, n := range c.names {
				d := opened(t, filepath.Join(dir, n), Options{})
				if d.Format() != "raw" || d.Size() != int64(len(c.disks[i])) || len(d.Problems()) > 0 {
					t.Errorf("%s: %s of %d bytes, %q", n, d.Format(), d.Size(), d.Problems())
				}
			}
		})
	}
}

// TestPartNames: what a name may mean; most names are none of a part.
func TestPartNames(t *testing.T) {
	for name, want := range map[string]string{
		"s.000": "s. 000 |true 000,001", "x.aa": "x. aa |true aa", "xaa": "x aa |true aa", "part9": "part 9 |false 0,1", "part10": "part 10 |false 0,1", "x_000.dd": "x_ 000 .dd|false 000,001",
		"disk.raw": "", "clean.img": "", "DISK": "", "": "", "a": "", ".000": ". 000 |true 000,001", "1234567": "",
	} {
		var got []string
		for _, n := range partNames(name) {
			if n.begins() || n.suffix[0] < 'a' {
				got = append(got, fmt.Sprintf("%s %s %s|%v %s", n.before, n.suffix, n.after, n.usual, strings.Join(n.starts(), ",")))
			}
		}
		if g := strings.Join(got, "; "); g != want {
			t.Errorf("%q: %q, want %q", name, g, want)
		}
	}
	n := partName{before: "p", suffix: "0"}
	if a, b := n.next("9"), n.next("999999"); a != "10" || b != "" {
		t.Errorf("behind 9 comes %q, behind 999999 %q", a, b)
	}
	n = partName{before: "p.", suffix: "00"}
	if a := n.next("99"); a != "" {
		t.Errorf("behind 99 of two digits comes %q", a)
	}
}
