package detect

import (
	"path"
	"slices"
	"strings"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// A syslog daemon writes into its texts what the journal holds, too: one event, two
// records, which prove one finding and count once. That of the journal speaks, for its
// time is exact and nobody's zone; the other stays among the proof.

// sameMoment is how far the times of the two may be apart: a text may have whole
// seconds, and a moment at which the line was passed on.
const sameMoment = 3 * time.Second

// fromJournal says whether a record was read in a file of the systemd journal.
func fromJournal(r *model.Record) bool { return r.Has("entry_offset") }

// elsewhere says whether a record is about another machine, whose journal this one
// received.
func elsewhere(r *model.Record) bool { return r.Has("remote_host") }

// secondary says whether a record is passed over: another states the same event and
// speaks for both, or the event is of another machine.
func (c *collection) secondary(r *model.Record) bool { return c.twin[r.ID] || elsewhere(r) }

// isTwin notes that a record tells the same as another, which speaks for both.
func (c *collection) isTwin(second, first *model.Record) {
	c.twin[second.ID] = true
	c.twins[first.ID] = append(c.twins[first.ID], second.ID)
}

// system gives the root of the system whose log a record was read from: that of the
// image, or of a container.
func system(r *model.Record) string {
	root, _, _ := strings.Cut(path.Clean(r.Source.Path), "/log/")
	return r.Source.Volume + "\x00" + strings.TrimSuffix(strings.TrimSuffix(root, "/var"), "/run")
}

// oneEvent says whether a record of a kind states one event of a log, or the runs of one
// command of cron, which are compared as one.
func oneEvent(k model.Kind) bool {
	return k == model.CronRun || k.IsLog() && k.Info().HasTime("logged")
}

// sameEvent gives what two records of one event have in common; empty for kinds
// that state several events at once, but for the runs of cron.
func sameEvent(r *model.Record) string {
	if !oneEvent(r.Kind) {
		return ""
	}
	var b strings.Builder
	b.WriteString(string(r.Kind) + "\x00" + system(r))
	for _, f := range r.Fields {
		switch f.Name {
		case "pid", "count", "programs", "urls", "traits", "decoded", "entry_offset", "compressed", "recovered", "sender", "altered", "remote_host":
			continue
		}
		// What a text may have cut, or written otherwise, is not compared.
		v := f.Text()
		if i := strings.IndexFunc(v, func(c rune) bool { return c < ' ' || c == '#' || c == '\\' }); i >= 0 {
			v = v[:i]
		}
		b.WriteString("\x00" + f.Name + "=" + text.Cut(v, 512))
	}
	return b.String()
}

// span gives the times between which a record tells of something.
func span(r *model.Record) (from, to time.Time) {
	if t := r.Time("logged"); !t.IsZero() {
		return t, t
	}
	return r.Time("first"), r.Time("last")
}

// pairLogs finds the records that tell the same event: in a text and in the journal,
// in an older state of the journal and in the one that stands.
func (c *collection) pairLogs() {
	if !slices.ContainsFunc(c.in.Records, func(r model.Record) bool { return fromJournal(&r) }) {
		return
	}
	events := make(map[string][]*model.Record) // of the journal, those that speak
	var second, text []*model.Record
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if from, _ := span(r); elsewhere(r) || from.IsZero() {
			continue
		}
		k := sameEvent(r)
		switch {
		case k == "":
		case !fromJournal(r):
			text = append(text, r)
		case r.Source.State != model.Live:
			second = append(second, r)
		default:
			events[k] = append(events[k], r)
		}
	}
	c.pair(events, second, 0)
	for _, r := range second {
		if !c.twin[r.ID] {
			k := sameEvent(r)
			events[k] = append(events[k], r)
		}
	}
	c.pair(events, text, sameMoment)
}

// pair gives each of the list the record that tells the same event, if there is one
// within a time. One record stands for at most one of each file, but for the runs of
// cron, which are sums.
func (c *collection) pair(events map[string][]*model.Record, list []*model.Record, within time.Duration) {
	type file struct {
		event, volume string
		inode         uint64
		version       uint32
	}
	for _, l := range events {
		slices.SortStableFunc(l, earlier)
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, earlier)
	next := make(map[file]int) // of the events, the first that is not taken
	for _, r := range list {
		k := file{sameEvent(r), r.Source.Volume, r.Source.Inode, r.Source.Version}
		l := events[k.event]
		from, to := span(r)
		i := next[k]
		for ; i < len(l); i++ {
			if _, t := span(l[i]); !t.Before(from.Add(-within)) {
				break
			}
		}
		taken := i < len(l)
		if taken {
			f, _ := span(l[i])
			taken = !f.After(to.Add(within))
		}
		if taken {
			c.isTwin(r, l[i])
		}
		if r.Kind != model.CronRun {
			if next[k] = i; taken {
				next[k]++
			}
		}
	}
}

func earlier(a, b *model.Record) int {
	x, _ := span(a)
	y, _ := span(b)
	return x.Compare(y)
}

// proveTwins names, in each finding, the records that tell the same as those that
// prove it.
func (c *collection) proveTwins() {
	if len(c.twins) == 0 {
		return
	}
	for i := range c.findings {
		f := &c.findings[i]
		for _, id := range f.Records {
			for _, other := range c.twins[id] {
				if len(f.Records) >= maxListed {
					break
				}
				f.list(other)
				// A text may go further back than the journal does.
				if r := c.byID[other]; r.Kind == model.CronRun && f.Source.Path == c.byID[id].Source.Path {
					if s := r.Stamp("first"); !s.Time.IsZero() && f.When.Time.Sub(s.Time) > sameMoment {
						f.When = logged(s)
					}
				}
			}
		}
	}
}

// countOnce takes, of the rows of failures from one address, those that count where
// the journal and a text tell of the same time: of the two the one that has more,
// for one of them may have lost a part, and the journal's where they agree.
func (c *collection) countOnce(rows []*model.Record) []*model.Record {
	journal := slices.ContainsFunc(rows, fromJournal)
	if !journal || !slices.ContainsFunc(rows, func(r *model.Record) bool { return !fromJournal(r) }) {
		return rows
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, earlier)
	var out []*model.Record
	for len(rows) > 0 {
		n := 0
		_, end := span(rows[0])
		for ; n < len(rows); n++ {
			from, to := span(rows[n])
			if from.After(end.Add(sameMoment)) {
				break
			}
			if to.After(end) {
				end = to
			}
		}
		var counts [2]int
		var parts [2][]*model.Record
		for _, r := range rows[:n] {
			which := 1
			if fromJournal(r) {
				which = 0
			}
			counts[which] += number(r.Get("count"))
			parts[which] = append(parts[which], r)
		}
		best := 0
		if counts[1] > counts[0] {
			best = 1
		}
		out = append(out, parts[best]...)
		for _, r := range parts[1-best] {
			c.isTwin(r, parts[best][0])
		}
		rows = rows[n:]
	}
	return out
}
