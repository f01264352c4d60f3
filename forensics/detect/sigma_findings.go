package detect

import (
	"slices"
	"strings"

	"icecore/forensics/model"
)

// sigma makes one finding of all rules that match a record: the strongest names
// it, the others are details.
func (c *collection) sigma(rec *model.Record) {
	if c.secondary(rec) {
		return
	}
	matched := c.matcher.match(rec)
	if len(matched) == 0 {
		return
	}
	list := make([]counted, len(matched))
	for i, x := range matched {
		list[i] = c.counts(x, rec)
	}
	slices.SortStableFunc(list, func(a, b counted) int { return int(b.level) - int(a.level) })
	first := list[0]
	f := c.about(rec)
	f.Engine, f.Rule, f.Level, f.Phase, f.own = EngineSigma, first.Name, first.level, first.Phase, first.own
	f.Message = model.Msg("rule.title", "rule", first.Name, "title", first.Title)
	if first.Description != "" {
		f.Add("rule.description", "rule", first.Name, "description", first.Description)
	}
	if first.why.ID != "" {
		f.Details = append(f.Details, first.why)
	}
	f.Techniques = slices.Clone(first.Techniques)
	for _, x := range list[1:] {
		f.also(&Finding{
			Finding: model.Finding{Rule: x.Name, Level: x.level, Message: model.Msg("rule.title", "rule", x.Name,
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
	c.state(rec.ID, &f)
}

// counted is a rule that matched, with the level that it has there.
type counted struct {
	*rule
	level Level
	why   model.Message // the level is not the rule's; no id where it is
}

// counts gives the level of a rule over a record. A rule of the user's was written for
// events as they happen; a disk holds years of honest administration. So it is low at most
// over what is as its package installed it, and where its author expects false positives.
func (c *collection) counts(x *rule, rec *model.Record) counted {
	out := counted{rule: x, level: x.Level}
	if !x.own || x.Level <= Low {
		return out
	}
	switch expected := x.expected(); {
	case c.installed(rec):
		out.level, out.why = Low, model.Msg("rule.intact", "level", x.Level.String())
	case expected != "" && x.Level < Critical:
		out.level, out.why = Low, model.Msg("rule.expected", "level", x.Level.String(), "benign", expected)
	}
	return out
}

// notExpected begins what authors write of a rule without known false positives.
var notExpected = []string{"unknown", "unlikely", "none", "very unlikely", "highly unlikely", "no known", "n/a"}

// expected gives the first false positive that the author of a rule expects, empty if none.
func (x *rule) expected() string {
	for _, fp := range x.FalsePositives {
		text := strings.ToLower(strings.TrimSpace(fp))
		if text != "" && !slices.ContainsFunc(notExpected, func(p string) bool { return strings.HasPrefix(text, p) }) {
			return fp
		}
	}
	return ""
}
