package utmp

import (
	"bytes"
	"container/list"
	"encoding/binary"
	"fmt"
	"io"
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

// Lastlog is an array by user number, full of holes: a user of number four
// thousand million makes it a terabyte long. What is looked at is its beginning,
// where the system's own users are, and its end, which one user made so long.
const (
	lastlogSize = 292
	lastlogHead = 200_000 // users
	lastlogTail = 1_000   // users
	lastlogRead = 1_000   // users at a time
)

// lastlog reads seconds, 32 bytes of terminal and 256 of host for each user.
func (r *reader) lastlog(content *io.SectionReader) error {
	users := content.Size() / lastlogSize
	r.torn = content.Size() % lastlogSize
	if err := r.lastlogRange(content, 0, min(users, lastlogHead)); err != nil {
		return err
	}
	if users > lastlogHead {
		from := max(lastlogHead, users-lastlogTail)
		r.unread = from - lastlogHead
		return r.lastlogRange(content, from, users)
	}
	return nil
}

func (r *reader) lastlogRange(content *io.SectionReader, from, to int64) error {
	buf := make([]byte, lastlogRead*lastlogSize)
	none := make([]byte, lastlogSize)
	for ; from < to; from += lastlogRead {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(to-from, lastlogRead)*lastlogSize]
		if _, err := content.ReadAt(b, from*lastlogSize); err != nil && err != io.EOF {
			return fmt.Errorf("user %d: %w", from, err)
		}
		r.bytes += int64(len(b))
		for i := 0; i < len(b); i += lastlogSize {
			e := b[i : i+lastlogSize]
			if bytes.Equal(e, none) {
				continue
			}
			uid := from + int64(i/lastlogSize)
			r.number++
			at := moment(binary.LittleEndian.Uint32(e), 0)
			r.prev = time.Time{} // the order is that of users
			r.seen(at)
			rec := artifact.Record{Kind: model.LoginLast, Source: artifact.Source{Line: int(uid + 1), Offset: uid * lastlogSize, Length: lastlogSize}, Times: stamp("logged", at)}
			rec.AddInt("uid", uid)
			rec.Add("line", text(e[4:36]))
			rec.Add("host", text(e[36:292]))
			r.emitRecord(rec)
		}
	}
	return nil
}
