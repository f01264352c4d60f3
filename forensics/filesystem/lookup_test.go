package filesystem

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// tree is a filesystem of directories and links by inode number: what Lookup needs.
type tree struct {
	FS
	dirs  map[uint64][]DirEntry
	links map[uint64]string
}

func (t *tree) Root() uint64 { return 2 }

func (t *tree) Inode(r Ref) (*Inode, error) {
	in := &Inode{Ref: r, Mode: ModeRegular}
	if t.dirs[r.Inode] != nil {
		in.Mode = ModeDir
	} else if _, ok := t.links[r.Inode]; ok {
		in.Mode = ModeSymlink
	}
	if r.Inode == 66 {
		return nil, Corrupt("inode 66", "spoilt")
	}
	return in, nil
}

var errHalf = errors.New("a block that cannot be read")

func (t *tree) ReadDir(r Ref) ([]DirEntry, error) {
	switch r.Inode {
	case 70:
		return t.dirs[70], errHalf
	case 71:
		return nil, errHalf
	}
	if t.dirs[r.Inode] == nil {
		return nil, fmt.Errorf("no directory: %w", fs.ErrInvalid)
	}
	return t.dirs[r.Inode], nil
}

func (t *tree) Readlink(r Ref) (string, error) { return t.links[r.Inode], nil }

func TestLookup(t *testing.T) {
	f := &tree{dirs: make(map[uint64][]DirEntry), links: make(map[uint64]string)}
	add := func(dir uint64, name string, ino uint64) {
		f.dirs[dir] = append(f.dirs[dir], DirEntry{Name: name, Inode: ino})
	}
	add(2, "etc", 10)
	add(10, "passwd", 11)
	add(2, "usr", 20)
	add(20, "bin", 21)
	add(21, "sh", 22)
	add(20, "deep", 23)
	add(23, "passwd", 24)
	link := func(dir uint64, name string, ino uint64, target string) {
		add(dir, name, ino)
		f.links[ino] = target
	}
	link(2, "bin", 30, "usr/bin")
	link(20, "rel", 31, "../etc/passwd")
	link(20, "abs", 32, "/etc/passwd")
	link(23, "up", 33, "../../../../../etc/passwd")
	link(2, "gone", 34, "/nowhere")
	link(2, "self", 35, "self")
	link(20, "deeper", 36, "deep")
	for i := range uint64(maxLinks) { // chain0 -> chain1 -> ... -> a file
		target := fmt.Sprintf("chain%d", i+1)
		if i == maxLinks-1 {
			target = "etc/passwd"
		}
		link(2, fmt.Sprintf("chain%d", i), 100+i, target)
	}
	link(2, "onemore", 99, "chain0")
	link(2, "wide", 98, strings.Repeat("wide/", 1<<11))
	f.dirs[10] = append(f.dirs[10], DirEntry{Name: "erased", Inode: 12, Deleted: true}, DirEntry{Name: "passwd", Inode: 13})
	add(2, "spoilt", 66)
	add(2, "half", 70)
	add(70, "there", 72)
	add(2, "unread", 71)
	add(71, "x", 73)
	for _, c := range []struct {
		name   string
		follow bool
		ino    uint64
		real   string
		err    error
		why    string
	}{
		{"/", true, 2, "/", nil, ""},
		{"", true, 2, "/", nil, ""},
		{"/etc/passwd", true, 11, "/etc/passwd", nil, ""},
		{"etc//./passwd", true, 11, "/etc/passwd", nil, ""},
		{"/etc/../usr/bin/sh", true, 22, "/usr/bin/sh", nil, ""},
		{"/../../etc/passwd", true, 11, "/etc/passwd", nil, ""},
		{"/usr/..", true, 2, "/", nil, ""},
		{"/usr/bin/..", true, 20, "/usr", nil, ""},
		{"/bin/sh", true, 22, "/usr/bin/sh", nil, ""},
		{"/bin/sh", false, 22, "/usr/bin/sh", nil, ""},
		{"/bin", true, 21, "/usr/bin", nil, ""},
		{"/bin", false, 30, "/bin", nil, ""},
		{"/usr/rel", true, 11, "/etc/passwd", nil, ""},
		{"/usr/abs", true, 11, "/etc/passwd", nil, ""},
		{"/usr/abs", false, 32, "/usr/abs", nil, ""},
		{"/usr/deep/up", true, 11, "/etc/passwd", nil, ""},
		{"/usr/deeper/passwd", false, 24, "/usr/deep/passwd", nil, ""},
		{"/chain0", true, 11, "/etc/passwd", nil, ""},
		{"/onemore", true, 0, "", nil, "more than 40 symbolic links"},
		{"/self", true, 0, "", nil, "more than 40 symbolic links"},
		{"/self", false, 35, "/self", nil, ""},
		{"/wide", true, 0, "", nil, "too long"},
		{"/gone", true, 0, "", fs.ErrNotExist, ""},
		{"/etc/shadow", true, 0, "", fs.ErrNotExist, ""},
		{"/etc/erased", true, 0, "", fs.ErrNotExist, ""},
		{"/etc/passwd/x", true, 0, "", fs.ErrNotExist, ""},
		{"/spoilt", true, 0, "", nil, "spoilt"},
		{"/half/there", true, 72, "/half/there", nil, ""},
		{"/half/else", true, 0, "", fs.ErrNotExist, ""},
		{"/unread/x", true, 0, "", errHalf, ""},
		{"/\x1b[2J", true, 0, "", fs.ErrNotExist, `"/\x1b[2J"`},
	} {
		ref, real, err := Lookup(f, c.name, c.follow)
		bad := c.err != nil || c.why != ""
		if (err != nil) != bad || c.err != nil && !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%q, follow %v: error %v, want %v %q", c.name, c.follow, err, c.err, c.why)
		}
		if ref.Inode != c.ino || real != c.real {
			t.Errorf("%q, follow %v: inode %d, %q, want %d, %q", c.name, c.follow, ref.Inode, real, c.ino, c.real)
		}
	}
}

// TestFlagNames: each bit has the name that lsattr(1) explains, a bit without one its number.
func TestFlagNames(t *testing.T) {
	for flags, want := range map[uint32]string{
		0: "", FlagImmutable: "immutable", FlagAppend: "append_only", 0x80000: "extents", 0x40000000: "casefold", 0x20000000: "project_hierarchy",
		0x10000000: "inline_data", 0x1000: "indexed_directory", 0x800: "encrypted", 0x80000000: "0x80000000", FlagImmutable | 0x80000: "immutable extents", 0x100000: "verity",
	} {
		if got := strings.Join(FlagNames(flags), " "); got != want {
			t.Errorf("%#x: %q, want %q", flags, got, want)
		}
	}
}

// TestACL writes lists as getfacl(1) does.
func TestACL(t *testing.T) {
	entry := func(tag, perm uint16, id uint32) []byte {
		return []byte{byte(tag), byte(tag >> 8), byte(perm), byte(perm >> 8), byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)}
	}
	list := func(entries ...[]byte) []byte {
		b := []byte{2, 0, 0, 0}
		for _, e := range entries {
			b = append(b, e...)
		}
		return b
	}
	const none = 0xffffffff
	got, err := ACL(list(entry(1, 7, none), entry(2, 5, 1000), entry(4, 4, none), entry(8, 6, 50), entry(0x10, 7, none), entry(0x20, 0, none)))
	if want := "user::rwx user:1000:r-x group::r-- group:50:rw- mask::rwx other::---"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v, want %q", strings.Join(got, " "), err, want)
	}
	for _, b := range [][]byte{nil, {2, 0, 0}, {1, 0, 0, 0}, append(list(), 1, 2, 3)} {
		if got, err := ACL(b); err == nil {
			t.Errorf("%x: %q", b, got)
		}
	}
}
