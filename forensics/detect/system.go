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
		if f.Excerpt == "" {
			f.Excerpt = rec.Get("appended_code")
		}
		if m, program := c.startsMiner(rec); m != nil && f.Level >= Medium {
			c.upgrade(&f, m, program)
		}
		if !c.replace(rec.ID, &f) {
			c.findings = append(c.findings, f)
		}
	}
}

// wipedLogs looks for logs that are empty though the system has been in use: the
// log itself, with no older part of it left.
func (c *collection) wipedLogs() {
	type log struct {
		rec *artifact.Record
	}
	logs := make(map[string]*log)
	older := make(map[string]bool)
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != "log.coverage" {
			continue
		}
		base := path.Base(r.Source.Path)
		stem, _, rotated := strings.Cut(base, ".log.")
		if rotated {
			stem += ".log"
		} else if i := strings.IndexAny(base, "-"); i > 0 && !strings.HasSuffix(base, ".log") {
			stem, rotated = base[:i], true
		} else if i := strings.LastIndex(base, "."); i > 0 && !strings.HasSuffix(base, ".log") {
			stem, rotated = base[:i], true
		} else {
			stem = base
		}
		key := r.Source.Volume + "\x00" + path.Dir(r.Source.Path) + "\x00" + stem
		switch {
		case rotated && r.Get("empty") != "yes":
			older[key] = true
		case !rotated && r.Get("empty") == "yes":
			switch stem {
			case "auth.log", "secure", "wtmp", "syslog", "messages":
				logs[key] = &log{rec: r}
			}
		}
		if n := number(r.Get("zeroed")); n > 0 {
			f := c.finding(r)
			f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "login_records_zeroed", Medium, PhaseEvasion
			f.Techniques = []string{"T1070.002"}
			f.Title = "Records of logins were overwritten"
			f.Description = fmt.Sprintf("%d records of the file are nothing but zeros, as tools leave them that remove a login.", n)
			c.findings = append(c.findings, f)
		}
	}
	for i := range c.in.Records {
		r := &c.in.Records[i]
		for key, l := range logs {
			if l.rec != r || older[key] {
				continue
			}
			f := c.finding(r)
			f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "log_emptied", Medium, PhaseEvasion
			f.Techniques = []string{"T1070.002"}
			f.Title = "A log is empty"
			f.Description = "The log holds nothing and no rotated part of it is left, as after it was emptied by hand. A new system has such logs, too."
			c.findings = append(c.findings, f)
		}
	}
}
