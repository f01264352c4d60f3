package ext4

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// direntBytes writes directory entries one behind the other; the last reaches to the end.
func direntBytes(size int, list ...dirent) []byte {
	b := make([]byte, size)
	at := 0
	for i, d := range list {
		n := entryLen(len(d.name))
		if i == len(list)-1 {
			n = size - at
		}
		if len(d.rest) == 1 { // a length of its own
			n = int(d.rest[0])
		}
		put32(b[at:], d.ino)
		put16(b[at+4:], uint16(n))
		b[at+6], b[at+7] = byte(len(d.name)), d.typ
		copy(b[at+8:], d.name)
		at += n
	}
	return b
}

// TestDirentBounds: what the kernel takes for an entry, and what slack holds, each at its
// bound.
func TestDirentBounds(t *testing.T) {
	e := func(ino uint32, typ byte, name string) dirent { return dirent{ino: ino, typ: typ, name: []byte(name)} }
	slackOf := func(list ...dirent) []byte {
		// One entry that covers the block, and in its slack the others.
		b := direntBytes(256, e(20, 1, "live"))
		copy(b[16:], direntBytes(240, list...))
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
		err  string
	}{
		{"two entries", direntBytes(64, e(20, 1, "one"), e(21, 1, "two")), "one two", ""},
		{"inode 0", direntBytes(64, e(20, 1, "one"), e(0, 1, "two")), "one", ""},
		{"the last inode", direntBytes(64, e(100, 1, "one")), "one", ""},
		{"behind the last inode", direntBytes(64, e(101, 1, "one"), e(20, 1, "two")), "one two!", "inode 101 of 100"},
		{"length of no name", direntBytes(64, dirent{ino: 20, typ: 1, name: nil, rest: []byte{8}}, e(21, 1, "two")), "", "length 8"},
		{"twelve bytes are left", direntBytes(64, dirent{ino: 20, typ: 1, name: []byte("one"), rest: []byte{52}}, e(21, 1, "two")), "one two", ""},
		{"eight bytes are left", direntBytes(64, dirent{ino: 20, typ: 1, name: []byte("one"), rest: []byte{56}}), "", "leaves 8 bytes"},
		{"length that is no multiple of 4", direntBytes(64, dirent{ino: 20, typ: 1, name: []byte("one"), rest: []byte{14}}), "", "length 14"},
		{"name as long as its entry", direntBytes(64, e(20, 1, "12345678"), e(21, 1, "two")), "12345678 two", ""},
		{"name longer than its entry", direntBytes(64, dirent{ino: 20, typ: 1, name: []byte("123456789"), rest: []byte{16}}, e(21, 1, "two")), "two!", "a name of 9 bytes in 16"},
		{"slack", slackOf(e(30, 1, "gone"), e(31, 2, "too")), "live gone- too-", ""},
		{"slack: inode 11", slackOf(e(11, 1, "gone")), "live gone-", ""},
		{"slack: inode 10", slackOf(e(10, 1, "gone")), "live", ""},
		{"slack: the last inode", slackOf(e(100, 1, "gone")), "live gone-", ""},
		{"slack: behind the last inode", slackOf(e(101, 1, "gone")), "live", ""},
		{"slack: a symbolic link", slackOf(e(30, 7, "gone")), "live gone-", ""},
		{"slack: no type", slackOf(e(30, 0, "gone")), "live", ""},
		{"slack: type 8", slackOf(e(30, 8, "gone")), "live", ""},
		{"slack: a slash", slackOf(e(30, 1, "go/ne")), "live", ""},
		{"slack: a zero byte", slackOf(e(30, 1, "go\x00ne")), "live", ""},
		{"slack: ..", slackOf(e(30, 2, "..")), "live", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			err := dirEntries(c.b, 1024, true, 100, true, func(d dirent) {
				s := string(d.name)
				if d.deleted {
					s += "-"
				}
				if d.passed {
					s += "!"
				}
				got = append(got, s)
			})
			if strings.Join(got, " ") != c.want && !(c.err != "" && c.want == "") || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v, want %q and an error about %q", got, err, c.want, c.err)
			}
			if c.want == "" && slices.Contains(got, "one") {
				t.Errorf("the wrong entry is given: %q", got)
			}
		})
	}
}

// TestNokeyNames: an encrypted name of up to 149 bytes is shown whole, of a longer one the
// rest is hashed (struct fscrypt_nokey_name in fs/crypto/fname.c).
func TestNokeyNames(t *testing.T) {
	for n, want := range map[int]int{16: 8 + 16, 148: 8 + 148, 149: 8 + 149, 150: 8 + 149 + 32, 255: 8 + 149 + 32} {
		cipher := []byte(strings.Repeat("c", n))
		s := nokeyName(cipher, 1, 2)
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) != want || nokeyLen(int64(n)) != int64(len(s)) {
			t.Errorf("%d bytes: %d shown, want %d; length %d, said to be %d; %v", n, len(b), want, len(s), nokeyLen(int64(n)), err)
		}
		if string(b[8:min(8+149, 8+n)]) != string(cipher[:min(149, n)]) {
			t.Errorf("%d bytes: other bytes", n)
		}
	}
}

// TestHashOfTheEnd: the hash that stands for the end of a directory is no name's
// (EXT4_HTREE_EOF). debugfs gives 0xfffffffc for this one, too.
func TestHashOfTheEnd(t *testing.T) {
	f, _ := tinyFS(t, "ext4 no checksums")
	version := uint8(rec.SbDefHashVersionLegacy)
	n := &node{Inode: filesystem.Inode{Flags: rec.InodeFlagIndex}, hash: &version}
	if hash, _ := f.dirHash(n, []byte("au0yfdr")); hash != 0xfffffffc {
		t.Errorf("%#x", hash)
	}
}

// TestInodeFields decodes records made by hand, each field at its bound.
func TestInodeFields(t *testing.T) {
	f, _ := tinyFS(t, "ext4")
	s := *f.sb
	s.SFeatureRoCompat |= rec.SbFeatureRoCompatHugeFile | rec.SbFeatureRoCompatProject
	decode := func(change func([]byte)) *filesystem.Inode {
		raw := make([]byte, 256)
		put16(raw, filesystem.ModeRegular|0o644)
		put16(raw[128:], 32)
		change(raw)
		in := &filesystem.Inode{}
		s.decodeInode(in, 20, raw)
		return in
	}
	if in := decode(func(b []byte) { put32(b[0x10:], 5); put32(b[0x88:], 999_999_999<<2|1) }); in.Mtime.Nsec != 999_999_999 || in.Mtime.Sec != 5+1<<32 {
		t.Errorf("mtime %+v", in.Mtime)
	}
	if in := decode(func(b []byte) { put32(b[0x88:], 1_000_000_000<<2) }); in.Mtime.Nsec != 0 {
		t.Errorf("nanoseconds beyond a second: %+v", in.Mtime)
	}
	if in := decode(func(b []byte) { put16(b[128:], 30); put32(b[0x90:], 7) }); in.Crtime.Known {
		t.Errorf("a size of the extra fields that is no multiple of 4 counts: %+v", in.Crtime)
	}
	for extra, known := range map[uint16]bool{16: false, 20: true, 32: true} {
		if in := decode(func(b []byte) { put16(b[128:], extra); put32(b[0x90:], 7) }); in.Crtime.Known != known {
			t.Errorf("%d bytes of extra fields: crtime known %v", extra, in.Crtime.Known)
		}
	}
	for extra, want := range map[uint16]uint32{28: 0, 32: 9} {
		if in := decode(func(b []byte) { put16(b[128:], extra); put32(b[0x9c:], 9) }); in.ProjectID != want {
			t.Errorf("%d bytes of extra fields: project %d", extra, in.ProjectID)
		}
	}
	for flags, want := range map[uint32]uint64{0: 8, rec.InodeFlagHugeFile: 8 * uint64(s.blockSize/512)} {
		if in := decode(func(b []byte) { put32(b[0x1c:], 8); put32(b[0x20:], flags) }); in.Sectors != want {
			t.Errorf("flags %#x: %d sectors, want %d", flags, in.Sectors, want)
		}
	}
	for size, fast := range map[uint32]bool{59: true, 60: false} {
		n := &node{raw: make([]byte, 256)}
		put16(n.raw, filesystem.ModeSymlink|0o777)
		put32(n.raw[4:], size)
		s.decodeInode(&n.Inode, 20, n.raw)
		if s.fastLink(n) != fast {
			t.Errorf("a link of %d bytes: in the inode %v", size, !fast)
		}
	}
}

// TestSuperblockBounds: sizes that no filesystem has are refused.
func TestSuperblockBounds(t *testing.T) {
	_, img := tinyFS(t, "ext4")
	for _, c := range []struct {
		name   string
		change func([]byte)
		err    string
	}{
		{"sound", func([]byte) {}, ""},
		{"blocks of 128 KiB", func(b []byte) { put32(b[0x18:], 7) }, "block size 2^17"},
		{"inodes of 64 bytes", func(b []byte) { put16(b[0x58:], 64) }, "inode size 64"},
		{"inodes of 192 bytes", func(b []byte) { put16(b[0x58:], 192) }, "inode size 192"},
		{"inodes of two blocks", func(b []byte) { put16(b[0x58:], 2048) }, "inode size 2048"},
		{"descriptors of 96 bytes", func(b []byte) { put16(b[0xfe:], 96) }, "descriptor size 96"},
		{"descriptors of 16 bytes", func(b []byte) { put16(b[0xfe:], 16) }, "descriptor size 16"},
		{"no inodes", func(b []byte) { put32(b[0x28:], 0) }, "0 inodes in a group"},
		{"more inodes than a bitmap has bits", func(b []byte) { put32(b[0x28:], 8*1024+1) }, "8193 inodes in a group"},
		{"no blocks", func(b []byte) { put32(b[4:], 0) }, "blocks"},
	} {
		b := slices.Clone(img[1024:2048])
		c.change(b)
		_, err := parseSuperblock(b, int64(len(img)))
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want an error about %q", c.name, err, c.err)
		}
	}
}

// TestDescriptorBounds: more unused inodes than a group has cannot be.
func TestDescriptorBounds(t *testing.T) {
	f, _ := tinyFS(t, "ext4")
	per := f.sb.SInodesPerGroup
	for unused, bad := range map[uint32]bool{0: false, per: false, per + 1: true} {
		d := make([]byte, f.sb.descSize)
		put32(d[8:], uint32(f.groups[0].inodeTable))
		put16(d[0x1c:], uint16(unused))
		put16(d[0x1e:], f.groupChecksum(0, d))
		g, err := f.parseGroup(0, d)
		if (err != nil) != bad || bad && g.unused != 0 || !bad && g.unused != unused {
			t.Errorf("%d unused inodes of %d: %+v, %v", unused, per, g, err)
		}
	}
}

// TestLargeValues: an attribute in an inode of its own has up to 64 KiB.
func TestLargeValues(t *testing.T) {
	f, _ := tinyFS(t, "ext4 inline data")
	for size, bad := range map[uint32]bool{64 << 10: false, 64<<10 + 1: true} {
		_, err := f.eaInode(mustNode(t, f, 2), rawXattr{name: "x", inum: 2, size: size})
		if err == nil || strings.Contains(err.Error(), fmt.Sprintf("of %d bytes", size)) != bad {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// chained is an image whose list of orphans leads from each inode to the one that next gives.
type chained struct {
	io.ReaderAt
	f    *FS
	next func(ino uint64) uint32
}

func (c *chained) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	for g := range c.f.groups {
		at := off - int64(c.f.groups[g].inodeTable)*int64(c.f.sb.blockSize)
		if i := at / int64(c.f.sb.inodeSize); len(p) == c.f.sb.inodeSize && at >= 0 && i < int64(c.f.sb.SInodesPerGroup) {
			put32(p[0x14:], c.next(uint64(g)*uint64(c.f.sb.SInodesPerGroup)+uint64(i)+1))
		}
	}
	return n, err
}

// TestOrphanList: a list that leads in a circle ends, and a long one is cut.
func TestOrphanList(t *testing.T) {
	f, img := tinyFS(t, "ext4")
	top := f.sb.SInodesCount
	for _, c := range []struct {
		name string
		next func(uint64) uint32
		want int
		why  string
	}{
		{"in a circle", func(ino uint64) uint32 { return 12 + uint32(ino+1-12)%5 }, 5, "stands twice"},
		{"to itself", func(ino uint64) uint32 { return uint32(ino) }, 1, "stands twice"},
		{"to its end", func(ino uint64) uint32 { return (uint32(ino) + 1) % (top + 1) }, int(top) - 11, ""},
		{"to no inode", func(ino uint64) uint32 { return 1 << 30 }, 1, "there are"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := Open(context.Background(), &damaged{strings.NewReader(string(img)), nil}, int64(len(img)), Options{})
			must(t, err)
			g.r = &chained{g.r, f, c.next}
			g.sb.SLastOrphan = 12
			g.findOrphans()
			if len(g.orphans) != c.want || c.why != "" && !strings.Contains(allProblems(g), c.why) || c.why == "" && len(g.Problems()) > 0 {
				t.Errorf("%d orphans, want %d: %v", len(g.orphans), c.want, g.Problems())
			}
		})
	}
	t.Run("longer than is read", func(t *testing.T) {
		g := &FS{r: zeros(1 << 40), size: 1 << 40, sb: f.sb, problems: make(map[filesystem.Problem]bool), groups: make([]group, 4096)}
		sb := *f.sb
		sb.groups, sb.SLastOrphan, sb.orphanIno = 4096, 12, 0
		g.sb = &sb
		for i := range g.groups {
			g.groups[i].inodeTable = uint64(1000 + 100*i)
		}
		g.r = &chained{zeros(1 << 40), g, func(ino uint64) uint32 { return uint32(ino) + 1 }}
		g.findOrphans()
		if len(g.orphans) != maxOrphans || !strings.Contains(allProblems(g), "more than 131072 inodes") {
			t.Errorf("%d orphans: %v", len(g.orphans), g.Problems())
		}
	})
}

// TestSharedTables: groups that share their inode table make no more work than the volume
// has bytes.
func TestSharedTables(t *testing.T) {
	f, _ := tinyFS(t, "ext4")
	one := f.groups[0]
	one.unused = 0
	for len(f.groups) < 10_000 {
		f.groups = append(f.groups, one)
	}
	f.sb.groups = uint32(len(f.groups))
	r := &counting{ReaderAt: f.r}
	f.r = r
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{}, func(*filesystem.Entry) error { return nil }))
	if most := int(f.size)/(int(f.sb.SInodesPerGroup)*f.sb.inodeSize) + 100; r.calls > most || !strings.Contains(allProblems(f), "the tables are larger than the volume") {
		t.Errorf("%d reads, want at most %d: %v", r.calls, most, f.Problems())
	}
}

// TestTwice: a name that a directory has twice is reported, in the smallest directory, too.
func TestTwice(t *testing.T) {
	e := newEdit(t, "ext4 no checksums")
	b, _ := e.block("/d2/deep/deeper", 0)
	at := strings.Index(string(b), "leaf") - 8
	ino := binary.LittleEndian.Uint32(b[at:])
	put16(b[at+4:], 12)
	put32(b[at+12:], ino)
	put16(b[at+16:], uint16(1024-at-12))
	b[at+18], b[at+19] = 4, 1
	copy(b[at+20:], "leaf")
	f, err := Open(context.Background(), strings.NewReader(string(e.img)), int64(len(e.img)), Options{})
	must(t, err)
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{}, func(*filesystem.Entry) error { return nil }))
	if !strings.Contains(allProblems(f), `has the name "leaf" twice`) {
		t.Error(f.Problems())
	}
}

// TestDisagreeing: where a filesystem was left in the middle of things, bitmaps and types of
// names that differ from the inodes are no finding; on a clean one they are.
func TestDisagreeing(t *testing.T) {
	for state, reported := range map[uint16]bool{1: true, 1 | 2: false, 0: false} {
		e := newEdit(t, "ext4 no checksums")
		put16(e.img[1024+0x3a:], state)
		ino := e.ino("/small")
		bitmap := e.img[int64(e.f.groups[0].inodeBitmap)*1024:]
		bitmap[(ino-1)/8] &^= 1 << ((ino - 1) % 8)
		e.entry("/d1", "text")[7] = rec.FileTypeDirectory
		f, err := Open(context.Background(), strings.NewReader(string(e.img)), int64(len(e.img)), Options{})
		must(t, err)
		must(t, f.Walk(context.Background(), filesystem.WalkOptions{Orphans: true}, func(*filesystem.Entry) error { return nil }))
		for _, why := range []string{"says that it is free", "calls inode"} {
			if strings.Contains(allProblems(f), why) != reported {
				t.Errorf("state %d: %q reported %v: %v", state, why, !reported, f.Problems())
			}
		}
	}
}

// TestLateTimes: the times of a clean journal's transactions are there when they are asked for.
func TestLateTimes(t *testing.T) {
	img := testImage(t, "dirty-1k")
	le := binary.LittleEndian
	put32(img[1024+0x60:], le.Uint32(img[1024+0x60:])&^rec.SbFeatureIncompatRecover)
	f, err := Open(context.Background(), strings.NewReader(string(img)), int64(len(img)), Options{})
	must(t, err)
	if j := f.Info().Journal; !j.Present || j.Replayed || !j.FirstCommit.Known || j.LastCommit.Sec < j.FirstCommit.Sec {
		t.Errorf("%+v", j)
	}
}

// TestXattrBounds: a value may reach to the end of what holds it, and no further.
func TestXattrBounds(t *testing.T) {
	entry := func(size, off int) []byte {
		b := make([]byte, 64)
		b[0], b[1] = 3, 1
		put16(b[2:], uint16(off))
		put32(b[8:], uint32(size))
		copy(b[16:], "one")
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want int // bytes of the value; -1: an error
	}{
		{"in it", entry(4, 40), 4},
		{"to its end", entry(24, 40), 24},
		{"one byte further", entry(25, 40), -1},
		{"behind it", entry(1, 64), -1},
		{"empty, behind it", entry(0, 9999), 0},
		{"of 4 GiB", entry(1<<32-1, 40), -1},
		{"entry cut short", entry(4, 40)[:12], -1},
		{"name cut short", entry(4, 8)[:16], -1},
	} {
		list, err := xattrEntries("x", c.b, c.b)
		if (err != nil) != (c.want < 0) || c.want >= 0 && (len(list) != 1 || len(list[0].value) != c.want || list[0].name != "one") {
			t.Errorf("%s: %v, %v, want %d bytes", c.name, list, err, c.want)
		}
	}
}
