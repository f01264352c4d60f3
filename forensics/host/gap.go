package host

import (
	"cmp"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// gap is something wrong with the image as a whole, which the verdict may hang on.
func (img *Image) gap(subject model.Subject, what model.Message, why string) model.Gap {
	return model.Gap{
		Subject: subject, Source: model.Source{Image: img.ID, DiskOffset: -1}, What: what, Why: model.Msg("why.error", "error", text.Raw(why)), Weight: model.Decisive,
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

// weight says how much it matters that a volume of this content is not read: the system
// that runs is on none that holds boot code, or the files of the firmware.
func weight(content string) model.Weight {
	switch content {
	case "BIOS boot":
		return model.Minor
	case "vfat", "iso9660":
		return model.Partial
	}
	return model.Decisive
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
	return model.Gap{
		Subject: model.SubjectVolume, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: model.Msg("gap.place", "volume", v.ID, "place", text.Raw(p.What)),
		Why: model.Msg("why.error", "error", text.Raw(p.Why)), Weight: model.Partial,
	}
}
