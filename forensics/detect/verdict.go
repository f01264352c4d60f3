package detect

import (
	"slices"
	"sort"

	"icecore/forensics/model"
)

const maxBecause = 6 // findings that a verdict names

// weights are what the findings of each level come to.
type weights struct {
	critical bool
	high     map[string]bool // the artifacts of findings of level high
	medium   []*model.Finding
	within   bool // one of level medium is about what changed within a window
}

func artifactOf(f *model.Finding) string { return f.Source.Volume + "\x00" + f.Source.Path }

func (w *weights) add(f *model.Finding) {
	switch f.Level {
	case Critical:
		w.critical = true
	case High:
		if w.high == nil {
			w.high = make(map[string]bool)
		}
		w.high[artifactOf(f)] = true
	case Medium:
		w.medium = append(w.medium, f)
	}
}

// compromised: one critical finding, or two high ones about different artifacts.
func (w *weights) compromised() bool { return w.critical || len(w.high) >= 2 }

// suspicious: one high finding, or two medium ones that differ in their rules and in
// their artifacts, or a medium one within a window. Many honest servers have one medium
// one by design, and what one rule takes amiss it takes amiss in each file.
func (w *weights) suspicious() bool {
	if len(w.high) > 0 || w.within {
		return true
	}
	for _, f := range w.medium {
		for _, g := range w.medium[:min(len(w.medium), maxCompared)] {
			if f.Rule != g.Rule && artifactOf(f) != artifactOf(g) {
				return true
			}
		}
	}
	return false
}

// maxCompared bounds with how many findings each of the same level is compared.
const maxCompared = 100

// verdict weighs the findings, which stand in the collection in the same order; it adds to
// one of the user's rules what it did to the time.
//
// The time is the earliest of the findings that carry the verdict. One that only a rule
// of the user's makes counts for the state, but gives the time only where no other does:
// what a rule of unknown quality matches in an old file must not silently change since
// when a server is taken for compromised.
func (c *collection) verdict(findings []model.Finding) model.Verdict {
	v := model.Verdict{State: NoIndicators}
	var w weights
	for i := range findings {
		w.add(&findings[i])
		w.within = w.within || findings[i].Level == Medium && c.findings[i].within
	}
	switch {
	case w.compromised():
		v.State = Compromised
	case w.suspicious():
		v.State = Suspicious
	}
	if v.State == NoIndicators {
		return v
	}
	least := High
	if v.State == Suspicious && len(w.high) == 0 {
		least = Medium
	}
	earliest := since(findings, func(i int) bool { return c.findings[i].rests() >= least })
	if earliest < 0 {
		if earliest = since(findings, func(i int) bool { return findings[i].Level >= least }); earliest >= 0 {
			findings[earliest].Add("verdict.own_rule")
		}
	}
	if earliest >= 0 {
		v.Since, v.SinceFinding = findings[earliest].When, findings[earliest].ID
		for i := range findings {
			f := &findings[i]
			if f.Level >= least && c.findings[i].rests() < least && !f.When.IsZero() &&
				f.When.Time.Before(v.Since.Time) {
				f.Add("verdict.own_rule_earlier")
			}
		}
	}
	v.Because = because(findings, least, earliest)
	return v
}

// since gives the earliest of some findings, -1 where none of them has a time.
func since(findings []model.Finding, counts func(i int) bool) int {
	earliest := -1
	for i := range findings {
		if f := &findings[i]; !f.When.IsZero() && counts(i) &&
			(earliest < 0 || f.When.Time.Before(findings[earliest].When.Time)) {
			earliest = i
		}
	}
	return earliest
}

// because names the findings that carry the verdict: the one that gives its time,
// then the strongest, of each phase and each rule before a second of the same.
func because(findings []model.Finding, least Level, earliest int) []string {
	var picked []int
	take := func(i int) {
		if len(picked) < maxBecause && !slices.Contains(picked, i) {
			picked = append(picked, i)
		}
	}
	if earliest >= 0 {
		take(earliest)
	}
	for _, key := range []func(*model.Finding) string{
		func(f *model.Finding) string { return string(f.Phase) },
		func(f *model.Finding) string { return f.Rule },
		func(f *model.Finding) string { return f.ID },
	} {
		seen := make(map[string]bool)
		for _, i := range picked {
			seen[key(&findings[i])] = true
		}
		for i := range findings { // the most serious come first
			f := &findings[i]
			if f.Level >= least && !seen[key(f)] {
				seen[key(f)] = true
				take(i)
			}
		}
	}
	sort.Ints(picked)
	var out []string
	for _, i := range picked {
		out = append(out, findings[i].ID)
	}
	return out
}
