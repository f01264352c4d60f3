package pkgdb

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path"
	"reflect"

	"icecore/forensics/filesystem"
)

// Cache opens the databases of several hosts, and those that are the same files once: a
// hundred containers of one image have one database. Together they hold no more paths than
// one may. It is not safe for concurrent use.
type Cache struct {
	used    int // paths
	systems []filesystem.FS
	opened  map[[sha256.Size]byte]*DB
}

// Open opens the databases of a tree as [Open] does. same says that they are those of a
// tree that was opened before: then their records were given, and their problems.
func (c *Cache) Open(ctx context.Context, tree filesystem.Tree) (db *DB, problems []Problem, same bool) {
	key, ok := c.key(tree)
	if old := c.opened[key]; ok && old != nil {
		return old.in(tree), nil, true
	}
	db, problems = openDB(ctx, tree, maxPaths-c.used)
	c.used += db.index.len()
	if ok && ctx.Err() == nil {
		if c.opened == nil {
			c.opened = make(map[[sha256.Size]byte]*DB)
		}
		c.opened[key] = db
	}
	return db, problems, false
}

// in gives the databases as those of another tree with the same files.
func (db *DB) in(tree filesystem.Tree) *DB {
	var p problems
	other := *db
	other.tree = tree
	other.backends = findAll(tree, &p)
	return &other
}

// maxKey bounds the files that are compared.
const maxKey = 50_000

// key is made of the files that a database is read from, each by its filesystem and inode,
// and of the links that say what a path is.
func (c *Cache) key(tree filesystem.Tree) (key [sha256.Size]byte, ok bool) {
	h := sha256.New()
	files := 0
	add := func(p string) bool {
		// Of an alternative it is the link itself that counts.
		found, err := tree.Lookup(p, path.Dir(p) != "/etc/alternatives")
		if err != nil {
			return true
		}
		n := c.number(found.FS)
		if n < 0 {
			return false
		}
		files++
		fmt.Fprintf(h, "%q %d %s\n", p, n, found.Ref)
		return true
	}
	var paths []string
	dirs := append([]string{dpkgDir + "/info", dpkgDir + "/status.d", "/etc/alternatives"}, alternativesDirs...)
	for _, dir := range dirs {
		list, _ := tree.ReadDir(dir)
		for _, e := range list {
			paths = append(paths, path.Join(dir, e.Name))
		}
	}
	for _, dir := range rpmDirs {
		for _, name := range rpmFiles {
			paths = append(paths, path.Join(dir, name))
		}
		paths = append(paths, path.Join(dir, "rpmdb.sqlite-wal"))
	}
	for _, dir := range apkDirs {
		paths = append(paths, dir+"/installed", dir+"/scripts.tar", dir+"/scripts.tar.gz")
	}
	paths = append(paths, dpkgDir+"/status", diversionsFile, overridesFile)
	if len(paths) > maxKey {
		return key, false
	}
	for _, p := range paths {
		if !add(p) {
			return key, false
		}
	}
	fmt.Fprintf(h, "%q\n", standardLinks(tree).list)
	return [sha256.Size]byte(h.Sum(nil)), files > 0
}

// number numbers a filesystem; -1 for one that cannot be compared.
func (c *Cache) number(fs filesystem.FS) int {
	if fs == nil || !reflect.TypeOf(fs).Comparable() {
		return -1
	}
	for i, x := range c.systems {
		if x == fs {
			return i
		}
	}
	c.systems = append(c.systems, fs)
	return len(c.systems) - 1
}
