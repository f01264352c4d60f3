package model

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestForms: the schema has the members that the forms of the code have, and requires
// those that are always written.
func TestForms(t *testing.T) {
	type object struct {
		Required   []string
		Properties map[string]any
	}
	var root struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	root.Defs["analysis"] = root.object
	for name, form := range map[string]any{
		"analysis": analysisJSON{}, "tool": toolJSON{}, "rules": rulesJSON{}, "image": imageJSON{}, "image_file": imageFileJSON{}, "snapshot": snapshotJSON{},
		"volume": volumeJSON{}, "journal": journalJSON{}, "host": hostJSON{}, "mount": mountJSON{}, "verdict": verdictJSON{}, "finding": findingJSON{}, "source": sourceJSON{}, "message": Message{},
		"record": recordJSON{}, "stamp": stampJSON{}, "story_line": storyJSON{}, "coverage": coverageJSON{}, "gap": gapJSON{},
	} {
		var all, always []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(form)) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if member == "" {
				continue
			}
			all = append(all, member)
			if !strings.HasPrefix(options, "omit") {
				always = append(always, member)
			}
		}
		slices.Sort(all)
		if d := cmp.Diff(all, slices.Sorted(maps.Keys(root.Defs[name].Properties))); d != "" {
			t.Errorf("%s: members of the code (-) and of the schema (+):\n%s", name, d)
		}
		if d := cmp.Diff(always, root.Defs[name].Required, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: members that are always there in the code (-) and in the schema (+):\n%s", name, d)
		}
	}
}
