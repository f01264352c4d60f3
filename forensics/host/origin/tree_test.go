package origin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// dirTree is a tree of paths over a directory of the machine that runs the test.
type dirTree struct{ root string }

func (d dirTree) Lookup(name string, _ bool) (filesystem.Found, error) {
	at := filepath.Join(d.root, name)
	if _, err := os.Lstat(at); err != nil {
		return filesystem.Found{}, err
	}
	return filesystem.Found{FS: oneFile{at: at}, Path: name, Real: name}, nil
}

func (d dirTree) ReadDir(name string) ([]filesystem.DirEntry, error) {
	list, err := os.ReadDir(filepath.Join(d.root, name))
	var out []filesystem.DirEntry
	for _, e := range list {
		out = append(out, filesystem.DirEntry{Name: e.Name()})
	}
	return out, err
}

// oneFile is a filesystem of one file.
type oneFile struct {
	filesystem.FS
	at string
}

func (o oneFile) Open(filesystem.Ref) (filesystem.File, error) {
	in, err := inode(o.at)
	if err != nil {
		return nil, err
	}
	if !in.IsRegular() {
		return openFile{nil, in}, nil
	}
	b, err := os.ReadFile(o.at)
	return openFile{b, in}, err
}

type openFile struct {
	b  []byte
	in *filesystem.Inode
}

func (f openFile) Size() int64                           { return f.in.Size }
func (f openFile) Inode() *filesystem.Inode              { return f.in }
func (f openFile) Extents() ([]filesystem.Extent, error) { return nil, nil }
func (f openFile) ReadAt(p []byte, off int64) (int, error) {
	return strings.NewReader(string(f.b)).ReadAt(p, off)
}

// inode reads the metadata of a file of the machine that runs the test.
func inode(at string) (*filesystem.Inode, error) {
	var x unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, at, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &x); err != nil {
		return nil, err
	}
	in := &filesystem.Inode{
		Mode: x.Mode, Size: int64(x.Size), UID: x.Uid,
		Mtime: filesystem.Unix(x.Mtime.Sec, 0), Ctime: filesystem.Unix(x.Ctime.Sec, 0),
	}
	if x.Mask&unix.STATX_BTIME != 0 {
		in.Crtime = filesystem.Unix(x.Btime.Sec, 0)
	}
	return in, nil
}

// seen is a file that an index is given.
type seen struct {
	dir, name string
	st        Stat
}

// walk lists the regular files below a directory, by their paths below root.
func walk(t testing.TB, root, below string) []seen {
	var out []seen
	dev := uint64(0)
	err := filepath.WalkDir(filepath.Join(root, below), func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				return nil
			}
			return err
		}
		if e.IsDir() {
			var st syscall.Stat_t
			if err := syscall.Stat(at, &st); err == nil {
				if dev == 0 {
					dev = st.Dev
				}
				if st.Dev != dev {
					return filepath.SkipDir
				}
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		in, err := inode(at)
		if err != nil {
			return nil
		}
		rel := strings.TrimPrefix(at, strings.TrimSuffix(root, "/"))
		out = append(out, seen{parent(rel), base(rel), StatOf(in)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
