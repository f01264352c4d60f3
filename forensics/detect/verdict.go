package detect

import "sort"

// verdict weighs the findings. One critical, or two high ones that rest on
// different artifacts, mean compromised; a high or medium one, suspicious.
func verdict(findings []Finding) Verdict {
	v := Verdict{State: NoIndicators}
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
	least := High
	if v.State == Suspicious && len(high) == 0 {
		least = Medium
	}
	if v.State == NoIndicators {
		return v
	}
	for i := range findings {
		f := &findings[i]
		if f.Level < least {
			continue
		}
		if len(v.Because) < 20 {
			v.Because = append(v.Because, f.ID)
		}
		if !f.Time.IsZero() && (v.Since.IsZero() || f.Time.Before(v.Since)) {
			v.Since, v.SinceInferred = f.Time, f.TimeInferred
		}
	}
	return v
}

// story tells the findings that matter in the order in which they happened; those
// without a time come last.
func story(findings []Finding) []StoryLine {
	var out []StoryLine
	for i := range findings {
		f := &findings[i]
		if f.Level < Medium {
			continue
		}
		t := f.Title
		if f.Source.Path != "" && f.Phase != PhaseAccess {
			t += ": " + f.Source.Path
		}
		out = append(out, StoryLine{f.Time, f.Phase, t, f.ID})
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i].Time, out[j].Time
		if a.IsZero() || b.IsZero() {
			return !a.IsZero() && b.IsZero()
		}
		return a.Before(b)
	})
	return out
}
