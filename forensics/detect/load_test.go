package detect

import (
	"strings"
	"testing"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

func TestBuiltinRulesLoad(t *testing.T) {
	r, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("%s: %s", p.File, p.Why)
	}
	names := make(map[string]bool)
	for _, i := range r.List() {
		if names[i.Name] {
			t.Errorf("two rules are named %s", i.Name)
		}
		names[i.Name] = true
		if i.Level == None || i.Title == "" || i.Description == "" || len(i.Techniques) == 0 || len(i.FalsePositives) == 0 {
			t.Errorf("%s lacks a level, title, description, technique or false positives", i.Name)
		}
	}
	if len(names) < 30 {
		t.Errorf("only %d rules", len(names))
	}
}

// TestListFields: a value among several of a field matches, as a field's only value
// does.
func TestListFields(t *testing.T) {
	r := load(t, "title: Own\nname: own\nlogsource: {product: linux, category: cron.job}\n"+
		"detection:\n  selection:\n    traits:\n      - pipe_to_shell\n      - decode_exec\n  condition: selection\nlevel: high\n")
	if len(r.Problems) > 0 {
		t.Fatal(r.Problems)
	}
	for _, tt := range []struct {
		traits string
		match  bool
	}{{"pipe_to_shell", true}, {"fetch,pipe_to_shell", true}, {"fetch,pipe_to_shell,temp_exec", true}, {"fetch", false}, {"fetch,pipe_to_shell_not", false}, {"", false}} {
		rec := model.Record{Kind: "cron.job"}
		rec.Add("command", "x")
		rec.AddFields(modeltest.Fields(rec.Kind, "traits="+tt.traits))
		rules := r.matcher().match(&rec)
		got := false
		for _, x := range rules {
			got = got || x.Name == "own"
		}
		if got != tt.match {
			t.Errorf("traits %q: matched %v, want %v", tt.traits, got, tt.match)
		}
	}
}

// TestLargeRuleFile: a file that is no rule, but something large, is not read.
func TestLargeRuleFile(t *testing.T) {
	for size, want := range map[int]int{maxRuleFile: 0, maxRuleFile + 1: 1} {
		rule := cronRule("Own", "high", "x")
		r := load(t, rule+strings.Repeat("#", size-len(rule)))
		if len(r.Problems) != want || len(r.List()) != 1-want {
			t.Errorf("%d bytes: %d rules, %v", size, len(r.List()), r.Problems)
		}
	}
}
