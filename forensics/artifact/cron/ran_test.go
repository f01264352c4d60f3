package cron

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

// TestRealCrons holds odd tables of /etc/cron.d against what the two crons did with them:
// ran_test.json has what Debian's 3.0pl1-162 and cronie 1.7.2 ran of them, on a Tuesday,
// within two minutes that were not the first of an hour; passwd had the accounts sh and
// 0day. What ran must not be called ignored. What did not run may be taken for a job, where
// no rule of the format says that it is none: of those there are few.
func TestRealCrons(t *testing.T) {
	b, err := os.ReadFile("ran_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name, Text     string
		Mode, UID      int
		Debian, Cronie []string
	}
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	idRE := regexp.MustCompile(`/tmp/cx/([0-9a-z]+)`)
	passwd := "root:x:0:0::/root:/bin/bash\nsh:x:0:0::/root:/bin/sh\n0day:x:0:0::/root:/bin/sh\n"
	for _, family := range []string{"debian", "cronie"} {
		for _, row := range rows {
			os, ran := "debian", row.Debian
			if family == "cronie" {
				os, ran = "fedora", row.Cronie
			}
			var text []byte // the bytes of the table are kept as the characters of Latin-1
			for _, r := range row.Text {
				text = append(text, byte(r))
			}
			records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{
				Path: "/etc/cron.d/" + row.Name, Text: string(text), Mode: uint16(row.Mode), UID: uint32(row.UID), OSID: os,
				Others: map[string]string{"/etc/passwd": passwd},
			})
			if err != nil {
				t.Errorf("%s: %v", row.Name, err)
			}
			var live []string
			why := make(map[string]string)
			for _, r := range records {
				if m := idRE.FindStringSubmatch(r.Get("command")); m != nil {
					if r.Has("ignored") {
						why[m[1]] = r.Get("ignored")
					} else {
						live = append(live, m[1])
					}
				}
			}
			for _, id := range ran {
				if !slices.Contains(live, id) {
					t.Errorf("%s ran %s of %q, which is called ignored: %q", family, id, text, why[id])
				}
			}
			for _, id := range live {
				if !slices.Contains(ran, id) && !slices.Contains(notWithin[family], id) {
					t.Errorf("%s did not run %s of %q (mode %o, owner %d), which is taken for a job", family, id, text, row.Mode, row.UID)
				}
			}
		}
	}
}

// notWithin are jobs that did not run and are taken for some all the same. What a file's
// owner and mode, and the accounts of a directory service, make of it can change without the
// table; what came to nothing by its command, or was not due, is a job.
var notWithin = map[string][]string{
	"debian": {
		"05", "05b", "63", // an account that passwd does not name
		"10", "10c", "12", // a NUL, and a dash before the schedule, make it refuse the table
		"14", "14g", "15", // writable to others, or not root's
		"50", // not due
	},
	"cronie": {
		"05", "63", "14", "14g", "15", "50", "60",
		"17", "17s", "17z", // executable, or without any right
		"10c",      // its command is cut at the NUL
		"11",       // no line end: versions differ
		"38", "51", // junk behind a star: versions differ
	},
}
