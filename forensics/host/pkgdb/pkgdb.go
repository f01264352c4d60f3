// Package pkgdb reads the package databases of a host: which packages are installed,
// which of them owns a path, what it states of its files, and the scripts that it runs.
// One interface for all managers, and for servers, containers and chroots alike: it reads
// through a [filesystem.Tree], the paths as that host saw them.
//
//	dpkg  /var/lib/dpkg: status, info/*.list, *.md5sums and the scripts of
//	      deb-postinst(5), diversions, statoverride, alternatives; and of images
//	      without dpkg ("distroless") status.d/* with its *.md5sums
//	rpm   /var/lib/rpm, /usr/lib/sysimage/rpm and /usr/share/rpm (ostree), in the
//	      three forms that package rpmdb reads
//	apk   /lib/apk/db and /usr/lib/apk/db: installed and scripts.tar (apk-package(5))
//
// A database states facts about a file: a digest, a mode, an owner. It states nothing of
// others: a [File] says which it knows. Where no database could be read, [DB.Known] is
// false, and "owned by no package" must not be said.
//
// Memory is for hashes of paths (64 bits, of a random key) and what is stated, about 80
// bytes a path, not for paths: [DB.Verify], [DB.Scripts] and [DB.Records] read the
// databases again. The image is hostile: every list is bounded, and what could not be
// read is a [Problem].
package pkgdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
)

// Manager is a package manager.
type Manager string

// The managers.
const (
	Dpkg Manager = "dpkg"
	RPM  Manager = "rpm"
	APK  Manager = "apk"
)

// Package is one installed package.
type Package struct {
	Manager Manager
	Name    string
	Version string // as the manager writes it: 1:9.2p1-2, 9.4-1.el9, with the epoch
	Arch    string
	// Status is dpkg's: "install ok installed", "deinstall ok config-files"; empty for a
	// package of which only the file list is there. Others know installed packages alone.
	Status     string
	Source     string // package it was built from
	Vendor     string
	Maintainer string // of dpkg and apk; of rpm the packager
	License    string
	Installed  time.Time // when this version was installed; zero where not stated
	Built      time.Time // zero where not stated
	Signed     bool      // the database holds a signature of the package's header (rpm)
	FileCount  int       // paths that it lists, directories too
	Place      Place     // where this was read
	listPlace  Place     // of dpkg's file list
}

// Place is where something stands: a file of the tree, and the part of it.
type Place struct {
	Path   string
	Line   int   // from 1; 0 where lines have no meaning
	Offset int64 // byte offset in the file
	Length int64 // bytes; 0: unknown
	// Member names what is packed within the file: a header of an rpm database, or a
	// member of an archive.
	Member string
}

// Problem is something that could not be read, or not all of it. It becomes a gap in the
// coverage of the host.
type Problem struct {
	Path string // in the tree
	Err  error
}

// DB is what the package databases of a host say. It is safe for concurrent use.
type DB struct {
	tree     filesystem.Tree
	backends []backend
	packages []Package
	index    *index
	links    *links
	divs     []Diversion
	moved    map[string][]divert // by the path that another package's file was moved to
	takes    map[string]divert   // by the path that it was moved from

	hasStatus bool // dpkg's status file names packages
	alts      []Alternative
	altLinks  map[string]int
	overrides []Override
	byPath    map[string]int // numbers of overrides by canonical path
}

// backend reads the database of one manager.
type backend interface {
	manager() Manager
	place() string // of the database: a path of the tree
	// each calls fn for each package, with the parts that are wanted. What is given is
	// valid until fn returns.
	each(ctx context.Context, want parts, fn func(*entry) error) error
}

type parts struct{ files, scripts bool }

// entry is a package with what its database says of it.
type entry struct {
	Package
	files   []File
	scripts []Script
}

// Bounds of what hostile databases may hold.
const (
	maxPackages = 200_000
	maxPaths    = 4_000_000 // in all lists of all hosts: half a gigabyte
	maxProblems = 100
	maxValue    = 4096     // bytes of one field
	maxList     = 64 << 20 // bytes of one file list
)

// problems collects what could not be read.
type problems struct {
	list []Problem
	more int
}

// add adds an error, or each of several that were joined.
func (p *problems) add(path string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // not of what it wraps
		for _, e := range joined.Unwrap() {
			p.add(path, e)
		}
		return
	}
	if len(p.list) == maxProblems {
		p.more++
		return
	}
	p.list = append(p.list, Problem{path, err})
}

// done gives the problems, the last of which stands for those that are too many.
func (p *problems) done() []Problem {
	if p.more > 0 {
		p.list = append(p.list, Problem{
			p.list[len(p.list)-1].Path, fmt.Errorf("%d more problems of package databases", p.more),
		})
	}
	return p.list
}

// Open reads the package databases of a tree. What could not be read is in the problems;
// the DB is never nil.
func Open(ctx context.Context, tree filesystem.Tree) (*DB, []Problem) {
	return openDB(ctx, tree, maxPaths)
}

// openDB keeps no more paths than most.
func openDB(ctx context.Context, tree filesystem.Tree, most int) (*DB, []Problem) {
	db := &DB{tree: tree, index: newIndex(most), links: standardLinks(tree), altLinks: make(map[string]int)}
	var p problems
	db.backends = findAll(tree, &p)
	db.each(ctx, parts{files: true}, &p, db.add)
	db.index.done()
	db.readDiversions(&p)
	db.readOverrides(&p)
	db.readAlternatives(&p)
	return db, p.done()
}

// findAll finds the databases of a tree.
func findAll(tree filesystem.Tree, p *problems) []backend {
	return slices.Concat(findDpkg(tree, p), findRPM(tree, p), findAPK(tree, p))
}

var errTooManyPackages = fmt.Errorf("more than %d packages; the rest was not read", maxPackages)

// each reads the databases, and calls fn for each package. Two databases of rpm may hold
// the same packages: they are given once.
func (db *DB) each(ctx context.Context, want parts, p *problems, fn func(*entry) error) {
	n, given := 0, make(map[string]bool)
	for _, b := range db.backends {
		err := guard.Do("package database "+string(b.manager()), func() error {
			return b.each(ctx, want, func(e *entry) error {
				if n++; n > maxPackages {
					return errTooManyPackages
				}
				if e.Manager == RPM {
					key := e.Name + " " + e.Version + " " + e.Arch + " " + e.Installed.String()
					if given[key] {
						return nil
					}
					given[key] = true
				}
				return fn(e)
			})
		})
		p.add(b.place(), err)
	}
}

// add takes a package into the index.
func (db *DB) add(e *entry) error {
	id := uint32(len(db.packages))
	e.FileCount = len(e.files)
	db.packages = append(db.packages, e.Package)
	db.hasStatus = db.hasStatus || e.Manager == Dpkg && !strings.HasPrefix(e.Place.Path, dpkgInfo)
	for i := range e.files {
		f := &e.files[i]
		if err := db.index.add(db.links.canonical(f.Path), id, f); err != nil {
			return fmt.Errorf("package %s: %w", e.Name, err)
		}
	}
	return nil
}

// Known says whether anything is known of ownership at all.
func (db *DB) Known() bool { return db.index.len() > 0 }

// Managers gives the managers of which a database was found.
func (db *DB) Managers() []Manager {
	var out []Manager
	for _, b := range db.backends {
		if !slices.Contains(out, b.manager()) {
			out = append(out, b.manager())
		}
	}
	return out
}

// Packages gives all packages, in the order of the databases. Not to be changed.
func (db *DB) Packages() []Package { return db.packages }

// Owner gives the package that owns a path. Of a directory that several share it is the
// first. A path below a directory of another name for the same (/bin for /usr/bin on a
// system where the one is a link to the other) has one owner.
func (db *DB) Owner(path string) (*Package, bool) {
	_, id, ok := db.find(path)
	if !ok {
		return nil, false
	}
	return &db.packages[id], true
}

// File gives what the owner of a path states of it. Where several packages own it, as
// those of two architectures do, it is one that states a digest.
func (db *DB) File(path string) (File, bool) {
	listed, id, ok := db.find(path)
	if !ok {
		return File{}, false
	}
	best, has := db.index.get(listed, id)
	if !best.Has(DigestKnown) {
		db.index.claims(listed, func(other uint32) bool {
			f, ok := db.index.get(listed, other)
			if ok && f.Has(DigestKnown) && (!has || !db.isDiverted(path)) {
				best, has, id = f, true, other
				return true
			}
			return false
		})
	}
	if !has {
		return File{}, false // its scripts make it
	}
	best.Package, best.Path = &db.packages[id], path
	db.override(&best)
	return best, true
}

// Claims gives what each package that lists a path states of it.
func (db *DB) Claims(path string) []File {
	p := db.links.canonical(path)
	var out []File
	db.index.claims(p, func(id uint32) bool {
		if f, ok := db.index.get(p, id); ok {
			f.Package, f.Path = &db.packages[id], path
			out = append(out, f)
		}
		return false
	})
	return out
}

// find gives the package whose file stands at a path, and the canonical name that the
// package has for it.
func (db *DB) find(p string) (listed string, id uint32, ok bool) {
	p = db.links.canonical(p)
	take := func(except string) func(uint32) bool {
		return func(c uint32) bool {
			if except != "" && db.packages[c].Name == except || db.Unregistered(&db.packages[c]) {
				return false
			}
			id, ok = c, true
			return true
		}
	}
	for _, d := range db.moved[p] {
		if db.index.claims(d.from, take(d.by)); ok {
			return d.from, id, true
		}
	}
	if d, diverted := db.takes[p]; diverted {
		if d.by == "" { // the administrator's: whatever stands there is no package's
			return "", 0, false
		}
		if db.index.claims(p, func(c uint32) bool {
			if db.packages[c].Name == d.by {
				id, ok = c, true
			}
			return ok
		}); ok {
			return p, id, true
		}
		// Where that package does not list it, its scripts make it, or somebody wrote the
		// diversion: nothing says what belongs there.
		return "", 0, false
	}
	db.index.claims(p, take(""))
	return p, id, ok
}

// Unregistered says whether only files of the info directory name a package of dpkg, though
// its status file knows others: whoever put them there was not dpkg, and they own nothing.
func (db *DB) Unregistered(p *Package) bool {
	if p.Manager != Dpkg || !strings.HasPrefix(p.Place.Path, dpkgInfo) {
		return false
	}
	return db.hasStatus
}

func (db *DB) isDiverted(p string) bool {
	p = db.links.canonical(p)
	_, takes := db.takes[p]
	return takes || len(db.moved[p]) > 0
}

// absent says whether an error means that a file is not there.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
