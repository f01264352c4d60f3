package detect

import (
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/osv"
)

func knownPackage() Analysis {
	return Analysis{
		Name: "known_package", Level: High, Phase: PhaseAccess, Techniques: []string{"T1195.001", "T1195.002"},
		Title:          model.Msg("known_package.about"),
		Description:    model.Msg("known_package.about.text"),
		FalsePositives: model.Msg("known_package.benign"),
		each:           (*collection).packageAdvisories,
	}
}

// maxAdvised are the advisories that one finding names.
const maxAdvised = 10

// packageAdvisories looks for advisories about an installed package: one finding for all of
// its vulnerabilities, or for a malicious release.
func (c *collection) packageAdvisories(rec *model.Record) {
	name := rec.Get("name")
	switch rec.Kind {
	case model.Component:
	case model.PackageEntry:
		name = rec.Get("package")
	default:
		return
	}
	list := c.in.Advisories.Of(rec.Get("manager"), name, rec.Get("version"))
	if rec.Has("owner") { // the distribution's own, of which it says itself what is wrong
		return
	}
	if len(list) == 0 || rec.Source.State != model.Live || len(c.findings) > maxFindings {
		return
	}
	a := knownPackage()
	f := c.found(&a, rec)
	what := strings.TrimSuffix(name+" "+rec.Get("version"), " ")
	if !list[0].Malicious {
		f.Level, f.Techniques = Informational, nil
		f.Message = model.Msg("known_package.vulnerable", "package", what, "count", len(list))
		var ids []string
		for n, x := range list {
			if n == maxAdvised {
				break
			}
			ids = append(ids, idOf(x))
		}
		more := model.Value{}
		if len(list) > maxAdvised {
			more = model.ValueOf(len(list) - maxAdvised)
		}
		f.Add("known_package.ids", "ids", strings.Join(ids, ", "), "more", more)
		c.add(f)
		return
	}
	f.Message = model.Msg("known_package.malicious", "package", what, "manager", rec.Get("manager"))
	x := list[0]
	f.Add("known_package.advisory", "id", idOf(x), "summary", strings.TrimSuffix(x.Summary, "."), "reference", x.Reference)
	c.add(f)
}

// idOf names an advisory as others do.
func idOf(a *osv.Advisory) string {
	if a.Known && len(a.Aliases) > 0 {
		return a.Aliases[0]
	}
	return a.ID
}
