package events

import (
	"container/list"
	"slices"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
	"icecore/forensics/text"
)

const (
	seriesGap   = 10 * time.Minute // between two attempts of one series
	maxPeers    = 8192             // open series
	maxNames    = 1000             // users remembered of one series
	maxAllNames = 200_000          // users remembered of all open series
	maxProcs    = 128              // processes of one series whose lines may still come
	maxNameLen  = 256
	maxRepeated = 1_000_000
	shownNames  = 10
)

// A hint is the kind of line that states a failure. Several lines may report one
// attempt, in any order; those of one kind and one process report different
// attempts.
type hint int

const (
	failedLine  hint = iota // "Failed password for"
	pamLine                 // "authentication failure;" and "N more authentication failures;"
	invalidLine             // "Invalid user"
	limitLine               // "maximum authentication attempts exceeded"
	hints
)

type failure struct {
	user, address, service string
	hint                   hint
	times                  int64
	// summary is set for a line that sums up, at the end of a connection, what
	// lines above it state. It may come long after them.
	summary bool
}

// process counts the lines of one server process, which serves one connection.
type process struct {
	pid     string
	seen    [hints]int64
	counted int64
	unnamed int64 // of those counted: no line has named the user yet
}

// series are the failures of one address in a row.
type series struct {
	key         string
	address     string
	service     string
	from        origin
	first, last model.Stamp
	at          time.Time // of the line read last
	count       int64
	names       map[string]int64
	moreNames   bool
	proved      bool // somebody logged in from there
	procs       []process
	place       *list.Element
}

// failures holds the open series, the one continued last in front.
type failures struct {
	open  map[string]*series
	order list.List
	names int
}

func newFailures() *failures { return &failures{open: make(map[string]*series)} }

// rest closes all series, the oldest first.
func (f *failures) rest() []*series {
	var out []*series
	for e := f.order.Back(); e != nil; e = e.Prev() {
		out = append(out, e.Value.(*series))
	}
	return out
}

// knows says whether lines of a process were counted in a series that is open.
func (f *failures) knows(address, pid string) bool {
	s := f.open["a"+address]
	return s != nil && slices.ContainsFunc(s.procs, func(p process) bool { return p.pid == pid })
}

func (f *failures) remove(s *series) {
	delete(f.open, s.key)
	f.order.Remove(s.place)
	f.names -= len(s.names)
}

// fail counts a failed attempt.
func (p *Parser) fail(e *syslog.Entry, x failure) {
	if len(x.address) > maxNameLen || x.address == "" && x.service == "" {
		return
	}
	f := p.fails
	if x.summary && !f.knows(x.address, string(e.PID)) {
		return
	}
	// What nobody can continue any more is given in the order of its end.
	for back := f.order.Back(); back != nil; back = f.order.Back() {
		old := back.Value.(*series)
		if len(f.open) < maxPeers && f.names < maxAllNames && e.Time.Sub(old.at) <= seriesGap {
			break
		}
		f.remove(old)
		p.closeSeries(old)
	}
	key := "a" + x.address
	if x.address == "" {
		key = "s" + x.service
	}
	s := f.open[key]
	if s != nil {
		if d := e.Time.Sub(s.at); d > seriesGap || d < -seriesGap {
			f.remove(s)
			p.closeSeries(s)
			s = nil
		}
	}
	if s == nil {
		s = &series{key: strings.Clone(key), from: p.at, first: e.Stamp("first"), last: e.Stamp("last"), names: make(map[string]int64)}
		s.address = s.key[1:]
		if x.address == "" {
			s.address, s.service = "", s.key[1:]
		}
		s.place = f.order.PushFront(s)
		f.open[s.key] = s
	}
	f.order.MoveToFront(s.place)
	s.at = e.Time
	if e.Time.After(s.last.Time) {
		s.last = e.Stamp("last")
	}
	if e.Time.Before(s.first.Time) {
		s.first = e.Stamp("first")
	}
	x.user = text.Cut(x.user, maxNameLen)
	proc := s.process(string(e.PID))
	n := proc.attempts(x.hint, min(max(x.times, 1), maxRepeated), string(e.PID) != "")
	s.count += n
	if x.user == "" {
		proc.unnamed += n
		return
	}
	n += proc.unnamed
	proc.unnamed = 0
	if _, ok := s.names[x.user]; ok {
		s.names[x.user] += n
	} else if len(s.names) < maxNames {
		s.names[strings.Clone(x.user)] = n
		f.names++
	} else {
		s.moreNames = true
	}
}

// process finds the counts of a server process, or begins them.
func (s *series) process(pid string) *process {
	for i := len(s.procs) - 1; i >= 0; i-- {
		if s.procs[i].pid == pid {
			return &s.procs[i]
		}
	}
	if len(s.procs) == maxProcs {
		s.procs = append(s.procs[:0], s.procs[maxProcs/2:]...)
	}
	s.procs = append(s.procs, process{pid: pid})
	return &s.procs[len(s.procs)-1]
}

// attempts says how many new attempts a line reports. A process that has a
// number serves one connection.
func (p *process) attempts(h hint, times int64, numbered bool) int64 {
	if h == limitLine || h == invalidLine && numbered {
		p.seen[h] = 1
	} else {
		p.seen[h] += times
	}
	var most int64
	for _, n := range p.seen {
		most = max(most, n)
	}
	n := most - p.counted
	p.counted = most
	return n
}

func (p *Parser) closeSeries(s *series) {
	names := artifact.MostFirst(s.names)
	r := model.Record{Kind: model.AuthFailures, Source: s.from.source}
	if !s.first.Time.IsZero() {
		r.Times = []model.Stamp{s.first, s.last}
	}
	r.Add("address", s.address)
	r.Add("service", s.service)
	r.AddInt("count", s.count)
	r.AddList("users", names[:min(len(names), shownNames)])
	r.AddInt("user_count", int64(len(names)))
	if s.moreNames {
		r.AddBool("more_users", true)
	}
	p.emitFailures(s, r)
}
