// Package syslog turns a log file, rotated and compressed or not, into lines with a
// time, a host, a program and a message. It knows no program's messages.
//
// Formats: the traditional stamp of RFC 3164 ("Jan  2 15:04:05", no year, local
// time), with the priority that BusyBox writes, that of asctime(3), RFC 3339 as rsyslog and RFC 5424 write it, and what `journalctl -o
// short-full|short-iso|short-precise` prints; a kept priority ("<86>") before any
// of them.
//
// It promises: memory bounded by one line and one decompression window; a bound
// on the unpacked bytes, an error where it is reached; a missing year is inferred
// the same way however often the file is read, never from the clock of the
// machine that reads.
package syslog

import (
	"errors"
	"fmt"
	"io"

	"icecore/forensics/stream"
)

// Bounds of unpacking. A log of one line repeated packs about a thousandfold
// with gzip and more with xz; what grows far beyond that is no log.
const (
	MaxText   = 20 << 30 // bytes of text of one log
	maxGrowth = 5000     // bytes of text for each packed byte, beyond freeText
	freeText  = 256 << 20
)

// ErrTooLong says that a packed log was read up to its bound only.
var ErrTooLong = errors.New("the unpacked text is longer than its bound; the rest was not read")

// Open unpacks a log from its beginning. What it is packed with is recognised by its
// first bytes, whatever its name; member names it ("gzip", "xz", "bzip2",
// "zstd", "lz4"), empty for plain text.
func Open(content *io.SectionReader) (text io.ReadCloser, member string, err error) {
	head := make([]byte, 6) // as many as stream.Kind wants
	n, err := content.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	head = head[:n]
	packed := io.NewSectionReader(content, 0, content.Size())
	if member = stream.Kind(head); member == "" {
		return io.NopCloser(packed), "", nil
	}
	r, err := stream.Open(member, packed)
	if err != nil {
		return nil, member, fmt.Errorf("%s: %w", member, err)
	}
	return &bounded{r: r, name: member, left: maxUnpacked(content.Size())}, member, nil
}

// maxUnpacked is how many bytes of text a packed log of that size may hold.
func maxUnpacked(packed int64) int64 {
	if packed > (MaxText-freeText)/maxGrowth {
		return MaxText
	}
	return freeText + maxGrowth*packed
}

// bounded is an io.LimitedReader that says so when it cuts.
type bounded struct {
	r    io.ReadCloser
	name string
	left int64
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

func (b *bounded) Close() error { return b.r.Close() }
