package forensics

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/host/origin"
	"icecore/forensics/inventory"
)

// componentsOf gives what no package of the distribution brought to the hosts: packages of
// pip, npm and other installers; with verify, also their files of which the content
// differs from the digest that the manifest states. What the distribution ships is among
// its packages.
func componentsOf(
	ctx context.Context, img *Image, hosts *host.Hosts, owners map[*host.Host]func(string) string, verify bool,
) ([]inventory.Package, []Gap, error) {
	indexes := make(map[*host.Host]*origin.Index)
	budget := origin.NewBudget()
	for _, h := range hosts.List {
		indexes[h] = origin.NewIndex()
		indexes[h].Share(budget)
	}
	for _, v := range img.Volumes {
		if v.FS == nil {
			continue
		}
		names := origin.NewNames()
		if err := eachRegular(ctx, img, v, func(dir, name string, in *filesystem.Inode) {
			names.See(dir, name, origin.StatOf(in))
		}); err != nil {
			return nil, nil, err
		}
		names.Give(func(dir string) (*origin.Index, string) {
			h, inside := hosts.Of(v, strings.TrimSuffix(dir, "/"))
			return indexes[h], slashed(inside)
		})
	}
	var out []inventory.Package
	var gaps []Gap
	for _, h := range hosts.List {
		ix := indexes[h]
		if err := ix.Load(ctx, h, owners[h]); err != nil {
			return nil, nil, err
		}
		for _, p := range ix.Problems() {
			gaps = append(gaps, hostGap(h, p.Path, p.Err))
		}
	}
	changes := make(map[string][]string) // by host and manifest
	if verify {
		c := comparer{hosts, indexes, owners, changes}
		more, err := c.all(ctx, img)
		if err != nil {
			return nil, nil, err
		}
		gaps = append(gaps, more...)
	}
	for _, h := range hosts.List {
		records, err := indexes[h].Records()
		if err != nil {
			gaps = append(gaps, hostGap(h, "/", err))
		}
		for i := range records {
			r := &records[i]
			if r.Has("owner") {
				continue
			}
			p := inventory.ComponentOf(r)
			key := h.ID + r.Source.Path
			p.Verified, p.Changes, p.Source = verify, slices.Sorted(slices.Values(changes[key])), hostSource(h, r.Source.Path)
			delete(changes, key)
			out = append(out, p)
		}
	}
	return out, gaps, nil
}

// comparer compares files with what manifests state of them.
type comparer struct {
	hosts   *host.Hosts
	indexes map[*host.Host]*origin.Index
	owners  map[*host.Host]func(string) string
	changes map[string][]string
}

func (c *comparer) all(ctx context.Context, img *Image) (gaps []Gap, err error) {
	for _, v := range img.Volumes {
		if v.FS == nil {
			continue
		}
		if err := eachRegular(ctx, img, v, func(dir, name string, in *filesystem.Inode) {
			h, inside := c.hosts.Of(v, strings.TrimSuffix(dir, "/"))
			inside += "/" + name
			o, ok := c.indexes[h].Origin(inside, origin.StatOf(in))
			if !ok || c.owners[h](inside) != "" {
				return
			}
			o, err := compared(v.FS, in, o)
			if err != nil {
				gaps = append(gaps, hostGap(h, inside, err))
			}
			if o.State == origin.Changed {
				key := h.ID + o.Manifest
				c.changes[key] = append(c.changes[key], "??5??????   "+inside)
			}
		}); err != nil {
			return nil, err
		}
	}
	return gaps, nil
}

// eachRegular calls fn for each path of a live regular file of a volume, as its directory
// and name.
func eachRegular(ctx context.Context, img *Image, v *Volume, fn func(dir, name string, in *filesystem.Inode)) error {
	return img.EachFile(ctx, v.ID, filesystem.WalkOptions{}, func(_ *Volume, e *filesystem.Entry) error {
		if e.Inode == nil || !e.Inode.IsRegular() || e.Inode.State != filesystem.Live || e.Path == "" {
			return nil
		}
		i := strings.LastIndexByte(e.Path, '/')
		fn(slashed(e.Path[:i]), e.Path[i+1:], e.Inode)
		return nil
	})
}

// slashed writes the path of a root as it is written.
func slashed(p string) string {
	if p == "" {
		return "/"
	}
	return p
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
