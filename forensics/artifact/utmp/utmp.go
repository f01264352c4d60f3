// Package utmp reads the binary records of logins: wtmp, btmp and utmp (utmp(5),
// glibc's bits/utmp.h) and lastlog (in the order of the users' numbers), rotated and
// compressed ones too. A record of x86 has 384 bytes, its numbers are little endian, its
// times 32-bit seconds UTC; one of arm64 and s390x has 400 bytes and 64-bit times (292 and
// 296 bytes of lastlog). Which one a file holds, its content says.
//
// Records:
//
//	login.session   user, line (terminal), host (as it was logged), address, pid,
//	                ended (logout, boot, shutdown, open, unknown); stamps login,
//	                logout
//	login.failures  address (or host), count, users (the most frequent ten, by
//	                commas), user_count, more_users, line; stamps first and last:
//	                failed logins from one address, less than ten minutes between
//	                them
//	login.boot      event (boot, shutdown, runlevel, clock set), kernel, runlevel;
//	                stamp logged
//	login.last      uid, line, host; stamp logged
//	log.coverage    entries, bytes, zeroed (records that are nothing but zeros, with
//	                others behind them), zero_tail (such at the end, as a
//	                crash leaves them where a file grew and its content had
//	                not reached the disk),
//	                odd (of no known type), torn (bytes of an incomplete last
//	                record), backwards (records more than a minute older than
//	                the one before), empty (yes), unread (users of lastlog that
//	                were not looked at), left_out, error; stamps first (earliest)
//	                and last (latest): one for each file
//
// Source.Line is the number of the entry, from 1. A record that was cut out of
// such a file leaves no trace in it; one that was overwritten with zeros does.
package utmp

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "utmp" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"/var/log/wtmp", "/var/log/wtmp.*", "/var/log/wtmp-*", "/var/log/btmp", "/var/log/btmp.*", "/var/log/btmp-*", "/var/log/lastlog", "/run/utmp", "/var/run/utmp"}
}

// Types of entries, from utmp(5).
const (
	Empty       = 0
	RunLevel    = 1
	BootTime    = 2
	NewTime     = 3
	OldTime     = 4
	InitProcess = 5
	LoginProc   = 6
	UserProcess = 7
	DeadProcess = 8
	Accounting  = 9
)

// Entry is one entry of utmp, wtmp or btmp. Texts end at their first NUL.
type Entry struct {
	Type     int16
	PID      int32
	Line, ID string
	User     string
	Host     string
	Time     time.Time  // UTC, microseconds
	Address  netip.Addr // the zero Addr where there is none
}

// moment reads seconds, which count on past 2038 as if they had no sign, and
// microseconds.
func moment(sec, usec uint32) time.Time {
	if sec == 0 {
		return time.Time{}
	}
	if usec > 999_999 {
		usec = 0
	}
	return time.Unix(int64(sec), int64(usec)*1000).UTC()
}

func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// KeepsHoles implements artifact.HoleKeeper: entry n stands at n times its size.
func (Extractor) KeepsHoles() bool { return true }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	r := &reader{ctx: ctx, emit: emit, open: make(map[string]*session), peers: make(map[string]*series), given: make(map[model.Kind]int)}
	var err error
	name := path.Base(in.Path)
	if name == "lastlog" {
		err = r.lastlog(in.Content, in.NextData)
	} else {
		err = r.entries(in.Content, in.NextData, strings.HasPrefix(name, "btmp"))
	}
	r.finish(in.Content.Size(), err)
	if err == nil && r.leftOut+r.unread > 0 {
		err = artifact.Cut(fmt.Errorf("%d entries over the bounds are not among the records, %d were not read", r.leftOut, r.unread))
	}
	if err == nil && r.torn > 0 && r.number == 0 {
		err = in.Odd("bytes", r.torn, r.torn)
	}
	if err == nil {
		err = in.Odd("entries", r.odd, r.number)
	}
	return err
}

const (
	maxOpen    = 65_536 // terminals with a session
	maxRecords = 50_000 // of one kind from one file
	telling    = 10     // failures of a series from which on it is kept where a small one is not
	maxTelling = 20_000 // of such
)

// session is a login that has not ended yet.
type session struct {
	entry  Entry
	source artifact.Source
}

type reader struct {
	ctx    context.Context
	emit   artifact.Emit
	member string

	open  map[string]*session // by terminal
	peers map[string]*series
	order list.List // the open series, by their first entries
	names int       // of all open series

	number, zeroed, odd, backwards int64
	zeros                          int64 // the last entries, so far, if they are nothing but zeros
	torn, unread                   int64
	given                          map[model.Kind]int
	leftOut                        int64
	big                            int // series of failures beyond maxRecords
	bytes                          int64
	first, last, prev              time.Time
}

func (r *reader) emitRecord(rec artifact.Record) {
	if r.given[rec.Kind]++; r.given[rec.Kind] > maxRecords {
		r.leftOut++
		return
	}
	r.emit(rec)
}

func stamp(what string, t time.Time) []artifact.Stamp {
	if t.IsZero() {
		return nil
	}
	return []artifact.Stamp{{What: what, Time: t}}
}

// entries reads wtmp, utmp or btmp.
func (r *reader) entries(content *io.SectionReader, next func(int64) int64, failed bool) error {
	data, member, err := syslog.Open(content)
	r.member = member
	if err != nil {
		return err
	}
	defer data.Close()
	l, head := Little, []byte(nil)
	if member == "" {
		l = detect(beginning(content, content.Size(), next))
	} else {
		head = make([]byte, detectWindow)
		n, _ := io.ReadFull(data, head) // an error comes again
		head = head[:n]
		l = detect(head, 0)
	}
	from := io.MultiReader(bytes.NewReader(head), data)
	size := int64(l.Size)
	buf := make([]byte, size)
	for {
		if member == "" && next != nil {
			// Whole entries of a hole are zeros: nobody has to read them.
			if n := (next(r.bytes) - r.bytes) / size; n > 0 {
				r.number, r.zeros, r.bytes = r.number+n, r.zeros+n, r.bytes+n*size
				from = io.NewSectionReader(content, r.bytes, content.Size()-r.bytes)
			}
		}
		if r.number&0xfff == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		n, err := io.ReadFull(from, buf)
		r.bytes += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF) && n > 0:
			// A snapshot, or a full disk, ends a file anywhere. A packed file
			// that ends too early says so by its own error.
			r.torn = int64(n)
			if bytes.Count(buf[:n], []byte{0}) != n {
				r.zeroed, r.zeros = r.zeroed+r.zeros, 0
			}
			if member == "" {
				return nil
			}
			return fmt.Errorf("entry %d: %w", r.number+1, err)
		case err != nil:
			return fmt.Errorf("entry %d: %w", r.number+1, err)
		}
		r.number++
		source := artifact.Source{Line: int(r.number), Offset: (r.number - 1) * size, Length: size, Member: member}
		if bytes.Count(buf, []byte{0}) == len(buf) {
			r.zeros++
			continue
		}
		r.zeroed, r.zeros = r.zeroed+r.zeros, 0
		e, err := l.Parse(buf)
		if err != nil {
			return err
		}
		if r.number == 1 && bytes.HasPrefix(buf, []byte("SQLite format 3")) {
			return errors.New("a database of wtmpdb, not entries of utmp")
		}
		r.seen(e.Time)
		if failed {
			r.failure(e, source)
		} else {
			r.entry(e, source)
		}
	}
}

func (r *reader) seen(t time.Time) {
	if t.IsZero() {
		return
	}
	if r.first.IsZero() || t.Before(r.first) {
		r.first = t
	}
	if t.After(r.last) {
		r.last = t
	}
	if r.prev.Sub(t) > time.Minute {
		r.backwards++
	}
	r.prev = t
}

func (r *reader) entry(e Entry, source artifact.Source) {
	switch e.Type {
	case UserProcess:
		if e.User == "" || e.Line == "" {
			return
		}
		if s := r.open[e.Line]; s != nil {
			r.close(e.Line, s, "unknown", time.Time{})
		}
		if len(r.open) >= maxOpen {
			r.close("", &session{e, source}, "unknown", time.Time{})
			return
		}
		r.open[e.Line] = &session{e, source}
	case DeadProcess:
		if s := r.open[e.Line]; s != nil && e.Line != "" {
			r.close(e.Line, s, "logout", e.Time)
		}
	case BootTime:
		// What was still open ended no later.
		r.closeAll("boot")
		r.boot(e, source, "boot")
	case RunLevel:
		if e.User == "shutdown" || e.Line == "~" && byte(e.PID) == '0' {
			r.closeAll("shutdown")
			r.boot(e, source, "shutdown")
			return
		}
		r.boot(e, source, "runlevel")
	case NewTime:
		r.boot(e, source, "clock set")
	case OldTime, Empty, InitProcess, LoginProc, Accounting:
	default:
		r.odd++
	}
}

func (r *reader) boot(e Entry, source artifact.Source, event string) {
	rec := artifact.Record{Kind: model.LoginBoot, Source: source, Times: stamp("logged", e.Time)}
	rec.Add("event", event)
	if event != "clock set" {
		rec.Add("kernel", e.Host)
	}
	if c := byte(e.PID); e.Type == RunLevel && c > ' ' && c < 0x7f {
		rec.Add("runlevel", string(c))
	}
	r.emitRecord(rec)
}

func (r *reader) closeAll(how string) {
	for _, s := range r.sorted() {
		r.close(s.entry.Line, s, how, time.Time{})
	}
}

func (r *reader) close(line string, s *session, how string, at time.Time) {
	delete(r.open, line)
	rec := artifact.Record{Kind: model.LoginSession, Source: s.source, Times: append(stamp("login", s.entry.Time), stamp("logout", at)...)}
	rec.Add("user", s.entry.User)
	rec.Add("line", s.entry.Line)
	rec.Add("host", s.entry.Host)
	if s.entry.Address.IsValid() {
		rec.Add("address", s.entry.Address.String())
	}
	rec.AddInt("pid", int64(s.entry.PID))
	rec.Add("ended", how)
	r.emitRecord(rec)
}

func (r *reader) finish(size int64, err error) {
	r.closeAll("open")
	for front := r.order.Front(); front != nil; front = r.order.Front() {
		r.closeSeries(front.Value.(*series))
	}
	rec := artifact.Record{Kind: model.LogCoverage, Source: artifact.Source{Member: r.member}}
	rec.AddInt("entries", r.number)
	rec.AddInt("bytes", r.bytes)
	for _, f := range []struct {
		name string
		n    int64
	}{{"zeroed", r.zeroed}, {"zero_tail", r.zeros}, {"odd", r.odd}, {"torn", r.torn}, {"backwards", r.backwards}, {"unread", r.unread}, {"left_out", r.leftOut}} {
		if f.n > 0 {
			rec.AddInt(f.name, f.n)
		}
	}
	if size == 0 {
		rec.AddBool("empty", true)
	}
	if err != nil {
		rec.Add("error", err.Error())
	}
	rec.Times = append(stamp("first", r.first), stamp("last", r.last)...)
	r.emit(rec)
}
