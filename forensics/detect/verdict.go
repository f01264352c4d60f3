package detect

import (
	"slices"
	"sort"

	"icecore/forensics/model"
)

const maxBecause = 6 // findings that a verdict names

// verdict weighs the findings, which stand in the collection in the same order; it adds to
// one of the user's rules what it did to the time.
//
// One critical, or two high ones that rest on different artifacts, mean compromised; a
// high or medium one, suspicious. The time is the earliest of the findings that carry the
// verdict. One that only a rule of the user's makes counts for the state, but gives the
// time only where no other does: what a rule of unknown quality matches in an old file
// must not silently change since when a server is taken for compromised.
func (c *collection) verdict(findings []model.Finding) model.Verdict {
	v := model.Verdict{State: NoIndicators}
	high := make(map[string]bool)
	for i := range findings {
		f := &findings[i]
		switch {
		case f.Level == Critical:
			v.State = Compromised
		case f.Level == High:
			high[f.Source.Volume+"\x00"+f.Source.Path] = true
			if v.State == NoIndicators {
				v.State = Suspicious
			}
		case f.Level == Medium && v.State == NoIndicators:
			v.State = Suspicious
		}
	}
	if len(high) >= 2 {
		v.State = Compromised
	}
	if v.State == NoIndicators {
		return v
	}
	least := High
	if v.State == Suspicious && len(high) == 0 {
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
