package detect

import (
	"fmt"
	"path"
	"strings"
	"time"

	"icecore/forensics/artifact"
)

// lateness is by how much a file of the package database may be newer than the
// list of its package, which is written when the package is installed.
const lateness = 5 * time.Minute

// rare says whether all that is notable of a maintainer script is done by a few
// packages of Debian, too: nmap-common decodes a program that it ships, psad ends
// its own daemons, tripwire changes its crontab, snoopy has itself preloaded. What is preloaded is judged by
// itself.
func rare(notable []string) bool {
	for _, n := range notable {
		switch n {
		case "base64", "cron_write", "kill_list", "ld.so.preload", "preload_write":
		default:
			return false
		}
	}
	return true
}

// scripts looks for maintainer scripts that were changed after their package was
// installed, and for those that hold what no such script holds.
func (c *collection) scripts() {
	installed := make(map[string]time.Time)
	list := func(r *artifact.Record) string {
		return r.Source.Volume + "\x00" + path.Dir(r.Source.Path) + "\x00" + r.Get("package") + ":" + r.Get("architecture")
	}
	for i := range c.in.Records {
		if r := &c.in.Records[i]; r.Kind == "dpkg.list" {
			installed[list(r)] = r.Time("changed")
		}
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != "dpkg.script" {
			continue
		}
		made, changed := installed[list(rec)], rec.Time("changed")
		late := !made.IsZero() && changed.Sub(made) > lateness
		odd := rec.Get("notable") != ""
		tail := rec.Has("trailing_code") || rec.Has("appended_code")
		f := c.finding(rec)
		f.Engine, f.Rule, f.Phase = EngineAnalysis, "dpkg_script", PhasePersistence
		f.Techniques = []string{"T1546.016"}
		name := rec.Get("package") + "." + rec.Get("script")
		switch {
		case odd && late:
			f.Level, f.Title = High, "Maintainer script "+name+" was modified after its installation and holds what none should"
		case odd && tail:
			f.Level, f.Title = High, "Maintainer script "+name+" holds an appended command that none should"
		case odd && rare(rec.List("notable")):
			f.Level, f.Title = Low, "Maintainer script "+name+" does what few of Debian's do"
		case odd:
			f.Level, f.Title = Medium, "Maintainer script "+name+" holds what none of Debian's do"
		case late && tail:
			f.Level, f.Title = Medium, "Maintainer script "+name+" was modified after its installation"
		case late:
			f.Level, f.Title = Low, "Maintainer script "+name+" is newer than its package's list of files"
		default:
			continue
		}
		var why []string
		if odd {
			why = append(why, "in it: "+rec.Get("notable"))
		}
		if late {
			why = append(why, fmt.Sprintf("its inode changed %s, the package's list of files %s", changed.UTC().Format(time.RFC3339), made.UTC().Format(time.RFC3339)))
		}
		if tail {
			why = append(why, "a command stands behind its end")
		}
		f.Description = "It runs as root whenever the package is configured, upgraded or removed; " + strings.Join(why, "; ") + "."
		if m, program := c.startsMiner(rec); m != nil && f.Level >= Medium {
			c.upgrade(&f, m, program)
		}
		if !c.replace(rec.ID, &f) {
			c.add(f)
		}
	}
}
