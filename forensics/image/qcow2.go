package image

import (
	"bytes"
	"compress/flate"
	"container/list"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// qcow2 is a QEMU copy-on-write image of version 2 or 3, after the format's
// description in QEMU's docs/interop/qcow2.rst. All numbers are big-endian.
type qcow2 struct {
	path        string
	r           io.ReaderAt
	fileSize    int64
	size        int64
	clusterBits uint
	l1          []uint64
	zstd        *zstd.Decoder
	backingName string
	backingFmt  string
	backing     Disk // nil: unallocated clusters read as zeros
	flags       uint64

	mu    sync.Mutex
	cache map[uint64]*list.Element // L2 tables and unpacked clusters by offset in the file
	order *list.List               // least recently used last
}

const (
	qcow2Magic      = "QFI\xfb"
	qcowOffsetMask  = 0x00fffffffffffe00
	qcowCompressed  = 1 << 62
	qcowZero        = 1
	qcowMaxL1       = 32 << 20 // bytes, as QEMU limits it
	qcowCacheBytes  = 32 << 20
	qcowDirty       = 1 << 0
	qcowCorrupt     = 1 << 1
	qcowExternal    = 1 << 2
	qcowCompression = 1 << 3
	qcowExtendedL2  = 1 << 4
	maxBackingChain = 16
)

type cacheEntry struct {
	key  uint64
	data []byte
}

func openQcow2(path string, r io.ReaderAt, fileSize int64) (*qcow2, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%s: qcow2: %s", path, fmt.Sprintf(format, args...))
	}
	be := binary.BigEndian
	h := make([]byte, 112)
	n, err := r.ReadAt(h, 0)
	if n < 72 {
		return nil, bad("truncated header: %v", err)
	}
	version := be.Uint32(h[4:])
	if version != 2 && version != 3 {
		return nil, bad("version %d is not supported", version)
	}
	q := &qcow2{path: path, r: r, fileSize: fileSize, clusterBits: uint(be.Uint32(h[20:])), cache: make(map[uint64]*list.Element), order: list.New()}
	if q.clusterBits < 9 || q.clusterBits > 21 {
		return nil, bad("cluster size 2^%d", q.clusterBits)
	}
	size := be.Uint64(h[24:])
	if size > 1<<56 {
		return nil, bad("virtual size %d", size)
	}
	q.size = int64(size)
	if m := be.Uint32(h[32:]); m != 0 {
		return nil, bad("is encrypted (method %d): not supported", m)
	}
	headerLen := int64(72)
	if version == 3 {
		if n < 104 {
			return nil, bad("truncated header: %v", err)
		}
		q.flags = be.Uint64(h[72:])
		headerLen = int64(be.Uint32(h[100:]))
		if q.flags&qcowExternal != 0 {
			return nil, bad("keeps its data in an external file: not supported")
		}
		if q.flags&qcowExtendedL2 != 0 {
			return nil, bad("has extended L2 entries: not supported")
		}
		if f := q.flags &^ (qcowDirty | qcowCorrupt | qcowCompression); f != 0 {
			return nil, bad("incompatible features %#x: not supported", f)
		}
		if q.flags&qcowCompression != 0 && headerLen > 104 && n > 104 {
			switch h[104] {
			case 0:
			case 1:
				if q.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20)); err != nil {
					return nil, bad("%v", err)
				}
			default:
				return nil, bad("compression type %d: not supported", h[104])
			}
		}
	}
	l1Size, l1Off := uint64(be.Uint32(h[36:])), be.Uint64(h[40:])
	perL2 := uint64(1) << (q.clusterBits - 3)
	need := (size + perL2<<q.clusterBits - 1) / (perL2 << q.clusterBits)
	if l1Size*8 > qcowMaxL1 {
		return nil, bad("L1 table of %d entries", l1Size)
	}
	if l1Size < need {
		return nil, bad("L1 table of %d entries for a disk that needs %d", l1Size, need)
	}
	l1 := make([]byte, need*8)
	if m, err := r.ReadAt(l1, int64(l1Off&(1<<63-1))); m < len(l1) {
		return nil, bad("L1 table at offset %d is cut short (the file has %d bytes): %v", l1Off, fileSize, err)
	}
	q.l1 = make([]uint64, need)
	for i := range q.l1 {
		q.l1[i] = be.Uint64(l1[8*i:]) & qcowOffsetMask
	}
	if off, l := be.Uint64(h[8:]), be.Uint32(h[16:]); off != 0 {
		if l == 0 || l > 1023 || off > uint64(fileSize) {
			return nil, bad("backing file name of %d bytes at offset %d", l, off)
		}
		name := make([]byte, l)
		if m, err := r.ReadAt(name, int64(off)); m < len(name) {
			return nil, bad("backing file name is cut short: %v", err)
		}
		q.backingName = string(name)
		q.backingFmt = q.extension(headerLen, 0xe2792aca)
	}
	return q, q.checkTruncated()
}

// extension gives the header extension of that type.
func (q *qcow2) extension(at int64, want uint32) string {
	for range 64 {
		var h [8]byte
		if n, _ := q.r.ReadAt(h[:], at); n < 8 {
			return ""
		}
		typ, l := binary.BigEndian.Uint32(h[:]), int64(binary.BigEndian.Uint32(h[4:]))
		if typ == 0 || l > 4096 {
			return ""
		}
		if typ == want {
			b := make([]byte, l)
			if n, _ := q.r.ReadAt(b, at+8); n < len(b) {
				return ""
			}
			return string(b)
		}
		at += 8 + (l+7)&^7
	}
	return ""
}

// checkTruncated looks for tables beyond the end of the file.
func (q *qcow2) checkTruncated() error {
	for i, off := range q.l1 {
		if off != 0 && int64(off)+int64(1)<<q.clusterBits > q.fileSize {
			return fmt.Errorf("%s: qcow2: truncated: the L2 table %d stands at offset %d, the file ends at %d", q.path, i, off, q.fileSize)
		}
	}
	return nil
}

func (q *qcow2) cached(key uint64, make func() ([]byte, error)) ([]byte, error) {
	q.mu.Lock()
	if e, ok := q.cache[key]; ok {
		q.order.MoveToFront(e)
		data := e.Value.(*cacheEntry).data
		q.mu.Unlock()
		return data, nil
	}
	q.mu.Unlock()
	data, err := make()
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.cache[key]; !ok {
		q.cache[key] = q.order.PushFront(&cacheEntry{key, data})
		for q.order.Len() > max(4, qcowCacheBytes>>q.clusterBits) {
			last := q.order.Back()
			delete(q.cache, last.Value.(*cacheEntry).key)
			q.order.Remove(last)
		}
	}
	return data, nil
}

// entry gives the L2 entry of a guest cluster, 0 if it is not allocated.
func (q *qcow2) entry(cluster uint64) (uint64, error) {
	bits := q.clusterBits - 3
	i := cluster >> bits
	if i >= uint64(len(q.l1)) || q.l1[i] == 0 {
		return 0, nil
	}
	off := q.l1[i]
	l2, err := q.cached(off, func() ([]byte, error) {
		b := make([]byte, 1<<q.clusterBits)
		if n, err := q.r.ReadAt(b, int64(off)); n < len(b) {
			return nil, fmt.Errorf("%s: qcow2: L2 table at offset %d: %w", q.path, off, noEOF(err))
		}
		return b, nil
	})
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(l2[(cluster&(1<<bits-1))*8:]), nil
}

func noEOF(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ReadAt implements io.ReaderAt.
func (q *qcow2) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("%s: negative offset", q.path)
	}
	if off >= q.size {
		return 0, io.EOF
	}
	short := false
	if int64(len(p)) > q.size-off {
		p, short = p[:q.size-off], true
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		in := at & (1<<q.clusterBits - 1)
		part := p[done:min(len(p), done+int(1<<q.clusterBits-in))]
		if err := q.readCluster(part, uint64(at)>>q.clusterBits, in); err != nil {
			return done, err
		}
		done += len(part)
	}
	if short {
		return done, io.EOF
	}
	return done, nil
}

func (q *qcow2) readCluster(p []byte, cluster uint64, in int64) error {
	e, err := q.entry(cluster)
	if err != nil {
		return err
	}
	guest := int64(cluster)<<q.clusterBits + in
	switch {
	case e&qcowCompressed != 0:
		data, err := q.cached(e|1, func() ([]byte, error) { return q.unpack(e) })
		if err != nil {
			return fmt.Errorf("%s: qcow2: compressed cluster at guest offset %d: %w", q.path, guest-in, err)
		}
		copy(p, data[in:])
	case e&qcowZero != 0 && e&qcowCompressed == 0:
		clear(p)
	case e&qcowOffsetMask == 0:
		if q.backing == nil || guest >= q.backing.Size() {
			clear(p)
			return nil
		}
		n, err := q.backing.ReadAt(p, guest)
		if n < len(p) {
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			clear(p[n:])
		}
	default:
		host := int64(e & qcowOffsetMask)
		n, err := q.r.ReadAt(p, host+in)
		if n < len(p) {
			// The last cluster of a file may be cut at its end when the rest is
			// zeros; a cluster that begins behind the end is lost.
			if host+in >= q.fileSize || !errors.Is(err, io.EOF) {
				return fmt.Errorf("%s: qcow2: cluster at offset %d for guest offset %d: %w", q.path, host, guest-in, noEOF(err))
			}
			clear(p[n:])
		}
	}
	return nil
}

// unpack reads a compressed cluster: a raw deflate stream or a zstd frame.
func (q *qcow2) unpack(e uint64) ([]byte, error) {
	shift := 62 - (q.clusterBits - 8)
	off := int64(e & (1<<shift - 1))
	sectors := int64(e>>shift&(1<<(q.clusterBits-8)-1)) + 1
	packed := make([]byte, sectors*512-off&511)
	n, err := q.r.ReadAt(packed, off)
	if n == 0 {
		return nil, noEOF(err)
	}
	packed = packed[:n]
	out := make([]byte, 1<<q.clusterBits)
	if q.zstd != nil {
		d, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		if _, err := io.ReadFull(d, out); err != nil {
			return nil, noEOF(err)
		}
		return out, nil
	}
	d := flate.NewReader(bytes.NewReader(packed))
	if _, err := io.ReadFull(d, out); err != nil {
		return nil, noEOF(err)
	}
	return out, nil
}

// Allocated implements Disk.
func (q *qcow2) Allocated() ([]Range, error) {
	var below []Range
	if q.backing != nil {
		var err error
		if below, err = q.backing.Allocated(); err != nil {
			return nil, err
		}
	}
	var out []Range
	add := func(off, n int64) {
		n = min(n, q.size-off)
		if n <= 0 {
			return
		}
		if k := len(out); k > 0 && out[k-1].Offset+out[k-1].Length >= off {
			out[k-1].Length = max(out[k-1].Length, off+n-out[k-1].Offset)
			return
		}
		out = append(out, Range{off, n})
	}
	cs := int64(1) << q.clusterBits
	perL1 := int64(1) << (q.clusterBits - 3)
	j := 0
	for i, l1 := range q.l1 {
		for k := range perL1 {
			c := int64(i)*perL1 + k
			off := c * cs
			if off >= q.size {
				break
			}
			if l1 == 0 && q.backing == nil {
				break
			}
			e, err := q.entry(uint64(c))
			if err != nil {
				return nil, err
			}
			switch {
			case e&qcowCompressed != 0 || e&qcowOffsetMask != 0 && e&qcowZero == 0:
				add(off, cs)
			case e&qcowZero != 0:
			default:
				for j < len(below) && below[j].Offset+below[j].Length <= off {
					j++
				}
				if j < len(below) && below[j].Offset < off+cs {
					add(off, cs)
				}
			}
		}
	}
	return out, nil
}

func (q *qcow2) problems() []string {
	var out []string
	if q.flags&qcowDirty != 0 {
		out = append(out, "qcow2: marked dirty: it was not closed properly")
	}
	if q.flags&qcowCorrupt != 0 {
		out = append(out, "qcow2: marked corrupt")
	}
	return out
}
