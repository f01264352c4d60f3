package scan

import (
	"bytes"
	"context" //nolint:gosec // the checksum that Debian's packages state
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sort"

	"icecore/forensics/content/engine"
	"icecore/forensics/content/filetype"
	"icecore/forensics/filesystem"
	"icecore/forensics/host/pkgdb"
)

const (
	// window is how much of a file is in memory at once; larger files are
	// read in windows that overlap, so that nothing is lost at a border.
	window  = 64 << 20
	overlap = 64 << 10
	// maxHole is the smallest hole of a file that is passed over, not scanned.
	maxHole = 1 << 20
	// largeBuffers bounds how many workers hold a whole window at the same
	// time, whatever the number of processors.
	largeBuffers = 4
)

// content is what was read of a file.
type content struct {
	name   string
	own    ownership
	file   filesystem.File
	size   int64
	twin   bool // the same content may stand elsewhere, too
	again  bool // was looked at under another name
	wanted bool // by an extractor

	head    []byte // the first bytes: all, if whole
	whole   bool
	kind    string
	sum     [sha256.Size]byte // SHA-256, if hashed: only where somebody asks
	hashed  bool
	facts   *engine.Externals
	archive string // what it is packed with, if its members are looked at
	carrier bool   // what it carries inside itself is looked at
	extents []filesystem.Extent
	layout  layout          // see layOut
	ctx     context.Context // ends with the time for looking into the file; nil: no bound
	noted   bool            // that it is not hashed
	verdict
}

// verdict is what is found in content, wherever it stands.
type verdict struct {
	hits     []yaraHit
	configs  []found
	trouble  []string
	unpacked int64 // bytes of members that YARA saw
}

// read reads a file once: type, YARA, configurations.
func (w *worker) read(ctx context.Context, c *content) error {
	if c.size == 0 {
		c.kind, c.whole = filetype.Empty, true
		return nil
	}
	if err := c.layOut(w.v.Size); err != nil {
		return err
	}
	l := c.layout
	if limit := w.s.maxFile(); l.size() > limit {
		return fmt.Errorf("%w: %d bytes, the limit is %d", errTooLarge, l.size(), limit)
	}
	if c.again && c.size > window {
		return nil // extractors read for themselves
	}
	n := l.size()
	b, err := w.fill(ctx, c.file, l, 0, int(min(n, window)))
	if err != nil && len(b) == 0 {
		return err
	}
	c.kind = filetype.Of(b)
	if n > window {
		c.head = bytes.Clone(b[:4096])
		if err := w.archive(ctx, c); err != nil {
			return err
		}
		return w.once(ctx, c, n, func() error {
			if err := w.readLarge(ctx, c, l); err != nil {
				return err
			}
			return w.members(ctx, c)
		})
	}
	if c.whole = err == nil && l.plain(c.size); c.whole {
		c.head = b
	} else {
		c.head = bytes.Clone(b[:min(len(b), 4096)])
	}
	if c.again {
		return err
	}
	if err != nil {
		w.count(int64(len(b)))
		w.look(c, b, l, 0)
		return err
	}
	if err := w.archive(ctx, c); err != nil {
		return err
	}
	if err := w.carrier(ctx, c, b); err != nil {
		return err
	}
	return w.once(ctx, c, n, func() error {
		w.look(c, b, l, 0)
		if c.kind == filetype.ELF {
			w.unpackProgram(c, c, "", b)
		}
		if err := w.carries(ctx, c, b); err != nil {
			return err
		}
		return w.members(ctx, c)
	})
}

// packageState compares a file with the checksum that its owner states, and keeps
// the result.
func (w *worker) packageState(ctx context.Context, c *content) error {
	if c.own.stated.IsZero() || c.own.state != "" {
		return nil
	}
	if c.sparse() {
		c.trouble = append(c.trouble, fmt.Sprintf("not compared with its package: %v", errSparse))
		c.own.stated = pkgdb.Digest{}
		return nil
	}
	sum, err := w.digest(ctx, c, c.own.stated.Algorithm)
	switch {
	case err != nil:
		return ctx.Err()
	case sum == c.own.stated.Sum:
		c.own.state = "intact"
	default:
		c.own.state = "changed"
	}
	return nil
}

// readLarge looks at a file in windows that overlap. On the way it hashes a file
// that an extractor wants: then records will need the hash.
func (w *worker) readLarge(ctx context.Context, c *content, l layout) error {
	var sum hash.Hash
	if c.wanted && !c.hashed && l.plain(c.size) {
		sum = sha256.New()
	}
	n := l.size()
	for from, next := int64(0), int64(0); next < n; from = next - overlap {
		b, err := w.fill(ctx, c.file, l, from, int(min(n-from, window)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if from+int64(len(b)) <= next {
			return fmt.Errorf("from byte %d: %w", l.offset(next), err)
		}
		w.look(c, b, l, from)
		if sum != nil {
			_, _ = sum.Write(b[next-from:])
		}
		if next = from + int64(len(b)); err != nil {
			return fmt.Errorf("from byte %d: %w", l.offset(next), err)
		}
	}
	if sum != nil {
		sum.Sum(c.sum[:0])
		c.hashed = true
	}
	return nil
}

// fill reads n bytes of a file, from the place at of its layout, into the worker's
// buffer. With an error it gives what could be read before.
func (w *worker) fill(ctx context.Context, f filesystem.File, l layout, at int64, n int) ([]byte, error) {
	if n <= largeFile {
		if cap(w.buf) < n {
			w.buf = make([]byte, min(max(n, 2*cap(w.buf)), largeFile))
		}
		return l.read(f, w.buf[:n], at)
	}
	if w.large == nil {
		select {
		case w.large = <-w.s.large:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if cap(w.large) < n {
		w.large = make([]byte, window)
	}
	return l.read(f, w.large[:n], at)
}

// release gives a large buffer back.
func (w *worker) release() {
	if w.large != nil {
		w.s.large <- w.large
		w.large = nil
	}
}

// layout says which parts of a file are looked at: all, but for large holes.
// Behind each part stand overlap zero bytes for what was left out.
type layout []part

type part struct {
	at     int64 // in the layout
	off    int64 // in the file
	length int64
}

// layoutOf makes the layout of a file of that size.
func layoutOf(exts []filesystem.Extent, size int64) layout {
	var l layout
	end := int64(0) // of the last stored byte
	for _, e := range exts {
		if e.Unwritten || e.Length <= 0 || e.Logical >= size || e.Logical < end {
			if e.Logical < end && !e.Unwritten {
				return layout{{0, 0, size}} // not as the engines promise
			}
			continue
		}
		stop := min(e.Logical+e.Length, size)
		switch {
		case e.Logical-end < maxHole && len(l) > 0:
			l[len(l)-1].length = stop - l[len(l)-1].off
		case e.Logical-end < maxHole:
			l = layout{{0, 0, stop}}
		case len(l) == 0:
			// What begins a file decides what it is: keep some zeros.
			l = layout{{0, 0, 4096}, {4096 + overlap, e.Logical, stop - e.Logical}}
		default:
			p := l[len(l)-1]
			l = append(l, part{p.at + p.length + overlap, e.Logical, stop - e.Logical})
		}
		end = stop
	}
	switch {
	case len(l) == 0 && size >= maxHole:
		l = layout{{0, 0, 4096}}
	case len(l) == 0:
		l = layout{{0, 0, size}}
	case size-end < maxHole:
		l[len(l)-1].length += size - end
	}
	return l
}

func (l layout) size() int64 { p := l[len(l)-1]; return p.at + p.length }

// plain says whether the layout is the file itself.
func (l layout) plain(size int64) bool { return len(l) == 1 && l[0].length == size }

// part gives the part in which a place lies, or the one before it.
func (l layout) part(at int64) int {
	return sort.Search(len(l), func(i int) bool { return l[i].at > at }) - 1
}

// offset gives the offset in the file of a place in the layout.
func (l layout) offset(at int64) int64 {
	p := l[l.part(at)]
	return p.off + min(at-p.at, p.length)
}

// read reads from a place of the layout.
func (l layout) read(f io.ReaderAt, b []byte, at int64) ([]byte, error) {
	done := 0
	for done < len(b) {
		p := l[l.part(at+int64(done))]
		in := at + int64(done) - p.at
		if in >= p.length {
			n := min(int64(len(b)-done), p.length+overlap-in)
			clear(b[done : done+int(n)])
			done += int(n)
			continue
		}
		n := int(min(int64(len(b)-done), p.length-in))
		got, err := f.ReadAt(b[done:done+n], p.off+in)
		if err == io.EOF && got == n {
			err = nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		done += got
		if err != nil {
			return b[:done], err
		}
	}
	return b, nil
}

// hash computes the SHA-256 of a file, unless it is known.
func (w *worker) hash(ctx context.Context, c *content) error {
	if c.hashed {
		return nil
	}
	if c.sparse() {
		return errSparse
	}
	h := sha256.New()
	if err := w.hashWith(ctx, c, h); err != nil {
		return err
	}
	h.Sum(c.sum[:0])
	c.hashed = true
	return nil
}

// digest hashes a file as the package database does.
func (w *worker) digest(ctx context.Context, c *content, algorithm string) (string, error) {
	h, err := pkgdb.NewHash(algorithm)
	if err != nil {
		return "", err
	}
	if err := w.hashWith(ctx, c, h); err != nil {
		return "", err
	}
	return string(h.Sum(nil)), nil
}

// hashWith hashes all of a file.
func (w *worker) hashWith(ctx context.Context, c *content, h hash.Hash) error {
	if c.whole {
		_, _ = h.Write(c.head)
		return nil
	}
	buf := make([]byte, 1<<20)
	exts := c.extents
	if exts == nil {
		exts = []filesystem.Extent{{Length: c.size}}
	}
	zeros := false // buf holds zeros
	for off := int64(0); off < c.size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(int64(len(buf)), c.size-off)
		if next := nextData(exts, off, c.size); next > off {
			n = min(n, next-off)
			if !zeros {
				clear(buf)
				zeros = true
			}
		} else {
			got, err := c.file.ReadAt(buf[:n], off)
			if got == 0 && err == nil {
				err = io.ErrUnexpectedEOF
			}
			if err != nil && (err != io.EOF || int64(got) < n) {
				return err
			}
			zeros = false
		}
		_, _ = h.Write(buf[:n])
		off += n
	}
	return nil
}

// nextData gives where the first byte that is stored stands, at or behind off.
func nextData(exts []filesystem.Extent, off, size int64) int64 {
	i := sort.Search(len(exts), func(i int) bool { return exts[i].Logical+exts[i].Length > off })
	for ; i < len(exts); i++ {
		if !exts[i].Unwritten {
			return max(off, exts[i].Logical)
		}
	}
	return size
}

// diskOffset gives where a byte of a file stands on the disk, or -1.
func diskOffset(exts []filesystem.Extent, volume, off int64) int64 {
	i := sort.Search(len(exts), func(i int) bool { return exts[i].Logical+exts[i].Length > off })
	if i == len(exts) || off < exts[i].Logical || exts[i].Unwritten {
		return -1
	}
	return volume + exts[i].Physical + off - exts[i].Logical
}
