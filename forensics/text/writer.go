package text

import (
	"io"
	"unicode/utf8"
)

// A Writer passes text on to a terminal so that nothing in it is obeyed: it writes
// what [Escape] does, but line ends and tabs stay.
// Call Flush at the end.
type Writer struct {
	// Backslash makes the backslash itself \x5c, too: what is written can then
	// be turned back into the bytes.
	Backslash bool

	w    io.Writer
	out  []byte
	rest []byte  // the beginning of a character that was cut by the end of a write
	last cluster // what was written last
	// Escaped counts the bytes written as \xNN.
	Escaped int64
}

// NewWriter gives a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write implements io.Writer.
func (t *Writer) Write(p []byte) (int, error) {
	n := len(p)
	if len(t.rest) > 0 {
		p = append(t.rest, p...)
		t.rest = nil
	}
	return n, t.write(p, false)
}

// Flush writes what is left of a character that was never completed.
func (t *Writer) Flush() error {
	p := t.rest
	t.rest = nil
	return t.write(p, true)
}

func (t *Writer) write(p []byte, last bool) error {
	out := t.out[:0]
	for len(p) > 0 {
		if c := p[0]; c == '\n' || c == '\t' || c >= ' ' && c <= '~' && (c != '\\' || !t.Backslash) {
			out = append(out, c)
			p = p[1:]
			t.last = cluster{}
			if c >= ' ' && c != '\\' {
				t.last.base = rune(c)
			}
			continue
		}
		if !last && !utf8.FullRune(p) {
			t.rest = append([]byte(nil), p...)
			break
		}
		r, n := utf8.DecodeRune(p)
		if t.last.next(r, n) {
			out = append(out, p[:n]...)
		} else {
			out = appendHex(out, string(p[:n]), `\x`)
			t.Escaped += int64(n)
		}
		p = p[n:]
	}
	t.out = out
	if len(out) == 0 {
		return nil
	}
	_, err := t.w.Write(out)
	return err
}
