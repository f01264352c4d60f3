package model

import (
	"regexp"
	"slices"
	"testing"
)

var (
	kindRE      = regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)
	fieldRE     = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	techniqueRE = regexp.MustCompile(`^(T[0-9]{4}(\.[0-9]{3})?)?$`)
)

// TestTableOfKinds: each row is complete and names nothing twice.
func TestTableOfKinds(t *testing.T) {
	kinds := make(map[Kind]bool)
	for _, k := range Kinds() {
		if !kindRE.MatchString(string(k.Kind)) || kinds[k.Kind] || k.From == "" || k.Doc == "" || !techniqueRE.MatchString(k.Technique) {
			t.Errorf("%s: %+v", k.Kind, k)
		}
		kinds[k.Kind] = true
		names := make(map[string]bool)
		for _, f := range slices.Concat(k.Fields, JournalFields()) {
			// What a log states of journals as such has the names of the fields of an entry.
			if !fieldRE.MatchString(f.Name) || names[f.Name] && k.Kind != LogCoverage || f.Doc == "" {
				t.Errorf("%s: the field %q is named so twice, or has no description", k.Kind, f.Name)
			}
			names[f.Name] = true
			if f.Volatile && f.Derived {
				t.Errorf("%s: %s is volatile and derived", k.Kind, f.Name)
			}
			if got := k.Field(f.Name); got == nil || !IsField(f.Name) {
				t.Errorf("%s: %s is not found", k.Kind, f.Name)
			}
		}
		for _, e := range k.Excerpt {
			if !names[e] {
				t.Errorf("%s: the excerpt %q is no field", k.Kind, e)
			}
		}
		stamps := make(map[string]bool)
		for _, s := range k.Times {
			if !fieldRE.MatchString(s.What) || stamps[s.What] || s.Doc == "" || !k.HasTime(s.What) {
				t.Errorf("%s: the stamp %q", k.Kind, s.What)
			}
			stamps[s.What] = true
		}
		if k.Role == Log && len(k.Times) == 0 && k.Kind != HistoryFile {
			t.Errorf("%s states what a log says, without a time", k.Kind)
		}
		if k.Kind.Info().Kind != k.Kind || k.Kind.Technique() != k.Technique {
			t.Errorf("%s is another row", k.Kind)
		}
	}
	if len(kinds) < 70 {
		t.Errorf("%d kinds", len(kinds))
	}
	list := Kinds()
	list[0].Kind = "x.y"
	if Kinds()[0].Kind == "x.y" {
		t.Error("a caller can change the table")
	}
}

// TestKinds: what the table says of single kinds, and of one that it does not have.
func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		kind                    Kind
		autostart, log, account bool
		technique               string
	}{
		{CronJob, true, false, false, "T1053.003"},
		{AtJob, true, false, false, "T1053.002"},
		{AuthLogin, false, true, false, ""},
		{AccountUser, false, false, true, ""},
		{KernelModule, false, false, false, ""},
		{"later.kind", false, false, false, ""},
	} {
		k := tt.kind
		if k.IsAutostart() != tt.autostart || k.IsLog() != tt.log || k.IsAccount() != tt.account || k.Technique() != tt.technique {
			t.Errorf("%s: %t %t %t %s", k, k.IsAutostart(), k.IsLog(), k.IsAccount(), k.Technique())
		}
	}
	none := Kind("later.kind").Info()
	if none != nil || none.Field("user") != nil || none.HasTime("logged") || !none.HasTime("changed") || none.identifies("logged") {
		t.Error("a kind that the table does not have")
	}
	job := CronJob.Info()
	if job.Field("gone") != nil || job.Field("sender").Type != Text || job.HasTime("logged") || !job.HasTime("accessed") || IsField("gone") || !IsField("entry_offset") {
		t.Error("fields and times of cron.job")
	}
	if run := CronRun.Info(); !run.HasTime("last") || run.identifies("last") || !run.identifies("first") {
		t.Error("times of cron.run")
	}
}
