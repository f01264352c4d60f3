package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// limits bound what one extractor does with one file.
type limits struct {
	time    time.Duration // for any file
	speed   int64         // bytes for which it has a second more
	bytes   int64         // that it may read of any file
	times   int64         // how often it may read all of a larger one
	holes   int64         // bytes of holes, where it keeps them
	records int           // of one kind
}

// The least that is asked of an extractor is far below what the slowest needs on a slow
// machine: what is cut by time must not depend on how busy the analyst's machine is.
var usualLimits = limits{time: 5 * time.Minute, speed: 4 << 20, bytes: 64 << 20, times: 4, holes: 1 << 30, records: 100_000}

// view is a file as extractors read it: without its large holes.
type view struct {
	f io.ReaderAt
	l layout
}

// ReadAt implements io.ReaderAt.
func (v view) ReadAt(p []byte, off int64) (int, error) {
	size := v.l.size()
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	short := int64(len(p)) > size-off
	b, err := v.l.read(v.f, p[:min(int64(len(p)), size-off)], off)
	if err == nil && short {
		err = io.EOF
	}
	return len(b), err
}

// whole is a file with its holes, which are not read from the filesystem.
type whole struct {
	f    io.ReaderAt
	exts []filesystem.Extent
	size int64
	left int64 // bytes of holes that may be read
}

// ReadAt implements io.ReaderAt.
func (w *whole) ReadAt(p []byte, off int64) (int, error) {
	n := min(int64(len(p)), w.size-off)
	if off < 0 || n <= 0 || w.exts == nil || nextData(w.exts, off, w.size) < off+n {
		return w.f.ReadAt(p, off)
	}
	if w.left -= n; w.left < 0 {
		return 0, fmt.Errorf("%w: too many bytes of holes", artifact.ErrBudget)
	}
	clear(p[:n])
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// budget is content that is read within bounds. It is for one goroutine.
type budget struct {
	r     io.ReaderAt
	ctx   context.Context // ends with the time
	left  int64
	spent error // the error of a read beyond the bounds
}

// ReadAt implements io.ReaderAt.
func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.spent == nil {
		switch cause := context.Cause(b.ctx); {
		case errors.Is(cause, artifact.ErrBudget):
			b.spent = cause
		case cause != nil:
			return 0, cause
		case b.left < 0:
			b.spent = fmt.Errorf("%w: too many bytes read", artifact.ErrBudget)
		}
	}
	if b.spent != nil {
		return 0, b.spent
	}
	n, err := b.r.ReadAt(p, off)
	b.left -= int64(n)
	if errors.Is(err, artifact.ErrBudget) {
		b.spent = err
	}
	return n, err
}

// opened is content opened for an extractor.
type opened struct {
	content *io.SectionReader // nil: there is none
	l       layout            // nil: the content is the file, byte for byte
	next    func(int64) int64
	budget  *budget
	ctx     context.Context
	cancel  context.CancelFunc
}

// deadline gives the context of a piece of work on a file of which size bytes are read.
func (l *limits) deadline(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, l.time+time.Duration(size/l.speed)*time.Second, fmt.Errorf("%w: it took too long", artifact.ErrBudget))
}

// open opens the content of a file for an extractor. close it.
func (w *worker) open(ctx context.Context, c *content, keepsHoles bool) (*opened, error) {
	lim := &w.s.limits
	o := &opened{ctx: ctx, cancel: func() {}}
	var r io.ReaderAt
	size := c.size
	switch {
	case c.whole:
		r, size = bytes.NewReader(c.head), int64(len(c.head))
	case c.file == nil:
		return o, nil
	default:
		r = c.file
		if err := c.layOut(w.v.Size); err != nil {
			return nil, err
		}
		if keepsHoles {
			r = &whole{c.file, c.extents, c.size, lim.holes}
			o.next = func(off int64) int64 { return off }
			if c.extents != nil {
				o.next = func(off int64) int64 { return nextData(c.extents, off, c.size) }
			}
		} else if !c.layout.plain(c.size) {
			o.l, r, size = c.layout, view{c.file, c.layout}, c.layout.size()
		}
	}
	o.ctx, o.cancel = lim.deadline(ctx, min(c.stored(), size))
	o.budget = &budget{r: r, ctx: o.ctx, left: lim.bytes + lim.times*min(size, w.s.maxFile()+lim.holes)}
	o.content = io.NewSectionReader(o.budget, 0, size)
	return o, nil
}

// place turns the source of a record into one of the file.
func (o *opened) place(src *artifact.Source) {
	if o.l == nil || src.Member != "" {
		return
	}
	from := o.l.offset(src.Offset)
	if src.Length > 0 {
		src.Length = o.l.offset(src.Offset+src.Length) - from
	}
	src.Offset = from
}

// layOut finds out where a file's holes are, and refuses one that claims to store more
// than its volume has: blocks that stand in a file several times.
func (c *content) layOut(volume int64) error {
	if c.layout != nil {
		return nil
	}
	if c.size <= maxHole {
		c.layout = layout{{0, 0, c.size}}
		return nil
	}
	exts, err := c.file.Extents()
	if err != nil {
		c.layout = layout{{0, 0, c.size}}
		return nil //nolint:nilerr // what can be read is read, within bounds
	}
	c.extents = exts
	if n := c.stored(); n > volume && volume > 0 {
		return fmt.Errorf("%w: it claims to store %d bytes, on a volume of %d", errTooLarge, n, volume)
	}
	c.layout = layoutOf(exts, c.size)
	return nil
}

// stored gives the bytes that a file stores, as far as it is known.
func (c *content) stored() int64 {
	if c.extents == nil {
		return c.size
	}
	n := int64(0)
	for _, e := range c.extents {
		if !e.Unwritten {
			n += e.Length
		}
	}
	return n
}

func (s *Scan) maxFile() int64 {
	if s.opts.MaxFile > 0 {
		return s.opts.MaxFile
	}
	return host.DefaultMaxFile
}

// maxZeros is how many zero bytes of holes are hashed of a file that stores less.
const maxZeros = 64 << 20

var errSparse = errors.New("not hashed: nearly all of it is a hole")

// sparse says whether hashing a file would be hashing zeros.
func (c *content) sparse() bool {
	if c.whole || c.file == nil {
		return false
	}
	if c.extents == nil && c.size > maxZeros {
		if exts, err := c.file.Extents(); err == nil {
			c.extents = exts
		}
	}
	stored := c.stored()
	return c.size-stored > maxZeros && c.size-stored > 4*stored
}
