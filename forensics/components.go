package forensics

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/host/origin"
	"icecore/forensics/host/pkgdb"
	"icecore/forensics/inventory"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// componentsOf gives what no package of the distribution brought to the root filesystem:
// packages of pip, npm and other installers; with verify, also their files of which the
// content differs from the digest that the manifest states. Those that the distribution
// ships are its packages.
func componentsOf(
	ctx context.Context, img *Image, host string, db *pkgdb.DB, verify bool,
) ([]inventory.Package, []Gap, error) {
	root, err := img.Root()
	if err != nil {
		return nil, nil, err
	}
	owner := func(name string) string {
		if p, ok := db.Owner(name); ok {
			return p.Name
		}
		return ""
	}
	ix, tree := origin.NewIndex(), volumeTree{root.FS}
	if err := eachRegular(ctx, img, root, func(name string, in *filesystem.Inode) error {
		ix.See(path.Dir(name), path.Base(name), origin.StatOf(in))
		return nil
	}); err != nil {
		return nil, nil, err
	}
	if err := ix.Load(ctx, tree, owner); err != nil {
		return nil, nil, err
	}
	var gaps []Gap
	gap := func(name string, err error) {
		gaps = append(gaps, root.FileGap(name, filesystem.Ref{}, model.Msg("why.error", "error", text.Raw(err.Error()))))
	}
	for _, p := range ix.Problems() {
		gap(p.Path, p.Err)
	}
	changes := make(map[string][]string) // by manifest
	if verify {
		err := eachRegular(ctx, img, root, func(name string, in *filesystem.Inode) error {
			o, ok := ix.Origin(name, origin.StatOf(in))
			if !ok || owner(name) != "" {
				return nil
			}
			o, err := compared(root.FS, in, o)
			if err != nil {
				gap(name, err)
			}
			if o.State == origin.Changed {
				changes[o.Manifest] = append(changes[o.Manifest], "??5??????   "+name)
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	records, err := ix.Records()
	if err != nil {
		gap("", err)
	}
	var out []inventory.Package
	for i := range records {
		r := &records[i]
		if r.Has("owner") {
			continue
		}
		src := r.Source
		src.Image, src.Host, src.Volume = img.ID, host, root.ID
		if found, err := tree.Lookup(src.Path, false); err == nil {
			src.Path, src.Inode, src.Version = found.Real, found.Ref.Inode, found.Ref.Version
		}
		lines := changes[r.Source.Path]
		slices.Sort(lines)
		delete(changes, r.Source.Path)
		p := inventory.ComponentOf(r)
		p.Verified, p.Changes, p.Source = verify, lines, src
		out = append(out, p)
	}
	return out, gaps, nil
}

// eachRegular calls fn for each path of a live regular file of a volume.
func eachRegular(ctx context.Context, img *Image, v *Volume, fn func(name string, in *filesystem.Inode) error) error {
	return img.EachFile(ctx, v.ID, filesystem.WalkOptions{}, func(_ *Volume, e *filesystem.Entry) error {
		if e.Inode == nil || !e.Inode.IsRegular() || e.Inode.State != filesystem.Live || e.Path == "" {
			return nil
		}
		if at, _ := host.SplitRoot(e.Path); at != "" {
			return nil // of a container
		}
		return fn(e.Path, e.Inode)
	})
}

// compared reads a file of which a manifest states a digest.
func compared(fsys filesystem.FS, in *filesystem.Inode, o origin.Origin) (origin.Origin, error) {
	if o.Algorithm == "" || o.State != origin.Listed {
		return o, nil
	}
	f, err := fsys.Open(in.Ref)
	if err != nil {
		return o, err
	}
	if f.Size() > maxCompared {
		return o, fmt.Errorf("not compared with its manifest: %d bytes, more than %d", f.Size(), int64(maxCompared))
	}
	return o.Compare(io.NewSectionReader(f, 0, f.Size()), f.Size())
}

const maxCompared = 4 << 30 // bytes of one file
