package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact/all"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// made makes a record at a path of the host h1.
func made(kind model.Kind, at string, fields ...string) model.Record {
	return model.Record{Kind: kind, Source: model.Source{Host: "h1", Volume: "p1", Path: at}, Fields: modeltest.Fields(kind, fields...)}
}

// TestListeners: a server's default stands only where no file of it configures a port;
// a socket unit is enabled where a unit wants it.
func TestListeners(t *testing.T) {
	a := &model.Analysis{Records: []model.Record{
		made(model.Listener, "/etc/ssh/sshd_config", "service=sshd", "address=*", "port=22", "protocol=tcp", "exposed=yes", "default=yes"),
		made(model.Listener, "/etc/ssh/sshd_config.d/p.conf", "service=sshd", "address=10.0.0.1", "port=2222", "protocol=tcp", "exposed=no"),
		made(model.Listener, "/etc/my.cnf", "service=mysql", "address=*", "port=3306", "protocol=tcp", "exposed=yes", "default=yes"),
		made(model.Listener, "/usr/lib/systemd/system/a.socket", "service=a.socket", "address=*", "port=1", "protocol=tcp", "exposed=yes"),
		made(model.Listener, "/usr/lib/systemd/system/b.socket", "service=b.socket", "address=*", "port=2", "protocol=tcp", "exposed=yes"),
		made(model.Listener, "/etc/xinetd.d/x", "service=xinetd:x", "address=*", "port=x", "protocol=tcp", "exposed=yes", "enabled=no"),
		made(model.SystemdEnabled, "/etc/systemd/system/sockets.target.wants/a.socket", "unit=a.socket", "target=/usr/lib/systemd/system/a.socket", "wanted_by=sockets.target"),
	}}
	want := []string{
		"sshd|10.0.0.1|2222|tcp|no||no", "mysql|*|3306|tcp|yes||yes", "a.socket|*|1|tcp|yes|yes|no", "b.socket|*|2|tcp|yes|no|no",
		"xinetd:x|*|x|tcp|yes|no|no",
	}
	if d := cmp.Diff(want, lines(t, "listeners", &Input{Analysis: a})); d != "" {
		t.Error(d)
	}
}

// TestAutostarts: what starts an entry, as whom, and what it runs. What is no autostart
// entry, and what a deleted file holds, is left out.
func TestAutostarts(t *testing.T) {
	deleted := made(model.CronJob, "/etc/cron.d/gone", "schedule=@reboot", "user=root", "command=/x")
	deleted.Source.State = model.Deleted
	a := &model.Analysis{Records: []model.Record{
		deleted,
		made(model.CronJob, "/etc/cron.d/x", "schedule=@reboot", "user=www", "command=/bin/a"),
		made(model.SystemdExec, "/etc/systemd/system/a.service", "unit=a.service", "directive=ExecStart", "command=/bin/b"),
		made(model.SystemdExec, "/home/op/.config/systemd/user/a.service", "unit=a.service", "scope=user", "directive=ExecStart", "command=/bin/b"),
		made(model.SystemdUnit, "/etc/systemd/system/a.service", "unit=a.service"),
		made(model.ProfileLine, "/root/.bashrc", "command=curl x"),
		made(model.ProfileLine, "/etc/profile", "command=curl x"),
		made(model.PreloadLibrary, "/etc/ld.so.preload", "library=/lib/x.so"),
		made(model.KernelSetting, "/etc/sysctl.d/x", "name=kernel.core_pattern", "value=|/x", "command=/x"),
		made(model.KernelSetting, "/etc/sysctl.d/x", "name=vm.swappiness", "value=1"),
		made(model.HookUdev, "/etc/udev/rules.d/x", "key=RUN", "command=/x"),
		made(model.HookScript, "/etc/update-motd.d/x", "event=motd", "ignored=not executable"),
		made(model.PackageScript, "/var/lib/dpkg/info/x.postinst", "package=x", "script=postinst"),
		made(model.SSHKey, "/root/.ssh/authorized_keys", "user=root", "type=ssh-rsa"),
		made(model.SSHKey, "/root/.ssh/authorized_keys", "user=root", "options=command=\"/x\"", "programs=/x"),
		made(model.SSHDOption, "/etc/ssh/sshd_config", "option=Port", "value=22"),
		made(model.SSHDOption, "/etc/ssh/sshd_config", "option=ForceCommand", "value=/x", "programs=/x"),
		made(model.StartedScript, "/opt/x.sh", "started_by=/etc/cron.d/x"),
	}}
	want := []string{
		"cron: @reboot|www|/bin/a|cron.job",
		"unit: a.service ExecStart|root|/bin/b|systemd.exec",
		"unit: a.service ExecStart|op|/bin/b|systemd.exec",
		"shell start-up|root|curl x|profile.line",
		"shell start-up||curl x|profile.line",
		"every program: ld.so.preload||/lib/x.so|preload.library",
		"kernel: kernel.core_pattern|root|/x|kernel.setting",
		"udev: RUN|root|/x|hook.udev",
		"event: motd||/etc/update-motd.d/x|hook.script|not executable",
		"package: x postinst|root|/var/lib/dpkg/info/x.postinst|package.script",
		"log-in by SSH key|root|command=\"/x\"|ssh.key",
		"sshd: ForceCommand||/x|sshd.option",
		"started by /etc/cron.d/x||/opt/x.sh|started.script",
	}
	if d := cmp.Diff(want, lines(t, "autostarts", &Input{Analysis: a})); d != "" {
		t.Error(d)
	}
}

// TestTriggers: of each kind of autostart entry it is said what starts it.
func TestTriggers(t *testing.T) {
	if len(all.Extractors()) == 0 {
		t.Fatal("no extractors")
	}
	for _, k := range model.Kinds() {
		if k.Kind.IsAutostart() && k.Kind.Info().Field("event") == nil && trigger(&model.Record{Kind: k.Kind}) == string(k.Kind) {
			t.Errorf("%s: nothing says what starts it", k.Kind)
		}
	}
}

// TestPackages: packages of the records have the time of their lists; those of a database
// replace them.
func TestPackages(t *testing.T) {
	a := &model.Analysis{Records: []model.Record{
		made(model.PackageEntry, "/var/lib/dpkg/status", "manager=dpkg", "package=a", "version=1", "architecture=amd64", "status=install ok installed"),
		made(model.PackageEntry, "/var/lib/dpkg/status", "manager=dpkg", "package=b", "version=2", "architecture=all", "status=deinstall ok config-files"),
	}}
	want := []string{"a|1|amd64|installed|dpkg", "b|2|all|deinstall ok config-files|dpkg"}
	if d := cmp.Diff(want, lines(t, "packages", &Input{Analysis: a})); d != "" {
		t.Error(d)
	}
	in := &Input{Analysis: a, Packages: []Package{{Name: "c", Version: "3", Manager: "rpm", Verified: true, Changes: []string{"S.5......  /bin/c"}}}}
	if d := cmp.Diff([]string{"c|3|||rpm|||S.5......  /bin/c"}, lines(t, "packages", in)); d != "" {
		t.Error(d)
	}
}

// TestContainers: those that engines state, joined with the hosts that their files are, and
// the hosts that none states.
func TestContainers(t *testing.T) {
	web := made(model.ContainerAutostart, "/var/lib/docker/containers/x/config.v2.json", "engine=docker", "container=web", "container_id=abc", "image=nginx:1",
		"command=/bin/x", "state=running", "restart_policy=always", "privileged=yes", "mounts=/:/host", "risky=host_root_mounted", "layers=/var/lib/docker/overlay2/a/diff,/b")
	gone := made(model.ContainerManual, "/var/lib/docker/containers/y/config.v2.json", "engine=docker", "container=old", "image=alpine", "layers=/var/lib/docker/overlay2/z/diff")
	a := &model.Analysis{Records: []model.Record{web, gone}, Hosts: []model.Host{
		{ID: "h1", Kind: "server", Volume: "p1", Root: "/"},
		{ID: "h2", Kind: "container", Volume: "p1", Root: "/var/lib/docker/overlay2/a/diff", OS: "Debian"},
		{ID: "h3", Kind: "root", Volume: "p1", Root: "/srv/jail", OS: "Alpine"},
	}}
	want := []string{
		"web|abc|docker|nginx:1|/bin/x|running|always|yes|yes|host_root_mounted|/:/host|||||h2|/var/lib/docker/overlay2/a/diff|Debian",
		"old||docker|alpine||||no|no||||||||/var/lib/docker/overlay2/z/diff",
		"||root|||||||||||||h3|/srv/jail|Alpine",
	}
	if d := cmp.Diff(want, lines(t, "containers", &Input{Analysis: a})); d != "" {
		t.Error(d)
	}
}
