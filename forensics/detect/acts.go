package detect

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"icecore/forensics/model"
)

func actsStarted() Analysis {
	return Analysis{
		Name: "acts", Level: Critical, Phase: PhasePersistence,
		Techniques:     []string{"T1053.003", "T1543.002", "T1037.004", "T1546", "T1059.004"},
		Title:          model.Msg("acts.about"),
		Description:    model.Msg("acts.about.text"),
		FalsePositives: model.Msg("acts.benign"),
		each:           (*collection).judgeActs,
	}
}

// actPrefix begins the rule of a finding about acts; the act that names it follows.
const actPrefix = "act_"

// weighed is an act of a record with the level it has there.
type weighed struct {
	*act
	level Level
	aside bool
}

// judgeActs looks up what a record's command or script does in the table act x starter.
func (c *collection) judgeActs(rec *model.Record) {
	if !rec.Has("traits") || c.secondary(rec) {
		return
	}
	in, ok := classOf(rec)
	if !ok || rec.Kind == model.PackageScript || c.installed(rec) {
		return // a maintainer script is weighed by its own analysis
	}
	list := c.weigh(rec, in)
	if len(list) == 0 || list[0].level <= Informational {
		return
	}
	first := &list[0]
	f := c.about(rec)
	f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, actPrefix+first.name, first.level, first.phase
	f.Techniques = actTechniques(rec, first)
	if rec.Kind.IsAutostart() && f.Phase != PhaseMining {
		f.Phase = PhasePersistence
	}
	f.Message = model.Msg("acts.title", "starter", starterOf(rec), "act", first.says)
	for i := range list[1:] {
		if x := &list[i+1]; x.level > Informational {
			f.Add("acts.also", "act", x.says)
			f.Techniques = union(f.Techniques, x.techniques)
		}
	}
	c.lower(rec, &f, first)
	f.combine(in, list)
	c.place(rec, &f)
	if !c.replace(rec.ID, &f) {
		c.state(rec.ID, &f)
	}
}

// weigh gives the acts of a record with their levels, the most serious first.
func (c *collection) weigh(rec *model.Record, in class) []weighed {
	aside := rec.List("aside")
	var out []weighed
	for _, name := range rec.List("traits") {
		a := c.acts[name]
		if a == nil {
			continue
		}
		w := weighed{act: a, level: a.levels[in], aside: slices.Contains(aside, name)}
		if w.aside && w.level > Informational {
			w.level--
		}
		if name == "hidden_exec" && w.level > Low && c.toolsOnly(rec) {
			w.level = Low
		}
		if name == "interpreter_fetch" && !inShell(rec) {
			w.level = min(w.level, Informational) // a program in Python that fetches is an ordinary one
		}
		if name == "hidden_exec" && c.readHidden(rec) {
			w.level = min(w.level, Low) // what the hidden script does is judged by itself
		}
		fetched := name == "pipe_to_shell" || name == "fetch_exec"
		urls := rec.List("urls")
		if fetched && w.level > Low && (vendorsOnly(urls) || in == classInstall && servedBy(urls, registryHosts)) {
			w.level = Low
		}
		out = append(out, w)
	}
	rank := func(w weighed) int { return slices.IndexFunc(c.actOrder, func(n string) bool { return n == w.name }) }
	slices.SortStableFunc(out, func(x, y weighed) int {
		if x.level != y.level {
			return int(y.level) - int(x.level)
		}
		return rank(x) - rank(y)
	})
	return out
}

// toolsOnly says whether the hidden programs that a record names all lie in the trees of
// tools in home directories.
func (c *collection) toolsOnly(rec *model.Record) bool {
	hidden := 0
	for _, p := range rec.List("programs") {
		if !strings.Contains(p, "/.") {
			continue
		}
		if PlaceOf(p, c.home(rec.Source.Host, p)) != PlaceTool {
			return false
		}
		hidden++
	}
	return hidden > 0
}

// inShell says whether a shell reads the command or script of a record.
func inShell(rec *model.Record) bool {
	words := strings.Fields(rec.Get("interpreter")) // what stands behind #!
	if len(words) > 1 && path.Base(words[0]) == "env" {
		words = words[1:]
	}
	if len(words) == 0 {
		return true
	}
	switch path.Base(words[0]) {
	case "sh", "bash", "dash", "zsh", "ksh", "ash", "busybox", "fish", "csh", "tcsh":
		return true
	}
	return false
}

// lower takes a level away from what does not run as it is.
func (c *collection) lower(rec *model.Record, f *Finding, first *weighed) {
	if first.aside {
		f.Add("acts.aside")
	}
	if why := rec.Get("ignored"); why != "" && f.Level > Low {
		f.Level--
		f.Add("finding.ignored", "reason", why)
	}
}

// combine raises a finding by one level where the acts belong to several parts of an
// intrusion: running foreign code and staying is what installers do, too; hiding, gaining
// and opening doors is not.
func (f *Finding) combine(in class, list []weighed) {
	if f.Level >= High || in == classOnce || in == classContainer || in == classBuild {
		return
	}
	seen := make(map[group]bool)
	odd := false
	for _, w := range list {
		// What lies somewhere in a script proves nothing together with something else.
		if w.aside || w.group == groupNone || w.level < Low {
			continue
		}
		seen[w.group] = true
		odd = odd || w.group == groupAccess || w.group == groupHide || w.group == groupGain
	}
	if odd && len(seen) >= 2 {
		f.Level++
		f.Add("acts.combined", "count", len(seen))
	}
}

// place adds where the thing stands in a chain of starters.
func (c *collection) place(rec *model.Record, f *Finding) {
	if rec.Kind == model.StartedScript {
		f.Add("finding.started_by", "path", rec.Get("started_by"))
		if by := c.starter(&rec.Source); by != "" {
			f.list(by)
		}
	}
	if t := rec.Time("scheduled"); !t.IsZero() {
		f.Add("finding.scheduled", "time", t)
	}
	if rec.Source.State == model.Deleted && !rec.Kind.IsLog() && f.Level > Low {
		f.Add("finding.deleted")
	}
}

// actTechniques are those of the starter and of the act.
func actTechniques(rec *model.Record, a *weighed) []string {
	var out []string
	if t := rec.Kind.Technique(); t != "" && rec.Kind.IsAutostart() {
		out = append(out, t)
	}
	if t := model.Kind(rec.Get("starter")).Technique(); t != "" {
		out = union(out, []string{t})
	}
	return union(out, a.techniques)
}

// installed says whether the file of a record is as its package installed it: what a
// distribution's scripts do is for the distribution to answer.
func (c *collection) installed(rec *model.Record) bool {
	if c.in.Installed == nil || rec.Source.State != model.Live || rec.Kind.IsLog() || rec.Kind == model.FileNotable {
		return false
	}
	k := keyOf(&rec.Source)
	known, ok := c.intact[k]
	if !ok {
		known = c.in.Installed(k.host, k.path)
		c.intact[k] = known
	}
	return known
}

// vendorHosts serve installers that the projects document to be piped into a shell, and
// nothing that others may put there. Hosts on which anybody can store a file, such as
// those of GitHub, do not belong here.
var vendorHosts = map[string]bool{
	"get.netdata.cloud": true, "get.docker.com": true, "get.k3s.io": true, "get.helm.sh": true, "sh.rustup.rs": true,
	"get.acme.sh": true, "deb.nodesource.com": true, "rpm.nodesource.com": true, "install.python-poetry.org": true,
	"astral.sh": true, "get.pnpm.io": true, "bun.sh": true, "deno.land": true, "get.sdkman.io": true,
	"install.pi-hole.net": true, "rclone.org": true, "tailscale.com": true, "get.rke2.io": true, "releases.rancher.com": true,
	"get.rvm.io": true, "getcomposer.org": true, "bootstrap.saltproject.io": true, "packages.gitlab.com": true,
	"repo.percona.com": true, "dl.google.com": true, "install.datadoghq.com": true, "s3.amazonaws.com/dd-agent": true,
	"packagecloud.io": true, "download.docker.com": true, "pkg.cloudflare.com": true, "aliyuncli.alicdn.com": true,
	"update.aegis.aliyun.com": true, "cms-agent-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com": true,
}

// vendorsOnly says whether all that is fetched comes from such hosts, over TLS.
func vendorsOnly(urls []string) bool { return servedBy(urls, vendorHosts) }

// registryHosts serve the packages of npm: what a package fetches there while it is
// installed is another package, such as the program for this kind of machine.
var registryHosts = map[string]bool{"registry.npmjs.org": true, "registry.yarnpkg.com": true, "registry.npmmirror.com": true}

func servedBy(urls []string, hosts map[string]bool) bool {
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || !hosts[strings.ToLower(u.Hostname())] {
			return false
		}
	}
	return len(urls) > 0
}

// starterOf names what starts the command or script of a record.
func starterOf(rec *model.Record) model.Message {
	switch rec.Kind {
	case model.CronJob:
		return model.Msg("starter.cron")
	case model.CronScript:
		return model.Msg("starter.cron_script")
	case model.CronRun, model.CronChange:
		return model.Msg("starter.cron_log")
	case model.AtJob:
		return model.Msg("starter.at")
	case model.SystemdExec, model.SystemdUnit:
		return model.Msg("starter.systemd")
	case model.SystemdGenerator:
		return model.Msg("starter.generator")
	case model.RCLine, model.InitScript:
		return model.Msg("starter.boot")
	case model.InittabLine:
		return model.Msg("starter.inittab")
	case model.ProfileLine:
		return model.Msg("starter.profile")
	case model.HookUdev:
		return model.Msg("starter.udev")
	case model.HookApt, model.HookDnf:
		return model.Msg("starter.package_manager")
	case model.HookPAM:
		return model.Msg("starter.pam")
	case model.HookLogrotate:
		return model.Msg("starter.logrotate")
	case model.HookModprobe:
		return model.Msg("starter.modprobe")
	case model.HookTmpfiles:
		return model.Msg("starter.tmpfiles")
	case model.HookCommand, model.HookScript:
		return model.Msg("starter.hook", "event", rec.Get("event"))
	case model.StartedScript:
		return model.Msg("starter.script")
	case model.SSHKey:
		return model.Msg("starter.key")
	case model.SSHDOption:
		return model.Msg("starter.sshd")
	case model.KernelSetting:
		return model.Msg("starter.kernel")
	case model.ContainerAutostart, model.ContainerManual:
		return model.Msg("starter.container")
	case model.PackageScript:
		return model.Msg("starter.package_script")
	case model.HistoryCommand:
		return model.Msg("starter.history")
	case model.AuthSudo:
		return model.Msg("starter.sudo")
	case model.FileNotable:
		if rec.Source.State == model.Live {
			return model.Msg("starter.loose")
		}
		return model.Msg("starter.deleted")
	}
	if rec.Kind.IsLog() {
		return model.Msg("starter.log")
	}
	return model.Msg("starter.entry")
}
