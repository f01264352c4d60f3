package detect

import (
	"icecore/forensics/model"
	"slices"
	"sort"
)

const maxBecause = 6 // findings that a verdict names

// verdict weighs the findings. One critical, or two high ones that rest on
// different artifacts, mean compromised; a high or medium one, suspicious.
func verdict(findings []model.Finding) model.Verdict {
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
	earliest := -1
	for i := range findings {
		f := &findings[i]
		if f.Level < least || f.When.IsZero() {
			continue
		}
		if v.Since.IsZero() || f.When.Time.Before(v.Since.Time) {
			v.Since, v.SinceFinding, earliest = f.When, f.ID, i
		}
	}
	v.Because = because(findings, least, earliest)
	return v
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

// story tells the findings that matter in the order in which they happened, and at
// the same moment in that in which an intrusion goes; those without a time come
// last.
func (c *collection) story() []model.StoryLine {
	var out []model.StoryLine
	for i := range c.findings {
		f := &c.findings[i]
		if f.Level < Medium {
			continue
		}
		t := f.Title
		if f.Source.Path != "" && f.Phase != PhaseAccess {
			t += ": " + f.Source.Path
		}
		for _, l := range f.lines {
			l.Finding, l.Message = f.ID, model.Msg("text", "text", l.Text)
			out = append(out, l)
		}
		out = append(out, model.StoryLine{When: f.When, Phase: f.Phase, Message: model.Msg("text", "text", t), Text: t, Finding: f.ID})
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		switch {
		case a.When.IsZero() || b.When.IsZero():
			return !a.When.IsZero() && b.When.IsZero()
		case !a.When.Time.Equal(b.When.Time):
			return a.When.Time.Before(b.When.Time)
		}
		return phaseOrder(a.Phase) < phaseOrder(b.Phase)
	})
	return out
}

func phaseOrder(p model.Phase) int { return slices.Index(model.Phases(), p) }
