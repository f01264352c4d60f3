package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
)

// edit is an image whose structures a test changes by hand.
type edit struct {
	t   *testing.T
	f   *FS
	img []byte
}

func newEdit(t *testing.T, kind string) *edit {
	f, img := tinyFS(t, kind)
	return &edit{t, f, img}
}

func (e *edit) ino(path string) uint64 {
	e.t.Helper()
	ref, _, err := filesystem.Lookup(e.f, path, false)
	must(e.t, err)
	return ref.Inode
}

// inode gives the record of an inode, to be changed.
func (e *edit) inode(path string) []byte {
	e.t.Helper()
	off, err := e.f.inodeOffset(e.ino(path))
	must(e.t, err)
	return e.img[off:][:e.f.sb.inodeSize]
}

// block gives the n-th block of a file, to be changed.
func (e *edit) block(path string, n int) ([]byte, uint32) {
	e.t.Helper()
	exts, err := e.f.extents(mustNode(e.t, e.f, e.ino(path)))
	must(e.t, err)
	bs := int64(e.f.sb.blockSize)
	for _, x := range exts {
		if at := int64(n)*bs - x.Logical; at >= 0 && at < x.Length {
			return e.img[x.Physical+at:][:bs], uint32((x.Physical + at) / bs)
		}
	}
	e.t.Fatalf("%s has no block %d", path, n)
	return nil, 0
}

// entry gives the directory entry of a name, to be changed.
func (e *edit) entry(dir, name string) []byte {
	e.t.Helper()
	for n := 0; ; n++ {
		b, _ := e.block(dir, n)
		if at := bytes.Index(b, []byte(name)); at >= 8 && int(b[at-2]) == len(name) {
			return b[at-8:][:8+len(name)]
		}
	}
}

func put32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }
func put16(b []byte, v uint16) { binary.LittleEndian.PutUint16(b, v) }

// TestHostile breaks images as an intruder could. For each, the place must be
// named, the rest still shown, and the work bounded.
func TestHostile(t *testing.T) {
	const plain, old = "ext4 no checksums", "ext2"
	for _, c := range []struct {
		name string
		kind string
		edit func(e *edit)
		what string // where the problem or the error is
		why  string
		open string // a file whose reading must give the error
		lost string // a prefix of paths that may be missing
	}{
		{"extent tree that leads to itself", plain, func(e *edit) {
			root := e.inode("/d2/sparse")[0x28:]
			child := binary.LittleEndian.Uint32(root[16:])
			b := e.img[int64(child)*1024:][:1024]
			copy(b, root[:12])     // depth 1 again
			put32(b[12+4:], child) // and its own child
			put16(b[12+8:], 0)
			put16(b[2:], 1)                        // one entry
			put16(b[6:], 1)                        // depth
			put16(e.inode("/d2/sparse")[0x2e:], 2) // the root is one above
		}, "", "stands twice", "/d2/sparse", ""},
		{"extent node with 65,535 entries", plain, func(e *edit) {
			put16(e.inode("/d2/sparse")[0x2a:], 0xffff)
			put16(e.inode("/d2/sparse")[0x2c:], 0xffff)
		}, "", "65535 entries", "/d2/sparse", ""},
		{"extent tree of depth 60,000", plain, func(e *edit) { put16(e.inode("/d2/sparse")[0x2e:], 60_000) }, "", "depth", "/d2/sparse", ""},
		{"overlapping extents", plain, func(e *edit) {
			raw := e.inode("/d2/large")
			put16(raw[0x2a:], 2)
			copy(raw[0x40:0x4c], raw[0x34:0x40])
			put32(raw[0x40:], 3)
		}, "", "overlap", "/d2/large", ""},
		{"extent behind the end of the volume", plain, func(e *edit) { put32(e.inode("/d2/large")[0x3c:], 0xfffffff0) }, "", "of a volume of", "/d2/large", ""},
		{"indirect block that points to itself", old, func(e *edit) {
			raw := e.inode("/d2/large")
			ind := binary.LittleEndian.Uint32(raw[0x28+48:])
			put32(raw[0x28+56:], ind) // the triple indirect block is the indirect one
			b := e.img[int64(ind)*1024:][:1024]
			for i := 0; i < 1024; i += 4 {
				put32(b[i:], ind)
			}
		}, "", "stands twice", "/d2/large", ""},
		{"indirect block of garbage", old, func(e *edit) {
			ind := binary.LittleEndian.Uint32(e.inode("/d2/large")[0x28+48:])
			copy(e.img[int64(ind)*1024:], bytes.Repeat([]byte{0xf7}, 1024))
		}, "", "of a volume of", "/d2/large", ""},
		{"file of 2^62 bytes", plain, func(e *edit) { put32(e.inode("/small")[0x6c:], 1<<30) }, "", "", "", ""},
		{"directory of 2^32 bytes", plain, func(e *edit) { put32(e.inode("/many")[4:], 0xfffffc00) }, "", "", "", ""},
		{"entry that crosses its block", plain, func(e *edit) { put16(e.entry("/many", "entry with some length 7")[4:], 4000) }, "directory inode", "with length 4000", "", "/many/"},
		{"entry of length 0", plain, func(e *edit) { put16(e.entry("/many", "entry with some length 7")[4:], 0) }, "directory inode", "with length 0", "", "/many/"},
		{"name longer than its entry", plain, func(e *edit) { e.entry("/many", "entry with some length 7")[6] = 255 }, "directory inode", "a name of 255 bytes", "", "/many/"},
		{"name with a slash", plain, func(e *edit) { copy(e.entry("/", "small")[8:], "a/../") }, "directory inode", "a name with a slash", "", "/small"},
		{"name with a zero byte", plain, func(e *edit) { e.entry("/", "small")[9] = 0 }, "directory inode", "a name with a zero byte", "", "/small"},
		{"second entry named ..", plain, func(e *edit) { en := e.entry("/", "link0"); en[6] = 2; copy(en[8:], "..") }, "directory inode", `an entry ".."`, "", "/link0"},
		{"directory with two names", plain, func(e *edit) { put32(e.entry("/", "small"), uint32(e.ino("/d2"))) }, "directory inode", "second name", "", "/small"},
		{"directory within itself", plain, func(e *edit) { put32(e.entry("/d2/deep/deeper", "leaf"), uint32(e.ino("/d2"))) }, "directory inode", "second name", "", "/d2/deep/deeper/leaf"},
		{"root within itself", plain, func(e *edit) { put32(e.entry("/d2/deep/deeper", "leaf"), 2) }, "directory inode", "second name", "", "/d2/deep/deeper/leaf"},
		{"entry of an inode that is not in use", plain, func(e *edit) { put32(e.entry("/", "small"), 120) }, "inode 120", "not in use", "/small", "/small"},
		{"entry of inode 4,294,967,295", plain, func(e *edit) { put32(e.entry("/", "small"), 0xffffffff) }, "inode 4294967295", "", "/small", "/small"},
		{"4,294,967,295 inodes claimed", plain, func(e *edit) { put32(e.img[1024:], 0xffffffff) }, "", "", "", ""},
		{"root that is no directory", plain, func(e *edit) { off, _ := e.f.inodeOffset(2); put16(e.img[off:], 0o100644) }, "root directory", "not a directory", "", "/"},
		{"file without a name", plain, func(e *edit) {
			// A directory entry taken out with a hex editor: the file stays.
			b, _ := e.block("/d1", 0)
			at := bytes.Index(b, []byte("text"))
			put32(b[at-8:], 0)
		}, "inode", noteUnnamed, "", "/d1/text"},
		{"attribute value behind its block", plain, func(e *edit) {
			raw := e.inode("/small")
			copy(raw[160:], "\x00\x00\x02\xea\x03\x01\xff\xff\x00\x00\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00one")
		}, "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEdit(t, c.kind)
			want := make(map[string]bool)
			must(t, e.f.Walk(context.Background(), filesystem.WalkOptions{}, func(en *filesystem.Entry) error {
				want[en.Path] = true
				return nil
			}))
			var ref filesystem.Ref
			if c.open != "" {
				ref.Inode = e.ino(c.open)
			}
			c.edit(e)
			start := time.Now()
			f, err := Open(context.Background(), bytes.NewReader(e.img), int64(len(e.img)), Options{})
			must(t, err)
			var reported []string
			shown := 0
			err = f.Walk(context.Background(), filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: true}, func(en *filesystem.Entry) error {
				if want[en.Path] {
					shown++
					delete(want, en.Path)
				}
				if strings.Contains(en.Path+"/", "/../") || strings.Contains(en.Path, "\x00") {
					t.Errorf("path %q", en.Path)
				}
				if en.Err != nil {
					reported = append(reported, en.Err.Error())
				}
				return nil
			})
			must(t, err)
			for p := range want {
				if c.lost == "" || !strings.HasPrefix(p, c.lost) {
					t.Errorf("%q is not shown any more", p)
				}
			}
			if c.open != "" && c.what == "" {
				fl, err := f.Open(ref)
				if err == nil {
					_, err = fl.Extents()
				}
				if err == nil {
					t.Errorf("%s is read without an error", c.open)
				} else {
					reported = append(reported, err.Error())
					var corrupt *filesystem.CorruptError
					if !errors.As(err, &corrupt) {
						t.Errorf("not reported as corrupt: %v", err)
					}
				}
			}
			for _, p := range f.Problems() {
				reported = append(reported, p.What+": "+p.Why)
			}
			found := c.what == "" && c.why == ""
			for _, s := range reported {
				if strings.Contains(s, c.what) && strings.Contains(s, c.why) {
					found = true
				}
			}
			if !found {
				t.Errorf("%q, %q is not reported: %q", c.what, c.why, reported)
			}
			t.Logf("%v, %d shown, reported: %.300q", time.Since(start), shown, reported)
		})
	}
}

// TestHiddenInode puts a file where the group's descriptor says that no inode was
// ever used. The kernel reads it; so must we.
func TestHiddenInode(t *testing.T) {
	e := newEdit(t, "ext4")
	ino := e.f.groups[0]
	hidden := e.f.sb.SInodesPerGroup - ino.unused + 3
	if hidden >= e.f.sb.SInodesPerGroup {
		t.Skip("the table is full")
	}
	off, err := e.f.inodeOffset(uint64(hidden))
	must(t, err)
	copy(e.img[off:], e.inode("/small"))
	put32(e.entry("/", "small"), hidden)
	f, err := Open(context.Background(), bytes.NewReader(e.img), int64(len(e.img)), Options{})
	must(t, err)
	found := false
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{}, func(en *filesystem.Entry) error {
		if en.Path == "/small" && en.Err == nil && en.Inode.Ref.Inode == uint64(hidden) && en.Inode.Size == 4 {
			found = true
		}
		return nil
	}))
	if !found {
		t.Error("the file is not shown")
	}
	if !reports(f, fmt.Sprintf("inode %d", hidden)) {
		t.Errorf("nothing is said: %v", f.Problems())
	}
}

// TestSharedDirectories lets every inode be a directory over all blocks of the
// volume: what is read must not grow with their number.
func TestSharedDirectories(t *testing.T) {
	for _, depth := range []uint16{0, 1} {
		e := newEdit(t, "ext4 no checksums")
		node, block := e.block("/d2/large", 20)
		copy(node, "\x0a\xf3\x54\x00\x54\x00\x00\x00")
		for i := range uint32(84) { // 84 extents of 100 blocks
			put32(node[12+12*i:], i*100)
			put16(node[12+12*i+4:], 100)
			put32(node[12+12*i+8:], 1+i*97)
		}
		total := uint64(e.f.sb.groups) * uint64(e.f.sb.SInodesPerGroup)
		for ino := uint64(11); ino <= total; ino++ {
			off, err := e.f.inodeOffset(ino)
			must(t, err)
			raw := e.img[off:][:e.f.sb.inodeSize]
			clear(raw)
			put16(raw, 0o40755)
			put16(raw[0x1a:], 2)
			put32(raw[4:], 8<<20)
			put32(raw[0x20:], 0x80000)
			copy(raw[0x28:], "\x0a\xf3\x01\x00\x04\x00")
			put16(raw[0x2e:], depth)
			if depth == 0 {
				put16(raw[0x38:], 8000)
				put32(raw[0x3c:], 1)
			} else {
				put32(raw[0x38:], block)
			}
		}
		f, err := Open(context.Background(), bytes.NewReader(e.img), int64(len(e.img)), Options{})
		must(t, err)
		start := time.Now()
		entries := 0
		must(t, f.Walk(context.Background(), filesystem.WalkOptions{}, func(*filesystem.Entry) error { entries++; return nil }))
		if !reports(f, "directory inode") && !reports(f, "inode") {
			t.Errorf("nothing is said: %v", f.Problems())
		}
		t.Logf("depth %d: %d entries in %v, %d problems", depth, entries, time.Since(start), len(f.Problems()))
	}
}

// TestLongPaths builds a deep chain of directories with a crowd at its end: the
// paths together would be gigabytes.
func TestLongPaths(t *testing.T) {
	w := &walker{f: &FS{problems: make(map[filesystem.Problem]bool)}}
	const deep, crowd = 600, 20_000
	name := bytes.Repeat([]byte("d"), 250)
	add := func(dir uint32, ino uint32, name []byte) {
		w.begin(dir)
		w.collect(dirent{ino: ino, name: name})
		w.end()
	}
	w.f.sb = &superblock{inodeSize: 256, blockSize: 1024, groups: 1}
	w.f.sb.SInodesPerGroup = deep + 10
	w.f.groups = make([]group, 1)
	w.index = [][]uint32{make([]uint32, deep+10)}
	w.scratch = make([]byte, 8+256)
	raw := make([]byte, 256)
	put16(raw, 0o40755)
	put16(raw[0x1a:], 2)
	for i := range uint64(deep) {
		w.index[0][i+1] = w.addInode(i+2, raw)
		w.dirs[i].raw = nil
	}
	for i := range uint32(deep - 1) {
		add(i, i+3, name)
	}
	w.begin(deep - 1)
	for i := range crowd {
		w.collect(dirent{ino: 1, name: fmt.Appendf(nil, "%d", i)})
	}
	w.end()
	entries, length := 0, 0
	w.opts.Reuse = true
	must(t, w.paths(context.Background(), func(e *filesystem.Entry) error {
		entries++
		length += len(e.Path)
		return nil
	}))
	if length > maxLong+1<<20 {
		t.Errorf("%d bytes of paths", length)
	}
	if entries < deep || !reports(w.f, "directory inode") {
		t.Errorf("%d entries; %v", entries, w.f.Problems())
	}
	t.Logf("%d entries, %d MiB of paths", entries, length>>20)
}

// TestCutShort reads images of which the end is missing.
func TestCutShort(t *testing.T) {
	for _, img := range needTinies(t) {
		for _, part := range []int{2, 10, 30, 60, 95} {
			b := img.bytes[:len(img.bytes)*part/100]
			f, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{})
			if err != nil {
				continue
			}
			entries := 0
			must(t, f.Walk(context.Background(), filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: true}, func(e *filesystem.Entry) error {
				entries++
				if fl, err := f.Open(e.Inode.Ref); err == nil && e.Inode.IsRegular() {
					exts, _ := fl.Extents()
					for _, x := range exts {
						_, err := fl.ReadAt(make([]byte, 1), x.Logical)
						if x.Physical >= int64(len(b)) && !x.Unwritten && err == nil {
							t.Errorf("%s, %d%%: %s is read at byte %d of a volume of %d", img.name, part, e.Path, x.Physical, len(b))
						}
					}
				}
				return nil
			}))
			if !reports(f, "superblock") {
				t.Errorf("%s, %d%%: nothing is said: %v", img.name, part, f.Problems())
			}
			if part == 95 && entries < 60 {
				t.Errorf("%s, %d%%: only %d entries", img.name, part, entries)
			}
		}
	}
}

// TestProblemFlood wants a flood of one kind of damage not to hide another.
func TestProblemFlood(t *testing.T) {
	f := &FS{problems: make(map[filesystem.Problem]bool)}
	for i := range 100_000 {
		f.problem(fmt.Sprintf("inode %d", i), noteChecksum)
		f.problem(fmt.Sprintf("group %d descriptor", i), "table at %d", i)
	}
	f.problem("inode 7", "in use, where none should be")
	if n := len(f.Problems()); n < 2*maxOfKind || n > 2*maxOfKind+3 {
		t.Errorf("%d problems", n)
	}
	found := false
	for _, p := range f.Problems() {
		found = found || p.Why == "in use, where none should be"
	}
	if !found {
		t.Error("the rare problem is hidden")
	}
}
