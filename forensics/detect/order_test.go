package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/model"
)

// TestOrder: the most serious findings come first, then the earliest; those without a time
// last.
func TestOrder(t *testing.T) {
	c := &collection{byID: make(map[string]*model.Record)}
	add := func(rule string, level Level, minute int) {
		f := Finding{Finding: model.Finding{Rule: rule, Level: level}}
		if minute != 0 {
			f.When = model.When{Time: noon.Add(time.Duration(minute) * time.Minute)}
		}
		c.add(f)
	}
	add("low", Low, -9)
	add("aa, later", High, 5)
	add("undated", High, 0)
	add("b", High, 1)
	add("a", High, 1)
	add("critical", Critical, 9)
	var got []string
	for _, f := range c.ordered() {
		got = append(got, f.ID+" "+f.Rule)
	}
	if want := []string{"F-0001 critical", "F-0002 a", "F-0003 b", "F-0004 aa, later", "F-0005 undated", "F-0006 low"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestOrderOfPlaces: findings of one rule and moment stand in the order of their places.
func TestOrderOfPlaces(t *testing.T) {
	c := &collection{byID: make(map[string]*model.Record)}
	for _, s := range []model.Source{{Path: "/b", Inode: 1}, {Path: "/a", Inode: 3, Offset: 9}, {Path: "/a", Inode: 3, Offset: 2}, {Path: "/a", Inode: 2, Offset: 10}, {Volume: "p2", Path: "/0"}} {
		c.add(Finding{Finding: model.Finding{Rule: "x", Level: High, Source: s}})
	}
	var got []string
	for _, f := range c.ordered() {
		got = append(got, fmt.Sprint(f.Source.Volume, f.Source.Path, f.Source.Inode, "+", f.Source.Offset))
	}
	if want := []string{"/a2+10", "/a3+2", "/a3+9", "/b1+0", "p2/00+0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestReplace: of two claims about one record nothing is lost, whichever is the stronger.
func TestReplace(t *testing.T) {
	claim := func(rule string, level Level, record, technique string) Finding {
		f := Finding{Finding: model.Finding{Rule: rule, Level: level, Records: []string{"R-1", record}, Techniques: []string{technique}, Message: model.Msg("rule.title", "title", rule)}}
		f.Add("rule.description", "description", rule)
		return f
	}
	for _, second := range []Level{Low, Medium, High} {
		c := &collection{byRecord: map[string]int{"R-1": 0}, findings: []Finding{claim("first", Medium, "R-2", "T1")}}
		f := claim("second", second, "R-3", "T2")
		if !c.replace("R-1", &f) || c.replace("R-9", &f) {
			t.Fatal("it is not joined with the finding about its record alone")
		}
		got := c.findings[0]
		want, other := "first", "second"
		if second == High {
			want, other = other, want
		}
		if got.Rule != want || len(got.Records) != 3 || len(got.Techniques) != 2 || got.Details[1].Param("rule") != other {
			t.Errorf("%s: %+v", second, got)
		}
		if said := len(got.Details); said != 3 && second != High || said != 2 && second == High {
			t.Errorf("%s: %+v", second, got.Details)
		}
	}
}

// TestProgramPaths: what may be the name of a file, and where that is looked for.
func TestProgramPaths(t *testing.T) {
	for name, want := range map[string]string{
		"/opt/../a": "/a", "updated": "/usr/local/sbin/updated /usr/local/bin/updated /usr/sbin/updated /usr/bin/updated /sbin/updated /bin/updated",
		"": "", ".": "", "..": "", "a b": "", "$A": "", "a*": "", "./a": "", "{a,b}": "", "~a": "", "A=b": "", "a\n": "", strings.Repeat("a", 256): "",
	} {
		if got := strings.Join(ProgramPaths(name), " "); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}

// TestStartedBy: a script that an autostart entry starts names it, and its record.
func TestStartedBy(t *testing.T) {
	s := scene{records: []model.Record{
		record(t, "started.script started_by=/etc/cron.d/a; traits=fetch,pipe_to_shell; path=/opt/a.sh"),
		record(t, "cron.job command=/opt/a.sh; programs=/opt/a.sh; path=/etc/cron.d/a"),
		record(t, "cron.job command=/opt/a.sh; programs=/opt/a.sh; path=/etc/cron.d/b"),
	}}
	f := s.run(t).Findings
	if len(f) != 1 || !slices.Equal(f[0].Records, []string{"R-000001", "R-000002"}) || !strings.Contains(f[0].Description, "Started by /etc/cron.d/a.") {
		t.Errorf("%+v", f)
	}
}
