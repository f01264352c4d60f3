package journald

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// Entry is one entry of a journal.
type Entry struct {
	At, Size  int64 // of its object in the file
	Seqnum    uint64
	Realtime  uint64 // microseconds since 1970, UTC
	Monotonic uint64 // microseconds since the boot
	Boot      ID
	// Loose is set for an entry that the header does not count, or no array of
	// entries names: it was found by going from object to object.
	Loose bool

	items []byte
}

const (
	// maxItems are the fields of an entry that are looked at. journald takes
	// 1,024 at most.
	maxItems   = 1024
	maxLooked  = 16      // of them, behind damage, before it is taken for an entry
	maxRefused = 100_000 // objects that look like entries and are none
	maxTime    = 1 << 55 // the times that systemd takes for times, microseconds
)

// Walked is what a walk came upon.
type Walked struct {
	Entries int64 // all that were given
	Loose   int64 // of them
	Damaged int64 // places where an object, or an item of an array, made no sense
	Missing int64 // entries that the header counts and that were not found
	// First is the first damage, nil if there is none.
	First error
}

func (w *Walked) damage(err error) {
	w.Damaged++
	if w.First == nil {
		w.First = err
	}
}

// Walk calls fn for each entry, in the order of the file. It follows the arrays of
// entries; where those are damaged, it goes from object to object until they make
// sense again, and behind the last entry that they name it looks for those that
// were written but not entered. Offsets must grow, so there are no loops, and no
// byte is looked at more often than a few times. An error is one of fn, of ctx, or
// of reading; damage is none.
func (f *File) Walk(ctx context.Context, fn func(*Entry) error) (Walked, error) {
	w := walker{File: f, ctx: ctx, fn: fn, end: int64(f.Size)}
	err := w.linked()
	if err == nil {
		// Entries that the header counts and no array names are looked for in
		// all of the rest; without such, only those that follow at once.
		short := w.listed < f.Entries
		err = w.between(w.end, f.size, w.trouble || short)
	}
	// What follows the last entry may be such that was never counted: then none
	// is missing.
	if n := int64(min(f.Entries, 1<<62)) - w.res.Entries; n > 0 && err == nil {
		w.res.Missing = n
		if w.torn != nil {
			w.res.damage(w.torn)
		}
	}
	return w.res, err
}

type walker struct {
	*File
	ctx context.Context
	fn  func(*Entry) error
	res Walked

	listed  uint64 // entries that arrays named
	end     int64  // of the last entry that was given
	trouble bool   // between it and what follows there may be others
	torn    error  // where the arrays end too early
	steps   int
	refused int
	entry   Entry
	items   []byte
}

func (w *walker) step() error {
	if w.steps++; w.steps&0xfff == 0 {
		return w.ctx.Err()
	}
	return nil
}

// linked follows the arrays of entries.
func (w *walker) linked() error {
	behind := int64(w.Size) // arrays stand in the order in which they were begun
	buf := make([]byte, 4<<10)
	for next := w.EntryArray; next != 0; {
		if next > uint64(w.size) || int64(next) < behind {
			w.lost(fmt.Errorf("array of entries at byte %d: it cannot begin there", next))
			return nil
		}
		o, err := w.object(int64(next))
		if err == nil && (o.kind != typeEntryArray || o.size < arraySize) {
			err = fmt.Errorf("object at byte %d: of type %d, not an array of entries", o.at, o.kind)
		}
		if err == nil {
			err = w.readFull(buf[:8], o.at+objectSize)
		}
		if err != nil {
			w.lost(err)
			return nil
		}
		behind, next = o.next(), binary.LittleEndian.Uint64(buf)
		for at := o.at + arraySize; at+w.slot <= o.end(); {
			n := min(int64(len(buf)), o.end()-at) / w.slot * w.slot
			if err := w.readFull(buf[:n], at); err != nil {
				w.lost(err)
				return nil
			}
			at += n
			more, err := w.named(buf[:n])
			if err != nil || !more {
				return err
			}
		}
	}
	return nil
}

// named gives the entries that items of an array name. It is false at their end.
func (w *walker) named(items []byte) (bool, error) {
	for ; len(items) > 0; items = items[w.slot:] {
		if err := w.step(); err != nil {
			return false, err
		}
		at := uint64(binary.LittleEndian.Uint32(items))
		if w.slot == 8 {
			at = binary.LittleEndian.Uint64(items)
		}
		if at == 0 {
			if w.listed < w.Header.Entries {
				// The end, or a page of the array that had not reached the
				// disk: the entries may stand there all the same.
				w.torn = fmt.Errorf("an array of entries ends after %d of %d", w.listed, w.Header.Entries)
			}
			return false, nil
		}
		if at > uint64(w.size) || int64(at) < w.end {
			w.lost(fmt.Errorf("an array of entries names byte %d, behind byte %d", at, w.end))
			continue
		}
		if err := w.advance(int64(at)); err != nil {
			return false, err
		}
		o, err := w.object(int64(at))
		if err == nil && o.kind != typeEntry {
			err = fmt.Errorf("object at byte %d: of type %d, not an entry", o.at, o.kind)
		}
		if err == nil {
			err = w.readEntry(o)
		}
		if err != nil {
			w.lost(err)
			continue
		}
		if w.trouble {
			if err := w.between(w.end, int64(at), true); err != nil {
				return false, err
			}
			if err := w.advance(int64(at)); err != nil {
				return false, err
			}
			if err := w.readEntry(o); err != nil {
				return false, err
			}
		}
		w.listed++
		if err := w.emitEntry(o, w.listed > w.Header.Entries); err != nil {
			return false, err
		}
	}
	return true, nil
}

// lost notes that the arrays fail at a place.
func (w *walker) lost(err error) {
	w.res.damage(err)
	w.trouble = true
}

func (w *walker) emitEntry(o object, loose bool) error {
	w.entry.Loose = loose
	w.res.Entries++
	if loose {
		w.res.Loose++
	}
	w.end, w.trouble = o.next(), false
	return w.fn(&w.entry)
}

// readEntry reads an entry into w.entry.
func (w *walker) readEntry(o object) error {
	n := (o.size - entrySize) / w.item
	if o.size < entrySize || n < 1 || (o.size-entrySize)%w.item != 0 {
		return fmt.Errorf("entry at byte %d: it has %d bytes", o.at, o.size)
	}
	b, err := w.peek(o.at, entrySize)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	e := &w.entry
	*e = Entry{At: o.at, Size: o.size, Seqnum: le.Uint64(b[16:]), Realtime: le.Uint64(b[24:]), Monotonic: le.Uint64(b[32:]), Boot: ID(b[40:56])}
	if e.Seqnum == 0 || e.Realtime == 0 || e.Realtime >= maxTime || e.Monotonic >= maxTime {
		return fmt.Errorf("entry at byte %d: number %d, time %d, %d since the boot", o.at, e.Seqnum, e.Realtime, e.Monotonic)
	}
	size := int(min(n, maxItems) * w.item)
	if cap(w.items) < size {
		w.items = make([]byte, size)
	}
	e.items = w.items[:size]
	for done := 0; done < size; {
		part, err := w.peek(o.at+entrySize+int64(done), min(size-done, peekLong))
		if err != nil {
			return err
		}
		done += copy(e.items[done:], part)
	}
	return nil
}

// between goes from object to object and gives the entries. Where an object makes
// no sense, it ends, or, if it shall search, goes on at the next that looks like an
// entry.
func (w *walker) between(from, to int64, search bool) error {
	whole := true // the last step was one from object to object
	var gap error // what was passed over since, if it may be damage
	for at := from; at <= to-objectSize; {
		if err := w.step(); err != nil {
			return err
		}
		if err := w.advance(at); err != nil {
			return err
		}
		b, err := w.peek(at, objectSize)
		if err != nil {
			return err
		}
		o, err := w.header(at, b)
		known := err == nil && o.kind <= typeTag && o.end() <= to && b[2]|b[3]|b[4]|b[5]|b[6]|b[7] == 0
		if known && o.kind == typeEntry {
			if !whole {
				if err = w.plausible(o); err != nil {
					if w.refused++; w.refused > maxRefused {
						w.res.damage(fmt.Errorf("too much that looks like entries and is none, up to byte %d", at))
						return nil
					}
				}
			}
			if err == nil {
				err = w.readEntry(o)
			}
			if err == nil {
				if gap != nil {
					w.res.damage(gap)
				}
				if err := w.emitEntry(o, true); err != nil {
					return err
				}
				at, whole, gap = o.next(), true, nil
				continue
			}
			known = false
		}
		if whole && known {
			at = o.next()
			continue
		}
		if !search {
			return nil // the end, torn or not
		}
		if whole {
			if err == nil {
				err = fmt.Errorf("object at byte %d: it makes no sense", at)
			}
			// Zeros are damage if an entry follows, else room for more.
			if binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:]) == 0 {
				gap = err
			} else {
				w.res.damage(err)
			}
		}
		whole = false
		at = w.skip(at + 8)
	}
	return nil
}

// skip passes over what cannot begin an entry, as far as the window goes.
func (w *walker) skip(at int64) int64 {
	const first = typeEntry // its type, no flags, and zeros
	b := w.win.buf[:w.win.n]
	i := at - w.win.at
	if i < 0 {
		return at
	}
	for ; i+8 <= int64(len(b)); i += 8 {
		if binary.LittleEndian.Uint64(b[i:]) == first {
			break
		}
	}
	return w.win.at + i
}

var errImplausible = errors.New("it looks like an entry, but names no data")

// plausible says whether an object can be an entry where no object led to it: of the
// first things it names, at least half are objects with data, for some may be lost
// themselves.
func (w *walker) plausible(o object) error {
	n := min((o.size-entrySize)/w.item, maxLooked)
	if o.size < entrySize || n < 1 {
		return errImplausible
	}
	b, err := w.peek(o.at+entrySize, int(n*w.item))
	if err != nil {
		return err
	}
	e := Entry{items: append(make([]byte, 0, 16*maxLooked), b...)}
	good := int64(0)
	for i := range n {
		if o, err := w.object(w.itemAt(&e, i*w.item)); err == nil && o.kind == typeData && o.size > w.payload {
			good++
		}
	}
	if 2*good < n {
		return errImplausible
	}
	return nil
}

// itemAt gives the offset of the object that the item at byte i of an entry names.
func (f *File) itemAt(e *Entry, i int64) int64 {
	if f.item == 4 {
		return int64(binary.LittleEndian.Uint32(e.items[i:]))
	}
	return int64(min(binary.LittleEndian.Uint64(e.items[i:]), 1<<62))
}
