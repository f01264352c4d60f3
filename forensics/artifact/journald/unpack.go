package journald

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"icecore/forensics/stream/unxz"
)

const (
	maxPacked = 1 << 20 // bytes of a packed payload that are looked at
	// maxLZ4 is the largest payload that is unpacked from LZ4, which gives all of
	// it or nothing.
	maxLZ4    = 8 << 20
	maxWindow = 8 << 20 // bytes of history that a decompressor may keep
	// maxXZ are the payloads that are unpacked from XZ in one file: each takes
	// milliseconds, however short it is.
	maxXZ = 50_000
)

// unpacker holds the buffers of unpacking. The zero value is ready.
type unpacker struct {
	in, out []byte
	zstd    *zstd.Decoder
	xz      int // payloads unpacked
}

// room gives a buffer of n bytes, valid until the next call.
func (u *unpacker) room(n int) []byte {
	if cap(u.out) < n {
		u.out = make([]byte, n)
	}
	return u.out[:n]
}

// packing names the way in which a payload is packed.
func packing(flags uint8) string {
	switch flags & packedAny {
	case packedXZ:
		return "xz"
	case packedLZ4:
		return "lz4"
	case packedZSTD:
		return "zstd"
	}
	return ""
}

// unpack gives the first bytes of a packed payload, at most limit of them, valid
// until the next call.
func (f *File) unpack(d *datum, limit int) ([]byte, error) {
	b, err := f.unpackInto(d, limit)
	if err != nil && !errors.Is(err, ErrWork) {
		return nil, fmt.Errorf("data at byte %d: %s: %w", d.at, packing(d.packed), err)
	}
	return b, err
}

func (f *File) unpackInto(d *datum, limit int) ([]byte, error) {
	u := &f.packed
	if d.size > maxPacked {
		return nil, fmt.Errorf("%d packed bytes, more than the limit of %d", d.size, maxPacked)
	}
	if cap(u.in) < int(d.size) {
		u.in = make([]byte, d.size)
	}
	in := u.in[:d.size]
	if err := f.readFull(in, d.from); err != nil {
		return nil, err
	}
	if err := f.spend(d.size + int64(limit)); err != nil {
		return nil, err
	}
	switch d.packed {
	case packedZSTD:
		if u.zstd == nil {
			z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
			if err != nil {
				return nil, err
			}
			u.zstd = z
		}
		if err := u.zstd.Reset(bytes.NewReader(in)); err != nil {
			return nil, err
		}
		return u.read(u.zstd, limit)
	case packedXZ:
		if u.xz++; u.xz > maxXZ {
			return nil, fmt.Errorf("%d others were unpacked before it, which is the limit", maxXZ)
		}
		return u.read(unxz.NewReader(bytes.NewReader(in), maxWindow), limit)
	case packedLZ4:
		// The length of the text stands before the block.
		if len(in) <= 8 {
			return nil, io.ErrUnexpectedEOF
		}
		size := binary.LittleEndian.Uint64(in)
		if size == 0 || size > maxLZ4 {
			return nil, fmt.Errorf("it states a length of %d bytes; the limit is %d", size, maxLZ4)
		}
		if err := f.spend(int64(size)); err != nil {
			return nil, err
		}
		out := u.room(int(size))
		n, err := lz4.UncompressBlock(in[8:], out)
		if err != nil {
			return nil, err
		}
		return out[:min(n, limit)], nil
	}
	return nil, errors.New("packed in more than one way")
}

// read reads at most limit bytes.
func (u *unpacker) read(r io.Reader, limit int) ([]byte, error) {
	out := u.room(limit)
	n, err := io.ReadFull(r, out)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
		// The end; of a cut payload, what stands before the cut.
		err = nil
	}
	if n == 0 && err == nil {
		err = io.ErrUnexpectedEOF
	}
	return out[:n], err
}

// Close frees what a reader of a journal holds. The file itself stays open.
func (f *File) Close() { f.close() }

// close frees what a decompressor holds.
func (f *File) close() {
	if f.packed.zstd != nil {
		f.packed.zstd.Close()
		f.packed.zstd = nil
	}
}
