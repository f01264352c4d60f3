package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/debugfstest"
)

// counting counts the bytes and calls of reads.
type counting struct {
	io.ReaderAt
	calls int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.calls++
	return c.ReaderAt.ReadAt(p, off)
}

// indexed makes an image with a directory /many of that many names, whose index e2fsck makes.
func indexed(t testing.TB, names, kib int, mkfs []string, commands ...string) []byte {
	t.Helper()
	for _, tool := range []string{"mke2fs", "debugfs", "e2fsck"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	dir := t.TempDir()
	crowd(t, filepath.Join(dir, "src/many"), names)
	img := filepath.Join(dir, "img")
	must(t, os.WriteFile(img, nil, 0o600))
	must(t, os.Truncate(img, int64(kib)<<10))
	run(t, "mke2fs", append(append([]string{"-q", "-F", "-t", "ext4", "-d", filepath.Join(dir, "src")}, mkfs...), img)...)
	if len(commands) > 0 {
		debugfstest.Run(t, img, true, commands...)
	}
	if out, err := exec.Command("e2fsck", "-fyD", img).CombinedOutput(); err != nil && err.(*exec.ExitError).ExitCode() > 2 {
		t.Fatalf("e2fsck: %v\n%s", err, out)
	}
	b, err := os.ReadFile(img)
	must(t, err)
	return b
}

// crowd makes a directory of so many names; links need no inodes.
func crowd(t testing.TB, dir string, names int) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	for i := range names {
		first := i / 30_000 * 30_000
		if i == first {
			must(t, os.WriteFile(filepath.Join(dir, longName(i)), nil, 0o644))
			continue
		}
		must(t, os.Link(filepath.Join(dir, longName(first)), filepath.Join(dir, longName(i))))
	}
}

// longName is a name with bytes above 0x7f, on which the signed and the unsigned hash differ.
func longName(i int) string {
	return fmt.Sprintf("n\xc3\xa4me-%06d-%s", i, strings.Repeat("\xff", i%40))
}

// hashes are the ways to hash names, as a filesystem chooses one.
var hashes = []struct {
	name     string
	version  uint8
	mkfs     []string
	commands []string
}{
	{"half_md4", rec.SbDefHashVersionHalfMd4, nil, nil},
	{"half_md4, signed", rec.SbDefHashVersionHalfMd4, nil, []string{"ssv flags 1"}},
	{"half_md4, unsigned", rec.SbDefHashVersionHalfMd4, nil, []string{"ssv flags 2"}},
	{"legacy, signed", rec.SbDefHashVersionLegacy, nil, []string{"ssv def_hash_version legacy", "ssv flags 1"}},
	{"legacy, unsigned", rec.SbDefHashVersionLegacy, nil, []string{"ssv def_hash_version legacy", "ssv flags 2"}},
	{"tea, signed", rec.SbDefHashVersionTea, nil, []string{"ssv def_hash_version tea", "ssv flags 1"}},
	{"tea, unsigned", rec.SbDefHashVersionTea, nil, []string{"ssv def_hash_version tea", "ssv flags 2"}},
	{"without a seed", rec.SbDefHashVersionHalfMd4, nil, []string{"ssv hash_seed null"}},
	{"without checksums", rec.SbDefHashVersionHalfMd4, []string{"-O", "^metadata_csum"}, nil},
	{"blocks of 64 KiB", rec.SbDefHashVersionHalfMd4, []string{"-b", "65536"}, nil},
	{"large_dir", rec.SbDefHashVersionHalfMd4, []string{"-O", "large_dir"}, nil},
}

// TestFindByIndex: names are found by the index, whatever its hash, in a few reads; those
// that are not there, too.
func TestFindByIndex(t *testing.T) {
	const names = 4000
	for _, h := range hashes {
		t.Run(h.name, func(t *testing.T) {
			mkfs := h.mkfs
			kib := 16384
			if !strings.Contains(strings.Join(mkfs, " "), "-b") {
				mkfs = append([]string{"-b", "1024"}, mkfs...)
			} else {
				kib = 65536
			}
			r := &counting{ReaderAt: bytes.NewReader(indexed(t, names, kib, mkfs, h.commands...))}
			f, err := Open(context.Background(), r, int64(kib)<<10, Options{})
			must(t, err)
			dir, _, err := filesystem.Lookup(f, "/many", false)
			must(t, err)
			n := mustNode(t, f, dir.Inode)
			if n.Flags&rec.InodeFlagIndex == 0 {
				t.Fatal("the directory has no index")
			}
			x, err := f.openIndex(n)
			must(t, err)
			entries, err := f.ReadDir(dir)
			if *n.hash != h.version {
				t.Fatalf("the index is by hash version %d", *n.hash)
			}
			must(t, err)
			if len(entries) != names {
				t.Fatalf("%d names of %d", len(entries), names)
			}
			blocks := int(n.Size) / f.sb.blockSize
			for i, want := range entries {
				before := r.calls
				got, err := f.Find(dir, want.Name)
				if err != nil || got != want {
					t.Fatalf("%q: %v, %v", want.Name, got, err)
				}
				if reads := r.calls - before; reads > 6 || reads > blocks/4+4 {
					t.Fatalf("%q: %d reads, the directory has %d blocks", want.Name, reads, blocks)
				}
				if i%50 == 0 {
					if e, found, err := x.find(want.Name); !found || err != nil || e != want {
						t.Fatalf("%q by the index alone: %v, %v, %v", want.Name, e, found, err)
					}
				}
			}
			for i := range 3 {
				before := r.calls
				if e, err := f.Find(dir, "none"); !errors.Is(err, iofs.ErrNotExist) {
					t.Errorf("a name that is not there: %v, %v", e, err)
				}
				if reads := r.calls - before; i > 0 && reads > 6 {
					t.Errorf("%d reads for a name that is not there", reads)
				}
			}
			noProblems(t, f)
		})
	}
}

// TestHashAsDebugfs compares hashes of names with those that debugfs computes.
func TestHashAsDebugfs(t *testing.T) {
	img := indexed(t, 10, 4096, []string{"-b", "1024"})
	f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
	must(t, err)
	p := filepath.Join(t.TempDir(), "img")
	must(t, os.WriteFile(p, img, 0o600))
	out, _ := debugfstest.Run(t, p, false, "show_super_stats -h")
	seed := regexp.MustCompile(`Directory Hash Seed:\s+(\S+)`).FindStringSubmatch(out)
	if seed == nil {
		t.Fatalf("debugfs shows no seed:\n%s", out)
	}
	names := []string{"a", "passwd", "abcdefghijklmnop", strings.Repeat("0123456789abcdef", 3), strings.Repeat("xyz", 85)}
	for version, kind := range map[uint8]string{rec.SbDefHashVersionLegacy: "legacy", rec.SbDefHashVersionHalfMd4: "half_md4", rec.SbDefHashVersionTea: "tea"} {
		for _, name := range names {
			out, _ := debugfstest.Run(t, p, false, fmt.Sprintf("dx_hash -h %s -s %s %s", kind, seed[1], name))
			m := regexp.MustCompile(`is (0x[0-9a-f]+) \(minor (0x[0-9a-f]+)\)`).FindStringSubmatch(out)
			if m == nil {
				t.Fatalf("dx_hash: %s", out)
			}
			n := &node{Inode: filesystem.Inode{Flags: rec.InodeFlagIndex}, hash: &version}
			hash, minor := f.dirHash(n, []byte(name))
			if got := fmt.Sprintf("%#x %#x", hash, minor); got != m[1]+" "+m[2] {
				t.Errorf("%s of %q: %s, debugfs %s %s", kind, name, got, m[1], m[2])
			}
		}
	}
}

// TestLyingIndex: whatever the index says, each name is found that stands in the directory.
func TestLyingIndex(t *testing.T) {
	const names = 4000
	sound := indexed(t, names, 16384, []string{"-b", "1024", "-O", "^metadata_csum"})
	le := binary.LittleEndian
	for _, c := range []struct {
		name  string
		spoil func(root, inner []byte) // the index's first block, and one below it
	}{
		{"sound", func([]byte, []byte) {}},
		{"hash that is not known", func(root, _ []byte) { root[28] = 7 }},
		{"another hash", func(root, _ []byte) { root[28] = (root[28] + 1) % 3 }},
		{"length of its head", func(root, _ []byte) { root[29] = 12 }},
		{"reserved bytes", func(root, _ []byte) { root[24] = 1 }},
		{"flags", func(root, _ []byte) { root[31] = 1 }},
		{"more levels", func(root, _ []byte) { root[30] = 9 }},
		{"fewer levels", func(root, _ []byte) { root[30] = 0 }},
		{"limit", func(root, _ []byte) { put16(root[32:], 9999) }},
		{"count over the limit", func(root, _ []byte) { put16(root[34:], 200) }},
		{"no entry", func(root, _ []byte) { put16(root[34:], 0) }},
		{"one entry", func(root, _ []byte) { put16(root[34:], 1) }},
		{"limit of the inner block", func(_, inner []byte) { put16(inner[8:], 9999) }},
		{"count of the inner block", func(_, inner []byte) { put16(inner[10:], 9998) }},
		{"block that is not there", func(root, _ []byte) { put32(root[36:], 0xfffffff) }},
		{"all hashes are the same", func(_, inner []byte) {
			for i := 1; i < int(le.Uint16(inner[10:])); i++ {
				put32(inner[8+8*i:], 2)
			}
		}},
		{"hashes in disorder", func(_, inner []byte) {
			count := int(le.Uint16(inner[10:]))
			for i := 1; i < count/2; i++ {
				a, b := inner[8+8*i:], inner[8+8*(count-i):]
				x, y := le.Uint32(a), le.Uint32(b)
				put32(a, y)
				put32(b, x)
			}
		}},
		{"all lead to one block", func(_, inner []byte) {
			for i := range int(le.Uint16(inner[10:])) {
				put32(inner[8+8*i+4:], 5)
			}
		}},
		{"in a circle", func(root, inner []byte) {
			for i := range int(le.Uint16(inner[10:])) {
				put32(inner[8+8*i+4:], le.Uint32(root[36:]))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := bytes.Clone(sound)
			f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
			must(t, err)
			dir, _, err := filesystem.Lookup(f, "/many", false)
			must(t, err)
			n := mustNode(t, f, dir.Inode)
			want, err := f.ReadDir(dir)
			must(t, err)
			x, err := f.openIndex(n)
			must(t, err)
			if x.levels != 1 {
				t.Fatalf("%d levels", x.levels)
			}
			block := func(logical uint32) []byte {
				_, number, err := x.block(logical)
				must(t, err)
				return img[number*1024:][:1024]
			}
			root := block(0)
			c.spoil(root, block(le.Uint32(root[36:])))
			f, err = Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
			must(t, err)
			for i := 0; i < len(want); i += 37 {
				got, err := f.Find(dir, want[i].Name)
				if err != nil || got != want[i] {
					t.Fatalf("%q: %v, %v, want %v", want[i].Name, got, err, want[i])
				}
				if _, err := f.Find(dir, "none"+strconv.Itoa(i)); !errors.Is(err, iofs.ErrNotExist) {
					t.Fatalf("a name that is not there: %v", err)
				}
			}
			if f.isSound(dir.Inode) != (c.name == "sound") {
				t.Errorf("sound: %v", f.isSound(dir.Inode))
			}
		})
	}
}

// TestFindAsKernel lets the kernel make an index of two levels, and finds what it finds.
func TestFindAsKernel(t *testing.T) {
	needKernel(t)
	img := makeImage(t, 64, "-t", "ext4", "-b", "1024", "-N", "256")
	root, unmount := mountImage(t, img, "rw,noatime")
	many := filepath.Join(root, "many")
	crowd(t, many, 20_000)
	for i := 1; i < 20_000; i += 3 {
		must(t, os.Remove(filepath.Join(many, longName(i))))
	}
	unmount()
	f := openImage(t, img, Options{})
	dir, _, err := filesystem.Lookup(f, "/many", false)
	must(t, err)
	x, err := f.openIndex(mustNode(t, f, dir.Inode))
	must(t, err)
	if x.levels != 1 {
		t.Fatalf("%d levels below the root of the index", x.levels)
	}
	for i := range 20_000 {
		e, found, err := x.find(longName(i))
		if err != nil || found != (i%3 != 1) || found && e.Name != longName(i) {
			t.Fatalf("%q: %v, %v, %v", longName(i), e, found, err)
		}
	}
	if _, _, err := filesystem.Lookup(f, "/many/none", false); !errors.Is(err, iofs.ErrNotExist) || !f.isSound(dir.Inode) {
		t.Errorf("a name that is not there: %v; the kernel's index is sound: %v", err, f.isSound(dir.Inode))
	}
}

// BenchmarkLookup finds names in a directory of 100,000.
func BenchmarkLookup(b *testing.B) {
	needKernel(b)
	img := makeImage(b, 64, "-t", "ext4", "-b", "4096", "-N", "256")
	root, unmount := mountImage(b, img, "rw,noatime")
	crowd(b, filepath.Join(root, "many"), 100_000)
	unmount()
	f := openImage(b, img, Options{})
	for kind, name := range map[string]string{"found": longName(77_777), "not found": "none"} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := filesystem.Lookup(f, "/many/"+name, false); err != nil && !errors.Is(err, iofs.ErrNotExist) {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestOpenIndex: where the index is not that of the names, it is not used.
func TestOpenIndex(t *testing.T) {
	img := indexed(t, 4000, 16384, []string{"-b", "1024", "-O", "^metadata_csum"})
	open := func(t *testing.T) (*FS, *node) {
		f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
		must(t, err)
		ref, _, err := filesystem.Lookup(f, "/many", false)
		must(t, err)
		return f, mustNode(t, f, ref.Inode)
	}
	levels := func(f *FS, n *node, level byte) {
		exts, err := f.extents(n)
		must(t, err)
		number := uint64(exts[0].Physical / 1024)
		b := bytes.Clone(img[number*1024:][:1024])
		b[30] = level
		f.overlay = map[uint64][]byte{number: b}
	}
	for _, c := range []struct {
		name   string
		change func(*FS, *node)
		want   string
	}{
		{"sound", func(*FS, *node) {}, ""},
		{"no flag", func(_ *FS, n *node) { n.Flags &^= rec.InodeFlagIndex }, "has no index"},
		{"no feature", func(f *FS, _ *node) { f.sb.SFeatureCompat &^= rec.SbFeatureCompatDirIndex }, "has no index"},
		{"names that are folded", func(_ *FS, n *node) { n.Flags |= flagCasefold }, "hashes are not those"},
		{"names that fast commits changed", func(f *FS, n *node) { f.fastDirs = map[uint64]bool{n.Ref.Inode: true} }, "of another state"},
		{"an older state", func(_ *FS, n *node) { n.view = &view{} }, "of another state"},
		{"a deleted directory", func(_ *FS, n *node) { n.verdict = &verdict{} }, "of another state"},
		{"three levels", func(f *FS, n *node) { levels(f, n, 2) }, "root of the index"},
		{"three levels, with large_dir", func(f *FS, n *node) {
			levels(f, n, 2)
			f.sb.SFeatureIncompat |= rec.SbFeatureIncompatLargeDir
		}, ""},
		{"four levels, with large_dir", func(f *FS, n *node) {
			levels(f, n, 3)
			f.sb.SFeatureIncompat |= rec.SbFeatureIncompatLargeDir
		}, "root of the index"},
	} {
		f, n := open(t)
		c.change(f, n)
		_, err := f.openIndex(n)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestCollisions: names of one hash may stand in the block after the one to which the index
// leads; an index that leads to more blocks than there are is given up.
func TestCollisions(t *testing.T) {
	img := indexed(t, 4000, 16384, []string{"-b", "1024", "-O", "^metadata_csum"})
	f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
	must(t, err)
	dir, _, err := filesystem.Lookup(f, "/many", false)
	must(t, err)
	n := mustNode(t, f, dir.Inode)
	x, err := f.openIndex(n)
	must(t, err)
	block := func(logical uint32) []byte {
		_, number, err := x.block(logical)
		must(t, err)
		return img[number*1024:][:1024]
	}
	le := binary.LittleEndian
	root := block(0)
	inner := block(le.Uint32(root[36:]))
	// The last name of a leaf changes its place with one as long of the next, and that begins
	// with its hash, marked as one that goes on.
	moved := ""
	for k := 1; moved == "" && k+1 < int(le.Uint16(inner[10:])); k++ {
		a, b := block(le.Uint32(inner[8+8*k+4:])), block(le.Uint32(inner[8+8*(k+1)+4:]))
		var last dirent
		hash := uint32(0)
		_ = dirEntries(a, 1024, true, f.maxInode(), false, func(d dirent) {
			if h, _ := f.dirHash(n, d.name); h >= hash {
				hash, last = h, d
			}
		})
		_ = dirEntries(b, 1024, true, f.maxInode(), false, func(d dirent) {
			if moved == "" && len(d.name) == len(last.name) {
				moved = string(last.name)
				other := bytes.Clone(d.name)
				copy(d.name, last.name)
				copy(last.name, other)
				put32(inner[8+8*(k+1):], hash|1)
			}
		})
	}
	if moved == "" {
		t.Fatal("no two names of one length in blocks that follow each other")
	}
	x, err = f.openIndex(n)
	must(t, err)
	if e, found, err := x.find(moved); !found || err != nil || e.Name != moved {
		t.Errorf("%q, which goes on in the next block: %v, %v, %v", moved, e, found, err)
	}
	// All entries of the root lead to one block, and all entries go on with the hash 2.
	count := int(le.Uint16(inner[10:]))
	for i := 1; i < count; i++ {
		put32(inner[8+8*i:], 3)
	}
	put16(root[34:], 124)
	for i := 1; i < 124; i++ {
		put32(root[32+8*i:], 3)
		put32(root[32+8*i+4:], le.Uint32(root[36:]))
	}
	x, err = f.openIndex(n)
	must(t, err)
	visited := 0
	_, err = x.leaves(2, func(uint32) (bool, error) { visited++; return false, nil })
	if blocks := int(n.Size) / 1024; err == nil || visited > blocks+1 {
		t.Errorf("%d blocks visited of %d, %v", visited, blocks, err)
	}
}

// FuzzIndex: whatever stands in the index blocks of a directory, names are found, and what is
// not there is not.
func FuzzIndex(f *testing.F) {
	img := indexed(f, 4000, 16384, []string{"-b", "1024", "-O", "^metadata_csum"})
	sound, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
	must(f, err)
	dir, _, err := filesystem.Lookup(sound, "/many", false)
	must(f, err)
	x, err := sound.openIndex(mustNode(f, sound, dir.Inode))
	must(f, err)
	if x.levels != 1 {
		f.Fatalf("%d levels", x.levels)
	}
	root, rootAt, err := x.block(0)
	must(f, err)
	_, innerAt, err := x.block(binary.LittleEndian.Uint32(root[36:]))
	must(f, err)
	want, err := sound.ReadDir(dir)
	must(f, err)
	f.Add([]byte("\x00\x1e\x02"), []byte{})
	f.Add([]byte("\x00\x1c\x00\x00\x22\x01"), []byte("\x00\x0a\xff"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		// Each three bytes are a place and a value. The first 12 bytes, and those of the
		// entries . and .., stay: they are names.
		fs, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
		must(t, err)
		fs.overlay = make(map[uint64][]byte)
		for at, change := range map[uint64][]byte{rootAt: a, innerAt: b} {
			block := bytes.Clone(img[at*1024:][:1024])
			first := 24
			if at == innerAt {
				first = 8
			}
			for ; len(change) >= 3; change = change[3:] {
				if i := int(change[0])<<8 | int(change[1]); i >= first && i < 1024 {
					block[i] = change[2]
				}
			}
			fs.overlay[at] = block
		}
		for i := 0; i < len(want); i += 199 {
			if e, err := fs.Find(dir, want[i].Name); err != nil || e != want[i] {
				t.Fatalf("%q: %v, %v", want[i].Name, e, err)
			}
		}
		if _, err := fs.Find(dir, "none"); !errors.Is(err, iofs.ErrNotExist) {
			t.Fatalf("a name that is not there: %v", err)
		}
	})
}
