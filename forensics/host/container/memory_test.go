package container

import (
	"bytes"
	"io/fs"
	"path"
	"slices"

	"icecore/forensics/filesystem"
)

// memory is a filesystem of regular files in memory, and the tree of it.
type memory struct {
	filesystem.FS
	names []string // of files and directories, sorted; the inode number is the place from 1
	data  map[string][]byte
}

func inMemory(list map[string]string) *memory {
	m := &memory{data: make(map[string][]byte)}
	seen := make(map[string]bool)
	for name, content := range list {
		m.data[name] = []byte(content)
		for p := name; !seen[p]; p = path.Dir(p) {
			seen[p] = true
			m.names = append(m.names, p)
		}
	}
	slices.Sort(m.names)
	return m
}

func (m *memory) number(p string) uint64 {
	i, ok := slices.BinarySearch(m.names, p)
	if !ok {
		return 0
	}
	return uint64(i) + 1
}

func (m *memory) Root() uint64 { return m.number("/") }

func (m *memory) Inode(r filesystem.Ref) (*filesystem.Inode, error) {
	in := &filesystem.Inode{Ref: r, Mode: filesystem.ModeDir | 0o755}
	if b, ok := m.data[m.names[r.Inode-1]]; ok {
		in.Mode, in.Size = filesystem.ModeRegular|0o755, int64(len(b))
	}
	return in, nil
}

func (m *memory) Find(dir filesystem.Ref, name string) (filesystem.DirEntry, error) {
	n := m.number(path.Join(m.names[dir.Inode-1], name))
	if n == 0 {
		return filesystem.DirEntry{}, fs.ErrNotExist
	}
	return filesystem.DirEntry{Name: name, Inode: n}, nil
}

func (m *memory) Open(r filesystem.Ref) (filesystem.File, error) {
	in, err := m.Inode(r)
	return memoryFile{bytes.NewReader(m.data[m.names[r.Inode-1]]), in}, err
}

type memoryFile struct {
	*bytes.Reader
	in *filesystem.Inode
}

func (f memoryFile) Inode() *filesystem.Inode              { return f.in }
func (f memoryFile) Extents() ([]filesystem.Extent, error) { return nil, nil }

// memoryTree is the tree of it.
type memoryTree struct{ *memory }

func (t memoryTree) Lookup(name string, follow bool) (filesystem.Found, error) {
	ref, p, err := filesystem.Lookup(t.memory, name, follow)
	return filesystem.Found{FS: t.memory, Ref: ref, Path: p, Real: p}, err
}

func (m *memory) ReadDir(r filesystem.Ref) ([]filesystem.DirEntry, error) {
	name := m.names[r.Inode-1]
	if _, ok := m.data[name]; ok {
		return nil, fs.ErrInvalid
	}
	var out []filesystem.DirEntry
	for i, n := range m.names {
		if n != "/" && path.Dir(n) == name {
			out = append(out, filesystem.DirEntry{Name: path.Base(n), Inode: uint64(i) + 1})
		}
	}
	return out, nil
}

func (t memoryTree) ReadDir(name string) ([]filesystem.DirEntry, error) {
	f, err := t.Lookup(name, true)
	if err != nil {
		return nil, err
	}
	return t.memory.ReadDir(f.Ref)
}
