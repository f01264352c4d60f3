package timeline

import (
	"slices"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/twins"
)

// AddRecords adds the times of records and findings, once each. A record that proves a
// finding carries its level. What several logs state of one event is one event, and so
// are the times of a file, however many rules matched it.
func (t *Timeline) AddRecords(records []model.Record, findings []model.Finding) {
	g := &gatherer{
		t:        t,
		records:  records,
		findings: findings,
		number:   make(map[string]int, len(records)),
		proves:   make(map[string][]int),
		pairs:    twins.FindAll(records),
	}
	for i := range records {
		g.number[records[i].ID] = i
	}
	for i := range findings {
		for _, id := range findings[i].Records {
			g.proves[id] = append(g.proves[id], i)
		}
	}
	for i := range records {
		r := &records[i]
		if info := r.Kind.Info(); info != nil && info.Group == model.GroupFiles && r.Source.Inode != 0 {
			g.fact(r)
		} else {
			g.record(r)
		}
	}
	for i := range findings {
		t.add(ofFinding(&findings[i]))
	}
}

// gatherer is what AddRecords knows of all records.
type gatherer struct {
	t        *Timeline
	records  []model.Record
	findings []model.Finding
	number   map[string]int   // of a record, by its ID
	proves   map[string][]int // the findings that a record proves
	pairs    *twins.Pairs
}

// event is the event of a record, without a time; it names the records that state the
// same, too.
func (g *gatherer) event(r *model.Record) Event {
	e := Event{
		Type: string(
			r.Kind,
		), Message: message(r), Volume: r.Source.Volume, Path: r.Source.Path, Ref: filesystem.Ref{Inode: r.Source.Inode, Version: r.Source.Version}, State: r.Source.State,
		Line: r.Source.Line, DiskOffset: r.Source.DiskOffset, SHA256: r.Source.SHA256, Records: append([]string{r.ID}, g.pairs.Of(r.ID)...),
	}
	for _, id := range e.Records {
		g.proof(&e.Level, &e.Findings, id)
	}
	return e
}

// proof adds the findings that a record proves.
func (g *gatherer) proof(level *model.Level, findings *[]string, id string) {
	for _, n := range g.proves[id] {
		f := &g.findings[n]
		*level = max(*level, f.Level)
		if !slices.Contains(*findings, f.ID) {
			*findings = append(*findings, f.ID)
		}
	}
}

// record adds the times of a record, but for those that the one that speaks for it has.
func (g *gatherer) record(r *model.Record) {
	times := r.Times
	if n, ok := g.number[g.pairs.First(r.ID)]; ok {
		first := &g.records[n]
		times = slices.DeleteFunc(slices.Clone(times), func(s model.Stamp) bool { return states(first, s.Time) })
	}
	if len(times) > 0 {
		g.t.addTimes(times, g.event(r))
	}
}

// addTimes adds an event at each time. Times that are equal make one event, and so do
// those of a row of attempts that took no longer than one.
func (t *Timeline) addTimes(times []model.Stamp, e Event) {
	done := make([]bool, len(times))
	for j, s := range times {
		if done[j] {
			continue
		}
		what := s.What
		for k := j + 1; k < len(times); k++ {
			o := times[k]
			row := s.What == "first" && o.What == "last" && near(s.Time, o.Time)
			if (row || o.Time.Equal(s.Time)) && o.Inferred == s.Inferred {
				done[k] = true
				what += ", " + o.What
			}
		}
		e.Time, e.Inferred, e.What = moment(s.Time), s.Inferred, what
		t.add(e)
	}
}

func near(a, b time.Time) bool { return a.Sub(b).Abs() <= twins.SameMoment }

// states says whether a record has a time that is as good as the one given.
func states(r *model.Record, at time.Time) bool {
	return slices.ContainsFunc(r.Times, func(s model.Stamp) bool { return !s.Time.IsZero() && near(s.Time, at) })
}

// ofFinding is the event of a finding.
func ofFinding(f *model.Finding) Event {
	msg := f.Title
	if f.Excerpt != "" {
		msg += ": " + f.Excerpt
	}
	e := Event{
		Time: moment(
			f.When.Time,
		), Inferred: f.When.Inferred, AtLatest: f.When.Meaning == model.AtLatest, Type: TypeFinding, What: "finding", Message: msg, Volume: f.Source.Volume, Path: f.Source.Path,
		Ref: filesystem.Ref{
			Inode:   f.Source.Inode,
			Version: f.Source.Version,
		}, State: f.Source.State, Line: f.Source.Line, DiskOffset: f.Source.DiskOffset, SHA256: f.Source.SHA256,
		Level: f.Level, Findings: []string{f.ID},
	}
	if f.Source.Volume == "" {
		e.DiskOffset = -1
	}
	return e
}

type factKey struct {
	volume  uint16
	inode   uint64
	version uint32
}

// fact is what records state of a file itself. Its times are those of the file.
type fact struct {
	event Event // of the first record
	times []model.Stamp
}

// fact keeps what a record states of a file, for its events.
func (g *gatherer) fact(r *model.Record) {
	t := g.t
	k := factKey{t.volume(r.Source.Volume), r.Source.Inode, r.Source.Version}
	f := t.facts[k]
	if f == nil {
		if t.facts == nil {
			t.facts = make(map[factKey]*fact)
		}
		f = &fact{event: g.event(r), times: r.Times}
		t.facts[k] = f
		t.order = append(t.order, k)
		return
	}
	f.event.Records = append(f.event.Records, r.ID)
	g.proof(&f.event.Level, &f.event.Findings, r.ID)
}

// settle gives the files what records state of them. Where a file is not known, its
// records tell its times, once; not a time of modification from before it came into
// being, which was set.
func (t *Timeline) settle() {
	if len(t.facts) == 0 {
		return
	}
	found := make(map[factKey]bool)
	for n := range t.files.n {
		f := t.files.at(n)
		k := factKey{f.volume, f.inode, f.version}
		if known := t.facts[k]; known != nil {
			if t.marks == nil {
				t.marks = make(map[int]*fact)
			}
			t.marks[n], found[k] = known, true
		}
	}
	for _, k := range t.order {
		if !found[k] {
			t.addFact(t.facts[k])
		}
	}
	t.facts, t.order = nil, nil
}

func (t *Timeline) addFact(f *fact) {
	var created time.Time
	for _, s := range f.times {
		if s.What == "created" {
			created = s.Time
		}
	}
	t.addTimes(
		slices.DeleteFunc(
			slices.Clone(f.times),
			func(s model.Stamp) bool { return s.What == "modified" && s.Time.Before(created) },
		),
		f.event,
	)
}
