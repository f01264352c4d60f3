package forensics

import (
	"context"
	"slices"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/inventory"
	"icecore/forensics/message"
	"icecore/forensics/model"
)

// InventoryList describes one inventory: its name, columns and what it is made of.
type InventoryList = inventory.List

// Inventory is one list of what a server has, with its rows; see package inventory.
type Inventory struct {
	inventory.List
	Rows  []inventory.Row
	Hosts []model.Host // that sources name
	Gaps  []Gap        // what was not read
}

// Inventories returns all lists that there are.
func Inventories() []InventoryList { return inventory.Lists() }

// ListImageOptions say how a list is made of an image.
type ListImageOptions struct {
	Options
	// Verify compares the files of packages with what the packages state. Of other lists
	// than packages it means nothing.
	Verify bool
}

// ListImage makes the inventory of a name from an image. Only the artifacts that it needs
// are read, and nothing is judged.
func ListImage(ctx context.Context, img *Image, name string, opts ListImageOptions) (*Inventory, error) {
	list, err := inventory.Find(name)
	if err != nil {
		return nil, err
	}
	var in inventory.Input
	opts.Scan.NoYARA, opts.Scan.WantedOnly, opts.Rules = true, true, RuleOptions{NoBuiltin: true}
	opts.Scan.NoDeleted = true
	extractors := extractorsOf(&list)
	a, s, err := analyze(ctx, img, opts.Options, extractors, false)
	if err != nil {
		return nil, err
	}
	in.Analysis = &a.Analysis
	owners := make(map[[2]string]string)
	in.Package = func(src *model.Source) string {
		k := [2]string{src.Host, src.InHost()}
		owner, known := owners[k]
		if !known {
			if f := s.Lookup(src.Host, src.InHost()); f != nil {
				owner = f.Owner
			}
			owners[k] = owner
		}
		return owner
	}
	in.Mounts = mountsOf(s.Hosts().List)
	if list.Image {
		if in.Deleted, err = deletedFiles(ctx, img, opts.Scan.Volume); err != nil {
			return nil, err
		}
	}
	var gaps []Gap
	if list.Packages {
		if in.Packages, gaps, err = packagesOf(ctx, img, s.Hosts(), opts.Verify); err != nil {
			return nil, err
		}
	}
	inv, err := listed(&list, &in)
	if err != nil {
		return nil, err
	}
	// That nothing was scanned by YARA, and deleted files were left out, is what was asked for.
	inv.Gaps = slices.DeleteFunc(slices.Clone(a.Coverage.Gaps), func(g Gap) bool {
		return g.Subject == model.SubjectContent || g.Subject == model.SubjectDeleted
	})
	inv.Gaps = completed(append(inv.Gaps, gaps...))
	return inv, nil
}

// completed fills in the sentences of gaps.
func completed(gaps []Gap) []Gap {
	a := model.Analysis{Coverage: model.Coverage{Gaps: gaps}}
	message.English().Complete(&a)
	return a.Coverage.Gaps
}

// extractorsOf gives the extractors that a list needs.
func extractorsOf(list *inventory.List) []artifact.Extractor {
	if list.Image {
		return nil
	}
	if len(list.Extractors) == 0 {
		return all.Extractors()
	}
	return slices.DeleteFunc(all.Extractors(), func(x artifact.Extractor) bool { return !slices.Contains(list.Extractors, x.Name()) })
}

// List makes the inventory of a name from the records of an analysis. Which package owns
// a file is not known then; a list that is made from the image itself is a
// [*NeedsImageError].
func (a *Analysis) List(name string) (*Inventory, error) {
	list, err := inventory.Find(name)
	if err != nil {
		return nil, err
	}
	if list.Image {
		return nil, &NeedsImageError{List: name}
	}
	inv, err := listed(&list, &inventory.Input{Analysis: &a.Analysis, Mounts: describedMounts(a.Hosts)})
	if err == nil {
		inv.Gaps = a.unreadParts()
	}
	return inv, err
}

// unreadParts gives the gaps of an analysis that decide and may hide anything: an image, a
// volume, a host.
func (a *Analysis) unreadParts() []Gap {
	var out []Gap
	for _, g := range a.Coverage.Gaps {
		switch g.Subject {
		case model.SubjectImage, model.SubjectPartition, model.SubjectVolume, model.SubjectHost:
			if g.Weight == Decisive {
				out = append(out, g)
			}
		}
	}
	return out
}

// NeedsImageError says that a list cannot be made from an analysis alone.
type NeedsImageError struct{ List string }

// Error says what to do.
func (e *NeedsImageError) Error() string {
	return "an analysis does not hold the list " + e.List + ": name the image"
}

func listed(list *inventory.List, in *inventory.Input) (*Inventory, error) {
	rows, err := list.Rows(in)
	if err != nil {
		return nil, err
	}
	return &Inventory{List: *list, Rows: rows, Hosts: in.Analysis.Hosts}, nil
}

// mountsOf gives what hosts mount.
func mountsOf(hosts []*host.Host) []inventory.Mount {
	var out []inventory.Mount
	for _, h := range hosts {
		described := h.Describe()
		for i := range h.Mounts {
			m := mountOf(&described, i)
			if by := h.Mounts[i].File; by != "" {
				m.By, m.Source.Line = by, h.Mounts[i].Line
				if v, found, err := h.Locate(by, false); err == nil {
					place(&m.Source, v, found)
				}
			}
			out = append(out, m)
		}
	}
	return out
}

// describedMounts gives what the hosts of an analysis mount. Where it is stated is not
// known then.
func describedMounts(hosts []model.Host) []inventory.Mount {
	var out []inventory.Mount
	for i := range hosts {
		for j := range hosts[i].Mounts {
			out = append(out, mountOf(&hosts[i], j))
		}
	}
	return out
}

func mountOf(h *model.Host, i int) inventory.Mount {
	m := &h.Mounts[i]
	return inventory.Mount{
		What: m.Device, Where: m.Target, Type: m.Type, Options: m.Options, Volume: m.Volume, Inferred: m.Inferred,
		Source: model.Source{Host: h.ID, Volume: h.Volume, DiskOffset: -1},
	}
}

// place completes a source with a file that a host sees.
func place(src *model.Source, v *Volume, found filesystem.Found) {
	src.Image, src.Volume, src.Path = v.Image.ID, v.ID, found.Real
	src.Inode, src.Version = found.Ref.Inode, found.Ref.Version
	if found.Path != found.Real {
		src.HostPath = found.Path
	}
}

// deletedFiles gives the deleted and orphan files of an image.
func deletedFiles(ctx context.Context, img *Image, volume string) ([]inventory.Deleted, error) {
	var out []inventory.Deleted
	err := img.EachFile(ctx, volume, filesystem.WalkOptions{Orphans: true, Deleted: true, Reuse: true},
		func(v *Volume, e *filesystem.Entry) error {
			if e.Inode == nil || e.Inode.State == filesystem.Live {
				return nil
			}
			d := inventory.Deleted{Path: e.Path, Inode: *e.Inode}
			d.Source = model.Source{
				Image: v.Image.ID, Volume: v.ID, Path: e.Path, Inode: e.Inode.Ref.Inode, Version: e.Inode.Ref.Version,
				State: e.Inode.State, DiskOffset: -1,
			}
			if e.Err != nil && d.Inode.Note == "" {
				d.Inode.Note = e.Err.Error()
			}
			out = append(out, d)
			return nil
		})
	return out, err
}

// IsAnalysis says whether a file whose first bytes are given is an analysis, of this
// version or another, rather than an image.
func IsAnalysis(head []byte) bool { return schemaRE.Match(head) }
