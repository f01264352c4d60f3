package detect

import (
	"slices"
	"strings"
	"testing"

	"icecore/forensics/message"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// TestActTable: every act of package shell has a row, every row is an act, no cell is
// empty, and each has its words.
func TestActTable(t *testing.T) {
	known := make(map[string]bool)
	for _, x := range shell.Traits() {
		known[x.Name] = true
	}
	seen := make(map[string]bool)
	for _, a := range acts() {
		if seen[a.name] {
			t.Errorf("%s stands twice", a.name)
		}
		seen[a.name] = true
		for k, l := range a.levels {
			if l == None {
				t.Errorf("%s x %s has no level", a.name, classTable()[k].name)
			}
		}
		if message.English().Text(a.says) == "" || a.phase == "" {
			t.Errorf("%s: no words, or no phase", a.name)
		}
	}
	for name := range known {
		if !seen[name] {
			t.Errorf("no row for the act %s", name)
		}
	}
	for _, k := range classTable() {
		if k.name == "" || k.doc == "" {
			t.Errorf("a class without words: %v", k)
		}
	}
}

// starters has one record of each kind that starts something, or says that something ran;
// what follows is the class.
var starters = []struct {
	record string
	class  class
}{
	{"cron.job command=x", classAutostart},
	{"cron.script period=daily", classAutostart},
	{"at.job queue=a", classAutostart},
	{"systemd.exec command=x", classAutostart},
	{"systemd.unit unit=a.service", classAutostart},
	{"systemd.generator name=a", classAutostart},
	{"rc.line command=x", classAutostart},
	{"init.script interpreter=sh", classAutostart},
	{"inittab.line command=x", classAutostart},
	{"profile.line command=x", classAutostart},
	{"hook.command event=network; command=x", classAutostart},
	{"hook.script event=motd", classAutostart},
	{"hook.script event=cloud-init", classAutostart},
	{"hook.script event=cloud-init-once", classOnce},
	{"hook.udev command=x", classAutostart},
	{"hook.apt command=x", classAutostart},
	{"hook.dnf command=x", classAutostart},
	{"hook.pam command=x", classAutostart},
	{"hook.logrotate command=x", classAutostart},
	{"hook.autostart command=x", classAutostart},
	{"hook.dbus command=x", classAutostart},
	{"hook.modprobe command=x", classAutostart},
	{"hook.tmpfiles command=x", classAutostart},
	{"hook.sysusers command=x", classAutostart},
	{"started.script started_by=/a", classAutostart},
	{"kernel.setting command=x", classAutostart},
	{"ssh.key type=ssh-rsa", classAutostart},
	{"sshd.option option=ForceCommand", classAutostart},
	{"container.autostart engine=docker", classContainer},
	{"container.manual engine=docker; risky=privileged", classHostContainer},
	{"container.manual engine=docker; risky=host_network", classContainer},
	{"history.command command=x", classTyped},
	{"auth.sudo command=x", classTyped},
	{"cron.run command=x", classLogged},
	{"file.notable what=script", classScript},
}

// TestActs: each act with each starter has the level of the table; without the act, or
// where the file is as its package installed it, there is none.
func TestActs(t *testing.T) {
	covered := make(map[model.Kind]bool)
	for _, st := range starters {
		rec := record(t, st.record)
		covered[rec.Kind] = true
		in, ok := classOf(&rec)
		if !ok || in != st.class {
			t.Errorf("%s: class %v, want %v", st.record, in, st.class)
		}
		if message.English().Text(starterOf(&rec)) == "" {
			t.Errorf("%s: no words for the starter", st.record)
		}
		for _, a := range acts() {
			want := a.levels[st.class]
			if want == Informational {
				want = None
			}
			with := func(traits ...string) scene {
				r := record(t, st.record)
				r.AddList("traits", traits)
				return scene{records: []model.Record{r}}
			}
			one, without := with(a.name), with("background")
			if got := level(one.run(t), actPrefix+a.name); got != want {
				t.Errorf("%s x %s: %s, want %s", a.name, st.record, got, want)
			}
			if got := level(without.run(t), actPrefix+a.name); got != None {
				t.Errorf("%s without it: %s", st.record, got)
			}
		}
	}
	for _, k := range model.Kinds() {
		if k.Role == model.Autostart && k.Kind != model.PackageScript && !covered[k.Kind] && slices.ContainsFunc(k.Fields, func(f model.FieldInfo) bool { return f.Name == "traits" }) {
			t.Errorf("no starter %s", k.Kind)
		}
	}
}

// TestActsMove: what moves the level of the table.
func TestActsMove(t *testing.T) {
	own := func(record model.Record) scene {
		record.Source.Path = "/etc/cron.daily/a"
		return scene{records: []model.Record{record}, installed: "/etc/cron.daily/a"}
	}
	for _, tt := range []struct {
		name  string
		scene scene
		rule  string
		want  Level
	}{
		{"as the package installed it", own(record(t, "cron.script traits=pipe_to_shell")), "act_pipe_to_shell", None},
		{"not as it was installed", scene{records: []model.Record{record(t, "cron.script traits=pipe_to_shell; path=/etc/cron.daily/a")}, installed: "/etc/cron.daily/b"}, "act_pipe_to_shell", High},
		{"on a branch that is not taken", recs(record(t, "cron.script traits=pipe_to_shell; aside=pipe_to_shell")), "act_pipe_to_shell", Medium},
		{"another lies aside", recs(record(t, "cron.script traits=temp_exec,log_wipe; aside=log_wipe")), "act_temp_exec", Medium},
		{"what does not run as it is", recs(record(t, "cron.job command=x; traits=pipe_to_shell; ignored=the name has a dot")), "act_pipe_to_shell", Medium},
		{"an interpreter's line in a shell script", recs(record(t, "cron.script interpreter=/usr/bin/env bash; traits=interpreter_fetch")), "act_interpreter_fetch", Medium},
		{"a program of that interpreter", recs(record(t, "cron.script interpreter=/usr/bin/python3 -u; traits=interpreter_fetch")), "act_interpreter_fetch", None},
		{"runs and stays, as installers do", recs(record(t, "file.notable what=script; traits=pipe_to_shell,startup_write")), "act_pipe_to_shell", Low},
		{"runs and hides", recs(record(t, "file.notable what=script; traits=pipe_to_shell,chattr")), "act_pipe_to_shell", Medium},
		{"runs, and gains", recs(record(t, "file.notable what=script; traits=fetch_exec,kill_list")), "act_fetch_exec", Medium},
		{"a vendor's installer", recs(record(t, "cron.script traits=fetch,fetch_exec; urls=https://get.netdata.cloud/kickstart.sh")), "act_fetch_exec", Low},
		{"a vendor's name, without TLS", recs(record(t, "cron.script traits=fetch,fetch_exec; urls=http://get.netdata.cloud/kickstart.sh")), "act_fetch_exec", High},
		{"a vendor's, and another", recs(record(t, "cron.script traits=fetch,fetch_exec; urls=https://get.netdata.cloud/a,https://203.0.113.7/b")), "act_fetch_exec", High},
		{"a vendor's name as user", recs(record(t, "cron.script traits=fetch,fetch_exec; urls=https://get.netdata.cloud@203.0.113.7/b")), "act_fetch_exec", High},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := level(tt.scene.run(t), tt.rule); got != tt.want {
				t.Errorf("level %s, want %s", got, tt.want)
			}
		})
	}
}

func recs(l ...model.Record) scene { return scene{records: l} }

// actMarkdown is the table as docs/detections.md has it.
func actMarkdown() string {
	var b strings.Builder
	b.WriteString("| act |")
	for _, k := range classTable() {
		b.WriteString(" " + k.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", classes) + "\n")
	for _, a := range acts() {
		b.WriteString("| `" + a.name + "`: " + message.English().Text(a.says) + " |")
		for _, l := range a.levels {
			b.WriteString(" " + l.String() + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\nThe starters:\n\n")
	for _, k := range classTable() {
		b.WriteString("- " + k.name + ": " + k.doc + ".\n")
	}
	return b.String()
}

// TestActsHidden: a script in a hidden directory that was read is judged by what it does; a
// program there, or one that nobody has read, by where it is.
func TestActsHidden(t *testing.T) {
	const job = "cron.job command=x; traits=hidden_exec; programs=/etc/.pihole/update.sh"
	const script = "started.script started_by=/etc/cron.d/x; traits=hidden_exec; programs=~app/.apprc/*"
	read := record(t, "started.script started_by=/etc/cron.d/x; path=/etc/.pihole/update.sh")
	for _, tt := range []struct {
		name    string
		records []model.Record
		want    Level
	}{
		{"a program", []model.Record{record(t, job)}, High},
		{"a script", []model.Record{record(t, job), read}, Low},
		{"a script that downloads and executes", []model.Record{record(t, job), record(t, "started.script started_by=/etc/cron.d/x; traits=pipe_to_shell; path=/etc/.pihole/update.sh")}, High},
		{"a script and a program", []model.Record{record(t, strings.Replace(job, "update.sh", "update.sh,/etc/.x/a", 1)), read}, High},
		{"in a script, what lies in a home", []model.Record{record(t, script)}, Low},
		{"in a script, a program", []model.Record{record(t, strings.Replace(script, "~app", "/usr/share", 1))}, High},
	} {
		sc := scene{records: tt.records}
		if got := level(sc.run(t), actPrefix+"hidden_exec"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestActsInstalled: the program for this kind of machine, fetched from the registry while a
// package is installed, is low; from elsewhere, or by what always starts, it is not.
func TestActsInstalled(t *testing.T) {
	const script = "started.script started_by=/srv/a/node_modules/x/package.json; starter=hook.command; starter_event=npm; traits=fetch_exec; urls="
	for _, tt := range []struct {
		record string
		want   Level
	}{
		{script + "https://registry.npmjs.org/x/-/x-1.tgz", Low},
		{script + "https://registry.npmjs.org/x/-/x-1.tgz,http://203.0.113.45/x", Medium},
		{script + "http://203.0.113.45/x", Medium},
		{strings.Replace(script, "starter_event=npm", "starter_event=service", 1) + "https://registry.npmjs.org/x/-/x-1.tgz", High},
	} {
		sc := scene{records: []model.Record{record(t, tt.record)}}
		if got := level(sc.run(t), actPrefix+"fetch_exec"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.record, got, tt.want)
		}
	}
}
