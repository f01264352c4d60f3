package artifact

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"icecore/forensics/text"
)

// MaxLine is the longest line that an extractor looks at, in bytes; of a longer
// one it sees the beginning.
const MaxLine = 1 << 20

// Line is one line of a text.
type Line struct {
	Number int   // from 1
	Offset int64 // of its first byte
	Text   []byte
	Cut    bool // it is longer than MaxLine; Text is its beginning
}

// Source is that of a record which the whole line gives.
func (l Line) Source() Source {
	return Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}
}

// Head is the beginning of the line, at most n bytes of it, cut at a character.
func (l Line) Head(n int) string { return string(text.Cut(l.Text, n)) }

// Lines calls fn for each line of the content from its beginning, as [Lines] does,
// until ctx is done.
func (in *Input) Lines(ctx context.Context, fn func(Line) error) error {
	return Lines(io.NewSectionReader(in.Content, 0, in.Content.Size()), func(l Line) error {
		// What is done with a long line may take long, too.
		if (l.Number&0x3f == 0 || len(l.Text) > 1024) && ctx.Err() != nil {
			return ctx.Err()
		}
		return fn(l)
	})
}

// ErrLongLine is wrapped by the error of [Lines] where it read all lines, but of some the
// beginning only.
var ErrLongLine = errors.New("their ends were not read")

// Ended says whether a text was read to its end, long lines or not.
func Ended(err error) bool { return err == nil || errors.Is(err, ErrLongLine) }

// Lines calls fn for each line of r, without its line end (\n or \r\n). The text
// is valid until fn returns. Memory is bounded by MaxLine. Of a line that begins
// with more than 64 KiB of zeros, most of them are passed over. An error of fn ends the
// reading and is returned; where lines are longer than MaxLine, the error at the end
// wraps ErrLongLine.
func Lines(r io.Reader, fn func(Line) error) error {
	long, first := 0, 0
	err := eachLine(r, func(l Line) error {
		if l.Cut {
			if long++; long == 1 {
				first = l.Number
			}
		}
		return fn(l)
	})
	switch {
	case err != nil || long == 0:
		return err
	case long == 1:
		return Cut(fmt.Errorf("line %d is longer than %d bytes: %w", first, MaxLine, ErrLongLine))
	}
	return Cut(fmt.Errorf("%d lines, line %d the first, are longer than %d bytes: %w", long, first, MaxLine, ErrLongLine))
}

func eachLine(r io.Reader, fn func(Line) error) error {
	br := bufio.NewReaderSize(r, 64<<10)
	var long []byte
	off, num := int64(0), 0
	for {
		num++
		start := off
		cut := false
		long = long[:0]
		var text []byte
		for {
			part, err := br.ReadSlice('\n')
			off += int64(len(part))
			switch {
			case err == nil:
				text = part
			case errors.Is(err, bufio.ErrBufferFull) && len(long) == 0 && !cut && allZero(part):
				// A file that was emptied while its writer kept its place begins
				// with zeros, however many; what is written then stands behind
				// them in the same line.
				start = off
				continue
			case errors.Is(err, bufio.ErrBufferFull):
				if len(long)+len(part) <= MaxLine {
					long = append(long, part...)
				} else {
					cut = true
				}
				continue
			case errors.Is(err, io.EOF):
				if len(part) == 0 && len(long) == 0 {
					return nil
				}
				text = part
			default:
				return err
			}
			if len(long) > 0 {
				if len(long)+len(text) <= MaxLine {
					long = append(long, text...)
				} else {
					cut = true
				}
				text = long
			}
			text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
			if ferr := fn(Line{num, start, text, cut}); ferr != nil {
				return ferr
			}
			if err != nil {
				return nil
			}
			break
		}
	}
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
