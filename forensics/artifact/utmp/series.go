package utmp

import (
	"container/list"
	"sort"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

const (
	seriesGap   = 10 * time.Minute // between two attempts of one series
	maxPeers    = 8192             // open series
	maxNames    = 1000             // users remembered of one series
	maxAllNames = 200_000          // users remembered of all open series
	shownNames  = 10
)

// series are failed logins from one address in a row.
type series struct {
	peer, line  string
	source      artifact.Source
	first, last time.Time
	at          time.Time
	count       int64
	names       map[string]int64
	more        bool
	place       *list.Element
}

// failure counts an entry of btmp.
func (r *reader) failure(e Entry, source artifact.Source) {
	if e.Type != LoginProc && e.Type != UserProcess {
		if e.Type < Empty || e.Type > Accounting {
			r.odd++
		}
		return
	}
	peer := e.Host
	if e.Address.IsValid() {
		peer = e.Address.String()
	}
	s := r.peers[peer]
	if s != nil {
		if d := e.Time.Sub(s.at); d > seriesGap || d < -seriesGap {
			r.closeSeries(s)
			s = nil
		}
	}
	if s == nil {
		for len(r.peers) >= maxPeers || r.names >= maxAllNames {
			r.closeSeries(r.order.Front().Value.(*series))
		}
		s = &series{peer: peer, line: e.Line, source: source, first: e.Time, last: e.Time, names: make(map[string]int64)}
		r.peers[peer] = s
		s.place = r.order.PushBack(s)
	}
	s.at = e.Time
	if e.Time.Before(s.first) {
		s.first = e.Time
	}
	if e.Time.After(s.last) {
		s.last = e.Time
	}
	s.count++
	switch _, ok := s.names[e.User]; {
	case ok:
		s.names[e.User]++
	case len(s.names) < maxNames:
		s.names[e.User] = 1
		r.names++
	default:
		s.more = true
	}
}

func (r *reader) closeSeries(s *series) {
	delete(r.peers, s.peer)
	r.order.Remove(s.place)
	r.names -= len(s.names)
	names := artifact.MostFirst(s.names)
	users := int64(len(names))
	if s.names[""] > 0 {
		users--
	}
	rec := artifact.Record{Kind: model.LoginFailures, Source: s.source, Times: append(stamp("first", s.first), stamp("last", s.last)...)}
	rec.Add("address", s.peer)
	rec.AddInt("count", s.count)
	rec.AddList("users", names[:min(len(names), shownNames)])
	rec.AddInt("user_count", users)
	if s.more {
		rec.AddBool("more_users", true)
	}
	rec.Add("line", s.line)
	if s.count >= telling && r.given[rec.Kind] >= maxRecords {
		if r.big++; r.big > maxTelling {
			r.leftOut++
			return
		}
		r.emit(rec)
		return
	}
	r.emitRecord(rec)
}

// sorted gives the open sessions in the order of the file.
func (r *reader) sorted() []*session {
	out := make([]*session, 0, len(r.open))
	for _, s := range r.open {
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].source.Line < out[j].source.Line })
	return out
}
