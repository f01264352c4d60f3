package twins

import (
	"slices"
	"sort"

	"icecore/forensics/model"
)

// CountOnce gives, of the rows of failures from one address, those that count where
// the journal and a text tell of the same time: of the two the one that has more,
// for one of them may have lost a part, and the journal's where they agree. The others
// become twins.
func (p *Pairs) CountOnce(rows []*model.Record) []*model.Record {
	journal := slices.ContainsFunc(rows, FromJournal)
	if !journal || !slices.ContainsFunc(rows, func(r *model.Record) bool { return !FromJournal(r) }) {
		return rows
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, earlier)
	var out []*model.Record
	for len(rows) > 0 {
		n := 0
		_, end := Span(rows[0])
		for ; n < len(rows); n++ {
			from, to := Span(rows[n])
			if from.After(end.Add(SameMoment)) {
				break
			}
			if to.After(end) {
				end = to
			}
		}
		var counts [2]int64
		var parts [2][]*model.Record
		for _, r := range rows[:n] {
			which := 1
			if FromJournal(r) {
				which = 0
			}
			counts[which] += r.Number("count")
			parts[which] = append(parts[which], r)
		}
		best := 0
		if counts[1] > counts[0] {
			best = 1
		}
		out = append(out, parts[best]...)
		for _, r := range parts[1-best] {
			p.add(r, parts[best][0])
		}
		rows = rows[n:]
	}
	return out
}

// FindAll is Find, and finds the rows of attempts and logins, too, that several logs
// count: the log of sshd, in a text, the journal or both; btmp; wtmp. The log of sshd
// speaks: it says more.
func FindAll(records []model.Record) *Pairs {
	p := Find(records)
	p.failures(records)
	p.sessions(records)
	return p
}

// from is where attempts come from, as a log of one system has it.
type from struct{ system, address string }

// failures pairs the rows of failed logins.
func (p *Pairs) failures(records []model.Record) {
	type row struct {
		from
		kind        model.Kind
		count       int64
		first, last int64
	}
	seen := make(map[row]*model.Record)
	auth, btmp := make(map[from][]*model.Record), make(map[from][]*model.Record)
	for _, state := range []model.State{model.Live, model.Orphan, model.Deleted} {
		for i := range records {
			r := &records[i]
			first, last := Span(r)
			k := from{System(r), r.Get("address")}
			if r.Kind != model.AuthFailures && r.Kind != model.LoginFailures || r.Source.State != state ||
				k.address == "" ||
				first.IsZero() ||
				Elsewhere(r) {
				continue
			}
			// What stands in an older state of a log, or in two of them.
			same := row{k, r.Kind, r.Number("count"), first.UnixNano(), last.UnixNano()}
			if old := seen[same]; old != nil && FromJournal(old) == FromJournal(r) {
				p.add(r, old)
				continue
			}
			seen[same] = r
			if r.Kind == model.AuthFailures {
				auth[k] = append(auth[k], r)
			} else {
				btmp[k] = append(btmp[k], r)
			}
		}
	}
	for k, rows := range auth {
		if len(btmp[k]) == 0 && len(rows) == 1 {
			continue
		}
		rows = slices.Clone(p.CountOnce(rows))
		slices.SortStableFunc(rows, earlier)
		for _, r := range btmp[k] {
			f, l := Span(r)
			// The last row that begins before this one ends: rows of one log are apart.
			n := sort.Search(len(rows), func(i int) bool { b, _ := Span(rows[i]); return b.After(l.Add(SameMoment)) })
			if n == 0 {
				continue
			}
			if _, end := Span(rows[n-1]); !end.Before(f.Add(-SameMoment)) {
				p.add(r, rows[n-1])
			}
		}
	}
}

// sessions pairs the logins of wtmp and utmp with those that sshd logged.
func (p *Pairs) sessions(records []model.Record) {
	key := func(r *model.Record) string {
		return System(r) + "\x00" + r.Get("user") + "\x00" + r.Get("address")
	}
	logged := make(map[string][]*model.Record)
	var sessions []*model.Record
	for i := range records {
		r := &records[i]
		if at, _ := Span(r); at.IsZero() || r.Get("address") == "" || Elsewhere(r) {
			continue
		}
		switch {
		case r.Kind == model.LoginSession:
			sessions = append(sessions, r)
		case r.Kind == model.AuthLogin && !p.Second(r.ID) && !r.Has("sender"):
			logged[key(r)] = append(logged[key(r)], r)
		}
	}
	p.pair(logged, sessions, SameMoment, key)
}
