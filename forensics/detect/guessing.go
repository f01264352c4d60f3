package detect

import (
	"cmp"
	"fmt"
	"sort"
	"time"

	"icecore/forensics/model"
)

const (
	fewGuesses    = 10  // below that a row of failures is no finding
	manyGuesses   = 100 // from there on it is a finding of its own if it was still under way
	stillUnderWay = time.Hour
	maxAddresses  = 5 // that a finding lists
)

func guessing() Analysis {
	return Analysis{
		Name: "guessing", Level: Low, Phase: PhaseAccess, Techniques: []string{"T1110.001"},
		Title:          model.Msg("guessing.about"),
		Description:    model.Msg("guessing.about.text"),
		FalsePositives: model.Msg("guessing.benign"),
		run:            (*collection).guessing,
	}
}

// guessing names the addresses from which passwords were guessed, whether or not
// one was right. Every server on the internet sees that: it is low, unless it was
// massive and under way when the snapshot was taken, which is a finding of its own.
func (c *collection) guessing(a *Analysis) {
	var all []*attempts
	for _, x := range c.failures() {
		if x.count >= fewGuesses && !c.guesses[x.peer] {
			all = append(all, x)
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].count != all[j].count {
			return all[i].count > all[j].count
		}
		return cmp.Or(cmp.Compare(all[i].address, all[j].address), cmp.Compare(all[i].host, all[j].host)) < 0
	})
	var quiet []*attempts
	for _, x := range all {
		if x.count >= manyGuesses && !c.in.SnapshotTime.IsZero() && c.in.SnapshotTime.Sub(x.last) < stillUnderWay {
			f := c.guessed(a, []*attempts{x})
			f.Level = Low // nothing came of it yet
			f.Message = model.Msg("guessing.title.now", "address", x.address)
			c.add(f)
			continue
		}
		quiet = append(quiet, x)
	}
	if len(quiet) == 0 {
		return
	}
	f := c.guessed(a, quiet)
	f.Level, f.Message = Low, model.Msg("guessing.title.many", "count", len(quiet))
	if len(quiet) == 1 {
		f.Message = model.Msg("guessing.title", "address", quiet[0].address)
	}
	c.add(f)
}

// guessed begins a finding about the guesses from some addresses, the busiest first.
func (c *collection) guessed(a *Analysis, list []*attempts) Finding {
	f := c.found(a, list[0].recs[0])
	f.When = list[0].recs[0].Stamp("first").When()
	f.When.Time = list[0].first
	f.Records = nil
	count := 0
	first, last := list[0].first, list[0].last
	var names []string
	for _, x := range list {
		count += x.count
		if x.first.Before(first) {
			first = x.first
		}
		if x.last.After(last) {
			last = x.last
		}
		if len(names) < maxAddresses {
			names = append(names, fmt.Sprintf("%s (%d)", x.address, x.count))
		}
		for _, r := range x.recs {
			if len(f.Records) < maxListed {
				f.Records = append(f.Records, r.ID)
			}
		}
	}
	f.Add("guessing.attempts", "count", count, "first", first, "last", last, "addresses", names, "more",
		more(len(list), maxAddresses))
	return f
}
