package host

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/volume"
)

func TestParseRef(t *testing.T) {
	for s, want := range map[string]filesystem.Ref{
		"12": {Inode: 12}, "12@7": {Inode: 12, Version: 7}, "18446744073709551615@4294967295": {
			Inode:   1<<64 - 1,
			Version: 1<<32 - 1,
		},
	} {
		if got, err := ParseRef(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "0", "x", "-1", "12@", "12@0", "12@x", "@7", "12@4294967296", "18446744073709551616",
		"1 2",
	} {
		if got, err := ParseRef(s); err == nil || !strings.Contains(err.Error(), "want N or N@TID") {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}

// gravestones is a filesystem with an empty directory and a link to it, of which deleted files are left.
type gravestones struct {
	filesystem.FS
	left []filesystem.Entry
}

func (g gravestones) Root() uint64 { return 2 }

// ReadDir gives the root a directory, and a link to it.
func (g gravestones) ReadDir(dir filesystem.Ref) ([]filesystem.DirEntry, error) {
	if dir.Inode != g.Root() {
		return nil, nil
	}
	return []filesystem.DirEntry{{Name: "link", Inode: 5}, {Name: "dir", Inode: 6}}, nil
}

func (g gravestones) Readlink(filesystem.Ref) (string, error) { return "dir", nil }

func (g gravestones) Inode(ref filesystem.Ref) (*filesystem.Inode, error) {
	mode := uint16(filesystem.ModeDir)
	if ref.Inode == 5 {
		mode = filesystem.ModeSymlink
	}
	return &filesystem.Inode{Ref: ref, Mode: mode}, nil
}

func (g gravestones) Walk(_ context.Context, _ filesystem.WalkOptions, fn func(*filesystem.Entry) error) error {
	for i := range g.left {
		if err := fn(&g.left[i]); err != nil {
			return err
		}
	}
	return nil
}

func TestFindGone(t *testing.T) {
	entry := func(path string, inode uint64, version uint32, state filesystem.State) filesystem.Entry {
		return filesystem.Entry{Path: path, Inode: &filesystem.Inode{
			Ref:   filesystem.Ref{Inode: inode, Version: version},
			State: state,
		}}
	}
	g := gravestones{left: []filesystem.Entry{
		entry("/one", 12, 3, filesystem.Deleted), entry("/two\x1b", 13, 0, filesystem.Orphan),
		entry("/two\x1b", 14, 9, filesystem.Deleted),
		entry("/two\x1b", 15, 9, filesystem.Deleted), entry("/live", 16, 0, filesystem.Live),
		{Path: "/none"},
		entry("/dir/x", 17, 0, filesystem.Deleted),
	}}
	for range 20 {
		g.left = append(g.left, entry("/many", 99, 1, filesystem.Deleted))
	}
	v := &Volume{Volume: volume.Volume{ID: "p1"}, FS: g}
	for path, want := range map[string]string{
		"/one": `"/one": no such file; a deleted file of that path: --inode 12@3`,
		`one`:  `"one": no such file; a deleted file of that path: --inode 12@3`,
		`/two\x1b`: `"/two\x1b": no such file; an orphan file (deleted while open) of that path: --inode 13; ` +
			`deleted files of that path: --inode 14@9, --inode 15@9`,
		"/link/./x":      `"/link/./x": no such file; a deleted file of that path: --inode 17`,
		"/dir/../link/x": `"/dir/../link/x": no such file; a deleted file of that path: --inode 17`,
		"/live":          `"/live": file does not exist`, "/none": `"/none": file does not exist`,
		"/no": `"/no": file does not exist`,
	} {
		_, _, err := v.Find(t.Context(), Place{Path: path}, true)
		if !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	var gone *GoneError
	if _, _, err := v.Find(t.Context(), Place{Path: "/many"}, true); !errors.As(err, &gone) ||
		len(gone.Deleted) != maxGone {
		t.Errorf("%v", err)
	}
	if ref, _, err := v.Find(t.Context(), Place{Inode: "12@3"}, true); err != nil ||
		ref != (filesystem.Ref{Inode: 12, Version: 3}) {
		t.Errorf("%v, %v", ref, err)
	}
}
