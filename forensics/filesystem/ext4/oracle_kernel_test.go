package ext4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// row is all that a filesystem records a path, by whatever reader. Fields are
// compared as they stand; a field that an oracle does not know is left empty on
// both sides.
type row struct {
	Ino                         uint64
	Mode                        uint32
	UID, GID, Links             uint32
	Size, Sectors               int64
	Atime, Mtime, Ctime, Crtime string
	Rdev, Target, Hash, Flags   string
	Xattrs                      string
	Generation                  string
	Err                         string
}

// userVisible are the inode flags that FS_IOC_GETFLAGS shows
// (EXT4_FL_USER_VISIBLE in fs/ext4/ext4.h).
const userVisible = 0x725bdfff

// kernelRows lists a mounted filesystem through directory handles, so that paths
// longer than PATH_MAX are reached too.
func kernelRows(t testing.TB, root string) map[string]row {
	t.Helper()
	out := make(map[string]row)
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	k := &kernelReader{out: out, hashes: make(map[uint64]hashed)}
	k.file(fd, ".", "/")
	k.dir(fd, "")
	unix.Close(fd)
	return out
}

// hashed is what reading an inode gave, kept for its other names.
type hashed struct {
	sum string
	err error
}

type kernelReader struct {
	out    map[string]row
	hashes map[uint64]hashed
}

func stampStatx(ts unix.StatxTimestamp) string { return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec) }

// file notes one name of a directory and says whether it is a directory itself.
func (k *kernelReader) file(dir int, name, path string) bool {
	var st unix.Statx_t
	if err := unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st); err != nil {
		k.out[path] = row{Err: err.Error()}
		return false
	}
	r := row{
		Ino: st.Ino, Mode: uint32(st.Mode), UID: st.Uid, GID: st.Gid, Links: st.Nlink, Size: int64(st.Size), Sectors: int64(st.Blocks),
		Atime: stampStatx(st.Atime), Mtime: stampStatx(st.Mtime), Ctime: stampStatx(st.Ctime),
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		r.Crtime = stampStatx(st.Btime)
	}
	proc := fmt.Sprintf("/proc/self/fd/%d/%s", dir, name)
	kind := st.Mode & unix.S_IFMT
	switch kind {
	case unix.S_IFLNK:
		buf := make([]byte, 8192)
		if n, err := unix.Readlinkat(dir, name, buf); err != nil {
			r.Err = err.Error()
		} else {
			r.Target = string(buf[:n])
		}
	case unix.S_IFCHR, unix.S_IFBLK:
		r.Rdev = fmt.Sprintf("%d:%d", st.Rdev_major, st.Rdev_minor)
	case unix.S_IFREG, unix.S_IFDIR:
		fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NOATIME, 0)
		if err != nil {
			r.Err = err.Error()
			break
		}
		f := os.NewFile(uintptr(fd), name)
		if fl, err := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS); err == nil {
			r.Flags = fmt.Sprintf("%x", uint32(fl))
		}
		if gen, err := unix.IoctlGetInt(fd, fsIocGetVersion); err == nil {
			r.Generation = fmt.Sprint(uint32(gen))
		}
		if kind == unix.S_IFREG {
			h, ok := k.hashes[st.Ino]
			if !ok {
				h.sum, h.err = contentHash(f, r.Size, dataByKernel(fd))
				k.hashes[st.Ino] = h
			}
			if r.Hash = h.sum; h.err != nil {
				r.Err = h.err.Error()
			}
		}
		f.Close()
	}
	r.Xattrs = kernelXattrs(proc)
	k.out[path] = r
	return kind == unix.S_IFDIR
}

// contentHash hashes a file. Of one too large to read whole in a test, it hashes
// the blocks that are not zero and their offsets, within what next gives as data.
func contentHash(r io.ReaderAt, size int64, next func(int64) (from, to int64)) (string, error) {
	h := sha256.New()
	if size <= 256<<20 {
		_, err := io.Copy(h, io.NewSectionReader(r, 0, size))
		return hex.EncodeToString(h.Sum(nil)), err
	}
	var zero, block [1024]byte
	for at := int64(0); at < size; {
		from, to := next(at)
		if from < 0 {
			break
		}
		for at = from / 1024 * 1024; at < min(to, size); at += 1024 {
			n, err := r.ReadAt(block[:], at)
			if err != nil && err != io.EOF {
				return "", err
			}
			if !bytes.Equal(block[:n], zero[:n]) {
				fmt.Fprintf(h, "%d %x\n", at, block[:n])
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func dataByKernel(fd int) func(int64) (int64, int64) {
	return func(at int64) (int64, int64) {
		from, err := unix.Seek(fd, at, unix.SEEK_DATA)
		if err != nil {
			return -1, -1
		}
		to, err := unix.Seek(fd, from, unix.SEEK_HOLE)
		if err != nil {
			return -1, -1
		}
		return from, to
	}
}

func dataByExtents(fl filesystem.File) func(int64) (int64, int64) {
	return func(at int64) (int64, int64) {
		exts, _ := fl.Extents()
		for _, e := range exts {
			if end := e.Logical + e.Length; end > at {
				return max(at, e.Logical), end
			}
		}
		return -1, -1
	}
}

// fsIocGetVersion is FS_IOC_GETVERSION of linux/fs.h.
const fsIocGetVersion = 0x80087601

func kernelXattrs(path string) string {
	buf := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buf)
	if err != nil || n == 0 {
		return ""
	}
	var all []string
	val := make([]byte, 128<<10)
	for _, name := range strings.Split(strings.TrimRight(string(buf[:n]), "\x00"), "\x00") {
		m, err := unix.Lgetxattr(path, name, val)
		if err != nil {
			all = append(all, name+" "+err.Error())
			continue
		}
		all = append(all, xattrText(name, val[:m]))
	}
	sort.Strings(all)
	return strings.Join(all, "\n")
}

func xattrText(name string, v []byte) string {
	if len(v) > 64 {
		return fmt.Sprintf("%s=%d bytes, sha256 %x", name, len(v), sha256.Sum256(v))
	}
	return fmt.Sprintf("%s=%x", name, v)
}

func (k *kernelReader) dir(fd int, path string) {
	f := os.NewFile(uintptr(mustDup(fd)), path)
	names, err := f.Readdirnames(-1)
	f.Close()
	if err != nil {
		r := k.out[path+"/"]
		r.Err = err.Error()
		k.out[path+"/"] = r
	}
	for _, name := range names {
		p := path + "/" + name
		if !k.file(fd, name, p) {
			continue
		}
		sub, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		k.dir(sub, p)
		unix.Close(sub)
	}
}

func mustDup(fd int) int {
	// A duplicate would share the position; a fresh handle does not.
	n, err := unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		panic(err)
	}
	return n
}

// engineRows lists an image as this engine sees it, in the same terms.
func engineRows(t testing.TB, f *FS) map[string]row {
	t.Helper()
	out := make(map[string]row)
	hashes := make(map[uint64]hashed)
	inodes := make(map[string]uint64)
	err := f.Walk(context.Background(), filesystem.WalkOptions{Targets: true}, func(e *filesystem.Entry) error {
		out[e.Path] = engineRow(f, e, hashes)
		if _, ok := inodes[e.Path]; ok {
			inodes[e.Path] = 0 // a name that stands twice
		} else {
			inodes[e.Path] = e.Inode.Ref.Inode
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	// What is listed is found by its name, with an index or without.
	for p, ino := range inodes {
		dir, name := path.Split(p)
		parent := inodes[path.Clean(dir)]
		if name == "" || ino == 0 || parent == 0 {
			continue
		}
		if e, err := f.Find(filesystem.Ref{Inode: parent}, name); err != nil || e.Inode != ino {
			t.Errorf("%q, inode %d, is found as inode %d, %v", p, ino, e.Inode, err)
		}
	}
	return out
}

func engineRow(f *FS, e *filesystem.Entry, hashes map[uint64]hashed) row {
	stamp := func(ts filesystem.Time) string {
		if !ts.Known {
			return ""
		}
		return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec)
	}
	in := e.Inode
	r := row{
		Ino: in.Ref.Inode, Mode: uint32(in.Mode), UID: in.UID, GID: in.GID, Links: in.Links, Size: in.Size, Sectors: int64(in.Sectors),
		Atime: stamp(in.Atime), Mtime: stamp(in.Mtime), Ctime: stamp(in.Ctime), Crtime: stamp(in.Crtime), Target: e.Target,
	}
	if in.Note != "" {
		r.Err = in.Note
	}
	if e.Err != nil {
		r.Err = e.Err.Error()
	}
	switch in.Mode & filesystem.ModeType {
	case filesystem.ModeChar, filesystem.ModeBlock:
		r.Rdev = fmt.Sprintf("%d:%d", in.Major, in.Minor)
	case filesystem.ModeRegular:
		h, ok := hashes[in.Ref.Inode]
		if !ok {
			fl, err := f.Open(in.Ref)
			if err == nil {
				h.sum, err = contentHash(fl, fl.Size(), dataByExtents(fl))
			}
			h.err = err
			hashes[in.Ref.Inode] = h
		}
		if h.err != nil {
			r.Err = h.err.Error()
			if errors.Is(h.err, filesystem.ErrUnsupported) {
				r.Err = "unsupported"
			}
		}
		r.Hash = h.sum
		fallthrough
	case filesystem.ModeDir:
		r.Flags = fmt.Sprintf("%x", in.Flags&userVisible)
		r.Generation = fmt.Sprint(in.Generation)
	}
	xs, err := f.Xattrs(in.Ref)
	if err != nil {
		r.Err = err.Error()
	}
	var all []string
	for _, x := range xs {
		if x.Name == "encryption.c" { // the kernel keeps the policy to itself
			continue
		}
		all = append(all, xattrText(x.Name, x.Value))
	}
	sort.Strings(all)
	r.Xattrs = strings.Join(all, "\n")
	return r
}

// compareRows reports what differs, at most a few lines of it.
func compareRows(t *testing.T, oracle string, want, got map[string]row) {
	t.Helper()
	paths := make([]string, 0, len(want))
	for p := range want {
		paths = append(paths, p)
	}
	for p := range got {
		if _, ok := want[p]; !ok {
			paths = append(paths, p)
		}
	}
	sort.Strings(paths)
	bad := 0
	for _, p := range paths {
		w, inWant := want[p]
		g, inGot := got[p]
		if inWant && inGot && w == g {
			continue
		}
		if bad++; bad > 4 {
			continue
		}
		short := p
		if len(short) > 120 {
			short = fmt.Sprintf("%s... (%d bytes)", short[:120], len(p))
		}
		switch {
		case !inGot:
			t.Errorf("%q: only %s has it: %+v", short, oracle, w)
		case !inWant:
			t.Errorf("%q: only the engine has it: %+v", short, g)
		default:
			t.Errorf("%q:\n %s %+v\n engine %+v", short, oracle, w, g)
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d paths differ", bad, len(paths))
	}
	if len(want) < 10 {
		t.Errorf("only %d paths compared", len(want))
	}
}

// noProblems fails the test for each problem of a sound image.
func noProblems(t *testing.T, f *FS) {
	t.Helper()
	for i, p := range f.Problems() {
		if i == 10 {
			t.Errorf("and more")
			return
		}
		t.Errorf("problem: %s: %s", p.What, p.Why)
	}
}
