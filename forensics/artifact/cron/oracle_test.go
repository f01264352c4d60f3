package cron

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

// TestDebianRuns holds tables against what Debian's cron does with them (3.0pl1-162 was
// run over each of them, in /etc/cron.d, and the jobs that ran were noted): whoever
// makes a table look as if cron passed it over must not get by.
func TestDebianRuns(t *testing.T) {
	const job = "* * * * * root touch /x\n"
	for _, tt := range []struct {
		name, text string
		runs       bool
	}{
		{"plain", job, true},
		{"no newline at the end", job[:len(job)-1], false},
		{"a comment without a newline at the end", job + "# x", true},
		{"blanks without a newline at the end", job + "   ", true},
		{"a range that runs backwards", "5-1 * * * * root true\n" + job, true},
		{"a range of days that runs backwards", "* * * * fri-mon root true\n" + job, true},
		{"junk behind a star", "*!x * * * * root touch /x\n", true},
		{"junk behind ranges", "*-5 *;y 1-31~z * *$(a) root touch /x\n", true},
		{"a variable without a name", "=x\n" + job, true},
		{"a quote within a variable's name", "a\"b=c\n" + job, true},
		{"a variable without a value", "A=\n" + job, false},
		{"something behind a variable's value", "A=\"x\" y\n" + job, false},
		{"no command", "* * * * * root\n" + job, false},
		{"a name in capitals", "@DAILY root true\n" + job, false},
		{"a step behind a number", "10/20 * * * * root true\n" + job, false},
		{"a number beyond 32 bits", "4294967296-59 * * * * root touch /x\n", true},
		{"garbage", "garbage\n" + job, false},
		{"no day of the month", "* * 31-1 * 0-7 root touch /x\n", true},
		{"no day of the month nor of the week", "* * 31-1 * 5-1 root touch /x\n", false},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/cron.d/x", Text: tt.text, OSID: "debian"})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		runs, ignored := false, ""
		for _, r := range records {
			if r.Get("command") == "touch /x" {
				runs, ignored = !r.Has("ignored"), r.Get("ignored")
			}
		}
		if runs != tt.runs {
			t.Errorf("%s: runs is %v, want %v (%s)", tt.name, runs, tt.runs, ignored)
		}
	}
}

// TestUserOfPasswd: cron takes any word for a user that passwd(5) names, and nothing else;
// 3.0pl1-162 and cronie 1.7 ran jobs of accounts named sh and 0day.
func TestUserOfPasswd(t *testing.T) {
	const passwd = "root:x:0:0::/root:/bin/bash\nsh:x:0:0::/root:/bin/bash\n0day:x:0:0::/root:/bin/bash\n"
	for _, tt := range []struct{ text, passwd, user, ignored string }{
		{"* * * * * sh /opt/run.sh\n", passwd, "sh", ""},
		{"* * * * * 0day /opt/run.sh\n", passwd, "0day", ""},
		{"@reboot 0day /opt/run.sh\n", passwd, "0day", ""},
		{"* * * * * sh /opt/run.sh\n", "root:x:0:0::/root:/bin/bash\n", "", "names no user"},
		{"* * * * * 0day /opt/run.sh\n", "", "", "names no user"},
		{"* * * * * ldapuser /opt/run.sh\n", passwd, "ldapuser", ""}, // it may come from elsewhere
	} {
		for _, os := range []string{"debian", "centos"} {
			records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{
				Path: "/etc/cron.d/x", Text: tt.text, OSID: os, Others: map[string]string{"/etc/passwd": tt.passwd},
			})
			if err != nil || len(records) != 1 || records[0].Get("user") != tt.user || records[0].Get("ignored") != tt.ignored {
				t.Errorf("%s, %q: %v %v", os, tt.text, records, err)
			}
		}
	}
}
