package events

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/model"
)

const day = "2026-11-20T%02d:%02d:%02dZ h sshd[%d]: "

func line(b *strings.Builder, sec, pid int, format string, args ...any) {
	fmt.Fprintf(b, day+format+"\n", append([]any{sec / 3600 % 24, sec / 60 % 60, sec % 60, pid}, args...)...)
}

// TestFlood: what an intruder can bring about in a log without an account, or with one,
// pushes the login after guesses out of no bound.
func TestFlood(t *testing.T) {
	guess := func(b *strings.Builder, sec int) {
		for i := range 60 {
			line(b, sec+i, 70_000+i, "Failed password for root from 203.0.113.77 port 22 ssh2")
		}
		line(b, sec+90, 80_000, "Accepted password for root from 203.0.113.77 port 22 ssh2")
	}
	failures := func(b *strings.Builder, sec, n, each int) {
		for i := range n {
			for range each {
				line(b, sec+i/50, i, "Failed password for invalid user u%d from 10.%d.%d.%d port 22 ssh2", i, i>>16, i>>8&255, i&255)
			}
		}
	}
	logins := func(b *strings.Builder, sec, n int, of string) {
		for i := range n {
			a := "198.51.100.9"
			if of == "many" {
				a = fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
			}
			line(b, sec+i/50, i, "Accepted publickey for ci from %s port 22 ssh2: ED25519 SHA256:aaaa", a)
		}
	}
	for name, write := range map[string]func(b *strings.Builder){
		"failures from 120,000 addresses before":         func(b *strings.Builder) { failures(b, 0, 120_000, 1); guess(b, 3000) },
		"ten failures each from 60,000 addresses before": func(b *strings.Builder) { failures(b, 0, 60_000, 10); guess(b, 3000) },
		"failures between the guesses and the login": func(b *strings.Builder) {
			var g strings.Builder
			guess(&g, 0)
			head, tail, _ := strings.Cut(g.String(), "2026-11-20T00:01:30Z")
			b.WriteString(head)
			failures(b, 80, 60_000, 10)
			b.WriteString("2026-11-20T00:41:30Z" + tail)
		},
		"120,000 logins of one client before":  func(b *strings.Builder) { logins(b, 0, 120_000, "one"); guess(b, 3000) },
		"logins from 120,000 addresses before": func(b *strings.Builder) { logins(b, 0, 120_000, "many"); guess(b, 3000) },
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			write(&b)
			records, _ := parse(t, b.String())
			found := map[model.Kind]string{}
			kinds := map[model.Kind]int{}
			for i := range records {
				r := &records[i]
				kinds[r.Kind]++
				if r.Get("address") == "203.0.113.77" {
					found[r.Kind] = r.Get("count") + r.Get("user")
				}
			}
			if found[model.AuthFailures] != "60" || found[model.AuthLogin] != "root" {
				t.Errorf("of the guesses and the login there is %v", found)
			}
			if n := kinds[model.AuthFailures]; n > 2*maxRecords {
				t.Errorf("%d records of failures", n)
			}
		})
	}
}
