package search

import (
	"bytes"
	"context"
	"crypto/md5"  //nolint:gosec // a digest that indicators name
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sort"
	"strings"
	"time"

	"icecore/forensics/artifact/journald"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
)

const (
	minHole   = 1 << 20 // bytes of a hole that is passed over
	fileTime  = 5 * time.Minute
	fileSpeed = 4 << 20 // bytes for which a file has a second more
	// maxZeros is how many bytes of holes are hashed of a file that stores less.
	maxZeros = 1 << 30
)

// Errors of files that are not searched, or not to their end.
var (
	errTooLarge = errors.New("it claims to store more than its volume has")
	errTime     = errors.New("it took too long; the rest was not searched")
	errSparse   = errors.New("not hashed: nearly all of it is a hole")
)

// file searches the content of a file.
func (w *worker) file(ctx context.Context, v *host.Volume, s *slot, src model.Source) error {
	f, err := v.FS.Open(s.job.ref)
	if err != nil {
		return err
	}
	segs, stored := segments(f)
	if stored > v.Size && v.Size > 0 {
		return fmt.Errorf("%w: %d bytes", errTooLarge, stored)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, fileTime+time.Duration(stored/fileSpeed)*time.Second, errTime)
	defer cancel()
	in := Files
	if s.job.log {
		in = Logs
	}
	place := placer{v: v, f: f}
	add := func(h Hit) error {
		if h.Source.Member == "" {
			h.Source.DiskOffset = place.of(h.Source.Offset)
		}
		return s.add(ctx, h)
	}
	err = w.within(ctx, f, segs, stored, in, src, s, add)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errTime) {
		return cause
	}
	return err
}

// within searches what a file is: a journal, a packed stream, or content.
func (w *worker) within(
	ctx context.Context, f filesystem.File, segs []segment, stored int64, in string, src model.Source, s *slot, add func(Hit) error,
) error {
	head := make([]byte, 8)
	n, _ := f.ReadAt(head, 0)
	if string(head[:n]) == "LPKSHHRH" && f.Size() <= 4*stored+minHole {
		err := w.journal(ctx, f, in, src, s, add)
		if !errors.Is(err, errNoJournal) {
			return errors.Join(w.digestOf(ctx, f, segs, stored, in, src, add), err)
		}
	}
	r, member, err := syslog.Open(host.Content(f))
	if member != "" && err == nil {
		defer r.Close()
		packed := src
		packed.Member = member
		st := stream{line: 1}
		err = w.s.run(ctx, r, &st, func(m found) error { return add(m.hit(in, packed)) })
		s.bytes += st.bytes
		return errors.Join(w.digestOf(ctx, f, segs, stored, in, src, add), err)
	}
	sum, skipped := w.summer(f.Size(), stored)
	st := stream{line: 1}
	at := int64(0)
	for _, g := range segs {
		// A piece of a text behind a hole is a text, too.
		st.from = g.from
		if err := sum.zeros(ctx, g.from-at); err != nil {
			return err
		}
		at = g.to
		part := io.TeeReader(io.NewSectionReader(f, g.from, g.to-g.from), sum)
		if err := w.s.run(ctx, part, &st, func(m found) error { return add(m.hit(in, src)) }); err != nil {
			return err
		}
	}
	s.bytes += st.bytes
	return errors.Join(skipped, w.compare(ctx, sum, f.Size()-at, f.Size(), in, src, add))
}

// placer gives the places of a file's bytes on the disk. Extents are read once, for the
// first that is asked for.
type placer struct {
	v      *host.Volume
	f      filesystem.File
	exts   []filesystem.Extent
	looked bool
}

// of gives the byte offset in the disk of a byte of the file, -1 where it is in a hole or
// unknown.
func (p *placer) of(offset int64) int64 {
	if !p.looked {
		p.exts, _ = p.f.Extents() // where there are none, no place is known
		p.looked = true
	}
	i := sort.Search(len(p.exts), func(i int) bool { return p.exts[i].Logical+p.exts[i].Length > offset })
	if i == len(p.exts) || p.exts[i].Logical > offset || p.exts[i].Unwritten {
		return -1
	}
	return p.v.Offset + p.exts[i].Physical + offset - p.exts[i].Logical
}

// segment is a piece of a file without large holes.
type segment struct{ from, to int64 }

// segments gives the pieces of a file between its large holes, and how many bytes it
// stores.
func segments(f filesystem.File) ([]segment, int64) {
	size := f.Size()
	if size <= minHole {
		return []segment{{0, size}}, size
	}
	exts, err := f.Extents()
	if err != nil {
		return []segment{{0, size}}, size
	}
	var out []segment
	stored := int64(0)
	for _, e := range exts {
		from, to := e.Logical, min(e.Logical+e.Length, size)
		if e.Unwritten || from >= to {
			continue
		}
		stored += to - from
		if n := len(out); n > 0 && from-out[n-1].to < minHole {
			out[n-1].to = max(out[n-1].to, to)
			continue
		}
		out = append(out, segment{from, to})
	}
	return out, stored
}

// summer makes the digest of content as it is read; the zero summer makes none.
type summer struct{ h hash.Hash }

// Write implements io.Writer.
func (s summer) Write(b []byte) (int, error) {
	if s.h != nil {
		_, _ = s.h.Write(b)
	}
	return len(b), nil
}

// zeros adds a hole of n bytes.
func (s summer) zeros(ctx context.Context, n int64) error {
	if s.h == nil {
		return nil
	}
	for block := make([]byte, 64<<10); n > 0; n -= int64(len(block)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, _ = s.h.Write(block[:min(n, int64(len(block)))])
	}
	return nil
}

// summer makes the one that the pattern asks for. Of a file that is nearly all hole none
// is made: who planted it wants somebody to hash zeros for hours.
func (w *worker) summer(size, stored int64) (summer, error) {
	if w.digest != "" && size-stored > maxZeros && size-stored > 4*stored {
		return summer{}, errSparse
	}
	switch w.digest {
	case "md5":
		return summer{md5.New()}, nil //nolint:gosec // see above
	case "sha1":
		return summer{sha1.New()}, nil //nolint:gosec // see above
	case "sha256":
		return summer{sha256.New()}, nil
	}
	return summer{}, nil
}

// compare compares the digest of a file, of which rest bytes at the end are a hole, with
// the pattern.
func (w *worker) compare(
	ctx context.Context, sum summer, rest, size int64, in string, src model.Source, add func(Hit) error,
) error {
	if err := sum.zeros(ctx, rest); err != nil {
		return err
	}
	if sum.h == nil || !bytes.Equal(sum.h.Sum(nil), w.s.p.digest) {
		return nil
	}
	src.Length = size
	return add(Hit{In: in, What: w.digest, Source: src, Excerpt: strings.ToLower(w.s.p.text)})
}

// digestOf compares the digest of a file whose bytes as such are not searched.
func (w *worker) digestOf(
	ctx context.Context, f filesystem.File, segs []segment, stored int64, in string, src model.Source, add func(Hit) error,
) error {
	sum, err := w.summer(f.Size(), stored)
	if sum.h == nil {
		return err
	}
	at := int64(0)
	for _, g := range segs {
		if err := sum.zeros(ctx, g.from-at); err != nil {
			return err
		}
		for at = g.from; at < g.to; {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := f.ReadAt(w.s.buf[:min(g.to-at, int64(len(w.s.buf)))], at)
			_, _ = sum.Write(w.s.buf[:n])
			at += int64(n)
			if err != nil && at < g.to {
				return fmt.Errorf("at byte %d: %w", at, err)
			}
		}
	}
	return w.compare(ctx, sum, f.Size()-at, f.Size(), in, src, add)
}

// errNoJournal says that a file with the magic of a journal is none.
var errNoJournal = errors.New("not a journal")

// maxEntry is how much of a field of an entry is searched, bytes.
const maxEntry = 1 << 20

// journal searches the entries of a systemd journal: MESSAGE first, then all other
// fields. There is one hit an entry.
func (w *worker) journal(
	ctx context.Context, f filesystem.File, in string, src model.Source, s *slot, add func(Hit) error,
) error {
	j, err := journald.Open(f, f.Size())
	if err != nil {
		return errNoJournal
	}
	defer j.Close()
	walked, err := j.Walk(ctx, func(e *journald.Entry) error {
		h := Hit{In: in, What: "journal entry", Source: src, Time: time.UnixMicro(int64(e.Realtime)).UTC()}
		err := j.Fields(ctx, e, maxEntry, func(name string, value []byte) {
			s.bytes += int64(len(value))
			if h.Field == "MESSAGE" || h.Field != "" && name != "MESSAGE" {
				return
			}
			at, end := w.s.p.find(w.s.p.prepared(value, &w.s.scratch), 0)
			if at >= 0 {
				h.Field, h.Excerpt = name, excerpt(value, at, end, false)
			}
		})
		if h.Field != "" {
			h.Source.Offset, h.Source.Length = e.At, e.Size
			if err := add(h); err != nil {
				return err
			}
		}
		if errors.Is(err, journald.ErrWork) || ctx.Err() != nil {
			return err
		}
		return nil
	})
	if err == nil && (walked.Damaged > 0 || walked.Missing > 0) {
		err = fmt.Errorf("a damaged journal: %d places, %d entries not found", walked.Damaged, walked.Missing)
	}
	return err
}
