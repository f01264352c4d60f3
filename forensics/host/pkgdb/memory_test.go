package pkgdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/host/pkgdb/rpmdb"
	"icecore/forensics/model"
)

// memoryFS is a tree of regular files in memory; directories are what their paths name.
type memoryFS struct {
	filesystem.FS
	files map[string][]byte
	names []string // by inode number
	ids   map[string]uint64
	dirs  map[string][]filesystem.DirEntry
}

func newMemory(files map[string]string) memoryFS {
	m := memoryFS{files: map[string][]byte{}, ids: map[string]uint64{}, dirs: map[string][]filesystem.DirEntry{}}
	add := func(p string, mode uint16) {
		if _, ok := m.ids[p]; ok {
			return
		}
		m.ids[p] = uint64(len(m.names))
		m.names = append(m.names, p)
		if p != "/" {
			m.dirs[path.Dir(p)] = append(m.dirs[path.Dir(p)], filesystem.DirEntry{Name: path.Base(p), Inode: m.ids[p], Type: mode})
		}
	}
	var dir func(p string)
	dir = func(p string) {
		if p != "/" {
			dir(path.Dir(p))
		}
		add(p, filesystem.ModeDir)
	}
	for name, text := range files {
		p := "/" + name
		dir(path.Dir(p))
		add(p, filesystem.ModeRegular)
		m.files[p] = []byte(text)
	}
	for _, list := range m.dirs {
		slices.SortFunc(list, func(a, b filesystem.DirEntry) int { return strings.Compare(a.Name, b.Name) })
	}
	return m
}

func (m memoryFS) ReadDir(r filesystem.Ref) ([]filesystem.DirEntry, error) {
	return m.dirs[m.names[r.Inode]], nil
}

func (m memoryFS) Inode(r filesystem.Ref) (*filesystem.Inode, error) {
	p := m.names[r.Inode]
	in := &filesystem.Inode{Ref: r, Mode: filesystem.ModeDir | 0o755}
	if b, ok := m.files[p]; ok {
		in.Mode, in.Size = filesystem.ModeRegular|0o644, int64(len(b))
	}
	return in, nil
}

func (m memoryFS) Open(r filesystem.Ref) (filesystem.File, error) {
	in, err := m.Inode(r)
	return &memoryFile{bytes.NewReader(m.files[m.names[r.Inode]]), in}, err
}

func (m memoryFS) Readlink(filesystem.Ref) (string, error)           { return "", fs.ErrInvalid }
func (m memoryFS) Xattrs(filesystem.Ref) ([]filesystem.Xattr, error) { return nil, nil }

type memoryFile struct {
	*bytes.Reader
	in *filesystem.Inode
}

func (f *memoryFile) Inode() *filesystem.Inode              { return f.in }
func (f *memoryFile) Extents() ([]filesystem.Extent, error) { return nil, nil }

// memoryTree is memoryFS as a tree.
type memoryTree struct{ m memoryFS }

func (t memoryTree) Lookup(name string, _ bool) (filesystem.Found, error) {
	p := path.Clean("/" + name)
	id, ok := t.m.ids[p]
	if !ok {
		return filesystem.Found{}, fs.ErrNotExist
	}
	return filesystem.Found{FS: t.m, Ref: filesystem.Ref{Inode: id}, Path: p, Real: p}, nil
}

func (t memoryTree) ReadDir(name string) ([]filesystem.DirEntry, error) {
	list, ok := t.m.dirs[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return list, nil
}

// everything asks a tree's databases all there is to ask.
func everything(t testing.TB, tree filesystem.Tree) {
	ctx := context.Background()
	db, _ := Open(ctx, tree)
	for _, p := range []string{"/usr/bin/a", "/etc/a", "", "a", "/bin/../x", "/etc/alternatives/x"} {
		if _, ok := db.Owner(p); ok != (len(db.Claims(p)) > 0) && len(db.Diversions()) == 0 {
			t.Errorf("%q: owned %v, claims %v", p, ok, db.Claims(p))
		}
		_, _ = db.File(p)
		_, _ = db.Alternative(p)
	}
	db.Verify(ctx, func(d *Difference) error { _ = d.String(); return nil })
	db.Records(ctx, func(_ model.Record, _ filesystem.Found) {})
}

func FuzzDpkg(f *testing.F) {
	f.Add(small["var/lib/dpkg/status"], "/.\n/usr/bin/a\n/etc/a\n", "00112233445566778899aabbccddeeff  usr/bin/a\n",
		small["var/lib/dpkg/diversions"], small["var/lib/dpkg/alternatives/awk"], "root root 4755 /usr/bin/a\n")
	f.Fuzz(func(t *testing.T, status, list, sums, diversions, alternative, override string) {
		everything(t, memoryTree{newMemory(map[string]string{
			"var/lib/dpkg/status": status, "var/lib/dpkg/info/libc6:amd64.list": list, "var/lib/dpkg/info/libc6:amd64.md5sums": sums,
			"var/lib/dpkg/status.d/x": status, "var/lib/dpkg/status.d/x.md5sums": sums, "var/lib/dpkg/info/libc6:amd64.postinst": list,
			"var/lib/dpkg/diversions": diversions, "var/lib/dpkg/alternatives/x": alternative, "var/lib/dpkg/statoverride": override,
			"usr/bin/a": "x", "etc/passwd": override,
		})})
	})
}

func FuzzAPK(f *testing.F) {
	f.Add(alpine, scriptsTar(f, false, map[string]string{"musl-1.2.4-r2." + q1("musl") + ".post-install": "#!/bin/sh\n"}))
	f.Fuzz(func(t *testing.T, installed, scripts string) {
		everything(t, memoryTree{newMemory(map[string]string{
			"lib/apk/db/installed": installed, "lib/apk/db/scripts.tar": scripts, "bin/busybox": "x",
		})})
	})
}

// TestMany: 3,000 packages of 500,000 paths are read in bounded time and memory.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	files := make(map[string]string)
	var status strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&status, "Package: p%d\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n", i)
		var list, sums strings.Builder
		for k := range 167 {
			fmt.Fprintf(&list, "/usr/share/doc/package-%d/some/directory/file-%d\n", i, k)
			fmt.Fprintf(&sums, "%032x  usr/share/doc/package-%d/some/directory/file-%d\n", k, i, k)
		}
		files[fmt.Sprintf("var/lib/dpkg/info/p%d.list", i)] = list.String()
		files[fmt.Sprintf("var/lib/dpkg/info/p%d.md5sums", i)] = sums.String()
	}
	files["var/lib/dpkg/status"] = status.String()
	tree := memoryTree{newMemory(files)}
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, began := memory(), time.Now()
	db := opened(t, tree)
	took, used := time.Since(began), memory()-before
	if f, ok := db.File("/usr/share/doc/package-2999/some/directory/file-166"); !ok || f.Digest.Hex() != fmt.Sprintf("%032x", 166) {
		t.Errorf("%+v", f)
	}
	t.Logf("%d paths: %s, %d MiB", db.index.len(), took.Round(time.Millisecond), used>>20)
	if used > 128<<20 || db.index.len() != 501_000 {
		t.Errorf("%d bytes for %d paths", used, db.index.len())
	}
}

// FuzzRPM reads headers as a database may hold them.
func FuzzRPM(f *testing.F) {
	var h []byte
	for _, v := range [][4]uint32{{1000, 6, 0, 1}, {1117, 8, 2, 2}, {1116, 4, 8, 2}, {1118, 8, 16, 1}, {1030, 3, 24, 2}, {1065, 8, 2, 2}, {1066, 8, 2, 1}, {1068, 4, 8, 1}, {1069, 4, 8, 1}} {
		for _, n := range v {
			h = binary.BigEndian.AppendUint32(h, n)
		}
	}
	data := []byte("n\x00a\x00b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00/usr/\x00\x00\x00\x81\xa4\x41\xed")
	f.Add(append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 9), uint32(len(data))), append(h, data...)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := rpmdb.ParseHeader(b)
		if err != nil {
			return
		}
		e := rpmEntry(h, parts{files: true, scripts: true})
		if len(e.files) > len(b) || len(e.scripts) > len(b)+20 {
			t.Errorf("%d files, %d scripts in %d bytes", len(e.files), len(e.scripts), len(b))
		}
		for i := range e.files {
			if e.files[i].Path[0] != '/' || e.files[i].Has(DigestKnown) && e.files[i].Digest.IsZero() {
				t.Errorf("%+v", e.files[i])
			}
		}
	})
}
