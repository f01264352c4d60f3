package member

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
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
		return io.NopCloser(&xzReader{src: counted{r: bufio.NewReaderSize(src, 64<<10)}}), nil
	case Zstd:
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(lz4.NewReader(src)), nil
}
