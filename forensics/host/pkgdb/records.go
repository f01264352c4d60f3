package pkgdb

import (
	"context"
	"path"
	"strings"

	"icecore/forensics/artifact/scriptlet"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// Records gives what an analysis keeps of the databases: the databases themselves
// (package.database), their packages (package.entry), dpkg's file lists (package.list)
// and diversions (package.diversion), and the scripts of packages, each judged
// (package.script). It reads the databases again.
//
// A record's source has its place within the file: line, offset, length and member, and
// the path in the tree as HostPath. found is that file; image, volume, inode, state and
// the times of the inode are the caller's to add. A database that stands for a directory
// has no file: found is the zero value, then.
func (db *DB) Records(ctx context.Context, emit func(r model.Record, found filesystem.Found)) []Problem {
	var p problems
	e := &emitter{db: db, emit: emit}
	for _, b := range db.backends {
		e.database(b)
	}
	for i := range db.divs {
		d := &db.divs[i]
		r := model.Record{Kind: model.PackageDiversion}
		r.Add("manager", string(Dpkg))
		r.Add("from", d.From)
		r.Add("to", d.To)
		r.Add("package", d.Package)
		e.give(r, d.Place)
	}
	// The packages are those of the first reading, in which their files were counted.
	for i := range db.packages {
		e.pkg(&db.packages[i])
	}
	db.each(ctx, parts{scripts: true}, &p, func(x *entry) error {
		for i := range x.scripts {
			s := &x.scripts[i]
			if s.Package = &x.Package; s.Interpreter != "" {
				e.script(s)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	return p.done()
}

// emitter gives records with the files that they are of.
type emitter struct {
	db   *DB
	emit func(model.Record, filesystem.Found)
	path string // the last one looked up
	last filesystem.Found
}

func (e *emitter) give(r model.Record, p Place) {
	if p.Path != e.path {
		e.path = p.Path
		e.last, _ = e.db.tree.Lookup(p.Path, true)
	}
	r.Source.HostPath, r.Source.Member = p.Path, p.Member
	if r.Source.Line == 0 && r.Source.Offset == 0 && r.Source.Length == 0 {
		r.Source.Line, r.Source.Offset, r.Source.Length = p.Line, p.Offset, p.Length
	}
	e.emit(r, e.last)
}

func (e *emitter) database(b backend) {
	r := model.Record{Kind: model.PackageDatabase}
	r.Add("manager", string(b.manager()))
	place := Place{Path: b.place()}
	switch b := b.(type) {
	case *rpmDB:
		r.Add("format", string(b.format))
	case *dpkgDB:
		place.Path = dpkgDir + "/status"
	}
	if f, err := open(e.db.tree, place.Path); err == nil {
		r.AddInt("size", f.Size())
	}
	n := int64(0)
	for i := range e.db.packages {
		p := &e.db.packages[i]
		if p.Manager == b.manager() && (p.Place.Path == place.Path || path.Dir(p.Place.Path) == place.Path) {
			n++
		}
	}
	r.AddInt("packages", n)
	e.give(r, place)
}

// of adds what names a package.
func of(r *model.Record, p *Package) {
	r.Add("manager", string(p.Manager))
	r.Add("package", p.Name)
	r.Add("architecture", p.Arch)
}

func (e *emitter) pkg(p *Package) {
	if p.listPlace.Path != "" {
		r := model.Record{Kind: model.PackageList}
		of(&r, p)
		r.AddInt("files", int64(p.FileCount))
		if e.db.Unregistered(p) {
			r.AddBool("unregistered", true)
		}
		e.give(r, p.listPlace)
	}
	if strings.HasPrefix(p.Place.Path, dpkgInfo) {
		return // dpkg does not know it: there are files of it alone
	}
	r := model.Record{Kind: model.PackageEntry}
	of(&r, p)
	r.Add("version", p.Version)
	r.Add("status", p.Status)
	r.Add("maintainer", p.Maintainer)
	r.Add("vendor", p.Vendor)
	r.Add("license", p.License)
	r.Add("source_package", p.Source)
	r.AddInt("files", int64(p.FileCount))
	if p.Signed {
		r.AddBool("signed", true)
	}
	// That of dpkg is a time of the file list, which has a record of its own.
	if !p.Installed.IsZero() && p.Manager != Dpkg {
		r.Times = append(r.Times, model.Stamp{What: "installed", Time: p.Installed})
	}
	if !p.Built.IsZero() {
		r.Times = append(r.Times, model.Stamp{What: "built", Time: p.Built})
	}
	place := p.Place
	if place.Length > 0 {
		place.Member = "" // it stands in the database as it is
	}
	e.give(r, place)
}

func (e *emitter) script(s *Script) {
	r := model.Record{Kind: model.PackageScript}
	of(&r, s.Package)
	r.Add("script", s.Name)
	r.AddList("trigger", s.On)
	interpreter := ""
	if s.Package.Manager == RPM {
		interpreter = s.Interpreter
	}
	scriptlet.Judge(&r, s.Text, interpreter)
	r.AddInt("size", s.Size)
	if gap := s.Size - int64(len(s.Text)); gap > 0 {
		r.AddBool("cut", true)
		if r.Source.Offset >= MaxScript/2 {
			r.Source.Line, r.Source.Offset = 0, r.Source.Offset+gap
		}
	}
	place := s.Place
	if place.Member != "" { // line and offset are those in the script
		place.Line, place.Offset, place.Length = 0, 0, s.Size
	}
	e.give(r, place)
}
