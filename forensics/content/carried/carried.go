// Package carried finds what a file carries inside itself: a program as base64 or
// hex in a script, compressed in a program that drops it, with each byte XORed with
// the same one, or as it is behind a picture, a script or other data. What is found
// is decoded, three levels deep.
//
// It promises bounded work and memory whatever the bytes say: a bound on the pieces,
// on their bytes, and on how much larger a stream may get. What is neither a
// program, nor text, nor packed again is not given: most long runs of letters and
// digits decode to nothing.
package carried

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"icecore/forensics/text"
)

const (
	levels    = 3
	maxPieces = 64        // of one file
	maxTries  = 512       // streams that are tried
	maxBytes  = 256 << 20 // of all that is unpacked of one file
	maxPiece  = 64 << 20
	minRun    = 160 // characters of base64 or hex: a hundred bytes
	minLine   = 56  // characters of a line behind which a run goes on in the next one
)

// ErrLimit says that a file carries more than is looked at.
var ErrLimit = errors.New("limit reached; the rest of what the file carries was not looked at")

// Piece is something that a file carries.
type Piece struct {
	Name string // how it was found: "base64 at 120", "base64 at 120!gzip at 0"
	Off  int64  // in the file, of what it was decoded from
	Data []byte
}

// Likely says whether a file may carry something, at little cost: a run of base64
// or hex in text, the head of a stream, or of a program, in other content.
func Likely(b []byte, text bool) bool {
	if text {
		start, _ := nextRun(b, 0)
		return start >= 0
	}
	return bytes.Contains(b, gzipHead) || xorELF(b, 0) >= 0
}

// Appended says whether something other than a program holds one behind its
// beginning, or a picture a script.
func Appended(b []byte) bool {
	return program(b, 1) >= 0 || script(b, 1) >= 0
}

// XORed says whether all of a file is a program whose bytes were XORed with one.
func XORed(b []byte) bool { return xorELF(b[:min(len(b), 64)], 0) == 0 }

// Budget is what may be spent on one file, or on several together.
type Budget struct {
	pieces int
	tries  int
	bytes  int64 // unpacked, whatever became of them
}

// FileBudget is what is spent on a file.
func FileBudget() *Budget { return &Budget{maxPieces, maxTries, maxBytes} }

// ArchiveBudget is what is spent on all members of an archive.
func ArchiveBudget() *Budget { return &Budget{16 * maxPieces, 8 * maxTries, maxBytes} }

// Walk gives what a file carries. The error says that a limit was reached.
func Walk(b []byte, text bool, budget *Budget, visit func(Piece)) error {
	w := &walker{visit: visit, left: budget}
	w.look(b, text, "", -1, 0)
	return w.err
}

type walker struct {
	visit func(Piece)
	left  *Budget
	err   error
}

// look looks into content; off is where in the file it comes from, or -1 if it is
// the file.
func (w *walker) look(b []byte, text bool, name string, off int64, level int) {
	if level == levels {
		return
	}
	found := func(how string, at int, data []byte) {
		n := fmt.Sprintf("%s at %d", how, at)
		if name != "" {
			n = name + "!" + n
		}
		from := off
		if from < 0 {
			from = int64(at)
		}
		w.found(n, from, data, level)
	}
	if text {
		for i := 0; w.err == nil; {
			start, end := nextRun(b, i)
			if start < 0 {
				return
			}
			// Not counted as tries: no byte is decoded twice.
			if int64(end-start) > w.left.bytes {
				w.err = ErrLimit
				return
			}
			if how, data := decode(b[start:end]); data != nil {
				w.left.bytes -= int64(len(data))
				found(how, start, data)
			}
			i = end
		}
		return
	}
	for i := 0; w.err == nil; {
		n := bytes.Index(b[i:], gzipHead)
		if n < 0 {
			break
		}
		i += n
		// Behind the method: flags of which five are defined, and a system.
		if i+10 <= len(b) && b[i+3]&0xe0 == 0 && (b[i+9] <= 13 || b[i+9] == 255) {
			if !w.try() {
				return
			}
			if data := w.gunzip(b[i:]); data != nil {
				found("gzip", i, data)
			}
		}
		i++
	}
	for i, n := 1, 0; w.err == nil && n < maxAppended; n++ {
		at := program(b, i)
		if at < 0 {
			break
		}
		found("program", at, b[at:])
		i = at + 4
	}
	for i, n := 1, 0; w.err == nil && n < maxAppended; n++ {
		at := script(b, i)
		if at < 0 {
			break
		}
		found("script", at, b[at:at+textLen(b[at:])])
		i = at + 2
	}
	for i := 0; w.err == nil; {
		n := xorELF(b, i)
		if n < 0 {
			break
		}
		if !w.try() {
			return
		}
		key := b[n] ^ 0x7f
		data := bytes.Clone(b[n:min(len(b), n+min(maxPiece, int(w.left.bytes)))])
		w.left.bytes -= int64(len(data))
		for k := range data {
			data[k] ^= key
		}
		found(fmt.Sprintf("xor 0x%02x", key), n, data)
		i = n + 1
	}
}

// try counts what is tried.
func (w *walker) try() bool {
	if w.left.tries <= 0 {
		w.err = ErrLimit
		return false
	}
	w.left.tries--
	return true
}

// found gives a piece, if it is something, and looks into it.
func (w *walker) found(name string, off int64, data []byte, level int) {
	switch {
	case len(data) < 64:
		return
	case bytes.HasPrefix(data, gzipHead):
		if inner := w.gunzip(data); inner != nil {
			w.found(name+"!gzip", off, inner, level+1)
		}
		return
	case len(data) > 2 && data[0] == 0x78 && (uint(data[0])<<8|uint(data[1]))%31 == 0:
		if inner := w.inflate(data); inner != nil {
			w.found(name+"!zlib", off, inner, level+1)
			return
		}
	}
	isText := text.IsText(data[:min(len(data), 1024)])
	if !isText && !known(data) {
		return
	}
	if w.left.pieces <= 0 {
		w.err = ErrLimit
		return
	}
	w.left.pieces--
	w.visit(Piece{name, off, data})
	w.look(data, isText, name, off, level+1)
}

func (w *walker) gunzip(b []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	r.Multistream(false)
	return w.readAll(r)
}

func (w *walker) inflate(b []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	return w.readAll(r)
}

// readAll reads a stream; what comes before an error is kept, if it is enough to
// be something.
func (w *walker) readAll(r io.Reader) []byte {
	limit := min(maxPiece, w.left.bytes)
	data, err := io.ReadAll(io.LimitReader(r, limit))
	w.left.bytes -= int64(len(data))
	if err != nil && len(data) < 4096 {
		return nil
	}
	if int64(len(data)) == limit {
		w.err = ErrLimit
	}
	return data
}

var gzipHead = []byte{0x1f, 0x8b, 8}

// known says whether data begins as a program, a script, or something packed.
func known(b []byte) bool {
	for _, m := range []string{"\x7fELF", "#!", "BZh", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd", "PK\x03\x04"} {
		if bytes.HasPrefix(b, []byte(m)) {
			return true
		}
	}
	return len(b) > 262 && string(b[257:262]) == "ustar"
}

// xorELF gives where, at or behind from, an ELF file (little-endian, version 1)
// stands whose bytes were XORed with one byte other than 0, or -1. The difference
// between neighbours is not changed by that.
func xorELF(b []byte, from int) int {
	const d0, d1, d2 = 0x7f ^ 'E', 'E' ^ 'L', 'L' ^ 'F'
	for i := from; i+64 <= len(b); i++ {
		if b[i]^b[i+1] != d0 || b[i+1]^b[i+2] != d1 || b[i+2]^b[i+3] != d2 {
			continue
		}
		key := b[i] ^ 0x7f
		if class := b[i+4] ^ key; key != 0 && (class == 1 || class == 2) && b[i+5]^key == 1 && b[i+6]^key == 1 && b[i+8]^key == 0 && b[i+15]^key == 0 && b[i+17]^key == 0 && b[i+19]^key == 0 {
			return i
		}
	}
	return -1
}

// maxAppended is how many programs, and scripts, one file may have behind it.
const maxAppended = 4

// program gives where, at or behind from, an ELF file that can be run stands in
// content that is none itself, or -1. Archives of object files hold many that
// cannot.
func program(b []byte, from int) int {
	if bytes.HasPrefix(b, []byte("\x7fELF")) || bytes.HasPrefix(b, []byte("!<arch>\n")) {
		return -1
	}
	for i := from; i < len(b); {
		n := bytes.Index(b[i:], []byte("\x7fELF"))
		if i += n; n < 0 || i+64 > len(b) {
			return -1
		}
		h := b[i:]
		// 32 or 64 bits; either order of bytes, version 1, to be run or shared,
		// for a machine; no padding in use.
		kind, machine := uint(h[16])|uint(h[17])<<8, uint(h[18])|uint(h[19])<<8
		if h[5] == 2 {
			kind, machine = uint(h[17])|uint(h[16])<<8, uint(h[19])|uint(h[18])<<8
		}
		if (h[4] == 1 || h[4] == 2) && (h[5] == 1 || h[5] == 2) && h[6] == 1 && h[9] == 0 && h[15] == 0 && (kind == 2 || kind == 3) && machine != 0 && machine < 512 {
			return i
		}
		i += 4
	}
	return -1
}

// script gives where, at or behind from, a script of a shell stands behind a picture,
// or -1. Programs and data bases hold scripts as a matter of course.
func script(b []byte, from int) int {
	if !picture(b) {
		return -1
	}
	for i := from; i < len(b); {
		n := bytes.Index(b[i:], []byte("#!"))
		if n < 0 {
			return -1
		}
		i += n
		line, _, _ := bytes.Cut(b[i:min(len(b), i+64)], []byte("\n"))
		if (bytes.Contains(line, []byte("/bin/")) || bytes.Contains(line, []byte("env "))) && textLen(b[i:]) >= 64 {
			return i
		}
		i += 2
	}
	return -1
}

func picture(b []byte) bool {
	for _, m := range []string{"\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "RIFF", "BM", "\x00\x00\x01\x00", "%PDF-"} {
		if bytes.HasPrefix(b, []byte(m)) {
			return true
		}
	}
	return false
}

// textLen gives how many bytes of text stand at the beginning.
func textLen(b []byte) int {
	for i, c := range b[:min(len(b), 1<<20)] {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return i
		}
	}
	return min(len(b), 1<<20)
}

// The characters of base64, of both alphabets.
var alphabet = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_") {
		t[c] = true
	}
	return t
}()

// nextRun finds the next run of base64 or hex at or behind from that is long
// enough, over as many lines as there are. It looks at every fortieth character
// alone where there is none.
func nextRun(b []byte, from int) (start, end int) {
	const step = minLine - 16
	for i := from; i < len(b); {
		if !alphabet[b[i]] {
			i += step
			// No run is stepped over: it has at least minLine in its
			// first line, of which one is met.
			continue
		}
		start = i
		for start > from && alphabet[b[start-1]] {
			start--
		}
		end = start
		line := start
		for end < len(b) {
			if alphabet[b[end]] {
				end++
				continue
			}
			next := end
			for next < len(b) && (b[next] == '\r' || b[next] == '\n') && next-end < 2 {
				next++
			}
			if next == end || end-line < minLine || next == len(b) || !alphabet[b[next]] {
				break
			}
			line, end = next, next
		}
		if end-start >= minRun {
			return start, end
		}
		i = end + 1
	}
	return -1, -1
}

// decode decodes a run as hex, if it begins as a program or stream written so, or
// as base64.
func decode(run []byte) (how string, data []byte) {
	clean := make([]byte, 0, min(len(run), maxPiece))
	url := false
	for _, c := range run {
		switch c {
		case '\r', '\n':
			continue
		case '-', '_':
			url = true
		}
		if len(clean) == maxPiece {
			break
		}
		clean = append(clean, c)
	}
	lower := bytes.ToLower(clean[:8])
	if bytes.HasPrefix(lower, []byte("7f454c46")) || bytes.HasPrefix(lower, []byte("1f8b08")) || bytes.HasPrefix(lower, []byte("23212f")) {
		n := 0
		for n < len(clean) && isHex(clean[n]) {
			n++
		}
		data = make([]byte, n/2)
		if _, err := hex.Decode(data, clean[:n&^1]); err == nil {
			return "hex", data
		}
	}
	enc := base64.RawStdEncoding
	if url {
		enc = base64.RawURLEncoding
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1] // cut off
	}
	data = make([]byte, enc.DecodedLen(len(clean)))
	n, err := enc.Decode(data, clean)
	if err != nil && n < 64 {
		return "", nil
	}
	return "base64", data[:n]
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
