package site

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

const (
	print1 = "SHA256:lAXN0erw7zI19vVWqg6bgn38b89mF7oAFMyyenNcGdo"
	print2 = "SHA256:P1twSLXGwDLHyIbeKzrOeJENHcu0M9VQHrGg+RoHS74"
	sum1   = "c03318cb12b827c03d556c8747b1e323225df97bdc4258c2756b0d6a4fd52b47"
	sum2   = "f4d884447f991277d79279d25effd9590a375506ee42950e1e255690008c383b"
)

const whole = `version: 1
addresses:
  - 198.51.100.10
  - 10.0.0.0/8
keys:
  - {fingerprint: "` + print1 + `", user: root, comment: admin@desk}
accounts:
  - name: root
  - {name: deploy, uid: 1000}
tools:
  - {path: /opt/tool, sha256: [` + sum1 + `]}
  - {path: /opt/dir/, uid: 1000}
agents:
  - {path: /opt/agent/, package: agent}
jobs:
  - {command: /opt/tool -q, user: root}
components:
  - {manager: python, name: requests}
`

func parse(t testing.TB, text string) *Profile {
	t.Helper()
	p, err := Parse("site.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// valid says whether the schema that is checked in takes a profile.
func valid(t *testing.T, text string) bool {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("site", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("site")
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return false
	}
	return s.Validate(v) == nil
}

// TestErrors: each fault is named with its line. The schema refuses what it can express.
func TestErrors(t *testing.T) {
	if !valid(t, whole) {
		t.Error("the schema refuses a valid profile")
	}
	parse(t, whole)
	for _, tt := range []struct {
		text, want string
		schema     bool // it sees the fault, too
	}{
		{"", "empty", false},
		{"version: 2\n", "version 2 is not known", true},
		{"version: 1\nkey: []\n", "line 2: field key not found", true},
		{"version: 1\naddresses:\n  - 198.51.100.300\n", "line 3: \"198.51.100.300\" is neither", false},
		{"version: 1\naddresses: [0.0.0.0/0]\n", "line 2: network 0.0.0.0/0 is every address", false},
		{"version: 1\nkeys:\n  - fingerprint: abc\n", "line 3: key: want fingerprint", true},
		{"version: 1\nkeys:\n  - {fingerprint: x, usr: root}\n", "line 3: unknown field \"usr\"", true},
		{"version: 1\naccounts:\n  - uid: 5\n", "line 3: account without a name", true},
		{"version: 1\ntools:\n  - path: /opt/x\n", "line 3: /opt/x: a path alone explains nothing", true},
		{"version: 1\ntools:\n  - {path: opt/x, uid: 5}\n", "line 3: path \"opt/x\"", true},
		{"version: 1\ntools:\n  - {path: /opt/../x, uid: 5}\n", "line 3: path", false},
		{"version: 1\ntools:\n  - {path: /opt/x, sha256: [abc]}\n", "is no SHA-256", true},
		{"version: 1\njobs:\n  - command: x\n", "line 3: job: want command and user", true},
		{"version: 1\ncomponents:\n  - name: x\n", "line 3: component: want manager and name", true},
		{"version: 1\njobs: [x]\n", "line 2: want a mapping with command", true},
		{"version: [\n", "line", true},
	} {
		_, err := Parse("site.yml", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "site.yml: ") {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
		if tt.schema && valid(t, tt.text) {
			t.Errorf("the schema takes %q", tt.text)
		}
	}
}

func record(kind model.Kind, at, sum string, fields ...string) *model.Record {
	r := &model.Record{Kind: kind, Source: model.Source{Path: at, SHA256: sum}}
	r.Fields = modeltest.Fields(kind, fields...)
	return r
}

// TestExplain: what an entry explains, and its twin that an intruder could bring.
func TestExplain(t *testing.T) {
	p := parse(t, whole)
	owner := func(uid int64, pkg string) func() Owner { return func() Owner { return Owner{uid, pkg, true} } }
	for _, tt := range []struct {
		name  string
		rec   *model.Record
		owner func() Owner
		line  int // 0: not explained
		sure  bool
	}{
		{"a key", record(model.SSHKey, "/root/.ssh/authorized_keys", sum2, "fingerprint="+print1, "user=root"), nil, 6, true},
		{"the key of another account", record(model.SSHKey, "/home/a/.ssh/authorized_keys", sum2, "fingerprint="+print1, "user=a"), nil, 0, false},
		{"another key", record(model.SSHKey, "/root/.ssh/authorized_keys", sum2, "fingerprint="+print2, "user=root"), nil, 0, false},
		{"an account", record(model.AccountUser, "/etc/passwd", sum2, "name=deploy", "uid=1000"), nil, 9, false},
		{"an account of another number", record(model.AccountUser, "/etc/passwd", sum2, "name=deploy", "uid=0"), nil, 0, false},
		{"a tool", record(model.FileNotable, "/opt/tool", sum1, "what=setuid_unowned"), nil, 11, true},
		{"another file at its path", record(model.FileNotable, "/opt/tool", sum2, "what=setuid_unowned"), owner(1000, ""), 0, false},
		{"the same file elsewhere", record(model.FileNotable, "/tmp/tool", sum1, "what=setuid_unowned"), nil, 0, false},
		{"a file in a directory", record(model.FileNotable, "/opt/dir/a/b", sum2, "what=script"), owner(1000, ""), 12, false},
		{"of another owner", record(model.FileNotable, "/opt/dir/a/b", sum2, "what=script"), owner(0, ""), 0, false},
		{"beside the directory", record(model.FileNotable, "/opt/dirty", sum2, "what=script"), owner(1000, ""), 0, false},
		{"of an unknown owner", record(model.FileNotable, "/opt/dir/b", sum2, "what=script"), func() Owner { return Owner{} }, 0, false},
		{"of a package", record(model.FileNotable, "/opt/agent/b", sum2, "what=script"), owner(0, "agent"), 14, false},
		{"of no package", record(model.FileNotable, "/opt/agent/b", sum2, "what=script"), owner(0, ""), 0, false},
		{"a job", record(model.CronJob, "/etc/cron.d/x", sum2, "command=/opt/tool -q", "user=root"), nil, 16, true},
		{"a longer job", record(model.CronJob, "/etc/cron.d/x", sum2, "command=/opt/tool -q; id", "user=root"), nil, 0, false},
		{"of another user", record(model.CronJob, "/etc/cron.d/x", sum2, "command=/opt/tool -q", "user=www-data"), nil, 0, false},
		{"an address", record(model.AuthFailures, "/var/log/auth.log", sum1, "address=10.1.2.3"), nil, 4, false},
		{"another address", record(model.AuthFailures, "/var/log/auth.log", sum1, "address=11.1.2.3"), nil, 0, false},
		{"a component", record(model.FileNotable, "/opt/v/requests/a.py", sum2, "what=script", "origin=python:requests@2.31.0", "origin_state=intact"), nil, 18, false},
		{"a changed component", record(model.FileNotable, "/opt/v/requests/a.py", sum2, "what=component_file_changed", "origin=python:requests@2.31.0", "origin_state=changed"), nil, 0, false},
	} {
		why := p.Explain(tt.rec, tt.owner)
		switch {
		case (why == nil) != (tt.line == 0):
			t.Errorf("%s: %+v", tt.name, why)
		case why != nil && (why.Line != tt.line || why.Sure != tt.sure || why.File != "site.yml"):
			t.Errorf("%s: %+v, want line %d", tt.name, why, tt.line)
		}
	}
	var none *Profile
	if none.Explain(record(model.SSHKey, "/x", sum1), nil) != nil || none.Contradicts(record(model.SSHKey, "/x", sum1), nil) != "" {
		t.Error("no profile says something")
	}
}

// TestContradicts: what a list does not name, unless there is no such list.
func TestContradicts(t *testing.T) {
	logsIn := func(s string) bool { return s != "/usr/sbin/nologin" }
	full, empty := parse(t, whole), parse(t, "version: 1\n")
	for _, tt := range []struct {
		rec  *model.Record
		want string
	}{
		{record(model.AuthLogin, "/var/log/auth.log", "", "address=203.0.113.7", "user=root"), OtherAddress},
		{record(model.AuthLogin, "/var/log/auth.log", "", "address=10.3.4.5", "user=root"), ""},
		{record(model.AuthLogin, "/var/log/auth.log", "", "address=10.3.4.5", "user=root", "fingerprint="+print2), OtherKey},
		{record(model.AuthLogin, "/var/log/auth.log", "", "tty=tty1", "user=root"), ""},
		{record(model.SSHKey, "/root/.ssh/authorized_keys", "", "fingerprint="+print2, "user=root"), OtherKey},
		{record(model.SSHKey, "/root/.ssh/authorized_keys", "", "fingerprint="+print1, "user=root"), ""},
		{record(model.AccountUser, "/etc/passwd", "", "name=eve", "uid=1001", "shell=/bin/bash"), OtherAccount},
		{record(model.AccountUser, "/etc/passwd", "", "name=eve", "uid=1001", "shell=/usr/sbin/nologin"), ""},
		{record(model.AccountUser, "/etc/passwd", "", "name=root", "uid=0", "shell=/bin/bash"), ""},
	} {
		if got := full.Contradicts(tt.rec, logsIn); got != tt.want {
			t.Errorf("%s %v: %q, want %q", tt.rec.Kind, tt.rec.Fields, got, tt.want)
		}
		if got := empty.Contradicts(tt.rec, logsIn); got != "" {
			t.Errorf("%s: an empty profile is contradicted", tt.rec.Kind)
		}
	}
}

// TestDraft: a draft is a valid profile, and explains what it was made from.
func TestDraft(t *testing.T) {
	add := func(a *model.Analysis, level model.Level, r *model.Record) {
		r.ID = "R-" + string(rune('1'+len(a.Records)))
		a.Records = append(a.Records, *r)
		if level > model.None {
			a.Findings = append(a.Findings, model.Finding{ID: "F-1", Level: level, Records: []string{r.ID}})
		}
	}
	a := &model.Analysis{}
	add(a, model.None, record(model.AuthLogin, "/var/log/auth.log", sum1, "address=198.51.100.10", "user=root", "fingerprint="+print2))
	add(a, model.Medium, record(model.SSHKey, "/root/.ssh/authorized_keys", sum1, "fingerprint="+print1, "user=root", "comment=a: \"b\" #c"))
	add(a, model.None, record(model.AccountUser, "/etc/passwd", sum1, "name=root", "uid=0", "shell=/bin/bash"))
	add(a, model.None, record(model.AccountUser, "/etc/passwd", sum1, "name=ana", "uid=1000", "shell=/bin/bash"))
	add(a, model.Low, record(model.CronJob, "/etc/cron.d/x", sum1, "command=curl 'x' | sh # y", "user=root"))
	add(a, model.Medium, record(model.FileNotable, "/opt/tool", sum2, "what=setuid_unowned"))
	add(a, model.High, record(model.FileNotable, "/opt/evil", sum1, "what=setuid_unowned"))
	p, left := Draft([]*model.Analysis{a, a}, func(string) bool { return true })
	if len(left) != 2 || left[0].Level != model.High {
		t.Errorf("left %v", left)
	}
	var b bytes.Buffer
	if err := p.Write(&b, "a note\nof two lines"); err != nil {
		t.Fatal(err)
	}
	if !valid(t, b.String()) {
		t.Errorf("the schema refuses\n%s", b.String())
	}
	again := parse(t, b.String())
	for i := range a.Records {
		r := &a.Records[i]
		why := again.Explain(r, nil)
		if evil := r.Source.Path == "/opt/evil"; (why == nil) != evil {
			t.Errorf("%s: %+v\n%s", r.Source.Path, why, b.String())
		}
		if s := again.Contradicts(r, func(string) bool { return true }); s != "" {
			t.Errorf("%s contradicts its own profile: %s", r.Source.Path, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("version: 1\naccounts: [{name: a, uid: 1}]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse("x", b)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
	})
}
