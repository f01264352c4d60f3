package journald

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"icecore/forensics/text"
)

// field says which of the fields that matter here a DATA object holds.
type field uint8

const (
	other field = iota
	fieldMessage
	fieldIdentifier
	fieldComm
	fieldPID
	fieldSyslogPID
	fieldSourceTime
	fieldHost
	fieldUID
	fieldExe
	fieldUnit       // that a message of the manager is about
	fieldUserUnit   // the same of a user's manager
	fieldSystemUnit // that the sender belongs to
	fields
)

// fieldNames are those of systemd.journal-fields(7). What begins with an
// underscore was added by journald and cannot be chosen by who sends a message.
var fieldNames = map[string]field{
	"MESSAGE": fieldMessage, "SYSLOG_IDENTIFIER": fieldIdentifier, "_COMM": fieldComm, "_PID": fieldPID, "SYSLOG_PID": fieldSyslogPID,
	"_SOURCE_REALTIME_TIMESTAMP": fieldSourceTime, "_HOSTNAME": fieldHost, "_UID": fieldUID, "_EXE": fieldExe,
	"UNIT": fieldUnit, "USER_UNIT": fieldUserUnit, "_SYSTEMD_UNIT": fieldSystemUnit,
}

const (
	maxName  = 64      // bytes of a field's name, as journald has it
	headSize = 256     // bytes of a payload that are read to know its field
	maxValue = 1 << 10 // bytes of a value that are kept, but for messages
	slots    = 1 << 15 // of the cache of DATA objects
)

// datum is what is remembered of a DATA object.
type datum struct {
	at     int64 // of the object; 0: nothing is remembered here
	field  field
	packed uint8 // how the payload is packed
	from   int64 // where the payload stands
	size   int64 // of the payload, as it stands there
	value  string
}

// ErrWork says that a file was given up because its entries name the same data over
// and over again, as no writer does.
var ErrWork = errors.New("its entries name more data than the file can hold")

// spend counts bytes of work. Data is shared by entries, so it is read more often
// than once, but an entry that names data is itself larger than what is read for
// it. Only a file made to that end needs more.
func (f *File) spend(n int64) error {
	if f.work += n; f.work > 16*f.size+256<<20 {
		return ErrWork
	}
	return nil
}

// datum describes the DATA object at an offset. The result is valid until the next
// call.
func (f *File) datum(at int64) (*datum, error) {
	if f.cache == nil {
		f.cache = make([]datum, slots)
	}
	d := &f.cache[uint64(at)>>3*0x9e3779b97f4a7c15>>(64-15)]
	if d.at == at && at != 0 {
		return d, nil
	}
	o, err := f.dataObject(at)
	if err != nil {
		return nil, err
	}
	n := datum{at: at, packed: o.flags & packedAny, from: at + f.payload, size: o.size - f.payload}
	var head []byte
	if n.packed != 0 {
		head, err = f.unpack(&n, maxValue)
	} else {
		head, err = f.peek(n.from, int(min(n.size, headSize)))
	}
	if err != nil {
		return nil, err
	}
	if err := f.spend(int64(len(head)) + objectSize); err != nil {
		return nil, err
	}
	i := bytes.IndexByte(head[:min(len(head), maxName+1)], '=')
	if i < 0 {
		return nil, fmt.Errorf("data at byte %d: it does not begin with the name of a field", at)
	}
	n.field = fieldNames[string(head[:i])]
	if n.field != other && n.field != fieldMessage {
		if n.packed == 0 && n.size > headSize {
			if head, err = f.peek(n.from, int(min(n.size, maxValue))); err != nil {
				return nil, err
			}
		}
		n.value = strings.Clone(string(head[i+1:]))
	}
	*d = n
	return d, nil
}

func (f *File) dataObject(at int64) (object, error) {
	o, err := f.object(at)
	switch {
	case err != nil:
		return o, fmt.Errorf("data: %w", err)
	case o.kind != typeData:
		return o, fmt.Errorf("object at byte %d: of type %d, not data", at, o.kind)
	case o.size <= f.payload:
		return o, fmt.Errorf("data at byte %d: it has %d bytes", at, o.size)
	}
	return o, nil
}

// text gives the value of a datum, at most limit bytes of it, valid until the next
// call.
func (f *File) text(d *datum, limit int) ([]byte, error) {
	limit += maxName + 1
	var b []byte
	var err error
	switch n := int(min(d.size, int64(limit))); {
	case d.packed != 0:
		b, err = f.unpack(d, limit)
	case n <= peekLong:
		b, err = f.peek(d.from, n)
	default:
		b = f.packed.room(n)
		err = f.readFull(b, d.from)
	}
	if err != nil {
		return nil, err
	}
	if err := f.spend(int64(len(b))); err != nil {
		return nil, err
	}
	_, value, _ := bytes.Cut(b, []byte("="))
	return text.Cut(value, limit-maxName-1), nil
}

// Fields calls fn for each field of an entry, at most limit bytes of its value, in
// the order of its items. What cannot be read is named by the error, after the
// others.
func (f *File) Fields(ctx context.Context, e *Entry, limit int, fn func(name string, value []byte)) error {
	var bad error
	for i := int64(0); i < int64(len(e.items)); i += f.item {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := f.itemAt(e, i)
		o, err := f.dataObject(at)
		var b []byte
		if err == nil {
			d := datum{at: at, packed: o.flags & packedAny, from: at + f.payload, size: o.size - f.payload}
			if d.packed != 0 {
				b, err = f.unpack(&d, limit)
			} else {
				b = f.packed.room(int(min(d.size, int64(limit))))
				err = f.readFull(b, d.from)
			}
		}
		if err != nil {
			bad = errors.Join(bad, err)
			continue
		}
		if name, value, ok := bytes.Cut(b, []byte("=")); ok {
			fn(string(name), value)
		}
	}
	return bad
}
