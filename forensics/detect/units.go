package detect

import (
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

const (
	maxUnits    = 5   // of those that start or enable a unit, named by a finding
	maxOccasion = 200 // bytes of when a timer starts
)

// timerTechnique is ATT&CK's for systemd timers.
const timerTechnique = "T1053.006"

// units adds to a finding about a unit the links that enable it, and the timers and
// paths that start it.
func (c *collection) units() {
	type unit struct{ volume, name string }
	links, starters := make(map[unit][]*model.Record), make(map[unit][]*model.Record)
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Source.State != model.Live {
			continue
		}
		switch r.Kind {
		case model.SystemdEnabled:
			u := unit{r.Source.Volume, template(r.Get("unit"))}
			links[u] = append(links[u], r)
		case model.SystemdUnit:
			for _, t := range r.List("triggers") {
				u := unit{r.Source.Volume, template(t)}
				starters[u] = append(starters[u], r)
			}
		}
	}
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		if rec.Kind != model.SystemdExec || f.Level < Medium {
			continue
		}
		of := unit{rec.Source.Volume, template(rec.Get("unit"))}
		for n, s := range starters[of] {
			if strings.HasSuffix(s.Get("unit"), ".timer") {
				f.Techniques = union(f.Techniques, []string{timerTechnique})
			}
			if n < maxUnits {
				f.list(s.ID)
				f.Details = append(f.Details, model.Msg("unit.started_by", "unit", s.Get("unit"), "occasion",
					occasion(s)))
			}
		}
		var names []string
		for _, l := range links[of] {
			if len(names) < maxUnits {
				names = append(names, l.Source.InHost())
				f.list(l.ID)
			}
		}
		if len(names) > 0 {
			f.Add("unit.enabled", "links", names)
		}
	}
}

// template gives the name of the template of a unit that is an instance of one:
// a@b.service is made from a@.service.
func template(name string) string {
	i, j := strings.IndexByte(name, '@'), strings.LastIndexByte(name, '.')
	if i < 0 || j < i {
		return name
	}
	return name[:i+1] + name[j:]
}

// occasion says when a timer or path starts its unit.
func occasion(r *model.Record) model.Message {
	cut := func(name string) string { return text.Truncate(strings.Join(r.List(name), "; "), maxOccasion) }
	switch {
	case r.Has("on_calendar"):
		return model.Msg("unit.on_calendar", "value", cut("on_calendar"))
	case r.Has("on_active"):
		return model.Msg("unit.on_active", "value", cut("on_active"))
	case r.Has("on_boot"):
		return model.Msg("unit.on_boot", "value", cut("on_boot"))
	case r.Has("on_startup"):
		return model.Msg("unit.on_startup", "value", cut("on_startup"))
	case r.Has("on_inactive"):
		return model.Msg("unit.on_inactive", "value", cut("on_inactive"))
	case r.Has("watches"):
		return model.Msg("unit.watches", "value", cut("watches"))
	}
	return model.Message{}
}
