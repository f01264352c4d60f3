package forensics

import (
	"context"
	"errors"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/host/pkgdb"
	"icecore/forensics/inventory"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// packagesOf gives the packages of the server itself as its databases have them, and
// what other installers brought; with verify, also what differs of their files.
func packagesOf(ctx context.Context, img *Image, host string, verify bool) ([]inventory.Package, []Gap, error) {
	root, err := img.Root()
	if err != nil {
		return nil, nil, err
	}
	tree := volumeTree{root.FS}
	var gaps []Gap
	var out []inventory.Package
	add := func(problems []pkgdb.Problem) {
		for _, p := range problems {
			if !errors.Is(p.Err, context.Canceled) {
				gaps = append(gaps, root.FileGap(p.Path, filesystem.Ref{}, model.Msg("why.error", "error", text.Raw(p.Err.Error()))))
			}
		}
	}
	db, problems := pkgdb.Open(ctx, tree)
	add(problems)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	changes := make(map[packageID][]string)
	if verify && db.Known() {
		add(db.Verify(ctx, func(d *pkgdb.Difference) error {
			k := idOf(d.Package)
			changes[k] = append(changes[k], d.String())
			return nil
		}))
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
	}
	for i := range db.Packages() {
		p := &db.Packages()[i]
		src := model.Source{
			Image: img.ID, Host: host, Volume: root.ID, Path: p.Place.Path, Line: p.Place.Line, Offset: p.Place.Offset, Length: p.Place.Length,
			Member: p.Place.Member, DiskOffset: -1,
		}
		if found, err := tree.Lookup(src.Path, true); err == nil {
			src.Path, src.Inode, src.Version = found.Real, found.Ref.Inode, found.Ref.Version
		}
		out = append(out, inventory.Package{
			Name: p.Name, Version: p.Version, Architecture: p.Arch, Manager: string(p.Manager), Status: p.Status, Installed: p.Installed,
			Maintainer: p.Maintainer, Verified: verify, Changes: changes[idOf(p)], Source: src,
		})
	}
	components, more, err := componentsOf(ctx, img, host, db, verify)
	return append(out, components...), append(gaps, more...), err
}

// packageID tells packages apart: of one name there can be several architectures, and of
// a kernel several versions.
type packageID struct {
	manager             pkgdb.Manager
	name, version, arch string
}

func idOf(p *pkgdb.Package) packageID { return packageID{p.Manager, p.Name, p.Version, p.Arch} }

// volumeTree is the tree of a host that has one filesystem.
type volumeTree struct{ filesystem.FS }

// Lookup implements filesystem.Tree.
func (t volumeTree) Lookup(name string, follow bool) (filesystem.Found, error) {
	ref, real, err := filesystem.Lookup(t.FS, name, follow)
	return filesystem.Found{FS: t.FS, Ref: ref, Path: real, Real: real}, err
}

// ReadDir implements filesystem.Tree.
func (t volumeTree) ReadDir(name string) ([]filesystem.DirEntry, error) {
	found, err := t.Lookup(name, true)
	if err != nil {
		return nil, err
	}
	list, err := t.FS.ReadDir(found.Ref)
	list = slices.DeleteFunc(list, func(e filesystem.DirEntry) bool { return e.Deleted })
	slices.SortFunc(list, func(a, b filesystem.DirEntry) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}
