package inventory

import (
	"strings"

	"icecore/forensics/model"
)

func autostartList() List {
	return List{
		Name: "autostarts", Doc: "Autostart entries, and libraries loaded into every program: what the system runs without a user asking.",
		Columns: []Column{
			{Name: "trigger", Doc: "who or what starts it, and when"},
			{Name: "user", Doc: "the user that it runs as, as far as the entry or its kind says"},
			{Name: "runs", Doc: "the command; of a script its path"},
			{Name: "kind", Doc: "the kind of its record, see [records.md](records.md)", Hidden: true},
			ignoredColumn(), packageColumn(), modifiedColumn(),
		},
		rows: autostartRows,
	}
}

func autostartRows(in *Input) []Row {
	names := userNames(in)
	var out []Row
	for i := range in.Analysis.Records {
		r := &in.Analysis.Records[i]
		if r.Source.State != model.Live || !starts(r) {
			continue
		}
		out = append(out, Row{[]Cell{
			one(trigger(r)), one(runsAs(r, names)), one(runs(r)), one(string(r.Kind)), one(r.Get("ignored")), in.owner(&r.Source), moment(r.Time("modified")),
		}, r.Source})
	}
	return out
}

// starts says whether a record is an autostart entry. Of keys and options of sshd, those
// are that run something.
func starts(r *model.Record) bool {
	switch r.Kind {
	case model.PreloadLibrary:
		return true
	case model.KernelSetting:
		return r.Has("command")
	case model.SSHKey, model.SSHDOption:
		return r.Has("programs") || r.Has("traits")
	}
	return r.Kind.IsAutostart()
}

// runs gives what an entry runs: its command, or the file that it is.
func runs(r *model.Record) string {
	for _, f := range []string{"command", "library", "options", "value", "image"} {
		if s := r.Get(f); s != "" {
			return s
		}
	}
	return r.Source.InHost()
}

// trigger says what starts an entry.
func trigger(r *model.Record) string {
	join := func(parts ...string) string { return strings.Join(strings.Fields(strings.Join(parts, " ")), " ") }
	switch r.Kind {
	case model.CronJob:
		return join("cron:", r.Get("schedule"))
	case model.CronScript:
		return join("run-parts:", r.Get("period"))
	case model.AtJob:
		return strings.Join(append([]string{"at:"}, moment(r.Time("scheduled"))...), " ")
	case model.SystemdExec:
		return join("unit:", r.Get("unit"), r.Get("directive"))
	case model.SystemdGenerator:
		return "boot: systemd generator"
	case model.RCLine:
		return "boot: rc.local"
	case model.InitScript:
		return "boot: init script"
	case model.InittabLine:
		return join("inittab:", r.Get("runlevels"), r.Get("action"))
	case model.ProfileLine:
		return "shell start-up"
	case model.PreloadLibrary:
		return "every program: ld.so.preload"
	case model.KernelSetting:
		return join("kernel:", r.Get("name"))
	case model.HookUdev:
		return join("udev:", r.Get("key"))
	case model.HookApt:
		return join("apt:", r.Get("event"))
	case model.HookDnf:
		return join("dnf:", r.Get("event"))
	case model.HookPAM:
		return join("pam:", r.Get("service"), r.Get("type"))
	case model.HookLogrotate:
		return join("logrotate:", r.Get("event"))
	case model.HookAutostart:
		return "desktop session"
	case model.HookDBus:
		return join("D-Bus:", r.Get("name"))
	case model.HookModprobe:
		return join("modprobe:", r.Get("event"), r.Get("module"))
	case model.PackageScript:
		return join("package:", r.Get("package"), r.Get("script"))
	case model.ContainerAutostart:
		return join("container:", r.Get("engine"), r.Get("container"))
	case model.SSHKey:
		return "log-in by SSH key"
	case model.SSHDOption:
		return join("sshd:", r.Get("option"), r.Get("match"))
	case model.StartedScript:
		return join("started by", r.Get("started_by"))
	}
	if e := r.Get("event"); e != "" {
		return join("event:", e)
	}
	return string(r.Kind)
}

// ofRoot are the kinds that run as root unless the entry says otherwise.
var ofRoot = map[model.Kind]bool{
	model.CronScript: true, model.SystemdExec: true, model.SystemdGenerator: true, model.RCLine: true, model.InitScript: true,
	model.InittabLine: true, model.KernelSetting: true, model.HookUdev: true, model.HookApt: true, model.HookDnf: true,
	model.HookLogrotate: true, model.HookModprobe: true, model.PackageScript: true,
}

// runsAs gives the user that an entry runs as, empty where nothing says it.
func runsAs(r *model.Record, names users) string {
	switch {
	case r.Get("user") != "":
		return r.Get("user")
	case r.Kind == model.AtJob:
		return names.of(r.Source.Host, r.Get("uid"))
	case r.Get("scope") == "user" || r.Kind == model.ProfileLine || r.Kind == model.HookAutostart:
		return homeUser(r.Source.InHost())
	case ofRoot[r.Kind]:
		return "root"
	}
	return ""
}

// homeUser gives whose home directory a path lies in, as far as the path says it.
func homeUser(p string) string {
	if strings.HasPrefix(p, "/root/") {
		return "root"
	}
	if rest, ok := strings.CutPrefix(p, "/home/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return name
	}
	return ""
}
