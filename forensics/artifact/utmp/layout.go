package utmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// Layout is how an entry of utmp, wtmp and btmp stands in the file. Its fields have the
// same order everywhere; on machines where long is of 64 bits and whose C library keeps no
// 32-bit times (arm64, s390x), the session and the time take eight bytes each.
type Layout struct {
	Size  int // bytes of an entry
	order binary.ByteOrder
	wide  bool
}

// EntrySize is the size of an entry on x86, which Little is the layout of.
const EntrySize = 384

// Little is the layout of x86, and of most other machines.
var Little = Layout{EntrySize, binary.LittleEndian, false}

// layouts are all of them; where nothing decides, the first one counts.
func layouts() []Layout {
	return []Layout{Little, {400, binary.LittleEndian, true}, {400, binary.BigEndian, true}, {EntrySize, binary.BigEndian, false}}
}

// Parse reads an entry of EntrySize bytes as x86 writes it.
func Parse(b []byte) (Entry, error) { return Little.Parse(b) }

// Parse reads an entry.
func (l Layout) Parse(b []byte) (Entry, error) {
	if len(b) < l.Size {
		return Entry{}, fmt.Errorf("an entry of %d bytes, not %d", len(b), l.Size)
	}
	e := Entry{
		Type: int16(l.order.Uint16(b[0:])),
		PID:  int32(l.order.Uint32(b[4:])),
		Line: text(b[8:40]), ID: text(b[40:44]), User: text(b[44:76]), Host: text(b[76:332]),
	}
	address := b[348:364]
	if l.wide {
		e.Time = wideMoment(l.order.Uint64(b[344:]), l.order.Uint64(b[352:]))
		address = b[360:376]
	} else {
		e.Time = moment(l.order.Uint32(b[340:]), l.order.Uint32(b[344:]))
	}
	var a [16]byte
	copy(a[:], address)
	switch {
	case a == [16]byte{}:
	case bytes.Equal(a[4:], make([]byte, 12)):
		e.Address = netip.AddrFrom4([4]byte(a[:4]))
	default:
		e.Address = netip.AddrFrom16(a).Unmap()
	}
	return e, nil
}

// wideMoment reads seconds and microseconds of 64 bits.
func wideMoment(sec, usec uint64) time.Time {
	if sec > 1<<33 { // the year 2242
		return time.Time{}
	}
	if usec > 999_999 {
		usec = 0
	}
	if sec == 0 {
		return time.Time{}
	}
	return time.Unix(int64(sec), int64(usec)*1000).UTC()
}

// fits says whether bytes look like an entry of the layout that is in use: a known type, a time, texts that are
// nothing but zeros behind their end, microseconds below a million, zeros where nothing
// is kept.
func (l Layout) fits(b []byte) bool {
	if t := int16(l.order.Uint16(b)); t <= Empty || t > Accounting || b[2] != 0 || b[3] != 0 {
		return false
	}
	if !padded(b[8:40]) || !padded(b[44:76]) || !padded(b[76:332]) {
		return false
	}
	var sec, usec uint64
	if l.wide {
		sec, usec = l.order.Uint64(b[344:]), l.order.Uint64(b[352:])
	} else {
		sec, usec = uint64(l.order.Uint32(b[340:])), uint64(l.order.Uint32(b[344:]))
	}
	return sec != 0 && isMoment(sec) && usec < 1_000_000 && bytes.Count(b[l.Size-20:l.Size], []byte{0}) == 20
}

// padded says whether behind the end of a text there are zeros alone.
func padded(b []byte) bool {
	i := bytes.IndexByte(b, 0)
	return i < 0 || bytes.Count(b[i:], []byte{0}) == len(b)-i
}

// isMoment says whether seconds may be those of a log-in: none, or from 1989 to 2242.
func isMoment(sec uint64) bool { return sec == 0 || sec > 600_000_000 && sec < 1<<33 }

// detectWindow is how much of a file is looked at to tell its layout, bytes.
const detectWindow = 64 << 10

// detect tells the layout of entries by a part of the file: that of which most entries fit.
// The part begins at an offset in the file.
func detect(part []byte, off int64) Layout {
	best, most := Little, max(0, score(part, off, EntrySize, Little.fits))
	for _, l := range layouts()[1:] {
		if n := score(part, off, int64(l.Size), l.fits); n > most {
			best, most = l, n
		}
	}
	return best
}

// score counts the entries that fit, less those that do not; it does not ask about zeros.
func score(part []byte, off, size int64, fits func([]byte) bool) int {
	n := 0
	for at := (off+size-1)/size*size - off; at+size <= int64(len(part)); at += size {
		switch e := part[at : at+size]; {
		case bytes.Count(e, []byte{0}) == len(e):
		case fits(e):
			n++
		default:
			n--
		}
	}
	return n
}

// beginning gives the first part of a file that is stored and not zeros alone, and where it
// begins. It looks no further than 16 MiB of stored bytes.
func beginning(content io.ReaderAt, size int64, next func(int64) int64) ([]byte, int64) {
	buf := make([]byte, detectWindow)
	for off, read := int64(0), 0; off < size && read < 256; read++ {
		if next != nil {
			if off = next(off); off >= size {
				break
			}
		}
		n, err := content.ReadAt(buf[:min(int64(len(buf)), size-off)], off)
		if bytes.Count(buf[:n], []byte{0}) != n {
			return buf[:n], off
		}
		if err != nil || n == 0 {
			break
		}
		off += int64(n)
	}
	return nil, 0
}
