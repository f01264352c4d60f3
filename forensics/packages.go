package forensics

import (
	"context"
	"errors"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/host/pkgdb"
	"icecore/forensics/inventory"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// packagesOf gives the packages of all hosts as their databases have them, and what other
// installers brought; with verify, also what differs of their files.
func packagesOf(ctx context.Context, img *Image, hosts *host.Hosts, verify bool) ([]inventory.Package, []Gap, error) {
	var out []inventory.Package
	var gaps []Gap
	owners := make(map[*host.Host]func(string) string)
	for _, h := range hosts.List {
		db, list, more, err := installed(ctx, h, verify)
		if err != nil {
			return nil, nil, err
		}
		out, gaps = append(out, list...), append(gaps, more...)
		owners[h] = func(name string) string {
			if p, ok := db.Owner(name); ok {
				return p.Name
			}
			return ""
		}
	}
	list, more, err := componentsOf(ctx, img, hosts, owners, verify)
	return append(out, list...), append(gaps, more...), err
}

// installed gives the packages of one host.
func installed(ctx context.Context, h *host.Host, verify bool) (*pkgdb.DB, []inventory.Package, []Gap, error) {
	var out []inventory.Package
	var gaps []Gap
	add := func(problems []pkgdb.Problem) {
		for _, p := range problems {
			if !errors.Is(p.Err, context.Canceled) {
				gaps = append(gaps, hostGap(h, p.Path, p.Err))
			}
		}
	}
	db, problems := pkgdb.Open(ctx, h)
	add(problems)
	changes := make(map[packageID][]string)
	if verify && db.Known() {
		add(db.Verify(ctx, func(d *pkgdb.Difference) error {
			k := idOf(d.Package)
			changes[k] = append(changes[k], d.String())
			return nil
		}))
	}
	for i := range db.Packages() {
		p := &db.Packages()[i]
		src := hostSource(h, p.Place.Path)
		src.Line, src.Offset, src.Length, src.Member = p.Place.Line, p.Place.Offset, p.Place.Length, p.Place.Member
		out = append(out, inventory.Package{
			Name: p.Name, Version: p.Version, Architecture: p.Arch, Manager: string(p.Manager), Status: p.Status, Installed: p.Installed,
			Maintainer: p.Maintainer, Verified: verify, Changes: changes[idOf(p)], Source: src,
		})
	}
	return db, out, gaps, ctx.Err()
}

// packageID tells packages apart: of one name there can be several architectures, and of
// a kernel several versions.
type packageID struct {
	manager             pkgdb.Manager
	name, version, arch string
}

func idOf(p *pkgdb.Package) packageID { return packageID{p.Manager, p.Name, p.Version, p.Arch} }

// hostSource is the source of a file by the path at which a host sees it.
func hostSource(h *host.Host, name string) model.Source {
	src := model.Source{Host: h.ID, Volume: h.Volume.ID, Image: h.Volume.Image.ID, Path: name, DiskOffset: -1}
	v, found, err := h.Locate(name, true)
	if err != nil {
		return src
	}
	src.Image, src.Volume, src.Path, src.Inode, src.Version = v.Image.ID, v.ID, found.Real, found.Ref.Inode, found.Ref.Version
	if name != found.Real {
		src.HostPath = name
	}
	return src
}

// hostGap is the coverage line of a file by the path at which a host sees it.
func hostGap(h *host.Host, name string, err error) Gap {
	src := hostSource(h, name)
	g := h.Volume.FileGap(src.Path, filesystem.Ref{}, model.Msg("why.error", "error", text.Raw(err.Error())))
	if v, found, err := h.Locate(name, true); err == nil {
		g = v.FileGap(found.Real, filesystem.Ref{}, g.Why)
	}
	return g
}
