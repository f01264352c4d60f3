package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

func libraryShadowed() Analysis {
	return Analysis{
		Name: "library_shadowed", Level: Low, Phase: PhasePersistence, Techniques: []string{"T1574.006"},
		Title:          model.Msg("library_shadowed.about"),
		Description:    model.Msg("library_shadowed.about.text"),
		FalsePositives: model.Msg("library_shadowed.benign"),
		run:            (*collection).shadows,
	}
}

// shadows looks for directories of the linker that hold a library in place of the system's
// which no package owns.
func (c *collection) shadows(a *Analysis) {
	if c.in.Lookup == nil {
		return
	}
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.LibraryPath || r.Source.State != model.Live {
			continue
		}
		dir := path.Clean(r.Get("directory"))
		var names []string
		for _, name := range r.List("shadows") {
			if ff := c.lookup(r.Source.Host, path.Join(dir, name)); ff != nil && ff.Known && ff.Owner == "" {
				names = append(names, name)
			}
		}
		// What is built by hand stands in these, with a copy of OpenSSL or of zlib among it.
		if len(names) == 0 || strings.HasPrefix(dir, "/usr/local/") || strings.HasPrefix(dir, "/opt/") || strings.HasPrefix(dir, "/srv/") || strings.HasPrefix(dir, "/home/") {
			continue
		}
		f := c.found(a, r)
		f.Message = model.Msg("library_shadowed.title", "directory", dir)
		f.Add("library_shadowed.names", "names", names[:min(len(names), maxHosts)])
		c.merge(r.ID, &f)
	}
}
