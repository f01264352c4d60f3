package search

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

const (
	window   = 1 << 20  // bytes that are in memory at once
	overlap  = 64 << 10 // of them that are seen twice where no line ends
	lookback = 64       // bytes before what is searched, which decide where an address begins
	sniffed  = 32 << 10 // bytes that decide whether content is text
)

// searcher looks through content. It is for one goroutine.
type searcher struct {
	p       *Pattern
	buf     []byte
	scratch []byte
}

func newSearcher(p *Pattern) *searcher {
	return &searcher{p: p, buf: make([]byte, lookback+window+overlap)}
}

// found is a match in content.
type found struct {
	line           int   // from 1; 0 in what is no text
	offset, length int64 // of the match
	excerpt        string
}

// content searches a stream that begins at a byte and a line of a file (0: no text; the
// first stream of a file decides with unknown). It gives the number of the line at its end.
type stream struct {
	from    int64 // the offset of its first byte
	line    int   // the number of its first line
	decided bool  // whether it is text
	binary  bool
	bytes   int64
}

// run searches a stream to its end, and calls fn for each match.
func (s *searcher) run(ctx context.Context, r io.Reader, st *stream, fn func(found) error) error {
	buf := s.buf
	start, n := lookback, lookback // what is not yet searched, and the end of what was read
	held := 0                      // bytes before start that are known
	base := st.from                // the offset of buf[start]
	lineDone := false              // the line at start has its hit
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, err := io.ReadFull(r, buf[n:])
		n += k
		st.bytes += int64(k)
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			// What came before the error is searched, too.
			if ferr := s.part(buf, start, n, n, held, base, st, &lineDone, fn); ferr != nil {
				return ferr
			}
			return fmt.Errorf("at byte %d: %w", base+int64(n-start), err)
		}
		if !st.decided {
			st.binary = bytes.IndexByte(buf[start:min(n, start+sniffed)], 0) >= 0
			st.decided = true
		}
		limit := n
		if !end {
			limit = n - overlap
			if i := bytes.LastIndexByte(buf[limit:n], '\n'); i >= 0 && !st.binary {
				limit += i + 1
			}
		}
		if err := s.part(buf, start, limit, n, held, base, st, &lineDone, fn); err != nil {
			return err
		}
		if end {
			st.from = base + int64(n-start)
			return nil
		}
		// Keep what was not searched, and a little before it.
		keep := min(lookback, limit-start+held)
		copy(buf[lookback-keep:], buf[limit-keep:n])
		base += int64(limit - start)
		n -= limit - lookback
		start, held = lookback, keep
	}
}

// part searches buf[start:limit], where matches may reach as far as n.
func (s *searcher) part(
	buf []byte, start, limit, n, held int, base int64, st *stream, lineDone *bool, fn func(found) error,
) error {
	from := start - held
	view := buf[from:n]
	hay := s.p.prepared(view, &s.scratch)
	counted := held // up to here, lines are counted
	advance := func(to int) {
		if k := bytes.Count(view[counted:to], []byte{'\n'}); k > 0 {
			st.line += k
			*lineDone = false
		}
		counted = to
	}
	for at := held; ; {
		b, e := s.p.find(hay, at)
		if b < 0 || b >= limit-from {
			break
		}
		advance(b)
		if st.binary || !*lineDone {
			f := found{offset: base + int64(b-held), length: int64(e - b), excerpt: excerpt(view, b, e, st.binary)}
			if !st.binary {
				f.line = st.line
			}
			if err := fn(f); err != nil {
				return err
			}
			*lineDone = true
		}
		at = e
		if !st.binary {
			i := bytes.IndexByte(view[b:], '\n')
			if i < 0 {
				break // the rest is of this line
			}
			at = b + i + 1
		}
	}
	advance(limit - from)
	return nil
}

// excerpt cuts the line around a match, or the bytes where no line ends; of what is no text
// what stands between zeros.
func excerpt(b []byte, start, end int, binary bool) string {
	const before = 80 // bytes
	if binary && bytes.IndexByte(b[start:end], 0) < 0 {
		if i := bytes.LastIndexByte(b[:start], 0); i >= 0 {
			b, start, end = b[i+1:], start-i-1, end-i-1
		}
		if i := bytes.IndexByte(b[end:], 0); i >= 0 {
			b = b[:end+i]
		}
	}
	from := bytes.LastIndexByte(b[:start], '\n') + 1
	if end-from > MaxExcerpt {
		from = max(from, start-before)
		from += len(b[from:start]) - len(validSuffix(b[from:start]))
	}
	to := len(b)
	if i := bytes.IndexByte(b[start:], '\n'); i >= 0 {
		to = start + i
	}
	line := bytes.TrimSuffix(b[from:max(to, from)], []byte{'\r'})
	return string(text.Cut(line, MaxExcerpt))
}

// validSuffix takes the rest of a character off the beginning of a text.
func validSuffix(b []byte) []byte {
	for i := 0; i < len(b) && i < 4; i++ {
		if b[i]&0xc0 != 0x80 {
			return b[i:]
		}
	}
	return b
}

// inText finds the matches of a short text, such as a field: one is enough.
func (s *searcher) inText(v string) (string, bool) {
	b := []byte(v)
	at, end := s.p.find(s.p.prepared(b, &s.scratch), 0)
	if at < 0 {
		return "", false
	}
	return excerpt(b, at, end, false), true
}

// hit makes a hit of a match in a file.
func (f *found) hit(in string, src model.Source) Hit {
	src.Line, src.Offset, src.Length = f.line, f.offset, f.length
	return Hit{In: in, What: "content", Source: src, Excerpt: f.excerpt}
}
