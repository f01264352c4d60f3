package detect

import "testing"

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
