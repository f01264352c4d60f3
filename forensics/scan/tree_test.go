package scan

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/image"
	"icecore/forensics/message"
	"icecore/forensics/model"
	"icecore/forensics/rules"
	"icecore/forensics/volume"
)

// tree is a filesystem in memory.
type tree struct {
	files   []*treeFile
	onWalk  func(name string) // called for each file
	onOpen  func(name string)
	walkErr error // ends the walk
}

// treeFile is a regular file: parts that are stored, and holes.
type treeFile struct {
	name  string
	size  int64
	parts map[int64]string
	reads int64 // bytes read so far
	lost  bool  // without inode, as no engine gives a file
	in    filesystem.Inode
}

func newTree(files map[string]string) *tree {
	t := &tree{}
	for n, text := range files {
		t.add(n, int64(len(text)), map[int64]string{0: text})
	}
	slices.SortFunc(t.files, func(a, b *treeFile) int { return strings.Compare(a.name, b.name) })
	return t
}

func (t *tree) add(name string, size int64, parts map[int64]string) *treeFile {
	f := &treeFile{name: name, size: size, parts: parts}
	f.in = filesystem.Inode{Ref: filesystem.Ref{Inode: uint64(100 + len(t.files))}, Mode: filesystem.ModeRegular | 0o755, Size: size, Links: 1}
	t.files = append(t.files, f)
	return f
}

func (t *tree) at(r filesystem.Ref) (*treeFile, error) {
	for _, f := range t.files {
		if f.in.Ref == r {
			return f, nil
		}
	}
	return nil, fs.ErrNotExist
}

// dirs gives the directories: their paths, numbered from 2.
func (t *tree) dirs() []string {
	out := []string{"/"}
	for _, f := range t.files {
		for d := path.Dir(f.name); d != "/"; d = path.Dir(d) {
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (t *tree) Info() filesystem.Info { return filesystem.Info{Type: "tree"} }
func (t *tree) Root() uint64          { return 2 }

func (t *tree) Inode(r filesystem.Ref) (*filesystem.Inode, error) {
	if d := t.dirs(); r.Inode >= 2 && r.Inode < uint64(2+len(d)) {
		return &filesystem.Inode{Ref: r, Mode: filesystem.ModeDir | 0o755}, nil
	}
	f, err := t.at(r)
	if err != nil {
		return nil, err
	}
	return &f.in, nil
}

func (t *tree) ReadDir(r filesystem.Ref) ([]filesystem.DirEntry, error) {
	d := t.dirs()
	if r.Inode < 2 || r.Inode >= uint64(2+len(d)) {
		return nil, fs.ErrInvalid
	}
	var out []filesystem.DirEntry
	here := d[r.Inode-2]
	for i, n := range d {
		if n != "/" && path.Dir(n) == here {
			out = append(out, filesystem.DirEntry{Name: path.Base(n), Inode: uint64(2 + i)})
		}
	}
	for _, f := range t.files {
		if path.Dir(f.name) == here {
			out = append(out, filesystem.DirEntry{Name: path.Base(f.name), Inode: f.in.Ref.Inode})
		}
	}
	return out, nil
}

func (t *tree) Readlink(filesystem.Ref) (string, error)           { return "", fs.ErrInvalid }
func (t *tree) Xattrs(filesystem.Ref) ([]filesystem.Xattr, error) { return nil, nil }
func (t *tree) Problems() []filesystem.Problem                    { return nil }

func (t *tree) Open(r filesystem.Ref) (filesystem.File, error) {
	f, err := t.at(r)
	if err == nil && t.onOpen != nil {
		t.onOpen(f.name)
	}
	return f, err
}

func (t *tree) Walk(ctx context.Context, _ filesystem.WalkOptions, fn func(*filesystem.Entry) error) error {
	for _, f := range t.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.onWalk != nil {
			t.onWalk(f.name)
		}
		if err := fn(&filesystem.Entry{Path: f.name, Inode: &f.in, First: true}); err != nil {
			return err
		}
	}
	return t.walkErr
}

func (f *treeFile) Size() int64 { return f.size }

func (f *treeFile) Inode() *filesystem.Inode {
	if f.lost {
		return nil
	}
	return &f.in
}

func (f *treeFile) Extents() (out []filesystem.Extent, err error) {
	for at, text := range f.parts {
		if len(text) > 0 {
			out = append(out, filesystem.Extent{Logical: at, Physical: 4096, Length: int64(len(text))})
		}
	}
	slices.SortFunc(out, func(a, b filesystem.Extent) int { return int(a.Logical - b.Logical) })
	return out, nil
}

func (f *treeFile) ReadAt(p []byte, off int64) (int, error) {
	n := min(int64(len(p)), f.size-off)
	if n <= 0 {
		return 0, io.EOF
	}
	atomic.AddInt64(&f.reads, n)
	clear(p[:n])
	for at, text := range f.parts {
		if at < off+n && at+int64(len(text)) > off {
			copy(p[max(0, at-off):n], text[max(0, off-at):])
		}
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// noDisk is the disk of images made of trees.
type noDisk struct{ image.Disk }

func (noDisk) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }
func (noDisk) Size() int64                           { return 1 << 40 }

func imageOf(trees ...filesystem.FS) *host.Image {
	img := &host.Image{Path: "test", Disk: noDisk{}}
	for i, t := range trees {
		v := &host.Volume{Volume: volume.Volume{ID: fmt.Sprintf("p%d", i+1), Size: 1 << 34}, FS: filesystem.Guard(t), Image: img, Disk: img.Disk}
		img.Volumes = append(img.Volumes, v)
	}
	return img
}

// scanOf runs a scan; change may set what only tests do.
func scanOf(t *testing.T, img *host.Image, extractors []artifact.Extractor, opts Options, change func(*Scan)) *Result {
	t.Helper()
	s, err := New(img, Input{Rules: &rules.Set{}, Extractors: extractors}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	r, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stub is an extractor of one path.
type stub struct {
	name, pattern string
	keeps         bool
	extract       func(context.Context, *artifact.Input, artifact.Emit) error
}

func (s stub) Name() string       { return s.name }
func (s stub) Patterns() []string { return []string{s.pattern} }
func (s stub) KeepsHoles() bool   { return s.keeps }

func (s stub) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return s.extract(ctx, in, emit)
}

// gapsOf gives the lines of the coverage about files and volumes.
func gapsOf(r *Result) []string {
	var out []string
	message.English().CompleteGaps(r.Gaps)
	for _, g := range r.Gaps {
		if g = g.Escaped(); g.Subject != model.SubjectContent {
			out = append(out, g.WhatText+": "+g.WhyText)
		}
	}
	return out
}

func count(r *Result, kind model.Kind) (n int) {
	for i := range r.Records {
		if r.Records[i].Kind == kind {
			n++
		}
	}
	return n
}

// oneLine checks that the coverage has one line, and that one.
func oneLine(t *testing.T, r *Result, want string) {
	t.Helper()
	if got := gapsOf(r); len(got) != 1 || !regexp.MustCompile("^"+want+"$").MatchString(got[0]) {
		t.Errorf("the coverage says\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
