package detect

import (
	"slices"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

// journalNear is how near, before and after a line of a text log, the journal must have
// spoken of logins for its silence to mean something.
const journalNear = 12 * time.Hour

// markText says of each finding that rests on a login which only a text log states, while
// the journal of that time does not: anybody who can write to the log can have put it
// there. A log that was written to later than the last time of its lines can have been
// edited, but so was every log that rotates: that says nothing.
func (c *collection) markText() {
	spoke := make(map[string][]int64) // when the journal of a host stated something of logins
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if twins.FromJournal(r) && !twins.Elsewhere(r) {
			if from, to := twins.Span(r); !from.IsZero() {
				spoke[twins.System(r)] = append(spoke[twins.System(r)], from.Unix(), to.Unix())
			}
		}
	}
	if len(spoke) == 0 {
		return
	}
	for _, l := range spoke {
		slices.Sort(l)
	}
	ends := c.logouts()
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		if rec.Kind != model.AuthLogin || twins.FromJournal(rec) || f.Level < Low {
			continue
		}
		confirmed := false
		for _, id := range c.pairs.Of(rec.ID) {
			confirmed = confirmed || twins.FromJournal(c.byID[id])
		}
		if !confirmed && covered(spoke[twins.System(rec)], rec.Time("logged")) && ends.session(peerOf(rec), rec.Get("user"), rec.Time("logged")) == nil {
			f.Add("login.only_text", "path", rec.Source.InHost())
		}
	}
}

// covered says whether a moment lies between two at which the journal spoke, near to both.
func covered(spoke []int64, at time.Time) bool {
	i, _ := slices.BinarySearch(spoke, at.Unix())
	near := int64(journalNear / time.Second)
	return i > 0 && i < len(spoke) && at.Unix()-spoke[i-1] < near && spoke[i]-at.Unix() < near
}
