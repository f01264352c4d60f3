// Package dpkg reads Debian's package database and logs: the maintainer scripts
// that run as root at every installation and upgrade, which package owns which
// path, and what was installed when. The formats are those of deb-postinst(5),
// deb-md5sums(5), dpkg(1) (/var/lib/dpkg), dpkg-divert(1) and of apt's
// history.log. Of a Red Hat system it says only that a package database is there.
//
// Records:
//
//	package.script     package, architecture (of the file's name, where it has one),
//	                   script (postinst, ...), size (bytes), cut (yes: of a longer one
//	                   only the beginning and the end were read; a line at its end has
//	                   no number), and what package scriptlet says of it
//	package.list       package, architecture, files (lines of the list). The file's
//	                   time is that of the installation
//	package.entry      package, version, architecture, status, maintainer
//	package.diversion  from, to, package
//	package.database   of rpm: format (bdb, ndb, sqlite), size (bytes)
//	dpkg.action        action (install, upgrade, remove, purge), package,
//	                   architecture, old_version, version; stamp logged
//	apt.command        command, requested_by, install, upgrade, remove, purge,
//	                   downgrade, reinstall (packages), error; stamps started, ended
//
// Of scripts of more than 256 KiB the first and last 128 are judged; the number of records
// of one file is bounded.
package dpkg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/scriptlet"
	"icecore/forensics/model"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "dpkg" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	const info = "/var/lib/dpkg/info/*."
	return []string{
		info + "preinst", info + "postinst", info + "prerm", info + "postrm", info + "config", info + "list",
		"/var/lib/dpkg/status", "/var/lib/dpkg/diversions", "/var/log/dpkg.log*", "/var/log/apt/history.log*",
		"/var/lib/rpm/Packages", "/var/lib/rpm/Packages.db", "/var/lib/rpm/rpmdb.sqlite",
		"/usr/lib/sysimage/rpm/Packages", "/usr/lib/sysimage/rpm/Packages.db", "/usr/lib/sysimage/rpm/rpmdb.sqlite",
	}
}

const (
	maxScript   = 256 << 10 // bytes; the longest that Debian ships have some ten thousand
	maxPackages = 200_000
	maxActions  = 200_000
	maxValue    = 4096 // bytes of one field of the databases
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	dir, name := path.Split(in.Path)
	switch {
	case dir == "/var/lib/dpkg/info/":
		return info(ctx, in, name, emit)
	case name == "status":
		return status(ctx, in.Content, emit)
	case name == "diversions":
		return diversions(in.Content, func(d diversion) error {
			r := artifact.Record{Kind: model.PackageDiversion, Source: d.source}
			r.Add("manager", "dpkg")
			r.Add("from", d.from)
			r.Add("to", d.to)
			r.Add("package", d.by)
			emit(r)
			return nil
		})
	case strings.HasPrefix(name, "dpkg.log"):
		return actions(ctx, in, emit)
	case strings.HasPrefix(name, "history.log"):
		return history(ctx, in, emit)
	}
	r := artifact.Record{Kind: model.PackageDatabase}
	r.Add("manager", "rpm")
	r.Add("format", map[string]string{"Packages": "bdb", "Packages.db": "ndb", "rpmdb.sqlite": "sqlite"}[name])
	r.AddInt("size", in.Content.Size())
	emit(r)
	return nil
}

// splitName takes "libc6:amd64" apart.
func splitName(s string) (pkg, arch string) {
	pkg, arch, _ = strings.Cut(s, ":")
	return pkg, arch
}

func info(ctx context.Context, in *artifact.Input, name string, emit artifact.Emit) error {
	ext := path.Ext(name)
	pkg, arch := splitName(strings.TrimSuffix(name, ext))
	if ext == ".list" {
		r := artifact.Record{Kind: model.PackageList}
		r.Add("manager", "dpkg")
		r.Add("package", pkg)
		r.Add("architecture", arch)
		files := int64(0)
		err := in.Lines(ctx, func(l artifact.Line) error {
			if len(l.Text) > 0 {
				files++
			}
			return nil
		})
		r.AddInt("files", files)
		emit(r)
		return err
	}
	size := in.Content.Size()
	b, err := io.ReadAll(io.NewSectionReader(in.Content, 0, min(size, maxScript)))
	if err != nil {
		return err
	}
	gap := size - int64(len(b))
	if gap > 0 { // the end is where things are appended
		if _, err := in.Content.ReadAt(b[maxScript/2:], size-maxScript/2); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	r := artifact.Record{Kind: model.PackageScript, Source: artifact.Source{Length: in.Content.Size()}}
	r.Add("manager", "dpkg")
	r.Add("package", pkg)
	r.Add("architecture", arch)
	r.Add("script", strings.TrimPrefix(ext, "."))
	scriptlet.Judge(&r, b, "")
	r.AddInt("size", size)
	if gap > 0 {
		r.AddBool("cut", true)
		if r.Source.Offset >= maxScript/2 {
			r.Source.Line, r.Source.Offset = 0, r.Source.Offset+gap
		}
	}
	emit(r)
	return nil
}

// errTooMany ends the reading of a database.
func errTooMany(n int, what string) error {
	return fmt.Errorf("more than %d %s; the rest was not read", n, what)
}

// status reads the paragraphs of /var/lib/dpkg/status.
func status(ctx context.Context, text io.Reader, emit artifact.Emit) error {
	var rec artifact.Record
	n := 0
	flush := func() {
		if rec.Get("package") != "" {
			emit(rec)
		}
		rec = artifact.Record{}
	}
	err := artifact.Lines(text, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(l.Text) == 0 {
			flush()
			return nil
		}
		if l.Text[0] == ' ' || l.Text[0] == '\t' {
			return nil
		}
		key, value, ok := strings.Cut(l.Head(maxValue), ":")
		if !ok {
			return nil
		}
		value = strings.TrimSpace(value)
		name := strings.ToLower(key)
		switch name {
		case "package":
			flush()
			if n++; n > maxPackages {
				return errTooMany(maxPackages, "packages")
			}
			rec.Kind = model.PackageEntry
			rec.Source = l.Source()
			rec.Add("manager", "dpkg")
			rec.Add("package", value)
		case "version", "architecture", "status", "maintainer":
			if rec.Kind != "" && !rec.Has(name) {
				rec.Add(name, value)
			}
		}
		return nil
	})
	flush()
	return err
}

type diversion struct {
	from, to, by string // by is empty for one that the administrator made
	source       artifact.Source
}

// diversions reads /var/lib/dpkg/diversions: three lines each.
func diversions(text io.Reader, fn func(diversion) error) error {
	var d diversion
	n := 0
	err := artifact.Lines(text, func(l artifact.Line) error {
		s := l.Head(maxValue)
		switch l.Number % 3 {
		case 1:
			d = diversion{from: s, source: artifact.Source{Line: l.Number, Offset: l.Offset}}
		case 2:
			d.to = s
		case 0:
			d.by = strings.TrimPrefix(s, ":")
			d.source.Length = l.Offset + int64(len(l.Text)) - d.source.Offset
			if n++; n > maxPackages {
				return errTooMany(maxPackages, "diversions")
			}
			err := fn(d)
			d = diversion{}
			return err
		}
		return nil
	})
	if err == nil && d.from != "" {
		err = errors.New("line " + strconv.Itoa(d.source.Line) + ": the last diversion is not whole")
	}
	return err
}
