package detect

import (
	"time"

	"icecore/forensics/model"
)

// raiseWithin raises by one level, once, what changed within a window and has no known
// origin. What is all that a window rests on does not raise itself.
func (c *collection) raiseWithin() {
	hosts := byHost(c.windows)
	if len(hosts) == 0 {
		return
	}
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		w, at := c.within(hosts, rec)
		if w == nil || w.own(refOf(&rec.Source)) {
			continue
		}
		f.within = true
		if f.Level >= Critical || f.Level < Informational || !c.unexplained(rec) {
			continue
		}
		f.Level++
		f.Add("window.raised", "window", w.ID, "time", at, "from", w.From, "until", w.Until)
	}
}

// within gives the window in which the file of a record changed, and when.
func (c *collection) within(hosts map[string][]*window, rec *model.Record) (*window, time.Time) {
	if rec.Kind.IsLog() {
		return nil, time.Time{}
	}
	for _, what := range []string{"changed", "created", "modified"} {
		t := rec.Time(what)
		if w := index(hosts[c.machine(rec.Source.Host)], t.Unix()); w != nil && !t.IsZero() {
			return w, t
		}
	}
	return nil, time.Time{}
}

// unexplained says whether nothing tells who brought a file: neither a package, nor an
// installer, or it is not as they brought it.
func (c *collection) unexplained(rec *model.Record) bool {
	if rec.Source.State != model.Live {
		return true
	}
	if c.installed(rec) {
		return false
	}
	ff := c.lookup(rec.Source.Host, rec.Source.InHost())
	if ff == nil {
		return true
	}
	switch ff.OriginState {
	case "intact", "listed", "inferred":
		return ff.Origin == ""
	}
	return true
}
