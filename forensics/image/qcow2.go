package image

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"icecore/forensics/text"
)

// qcow2 is a QEMU copy-on-write image of version 2 or 3, after the format's
// description in QEMU's docs/interop/qcow2.rst. All numbers are big-endian.
// Reference counts are not needed for reading and are not looked at.
type qcow2 struct {
	path        string
	r           io.ReaderAt
	fileSize    int64
	size        int64 // of the guest's disk, bytes
	clusterBits uint
	extended    bool // L2 entries of 16 bytes, with a bitmap of 32 subclusters
	zstd        bool // compressed clusters are zstd frames, not raw deflate
	l1          []uint64
	flags       uint64
	snapshots   []string
	backingName string
	backingFmt  string
	backing     Disk // nil: unallocated clusters read as zeros

	unpackers sync.Pool // of *unpacker; each serves one cluster at a time

	mu    sync.Mutex
	cache map[cacheKey]*list.Element
	order *list.List // least recently used last
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
	extBackingFmt   = 0xe2792aca
	extExternalName = 0x44415441
	maxBackingChain = 16
	maxSnapshots    = 64 // names of internal snapshots that are reported
)

// cacheKey says what a cache entry is: an L2 table by its offset, or an
// unpacked cluster by its L2 entry.
type cacheKey struct {
	packed bool
	at     uint64
}

type cacheEntry struct {
	key  cacheKey
	data []byte
}

func openQcow2(ctx context.Context, path string, r io.ReaderAt, fileSize int64) (*qcow2, error) {
	bad := func(kind error, format string, args ...any) error {
		return failed(path, kind, "qcow2: %s", fmt.Sprintf(format, args...))
	}
	be := binary.BigEndian
	h := make([]byte, 112)
	n, err := r.ReadAt(h, 0)
	if n < 72 {
		return nil, bad(cutOr(err), "truncated: the header has %d bytes: %v", n, noEOF(err))
	}
	version := be.Uint32(h[4:])
	if version == 1 {
		return nil, bad(ErrFormat, "version 1 (qcow): %s", notSupported)
	}
	if version != 2 && version != 3 {
		return nil, bad(ErrFormat, "version %d: not supported", version)
	}
	q := &qcow2{path: path, r: r, fileSize: fileSize, cache: make(map[cacheKey]*list.Element), order: list.New()}
	bits := be.Uint32(h[20:])
	if bits < 9 || bits > 21 {
		return nil, bad(ErrDamaged, "damaged header: cluster size 2^%d", bits)
	}
	q.clusterBits = uint(bits)
	size := be.Uint64(h[24:])
	if size > 1<<56 {
		return nil, bad(ErrDamaged, "damaged header: virtual size %d", size)
	}
	q.size = int64(size)
	if m := be.Uint32(h[32:]); m != 0 {
		return nil, bad(ErrFormat, "is encrypted (%s): not supported; decrypt it first: qemu-img convert with the key", encryption(m))
	}
	headerLen := int64(72)
	if version == 3 {
		if n < 104 {
			return nil, bad(ErrTruncated, "truncated: the header has %d bytes", n)
		}
		q.flags = be.Uint64(h[72:])
		headerLen = int64(be.Uint32(h[100:]))
		if headerLen < 104 {
			return nil, bad(ErrDamaged, "damaged header: it says that it has %d bytes", headerLen)
		}
		if q.flags&qcowExternal != 0 {
			return nil, bad(ErrFormat, "keeps its data in an external file (%s): %s", text.Quote(q.extension(headerLen, extExternalName)), notSupported)
		}
		if f := q.flags &^ (qcowDirty | qcowCorrupt | qcowCompression | qcowExtendedL2); f != 0 {
			return nil, bad(ErrFormat, "incompatible features %#x: not supported", f)
		}
		if q.flags&qcowCompression != 0 && headerLen > 104 && n > 104 {
			switch h[104] {
			case 0:
			case 1:
				q.zstd = true
			default:
				return nil, bad(ErrFormat, "compression type %d: not supported", h[104])
			}
		}
		q.extended = q.flags&qcowExtendedL2 != 0
		if q.extended && q.clusterBits < 14 {
			return nil, bad(ErrDamaged, "damaged header: extended L2 entries with clusters of %d bytes", 1<<q.clusterBits)
		}
	}
	if kind, err := q.readL1(uint64(be.Uint32(h[36:])), be.Uint64(h[40:])); err != nil {
		return nil, bad(kind, "%v", err)
	}
	q.readSnapshots(be.Uint32(h[60:]), be.Uint64(h[64:]))
	if off, l := be.Uint64(h[8:]), be.Uint32(h[16:]); off != 0 {
		if l == 0 || l > 1023 || off > uint64(fileSize) {
			return nil, bad(ErrDamaged, "damaged header: backing file name of %d bytes at offset %d", l, off)
		}
		name := make([]byte, l)
		if m, err := r.ReadAt(name, int64(off)); m < len(name) {
			return nil, bad(cutOr(err), "the backing file name is cut short: %v", noEOF(err))
		}
		q.backingName = string(name)
		q.backingFmt = q.extension(headerLen, extBackingFmt)
	}
	return q, q.checkTruncated(ctx)
}

func encryption(method uint32) string {
	switch method {
	case 1:
		return "AES"
	case 2:
		return "LUKS"
	}
	return fmt.Sprintf("method %d", method)
}

// entryBits is the binary logarithm of the size of an L2 entry.
func (q *qcow2) entryBits() uint {
	if q.extended {
		return 4
	}
	return 3
}

// perL2Bits is the binary logarithm of the number of entries of an L2 table.
func (q *qcow2) perL2Bits() uint { return q.clusterBits - q.entryBits() }

// readL1 reads the first table. With an error it gives its kind.
func (q *qcow2) readL1(entries, off uint64) (kind, err error) {
	span := q.perL2Bits() + q.clusterBits // bytes of the disk that an L1 entry stands for
	need := (uint64(q.size) + 1<<span - 1) >> span
	if entries*8 > qcowMaxL1 {
		return ErrDamaged, fmt.Errorf("damaged header: L1 table of %d entries", entries)
	}
	if entries < need {
		return ErrDamaged, fmt.Errorf("damaged header: L1 table of %d entries for a disk that needs %d", entries, need)
	}
	if off > uint64(q.fileSize) || need*8 > uint64(q.fileSize)-off {
		return ErrTruncated, fmt.Errorf("truncated: the L1 table stands at offset %d, the file ends at %d", off, q.fileSize)
	}
	b := make([]byte, need*8)
	if n, err := q.r.ReadAt(b, int64(off)); n < len(b) {
		return cutOr(err), fmt.Errorf("L1 table at offset %d: %w", off, noEOF(err))
	}
	q.l1 = make([]uint64, need)
	for i := range q.l1 {
		q.l1[i] = binary.BigEndian.Uint64(b[8*i:]) & qcowOffsetMask
	}
	return nil, nil
}

// readSnapshots reads the names of the internal snapshots, as far as they can be
// read: the disk is the image's present state, they are only reported.
func (q *qcow2) readSnapshots(count uint32, off uint64) {
	be := binary.BigEndian
	for range min(count, maxSnapshots) {
		h := make([]byte, 40)
		if off > uint64(q.fileSize) {
			return
		}
		if n, _ := q.r.ReadAt(h, int64(off)); n < len(h) {
			return
		}
		extra, idLen, nameLen := uint64(be.Uint32(h[36:])), uint64(be.Uint16(h[12:])), uint64(be.Uint16(h[14:]))
		name := make([]byte, nameLen)
		at := off + 40 + extra + idLen
		if at > uint64(q.fileSize) {
			return
		}
		if n, _ := q.r.ReadAt(name, int64(at)); n < len(name) {
			return
		}
		q.snapshots = append(q.snapshots, string(name))
		off = (at + nameLen + 7) &^ 7
	}
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

// checkTruncated looks for tables and clusters behind the end of the file, so
// that half a download is not taken for a disk.
func (q *qcow2) checkTruncated(ctx context.Context) error {
	for i, off := range q.l1 {
		if off != 0 && int64(off)+int64(1)<<q.clusterBits > q.fileSize {
			return failed(q.path, ErrTruncated, "qcow2: truncated: the L2 table %d stands at offset %d, the file ends at %d", i, off, q.fileSize)
		}
	}
	var last place
	var at int64
	err := q.walk(ctx, func(guest int64, p place) {
		if p.kind == kindData && p.host >= q.fileSize && last.n == 0 {
			last, at = p, guest
		}
		if p.kind == kindPacked {
			if off, _ := q.packed(p.entry); off >= q.fileSize && last.n == 0 {
				last, at = place{host: off, n: 1}, guest
			}
		}
	})
	if err != nil {
		return err
	}
	if last.n != 0 {
		return failed(q.path, ErrTruncated, "qcow2: truncated: the cluster for byte %d of the disk stands at offset %d, the file ends at %d", at, last.host, q.fileSize)
	}
	return nil
}

// cutOr gives the kind of a read that gave too little: the end is missing, or what the
// system says.
func cutOr(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return ErrTruncated
	}
	return err
}

func noEOF(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (q *qcow2) problems() []Problem {
	var out []Problem
	if q.flags&qcowDirty != 0 {
		out = append(out, Problem{"qcow2: marked dirty: it was not closed properly", false})
	}
	if q.flags&qcowCorrupt != 0 {
		out = append(out, Problem{"qcow2: marked corrupt", true})
	}
	if n := len(q.snapshots); n > 0 {
		names := make([]string, n)
		for i, s := range q.snapshots {
			names[i] = text.Quote(s)
		}
		out = append(out, Problem{"qcow2: holds internal snapshots that are not read, only the present state is: " + strings.Join(names, ", ") + " (qemu-img convert -l NAME turns one into an image)", false})
	}
	return out
}
