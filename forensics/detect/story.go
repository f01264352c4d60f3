package detect

import (
	"slices"
	"sort"

	"icecore/forensics/model"
)

// story lists the findings that matter in the order in which they happened, and at
// the same moment in that in which an intrusion goes; those without a time come
// last.
func (c *collection) story() []model.StoryLine {
	var out []model.StoryLine
	for i := range c.findings {
		f := &c.findings[i]
		if f.Level < Medium {
			continue
		}
		place := ""
		if f.Phase != PhaseAccess {
			place = f.Source.InHost()
		}
		for _, l := range f.lines {
			l.Finding = f.ID
			out = append(out, l)
		}
		out = append(out, model.StoryLine{
			When: f.When, Phase: f.Phase, Finding: f.ID,
			Message: model.Msg("story.finding", "title", f.Message, "path", place),
		})
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
