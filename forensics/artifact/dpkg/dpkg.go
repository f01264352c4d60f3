// Package dpkg reads the logs of dpkg and apt: what was installed when, and by which
// command. The formats are those of dpkg(1) and of apt's history.log. The database of
// dpkg is for package pkgdb to read; what of it was deleted is read here: the maintainer
// scripts of a package that was purged, as deb-postinst(5) describes them.
//
// Records:
//
//	package.script  of a deleted file: manager, package, architecture (of the
//	                file's name, where it has one), script (postinst, ...), size
//	                (bytes), cut (yes: of a longer one only the beginning and the
//	                end were read; a line at its end has no number), and what
//	                package scriptlet says of it
//	dpkg.action     action (install, upgrade, remove, purge), package,
//	                architecture, old_version, version; stamp logged
//	apt.command     command, requested_by, install, upgrade, remove, purge,
//	                downgrade, reinstall (packages), error; stamps started, ended
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
		info + "preinst", info + "postinst", info + "prerm", info + "postrm", info + "config",
		"/var/log/dpkg.log*", "/var/log/apt/history.log*",
	}
}

const (
	maxScript  = 256 << 10 // bytes; the longest that Debian ships have some ten thousand
	maxActions = 200_000
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	dir, name := path.Split(in.Path)
	switch {
	case dir == "/var/lib/dpkg/info/":
		if in.Inode.State == model.Live {
			return nil // that is the database
		}
		return info(in, name, emit)
	case strings.HasPrefix(name, "dpkg.log"):
		return actions(ctx, in, emit)
	}
	return history(ctx, in, emit)
}

// splitName takes "libc6:amd64" apart.
func splitName(s string) (pkg, arch string) {
	pkg, arch, _ = strings.Cut(s, ":")
	return pkg, arch
}

func info(in *artifact.Input, name string, emit artifact.Emit) error {
	ext := path.Ext(name)
	pkg, arch := splitName(strings.TrimSuffix(name, ext))
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
