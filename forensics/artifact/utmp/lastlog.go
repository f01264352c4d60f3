package utmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

// Lastlog is an array by user number, full of holes: a user of number four
// thousand million makes it a terabyte long. What is looked at is its beginning,
// where the system's own users are, and its end, which one user made so long.
const (
	lastlogSize = 292     // of x86
	lastlogHead = 200_000 // users
	lastlogTail = 1_000   // users
	lastlogRead = 1_000   // users at a time
)

// lastLayout is how a user's entry stands in lastlog: seconds, 32 bytes of terminal and 256
// of host. The seconds have 64 bits where those of utmp have.
type lastLayout struct {
	size  int64
	order binary.ByteOrder
}

func lastLayouts() []lastLayout {
	return []lastLayout{{lastlogSize, binary.LittleEndian}, {296, binary.LittleEndian}, {296, binary.BigEndian}, {lastlogSize, binary.BigEndian}}
}

// split gives the parts of an entry.
func (l lastLayout) split(e []byte) (sec uint64, line, host []byte) {
	if l.size == lastlogSize {
		return uint64(l.order.Uint32(e)), e[4:36], e[36:292]
	}
	return l.order.Uint64(e), e[8:40], e[40:296]
}

func (l lastLayout) fits(e []byte) bool {
	sec, line, host := l.split(e)
	return sec != 0 && isMoment(sec) && padded(line) && padded(host)
}

// detectLast tells the layout by the first part of the file, else by its end.
func detectLast(content *io.SectionReader, next func(int64) int64) lastLayout {
	part, off := beginning(content, content.Size(), next)
	if part == nil {
		off = max(0, content.Size()-detectWindow)
		part = make([]byte, content.Size()-off)
		if _, err := content.ReadAt(part, off); err != nil && err != io.EOF {
			return lastLayouts()[0] // it is met again
		}
	}
	best := lastLayouts()[0]
	most := max(0, score(part, off, best.size, best.fits))
	for _, l := range lastLayouts()[1:] {
		if n := score(part, off, l.size, l.fits); n > most {
			best, most = l, n
		}
	}
	return best
}

// lastlog reads an entry for each user.
func (r *reader) lastlog(content *io.SectionReader, next func(int64) int64) error {
	l := detectLast(content, next)
	users := content.Size() / l.size
	r.torn = content.Size() % l.size
	if err := r.lastlogRange(content, l, 0, min(users, lastlogHead)); err != nil {
		return err
	}
	if users > lastlogHead {
		from := max(lastlogHead, users-lastlogTail)
		r.unread = from - lastlogHead
		return r.lastlogRange(content, l, from, users)
	}
	return nil
}

func (r *reader) lastlogRange(content *io.SectionReader, l lastLayout, from, to int64) error {
	size := l.size
	buf := make([]byte, lastlogRead*size)
	none := make([]byte, size)
	for ; from < to; from += lastlogRead {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(to-from, lastlogRead)*size]
		if _, err := content.ReadAt(b, from*size); err != nil && err != io.EOF {
			return fmt.Errorf("user %d: %w", from, err)
		}
		r.bytes += int64(len(b))
		for i := int64(0); i < int64(len(b)); i += size {
			e := b[i : i+size]
			if bytes.Equal(e, none) {
				continue
			}
			uid := from + i/size
			r.number++
			sec, line, host := l.split(e)
			at := wideMoment(sec, 0)
			r.prev = time.Time{} // the order is that of users
			r.seen(at)
			rec := artifact.Record{Kind: model.LoginLast, Source: artifact.Source{Line: int(uid + 1), Offset: uid * size, Length: size}, Times: stamp("logged", at)}
			rec.AddInt("uid", uid)
			rec.Add("line", text(line))
			rec.Add("host", text(host))
			r.emitRecord(rec)
		}
	}
	return nil
}
