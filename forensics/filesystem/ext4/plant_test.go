package ext4

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// plan says how hard a tree is to be.
type plan struct {
	bigDir    int  // names in one directory
	deep      int  // levels of directories with names of 200 bytes
	depth     int  // levels of extent blocks that the fragments must make
	fragments int  // extents of one file
	far       bool // data far behind the direct blocks, for triple indirect maps
	bigXattr  int  // bytes of one attribute
	acls      bool
	plain     bool     // no xattrs and no flags: an ext2 of revision 0
	links     int      // subdirectories of one directory
	tune      []string // options of tune2fs before the first mount
}

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var oddNames = []string{
	" ", "  leading", "trailing ", "-rf", "*", "?", "new\nline", "tab\there", "\x01\x02\x7f", "\xff\xfe", "\xc3\x28", "...", ".hidden", "back\\slash",
	"quo\"te", "'", "caf\u00e9", "e\u0301", "\u202egnp.exe", "\u200b", "=cmd|' calc'!A0", "<script>", "\x1b[31mred", "%s%n", "a:b", "~", "#", "$(x)", strings.Repeat("n", 255), strings.Repeat("\xe2\x82\xac", 85),
}

// plant fills a mounted filesystem with a tree in which each kind of file and of
// metadata occurs. It is the same for the same plan, but for the times that the
// kernel sets.
func plant(t testing.TB, root string, p plan) {
	t.Helper()
	rng := rand.New(rand.NewSource(1))
	write := func(name string, n int) string {
		path := filepath.Join(root, name)
		b := make([]byte, n)
		rng.Read(b)
		must(t, os.WriteFile(path, b, 0o640))
		return path
	}
	for _, d := range []string{"sizes", "odd", "sparse", "links", "nodes", "meta", "big", "churn", "many"} {
		must(t, os.Mkdir(filepath.Join(root, d), 0o755))
	}
	for _, n := range []int{0, 1, 7, 59, 60, 61, 100, 130, 155, 156, 157, 160, 200, 300, 400, 800, 900, 1023, 1024, 1025, 4095, 4096, 4097, 12 * 1024, 13*1024 + 5, 65536, 300_001, 3<<20 + 17} {
		write(fmt.Sprintf("sizes/%07d", n), n)
	}
	for i, n := range oddNames {
		write("odd/"+n, i*10)
	}

	// Sparse and unwritten.
	sparse := func(name string, size int64, at ...int64) {
		f, err := os.Create(filepath.Join(root, "sparse", name))
		must(t, err)
		for _, o := range at {
			_, err := f.WriteAt([]byte(fmt.Sprintf("data at %d", o)), o)
			must(t, err)
		}
		must(t, f.Truncate(size))
		must(t, f.Close())
	}
	sparse("hole-only", 5<<20)
	sparse("tail", 3<<20+1, 3<<20-4)
	sparse("blocks", 20<<20, 0, 11*1024, 12*1024, 13*1024, 268*1024, 12*4096, 1036*4096, 9<<20)
	if p.far {
		// With blocks of 1 KiB the triple indirect block maps what lies behind
		// 12+256+65,536 blocks, with 4 KiB behind 4 GiB and 4 MiB.
		sparse("far", 16<<30+1<<20, 5<<20, 65_800*1024, 70<<20, 4<<30+8<<20, 16<<30)
	}
	f, err := os.Create(filepath.Join(root, "sparse", "unwritten"))
	must(t, err)
	if unix.Fallocate(int(f.Fd()), 0, 0, 2<<20) == nil {
		_, err = f.WriteAt([]byte("in the middle"), 1<<20)
		must(t, err)
		_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 2<<20, 1<<20)
		_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 64<<10, 128<<10)
	}
	must(t, f.Close())

	if p.fragments > 0 {
		f, err := os.Create(filepath.Join(root, "big", "fragmented"))
		must(t, err)
		var st unix.Statfs_t
		must(t, unix.Statfs(root, &st))
		bs := int64(st.Bsize)
		b := make([]byte, bs)
		for i := range p.fragments {
			binary.LittleEndian.PutUint64(b, uint64(i))
			_, err := f.WriteAt(b, int64(i)*2*bs)
			must(t, err)
		}
		must(t, f.Close())
	}
	two := [2]*os.File{}
	for i := range two {
		two[i], err = os.Create(filepath.Join(root, "big", fmt.Sprintf("interleaved-%d", i)))
		must(t, err)
	}
	b := make([]byte, 9000)
	for range 40 {
		for _, f := range two {
			rng.Read(b)
			_, err := f.Write(b)
			must(t, err)
			must(t, unix.Fdatasync(int(f.Fd())))
		}
	}
	for _, f := range two {
		must(t, f.Close())
	}

	// Links.
	first := write("links/first", 100)
	for i := range 5 {
		must(t, os.Link(first, filepath.Join(root, fmt.Sprintf("links/hard-%d", i))))
	}
	for _, n := range []int{1, 10, 58, 59, 60, 61, 120, 200, 1000} {
		must(t, os.Symlink(strings.Repeat("t", n), filepath.Join(root, fmt.Sprintf("links/soft-%d", n))))
	}
	must(t, os.Symlink("/etc/../\xff\n", filepath.Join(root, "links/odd")))

	// Devices, fifos, sockets.
	node := func(name string, mode uint32, major, minor uint32) {
		must(t, unix.Mknod(filepath.Join(root, "nodes", name), mode, int(unix.Mkdev(major, minor))))
	}
	node("fifo", unix.S_IFIFO|0o600, 0, 0)
	node("socket", unix.S_IFSOCK|0o755, 0, 0)
	node("null", unix.S_IFCHR|0o666, 1, 3)
	node("sda", unix.S_IFBLK|0o660, 8, 0)
	node("max-old", unix.S_IFBLK|0o660, 255, 255)
	node("new-major", unix.S_IFCHR|0o660, 511, 7)
	node("new-minor", unix.S_IFBLK|0o660, 8, 0xabcde)
	node("zero", unix.S_IFCHR|0o600, 0, 0)

	plantMeta(t, root, p, write)
	plantDirs(t, root, p)
}

// plantMeta makes owners, times, modes, attributes and flags.
func plantMeta(t testing.TB, root string, p plan, write func(string, int) string) {
	t.Helper()
	path := write("meta/owner", 10)
	must(t, os.Chown(path, 70_000, 4_294_967_294))
	must(t, os.Chmod(write("meta/suid", 10), 0o755))
	must(t, unix.Chmod(filepath.Join(root, "meta/suid"), 0o6755))
	must(t, os.Mkdir(filepath.Join(root, "meta/sticky"), 0o755))
	must(t, unix.Chmod(filepath.Join(root, "meta/sticky"), 0o1777))
	for _, sec := range []int64{-2147483648, -1, 0, 1, 2147483647, 2147483648, 4294967295, 4294967296, 8589934592, 15032385535} {
		path := write(fmt.Sprintf("meta/time %d", sec), 1)
		ts := []unix.Timespec{{Sec: sec, Nsec: 123456789}, {Sec: sec, Nsec: 999999999}}
		must(t, unix.UtimesNanoAt(unix.AT_FDCWD, path, ts, 0))
	}
	if p.plain {
		return
	}
	set := func(path, name string, v []byte) {
		must(t, unix.Lsetxattr(path, name, v, 0))
	}
	path = write("meta/xattr", 10)
	set(path, "user.one", []byte("1"))
	set(path, "user.empty", nil)
	set(path, "trusted.t", []byte("\x00\x01binary"))
	set(path, "security.capability", []byte("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	path = write("meta/xattr-block", 10)
	for i := range 8 {
		set(path, fmt.Sprintf("user.attribute-%d", i), []byte(strings.Repeat(string(rune('a'+i)), 20+9*i)))
	}
	for _, name := range []string{"meta/shared-1", "meta/shared-2"} {
		set(write(name, 10), "user.same", []byte(strings.Repeat("same", 60)))
	}
	must(t, os.Symlink("x", filepath.Join(root, "meta/link-with-xattr")))
	set(filepath.Join(root, "meta/link-with-xattr"), "trusted.l", []byte("l"))
	set(filepath.Join(root, "nodes/fifo"), "trusted.f", []byte("f"))
	if p.bigXattr > 0 {
		big := make([]byte, p.bigXattr)
		rand.New(rand.NewSource(2)).Read(big)
		set(write("meta/xattr-big", 10), "user.big", big)
		set(write("meta/xattr-big-2", 10), "user.big", big)
		set(filepath.Join(root, "meta/xattr-big-2"), "user.small", []byte("beside it"))
	}
	// Small content that overflows into the attribute space, with an attribute
	// beside it.
	for _, n := range []int{50, 61, 90} {
		set(write(fmt.Sprintf("meta/content-and-xattr-%d", n), n), "user.x", []byte("beside the content"))
	}
	if p.acls {
		acl := func(entries ...[3]uint32) []byte {
			b := binary.LittleEndian.AppendUint32(nil, 2)
			for _, e := range entries {
				b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
				b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
				b = binary.LittleEndian.AppendUint32(b, e[2])
			}
			return b
		}
		const none = 0xffffffff
		full := acl([3]uint32{1, 6, none}, [3]uint32{2, 7, 1000}, [3]uint32{2, 5, 70000}, [3]uint32{4, 4, none}, [3]uint32{8, 4, 100}, [3]uint32{16, 7, none}, [3]uint32{32, 0, none})
		set(write("meta/acl", 10), "system.posix_acl_access", full)
		must(t, os.Mkdir(filepath.Join(root, "meta/acl-dir"), 0o755))
		set(filepath.Join(root, "meta/acl-dir"), "system.posix_acl_access", full)
		set(filepath.Join(root, "meta/acl-dir"), "system.posix_acl_default", full)
		write("meta/acl-dir/inherits", 5)
	}
	for name, flag := range map[string]uint32{"immutable": 0x10, "append": 0x20, "nodump": 0x40, "noatime": 0x80, "sync": 0x8, "secrm": 0x1, "topdir-no": 0x40 | 0x80 | 0x10} {
		f, err := os.Open(write("meta/flag-"+name, 10))
		must(t, err)
		old, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
		must(t, err)
		must(t, unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(uint32(old)|flag)))
		must(t, f.Close())
	}
}

// plantDirs makes large, deep, churned and crowded directories.
func plantDirs(t testing.TB, root string, p plan) {
	t.Helper()
	dir := filepath.Join(root, "many")
	src := filepath.Join(dir, "source of all")
	must(t, os.WriteFile(src, []byte("x"), 0o600))
	const perInode = 30_000 // ext4 allows 65,000 links, ext2 32,000
	for i := range p.bigDir {
		name := filepath.Join(dir, fmt.Sprintf("a name of some length in a large directory %07d", i))
		if i%perInode == 0 {
			src = name
			must(t, os.WriteFile(src, fmt.Appendf(nil, "file %d", i), 0o600))
			continue
		}
		must(t, os.Link(src, name))
	}
	// Names that come and go leave slack.
	dir = filepath.Join(root, "churn")
	for i := range 400 {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%s", i, strings.Repeat("c", i%90))), nil, 0o600))
	}
	for i := range 400 {
		if i%3 != 0 {
			must(t, os.Remove(filepath.Join(dir, fmt.Sprintf("%d-%s", i, strings.Repeat("c", i%90)))))
		}
	}
	for i := range 12 {
		must(t, os.Mkdir(filepath.Join(dir, fmt.Sprintf("small-%d", i)), 0o755))
		for k := range i {
			must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("small-%d/entry %d", i, k)), []byte("y"), 0o600))
		}
	}
	must(t, os.MkdirAll(filepath.Join(root, "crowd"), 0o755))
	for i := range p.links {
		must(t, os.Mkdir(filepath.Join(root, fmt.Sprintf("crowd/%d", i)), 0o755))
	}
	if p.deep > 0 {
		fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(t, err)
		for i := range p.deep {
			name := fmt.Sprintf("%03d-%s", i, strings.Repeat("d", 200))
			must(t, unix.Mkdirat(fd, name, 0o755))
			next, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
			must(t, err)
			unix.Close(fd)
			fd = next
		}
		leaf, err := unix.Openat(fd, "leaf", unix.O_CREAT|unix.O_WRONLY, 0o600)
		must(t, err)
		_, err = unix.Write(leaf, []byte("at the bottom"))
		must(t, err)
		unix.Close(leaf)
		unix.Close(fd)
	}
}
