package detect

import (
	"slices"

	"icecore/forensics/model"
)

// sigma makes one finding of all rules that match a record: the strongest names
// it, the others are details.
func (c *collection) sigma(rec *model.Record) {
	if c.secondary(rec) {
		return
	}
	matched := c.matcher.match(c.ctx, rec)
	if len(matched) == 0 {
		return
	}
	slices.SortStableFunc(matched, func(a, b *rule) int { return int(b.Level) - int(a.Level) })
	first := matched[0]
	f := c.about(rec)
	f.Engine, f.Rule, f.Level, f.Phase, f.own = EngineSigma, first.Name, first.Level, first.Phase, first.own
	f.Message = model.Msg("rule.title", "rule", first.Name, "title", first.Title)
	if first.Description != "" {
		f.Add("rule.description", "rule", first.Name, "description", first.Description)
	}
	f.Techniques = slices.Clone(first.Techniques)
	for _, x := range matched[1:] {
		f.also(&Finding{
			Finding: model.Finding{Rule: x.Name, Level: x.Level, Message: model.Msg("rule.title", "rule", x.Name,
				"title", x.Title)},
			own: x.own,
		})
		f.Techniques = union(f.Techniques, x.Techniques)
	}
	if why := rec.Get("ignored"); why != "" && f.Level > Low {
		f.Level--
		f.Add("finding.ignored", "reason", why)
	}
	if rec.Kind == model.StartedScript {
		f.Add("finding.started_by", "path", rec.Get("started_by"))
		if by := c.starter(&rec.Source); by != "" {
			f.list(by)
		}
	}
	if t := rec.Time("scheduled"); !t.IsZero() {
		f.Add("finding.scheduled", "time", t)
	}
	if rec.Source.State == model.Deleted && !rec.Kind.IsLog() && f.Level > Low {
		f.Add("finding.deleted")
	}
	c.bySigma[rec.ID] = len(c.findings)
	c.add(f)
}
