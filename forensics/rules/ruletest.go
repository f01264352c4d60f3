package rules

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"icecore/forensics/content/engine"
	"icecore/forensics/content/facts"
	"icecore/forensics/content/filetype"
	"icecore/forensics/detect"
)

// testTimeout is how long YARA may look at one sample.
const testTimeout = 60 * time.Second

// maxSample is how much of a sample is looked at.
const maxSample = 64 << 20 // bytes

// Result is what became of one expectation on the YARA rules.
type Result struct {
	Sample  string   `json:"sample"` // below the directory of the tests
	Rule    string   `json:"rule"`   // that must, or must not, match; empty: none above low
	Match   bool     `json:"match"`  // it must match
	Passed  bool     `json:"passed"`
	Matched []string `json:"matched"`       // all rules that matched
	Why     string   `json:"why,omitempty"` // of a failure
}

// Results is the outcome of a directory of tests.
type Results struct {
	Tests    []Result `json:"tests"`
	Untested []string `json:"untested"` // rules that no sample is meant for
}

// Failed counts the expectations that were not met.
func (r *Results) Failed() int {
	n := 0
	for i := range r.Tests {
		if !r.Tests[i].Passed {
			n++
		}
	}
	return n
}

// Test runs the YARA rules over the samples of a directory:
//
//	positive/RULE/...   RULE must match each of these files
//	negative/RULE/...   RULE must not match any of these
//	negative/...        no rule above low may match any of these
//	rules/              more rules, see [TestSet]
//
// The path below RULE (below negative) is the path that the rules see.
func Test(ctx context.Context, set *Set, dir string) (*Results, error) {
	if !set.Available() {
		return nil, errors.New(set.Why())
	}
	scanner, err := set.rules.NewScanner(testTimeout)
	if err != nil {
		return nil, err
	}
	defer scanner.Close()
	names := make(map[string]bool)
	for _, r := range set.List() {
		names[r.Name] = true
	}
	out := &Results{}
	meant := make(map[string]bool)
	for _, kind := range []string{"positive", "negative"} {
		files, err := samples(filepath.Join(dir, kind))
		if err != nil {
			return nil, err
		}
		for _, rel := range files {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			t := Result{Sample: filepath.ToSlash(filepath.Join(kind, rel)), Match: kind == "positive"}
			seen := "/" + filepath.ToSlash(rel)
			first, rest, below := strings.Cut(filepath.ToSlash(rel), "/")
			if below && (t.Match || names[first]) {
				t.Rule, seen = first, "/"+rest
			}
			if t.Match {
				meant[t.Rule] = true
			}
			if t.Match && !names[t.Rule] {
				t.Why = "there is no such rule"
				if !below {
					t.Why = "it stands in no directory of a rule"
				}
				out.Tests = append(out.Tests, t)
				continue
			}
			if err := t.run(scanner, filepath.Join(dir, kind, rel), seen); err != nil {
				return nil, err
			}
			out.Tests = append(out.Tests, t)
		}
	}
	if len(out.Tests) == 0 {
		return nil, fmt.Errorf("%s holds no samples: they stand in positive/RULE/ and negative/", dir)
	}
	for _, r := range set.List() {
		if !meant[r.Name] {
			out.Untested = append(out.Untested, r.Name)
		}
	}
	sort.Strings(out.Untested)
	return out, nil
}

func samples(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && p == dir:
			return nil
		case err != nil:
			return err
		case d.Type().IsRegular():
			rel, err := filepath.Rel(dir, p)
			if err != nil {
				return err
			}
			out = append(out, rel)
		}
		return nil
	})
	sort.Strings(out)
	return out, err
}

func (t *Result) run(scanner *engine.Scanner, name, seen string) error {
	b, err := readHostFile(name, maxSample)
	if err != nil {
		return fmt.Errorf("sample %s: %w", t.Sample, err)
	}
	st, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("sample %s: %w", t.Sample, err)
	}
	matches, err := scanner.Scan(b, facts.Of(seen, filetype.Of(b), "", b, st.Size()))
	if err != nil {
		t.Why = err.Error()
		return nil
	}
	hit, high := false, ""
	for _, m := range matches {
		t.Matched = append(t.Matched, m.Name)
		hit = hit || m.Name == t.Rule
		level, err := detect.ParseLevel(m.Level())
		if err != nil {
			level = detect.Medium
		}
		if level > detect.Low && high == "" {
			high = fmt.Sprintf("%s, level %s, matches", m.Name, level)
		}
	}
	switch {
	case t.Rule == "":
		t.Passed, t.Why = high == "", high
	case t.Match:
		t.Passed = hit
		if !hit {
			t.Why = "it does not match"
		}
	default:
		t.Passed = !hit
		if hit {
			t.Why = "it matches"
		}
	}
	return nil
}
