package container

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"icecore/forensics/filesystem"
)

// osTree is a tree of paths over a directory of this machine, for tests.
type osTree struct{ *osFS }

// osFS is a filesystem over a directory: an inode number for each path that was asked.
type osFS struct {
	filesystem.FS
	dir   string
	mu    sync.Mutex
	paths []string
	ids   map[string]uint64
}

func treeOf(dir string) osTree {
	return osTree{&osFS{dir: dir, paths: []string{"", "/"}, ids: map[string]uint64{"/": 1}}}
}

// files writes files below a directory of the test and gives their tree. A name that ends
// with @ is a link, one that ends with / a directory.
func files(t testing.TB, list map[string]string) osTree {
	t.Helper()
	dir := t.TempDir()
	for name, content := range list {
		at := filepath.Join(dir, strings.TrimRight(name, "@/"))
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(at, 0o755)
		case strings.HasSuffix(name, "@"):
			err = os.Symlink(content, at)
		default:
			err = os.WriteFile(at, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return treeOf(dir)
}

func (f *osFS) id(p string) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n, ok := f.ids[p]; ok {
		return n
	}
	f.paths = append(f.paths, p)
	f.ids[p] = uint64(len(f.paths) - 1)
	return f.ids[p]
}

func (f *osFS) path(r filesystem.Ref) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.paths[r.Inode]
}

func (f *osFS) Root() uint64 { return 1 }

func (f *osFS) Inode(r filesystem.Ref) (*filesystem.Inode, error) {
	st, err := os.Lstat(filepath.Join(f.dir, f.path(r)))
	if err != nil {
		return nil, err
	}
	s := st.Sys().(*syscall.Stat_t)
	return &filesystem.Inode{Ref: r, Mode: uint16(s.Mode), Size: st.Size(), UID: s.Uid}, nil
}

func (f *osFS) readDir(p string) ([]filesystem.DirEntry, error) {
	list, err := os.ReadDir(filepath.Join(f.dir, p))
	if errors.Is(err, syscall.ENOTDIR) {
		err = fs.ErrInvalid
	}
	out := make([]filesystem.DirEntry, len(list))
	for i, e := range list {
		out[i] = filesystem.DirEntry{Name: e.Name(), Inode: f.id(path.Join(p, e.Name()))}
	}
	return out, err
}

func (f *osFS) Find(dir filesystem.Ref, name string) (filesystem.DirEntry, error) {
	p := path.Join(f.path(dir), name)
	if _, err := os.Lstat(filepath.Join(f.dir, p)); err != nil {
		return filesystem.DirEntry{}, fs.ErrNotExist
	}
	return filesystem.DirEntry{Name: name, Inode: f.id(p)}, nil
}

func (f *osFS) ReadDir(r filesystem.Ref) ([]filesystem.DirEntry, error) { return f.readDir(f.path(r)) }

func (f *osFS) Readlink(r filesystem.Ref) (string, error) {
	return os.Readlink(filepath.Join(f.dir, f.path(r)))
}

func (f *osFS) Open(r filesystem.Ref) (filesystem.File, error) {
	in, err := f.Inode(r)
	if err != nil || !in.IsRegular() {
		return osFile{nil, in}, err
	}
	h, err := os.Open(filepath.Join(f.dir, f.path(r)))
	return osFile{h, in}, err
}

type osFile struct {
	*os.File
	in *filesystem.Inode
}

func (f osFile) Size() int64                           { return f.in.Size }
func (f osFile) Inode() *filesystem.Inode              { return f.in }
func (f osFile) Extents() ([]filesystem.Extent, error) { return nil, nil }

func (t osTree) Lookup(name string, follow bool) (filesystem.Found, error) {
	ref, p, err := filesystem.Lookup(t.osFS, name, follow)
	return filesystem.Found{FS: t.osFS, Ref: ref, Path: p, Real: p}, err
}

func (t osTree) ReadDir(name string) ([]filesystem.DirEntry, error) {
	f, err := t.Lookup(name, true)
	if err != nil {
		return nil, err
	}
	return t.readDir(f.Path)
}

// find gives the state directories that the walk over a tree finds.
func find(t testing.TB, tree osTree) []Root {
	t.Helper()
	var out []Root
	err := filepath.WalkDir(tree.dir, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if r, ok := Match(strings.TrimPrefix(p, tree.dir)); ok && !slices.Contains(out, r) {
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// engines unpacks what real engines left, see testdata/engines.sh, and gives its tree and
// the directory in it that they worked in.
func engines(t testing.TB) (tree osTree, top string) {
	t.Helper()
	if live := os.Getenv("ICECORE_ENGINES"); live != "" {
		return treeOf("/"), live
	}
	const at = "/srv/engines"
	dir := t.TempDir()
	f, err := os.Open("testdata/engines.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, at, h.Name)
		err = os.MkdirAll(filepath.Dir(name), 0o755)
		switch {
		case err != nil:
		case h.Typeflag == tar.TypeDir:
			err = os.MkdirAll(name, 0o755)
		case h.Typeflag == tar.TypeSymlink:
			err = os.Symlink(h.Linkname, name)
		case h.Typeflag == tar.TypeReg:
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(name, b, h.FileInfo().Mode())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return treeOf(dir), at
}
