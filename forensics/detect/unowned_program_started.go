package detect

import (
	"path"
	"regexp"
	"slices"
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

// unowned looks for programs that nobody is known to have brought and that an autostart
// entry starts, and weighs where they stand and among what.
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
		best, of, why := None, namedProgram{}, model.Message{}
		for _, p := range started {
			if l, because := c.unownedLevel(rec, &p); l > best {
				best, of, why = l, p, because
			}
		}
		if best <= Informational {
			continue
		}
		f := c.found(a, rec)
		f.Level = best
		f.Techniques = []string{rec.Kind.Technique()}
		f.Message = model.Msg("unowned_program_started.title")
		created := model.Value{}
		if of.fact.Inode.Crtime.Known {
			created = model.ValueOf(of.fact.Inode.Crtime.Time())
		}
		f.Add("unowned_program_started.program", "program", of.real, "inode", of.fact.Inode.Inode, "created", created)
		if !why.IsZero() {
			f.Details = append(f.Details, why)
		}
		if !c.replace(rec.ID, &f) {
			c.state(rec.ID, &f)
		}
	}
}

// unownedLevel weighs one program that a record starts: among data it is odd, among programs
// it takes a companion, and where administrators put programs it is none.
func (c *collection) unownedLevel(rec *model.Record, p *namedProgram) (Level, model.Message) {
	ff := p.fact
	if ff == nil || ff.Owner != "" || ff.Origin != "" || ff.Inode == nil || !ff.Inode.IsRegular() ||
		ff.Inode.Mode&0o111 == 0 && !loads(rec, p.real) {
		return None, model.Message{}
	}
	if p.self && ff.Known {
		return Medium, model.Msg("unowned.self")
	}
	place := ff.Place
	if place == "" {
		place = PlaceOf(p.real, c.home(rec.Source.Host, p.real))
	}
	name := path.Base(p.real)
	switch place {
	case PlaceData:
		// A script that is started is read, and judged by what it does.
		if p.real == "/etc/rc.local" || ff.Type == "script" || ff.Type == "text" || ff.Company.Tree {
			return None, model.Message{}
		}
		return Medium, model.Msg("unowned.data")
	case PlacePrograms:
		switch {
		case !ff.Known && !randomName(name):
			return None, model.Message{}
		case strings.HasPrefix(name, "systemd-"):
			return Medium, model.Msg("unowned.look_alike", "name", "systemd")
		case ff.Company.LookAlike != "":
			return Medium, model.Msg("unowned.look_alike", "name", ff.Company.LookAlike)
		case randomName(name):
			return Medium, model.Msg("unowned.random")
		case ff.Company.Alone:
			return Medium, model.Msg("unowned.alone")
		case c.startedIn[fileKey{rec.Source.Host, p.real}].several():
			return Medium, model.Msg("unowned.twice")
		case kernelName.MatchString(rec.Get("command")):
			return Medium, model.Msg("unowned.kernel_thread")
		case !scheduled(rec), slices.Contains(rec.List("environment"), "SHELL="+p.named):
			return Medium, model.Msg("unowned.starter")
		}
		return Low, model.Message{}
	}
	return None, model.Message{}
}

// way is a set of the ways in which administrators start what they installed by hand.
type way uint8

const (
	wayJob     way = 1 << iota // cron, at
	wayService                 // systemd, init: a package for both has a unit and a script
	wayLine                    // rc.local, a login shell
)

func wayOf(rec *model.Record) way {
	switch rec.Kind {
	case model.CronJob, model.CronScript, model.AtJob:
		return wayJob
	case model.SystemdExec, model.InitScript, model.InittabLine:
		return wayService
	case model.RCLine, model.ProfileLine:
		return wayLine
	}
	return 0
}

// several says whether more than one way is taken: a person takes one, what is to survive
// the removal of the other takes two.
func (w way) several() bool { return w&(w-1) != 0 }

// kernelName matches an argument zero that makes a program look like a kernel thread.
var kernelName = regexp.MustCompile(`["' ]\[(?:k[a-z]+|rcu_[a-z]+|migration|watchdogd?|cpuhp|scsi_[a-z_]+|jbd2|ext4[a-z-]*)[0-9a-z/:_-]*\]`)

// loads says whether a record makes a service load a library, which need not be executable.
func loads(rec *model.Record, p string) bool {
	return rec.Kind == model.HookCommand && strings.Contains(path.Base(p), ".so")
}

// scheduled says whether a record is of the kinds with which administrators start what they
// installed by hand: services, jobs, boot scripts.
func scheduled(rec *model.Record) bool {
	switch rec.Kind {
	case model.CronJob, model.CronScript, model.SystemdExec, model.RCLine, model.InitScript, model.StartedScript, model.AtJob:
		return true
	case model.HookCommand:
		switch rec.Get("event") {
		case "service", "container", "network", "cloud-init", "cloud-init-once", "monitoring", "ci", "database", "web-server", "workflow":
			return true
		}
	}
	return rec.Kind.Info() != nil && !rec.Kind.IsAutostart()
}

// home gives the home directory of a host in which a path lies.
func (c *collection) home(host, p string) string {
	if c.in.Home == nil {
		return ""
	}
	return c.in.Home(host, p)
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
