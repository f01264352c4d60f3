package member

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"icecore/forensics/unxz"
)

// decompress opens a stream. What it reads of src is exact for none of them: behind
// a stream nothing else is looked for.
func decompress(kind string, src io.Reader) (io.ReadCloser, error) {
	switch kind {
	case Gzip:
		return gzip.NewReader(bufio.NewReaderSize(src, 64<<10))
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(bufio.NewReaderSize(src, 64<<10))), nil
	case XZ:
		return io.NopCloser(xzReader{unxz.NewReader(src, maxWindow)}), nil
	case Zstd:
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(lz4.NewReader(src)), nil
}

// xzReader tells of a dictionary that is too large as of the other limits.
type xzReader struct{ io.Reader }

// Read implements io.Reader.
func (x xzReader) Read(p []byte) (int, error) {
	n, err := x.Reader.Read(p)
	if errors.Is(err, unxz.ErrDictionary) {
		err = fmt.Errorf("%w: %w", err, ErrLimit)
	}
	return n, err
}
