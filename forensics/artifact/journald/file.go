package journald

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Types of objects.
const (
	typeUnused     = 0
	typeData       = 1
	typeEntry      = 3
	typeEntryArray = 6
	typeTag        = 7
)

// Flags in the header of a file that a reader must know.
const (
	flagXZ      = 1 << 0
	flagLZ4     = 1 << 1
	flagKeyed   = 1 << 2
	flagZSTD    = 1 << 3
	flagCompact = 1 << 4
	flagsKnown  = flagXZ | flagLZ4 | flagKeyed | flagZSTD | flagCompact
)

// flagSealed is the one flag that a reader need not know.
const flagSealed = 1 << 0

// Flags of a DATA object: how it is packed.
const (
	packedXZ   = 1 << 0
	packedLZ4  = 1 << 1
	packedZSTD = 1 << 2
	packedAny  = packedXZ | packedLZ4 | packedZSTD
)

const (
	magic      = "LPKSHHRH"
	minHeader  = 208 // of systemd 187 and before
	maxHeader  = 64 << 10
	objectSize = 16 // of the header of an object
	entrySize  = 64 // of an ENTRY object without its items
	arraySize  = 24 // of an ENTRY_ARRAY object without its items
)

// ErrNotJournal says that a file does not begin as a journal does.
var ErrNotJournal = errors.New("not a file of the systemd journal")

// ID is a 128-bit identifier as systemd writes it.
type ID [16]byte

// State is what the writer of a file says of it.
type State uint8

// The states. A file that was open when its system stopped, or when the snapshot
// was taken, is online.
const (
	Offline  State = 0
	Online   State = 1
	Archived State = 2
)

// String gives the state as journalctl(1) does, in lower case.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("unknown (%d)", uint8(s))
}

var stateNames = [...]string{"offline", "online", "archived"}

// Header is the header of a file. Offsets count from the beginning of the file.
type Header struct {
	Compatible, Incompatible uint32
	State                    State
	FileID, Machine, Boot    ID
	Seqnums                  ID // of the series of sequence numbers
	Size, Arena              uint64
	TailObject               uint64 // offset of the last object
	Entries                  uint64 // how many there are
	TailSeqnum, HeadSeqnum   uint64
	EntryArray               uint64 // offset of the first array of entries
	HeadTime, TailTime       uint64 // microseconds since 1970, UTC
}

// Sealed says whether the file has tags of Forward Secure Sealing. They are passed
// over: without the key of verification, which is not on the machine, they prove
// nothing.
func (h *Header) Sealed() bool { return h.Compatible&flagSealed != 0 }

// Features names what the file's format has beyond that of the first journals.
func (h *Header) Features() string {
	var out []string
	for _, f := range []struct {
		flag uint32
		name string
	}{{flagXZ, "xz"}, {flagLZ4, "lz4"}, {flagZSTD, "zstd"}, {flagKeyed, "keyed hash"}, {flagCompact, "compact"}} {
		if h.Incompatible&f.flag != 0 {
			out = append(out, f.name)
		}
	}
	if h.Sealed() {
		out = append(out, "sealed")
	}
	return strings.Join(out, ", ")
}

// File is an opened file of a journal. It is not safe for use by several
// goroutines.
type File struct {
	Header
	r    io.ReaderAt
	size int64

	item    int64 // bytes of an item of an entry
	slot    int64 // bytes of an item of an array of entries
	payload int64 // where the payload of a DATA object begins in it

	win    window
	small  []byte // of what lies outside of the window
	cache  []datum
	work   int64 // bytes read of data and unpacked, so far
	packed unpacker
}

// Open reads the header of a file of size bytes.
func Open(r io.ReaderAt, size int64) (*File, error) {
	b := make([]byte, 272)
	n, err := r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("header: %w", err)
	}
	b = b[:min(int64(n), size)]
	if !bytes.HasPrefix(b, []byte(magic)) {
		return nil, ErrNotJournal
	}
	if len(b) < minHeader {
		return nil, fmt.Errorf("header: cut after %d bytes", len(b))
	}
	le := binary.LittleEndian
	h := Header{
		Compatible: le.Uint32(b[8:]), Incompatible: le.Uint32(b[12:]), State: State(b[16]),
		FileID: ID(b[24:40]), Machine: ID(b[40:56]), Boot: ID(b[56:72]), Seqnums: ID(b[72:88]),
		Size: le.Uint64(b[88:]), Arena: le.Uint64(b[96:]),
		TailObject: le.Uint64(b[136:]), Entries: le.Uint64(b[152:]), TailSeqnum: le.Uint64(b[160:]), HeadSeqnum: le.Uint64(b[168:]),
		EntryArray: le.Uint64(b[176:]), HeadTime: le.Uint64(b[184:]), TailTime: le.Uint64(b[192:]),
	}
	if odd := h.Incompatible &^ flagsKnown; odd != 0 {
		return nil, fmt.Errorf("header: its format has features (flags 0x%x) that are not known here", odd)
	}
	if h.Size < minHeader || h.Size > maxHeader || h.Size%8 != 0 || int64(h.Size) > size {
		return nil, fmt.Errorf("header: it states a length of %d bytes for itself", h.Size)
	}
	f := &File{Header: h, r: r, size: size, item: 16, slot: 8, payload: 64}
	if h.Incompatible&flagCompact != 0 {
		f.item, f.slot, f.payload = 4, 4, 72
	}
	f.small = make([]byte, peekLong)
	return f, nil
}

// object is the header of an object.
type object struct {
	at, size    int64
	kind, flags uint8
}

func (o object) end() int64 { return o.at + o.size }

// next gives where the object behind it begins.
func (o object) next() int64 { return (o.end() + 7) &^ 7 }

// object reads the header of the object at an offset.
func (f *File) object(at int64) (object, error) {
	if at < int64(f.Size) || at%8 != 0 || at > f.size-objectSize {
		return object{}, fmt.Errorf("no object can begin at byte %d", at)
	}
	b, err := f.peek(at, objectSize)
	if err != nil {
		return object{}, err
	}
	return f.header(at, b)
}

// header reads the header of an object from the bytes at an offset.
func (f *File) header(at int64, b []byte) (object, error) {
	size := binary.LittleEndian.Uint64(b[8:])
	if size < objectSize || size > uint64(f.size-at) {
		return object{}, fmt.Errorf("object at byte %d: it states a length of %d bytes", at, size)
	}
	return object{at: at, size: int64(size), kind: b[0], flags: b[1]}, nil
}

// window is a part of the file that is held in memory and moves forward only.
type window struct {
	at  int64
	buf []byte
	n   int
}

const (
	windowSize = 1 << 20
	windowBack = 128 << 10 // what is kept before the place to which it is moved
	peekLong   = 4 << 10   // the most that is read at once outside of it
)

// advance moves the window so that it holds what stands at an offset, unless it
// does already.
func (f *File) advance(at int64) error {
	w := &f.win
	if at+windowSize/8 <= w.at+int64(w.n) || at < w.at || w.at+int64(w.n) >= f.size && w.n > 0 && at < w.at+int64(w.n) {
		return nil
	}
	if w.buf == nil {
		w.buf = make([]byte, min(windowSize, f.size))
	}
	from := max(at-windowBack, w.at)
	kept := 0
	if over := w.at + int64(w.n) - from; over > 0 {
		kept = copy(w.buf, w.buf[int64(w.n)-over:w.n])
	} else {
		from = max(at-windowBack, 0)
	}
	want := int(min(int64(len(w.buf)-kept), f.size-from-int64(kept)))
	n, err := f.r.ReadAt(w.buf[kept:kept+want], from+int64(kept))
	w.at, w.n = from, kept+n
	if n == want || errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("from byte %d: %w", w.at+int64(w.n), err)
	}
	return nil
}

// peek gives n bytes at an offset, at most peekLong where they lie outside of the
// window; they are valid until the next call of any method. What lies behind the
// end of the file is an error.
func (f *File) peek(at int64, n int) ([]byte, error) {
	if w := &f.win; at >= w.at && at+int64(n) <= w.at+int64(w.n) {
		return w.buf[at-w.at:][:n], nil
	}
	b := f.small[:n]
	if err := f.readFull(b, at); err != nil {
		return nil, err
	}
	return b, nil
}

func (f *File) readFull(b []byte, at int64) error {
	n, err := f.r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("byte %d: %w", at, err)
}
