package host

import (
	"cmp"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// gap is something wrong with the image as a whole. What is lost by it may decide.
func (img *Image) gap(subject model.Subject, what model.Message, why string, lost bool) model.Gap {
	return model.Gap{
		Subject: subject, Source: model.Source{Image: img.ID, DiskOffset: -1}, What: what, Why: model.Msg("why.error", "error", text.Raw(why)), Weight: lostWeight(lost),
	}
}

// Gap returns the coverage line of a volume that was not read: because of err, or for
// the volume's own reason.
func (v *Volume) Gap(weight model.Weight, err error) model.Gap {
	why := cmp.Or(v.Reason, ErrNoFilesystem.Error())
	if err != nil {
		why = err.Error()
	}
	return model.Gap{
		Subject: model.SubjectVolume, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: model.Msg("gap.volume", "volume", v.ID, "content", v.Content),
		Why: model.Msg("why.error", "error", text.Raw(why)), Weight: weight,
	}
}

// weight says how much it matters that a volume is not read: the system that runs is on
// none that holds boot code or the files of the firmware, or nothing at all.
func (v *Volume) weight() model.Weight {
	switch v.Content {
	case "BIOS boot", "vfat":
		return model.Minor
	case "iso9660": // what a provider gave the machine at its first boot
		return model.Partial
	case "":
		if v.Empty {
			return model.Minor
		}
	}
	return model.Decisive
}

// RootGap is the coverage line of an image on which no root filesystem was found. It gives
// false where there is one.
func (img *Image) RootGap() (model.Gap, bool) {
	for _, v := range img.Volumes {
		if v.FS != nil && hasRoot(v.FS) {
			return model.Gap{}, false
		}
	}
	return model.Gap{
		Subject: model.SubjectVolume, Source: model.Source{Image: img.ID, DiskOffset: -1}, What: model.Msg("gap.root"),
		Why: model.Msg("why.no-root"), Weight: model.Decisive,
	}, true
}

// hasRoot says whether a filesystem looks like the root of a system: one of the directories
// that a root filesystem alone has at its top is there and holds something. A small or
// damaged system has no more than that.
func hasRoot(fsys filesystem.FS) bool {
	for _, p := range []string{"/etc", "/usr", "/var", "/ostree/deploy"} {
		ref, _, err := filesystem.Lookup(fsys, p, true)
		if err != nil {
			continue
		}
		list, _ := fsys.ReadDir(ref) // of a damaged directory, what could be read
		for i := range list {
			if !list[i].Deleted {
				return true
			}
		}
	}
	return false
}

// OwnershipGap returns the coverage line of a host of which no package database could be
// read: all was looked at, but which package owns a file is unknown, and with it what is
// the system's own. Root is that of a container, empty for the server itself. The verdict
// names it; it decides nothing by itself, since a system without packages is no hidden one.
func (v *Volume) OwnershipGap(root string) model.Gap {
	return model.Gap{
		Subject: model.SubjectPackages, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: model.Msg("gap.ownership", "root", root),
		Why: model.Msg("why.no-packages"), Weight: model.Partial,
	}
}

// FileGap returns the coverage line of a file: by its path, by its inode number where
// it has no path, or by both where the number is known, too.
func (v *Volume) FileGap(path string, ref filesystem.Ref, why model.Message) model.Gap {
	what := model.Msg("gap.file", "volume", v.ID, "path", path)
	switch {
	case path == "":
		what = model.Msg("gap.inode", "volume", v.ID, "inode", ref.String())
	case ref.Inode != 0:
		what = model.Msg("gap.path-inode", "volume", v.ID, "path", path, "inode", ref.String())
	}
	return model.Gap{
		Subject: model.SubjectFile, Source: model.Source{Volume: v.ID, Path: path, Inode: ref.Inode, Version: ref.Version, DiskOffset: -1}, What: what, Why: why, Weight: model.Partial,
	}
}

// ProblemGap returns the coverage line of what an engine found wrong in a filesystem.
func (v *Volume) ProblemGap(p filesystem.Problem) model.Gap {
	g := model.Gap{
		Subject: model.SubjectVolume, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: model.Msg("gap.place", "volume", v.ID, "place", text.Raw(p.What)),
		Why: model.Msg("why.error", "error", text.Raw(p.Why)), Weight: lostWeight(p.Lost),
	}
	if p.Lost && p.What == "superblock" { // a part of the disk is not there
		g.Subject = model.SubjectImage
	}
	return g
}

func lostWeight(lost bool) model.Weight {
	if lost {
		return model.Decisive
	}
	return model.Partial
}
