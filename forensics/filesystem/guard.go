package filesystem

import (
	"context"

	"icecore/forensics/guard"
)

// Guard gives fsys with a guard against panics: a call that panics gives an error (a
// [guard.PanicError]) in its stead, and the next call goes on. An engine reads what an
// intruder wrote; what nobody thought of must not end the analysis of all the rest. What
// an engine can do beyond FS (HistoryFS, Finder) must be passed on here.
func Guard(fsys FS) FS {
	g := &guarded{fsys: fsys, part: "reading " + fsys.Info().Type}
	if h, ok := fsys.(HistoryFS); ok {
		return &guardedHistory{g, h}
	}
	return g
}

type guarded struct {
	fsys FS
	part string
}

func (g *guarded) Info() Info   { return g.fsys.Info() }
func (g *guarded) Root() uint64 { return g.fsys.Root() }

func (g *guarded) Inode(r Ref) (in *Inode, err error) {
	defer guard.Recover(g.part, &err)
	return g.fsys.Inode(r)
}

func (g *guarded) ReadDir(r Ref) (list []DirEntry, err error) {
	defer guard.Recover(g.part, &err)
	return g.fsys.ReadDir(r)
}

// Find implements Finder, by the engine's own way if it has one.
func (g *guarded) Find(dir Ref, name string) (_ DirEntry, err error) {
	defer guard.Recover(g.part, &err)
	return Find(g.fsys, dir, name)
}

func (g *guarded) Readlink(r Ref) (target string, err error) {
	defer guard.Recover(g.part, &err)
	return g.fsys.Readlink(r)
}

func (g *guarded) Xattrs(r Ref) (list []Xattr, err error) {
	defer guard.Recover(g.part, &err)
	return g.fsys.Xattrs(r)
}

func (g *guarded) Open(r Ref) (_ File, err error) {
	defer guard.Recover(g.part, &err)
	f, err := g.fsys.Open(r)
	if err != nil {
		return nil, err
	}
	return &guardedFile{f, g, r}, nil
}

func (g *guarded) Walk(ctx context.Context, opts WalkOptions, fn func(*Entry) error) (err error) {
	defer guard.Recover("walk: "+g.part, &err)
	return g.fsys.Walk(ctx, opts, fn)
}

func (g *guarded) Problems() (list []Problem) {
	var err error
	defer func() {
		if err != nil {
			list = []Problem{{What: g.part, Why: err.Error()}}
		}
	}()
	defer guard.Recover("problems", &err)
	return g.fsys.Problems()
}

type guardedHistory struct {
	*guarded
	history HistoryFS
}

func (g *guardedHistory) History(ctx context.Context, fn func(*Change) error) (err error) {
	defer guard.Recover("history: "+g.part, &err)
	return g.history.History(ctx, fn)
}

type guardedFile struct {
	f   File
	g   *guarded
	ref Ref
}

func (f *guardedFile) Size() int64   { return f.f.Size() }
func (f *guardedFile) Inode() *Inode { return f.f.Inode() }

func (f *guardedFile) ReadAt(p []byte, off int64) (n int, err error) {
	defer guard.Recover(f.g.part, &err)
	return f.f.ReadAt(p, off)
}

func (f *guardedFile) Extents() (list []Extent, err error) {
	defer guard.Recover(f.g.part, &err)
	return f.f.Extents()
}

// Xattrs implements XattrFile.
func (f *guardedFile) Xattrs() ([]Xattr, error) { return f.g.Xattrs(f.ref) }
