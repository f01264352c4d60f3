package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// What stands in a part of the guest's disk.
const (
	kindNone   = iota // nothing: the backing file shows through
	kindZero          // zeros
	kindData          // bytes at an offset of the file
	kindPacked        // a compressed cluster
)

// place says where a run of guest bytes, never across a cluster, is kept.
type place struct {
	kind  int
	host  int64  // kindData: offset in the file
	n     int64  // bytes
	entry uint64 // kindPacked: the L2 entry
}

// table gives the L2 table for a guest offset, nil if there is none.
func (q *qcow2) table(guest int64) ([]byte, error) {
	i := uint64(guest) >> (q.perL2Bits() + q.clusterBits)
	if i >= uint64(len(q.l1)) || q.l1[i] == 0 {
		return nil, nil
	}
	return q.cached(cacheKey{at: q.l1[i]}, func() ([]byte, error) { return q.readTable(q.l1[i]) })
}

func (q *qcow2) readTable(off uint64) ([]byte, error) {
	if off&(1<<q.clusterBits-1) != 0 {
		return nil, failed(q.path, ErrDamaged, "qcow2: damaged: L2 table at offset %d, not at the beginning of a cluster", off)
	}
	b := make([]byte, 1<<q.clusterBits)
	if n, err := q.r.ReadAt(b, int64(off)); n < len(b) {
		return nil, fmt.Errorf("%s: qcow2: L2 table at offset %d: %w", q.path, off, noEOF(err))
	}
	return b, nil
}

// locate finds what stands at a guest offset, up to the end of its cluster or
// subcluster.
func (q *qcow2) locate(table []byte, guest int64) (place, error) {
	in := guest & (1<<q.clusterBits - 1)
	rest := int64(1)<<q.clusterBits - in
	if table == nil {
		return place{kind: kindNone, n: rest}, nil
	}
	i := uint64(guest) >> q.clusterBits & (1<<q.perL2Bits() - 1) << q.entryBits()
	e := binary.BigEndian.Uint64(table[i:])
	if e&qcowCompressed != 0 {
		return place{kind: kindPacked, n: rest, entry: e}, nil
	}
	host := int64(e & qcowOffsetMask)
	bad := func(what string) (place, error) {
		return place{}, failed(q.path, ErrDamaged, "qcow2: damaged: L2 entry %#x for byte %d of the disk: %s", e, guest-in, what)
	}
	if host&(1<<q.clusterBits-1) != 0 {
		return bad("not at the beginning of a cluster")
	}
	if !q.extended {
		switch {
		case e&qcowZero != 0:
			return place{kind: kindZero, n: rest}, nil
		case host == 0:
			return place{kind: kindNone, n: rest}, nil
		}
		return place{kind: kindData, host: host + in, n: rest}, nil
	}
	bitmap := binary.BigEndian.Uint64(table[i+8:])
	sub := q.clusterBits - 5
	k := uint(in >> sub)
	rest = int64(1)<<sub - in&(1<<sub-1)
	switch alloc, zero := bitmap>>k&1, bitmap>>(32+k)&1; {
	case alloc == 1 && (zero == 1 || host == 0):
		return bad("its bitmap contradicts itself")
	case alloc == 1:
		return place{kind: kindData, host: host + in, n: rest}, nil
	case zero == 1:
		return place{kind: kindZero, n: rest}, nil
	}
	return place{kind: kindNone, n: rest}, nil
}

// run is locate for as many bytes, up to max, as are kept in the same way one
// after the other. A compressed cluster is a run by itself.
func (q *qcow2) run(guest, max int64) (place, error) {
	var out place
	for out.n < max {
		at := guest + out.n
		table, err := q.table(at)
		if err != nil {
			return out, err
		}
		for {
			p, err := q.locate(table, at)
			if err != nil {
				if out.n > 0 {
					return out, nil // the next run gives the error
				}
				return out, err
			}
			switch {
			case out.n == 0:
				out = p
			case p.kind == out.kind && (p.kind != kindData || p.host == out.host+out.n):
				out.n += p.n
			default:
				return out, nil
			}
			if out.kind == kindPacked || out.n >= max {
				out.n = min(out.n, max)
				return out, nil
			}
			at = guest + out.n
			if at&(1<<(q.perL2Bits()+q.clusterBits)-1) == 0 {
				break
			}
		}
	}
	return out, nil
}

// unpackJob is a whole compressed cluster that a read wants.
type unpackJob struct {
	dst   []byte
	entry uint64
	guest int64
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
	var jobs []unpackJob
	done := 0
	for done < len(p) {
		at := off + int64(done)
		r, err := q.run(at, int64(len(p)-done))
		if err == nil {
			dst := p[done : done+int(r.n)]
			if r.kind == kindPacked && r.n == 1<<q.clusterBits {
				jobs = append(jobs, unpackJob{dst, r.entry, at})
			} else {
				err = q.fill(dst, at, r)
			}
		}
		if err != nil {
			if n, first := q.unpackAll(jobs); first != nil {
				return int(jobs[n].guest - off), first
			}
			return done, err
		}
		done += int(r.n)
	}
	if n, err := q.unpackAll(jobs); err != nil {
		return int(jobs[n].guest - off), err
	}
	if short {
		return done, io.EOF
	}
	return done, nil
}

// fill reads a run into p.
func (q *qcow2) fill(p []byte, guest int64, r place) error {
	switch r.kind {
	case kindNone:
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
	case kindZero:
		clear(p)
	case kindPacked:
		data, err := q.cached(cacheKey{true, r.entry}, func() ([]byte, error) {
			out := make([]byte, 1<<q.clusterBits)
			return out, q.unpack(out, r.entry)
		})
		if err != nil {
			return q.packedError(guest, err)
		}
		copy(p, data[guest&(1<<q.clusterBits-1):])
	default:
		n, err := q.r.ReadAt(p, r.host)
		if n < len(p) {
			// The last cluster of a file may be cut at its end when the rest is
			// zeros; a cluster that begins behind the end is lost.
			last := (r.host + r.n - 1) &^ (1<<q.clusterBits - 1)
			if last >= q.fileSize || err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("%s: qcow2: cluster at offset %d for byte %d of the disk: %w", q.path, r.host, guest, noEOF(err))
			}
			clear(p[n:])
		}
	}
	return nil
}

func (q *qcow2) packedError(guest int64, err error) error {
	return fmt.Errorf("%s: qcow2: compressed cluster for byte %d of the disk: %w", q.path, guest&^(1<<q.clusterBits-1), err)
}

// unpackAll unpacks clusters on all cores. It gives the first job that failed.
func (q *qcow2) unpackAll(jobs []unpackJob) (int, error) {
	errs := make([]error, len(jobs))
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(jobs)); i = next.Add(1) - 1 {
			errs[i] = q.unpack(jobs[i].dst, jobs[i].entry)
		}
	}
	var wg sync.WaitGroup
	for range min(len(jobs), runtime.GOMAXPROCS(0)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return i, q.packedError(jobs[i].guest, err)
		}
	}
	return 0, nil
}

// packed splits the L2 entry of a compressed cluster: where it begins, and how
// many bytes it may take.
func (q *qcow2) packed(e uint64) (off, n int64) {
	shift := 62 - (q.clusterBits - 8)
	off = int64(e & (1<<shift - 1))
	sectors := int64(e>>shift&(1<<(q.clusterBits-8)-1)) + 1
	return off, sectors*512 - off&511
}

// unpacker is what unpacking a cluster needs, kept between clusters.
type unpacker struct {
	in   []byte
	src  bytes.Reader
	flat io.ReadCloser
	zstd *zstd.Decoder
}

// unpack reads a compressed cluster into out: a raw deflate stream or a zstd
// frame. out is a whole cluster.
func (q *qcow2) unpack(out []byte, e uint64) (err error) {
	u, _ := q.unpackers.Get().(*unpacker)
	if u == nil {
		u = new(unpacker)
	}
	defer func() {
		// A decoder that panics must not end the program, in whose goroutine ever it is.
		if p := recover(); p != nil {
			err = fmt.Errorf("decoder: %v", p)
			return // and it is not used again
		}
		q.unpackers.Put(u)
	}()
	off, length := q.packed(e)
	if int64(cap(u.in)) < length {
		u.in = make([]byte, length)
	}
	u.in = u.in[:length]
	n, err := q.r.ReadAt(u.in, off)
	if n == 0 {
		return noEOF(err)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	u.src.Reset(u.in[:n])
	var r io.Reader
	if q.zstd {
		if u.zstd == nil {
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(64<<20)); err != nil {
				return err
			}
		}
		if err := u.zstd.Reset(&u.src); err != nil {
			return err
		}
		r = u.zstd
	} else {
		if u.flat == nil {
			u.flat = flate.NewReader(&u.src)
		} else if err := u.flat.(flate.Resetter).Reset(&u.src, nil); err != nil {
			return err
		}
		r = u.flat
	}
	if _, err := io.ReadFull(r, out); err != nil {
		return noEOF(err)
	}
	return nil
}

// cached gives what make gives, from memory where it was asked for lately.
func (q *qcow2) cached(key cacheKey, make func() ([]byte, error)) ([]byte, error) {
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
