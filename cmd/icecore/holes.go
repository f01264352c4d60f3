package main

import (
	"bytes"
	"io"
	"os"
)

// holes writes a new file and leaves holes where there are zeros only: a file of some
// terabytes that holds nothing is quickly planted, and must not fill the disk of the
// one who looks at it.
type holes struct {
	f    *os.File
	zero int64 // bytes not written yet
}

// holePiece is how many bytes at once are looked at.
const holePiece = 64 << 10

var zeros [holePiece]byte

// emptyFile gives the file that w is, if it is a regular one to which nothing was
// written and which is not appended to; else nil.
func emptyFile(w io.Writer) *os.File {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() || st.Size() != 0 {
		return nil
	}
	if at, err := f.Seek(0, io.SeekCurrent); err != nil || at != 0 {
		return nil
	}
	if appends(f) {
		return nil
	}
	return f
}

func (h *holes) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		piece := p[done:min(len(p), done+holePiece)]
		if bytes.Equal(piece, zeros[:len(piece)]) {
			h.zero += int64(len(piece))
			done += len(piece)
			continue
		}
		if err := h.skip(); err != nil {
			return done, err
		}
		n, err := h.f.Write(piece)
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// skip leaves a hole for the zeros that were not written.
func (h *holes) skip() error {
	if h.zero == 0 {
		return nil
	}
	_, err := h.f.Seek(h.zero, io.SeekCurrent)
	h.zero = 0
	return err
}

// finish gives the file its size, which zeros at its end have not.
func (h *holes) finish() error {
	if h.zero == 0 {
		return nil
	}
	if err := h.skip(); err != nil {
		return err
	}
	at, err := h.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	return h.f.Truncate(at)
}
