// Package timeline turns what an analysis knows of time into events, in order: the
// times of every file (modified, accessed, changed, created), the times of records,
// the findings, and what the journal says of how files changed. It writes them
// in the formats that other tools import:
//
//	jsonl     one JSON object a line, with the fields that Timesketch asks for
//	          (https://timesketch.org/guides/user/import-from-json-csv/)
//	csv       the same as a table, safe to open in a spreadsheet
//	bodyfile  the times of files, for mactime(1) of The Sleuth Kit 3 and later
//	          (https://wiki.sleuthkit.org/index.php?title=Body_file)
//
// Memory: a file takes about a hundred bytes and its path, whatever the number of
// its events; events are made while they are written. A bodyfile needs no order
// and is written as the walk goes ([Body]).
//
// The order of the events depends on the image alone. Every text from the image is
// escaped as \xNN when it is written, so no line can be broken and no cell
// obeyed.
package timeline

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// The types of events that do not come from a record; those that do have the kind
// of the record as type.
const (
	TypeFile    = "file"
	TypeJournal = "journal.change"
	TypeFinding = "finding"
)

// Event is one moment in the timeline. Texts are bytes as on the disk.
type Event struct {
	Time     filesystem.Time
	Inferred string // what of Time was inferred, empty if nothing
	AtLatest bool   // Time is an upper bound
	Type     string
	// What says what happened at Time: "modified, changed", "logged". MACB is the
	// same as mactime writes it: "m.c.".
	What, MACB string
	Message    string // empty for the times of a file, whose path says it

	Volume, Path, Target string
	Ref                  filesystem.Ref
	State                filesystem.State
	File                 *filesystem.Inode // of the times of a file, else nil
	Line                 int
	DiskOffset           int64 // -1: unknown
	SHA256               string
	Level                model.Level
	Findings             []string
	Records              []string // the one that speaks first, then those that state the same
}

// Timeline gathers events. The zero value is empty and ready.
type Timeline struct {
	volumes []string
	files   files
	other   []Event
	// unnamed are events of the journal by file, of which the path is not known
	// until all files are.
	unnamed map[fileKey][]int
	facts   map[factKey]*fact // of files, until all files are known
	order   []factKey         // of facts
	marks   map[int]*fact     // of the files that are known, by their number
	dropped int
}

type fileKey struct {
	volume uint16
	inode  uint64
}

// maxOther bounds the events that do not come from the times of files.
const maxOther = 4 << 20

func (t *Timeline) volume(id string) uint16 {
	for i, v := range t.volumes {
		if v == id {
			return uint16(i)
		}
	}
	t.volumes = append(t.volumes, id)
	return uint16(len(t.volumes) - 1)
}

// AddFile adds the times of a file. The entry's strings are kept, the inode is not.
func (t *Timeline) AddFile(volume string, e *filesystem.Entry) {
	if e.Inode == nil || e.Err != nil && !e.Inode.Mtime.Known {
		return
	}
	t.files.add(e, t.volume(volume))
}

// AddChange adds what the journal says of a file.
func (t *Timeline) AddChange(volume string, c *filesystem.Change) {
	e := Event{
		Time:       c.Time,
		Type:       TypeJournal,
		What:       "committed",
		Message:    c.What,
		Volume:     volume,
		Ref:        c.Ref,
		DiskOffset: -1,
	}
	if t.add(e) {
		if t.unnamed == nil {
			t.unnamed = make(map[fileKey][]int)
		}
		k := fileKey{t.volume(volume), c.Ref.Inode}
		t.unnamed[k] = append(t.unnamed[k], len(t.other)-1)
	}
}

// Dropped is the number of events for which there was no room.
func (t *Timeline) Dropped() int { return t.dropped }

func (t *Timeline) add(e Event) bool {
	if !e.Time.Known {
		return false
	}
	if len(t.other) >= maxOther {
		t.dropped++
		return false
	}
	t.other = append(t.other, e)
	return true
}

// message writes a record in one line: its kind, and its fields.
func message(r *model.Record) string {
	var b strings.Builder
	b.WriteString(string(r.Kind))
	b.WriteByte(':')
	for i := range r.Fields {
		f, value := &r.Fields[i], r.Fields[i].Text()
		b.WriteByte(' ')
		b.WriteString(f.Name)
		b.WriteByte('=')
		if strings.ContainsAny(value, " ") {
			b.WriteByte('"')
			b.WriteString(value)
			b.WriteByte('"')
		} else {
			b.WriteString(value)
		}
	}
	return b.String()
}

func moment(t time.Time) filesystem.Time {
	if t.IsZero() {
		return filesystem.Time{}
	}
	return filesystem.Unix(t.Unix(), int32(t.Nanosecond()))
}

// Range bounds the events by time; a zero time does not.
type Range struct{ From, To time.Time }

func (r Range) has(t filesystem.Time) bool {
	if !r.From.IsZero() && t.Before(moment(r.From)) {
		return false
	}
	return r.To.IsZero() || t.Before(moment(r.To))
}

var (
	macbLetters        = [4]byte{'m', 'a', 'c', 'b'}
	macbWords          = [4]string{"modified", "accessed", "changed", "created"}
	macbText, macbWhat = macbTables()
)

// macbTables gives, by the set of times that are equal, how mactime and how we write
// it.
func macbTables() (letters, words [16]string) {
	for mask := range 16 {
		b := []byte("....")
		var w []string
		for i := range 4 {
			if mask&(1<<i) != 0 {
				b[i] = macbLetters[i]
				w = append(w, macbWords[i])
			}
		}
		letters[mask], words[mask] = string(b), strings.Join(w, ", ")
	}
	return letters, words
}

// Each calls fn for each event, in order. The event is valid until fn returns.
func (t *Timeline) Each(ctx context.Context, r Range, fn func(*Event) error) error {
	t.name()
	t.settle()
	keys := t.files.keys(r)
	order := make([]int, 0, len(t.other))
	for i := range t.other {
		if r.has(t.other[i].Time) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := t.other[a].Time, t.other[b].Time
		return cmp.Or(cmp.Compare(x.Sec, y.Sec), cmp.Compare(x.Nsec, y.Nsec))
	})
	var (
		e  Event
		in filesystem.Inode
	)
	for n := 0; len(keys) > 0 || len(order) > 0; n++ {
		if n&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(order) > 0 {
			o := &t.other[order[0]]
			if len(keys) == 0 || !filesystem.Unix(keys[0].sec, keys[0].nsec).Before(o.Time) {
				if err := fn(o); err != nil {
					return err
				}
				order = order[1:]
				continue
			}
		}
		t.fileEvent(&e, &in, keys[0])
		keys = keys[1:]
		if err := fn(&e); err != nil {
			return err
		}
	}
	return nil
}

// name gives the events of the journal the paths of their files.
func (t *Timeline) name() {
	if len(t.unnamed) == 0 {
		return
	}
	for n := range t.files.n {
		f := t.files.at(n)
		k := fileKey{f.volume, f.inode}
		for _, n := range t.unnamed[k] {
			if e := &t.other[n]; e.Path == "" || f.version == e.Ref.Version {
				e.Path, e.State = f.path, f.state
			}
		}
	}
	t.unnamed = nil
}
