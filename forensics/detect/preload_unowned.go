package detect

import "icecore/forensics/model"

func preloadUnowned() Analysis {
	return Analysis{
		Name: "preload_unowned", Level: High, Phase: PhasePersistence, Techniques: []string{"T1574.006"},
		Title:          model.Msg("preload_unowned.title"),
		Description:    model.Msg("preload_unowned.about"),
		FalsePositives: model.Msg("preload_unowned.benign"),
		run:            (*collection).preloads,
	}
}

// preloads looks at the libraries that are loaded into every program.
func (c *collection) preloads(a *Analysis) {
	if c.in.Lookup == nil {
		return
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != model.PreloadLibrary {
			continue
		}
		lib := rec.Get("library")
		ff := c.lookup(rec.Source.Host, lib)
		f := c.found(a, rec)
		switch {
		case ff == nil:
			f.Level, f.Message = Medium, model.Msg("preload_unowned.title.missing")
			f.Add("preload_unowned.missing", "library", lib)
		case ff.Owner == "" && ff.Known:
			f.Message = model.Msg("preload_unowned.title")
			f.Add("preload_unowned.unowned", "library", ff.Path, "inode", ff.inode())
		case ff.Owner == "":
			f.Level, f.Message = Medium, model.Msg("preload_unowned.title.unknown")
			f.Add("preload_unowned.unknown", "library", ff.Path, "inode", ff.inode())
		default:
			f.Level, f.Message = Informational, model.Msg("preload_unowned.title.packaged")
			f.Add("preload_unowned.packaged", "library", ff.Path, "package", ff.Owner)
		}
		if !c.replace(rec.ID, &f) {
			c.add(f)
		}
	}
}

func (ff *FileFact) inode() uint64 {
	if ff.Inode == nil {
		return 0
	}
	return ff.Inode.Inode
}
