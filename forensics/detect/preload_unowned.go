package detect

import (
	"path"
	"regexp"
	"strings"

	"icecore/forensics/model"
)

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
		ff := c.library(rec.Source.Host, lib)
		f := c.found(a, rec)
		switch {
		case ff != nil && ff.Owner == "" && c.vendorLibrary(rec.Source.Host, ff):
			f.Level, f.Message = Low, model.Msg("preload_unowned.title")
			f.Add("preload_unowned.vendor", "library", ff.Path)
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
		c.merge(rec.ID, &f)
	}
}

// libraryPath is where the dynamic linker looks for a name without a directory, and what
// stands for its own variables: ld.so(8).
var (
	libraryPath = []string{
		"/usr/lib/x86_64-linux-gnu/", "/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/",
		"/usr/local/lib/", "/usr/lib/arm-linux-gnueabihf/",
	}
	libDirs   = []string{"lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu", "lib"}
	platforms = []string{"x86_64", "haswell", "xeon_phi", "aarch64", "v6l", "v7l", "v8l", "i686"}
)

// library finds a library that is preloaded as the dynamic linker does.
func (c *collection) library(host, name string) *FileFact {
	names := []string{name}
	if !strings.Contains(name, "/") {
		names = nil
		for _, d := range libraryPath {
			names = append(names, d+name)
		}
	}
	expand := func(variable string, values []string) {
		var out []string
		for _, n := range names {
			if !strings.Contains(n, "$"+variable) && !strings.Contains(n, "${"+variable+"}") {
				out = append(out, n)
				continue
			}
			for _, v := range values {
				x := strings.ReplaceAll(strings.ReplaceAll(n, "${"+variable+"}", v), "$"+variable, v)
				out = append(out, x, "/usr"+x)
			}
		}
		names = out
	}
	expand("LIB", libDirs)
	expand("PLATFORM", platforms)
	for _, n := range names {
		if ff := c.lookup(host, n); ff != nil {
			return ff
		}
	}
	return nil
}

// vendorLibrary says whether a library that no package owns comes from a vendor's tree, is
// an allocator built by hand where such are put, or belongs to an agent whose tree is on the
// host.
func (c *collection) vendorLibrary(host string, ff *FileFact) bool {
	place := ff.Place
	if place == "" {
		place = PlaceOf(ff.Path, "")
	}
	base := path.Base(ff.Path)
	switch {
	case place == PlaceLocal && strings.HasPrefix(ff.Path, "/opt/"):
		return strings.Count(ff.Path, "/") > 3 // /opt/vendor/product/...
	case place == PlaceLocal:
		return allocatorRE.MatchString(base)
	case base == "libonion.so": // of Tencent's agents
		return c.lookup(host, "/usr/local/qcloud") != nil
	}
	return false
}

var allocatorRE = regexp.MustCompile(`^lib(?:jemalloc|tcmalloc(?:_minimal)?|mimalloc|hoard|rpmalloc)(?:-[0-9.]+)?\.so(?:\.[0-9]+)*$`)

func (ff *FileFact) inode() uint64 {
	if ff.Inode == nil {
		return 0
	}
	return ff.Inode.Inode
}
