// Package journald reads the files of the systemd journal: those of the system and
// of users, archived ones, those that were put aside as damaged (*.journal~), and
// those received from other machines. A server without a syslog daemon, as Debian
// is from release 12 on, has no other record of logins; and who empties the logs in
// text often forgets it. The format is described in journald.md.
//
// No record is made of each entry. The messages go through the same recognition as
// those of auth.log (package events) and give the same records, with exact times:
// that at which the message was sent, UTC, microseconds. The programs that wrote
// something are recorded besides.
//
// Records: those of package events, with the fields
//
//	entry_offset   of the ENTRY object in the file. The source's offset is that
//	               of the message itself, which entries with the same message
//	               share
//	compressed     zstd, lz4, xz: how the bytes at the source are packed
//	recovered      yes: the entry is not one that the file's index names
//	sender         program and user id of who sent it, where that is neither
//	               the program in whose name it is written, nor root: anybody
//	               can write in anybody's name
//	altered        yes: the message is not the one that was written there, by the
//	               hash that stands beside it
//	remote_host    the machine it came from, in a journal received from others
//
// and
//
//	journal.program  program (the path that ran), uid, unit, count (entries);
//	                 stamps first and last: a program wrote to the journal
//	log.coverage     entries, bytes, state (online, offline, archived), format,
//	                 first_number, last_number, uptime (at the first), recovered, damaged, missing, unreadable, altered, left_out, empty,
//	                 error; stamps first (earliest) and last (latest): one for
//	                 each file
//
// Memory is bounded: a window of one MiB moves over the file, the last 32,768
// pieces of data are remembered, values are cut, and what is unpacked goes through a
// limit. Each byte is looked at a few times at most. Tags of Forward Secure Sealing
// are passed over: they are not verified.
package journald

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
	"icecore/forensics/syslog/events"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "journald" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"/var/log/journal/*/*.journal", "/var/log/journal/*/*.journal~", "/run/log/journal/*/*.journal", "/run/log/journal/*/*.journal~"}
}

const (
	maxMessage  = 64 << 10
	headMessage = 64 // bytes of a message that decide whether it matters
	maxPrograms = 4096
	maxKeys     = 1 << 20 // bytes of their names
)

// KeepsHoles implements artifact.HoleKeeper: objects name each other by their offsets.
func (Extractor) KeepsHoles() bool { return true }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	x := &extraction{emit: emit, events: events.New(emit), programs: make(map[program]*runs), remote: strings.Contains(in.Path, "/journal/remote/")}
	f, err := Open(in.Content, in.Content.Size())
	if err == nil {
		defer f.close()
		x.f = f
		x.walked, err = f.Walk(ctx, x.entry)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = x.finish(in.Content.Size(), err)
	there := in.Inode == nil || in.Inode.State != filesystem.Deleted
	if err != nil && there && (x.f == nil || 2*x.walked.Missing > int64(x.f.Entries)) {
		return artifact.Cut(err) // what most of the journal says is not known
	}
	return err
}

// program is one that wrote to the journal.
type program struct{ path, uid, unit string }

// runs are the entries of a program.
type runs struct {
	source      artifact.Source
	more        model.Fields
	first, last time.Time
	n, order    int64
}

type extraction struct {
	f      *File
	emit   artifact.Emit
	events *events.Parser
	remote bool
	walked Walked

	programs map[program]*runs
	keys     int

	now        [fields]datum // of the entry at hand
	unreadable int64         // pieces of data
	why        error         // of the first of them
	altered    int64         // messages
	leftOut    int64
	first      time.Time
	last       time.Time
	numbers    [2]uint64 // of the first entry and the last, by their numbers
	uptime     uint64    // at the first, microseconds
}

func (x *extraction) failed(err error) error {
	if errors.Is(err, ErrWork) {
		return err
	}
	if x.unreadable++; x.why == nil {
		x.why = err
	}
	return nil
}

// entry looks at one entry.
func (x *extraction) entry(e *Entry) error {
	logged := moment(e.Realtime)
	if x.first.IsZero() || logged.Before(x.first) {
		x.first = logged
	}
	if logged.After(x.last) {
		x.last = logged
	}
	if x.numbers[0] == 0 || e.Seqnum < x.numbers[0] {
		x.numbers[0], x.uptime = e.Seqnum, e.Monotonic
	}
	x.numbers[1] = max(x.numbers[1], e.Seqnum)
	x.now = [fields]datum{}
	for i := int64(0); i < int64(len(e.items)); i += x.f.item {
		d, err := x.f.datum(x.f.itemAt(e, i))
		if err != nil {
			if err := x.failed(err); err != nil {
				return err
			}
			continue
		}
		if d.field != other && x.now[d.field].at == 0 {
			x.now[d.field] = *d
		}
	}
	// When it was sent is before it was logged, by little.
	if us, err := strconv.ParseUint(x.now[fieldSourceTime].value, 10, 64); err == nil && us > 0 && us < maxTime {
		logged = moment(us)
	}
	x.program(e, logged)
	return x.message(e, logged)
}

func moment(us uint64) time.Time { return time.UnixMicro(int64(us)).UTC() }

// message gives what an entry says to those who know the programs.
func (x *extraction) message(e *Entry, logged time.Time) error {
	d := &x.now[fieldMessage]
	if d.at == 0 {
		return nil
	}
	tag := x.now[fieldIdentifier].value
	if tag == "" {
		tag = x.now[fieldComm].value
	}
	var text []byte
	for _, limit := range []int{headMessage, maxMessage} {
		var err error
		if text, err = x.f.text(d, limit); err != nil {
			return x.failed(err)
		}
		if !events.Concerns(tag, text) {
			return nil
		}
		if len(text) < headMessage {
			break
		}
	}
	message := []byte(strings.TrimLeft(string(text), " ")) // the text is valid until the next reading
	altered, err := x.f.altered(d, maxMessage)
	if errors.Is(err, ErrWork) {
		return err
	}
	source := artifact.Source{Offset: d.from, Length: d.size}
	if d.packed == 0 {
		source.Offset, source.Length = d.from+int64(len("MESSAGE=")), d.size-int64(len("MESSAGE="))
	}
	pid := x.now[fieldPID].value
	if pid == "" {
		pid = x.now[fieldSyslogPID].value
	}
	entry := syslog.Entry{
		Line: artifact.Line{Offset: source.Offset}, Time: logged,
		Host: []byte(x.now[fieldHost].value), Tag: []byte(tag), PID: []byte(pid), Message: message,
	}
	more := x.more(e, d.packed)
	if s := x.sender(tag); s != "" {
		more = append(more, model.Named("sender", s))
	}
	if altered {
		x.altered++
		more = append(more, model.Named("altered", "yes"))
	}
	unit := x.now[fieldUnit].value
	if unit == "" {
		unit = x.now[fieldUserUnit].value
	}
	if unit != "" && events.Manages(tag) {
		x.events.AddUnit(&entry, unit, source, more...)
	} else {
		x.events.Add(&entry, source, more...)
	}
	return nil
}

// more gives the fields that each record from an entry has.
func (x *extraction) more(e *Entry, packed uint8) model.Fields {
	out := model.Fields{model.Named("entry_offset", strconv.FormatInt(e.At, 10))}
	if packed != 0 {
		out = append(out, model.Named("compressed", packing(packed)))
	}
	if e.Loose {
		out = append(out, model.Named("recovered", "yes"))
	}
	if x.remote {
		host := x.now[fieldHost].value
		if host == "" {
			host = "unknown"
		}
		out = append(out, model.Named("remote_host", host))
	}
	return out
}

// sender says who wrote a message in the name of another program, empty if nobody
// did, or root: programs that root runs write in other names for good reasons.
func (x *extraction) sender(tag string) string {
	uid, comm := x.now[fieldUID].value, x.now[fieldComm].value
	if uid == "" || uid == "0" || comm == "" || strings.HasPrefix(tag, comm) || strings.HasPrefix(tag, "("+comm) {
		return ""
	}
	return fmt.Sprintf("%s (uid %s)", comm, uid)
}

// program counts the program that wrote an entry.
func (x *extraction) program(e *Entry, logged time.Time) {
	d := &x.now[fieldExe]
	if d.at == 0 || d.value == "" {
		return
	}
	k := program{d.value, x.now[fieldUID].value, x.now[fieldSystemUnit].value}
	if x.remote {
		return // of another machine
	}
	// Each login has a unit of its own, and each user's manager.
	if strings.HasPrefix(k.unit, "session-") && strings.HasSuffix(k.unit, ".scope") {
		k.unit = "session-*.scope"
	}
	r := x.programs[k]
	if r == nil {
		n := len(k.path) + len(k.uid) + len(k.unit)
		if len(x.programs) >= maxPrograms || x.keys+n > maxKeys {
			x.leftOut++
			return
		}
		x.keys += n
		r = &runs{source: artifact.Source{Offset: d.from, Length: d.size}, more: x.more(e, d.packed), first: logged, last: logged, order: int64(len(x.programs))}
		if d.packed == 0 {
			r.source.Offset, r.source.Length = d.from+int64(len("_EXE=")), d.size-int64(len("_EXE="))
		}
		x.programs[k] = r
	}
	r.n++
	if logged.Before(r.first) {
		r.first = logged
	}
	if logged.After(r.last) {
		r.last = logged
	}
}

func (x *extraction) emitPrograms() {
	names := make([]program, 0, len(x.programs))
	for k := range x.programs {
		names = append(names, k)
	}
	slices.SortFunc(names, func(a, b program) int { return int(x.programs[a].order - x.programs[b].order) })
	for _, k := range names {
		p := x.programs[k]
		r := artifact.Record{Kind: model.JournalProgram, Source: p.source, Times: []artifact.Stamp{{What: "first", Time: p.first}, {What: "last", Time: p.last}}}
		r.Add("program", k.path)
		r.Add("uid", k.uid)
		r.Add("unit", k.unit)
		r.AddInt("count", p.n)
		r.AddFields(p.more)
		x.emit(r)
	}
}

// finish closes what is open and emits the record of the file as a whole. The error is what
// belongs into the coverage.
func (x *extraction) finish(size int64, err error) error {
	left := x.events.Finish() + x.leftOut
	x.emitPrograms()
	w := &x.walked
	r := artifact.Record{Kind: model.LogCoverage}
	r.AddInt("entries", w.Entries)
	r.AddInt("bytes", size)
	if x.f != nil {
		r.Add("state", x.f.State.String())
		r.Add("format", x.f.Features())
	}
	if x.numbers[0] != 0 {
		r.Add("first_number", strconv.FormatUint(x.numbers[0], 10))
		r.Add("last_number", strconv.FormatUint(x.numbers[1], 10))
		r.AddInt("uptime", int64(x.uptime/1e6))
	}
	for _, f := range []struct {
		name string
		n    int64
	}{{"recovered", w.Loose}, {"damaged", w.Damaged}, {"missing", w.Missing}, {"unreadable", x.unreadable}, {"altered", x.altered}, {"left_out", left}} {
		if f.n > 0 {
			r.AddInt(f.name, f.n)
		}
	}
	switch {
	case size == 0:
		r.AddBool("empty", true)
		err = nil
	case err == nil:
		err = x.lost(left)
	}
	if err != nil {
		r.Add("error", err.Error())
	}
	if !x.first.IsZero() {
		r.Times = []artifact.Stamp{{What: "first", Time: x.first}, {What: "last", Time: x.last}}
	}
	x.emit(r)
	return err
}

// lost says what of the file could not be read, nil if all could.
func (x *extraction) lost(left int64) error {
	var said []string
	w := &x.walked
	if w.Missing > 0 {
		said = append(said, fmt.Sprintf("%d of the %d entries that it counts were not found", w.Missing, x.f.Entries))
	}
	if w.Damaged > 0 {
		said = append(said, fmt.Sprintf("damaged at %d places, the first: %v (%d entries were found by going from object to object)", w.Damaged, w.First, w.Loose))
	}
	if x.unreadable > 0 {
		said = append(said, fmt.Sprintf("%d pieces of data could not be read, the first: %v", x.unreadable, x.why))
	}
	if left > 0 {
		said = append(said, fmt.Sprintf("%d events over the bounds are not among the records", left))
	}
	if said == nil {
		return nil
	}
	if left > 0 {
		return artifact.Cut(errors.New(strings.Join(said, "; ")))
	}
	return errors.New(strings.Join(said, "; "))
}
