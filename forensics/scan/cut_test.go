package scan

import (
	"context"
	"errors"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/model"
)

// TestCutIsDecisive: what a flood pushed out of a file stands on the first screen, what
// is merely damaged does not.
func TestCutIsDecisive(t *testing.T) {
	const path = "/etc/cron.d/many"
	files := map[string]string{path: strings.Repeat("0 0 1 1 * root /bin/true\n", 10_001), "/etc/stub/a": "x", "/etc/stub/b": "x"}
	extractors := append(all.Extractors(),
		stub{"damaged", "/etc/stub/a", false, func(context.Context, *artifact.Input, artifact.Emit) error {
			return errors.New("line 1: not whole")
		}},
		stub{"budget", "/etc/stub/b", false, func(context.Context, *artifact.Input, artifact.Emit) error {
			return artifact.ErrBudget
		}})
	res := scanOf(t, imageOf(newTree(files)), extractors, Options{Jobs: 1}, nil)
	var cut []string
	for i := range res.Records {
		if r := &res.Records[i]; r.Get("what") == "autostart_cut" {
			cut = append(cut, r.Source.Path)
		}
	}
	if len(cut) != 1 || cut[0] != path {
		t.Errorf("cut autostart files: %v", cut)
	}
	want := map[string]model.Weight{path: model.Decisive, "/etc/stub/a": model.Partial, "/etc/stub/b": model.Decisive}
	for _, g := range res.Gaps {
		if w, ok := want[g.Source.Path]; ok && g.Subject == model.SubjectExtractor {
			if g.Weight != w {
				t.Errorf("%s: weight %q, want %q", g.Source.Path, g.Weight, w)
			}
			delete(want, g.Source.Path)
		}
	}
	if len(want) > 0 {
		t.Errorf("no gap of %v in %v", want, res.Gaps)
	}
}
