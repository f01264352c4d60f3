package detect

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	sigma "github.com/bradleyjkemp/sigma-go"

	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// recordTable is what records can hold: the tables of kinds and of traits.
type recordTable struct {
	kinds  []model.KindInfo
	traits map[string]bool
}

func readRecordTable() recordTable {
	table := recordTable{model.Kinds(), make(map[string]bool)}
	for _, i := range shell.Traits() {
		table.traits[i.Name] = true
	}
	return table
}

// everyRecord are the fields that a rule may ask of any record.
var everyRecord = map[string]bool{"kind": true, "path": true, "state": true}

// faults says which fields and values of a rule no record can have, so that the rule, or
// a part of it, can never match.
func (table recordTable) faults(r *sigma.Rule) []string {
	var out []string
	kinds := slices.DeleteFunc(slices.Clone(table.kinds), func(k model.KindInfo) bool {
		c := r.Logsource.Category
		return string(k.Kind) != c && !strings.HasPrefix(string(k.Kind), c+".")
	})
	if len(kinds) == 0 {
		return []string{fmt.Sprintf("no kind of record is %q", r.Logsource.Category)}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Detection.Searches)) {
		for _, m := range r.Detection.Searches[name].EventMatchers {
			for _, f := range m {
				has := func(k model.KindInfo) bool { return k.Field(f.Field) != nil }
				if !everyRecord[f.Field] && !slices.ContainsFunc(kinds, has) {
					out = append(out, fmt.Sprintf("no %s has the field %q", r.Logsource.Category, f.Field))
				}
				for _, v := range f.Values {
					v := fmt.Sprint(v)
					switch {
					case f.Field == "kind" && model.Kind(v).Info() == nil:
						out = append(out, fmt.Sprintf("no kind of record is %q", v))
					case f.Field == "traits" && !table.traits[v]:
						out = append(out, fmt.Sprintf("no command has the trait %q", v))
					case f.Field == "what" && kinds[0].Kind == model.FileNotable && !slices.Contains(strings.Split(kinds[0].Field("what").Doc, ", "), v):
						out = append(out, fmt.Sprintf("no file.notable is %q", v))
					case f.Field == "state" && !slices.Contains([]string{"live", "orphan", "deleted"}, v):
						out = append(out, fmt.Sprintf("no record is %q", v))
					}
				}
			}
		}
	}
	return out
}

// TestRuleFields: every field, trait and kind that a built-in rule asks for exists. A
// misspelt one is no error to Sigma: the rule just never matches.
func TestRuleFields(t *testing.T) {
	table := readRecordTable()
	names, err := fs.Glob(builtin, "rules/*.yml")
	if err != nil || len(names) < 30 {
		t.Fatalf("%d rules: %v", len(names), err)
	}
	for _, name := range names {
		b, err := builtin.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sigma.ParseRule(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range table.faults(&r) {
			t.Errorf("%s: %s", name, s)
		}
	}
}

// TestRuleFieldFaults: each misspelling is found by the check itself.
func TestRuleFieldFaults(t *testing.T) {
	table := readRecordTable()
	for _, tt := range []struct{ category, field, want string }{
		{"cron", "traits: fetch", ""},
		{"cron.job", "schedule: '@reboot'", ""},
		{"hook", "module|contains: pam_x", ""},
		{"file.notable", "what: script", ""},
		{"file.notable", "state: [deleted, orphan]", ""},
		{"cron", "kind: cron.run", ""},
		{"cron.jobs", "traits: fetch", `no kind of record is "cron.jobs"`},
		{"cron.job", "trait: fetch", `no cron.job has the field "trait"`},
		{"cron.run", "schedule: '@reboot'", `no cron.run has the field "schedule"`},
		{"cron", "traits: [fetch, fetch_exe]", `no command has the trait "fetch_exe"`},
		{"cron", "kind: cron.runs", `no kind of record is "cron.runs"`},
		{"file.notable", "what: scrip", `no file.notable is "scrip"`},
		{"file.notable", "state: unlinked", `no record is "unlinked"`},
	} {
		r, err := sigma.ParseRule([]byte("title: x\nlogsource: {category: " + tt.category + "}\ndetection:\n  selection:\n    " + tt.field + "\n  condition: selection\n"))
		if err != nil {
			t.Errorf("%s: %v", tt.field, err)
			continue
		}
		if got := strings.Join(table.faults(&r), "; "); got != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.category, tt.field, got, tt.want)
		}
	}
}
