package accounts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

func extract(t testing.TB, name string, text []byte) []string {
	t.Helper()
	in := &artifact.Input{Path: name, Content: io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))}
	var out []string
	err := Extractor{}.Extract(context.Background(), in, func(r artifact.Record) {
		if at := text[r.Source.Offset : r.Source.Offset+r.Source.Length]; !bytes.HasPrefix(at, []byte(r.Get("name"))) {
			t.Errorf("line %d: the source is %q", r.Source.Line, at)
		}
		out = append(out, artifacttest.Plain(r))
	})
	if err != nil && bytes.Count(text, []byte("\n")) < maxLines {
		t.Error(err)
	}
	return out
}

func TestExtract(t *testing.T) {
	passwd := []string{
		"1 account.user name=root uid=0 gid=0 gecos=root home=/root shell=/bin/bash",
		"2 account.user name=sync uid=4 gid=65534 gecos=sync home=/bin shell=/bin/sync",
		"3 account.user name=deploy uid=1000 gid=1000 gecos=Deploy,,, home=/home/deploy shell=/bin/bash",
		"6 account.user name=sysupd uid=0 gid=0 home=/var/tmp/.sysupd shell=/bin/bash ",
		"7 account.user name=nopw password=empty uid=1002 gid=1002 home=/home/nopw shell=/bin/sh",
		"8 account.user name=+@admins",
		"9 account.user name=broken uid=1003 invalid=3 fields, not 7; gid is not a number",
		"10 account.user name=zero uid=0 uid_written=00 gid=7 gid_written=+07 home=/ shell=/usr/sbin/nologin",
	}
	for _, tt := range []struct {
		path, file string
		want       []string
	}{
		{"/etc/passwd", "passwd", passwd},
		{"/etc/passwd-", "passwd", func() []string {
			out := make([]string, len(passwd))
			for i, l := range passwd {
				out[i] = l + " backup=yes"
			}
			return out
		}()},
		{"/etc/shadow", "shadow", []string{
			"1 account.shadow name=root password=set hash=yescrypt changed=2025-11-08",
			"2 account.shadow name=daemon password=none changed=2023-12-09",
			"3 account.shadow name=sshd password=locked changed=2024-10-04",
			"4 account.shadow name=deploy password=locked hash=SHA-512 changed=2023-12-09",
			"5 account.shadow name=sysupd password=set hash=SHA-512 must_change=yes",
			"6 account.shadow name=nopw password=empty changed=2023-12-09 expires=2026-01-01",
			"7 account.shadow name=old password=set hash=MD5 changed=2023-12-09",
			"8 account.shadow name=des password=set hash=DES changed=2023-12-09",
			"9 account.shadow name=half password=none invalid=2 fields, not 9",
		}},
		{"/etc/group", "group", []string{
			"1 account.group name=root gid=0",
			"2 account.group name=sudo gid=27 members=deploy,sysupd",
			"3 account.group name=adm gid=4 password=set",
			"4 account.group name=bad gid=z invalid=3 fields, not 4",
			"5 account.group name=seven gid=7 gid_written=007",
		}},
	} {
		b, err := os.ReadFile("testdata/etc/" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, users(extract(t, tt.path, b))); d != "" {
			t.Errorf("%s: %s", tt.path, d)
		}
	}
}

// TestDates compares days with what date(1) makes of them.
func TestDates(t *testing.T) {
	for _, days := range []int{1, 365, 19700, 20454, 47482} {
		out, err := exec.Command("date", "-u", "-d", fmt.Sprintf("1970-01-01 +%d days", days), "+%F").Output()
		if err != nil {
			t.Skip("no GNU date(1): ", err)
		}
		if got, want := date(fmt.Sprint(days)), strings.TrimSpace(string(out)); got != want {
			t.Errorf("%d: %s, want %s", days, got, want)
		}
	}
	for _, bad := range []string{"", "0", "-1", "x", "99999999999", "1000001"} {
		if got := date(bad); got != "" {
			t.Errorf("%q: %s", bad, got)
		}
	}
}

// TestSystem compares with getent(1).
func TestSystem(t *testing.T) {
	b, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.Command("getent", "-s", "files", "passwd").Output()
	if err != nil {
		t.Skip("getent: ", err)
	}
	got, want := users(extract(t, "/etc/passwd", b)), strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d users, getent has %d", len(got), len(want))
	}
	for i, w := range want {
		f := strings.Split(w, ":")
		if !strings.Contains(got[i]+" ", " name="+f[0]+" ") || !strings.Contains(got[i], " uid="+f[2]+" gid="+f[3]) || !strings.Contains(got[i], "home="+f[5]+" shell="+f[6]) {
			t.Errorf("%s\ngetent: %s", got[i], w)
		}
	}
}

func FuzzExtract(f *testing.F) {
	for i, name := range []string{"passwd", "shadow", "group"} {
		b, err := os.ReadFile("testdata/etc/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), b)
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		extract(t, []string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/shadow-"}[which%4], b)
	})
}

// users leaves the records of login shells out.
func users(list []string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return strings.Contains(s, " hook.command ") })
}

// TestNumbers: ids are the numbers that the C library reads, by the rules of strtoul(3).
func TestNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "00": "0", "+0": "0", " 0": "0", "-0": "0", "0000000000000000000000": "0", "01000": "1000", "4294967295": "4294967295",
		"": "", "x": "", "0x0": "", "0 ": "", "-1": "", "4294967296": "", "--0": "", "+-0": "", "1_0": "",
	} {
		got, ok := parse(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", in, got, ok, want)
		}
	}
	records := extract(t, "/etc/passwd", []byte("sysd:x:00:+0::/:/usr/bin/rbashd\nsysd2:x:7:7::/:/usr/bin/rbashd\n"))
	if s := strings.Join(records, "\n"); !strings.Contains(s, "uid=0 uid_written=00 gid=0 gid_written=+0") || strings.Count(s, "event=login-shell user=sysd command=/usr/bin/rbashd programs=/usr/bin/rbashd") != 1 || strings.Contains(s, "user=sysd2") {
		t.Error(s)
	}
}
