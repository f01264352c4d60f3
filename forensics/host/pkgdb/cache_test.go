package pkgdb

import (
	"context"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// layered is a tree of which one file is another, as in a container's upper layer.
type layered struct {
	filesystem.Tree
	changed string
	by      string
}

func (l layered) Lookup(name string, follow bool) (filesystem.Found, error) {
	if name == l.changed {
		name = l.by
	}
	return l.Tree.Lookup(name, follow)
}

// TestCache: the same files are read once; a list that a container changed makes it
// another database.
func TestCache(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, small)
	write(t, dir, map[string]string{"other.list": "/usr/bin/planted\n"})
	image := imageOf(t, dir)
	var c Cache
	open := func(tree filesystem.Tree, want bool) *DB {
		t.Helper()
		db, problems, same := c.Open(context.Background(), tree)
		if same != want || len(problems) > 0 {
			t.Errorf("the same: %v, %v", same, problems)
		}
		return db
	}
	first := open(image, false)
	second := open(layered{Tree: image}, true)
	third := open(layered{image, "/var/lib/dpkg/info/myldd.list", "/other.list"}, false)
	if _, ok := second.Owner("/usr/bin/ldd"); !ok || first.index != second.index {
		t.Error("the second has not what the first has")
	}
	if _, ok := first.Owner("/usr/bin/planted"); ok {
		t.Error("the first has what the third has")
	}
	if _, ok := third.Owner("/usr/bin/planted"); !ok {
		t.Error("the third has not its own")
	}
}

// TestCacheBound: what all hosts may hold together is bounded, and said.
func TestCacheBound(t *testing.T) {
	c := Cache{used: maxPaths - 3}
	tree := memoryTree{newMemory(map[string]string{
		"var/lib/dpkg/info/a.list": "/a\n/b\n/c\n/d\n", "var/lib/dpkg/info/b.list": "/e\n",
	})}
	db, problems, _ := c.Open(t.Context(), tree)
	if _, ok := db.Owner("/c"); !ok || db.index.len() != 3 || len(problems) != 1 || !artifact.IsCut(problems[0].Err) {
		t.Errorf("%d paths, %v", db.index.len(), problems)
	}
	if db, problems, _ = c.Open(t.Context(), memoryTree{newMemory(map[string]string{"var/lib/dpkg/info/x.list": "/x\n"})}); db.Known() || len(problems) != 1 {
		t.Errorf("a second host: %v, %v", db.Known(), problems)
	}
}
