package detect

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/model"
)

// eventOf gives a record as Sigma sees it: its fields, the names that public rules use for
// some of them, and all of it as text for searches by keyword.
func eventOf(r *model.Record) event {
	where := r.Source.InHost()
	e := event{"kind": {string(r.Kind)}, "path": {where}, "state": {r.Source.State.String()}}
	var text strings.Builder
	for i := range r.Fields {
		f := &r.Fields[i]
		items := f.Items()
		for _, item := range items {
			text.WriteString(item)
			text.WriteByte('\n')
		}
		if f.Type() == model.List {
			e[f.Name] = items
		} else {
			e[f.Name] = []string{f.Text()}
		}
	}
	e["text"] = []string{text.String()}
	e.file(r, where)
	e.command(r)
	e.connection(r)
	e.audit(r)
	return e
}

// file adds the path of what was created; a line of a log tells of no file of its own.
func (e event) file(r *model.Record, where string) {
	if !r.Kind.IsLog() {
		e["TargetFilename"] = []string{where}
	}
}

// command adds what rules on new processes ask for.
func (e event) command(r *model.Record) {
	c := r.Get("command")
	if c == "" {
		return
	}
	e["CommandLine"] = []string{c}
	for _, p := range r.List("programs") {
		e["Image"] = append(e["Image"], image(p))
	}
	if p := r.Get("exe"); p != "" {
		e["Image"] = append(e["Image"], p)
	}
	add := func(field, value string) {
		if value != "" {
			e[field] = []string{value}
		}
	}
	add("User", r.Get("user"))
	add("CurrentDirectory", r.Get("pwd"))
	add("ParentImage", parentOf(r))
	if r.Kind == model.AuthSudo {
		add("USER", r.Get("as")) // as sudo's own log calls it
	}
}

// parents are the programs that start the commands of kinds of records, as far as they are
// known from the kind alone.
var parents = map[model.Kind]string{
	model.CronJob: "/usr/sbin/cron", model.CronRun: "/usr/sbin/cron", model.AtJob: "/usr/sbin/atd",
	model.SystemdExec: "/usr/lib/systemd/systemd", model.AuthSudo: "/usr/bin/sudo", model.HookUdev: "/usr/lib/systemd/systemd-udevd",
	model.RCLine: "/bin/sh", model.InittabLine: "/sbin/init", model.SSHKey: "/usr/sbin/sshd",
}

// shells are those whose histories are read: they started what was typed.
var shells = []string{"bash", "sh", "zsh", "ksh", "mksh", "fish", "tcsh", "csh", "ash", "dash"}

// parentOf gives the program that started a command, empty where it is not known.
func parentOf(r *model.Record) string {
	if p := parents[r.Kind]; p != "" {
		return p
	}
	if i := r.Get("interpreter"); r.Kind == model.ScriptCommand && i != "" {
		return image(i)
	}
	s := r.Get("shell")
	for _, name := range shells {
		if s == name {
			return "/usr/bin/" + name
		}
	}
	return ""
}

// connection adds where a command, a miner or a client connects to.
func (e event) connection(r *model.Record) {
	add := func(host, port string) {
		if net.ParseIP(host) != nil {
			e["DestinationIp"] = append(e["DestinationIp"], host)
		} else if host != "" {
			e["DestinationHostname"] = append(e["DestinationHostname"], strings.ToLower(host))
		}
		if port != "" {
			e["DestinationPort"] = append(e["DestinationPort"], port)
		}
	}
	for _, s := range r.List("urls") {
		if u, err := url.Parse(s); err == nil && u.Host != "" {
			add(u.Hostname(), portOf(u))
		}
	}
	switch r.Kind {
	case model.MinerConfig, model.HistoryHost:
		add(r.Get("host"), r.Get("port"))
	}
	if len(e["DestinationIp"])+len(e["DestinationHostname"]) > 0 {
		e["Initiated"] = []string{"true"}
	}
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	case u.Scheme == "http":
		return "80"
	case u.Scheme == "ftp":
		return "21"
	}
	return ""
}

// audit adds the names that auditd's own log gives its fields.
func (e event) audit(r *model.Record) {
	if r.Kind != model.AuditExec && r.Kind != model.AuditEvent {
		return
	}
	for i, a := range r.List("args") {
		e["a"+strconv.Itoa(i)] = []string{a}
	}
	if s := r.Get("syscall"); s != "" {
		e["SYSCALL"] = []string{s}
	}
}

// knownParents are all values that parentOf can give.
func knownParents() []string {
	var out []string
	for _, p := range parents {
		out = append(out, p)
	}
	for _, name := range append(shells, interpreters...) {
		out = append(out, image(name))
	}
	slices.Sort(out)
	return out
}

// interpreters are those whose scripts are looked at command by command.
var interpreters = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"}
