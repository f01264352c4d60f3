package pkgdb

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// Diversion says that a package's file stands at another path, so that another's, or the
// administrator's, can stand at its own (dpkg-divert(1)).
type Diversion struct {
	From, To string
	Package  string // for which it is; empty for the administrator's
	Place    Place
}

// divert is a diversion by its canonical paths.
type divert struct{ from, by string }

const (
	diversionsFile = dpkgDir + "/diversions"
	overridesFile  = dpkgDir + "/statoverride"
	maxChanges     = 200_000
)

// Diversions gives the diversions of the host, in the order of their file.
func (db *DB) Diversions() []Diversion { return db.divs }

// Overrides gives the modes and owners that the administrator registered.
func (db *DB) Overrides() []Override { return db.overrides }

// readDiversions reads /var/lib/dpkg/diversions: three lines each.
func (db *DB) readDiversions(p *problems) {
	var d Diversion
	err := eachLine(db.tree, diversionsFile, maxList, func(l artifact.Line) error {
		s := l.Head(maxValue)
		switch l.Number % 3 {
		case 1:
			d = Diversion{From: s, Place: Place{Path: diversionsFile, Line: l.Number, Offset: l.Offset}}
		case 2:
			d.To = s
		case 0:
			if d.Package = strings.TrimPrefix(s, ":"); s == ":" {
				d.Package = ""
			}
			d.Place.Length = l.Offset + int64(len(l.Text)) - d.Place.Offset
			if len(db.divs) >= maxChanges {
				return fmt.Errorf("more than %d diversions; the rest was not read", maxChanges)
			}
			db.divs = append(db.divs, d)
			d = Diversion{}
		}
		return nil
	})
	if err == nil && d.From != "" {
		err = errors.New("line " + strconv.Itoa(d.Place.Line) + ": the last diversion is not whole")
	}
	if err != nil && !absent(err) {
		p.add(diversionsFile, err)
	}
	db.moved, db.takes = make(map[string][]divert), make(map[string]divert)
	for _, d := range db.divs {
		name, _ := cutName(d.Package)
		from, to := db.links.canonical(d.From), db.links.canonical(d.To)
		db.takes[from] = divert{from, name}
		if len(db.moved[to]) < maxSharing {
			db.moved[to] = append(db.moved[to], divert{from, name})
		}
	}
}

// readOverrides reads /var/lib/dpkg/statoverride: owner, group, mode, path.
func (db *DB) readOverrides(p *problems) {
	err := eachLine(db.tree, overridesFile, maxList, func(l artifact.Line) error {
		f := strings.SplitN(l.Head(maxValue), " ", 4)
		if len(f) < 4 {
			return nil
		}
		mode, err := strconv.ParseUint(f[2], 8, 12)
		if err != nil {
			return nil
		}
		if len(db.overrides) >= maxChanges {
			return fmt.Errorf("more than %d overrides; the rest was not read", maxChanges)
		}
		db.overrides = append(db.overrides, Override{f[3], f[0], f[1], uint16(mode)})
		return nil
	})
	if err != nil && !absent(err) {
		p.add(overridesFile, err)
	}
	db.byPath = make(map[string]int, len(db.overrides))
	for i := range db.overrides {
		db.byPath[db.links.canonical(db.overrides[i].Path)] = i
	}
}

// override puts what the administrator registered of a file in place of what its package
// states.
func (db *DB) override(f *File) {
	i, ok := db.byPath[db.links.canonical(f.Path)]
	if !ok || f.Package.Manager != Dpkg {
		return
	}
	o := &db.overrides[i]
	f.Owner, f.Group, f.Mode, f.Known = o.Owner, o.Group, o.Mode, f.Known|OwnerKnown|PermKnown
}

// Alternative is a name for which several programs can stand (update-alternatives(1)).
type Alternative struct {
	Name    string // as in /etc/alternatives
	Link    string // the path that users know
	Manual  bool   // chosen by the administrator, not by priority
	Current string // where /etc/alternatives/NAME leads; empty where it is not there
	Choices []string
	// Links are the paths that go with it, Link among them, by their names in
	// /etc/alternatives.
	Links map[string]string
}

// alternativesDirs are those of dpkg, of Red Hat's chkconfig and of SUSE.
var alternativesDirs = []string{dpkgDir + "/alternatives", "/var/lib/alternatives", "/var/lib/rpm/alternatives"}

const (
	maxAlternative  = 1 << 20 // bytes
	maxAlternatives = 20_000
)

// Alternatives gives the alternatives of the host, by directory and name.
func (db *DB) Alternatives() []Alternative { return db.alts }

// Alternative gives the alternative to which a link belongs: /usr/bin/awk, or
// /etc/alternatives/awk. No package lists those links: the scripts of packages make them.
func (db *DB) Alternative(p string) (*Alternative, bool) {
	i, ok := db.altLinks[db.links.canonical(p)]
	if !ok {
		return nil, false
	}
	return &db.alts[i], true
}

func (db *DB) readAlternatives(p *problems) {
	for _, dir := range alternativesDirs {
		names, err := db.tree.ReadDir(dir)
		if err != nil && !absent(err) {
			p.add(dir, err)
		}
		for _, e := range names {
			if !isFile(db.tree, dir+"/"+e.Name) {
				continue
			}
			if len(db.alts) >= maxAlternatives {
				p.add(dir, fmt.Errorf("more than %d alternatives; the rest was not read", maxAlternatives))
				return
			}
			b, err := filesystem.ReadFile(db.tree, dir+"/"+e.Name, maxAlternative)
			if err != nil {
				p.add(dir+"/"+e.Name, err)
				continue
			}
			a, ok := parseAlternative(e.Name, string(b))
			if !ok {
				p.add(dir+"/"+e.Name, errors.New("not a list of alternatives"))
				continue
			}
			if found, err := db.tree.Lookup("/etc/alternatives/"+e.Name, false); err == nil {
				a.Current, _ = found.FS.Readlink(found.Ref)
			}
			for name, link := range a.Links {
				db.altLinks[db.links.canonical(link)] = len(db.alts)
				db.altLinks["/etc/alternatives/"+name] = len(db.alts)
			}
			db.alts = append(db.alts, a)
		}
	}
}

// parseAlternative reads a list of alternatives: auto or manual, the link, name and link
// of what goes with it, an empty line; then for each choice its path, its priority, and
// the path of each that goes with it.
func parseAlternative(name, s string) (Alternative, bool) {
	lines := strings.Split(s, "\n")
	a := Alternative{Name: name, Links: make(map[string]string)}
	if len(lines) < 3 || lines[0] != "auto" && lines[0] != "manual" || !path.IsAbs(lines[1]) {
		return a, false
	}
	a.Manual, a.Link = lines[0] == "manual", lines[1]
	a.Links[name] = a.Link
	lines = lines[2:]
	slaves := 0
	for len(lines) >= 2 && lines[0] != "" {
		if path.IsAbs(lines[1]) {
			a.Links[lines[0]] = lines[1]
		}
		slaves++
		lines = lines[2:]
	}
	if len(lines) > 0 {
		lines = lines[1:]
	}
	for len(lines) >= 2 && path.IsAbs(lines[0]) {
		// chkconfig writes "@FAMILY@" behind some paths, and more words behind priorities.
		choice, _, _ := strings.Cut(lines[0], "@")
		a.Choices = append(a.Choices, choice)
		lines = lines[min(len(lines), 2+slaves):]
	}
	return a, true
}
