package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

func unownedProgramStarted() Analysis {
	return Analysis{
		Name: "unowned_program_started", Level: Medium, Phase: PhasePersistence,
		Techniques:     []string{"T1053.003", "T1543.002", "T1037.004", "T1546", "T1546.004"},
		Title:          model.Msg("unowned_program_started.title"),
		Description:    model.Msg("unowned_program_started.about"),
		FalsePositives: model.Msg("unowned_program_started.benign"),
		run:            (*collection).unowned,
	}
}

// unowned looks for programs that an autostart entry starts from a directory that
// belongs to packages, though no package owns them.
func (c *collection) unowned(a *Analysis) {
	if c.in.Lookup == nil {
		return
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if !rec.Kind.IsAutostart() || rec.Kind == model.PackageScript || rec.Source.State != model.Live ||
			rec.Has("ignored") {
			continue
		}
		started := c.programs(rec)
		if rec.Get("interpreter") == "ELF" && rec.Kind != model.StartedScript {
			// A program in a directory all of whose files are run.
			self := path.Clean(rec.Source.InHost())
			started = append(started, namedProgram{
				named: self, real: self, self: true,
				fact: c.lookup(rec.Source.Host, self),
			})
		}
		for _, p := range started {
			ff := p.fact
			if ff == nil || !ff.Known || ff.Owner != "" || ff.Inode == nil || !ff.Inode.IsRegular() ||
				ff.Inode.Mode&0o111 == 0 || !p.self && !packaged(p.real) {
				continue
			}
			f := c.found(a, rec)
			f.Techniques = []string{rec.Kind.Technique()}
			f.Message = model.Msg("unowned_program_started.title")
			created := model.Value{}
			if ff.Inode.Crtime.Known {
				created = model.ValueOf(ff.Inode.Crtime.Time())
			}
			f.Add("unowned_program_started.program", "program", p.real, "inode", ff.Inode.Inode, "created", created)
			if !c.replace(rec.ID, &f) {
				c.bySigma[rec.ID] = len(c.findings)
				c.add(f)
			}
			break
		}
	}
}

// localDirectory says whether a directory below those of packages is where people put
// programs of their own: plugins of monitors and clusters, Java by hand.
func localDirectory(p string) bool {
	for _, d := range []string{
		"/cgi-bin/", "/nagios/plugins/", "/monitoring-plugins/", "/check_mk_agent/",
		"/zabbix/", "/munin/plugins/", "/ocf/", "/jvm/", "/cli-plugins/",
	} {
		if strings.HasPrefix(p, "/usr/lib") && strings.Contains(p, d) {
			return true
		}
	}
	return false
}

// packaged says whether programs in a directory come from packages alone.
func packaged(p string) bool {
	for _, d := range []string{
		"/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/bin/", "/sbin/", "/lib/",
		"/lib64/", "/usr/lib64/", "/boot/",
	} {
		if strings.HasPrefix(p, d) {
			return !strings.Contains(p, "/site-packages/") && !strings.Contains(p, "/node_modules/") &&
				!localDirectory(p)
		}
	}
	// Straight in /etc or in the root directory is no place for a program, but for the
	// administrator's boot script.
	dir := path.Dir(p)
	return (dir == "/etc" || dir == "/") && p != "/etc/rc.local"
}
