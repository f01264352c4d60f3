package journald

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"

	"icecore/forensics/artifact"
)

// cells is a journal of any size, made while it is read: each cell of 2 KiB holds an
// entry and its data.
type cells struct {
	n     int64
	index bool // there is an array of entries
}

const cell = 2 << 10

func (c *cells) size() int64 {
	if c.index {
		return 272 + c.n*cell + arraySize + 8*c.n
	}
	return 272 + c.n*cell
}

// entryAt is where the entry stands in its cell.
const entryAt = cell - entrySize - 3*16

func (c *cells) cell(i int64, b []byte) {
	clear(b)
	base := uint64(272 + i*cell)
	data := func(at int, size int, text string) uint64 {
		b[at] = typeData
		le.PutUint64(b[at+8:], uint64(size))
		copy(b[at+64:], text)
		return base + uint64(at)
	}
	text := fmt.Sprintf("MESSAGE=Failed password for root from 10.%d.%d.%d port %d ssh2", i>>16&255, i>>8&255, i&255, i&0xffff)
	first := data(0, 64+len(text), text)
	end := (64 + len(text) + 7) &^ 7
	le.PutUint64(b[end+8:], uint64(192-end)) // an unused object
	second := data(192, 64+22, "SYSLOG_IDENTIFIER=sshd")
	third := data(280, entryAt-280, "NOISE=")
	b[entryAt] = typeEntry
	e := b[entryAt:]
	le.PutUint64(e[8:], entrySize+3*16)
	le.PutUint64(e[16:], uint64(i+1))
	le.PutUint64(e[24:], uint64(1_795_247_400_000_000+i*1000))
	for k, at := range []uint64{first, second, third} {
		le.PutUint64(e[entrySize+16*k:], at)
	}
}

func (c *cells) ReadAt(b []byte, off int64) (int, error) {
	if off >= c.size() {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), c.size()-off))
	var piece [cell]byte
	for done := 0; done < n; {
		at := off + int64(done)
		var from []byte
		switch i := (at - 272) / cell; {
		case at < 272:
			copy(piece[:], magic)
			clear(piece[8:])
			le.PutUint64(piece[88:], 272)
			le.PutUint64(piece[152:], uint64(c.n))
			if c.index {
				le.PutUint64(piece[176:], uint64(272+c.n*cell))
			}
			from = piece[at:272]
		case i < c.n:
			c.cell(i, piece[:])
			from = piece[at-272-i*cell:]
		default:
			// The array, a header and an offset at a time.
			array := at - 272 - c.n*cell
			clear(piece[:32])
			if array < arraySize {
				piece[0] = typeEntryArray
				le.PutUint64(piece[8:], uint64(arraySize+8*c.n))
				from = piece[array:arraySize]
			} else {
				k := (array - arraySize) / 8
				le.PutUint64(piece[:], uint64(272+k*cell+entryAt))
				from = piece[(array-arraySize)%8 : 8]
			}
		}
		done += copy(b[done:n], from)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// TestLarge reads journals of 4 GiB, by their index and without one: all entries, in
// bounded memory. Without ICECORE_LONG they have 64 MiB.
func TestLarge(t *testing.T) {
	n := int64(32 << 10)
	if os.Getenv("ICECORE_LONG") != "" {
		n = 2 << 20
	}
	for _, index := range []bool{true, false} {
		c := &cells{n: n, index: index}
		var most uint64
		records := 0
		last := ""
		err := Extractor{}.Extract(t.Context(), &artifact.Input{Path: "/var/log/journal/x/system.journal", Content: io.NewSectionReader(c, 0, c.size())}, func(r artifact.Record) {
			if records++; records&0x3fff == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
			last = r.Get("entries") + " " + r.Get("recovered")
		})
		want := fmt.Sprintf("%d ", n)
		if !index {
			want += fmt.Sprint(n)
		}
		if last != want || n <= 200_000 && err != nil || records < int(n/16) {
			t.Errorf("index %v: %d records, %q, want %q, %v", index, records, last, want, err)
		}
		if most > 128<<20 {
			t.Errorf("index %v: %d bytes in use", index, most)
		}
		t.Logf("index %v: %d bytes, %d records, %d bytes in use; %v", index, c.size(), records, most, err)
	}
}
