package pkgdb

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4"
)

// oneFS is the tree of a host with one filesystem.
type oneFS struct{ filesystem.FS }

func (t oneFS) Lookup(name string, follow bool) (filesystem.Found, error) {
	ref, real, err := filesystem.Lookup(t.FS, name, follow)
	return filesystem.Found{FS: t.FS, Ref: ref, Path: real, Real: real}, err
}

func (t oneFS) ReadDir(name string) ([]filesystem.DirEntry, error) {
	found, err := t.Lookup(name, true)
	if err != nil {
		return nil, err
	}
	list, err := t.FS.ReadDir(found.Ref)
	list = slices.DeleteFunc(list, func(e filesystem.DirEntry) bool { return e.Deleted })
	slices.SortFunc(list, func(a, b filesystem.DirEntry) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// need skips a test that lacks a program.
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

// run runs a program, and gives what it writes.
func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// imageOf puts a directory on an ext4 filesystem.
func imageOf(t testing.TB, dir string) filesystem.Tree {
	t.Helper()
	need(t, "mke2fs")
	img := filepath.Join(t.TempDir(), "img")
	run(t, "", "mke2fs", "-q", "-t", "ext4", "-d", dir, "-E", "root_owner", img, "200M")
	f, err := os.Open(img)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	fs, err := ext4.Open(context.Background(), f, 200<<20, ext4.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return oneFS{fs}
}

// write makes files of their paths and contents below a directory.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(to, p)
		} else {
			err = os.WriteFile(p, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// opened opens the databases of a tree, of which all must be readable.
func opened(t testing.TB, tree filesystem.Tree) *DB {
	t.Helper()
	db, problems := Open(context.Background(), tree)
	for _, p := range problems {
		t.Errorf("%s: %v", p.Path, p.Err)
	}
	return db
}
