package detect

import (
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// setBack looks for programs whose time of modification is older than the file
// itself. A copy that keeps times and an unpacked archive have that, too: it counts
// where the program is a miner, is run by something, or stands where nothing is
// installed.
func (c *collection) setBack() {
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != "file.notable" || rec.Get("what") != "old_mtime" {
			continue
		}
		k := fileKey{rec.Source.Volume, path.Clean(rec.Source.Path)}
		_, miner := c.miners[k]
		starter, started := c.started[k]
		level, why := Low, ""
		switch {
		case miner:
			level, why = High, " The file is a miner."
		case started:
			level, why = High, " The program runs by itself."
		case rec.Get("place") == "temp" || rec.Get("place") == "hidden":
			level = Medium
		}
		f := c.finding(rec)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "time_set_back", level, PhaseEvasion
		f.Techniques = []string{"T1070.006"}
		f.Title = "A program's time of modification was set back"
		f.When = model.When{Time: rec.Time("changed"), Meaning: model.AtLatest, Basis: "changed"}
		f.Description = fmt.Sprintf("It says that the file was modified %s, but the file was made %s. Any call sets the first, none the second.%s",
			rec.Time("modified").UTC().Format(time.RFC3339), rec.Time("created").UTC().Format(time.RFC3339), why)
		if started {
			f.Records = append(f.Records, starter)
		}
		c.add(f)
	}
}

// strangers looks for programs that run by themselves from a folder that belongs to
// packages, though no package owns them.
func (c *collection) strangers() {
	if c.in.Lookup == nil {
		return
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if !rec.Kind.IsAutostart() || rec.Kind == "dpkg.script" || rec.Source.State != filesystem.Live || rec.Has("ignored") {
			continue
		}
		started := c.programs(rec)
		if rec.Get("interpreter") == "ELF" && rec.Kind != "started.script" {
			// A program in a folder all of whose files are run.
			self := path.Clean(rec.Source.Path)
			started = append(started, namedProgram{named: self, real: self, self: true, fact: c.lookup(rec.Source.Volume, self)})
		}
		for _, p := range started {
			ff := p.fact
			if ff == nil || !ff.Known || ff.Owner != "" || ff.Inode == nil || !ff.Inode.IsRegular() || ff.Inode.Mode&0o111 == 0 || !p.self && !packaged(p.real) {
				continue
			}
			f := c.finding(rec)
			f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "unowned_program_started", Medium, PhasePersistence
			f.Techniques = []string{rec.Kind.Technique()}
			f.Title = "A program that no package owns runs by itself from a folder of packages"
			f.Description = fmt.Sprintf("It starts %s (inode %d), made %s, which no package owns.", p.real, ff.Inode.Inode, ff.Inode.Crtime)
			if !c.replace(rec.ID, &f) {
				c.bySigma[rec.ID] = len(c.findings)
				c.add(f)
			}
			break
		}
	}
}

// localFolder says whether a folder below those of packages is where people put
// programs of their own: plugins of monitors and clusters, Java by hand.
func localFolder(p string) bool {
	for _, d := range []string{"/cgi-bin/", "/nagios/plugins/", "/monitoring-plugins/", "/check_mk_agent/", "/zabbix/", "/munin/plugins/", "/ocf/", "/jvm/", "/cli-plugins/"} {
		if strings.HasPrefix(p, "/usr/lib") && strings.Contains(p, d) {
			return true
		}
	}
	return false
}

// packaged says whether programs in a folder come from packages alone.
func packaged(p string) bool {
	for _, d := range []string{"/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/usr/lib64/", "/boot/"} {
		if strings.HasPrefix(p, d) {
			return !strings.Contains(p, "/site-packages/") && !strings.Contains(p, "/node_modules/") && !localFolder(p)
		}
	}
	// Straight in /etc or in the root folder is no place for a program, but for the
	// administrator's boot script.
	dir := path.Dir(p)
	return (dir == "/etc" || dir == "/") && p != "/etc/rc.local"
}

// accounts adds to the finding about a second root what else tells of it: its
// line in shadow, and the log of its making.
func (c *collection) accounts() {
	type account struct{ volume, name string }
	passwords := make(map[account]*artifact.Record)
	for i := range c.in.Records {
		if r := &c.in.Records[i]; r.Kind == "account.shadow" && !r.Has("backup") && r.Source.State == filesystem.Live {
			passwords[account{r.Source.Volume, r.Get("name")}] = r
		}
	}
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		if rec.Kind != "account.user" || f.Level < Medium {
			continue
		}
		if s := passwords[account{rec.Source.Volume, rec.Get("name")}]; s != nil && s.Get("password") == "set" {
			f.Records = append(f.Records, s.ID)
			f.Description += " It can log in by password"
			if d := s.Get("changed"); d != "" {
				f.Description += ", last set " + d
			}
			f.Description += "."
		}
	}
}

// units adds to a finding about a unit the links that enable it, and the timers and
// paths that start it.
func (c *collection) units() {
	type unit struct{ volume, name string }
	links, starters := make(map[unit][]*artifact.Record), make(map[unit][]*artifact.Record)
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Source.State != filesystem.Live {
			continue
		}
		switch r.Kind {
		case "systemd.enabled":
			u := unit{r.Source.Volume, template(r.Get("unit"))}
			links[u] = append(links[u], r)
		case "systemd.unit":
			if t := r.Get("triggers"); t != "" {
				u := unit{r.Source.Volume, template(t)}
				starters[u] = append(starters[u], r)
			}
		}
	}
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		if rec.Kind != "systemd.exec" || f.Level < Medium {
			continue
		}
		var names []string
		of := unit{rec.Source.Volume, template(rec.Get("unit"))}
		for n, s := range starters[of] {
			if n == 5 {
				break
			}
			f.Records = union(f.Records, []string{s.ID})
			f.Description = strings.TrimSpace(f.Description + fmt.Sprintf(" %s starts it%s.", s.Get("unit"), occasion(s)))
		}
		for _, l := range links[of] {
			if len(names) < 5 {
				names = append(names, l.Source.Path)
				f.Records = union(f.Records, []string{l.ID})
			}
		}
		if len(names) > 0 {
			f.Description = strings.TrimSpace(f.Description + " It is enabled by " + strings.Join(names, ", ") + ".")
		}
	}
}

// template gives the name of the template of a unit that is an instance of one:
// a@b.service is made from a@.service.
func template(name string) string {
	i, j := strings.IndexByte(name, '@'), strings.LastIndexByte(name, '.')
	if i < 0 || j < i {
		return name
	}
	return name[:i+1] + name[j:]
}

// occasion says when a timer or path starts its unit.
func occasion(r *artifact.Record) string {
	for _, w := range []struct{ field, words string }{
		{"on_calendar", "at "}, {"on_active", "again after "}, {"on_boot", "after boot, by "}, {"on_startup", "after the start of systemd, by "}, {"on_inactive", "after it ended, by "}, {"watches", "at a change of "},
	} {
		if v := r.Get(w.field); v != "" {
			return " " + w.words + v[:min(len(v), 200)]
		}
	}
	return ""
}

// intruders raises what names the intruder: an address from which a password was
// guessed and then accepted, or the pool of a miner that was found. What alone is
// odd is then part of the same story.
func (c *collection) intruders() {
	hosts := make(map[string]string) // address: how it is known
	for i := range c.findings {
		f := &c.findings[i]
		if f.Level < High {
			continue
		}
		for _, id := range f.Records {
			rec := c.byID[id]
			switch {
			case f.Rule == "guessed_password":
				if h := hostOf(rec.Get("address")); h != "" {
					hosts[h] = "from where a password was guessed"
				}
			case rec.Kind == "miner.config":
				if h := hostOf(rec.Get("pool")); h != "" && hosts[h] == "" {
					hosts[h] = "for which a miner works"
				}
			}
		}
	}
	if len(hosts) == 0 {
		return
	}
	proof := make(map[string]bool)
	for i := range c.findings {
		f := &c.findings[i]
		for _, id := range f.Records {
			proof[id] = true
		}
		if f.Level < Low || f.Level >= High || f.Rule == "guessing" {
			continue
		}
		if h := names(c.byID[f.Records[0]], hosts); h != "" {
			f.Level++
			f.Description = strings.TrimSpace(f.Description + fmt.Sprintf(" It names %s, %s.", h, hosts[h]))
		}
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		h := names(rec, hosts)
		if h == "" || proof[rec.ID] || len(c.findings) > maxFindings {
			continue
		}
		f := c.finding(rec)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "names_intruder", Medium, PhaseExecution
		f.Techniques = []string{"T1105"}
		f.Title = "It names " + h + ", " + hosts[h]
		f.Description = "Nothing else of it is odd, but the address is one that the intruder used."
		if rec.Source.State == filesystem.Deleted {
			f.Title += " (in a deleted file)"
		}
		c.add(f)
	}
}

// maxFindings bounds the findings that an image with very many lines of one kind
// gives.
const maxFindings = 10_000

// names gives the one of some hosts that a record names in a URL.
func names(rec *artifact.Record, hosts map[string]string) string {
	l := rec.List("urls")
	if len(l) == 0 || rec.Kind == model.MinerConfig || rec.Kind == "yara.match" {
		return ""
	}
	for _, u := range l {
		if h := hostOf(u); hosts[h] != "" {
			return h
		}
	}
	return ""
}

// hostOf gives the host of a URL or of host:port, in lower case; an address in the
// form in which the others are written.
func hostOf(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String()
	}
	if !strings.Contains(s, "://") {
		s = "x://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	h := strings.ToLower(u.Hostname())
	if a, err := netip.ParseAddr(h); err == nil {
		return a.Unmap().String()
	}
	return h
}
