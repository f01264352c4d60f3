package syslog

import (
	"bytes"
	"context"
	"io"
	"time"

	"icecore/forensics/artifact"
)

// Entry is one line of a log. The bytes are valid until the next call.
type Entry struct {
	artifact.Line
	Time     time.Time // UTC; zero where the year is unknown
	Inferred string    // as in artifact.Stamp
	Host     []byte
	Tag      []byte // of the program, without its process id
	PID      []byte
	Message  []byte
}

// Stamp gives the entry's time as a record wants it.
func (e *Entry) Stamp(what string) artifact.Stamp {
	return artifact.Stamp{What: what, Time: e.Time, Inferred: e.Inferred}
}

// setBack is the most by which a line's time may lie before that of the line
// above it without a new year having begun between them: clocks are set back,
// and several writers do not keep order. What goes further forward than a year
// less this much is a late line of the year before.
const setBack = 60 * 24 * time.Hour

// Reader reads the lines of one log. Make it with [NewReader].
type Reader struct {
	zone *time.Location
	// year is that of the line read last; known says that it is more than a
	// count.
	year  int
	known bool
	prev  time.Time // the last line's digits, in its own year, as UTC
}

// NewReader prepares to read a log whose last line was written no later than
// written (zero: unknown). It reads text, the log from its beginning, up to the
// first stamp that gives its year; where there is none, to the end.
// An error of text ends this first reading and is not reported: the second will
// meet it again.
func NewReader(ctx context.Context, text io.Reader, written time.Time, zone *time.Location) *Reader {
	if zone == nil {
		zone = time.UTC
	}
	// The years are first counted from an arbitrary leap year.
	const base = 2000
	count := &Reader{zone: zone, year: base, known: true}
	var anchor time.Time // digits of the first stamp with a year
	seen, lastYear := false, base
	var last time.Time
	var leap []int // years, as counted, that have a 29 February
	_ = artifact.Lines(text, func(l artifact.Line) error {
		if l.Number&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		s := readStamp(priority(l.Text))
		switch {
		case s.length == 0:
			return nil
		case s.hasYear:
			anchor = s.at
			if s.hasZone {
				anchor = digitsOf(s.at, zone)
			}
			return io.EOF
		}
		y := count.place(s.at)
		if s.at.Month() == time.February && s.at.Day() == 29 && len(leap) < 16 && (len(leap) == 0 || leap[len(leap)-1] != y) {
			leap = append(leap, y)
		}
		seen, lastYear, last = true, y, s.at
		return nil
	})
	r := &Reader{zone: zone}
	if !seen {
		return r // every stamp gives its year
	}
	end := anchor
	if end.IsZero() {
		if written.IsZero() {
			return r
		}
		end = digitsOf(written, zone)
	}
	year := end.Year()
	if inYear(last, year).After(end.Add(24 * time.Hour)) {
		year--
	}
	r.year, r.known = year-(lastYear-base), true
	if anchor.IsZero() {
		// A file may be written, or restored, years after its last line: a
		// 29 February shows it.
		for back := 0; back < 8 && !leapsFit(leap, r.year-base-back); back++ {
			if leapsFit(leap, r.year-base-back-1) {
				r.year -= back + 1
				break
			}
		}
	}
	return r
}

func leapsFit(years []int, shift int) bool {
	for _, y := range years {
		y += shift
		if y%4 != 0 || y%100 == 0 && y%400 != 0 {
			return false
		}
	}
	return true
}

// digitsOf gives the wall clock of a zone as if it were UTC.
func digitsOf(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func inYear(t time.Time, year int) time.Time {
	return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// place gives the year of a stamp without one, from the line before it.
func (r *Reader) place(at time.Time) int {
	t := inYear(at, r.year)
	if !r.prev.IsZero() {
		switch d := t.Sub(r.prev); {
		case d < -setBack:
			r.year++
			t = inYear(at, r.year)
		case d > 366*24*time.Hour-setBack:
			r.year--
			t = inYear(at, r.year)
		}
	}
	r.prev = t
	return r.year
}

// Read splits a line. It is false for a line that does not begin with a stamp.
// Lines must be given in the order of the file.
func (r *Reader) Read(l artifact.Line) (Entry, bool) {
	b := priority(l.Text)
	e := Entry{Line: l}
	syslog5424 := false
	if len(b) > 2 && len(b) < len(l.Text) && l.Text[len(l.Text)-len(b)-1] == '>' && b[0] == '1' && b[1] == ' ' {
		b, syslog5424 = b[2:], true
	}
	s := readStamp(b)
	if s.length == 0 || s.length < len(b) && b[s.length] != ' ' && b[s.length] != ':' {
		return e, false
	}
	b = bytes.TrimPrefix(b[s.length:], []byte(":"))
	switch {
	case s.hasZone:
		e.Time = s.at
		r.year, r.prev, r.known = digitsOf(s.at, r.zone).Year(), digitsOf(s.at, r.zone), true
	case s.hasYear:
		e.Time, e.Inferred = local(s.at, r.zone), "zone"
		r.year, r.prev, r.known = s.at.Year(), s.at, true
	case r.known:
		e.Time, e.Inferred = local(inYear(s.at, r.place(s.at)), r.zone), "year, zone"
	}
	b = bytes.TrimLeft(b, " ")
	if syslog5424 {
		e.split5424(b)
	} else {
		e.split(b)
	}
	return e, true
}

func local(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone).UTC()
}

// priority steps over a priority that was kept: "<86>", and over zeros that a crash,
// or emptying the file, left in front of a line.
func priority(b []byte) []byte {
	b = bytes.TrimLeft(b, "\x00")
	if len(b) > 2 && b[0] == '<' {
		for i := 1; i < 5 && i < len(b); i++ {
			if b[i] == '>' {
				return b[i+1:]
			}
			if b[i] < '0' || b[i] > '9' {
				break
			}
		}
	}
	return b
}

// split reads "host tag[pid]: message"; the host may be missing. What BusyBox and OpenWrt
// write has the priority before the tag: "auth.info".
func (e *Entry) split(b []byte) {
	word, rest, _ := bytes.Cut(b, []byte(" "))
	if n := len(word); n > 1 && word[n-1] == ':' && bytes.IndexByte(word[:n-1], ':') < 0 || isPriority(word) {
		rest = b
	} else {
		e.Host = word
	}
	rest = bytes.TrimLeft(rest, " ")
	if word, after, ok := bytes.Cut(rest, []byte(" ")); ok && isPriority(word) {
		rest = bytes.TrimLeft(after, " ")
	}
	tag, message, ok := bytes.Cut(rest, []byte(": "))
	if !ok {
		tag, ok = bytes.CutSuffix(rest, []byte(":"))
	}
	if !ok || len(tag) > 256 || bytes.IndexByte(tag, ' ') >= 0 {
		e.Message = rest
		return
	}
	e.Message = bytes.TrimLeft(message, " ")
	if i := bytes.IndexByte(tag, '['); i > 0 && tag[len(tag)-1] == ']' {
		e.PID = tag[i+1 : len(tag)-1]
		tag = tag[:i]
	}
	e.Tag = tag
}

// isPriority says whether a word is a facility and a level of syslog(3): "auth.info".
func isPriority(word []byte) bool {
	facility, level, ok := bytes.Cut(word, []byte("."))
	return ok && facilities[string(facility)] && levels[string(level)]
}

var (
	facilities = setOf("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "security", "console",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7")
	levels = setOf("emerg", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug", "panic")
)

func setOf(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// split5424 reads "host app procid msgid structured-data message" (RFC 5424).
func (e *Entry) split5424(b []byte) {
	var f [4][]byte
	for i := range f {
		f[i], b, _ = bytes.Cut(b, []byte(" "))
	}
	e.Host, e.Tag, e.PID = f[0], f[1], f[2]
	if string(e.PID) == "-" {
		e.PID = nil
	}
	if len(b) > 0 && b[0] == '[' {
		quoted := false
		for i := 1; i < len(b); i++ {
			switch {
			case b[i] == '\\' && quoted:
				i++
			case b[i] == '"':
				quoted = !quoted
			case b[i] == ']' && !quoted && (i+1 == len(b) || b[i+1] == ' '):
				e.Message = bytes.TrimPrefix(bytes.TrimLeft(b[i+1:], " "), []byte("\ufeff"))
				return
			}
		}
	}
	e.Message = bytes.TrimPrefix(bytes.TrimPrefix(b, []byte("- ")), []byte("\ufeff"))
}
