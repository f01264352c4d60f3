// Package stream opens what is compressed as one stream: gzip, bzip2, xz, zstd and
// lz4, recognised by its first bytes, whatever its name.
//
// Formats: RFC 1952; bzip2; the .xz file format 1.2.1; RFC 8878; the LZ4 frame format.
//
// It promises memory bounded by one window of history (MaxWindow). How many bytes come
// out of a stream is the caller's to bound.
package stream

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"icecore/forensics/stream/unxz"
)

// The kinds of streams, by the names that sources use.
const (
	Gzip  = "gzip"
	Bzip2 = "bzip2"
	XZ    = "xz"
	Zstd  = "zstd"
	LZ4   = "lz4"
)

// MaxWindow is how many bytes of history a stream may want to be kept.
const MaxWindow = 64 << 20

// Kind says what the first bytes of a file (6 are enough) begin; empty: no stream.
func Kind(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return Gzip
	case len(head) > 4 && bytes.HasPrefix(head, []byte("BZh")) && head[3] >= '1' && head[3] <= '9':
		return Bzip2
	case bytes.HasPrefix(head, []byte(unxz.Magic)):
		return XZ
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return Zstd
	case bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}):
		return LZ4
	}
	return ""
}

// Open unpacks a stream of that kind. It may read more of src than belongs to it. The
// error of an xz stream that wants a larger window is unxz.ErrDictionary.
func Open(kind string, src io.Reader) (io.ReadCloser, error) {
	src = bufio.NewReaderSize(src, 64<<10)
	switch kind {
	case Gzip:
		return gzip.NewReader(src)
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(src)), nil
	case XZ:
		return io.NopCloser(unxz.NewReader(src, MaxWindow)), nil
	case Zstd:
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(MaxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case LZ4:
		return io.NopCloser(lz4.NewReader(src)), nil
	}
	return nil, fmt.Errorf("no kind of stream: %q", kind)
}
