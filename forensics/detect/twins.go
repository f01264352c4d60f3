package detect

import (
	"icecore/forensics/model"
	"icecore/forensics/twins"
)

// pairLogs finds the records that state the same event, which prove one finding and
// count once. One of them speaks; the others stay among the proof.
func (c *collection) pairLogs() { c.pairs = twins.Find(c.in.Records) }

// secondary says whether a record is passed over: another states the same event and
// speaks for both, or the event is of another machine.
func (c *collection) secondary(r *model.Record) bool {
	return c.pairs.Second(r.ID) || twins.Elsewhere(r)
}

// proveTwins names, in each finding, the records that state the same as those that
// prove it.
func (c *collection) proveTwins() {
	if c.pairs.None() {
		return
	}
	for i := range c.findings {
		f := &c.findings[i]
		for _, id := range f.Records {
			for _, other := range c.pairs.Of(id) {
				if len(f.Records) >= maxListed {
					break
				}
				f.list(other)
				// A text may go further back than the journal does.
				if r := c.byID[other]; r.Kind == model.CronRun && f.Source.Path == c.byID[id].Source.Path {
					if s := r.Stamp("first"); !s.Time.IsZero() && f.When.Time.Sub(s.Time) > twins.SameMoment {
						f.When = s.When()
					}
				}
			}
		}
	}
}
