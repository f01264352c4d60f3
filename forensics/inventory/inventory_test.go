package inventory

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact/accounts"
	"icecore/forensics/artifact/all"
	"icecore/forensics/artifact/cron"
	"icecore/forensics/artifact/sshkeys"
	"icecore/forensics/artifact/sudoers"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// TestLists: each list is complete, and made of extractors that there are.
func TestLists(t *testing.T) {
	extractors := make(map[string]bool)
	for _, x := range all.Extractors() {
		extractors[x.Name()] = true
	}
	nameRE := regexp.MustCompile(`^[a-z][a-z_]*$`)
	seen := make(map[string]bool)
	for _, l := range Lists() {
		if !nameRE.MatchString(l.Name) || seen[l.Name] || !strings.HasSuffix(l.Doc, ".") || len(l.Columns) < 3 {
			t.Errorf("list %q: %q, %d columns", l.Name, l.Doc, len(l.Columns))
		}
		seen[l.Name] = true
		for _, x := range l.Extractors {
			if !extractors[x] {
				t.Errorf("list %s: no extractor %s", l.Name, x)
			}
		}
		columns := map[string]bool{"source": true, "host": true}
		for _, c := range l.Columns {
			if !nameRE.MatchString(c.Name) || columns[c.Name] || c.Doc == "" {
				t.Errorf("list %s: column %q: %q", l.Name, c.Name, c.Doc)
			}
			columns[c.Name] = true
		}
		// Of nothing, there are no rows, and nothing fails.
		if rows, err := l.Rows(&Input{Analysis: &model.Analysis{}}); err != nil || len(rows) != 0 {
			t.Errorf("list %s of nothing: %d rows, %v", l.Name, len(rows), err)
		}
	}
	if _, err := Find("cats"); err == nil || !strings.Contains(err.Error(), "cron, units") {
		t.Errorf("Find: %v", err)
	}
}

const passwdText = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
deploy:x:1000:1000::/srv/app:/bin/bash
op::1001:1001::/home/op:/bin/sh
gone:x:1002:1002::/home/gone:/bin/sh
`

const shadowText = `root:$y$j9T$abc$def:20000:0:99999:7:::
daemon:*:20000:0:99999:7:::
deploy:!$6$abc$def:0:0:99999:7:::
op:$1$a$b:20001::::::
`

const groupText = `root:x:0:
sudo:x:27:deploy,op
deploy:x:1000:
wheel:x:1001:
`

const sudoText = `User_Alias OPS = op, !root
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL) ALL
OPS ALL=(root) NOPASSWD: /usr/bin/systemctl, /bin/sh
%wheel ALL=/bin/ls
ALL, !deploy, !op ALL=/bin/true
`

const keyText = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEeYf0b9bMgBVGeytP1sVdjhcQyDyiEFvkw1TOs1wdJb a@b\n" +
	"ssh-rsa not-base64!\n"

func accountRecords(t *testing.T) []model.Record {
	t.Helper()
	var out []model.Record
	for name, text := range map[string]string{"/etc/passwd": passwdText, "/etc/passwd-": "old:x:5:5::/:/bin/sh\n", "/etc/shadow": shadowText, "/etc/group": groupText} {
		out = append(out, records(t, accounts.Extractor{}, name, []byte(text))...)
	}
	out = append(out, records(t, sudoers.Extractor{}, "/etc/sudoers", []byte(sudoText))...)
	out = append(out, records(t, sshkeys.Extractor{}, "/srv/app/.ssh/authorized_keys", []byte(keyText))...)
	out = append(out, records(t, sshkeys.Extractor{}, "/etc/ssh/authorized_keys.d/op", []byte(keyText))...)
	for _, r := range []struct {
		kind model.Kind
		name string
		user string
		at   string
	}{
		{model.LoginSession, "user", "deploy", "2026-11-06T06:45:31Z"},
		{model.LoginSession, "user", "deploy", "2026-11-05T06:45:31Z"},
		{model.LoginLast, "uid", "1001", "2026-11-07T00:00:00Z"},
		{model.LoginLast, "user", "gone", "2026-11-08T00:00:00Z"},
	} {
		at, _ := time.Parse(time.RFC3339, r.at)
		rec := model.Record{Kind: r.kind, Source: model.Source{Host: "h1"}}
		rec.Add(r.name, r.user)
		what := "login"
		if r.kind == model.LoginLast {
			what = "logged"
		}
		rec.Times = []model.Stamp{{What: what, Time: at}}
		out = append(out, rec)
	}
	return out
}

// TestUsers: what the files of accounts, sudo, keys and log-ins state of one account is one
// row. The account of another host is another one.
func TestUsers(t *testing.T) {
	all := accountRecords(t)
	other := model.Record{Kind: model.AccountUser, Source: model.Source{Host: "h2", Volume: "p1", Path: "/etc/passwd"}}
	other.Add("name", "deploy")
	other.Add("uid", "7")
	all = append([]model.Record{other}, all...)
	a := &model.Analysis{Records: all, Hosts: []model.Host{{ID: "h1"}, {ID: "h2"}}}
	want := []string{
		"root|0|0|/root|/bin/bash|set|yescrypt|2024-10-04||(ALL:ALL) ALL,(root) /bin/true|0",
		"daemon|1|1|/usr/sbin|/usr/sbin/nologin|none||2024-10-04||(root) /bin/true|0",
		"deploy|1000|1000|/srv/app|/bin/bash|locked|SHA-512|at the next login|2026-11-06T06:45:31Z|(ALL) ALL|1|sudo",
		"op|1001|1001|/home/op|/bin/sh|empty||2024-10-05|2026-11-07T00:00:00Z|(ALL) ALL,(root) NOPASSWD: /usr/bin/systemctl, /bin/sh,(root) /bin/ls|1|sudo",
		"gone|1002|1002|/home/gone|/bin/sh|unknown|||2026-11-08T00:00:00Z|(root) /bin/true|0",
		"deploy|7||||unknown|||||0",
	}
	if d := cmp.Diff(want, lines(t, "users", &Input{Analysis: a})); d != "" {
		t.Error(d)
	}
}

// TestKeys: fingerprints are those of ssh-keygen -lf, users those in whose home the file is.
func TestKeys(t *testing.T) {
	got := lines(t, "keys", &Input{Analysis: &model.Analysis{Records: accountRecords(t)}})
	needs(t, "ssh-keygen")
	name := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(name, []byte(keyText), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("ssh-keygen", "-lf", name).Output() // the second line is no key
	f := strings.Fields(string(out))
	if len(f) < 3 {
		t.Fatalf("ssh-keygen: %s", out)
	}
	want := []string{
		"deploy|ssh-ed25519|" + f[1] + "|a@b", "deploy|ssh-rsa||||the key data is not base64",
		"op|ssh-ed25519|" + f[1] + "|a@b", "op|ssh-rsa||||the key data is not base64",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestCron: jobs of all kinds, with the user and command of each, and the package of the file.
func TestCron(t *testing.T) {
	var all []model.Record
	add := func(name, text string) { all = append(all, records(t, cron.Extractor{}, name, []byte(text))...) }
	add("/etc/cron.d/job", "*/5 * * * * www-data /usr/bin/php x.php\n@reboot root /tmp/.x/a%in\n")
	add("/var/spool/cron/crontabs/op", "1 2 * * * /bin/true\n")
	add("/etc/cron.daily/logrotate", "#!/bin/sh\n")
	add("/var/spool/cron/atjobs/a0000101c6d3b0", "#!/bin/sh\n# atrun uid=1001 gid=1001\nid\n")
	all = append(all, accountRecords(t)...)
	in := &Input{Analysis: &model.Analysis{Records: all}, Package: func(s *model.Source) string {
		return map[string]string{"/etc/cron.daily/logrotate": "logrotate"}[s.Path]
	}}
	got := lines(t, "cron", in)
	want := []string{
		"*/5 * * * *|www-data|/usr/bin/php x.php",
		"@reboot|root|/tmp/.x/a%in",
		"1 2 * * *|op|/bin/true",
		"@daily|root|/etc/cron.daily/logrotate||logrotate",
		"2026-09-03T16:16:00Z|op|/var/spool/cron/atjobs/a0000101c6d3b0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestDeleted: orphans first, then by path; what is left of the content is said.
func TestDeleted(t *testing.T) {
	file := func(p string, state filesystem.State, ino uint64, note string) Deleted {
		in := filesystem.Inode{Ref: filesystem.Ref{Inode: ino}, State: state, Mode: filesystem.ModeRegular | 0o755, Size: 7, Note: note}
		if state == filesystem.Deleted {
			in.Ref.Version, in.Dtime = 3, filesystem.Unix(1768208711, 0)
		}
		return Deleted{p, in, model.Source{Volume: "p1", Path: p, State: state}}
	}
	in := &Input{Analysis: &model.Analysis{}, Deleted: []Deleted{
		file("/tmp/b", model.Deleted, 12, "deleted; intact: all 1 blocks are free since"),
		file("/tmp/a", model.Deleted, 13, "deleted; lost: no block map"),
		file("/tmp/z", model.Orphan, 14, ""),
	}}
	want := []string{
		"/tmp/z|orphan|14|file|0755|0|7|||intact: the file is still allocated",
		"/tmp/a|deleted|13@3|file|0755|0|7|2026-01-12T09:05:11Z||deleted; lost: no block map",
		"/tmp/b|deleted|12@3|file|0755|0|7|2026-01-12T09:05:11Z||deleted; intact: all 1 blocks are free since",
	}
	if d := cmp.Diff(want, lines(t, "deleted", in)); d != "" {
		t.Error(d)
	}
}
