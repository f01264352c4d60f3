// Package member looks into compressed files and archives: gzip, bzip2, xz, zstd
// and lz4 streams, tar (also compressed), zip, ar with the packages of Debian, and
// cpio with the initial RAM disks made of it. It gives the content of the members in
// pieces, one level deep: what is inside a member stays as it is.
//
// It promises bounded work and memory, whatever the bytes say: a bound on the
// members, on the bytes of all of them, and on how much larger they are than what
// they were packed into; where one is reached, [Walk] says so and goes no further.
//
// Formats: RFC 1952, RFC 8878, the .xz file format 1.2.1, the LZ4 frame format,
// POSIX.1-2001 (tar), APPNOTE 6.3 (zip), ar(5), deb(5), and the "newc" form of
// cpio(5).
package member

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"icecore/forensics/stream"
	"icecore/forensics/stream/unxz"
)

// Limits bound what is unpacked of one file. A zero means the value of [Default].
type Limits struct {
	Members int   // of one archive
	Bytes   int64 // of all members together
	Growth  int64 // unpacked bytes for each packed byte, beyond FreeBytes
	Piece   int   // largest piece, in bytes
}

// Default are the usual limits. They let a core dump and a distribution's packages
// through, and cut bombs after a second or two.
var Default = Limits{Members: 50_000, Bytes: 1 << 30, Growth: 200, Piece: 16 << 20}

const (
	// freeBytes may be unpacked of any file, whatever its size.
	freeBytes = 64 << 20
	// overlap is how much of a piece stands at the beginning of the next one
	// again, so that nothing is lost at a border.
	overlap = 64 << 10
)

// ErrLimit is wrapped by errors that say that a limit was reached.
var ErrLimit = errors.New("limit reached; the rest was not read")

// Piece is a part of a member, or all of it.
type Piece struct {
	Name string // of the member; gzip, xz, ... for a single stream
	Off  int64  // in the member
	Data []byte // overwritten by the next piece
	Last bool   // of this member
}

// Kinds of content that Walk unpacks.
const (
	Gzip  = stream.Gzip
	Bzip2 = stream.Bzip2
	XZ    = stream.XZ
	Zstd  = stream.Zstd
	LZ4   = stream.LZ4
	Tar   = "tar"
	Zip   = "zip"
	Ar    = "ar"
	Cpio  = "cpio"
)

// Kind says what the first bytes of a file (512 are enough) begin; empty: nothing
// that is unpacked.
func Kind(head []byte) string {
	if kind := stream.Kind(head); kind != "" {
		return kind
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return Zip
	case bytes.HasPrefix(head, []byte("!<arch>\n")):
		return Ar
	case bytes.HasPrefix(head, []byte("070701")), bytes.HasPrefix(head, []byte("070702")):
		return Cpio
	case isTar(head):
		return Tar
	}
	return ""
}

// isTar says whether the first 512 bytes are the header of a tar member: by the
// magic, or for the oldest form by the checksum.
func isTar(h []byte) bool {
	if len(h) < 512 || h[0] == 0 {
		return false
	}
	if string(h[257:262]) == "ustar" {
		return true
	}
	var want, sum int
	for _, c := range bytes.Trim(h[148:156], " \x00") {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int(c-'0')
	}
	for i, c := range h[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	return want == sum && want > 0
}

// walk is one call of Walk.
type walk struct {
	ctx    context.Context
	limits Limits
	packed int64 // bytes of the file
	fn     func(Piece) error
	buf    []byte
	count  int
	bytes  int64
	depth  int
}

// stop ends a walk for what is outside of the file: the caller's function, or the
// context.
type stop struct{ err error }

func (s stop) Error() string { return s.err.Error() }

// Walk calls fn for each piece of each member. The buffer may be nil; it is grown to
// the size of the largest piece and given back for the next call. fail is an error
// of fn or of the context; problem says what could not be read of the file: after
// it, what was given stands.
func Walk(ctx context.Context, r *io.SectionReader, limits Limits, buf []byte, fn func(Piece) error) (newBuf []byte, problem, fail error) {
	w := &walk{ctx: ctx, limits: limits, packed: r.Size(), fn: fn, buf: buf}
	if w.limits.Members <= 0 {
		w.limits.Members = Default.Members
	}
	if w.limits.Bytes <= 0 {
		w.limits.Bytes = Default.Bytes
	}
	if w.limits.Growth <= 0 {
		w.limits.Growth = Default.Growth
	}
	if w.limits.Piece <= 0 {
		w.limits.Piece = Default.Piece
	}
	w.limits.Piece = max(w.limits.Piece, 4*overlap)
	err := w.file(r)
	var s stop
	if errors.As(err, &s) {
		return w.buf, nil, s.err
	}
	return w.buf, err, nil
}

// file unpacks a file that can be read at any place.
func (w *walk) file(r *io.SectionReader) (err error) {
	defer func() {
		// The decompressors are not ours, and the bytes are an intruder's.
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	head := make([]byte, 512)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch kind := Kind(head[:n]); kind {
	case Zip:
		return w.zip(r)
	case "":
		return nil
	default:
		return w.stream(kind, &source{r: r})
	}
}

// source is a stream that can give bytes back, to look ahead.
type source struct {
	r    io.Reader
	back []byte
}

func (s *source) Read(p []byte) (int, error) {
	if len(s.back) > 0 {
		n := copy(p, s.back)
		s.back = s.back[n:]
		return n, nil
	}
	return s.r.Read(p)
}

// peek gives the next n bytes, or as many as there are, and leaves them there.
func (s *source) peek(n int) ([]byte, error) {
	if len(s.back) >= n {
		return s.back[:n], nil
	}
	b := make([]byte, n)
	k := copy(b, s.back)
	m, err := io.ReadFull(s.r, b[k:])
	s.back = b[:k+m]
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return s.back, err
}

// stream unpacks what begins at src.
func (w *walk) stream(kind string, src *source) error {
	switch kind {
	case Tar:
		return w.tar(src)
	case Ar:
		return w.ar(src)
	case Cpio:
		return w.cpio(src)
	case Zip: // within another file: stays as it is
		return w.member(kind, src)
	}
	// What it reads of src is exact for no kind: behind a stream nothing else is
	// looked for.
	r, err := stream.Open(kind, src)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	defer r.Close()
	out := &source{r: limited{r}}
	head, err := out.peek(512)
	if err != nil && len(head) == 0 {
		return fmt.Errorf("%s: %w", kind, err)
	}
	switch inner := Kind(head); inner {
	case Tar, Cpio:
		if err := w.stream(inner, out); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		return nil
	}
	return w.member(kind, out)
}

// member gives all pieces of one member.
func (w *walk) member(name string, r io.Reader) error {
	if w.count++; w.count > w.limits.Members {
		return fmt.Errorf("more than %d members: %w", w.limits.Members, ErrLimit)
	}
	limit := w.limits.Bytes
	if w.packed < limit/w.limits.Growth {
		limit = min(limit, max(freeBytes, w.packed*w.limits.Growth))
	}
	var off int64
	n := 0 // bytes in the buffer
	for {
		if err := w.ctx.Err(); err != nil {
			return stop{err}
		}
		if n == len(w.buf) {
			if n >= w.limits.Piece {
				if err := w.emitPiece(Piece{name, off, w.buf[:n], false}); err != nil {
					return err
				}
				off += int64(n - overlap)
				copy(w.buf, w.buf[n-overlap:n])
				n = overlap
			} else {
				grown := make([]byte, min(max(64<<10, 2*n), w.limits.Piece))
				copy(grown, w.buf[:n])
				w.buf = grown
			}
		}
		room := min(int64(len(w.buf)-n), limit-w.bytes)
		if room <= 0 {
			if err := w.emitPiece(Piece{name, off, w.buf[:n], true}); err != nil {
				return err
			}
			return fmt.Errorf("%d bytes unpacked from %d: %w", w.bytes, w.packed, ErrLimit)
		}
		k, err := r.Read(w.buf[n : n+int(room)])
		n += k
		w.bytes += int64(k)
		if err == nil {
			continue
		}
		if err2 := w.emitPiece(Piece{name, off, w.buf[:n], true}); err2 != nil {
			return err2
		}
		if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
}

func (w *walk) emitPiece(p Piece) error {
	if len(p.Data) == 0 {
		return nil
	}
	if err := w.fn(p); err != nil {
		return stop{err}
	}
	return nil
}

// maxNested bounds how often one archive may stand behind another in a file.
const maxNested = 8

// cpio reads the members of a "newc" archive, and what stands behind it: the
// kernel takes several archives, the last mostly compressed, as one.
func (w *walk) cpio(src *source) error {
	if w.depth++; w.depth > maxNested {
		return fmt.Errorf("more than %d archives one behind the other: %w", maxNested, ErrLimit)
	}
	defer func() { w.depth-- }()
	var h [110]byte
	for {
		if _, err := io.ReadFull(src, h[:]); err != nil {
			return fmt.Errorf("cpio: %w", err)
		}
		if string(h[:5]) != "07070" {
			return errors.New("cpio: no header where one should be")
		}
		size, ok1 := hex8(h[54:62])
		nameLen, ok2 := hex8(h[94:102])
		if !ok1 || !ok2 || nameLen > 4096 {
			return errors.New("cpio: damaged header")
		}
		name := make([]byte, nameLen+(4-(110+nameLen)%4)%4)
		if _, err := io.ReadFull(src, name); err != nil {
			return fmt.Errorf("cpio: %w", err)
		}
		n := string(bytes.TrimRight(name[:nameLen], "\x00"))
		if n == "TRAILER!!!" {
			break
		}
		if size > 0 {
			body := io.LimitReader(src, int64(size))
			if err := w.member(n, body); err != nil {
				return err
			}
			if _, err := io.CopyN(io.Discard, src, int64((4-size%4)%4)); err != nil {
				return fmt.Errorf("cpio: %w", err)
			}
		}
	}
	for {
		head, err := src.peek(512)
		if err != nil {
			return fmt.Errorf("cpio: %w", err)
		}
		if len(head) == 0 {
			return nil
		}
		if rest := bytes.TrimLeft(head, "\x00"); len(rest) < len(head) {
			src.back = rest
			continue
		}
		if kind := Kind(head); kind != "" && kind != Zip {
			return w.stream(kind, src)
		}
		return nil
	}
}

func hex8(b []byte) (uint32, bool) {
	var v uint32
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint32(c)
	}
	return v, true
}

// le32 reads a number as zip and xz keep it.
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// limited reports a dictionary that is too large like the other limits.
type limited struct{ io.Reader }

// Read implements io.Reader.
func (l limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if errors.Is(err, unxz.ErrDictionary) {
		err = fmt.Errorf("%w: %w", err, ErrLimit)
	}
	return n, err
}
