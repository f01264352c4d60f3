package sysusers

import (
	"slices"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func FuzzExtract(f *testing.F) { artifacttest.Fuzz(f, Extractor{}, "/etc/sysusers.d/x.conf") }

// TestLines: an account that is root, or that somebody can log in to, is one; those of
// services are none.
func TestLines(t *testing.T) {
	for line, want := range map[string]string{
		"u dbusx 0:0 \"D-Bus\" /root /bin/bash": "dbusx", "u! dbusx 00 - / /bin/sh": "dbusx", "u web - \"x\" /srv /bin/bash": "web", "m www-data sudo": "www-data",
		"u root 0:0 \"Super User\" /root /bin/bash": "", "u root 0 - /root": "", "u sshd - \"sshd\" /run/sshd": "", "u redis 101:101 - /var/lib/redis /usr/sbin/nologin": "", "g adm 4": "", "m ana users": "", "# u x 0 - / /bin/sh": "",
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/sysusers.d/x.conf", Text: line + "\n"})
		got := ""
		for _, r := range records {
			got += r.Get("user")
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q, %v", line, got, want, err)
		}
	}
	records, _ := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/sysusers.d/x.conf", Text: "u dbusx 0:0 - / /bin/bash\n"})
	if len(records) != 1 || !slices.Contains(records[0].List("traits"), "account_write") {
		t.Error(records)
	}
}
