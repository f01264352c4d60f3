// Package logs turns a log file, rotated and compressed or not, into lines with a
// time, a host, a program and a message. It knows no program's messages.
//
// Formats: the traditional stamp of RFC 3164 ("Jan  2 15:04:05", no year, local
// time), RFC 3339 as rsyslog and RFC 5424 write it, and what `journalctl -o
// short-full|short-iso|short-precise` prints; a kept priority ("<86>") before any
// of them.
//
// It promises: memory bounded by one line and one decompression window; a bound
// on the unpacked bytes, an error where it is reached; a missing year is inferred
// the same way however often the file is read, never from the clock of the
// machine that reads.
package logs

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"icecore/forensics/unxz"
)

// Bounds of unpacking. A log of one line repeated packs about a thousandfold
// with gzip and more with xz; what grows far beyond that is no log.
const (
	MaxText   = 20 << 30 // bytes of text of one log
	maxGrowth = 5000     // bytes of text for each packed byte, beyond freeText
	freeText  = 256 << 20
	maxWindow = 64 << 20 // bytes of history that a decompressor may keep
)

// ErrTooLong says that a packed log was read up to its bound only.
var ErrTooLong = errors.New("the unpacked text is longer than its bound; the rest was not read")

// Open unpacks a log from its beginning. What it is packed with is told by its
// first bytes, whatever its name; member names it ("gzip", "xz", "bzip2",
// "zstd"), empty for plain text.
func Open(content *io.SectionReader) (text io.ReadCloser, member string, err error) {
	head := make([]byte, 6)
	n, err := content.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	head = head[:n]
	packed := io.NewSectionReader(content, 0, content.Size())
	var r io.Reader = packed
	closer := func() {}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		member = "gzip"
		r, err = gzip.NewReader(packed)
	case bytes.HasPrefix(head, []byte("BZh")):
		member = "bzip2"
		r, err = bzip2.NewReader(packed), nil
	case bytes.HasPrefix(head, []byte(unxz.Magic)):
		member = "xz"
		r, err = unxz.NewReader(packed, maxWindow), nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		member = "zstd"
		var z *zstd.Decoder
		z, err = zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err == nil {
			r, closer = z, z.Close
		}
	default:
		return io.NopCloser(packed), "", nil
	}
	if err != nil {
		return nil, member, fmt.Errorf("%s: %w", member, err)
	}
	limit := int64(freeText) + maxGrowth*content.Size()
	if content.Size() > MaxText/maxGrowth || limit > MaxText {
		limit = MaxText
	}
	return &bounded{r: r, name: member, left: limit, close: closer}, member, nil
}

// bounded is an io.LimitedReader that says so when it cuts.
type bounded struct {
	r     io.Reader
	name  string
	left  int64
	close func()
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.r.Read(one[:]); n == 0 && err != nil {
			return 0, b.wrap(err)
		}
		return 0, fmt.Errorf("%s: %w", b.name, ErrTooLong)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, b.wrap(err)
}

func (b *bounded) wrap(err error) error {
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return fmt.Errorf("%s: %w", b.name, err)
}

func (b *bounded) Close() error {
	b.close()
	return nil
}
