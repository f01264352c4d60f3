package events

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/model"
)

// TestServices: guesses at services other than SSH, and the login after them; the formats
// are those that the programs' sources have. Without guesses an accepted login of a mail
// or FTP server is no event: clients log in all day.
func TestServices(t *testing.T) {
	for _, tt := range []struct{ name, tag, bad, good, method, user string }{
		{"webmin", "webmin[%d]", "Invalid login as root from 192.0.2.9", "Successful login as root from 192.0.2.9", "webmin", "root"},
		{"webmin, no such user", "webmin[%d]", "Non-existent login as adm from 192.0.2.9", "Successful login as root from 192.0.2.9", "webmin", "root"},
		{"vsftpd", "vsftpd[%d]", `[www] FAIL LOGIN: Client "192.0.2.9"`, `[www] OK LOGIN: Client "::ffff:192.0.2.9"`, "ftp", "www"},
		{"vsftpd, name like the rest", "vsftpd[%d]", `[x] OK LOGIN: Client "10.0.0.1"] FAIL LOGIN: Client "192.0.2.9"`, `[www] OK LOGIN: Client "192.0.2.9"`, "ftp", "www"},
		{"proftpd", "proftpd[%d]", "srv (192.0.2.9[192.0.2.9]) - USER www (Login failed): Incorrect password", "srv (192.0.2.9[192.0.2.9]) - USER www: Login successful.", "ftp", "www"},
		{"pure-ftpd", "pure-ftpd", "(?@192.0.2.9) [WARNING] Authentication failed for user [www]", "(?@192.0.2.9) [INFO] www is now logged in", "ftp", "www"},
		{"dovecot", "dovecot", "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<ana@x.example>, method=PLAIN, rip=192.0.2.9, lip=10.0.0.1, TLS", "imap-login: Login: user=<ana@x.example>, method=PLAIN, rip=192.0.2.9, lip=10.0.0.1, mpid=7, TLS", "mail", "ana@x.example"},
		{"dovecot 2.4", "dovecot", "imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<ana>, method=PLAIN, rip=192.0.2.9, lip=10.0.0.1", "imap-login: Logged in: user=<ana>, method=PLAIN, rip=192.0.2.9, lip=10.0.0.1", "mail", "ana"},
		{"postfix", "postfix/smtpd[%d]", "warning: unknown[192.0.2.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", "4F2A: client=unknown[192.0.2.9], sasl_method=LOGIN, sasl_username=ana", "mail", "ana"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, n := range []int{0, 30} {
				var b strings.Builder
				write := func(sec, pid int, msg string) {
					tag := tt.tag
					if strings.Contains(tag, "%d") {
						tag = fmt.Sprintf(tag, pid)
					}
					fmt.Fprintf(&b, "2026-11-20T07:%02d:%02dZ h %s: %s\n", sec/60, sec%60, tag, msg)
				}
				for i := range n {
					write(i, 100+i, tt.bad)
				}
				write(90, 900, tt.good)
				records, _ := parse(t, b.String())
				got := ""
				for _, r := range records {
					switch r.Kind {
					case model.AuthFailures:
						got += fmt.Sprint("failures ", r.Get("address"), " ", r.Get("count"), " ")
					case model.AuthLogin:
						got = fmt.Sprint("login ", r.Get("method"), " ", r.Get("user"), " ", r.Get("address"), " ") + got
					}
				}
				want := ""
				if n > 0 || tt.method == "webmin" {
					want = "login " + tt.method + " " + tt.user + " 192.0.2.9 "
				}
				if n > 0 {
					want += "failures 192.0.2.9 30 "
				}
				if got != want {
					t.Errorf("after %d failures: %q, want %q", n, got, want)
				}
			}
		})
	}
}
