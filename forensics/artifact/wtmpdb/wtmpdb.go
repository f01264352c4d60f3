// Package wtmpdb reads the logins of systems that keep them in SQLite databases instead of
// wtmp and lastlog, as Debian 13 and openSUSE do: wtmpdb(8), rotated databases too, and
// lastlog2(8). Package sqlite reads the databases, with their write-ahead logs.
//
// Records:
//
//	login.session  user, line (terminal), host, address, service, ended (logout, boot,
//	               open); stamps login, logout
//	login.boot     event (boot, shutdown), kernel; stamp logged
//	login.last     user, line, host, service; stamp logged
//	log.coverage   entries, bytes, backwards, odd (of no known type, or that could not
//	               be read), deleted_rows (numbers of wtmp that are missing between the
//	               first and the last), empty, left_out, error; stamps first and last
//
// Times are microseconds of wtmpdb, seconds of lastlog2. The source of a record is its row in
// the database; of one in the write-ahead log the database as a whole.
package wtmpdb

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/content/sqlite"
	"icecore/forensics/model"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "wtmpdb" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"/var/lib/wtmpdb/*.db", "/var/log/wtmp.db", "/var/log/wtmp_*.db", "/var/lib/lastlog/lastlog2.db", "/var/log/lastlog2.db"}
}

// KeepsHoles implements artifact.HoleKeeper: page n stands at n times its size.
func (Extractor) KeepsHoles() bool { return true }

const (
	maxRow     = 64 << 10 // bytes
	maxField   = 4096     // bytes
	maxRecords = 50_000   // of one kind
	maxOpen    = 65_536   // sessions that have not ended yet
)

// Types of rows, from wtmpdb.h.
const (
	empty       = 0
	bootTime    = 1
	runLevel    = 2
	userProcess = 3
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	r := &reader{emit: emit, given: make(map[model.Kind]int)}
	err := r.read(ctx, in)
	r.finish(in.Content.Size(), err)
	if err == nil && r.leftOut > 0 {
		err = artifact.Cut(fmt.Errorf("%d entries over the bounds are not among the records", r.leftOut))
	}
	if err == nil {
		err = in.Odd("entries", r.odd, r.entries)
	}
	return err
}

func (r *reader) read(ctx context.Context, in *artifact.Input) error {
	if in.Content.Size() == 0 {
		return nil // a database that was created, and not written
	}
	var log sqlite.File
	var logErr error
	switch {
	case in.Sibling != nil:
		wal, err := in.Sibling(path.Base(in.Path) + "-wal")
		logErr = err
		if wal != nil {
			log = wal
		}
	case in.Exists != nil && in.Exists(in.Path+"-wal"):
		logErr = errors.New("its write-ahead log was not read")
	}
	db, err := sqlite.Open(ctx, in.Content, log)
	if err != nil {
		return errors.Join(err, logErr)
	}
	table, row := "wtmp", r.session
	if db.Has("Lastlog2") {
		table, row = "Lastlog2", r.last
	}
	if !db.Has(table) {
		return errors.Join(errors.New("a database without the tables of wtmpdb and lastlog2"), logErr)
	}
	names := db.Columns(table)
	err = db.Table(ctx, table, maxRow, func(s sqlite.Row) error {
		r.entries++
		v, err := s.Values(min(len(names), 64))
		if s.Err != nil || err != nil {
			r.odd++
			if r.bad == nil {
				r.bad = errors.Join(s.Err, err)
			}
			return nil
		}
		at := model.Source{}
		if s.Offset >= 0 {
			at = model.Source{Offset: s.Offset, Length: min(int64(len(s.Data)), in.Content.Size()-s.Offset)}
		}
		row(entry{at, s.ID, names, v})
		return nil
	})
	return errors.Join(err, db.LogErr, logErr, r.bad)
}

// entry is a row with the names of its columns.
type entry struct {
	at     model.Source
	id     int64
	names  []string
	values []sqlite.Value
}

func (e *entry) value(name string) sqlite.Value {
	if i := slices.Index(e.names, name); i >= 0 && i < len(e.values) {
		return e.values[i]
	}
	return sqlite.Value{Null: true}
}

func (e *entry) text(name string) string { return string(e.value(name).Bytes) }

// moment reads a time in units of a second's part; zero where there is none, or one beyond
// the year 2242.
func (e *entry) moment(name string, perSecond int64) time.Time {
	n := e.value(name).Number
	if n <= 0 || n/perSecond > 1<<33 {
		return time.Time{}
	}
	return time.Unix(n/perSecond, n%perSecond*(int64(time.Second)/perSecond)).UTC()
}

type reader struct {
	emit  artifact.Emit
	given map[model.Kind]int
	open  []model.Record // sessions without an end

	entries, odd, backwards, leftOut int64
	id, missing                      int64 // of rows of wtmp
	first, latest, prev              time.Time
	bad                              error // of the first row that could not be read
}

func (r *reader) emitRecord(rec model.Record) {
	if r.given[rec.Kind]++; r.given[rec.Kind] > maxRecords {
		r.leftOut++
		return
	}
	r.emit(rec)
}

func stamp(what string, t time.Time) []model.Stamp {
	if t.IsZero() {
		return nil
	}
	return []model.Stamp{{What: what, Time: t}}
}

func (r *reader) seen(t time.Time) {
	if t.IsZero() {
		return
	}
	if r.first.IsZero() || t.Before(r.first) {
		r.first = t
	}
	if t.After(r.latest) {
		r.latest = t
	}
}

// session reads a row of wtmp.
func (r *reader) session(e entry) {
	const microseconds = 1_000_000
	// Numbers are given in order. Those of lastlog2 change with each log-in.
	if r.id > 0 && e.id > r.id+1 {
		r.missing += e.id - r.id - 1
	}
	r.id = e.id
	begun, ended := e.moment("login", microseconds), e.moment("logout", microseconds)
	r.seen(begun)
	r.seen(ended)
	if !begun.IsZero() {
		if r.prev.Sub(begun) > time.Minute {
			r.backwards++
		}
		r.prev = begun
	}
	switch kind := e.value("type"); {
	case kind.Number == bootTime && kind.Bytes == nil:
		r.endAll("boot")
		r.boot(&e, "boot", begun)
		if !ended.IsZero() {
			r.boot(&e, "shutdown", ended)
		}
	case kind.Number == userProcess:
		rec := model.Record{Kind: model.LoginSession, Source: e.at, Times: append(stamp("login", begun), stamp("logout", ended)...)}
		rec.AddCut("user", e.text("user"), maxField)
		rec.AddCut("line", e.text("tty"), maxField)
		rec.AddCut("host", e.text("remotehost"), maxField)
		if a, err := netip.ParseAddr(e.text("remotehost")); err == nil {
			rec.Add("address", a.Unmap().String())
		}
		rec.AddCut("service", e.text("service"), maxField)
		switch {
		case !ended.IsZero():
			rec.Add("ended", "logout")
			r.emitRecord(rec)
		case len(r.open) == maxOpen:
			rec.Add("ended", "unknown")
			r.emitRecord(rec)
		default:
			r.open = append(r.open, rec)
		}
	case kind.Number == empty, kind.Number == runLevel:
	default:
		r.odd++
	}
}

func (r *reader) boot(e *entry, event string, at time.Time) {
	rec := model.Record{Kind: model.LoginBoot, Source: e.at, Times: stamp("logged", at)}
	rec.Add("event", event)
	rec.AddCut("kernel", e.text("remotehost"), maxField)
	r.emitRecord(rec)
}

// endAll gives the sessions that have no end, and how they ended.
func (r *reader) endAll(how string) {
	for i := range r.open {
		r.open[i].Add("ended", how)
		r.emitRecord(r.open[i])
	}
	r.open = nil
}

// last reads a row of Lastlog2.
func (r *reader) last(e entry) {
	at := e.moment("time", 1)
	r.seen(at)
	rec := model.Record{Kind: model.LoginLast, Source: e.at, Times: stamp("logged", at)}
	rec.AddCut("user", e.text("name"), maxField)
	rec.AddCut("line", e.text("tty"), maxField)
	rec.AddCut("host", e.text("remotehost"), maxField)
	rec.AddCut("service", e.text("service"), maxField)
	r.emitRecord(rec)
}

// deleted counts the rows that were deleted, if all that are there could be read.
func (r *reader) deleted() int64 {
	if r.bad != nil || r.missing > 1<<40 {
		return 0
	}
	return r.missing
}

func (r *reader) finish(size int64, err error) {
	r.endAll("open")
	rec := model.Record{Kind: model.LogCoverage}
	rec.AddInt("entries", r.entries)
	rec.AddInt("bytes", size)
	for _, f := range []struct {
		name string
		n    int64
	}{{"odd", r.odd}, {"backwards", r.backwards}, {"left_out", r.leftOut}, {"deleted_rows", r.deleted()}} {
		if f.n > 0 {
			rec.AddInt(f.name, f.n)
		}
	}
	if size == 0 {
		rec.AddBool("empty", true)
	}
	if err != nil {
		rec.AddCut("error", strings.ReplaceAll(err.Error(), "\n", "; "), maxField)
	}
	rec.Times = append(stamp("first", r.first), stamp("last", r.latest)...)
	r.emit(rec)
}
