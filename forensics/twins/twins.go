// Package twins finds the records that state the same event: a syslog daemon writes
// into its texts what the journal holds, too; sshd's log and btmp count the same failed
// logins; an older state of a log repeats the present one. One record speaks, the others
// are its twins: detection proves one finding with all of them and counts once, the
// timeline shows one event that names them all.
//
// Records are known by their short numbers. No record is dropped, and none is twin of
// two. Work is bounded by sorting: no record is held against each other.
package twins

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// SameMoment is how far the times of the two may be apart: a text may have whole
// seconds, and a moment at which the line was passed on.
const SameMoment = 3 * time.Second

// FromJournal says whether a record was read in a file of the systemd journal.
func FromJournal(r *model.Record) bool { return r.Has("entry_offset") }

// Elsewhere says whether a record is about another machine, whose journal this one
// received.
func Elsewhere(r *model.Record) bool { return r.Has("remote_host") }

// System gives the host whose log a record was read from; where that is not known, the
// volume.
func System(r *model.Record) string {
	return cmp.Or(r.Source.Host, r.Source.Volume)
}

// Span gives the times between which a record of a log states something, zero where it
// has none.
func Span(r *model.Record) (from, to time.Time) {
	for _, what := range []string{"logged", "login"} {
		if t := r.Time(what); !t.IsZero() {
			return t, t
		}
	}
	return r.Time("first"), r.Time("last")
}

// Pairs are the records that were found to state the same. The zero value has none.
type Pairs struct {
	first map[string]string   // the record that speaks, by its twin
	twins map[string][]string // the other way
}

// Find gives the records that state the same single event: in a text and in the journal,
// in an older state of the journal and in the one that stands. That of the journal
// speaks: its time is exact and nobody's zone.
func Find(records []model.Record) *Pairs {
	p := &Pairs{}
	if !slices.ContainsFunc(records, func(r model.Record) bool { return FromJournal(&r) }) {
		return p
	}
	events := make(map[string][]*model.Record) // of the journal, those that speak
	var second, text []*model.Record
	for i := range records {
		r := &records[i]
		if from, _ := Span(r); Elsewhere(r) || from.IsZero() {
			continue
		}
		k := sameEvent(r)
		switch {
		case k == "":
		case !FromJournal(r):
			text = append(text, r)
		case r.Source.State != model.Live:
			second = append(second, r)
		default:
			events[k] = append(events[k], r)
		}
	}
	p.pair(events, second, 0, sameEvent)
	for _, r := range second {
		if !p.Second(r.ID) {
			k := sameEvent(r)
			events[k] = append(events[k], r)
		}
	}
	p.pair(events, text, SameMoment, sameEvent)
	return p
}

// Second says whether another record speaks for this one.
func (p *Pairs) Second(id string) bool { return p.first[id] != "" }

// First gives the record that speaks for another, empty if none does.
func (p *Pairs) First(id string) string { return p.first[id] }

// Of gives the twins of a record that speaks, in the order in which they were found.
func (p *Pairs) Of(id string) []string { return p.twins[id] }

// None says whether no record has a twin.
func (p *Pairs) None() bool { return len(p.first) == 0 }

// add notes that a record states the same as another, which speaks for both.
func (p *Pairs) add(second, first *model.Record) {
	if p.first == nil {
		p.first, p.twins = make(map[string]string), make(map[string][]string)
	}
	if second.ID == first.ID || p.first[second.ID] != "" {
		return
	}
	p.first[second.ID] = first.ID
	p.twins[first.ID] = append(p.twins[first.ID], second.ID)
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
	b.WriteString(string(r.Kind) + "\x00" + System(r))
	for i := range r.Fields {
		f := &r.Fields[i]
		switch f.Name {
		case "pid",
			"count",
			"programs",
			"urls",
			"traits",
			"decoded",
			"entry_offset",
			"compressed",
			"recovered",
			"sender",
			"altered",
			"remote_host":
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

// pair gives each of the list the record that states the same event, if there is one
// within a time. One record stands for at most one of each file, but for the runs of
// cron, which are sums.
func (p *Pairs) pair(
	events map[string][]*model.Record,
	list []*model.Record,
	within time.Duration,
	key func(*model.Record) string,
) {
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
		k := file{key(r), r.Source.Volume, r.Source.Inode, r.Source.Version}
		l := events[k.event]
		from, to := Span(r)
		i := next[k]
		for ; i < len(l); i++ {
			if _, t := Span(l[i]); !t.Before(from.Add(-within)) {
				break
			}
		}
		taken := i < len(l)
		if taken {
			f, _ := Span(l[i])
			taken = !f.After(to.Add(within))
		}
		if taken {
			p.add(r, l[i])
		}
		if r.Kind != model.CronRun {
			if next[k] = i; taken {
				next[k]++
			}
		}
	}
}

func earlier(a, b *model.Record) int {
	x, _ := Span(a)
	y, _ := Span(b)
	return x.Compare(y)
}
