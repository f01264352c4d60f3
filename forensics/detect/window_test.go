package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// fileAt makes the times of a file in minutes from noon; a day has 1440.
func fileAt(p string, created, changed int) FileTimes {
	i := strings.LastIndexByte(p, '/') + 1
	sec := func(m int) int64 { return noon.Add(time.Duration(m) * time.Minute).Unix() }
	return FileTimes{
		Host: "h1", Volume: "p1", Dir: p[:i], Name: p[i:], Mode: filesystem.ModeRegular | 0o644,
		Created: sec(created), Changed: sec(changed), Modified: sec(changed),
	}
}

// installed are files that came with the system, so that no window holds a good part of all.
func installed() []FileTimes {
	var out []FileTimes
	for i := range 100 {
		f := fileAt(fmt.Sprintf("/usr/bin/p%02d", i), -200_000, -200_000)
		f.Inode = uint64(1000 + i)
		out = append(out, f)
	}
	return out
}

// onHost puts a record on a host, in a file of its own.
func onHost(r model.Record, p string, inode uint64) model.Record {
	r.Source.Host, r.Source.Volume, r.Source.Path, r.Source.Inode = "h1", "p1", p, inode
	return r
}

func minerAt(t *testing.T, p string, inode uint64, minute int) model.Record {
	r := onHost(record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path="+p), p, inode)
	return at(r, "created", minute, "changed", minute)
}

func loginOf(t *testing.T, user, address string, minute int, more string) model.Record {
	r := onHost(record(t, "auth.login method=password; user="+user+"; address="+address+"; pid=77"+more), "/var/log/auth.log", 9)
	return at(r, "logged", minute)
}

func failedFrom(t *testing.T, address string, count, minute int) model.Record {
	r := onHost(record(t, fmt.Sprintf("auth.failures address=%s; count=%d; users=root; user_count=1", address, count)), "/var/log/auth.log", 9)
	return at(r, "first", minute-20, "last", minute-1)
}

// oddProgram is a program in a world-writable directory: medium by itself.
func oddProgram(t *testing.T, p string, inode uint64, minute int) model.Record {
	r := onHost(record(t, "file.notable what=temp_elf; file_type=elf; mode=0755; path="+p), p, inode)
	return at(r, "created", minute, "changed", minute)
}

// campaignKey is a key of a known campaign: high by itself.
func campaignKey(t *testing.T, minute int) model.Record {
	t.Helper()
	r := onHost(record(t, "ssh.key type=ssh-rsa; user=root; comment=mdrfckr; fingerprint=SHA256:bad"), "/root/.ssh/authorized_keys", 40)
	return at(r, "changed", minute)
}

// TestWindows: when an intruder was present, as far as something proves it.
func TestWindows(t *testing.T) {
	week := 7 * 1440
	for _, tt := range []struct {
		name    string
		records []model.Record
		files   []FileTimes
		want    string // windows: minutes from noon
	}{
		{"nothing", nil, installed(), ""},
		{"failures alone", []model.Record{failedFrom(t, "192.0.2.1", 500, 0)}, installed(), ""},
		{"a login alone", []model.Record{loginOf(t, "root", "192.0.2.1", 0, "")}, installed(), ""},
		{"one claim of level high", []model.Record{oddProgram(t, "/tmp/a", 5, 0)}, installed(), ""},
		{"a miner", []model.Record{minerAt(t, "/opt/x", 5, 0)}, installed(), "-5..10"},
		{"two intrusions, a week apart", []model.Record{minerAt(t, "/opt/x", 5, 0), minerAt(t, "/opt/y", 6, week)}, installed(), fmt.Sprintf("-5..10 %d..%d", week-5, week+10)},
		{"two that overlap", []model.Record{minerAt(t, "/opt/x", 5, 0), minerAt(t, "/opt/y", 6, 12)}, installed(), "-5..22"},
		{
			"a program of a package, changed in place",
			[]model.Record{minerAt(t, "/opt/x", 5, 0), at(onHost(record(t, "file.notable what=package_file_changed; owner=iproute2; file_type=elf"), "/usr/bin/ss", 6), "created", -9000, "changed", 1)},
			installed(), "-5..11",
		},
		{"after the snapshot", []model.Record{minerAt(t, "/opt/x", 5, 900_000)}, installed(), ""},
		{
			"a guessed password until the logout", []model.Record{
				failedFrom(t, "192.0.2.1", 60, 0), loginOf(t, "root", "192.0.2.1", 0, ""),
				at(onHost(record(t, "auth.session action=closed; user=root; service=sshd; pid=77"), "/var/log/auth.log", 9), "logged", 33),
			}, installed(), "0..33 root 192.0.2.1",
		},
		{
			"a guessed password, and the address comes again", []model.Record{
				failedFrom(t, "192.0.2.1", 60, 0), loginOf(t, "root", "192.0.2.1", 0, ""), loginOf(t, "ana", "192.0.2.1", 500, ""), loginOf(t, "ana", "192.0.2.9", 900, ""),
			}, installed(), "0..60 root 192.0.2.1 500..560 ana 192.0.2.1",
		},
		{
			"a key that is the intruder's, and its logins from two addresses", []model.Record{
				minerAt(t, "/opt/x", 5, 0), campaignKey(t, 1), byPrint(t, "root", "203.0.113.9", "SHA256:bad", 3000), byPrint(t, "root", "203.0.113.10", "SHA256:bad", 5000),
				byPrint(t, "ana", "192.0.2.7", "SHA256:good", 7000),
			}, installed(), "-5..11 3000..3060 root 203.0.113.9 5000..5060 root 203.0.113.10",
		},
		{
			"a session that wtmp has the end of", []model.Record{
				failedFrom(t, "192.0.2.1", 60, 0), loginOf(t, "root", "192.0.2.1", 0, ""),
				at(onHost(record(t, "login.session user=root; address=192.0.2.1; line=pts/0; ended=logout"), "/var/log/wtmp", 10), "login", 0, "logout", 240),
				at(onHost(record(t, "login.session user=ana; address=192.0.2.1; line=pts/1; ended=logout"), "/var/log/wtmp", 10), "login", 0, "logout", 2),
			}, installed(), "0..240 root 192.0.2.1",
		},
		{
			"the files of the server were copied then",
			[]model.Record{minerAt(t, "/opt/x", 5, 0)},
			append(installed()[:20], fileAt("/h", 0, 0), fileAt("/a", 0, 0), fileAt("/b", 0, 1), fileAt("/c", 0, 1), fileAt("/d", 0, 1), fileAt("/e", 0, 1), fileAt("/f", 0, 1), fileAt("/g", 0, 1)), "",
		},
		{
			"hit a minute after the installation",
			[]model.Record{minerAt(t, "/opt/x", 5, 0)},
			append(installed()[:20], fileAt("/a", -2, -2), fileAt("/b", -2, -2), fileAt("/c", -2, -2), fileAt("/d", -2, -2), fileAt("/e", -2, -2), fileAt("/f", -2, -2), fileAt("/g", -2, -2), fileAt("/opt/x", 0, 0)), "0..1",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := (&scene{records: tt.records, times: tt.files, snapshot: 20_000}).run(t)
			var got []string
			for _, w := range res.Windows {
				got = append(got, fmt.Sprintf("%d..%d", int(w.From.Sub(noon).Minutes()), int(w.Until.Sub(noon).Minutes())))
				if w.Account != "" {
					got = append(got, w.Account, w.Address)
				}
				if len(w.Why) == 0 || len(w.Records) == 0 || len(w.Findings) == 0 && w.From.Before(noon.Add(8*time.Hour)) {
					t.Errorf("%s: why %v, records %v, findings %v", w.ID, w.Why, w.Records, w.Findings)
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%q, want %q", s, tt.want)
			}
		})
	}
}

// TestRaisedWithin: what has no known origin and changed while an intruder was present is
// raised by one level, once; what a package brought, what changed at another time and what
// the window itself rests on is not.
func TestRaisedWithin(t *testing.T) {
	for _, tt := range []struct {
		name    string
		records []model.Record
		files   map[string]*FileFact
		want    Level // of the finding about /tmp/a
	}{
		{"no intruder", []model.Record{oddProgram(t, "/tmp/a", 7, 0)}, nil, Medium},
		{"within", []model.Record{minerAt(t, "/opt/x", 5, 0), oddProgram(t, "/tmp/a", 7, 2)}, nil, High},
		{"within two that are one", []model.Record{minerAt(t, "/opt/x", 5, 0), minerAt(t, "/opt/y", 6, 3), oddProgram(t, "/tmp/a", 7, 2)}, nil, High},
		{"an hour later", []model.Record{minerAt(t, "/opt/x", 5, 0), oddProgram(t, "/tmp/a", 7, 70)}, nil, Medium},
		{"on another host", []model.Record{minerAt(t, "/opt/x", 5, 0), func() model.Record { r := oddProgram(t, "/tmp/a", 7, 2); r.Source.Host = "h2"; return r }()}, nil, Medium},
		{"a component brought it", []model.Record{minerAt(t, "/opt/x", 5, 0), oddProgram(t, "/tmp/a", 7, 2)}, map[string]*FileFact{"/tmp/a": {Path: "/tmp/a", Known: true, Origin: "python:a@1", OriginState: "intact"}}, Medium},
		{"it is not as the component brought it", []model.Record{minerAt(t, "/opt/x", 5, 0), oddProgram(t, "/tmp/a", 7, 2)}, map[string]*FileFact{"/tmp/a": {Path: "/tmp/a", Known: true, Origin: "python:a@1", OriginState: "changed"}}, High},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := (&scene{records: tt.records, files: tt.files, times: installed(), snapshot: 20_000}).run(t)
			found := false
			for _, f := range res.Findings {
				raised := 0
				for _, d := range f.Details {
					if d.ID == "window.raised" {
						raised++
					}
				}
				if f.Source.Path == "/tmp/a" {
					found = true
					if f.Level != tt.want || raised > 1 || (raised == 1) != (tt.want == High) {
						t.Errorf("%s, raised %d times, want %s", f.Level, raised, tt.want)
					}
				} else if raised > 0 && len(res.Windows[0].Findings) < 2 {
					t.Errorf("%s raises itself", f.Source.Path)
				}
			}
			if !found {
				t.Errorf("no finding: %v", res.Findings)
			}
		})
	}
}

// TestTouched: all that changed within a window, in groups; the logs and databases that
// change every day stand apart, but not a program among them.
func TestTouched(t *testing.T) {
	files := installed()
	for i := range 6 {
		files = append(files, fileAt(fmt.Sprintf("/var/lib/mysql/shop/t%d.ibd", i), -20_000, -1440*(i+1)))
	}
	deleted := fileAt("/tmp/i.sh", 1, 4)
	deleted.State = model.Deleted
	program := fileAt("/var/lib/mysql/shop/mysqld", 1, 1)
	program.Mode |= 0o111
	dir := fileAt("/opt/x", 1, 1)
	dir.Mode = filesystem.ModeDir | 0o755
	old := fileAt("/home/ana", -9000, 3) // a directory in which something changed
	old.Mode = filesystem.ModeDir | 0o755
	files = append(files,
		fileAt("/opt/x/xmrig", 1, 1), dir, old, deleted, program, fileAt("/var/lib/mysql/shop/t9.ibd", -20_000, 3),
		fileAt("/root/.ssh/authorized_keys", -9000, 2), fileAt("/etc/passwd", 2, 2), fileAt("/etc/cron.d/x", 2, 2), fileAt("/etc/motd", -9000, 5),
		fileAt("/var/log/wtmp", -9000, 6), fileAt("/usr/bin/owned", -9000, 5), fileAt("/etc/later", 50, 50),
	)
	for i := range files {
		files[i].Inode = uint64(i + 10)
	}
	s := &scene{
		records: []model.Record{
			minerAt(t, "/opt/x/xmrig", 5, 1),
			at(onHost(record(t, "dpkg.action action=install; package=gcc"), "/var/log/dpkg.log", 8), "logged", 4),
			at(onHost(record(t, "dpkg.action action=install; package=vim"), "/var/log/dpkg.log", 8), "logged", 400),
			at(onHost(record(t, "auth.useradd name=x; uid=1001"), "/var/log/auth.log", 9), "logged", 3),
		},
		times: files, snapshot: 20_000, installed: "/usr/bin/owned",
	}
	res := s.run(t)
	var got []string
	for _, g := range res.Touched {
		line := fmt.Sprintf("%s %s %d", g.Window, g.Group, g.Count)
		for _, i := range g.Items {
			line += " " + i.Path + "=" + i.Change
		}
		got = append(got, line)
	}
	want := []string{
		"W-01 keys 1 /root/.ssh/authorized_keys=modified",
		"W-01 accounts 2 /etc/passwd=created /var/log/auth.log=logged",
		"W-01 autostarts 1 /etc/cron.d/x=created",
		"W-01 made 3 /opt/x=created /opt/x/xmrig=created /var/lib/mysql/shop/mysqld=created",
		"W-01 changed 1 /etc/motd=modified",
		"W-01 deleted 1 /tmp/i.sh=deleted",
		"W-01 packages 1 /var/log/dpkg.log=logged",
		"W-01 login-logs 1 /var/log/wtmp=modified",
		"W-01 packaged 1 /usr/bin/owned=modified",
		"W-01 churn 1 /var/lib/mysql/shop/t9.ibd=modified",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	clean := s
	clean.records = s.records[1:]
	if res := clean.run(t); len(res.Windows)+len(res.Touched) > 0 {
		t.Errorf("a clean server: %v %v", res.Windows, res.Touched)
	}
}

// TestTouchedBound: a hundred thousand files of one group crowd out none of another, and
// are counted.
func TestTouchedBound(t *testing.T) {
	files := installed()
	for i := range 100_000 {
		f := fileAt(fmt.Sprintf("/srv/a/%06d", i), 1, 1)
		if i > 30_000 {
			f = fileAt(fmt.Sprintf("/usr/share/a/%06d", i), -200_000, -200_000)
			f.Name = fmt.Sprint(i)
		}
		files = append(files, f)
	}
	for range 40_000 {
		files = append(files, fileAt("/usr/share/old", -200_000, -200_000))
	}
	files = append(files, fileAt("/root/.ssh/authorized_keys", 2, 2))
	res := (&scene{records: []model.Record{minerAt(t, "/opt/x", 5, 1)}, times: files, snapshot: 20_000}).run(t)
	n := 0
	var groups []string
	for _, g := range res.Touched {
		n += len(g.Items)
		groups = append(groups, fmt.Sprint(g.Group, " ", g.Count))
	}
	if n > maxTouched || !slices.Equal(groups, []string{"keys 1", "made 30001"}) {
		t.Errorf("%d items, %v", n, groups)
	}
}
