package inventory

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/utmp"
	"icecore/forensics/model"
)

// wtmp is a wtmp as utmpdump(1) writes it: log-outs, a log-in at a terminal in use, a
// shutdown, a crash, days, and what is still open.
const wtmp = `[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-03T17:19:57,000001+00:00]
[1] [00053] [~~  ] [runlevel] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-03T17:20:05,000000+00:00]
[7] [00349] [ts/0] [deploy  ] [pts/0       ] [192.0.2.10          ] [192.0.2.10     ] [2026-11-06T06:45:31,900174+00:00]
[8] [00349] [    ] [        ] [pts/0       ] [                    ] [0.0.0.0        ] [2026-11-06T06:45:34,344891+00:00]
[7] [00350] [ts/0] [deploy  ] [pts/0       ] [192.0.2.10          ] [192.0.2.10     ] [2026-11-06T06:50:31,200174+00:00]
[7] [00360] [ts/0] [backup  ] [pts/0       ] [192.0.2.11          ] [192.0.2.11     ] [2026-11-06T06:51:00,200174+00:00]
[8] [00360] [    ] [        ] [pts/0       ] [                    ] [0.0.0.0        ] [2026-11-06T06:51:01,344891+00:00]
[7] [00400] [ts/1] [root    ] [pts/1       ] [host.example        ] [2001:db8::7    ] [2026-11-06T07:00:00,000000+00:00]
[1] [00000] [~~  ] [shutdown] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-08T08:00:37,258317+00:00]
[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-13T08:20:07,000000+00:00]
[7] [00401] [tty1] [root    ] [tty1        ] [                    ] [0.0.0.0        ] [2026-11-13T08:30:00,000000+00:00]
[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0-57-amd64      ] [0.0.0.0        ] [2026-11-14T08:20:07,000000+00:00]
[6] [00500] [tty1] [LOGIN   ] [tty1        ] [                    ] [0.0.0.0        ] [2026-11-14T08:20:09,000000+00:00]
[7] [00673] [ts/0] [root    ] [pts/0       ] [203.0.113.77        ] [203.0.113.77   ] [2026-11-20T07:53:07,941216+00:00]
`

// records reads a file of an image by an extractor.
func records(t *testing.T, x artifact.Extractor, name string, content []byte) []model.Record {
	t.Helper()
	in := &artifact.Input{
		Path: name, Content: io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content))),
		System: &artifact.System{Zone: time.UTC}, Exists: func(string) bool { return true },
	}
	var out []model.Record
	if err := x.Extract(context.Background(), in, func(r model.Record) {
		r.Source.Path, r.Source.Volume, r.Source.Host = name, "p1", "h1"
		out = append(out, r)
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	cmd := exec.Command("utmpdump", "-r")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
}

// lines writes rows as text: the cells with bars between them.
func lines(t *testing.T, name string, in *Input) []string {
	t.Helper()
	l, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := l.Rows(in)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range rows {
		var cells []string
		for _, c := range rows[i].Cells {
			cells = append(cells, strings.Join(c, ","))
		}
		if len(cells) != len(l.Columns) {
			t.Fatalf("%s: a row of %d cells for %d columns", name, len(cells), len(l.Columns))
		}
		out = append(out, strings.TrimRight(strings.Join(cells, "|"), "|"))
	}
	return out
}

// lastRE is a line of last -F: user, line, host, log-in, log-out or why there is none,
// duration.
var lastRE = regexp.MustCompile(`^(\S+)\s+(system boot|\S+)\s+(\S+)\s+\w{3} (\w{3}\s+\d+ [\d:]{8} \d{4})(?:\s+- (\w{3} \w{3}\s+\d+ [\d:]{8} \d{4}|crash|down)|\s+(gone - no logout|still logged in|still running))\s*(?:\(([-+\d:]+)\))?`)

// TestLast: log-ins are those that last(1) shows, in its order, with its log-outs and
// durations.
func TestLast(t *testing.T) {
	needs(t, "utmpdump", "last")
	b := packed(t, wtmp)
	name := filepath.Join(t.TempDir(), "wtmp")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("last", "-F", "-i", "-w", "-f", name)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	clock := func(s string) string {
		at, err := time.Parse("Jan 2 15:04:05 2006", strings.Join(strings.Fields(s), " "))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return at.Format(time.RFC3339)
	}
	var want []string
	for line := range strings.Lines(string(out)) {
		m := lastRE.FindStringSubmatch(line)
		if m == nil || m[1] == "wtmp" {
			continue
		}
		logout, ended := "", m[6]
		switch m[5] {
		case "crash", "down":
			ended = m[5]
		case "":
		default:
			logout, ended = clock(m[5][4:]), "logout"
		}
		if ended == "gone - no logout" { // no process of that number on this machine
			ended = "still logged in"
		}
		if m[1] == "reboot" { // last takes no crash into account there
			logout, ended, m[7] = "", "", ""
		}
		want = append(want, strings.TrimRight(strings.Join([]string{m[1], m[2], clock(m[4]), logout, ended, minutes(m[7])}, "|"), "|"))
	}
	list := loginList()
	rows, err := list.Rows(&Input{Analysis: &model.Analysis{Records: records(t, utmp.Extractor{}, "/var/log/wtmp", b)}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		c := func(i int) string { return first(r.Cells[i]) }
		logout, ended, span := c(4), c(5), minutes(c(6))
		switch {
		case c(0) == "reboot":
			logout, ended, span = "", "", ""
		case ended == "relogin":
			ended = "logout"
		case ended == "crash" || ended == "down":
			logout = ""
		}
		got = append(got, strings.TrimRight(strings.Join([]string{c(0), c(1), c(3), logout, ended, span}, "|"), "|"))
	}
	if d := cmp.Diff(want, got); d != "" || len(want) != 9 {
		t.Errorf("%d log-ins; last has %d:\n%s\n%s", len(got), len(want), d, out)
	}
}

// minutes takes the seconds off a duration: last shows none.
func minutes(s string) string {
	if strings.Count(s, ":") == 2 {
		return s[:strings.LastIndexByte(s, ':')]
	}
	return s
}

// TestLogins: what last(1) leaves out: why a boot ended, what a later file says of the
// sessions of a rotated one, and utmp, which repeats wtmp.
func TestLogins(t *testing.T) {
	needs(t, "utmpdump")
	old := `[7] [00100] [ts/0] [eve     ] [pts/0       ] [192.0.2.9           ] [192.0.2.9      ] [2026-11-01T10:00:00,000000+00:00]
`
	open := `[7] [00100] [ts/0] [eve     ] [pts/0       ] [192.0.2.9           ] [192.0.2.9      ] [2026-11-21T10:00:00,000000+00:00]
`
	var all []model.Record
	all = append(all, records(t, utmp.Extractor{}, "/var/log/wtmp", packed(t, wtmp))...)
	all = append(all, records(t, utmp.Extractor{}, "/var/log/wtmp.1", packed(t, old))...)
	all = append(all, records(t, utmp.Extractor{}, "/run/utmp", packed(t, open))...)
	got := lines(t, "logins", &Input{Analysis: &model.Analysis{Records: all}})
	want := []string{
		"root|pts/0|203.0.113.77|2026-11-20T07:53:07Z||still logged in||673",
		"reboot|system boot|6.1.0-57-amd64|2026-11-14T08:20:07Z||still running",
		"root|tty1||2026-11-13T08:30:00Z|2026-11-14T08:20:07Z|crash|23:50:07|401",
		"reboot|system boot|6.1.0-56-amd64|2026-11-13T08:20:07Z|2026-11-14T08:20:07Z|crash|1+00:00:00",
		"root|pts/1|2001:db8::7|2026-11-06T07:00:00Z|2026-11-08T08:00:37Z|down|2+01:00:37|400",
		"backup|pts/0|192.0.2.11|2026-11-06T06:51:00Z|2026-11-06T06:51:01Z|logout|00:00:01|360",
		"deploy|pts/0|192.0.2.10|2026-11-06T06:50:31Z|2026-11-06T06:51:00Z|relogin|00:00:29|350",
		"deploy|pts/0|192.0.2.10|2026-11-06T06:45:31Z|2026-11-06T06:45:34Z|logout|00:00:03|349",
		"reboot|system boot|6.1.0-56-amd64|2026-11-03T17:19:57Z|2026-11-08T08:00:37Z|down|4+14:40:40",
		"eve|pts/0|192.0.2.9|2026-11-01T10:00:00Z|2026-11-03T17:19:57Z|crash|2+07:19:57|100",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
