package detect

import (
	"path"
	"strings"
	"time"

	"icecore/forensics/model"
)

func packageScript() Analysis {
	return Analysis{
		Name: "package_script", Level: Critical, Phase: PhasePersistence, Techniques: []string{"T1546.016"},
		Title:          model.Msg("package_script.about"),
		Description:    model.Msg("package_script.about.text"),
		FalsePositives: model.Msg("package_script.benign"),
		run:            (*collection).scripts,
	}
}

// lateness is by how much a file of the package database may be newer than the
// list of its package, which is written when the package is installed.
const lateness = 5 * time.Minute

// rare says whether all that is notable of a maintainer script is done by a few
// packages of Debian and of vendors, too: installers of Java and of fonts fetch what they may not ship, nmap-common decodes a program that it ships, psad ends
// its own daemons, tripwire changes its crontab, snoopy has itself preloaded, postfix sets attributes of
// its queue, munin-node has a temporary file. What is preloaded is judged by itself.
func rare(notable []string) bool {
	for _, n := range notable {
		switch n {
		case "base64", "chattr", "cron_write", "fetch", "kill_list", "ld.so.preload", "preload_write", "temp_path":
		default:
			return false
		}
	}
	return true
}

// scripts looks for maintainer scripts that were changed after their package was
// installed, and for those that hold what no such script holds.
func (c *collection) scripts(a *Analysis) {
	installed := make(map[string]time.Time)
	list := func(r *model.Record) string {
		return r.Source.Host + "\x00" + path.Dir(r.Source.InHost()) + "\x00" + r.Get("package") + ":" +
			r.Get("architecture")
	}
	for i := range c.in.Records {
		if r := &c.in.Records[i]; r.Kind == model.PackageList {
			installed[list(r)] = r.Time("changed")
		}
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != model.PackageScript {
			continue
		}
		made, changed := installed[list(rec)], rec.Time("changed")
		late := !made.IsZero() && changed.Sub(made) > lateness
		tail := rec.Has("trailing_code") || rec.Has("appended_code")
		f := c.found(a, rec)
		f.Level, f.Message = scriptClaim(rec, late, tail, c.notable(rec))
		miner, started := c.startsMiner(rec)
		unowned, why := c.scriptStarts(rec)
		switch {
		case f.Level == None && miner == nil && unowned <= Low:
			continue
		case f.Level == None:
			f.Message = model.Msg("package_script.title.starts", "script", rec.Get("package")+"."+rec.Get("script"))
		}
		if unowned > Low {
			f.Level = max(f.Level, unowned)
			f.Add("package_script.unowned", "program", why)
		}
		in := classPackage
		if late || tail {
			in = classAutostart
		}
		for i, w := range c.weigh(rec, in) {
			if i == 0 {
				f.Level = max(f.Level, w.level)
			}
			if w.level > Low {
				f.Add("acts.also", "act", w.says)
				f.Techniques = union(f.Techniques, w.techniques)
			}
		}
		f.Add("package_script.runs")
		if l := rec.List("notable"); len(l) > 0 {
			f.Add("package_script.notable", "notable", l)
		}
		if late {
			f.Add("package_script.late", "changed", changed, "listed", made)
		}
		if tail {
			f.Add("package_script.tail")
		}
		if miner != nil {
			f.startsMiner(miner, started, rec)
		}
		c.merge(rec.ID, &f)
	}
}

// notable gives the level of what is notable of a maintainer script as it was installed:
// of an act what the table says.
func (c *collection) notable(rec *model.Record) Level {
	list := rec.List("notable")
	if rare(list) {
		return Low
	}
	out := Low
	for _, n := range list {
		switch a := c.acts[n]; {
		case rare([]string{n}):
		case a == nil:
			out = max(out, Medium)
		default:
			out = max(out, a.levels[classPackage])
		}
	}
	return out
}

// scriptStarts looks for a program that a maintainer script names and that no package owns:
// a package brings what its scripts start.
func (c *collection) scriptStarts(rec *model.Record) (Level, string) {
	if rec.Source.State != model.Live || c.in.Lookup == nil {
		return None, ""
	}
	best, which := None, ""
	for _, p := range c.programs(rec) {
		if !strings.HasPrefix(p.named, "/") || p.fact == nil || p.fact.Type != "elf" {
			continue
		}
		if l, _ := c.unownedLevel(rec, &p); l > best {
			best, which = l, p.real
		}
	}
	return best, which
}

// scriptClaim says what is wrong with a maintainer script: late if its inode changed after
// its package was installed, tail if a command stands behind its end.
func scriptClaim(rec *model.Record, late, tail bool, installed Level) (Level, model.Message) {
	name := rec.Get("package") + "." + rec.Get("script")
	notable := rec.List("notable")
	switch odd := len(notable) > 0; {
	case odd && late:
		return High, model.Msg("package_script.title.modified_notable", "script", name)
	case odd && tail:
		return High, model.Msg("package_script.title.appended_notable", "script", name)
	case odd && installed <= Low:
		return Low, model.Msg("package_script.title.rare", "script", name)
	case odd:
		return installed, model.Msg("package_script.title.notable", "script", name)
	case late && tail:
		return Medium, model.Msg("package_script.title.modified", "script", name)
	case late:
		return Low, model.Msg("package_script.title.newer", "script", name)
	}
	return None, model.Message{}
}
