package image

import "context"

// walk calls fn for what stands where on the disk, in ascending order, wherever there
// is an L2 table. Each table is read once, however many L1 entries name it (only
// a damaged image shares one), so that the work is bounded by the size of the
// file; the places of a shared table are given as one run of data.
func (q *qcow2) walk(ctx context.Context, fn func(guest int64, p place)) error {
	span := int64(1) << (q.perL2Bits() + q.clusterBits)
	seen := make(map[uint64]bool)
	for i, off := range q.l1 {
		if i&0xfff == 0 || off != 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		base := int64(i) * span
		if off == 0 {
			continue
		}
		if seen[off] {
			fn(base, place{kind: kindData, n: span})
			continue
		}
		seen[off] = true
		table, err := q.readTable(off)
		if err != nil {
			return err
		}
		for at := base; at < base+span && at < q.size; {
			p, err := q.locate(table, at)
			if err != nil {
				// Reported when it is read.
				p = place{kind: kindData, n: int64(1)<<q.clusterBits - at&(1<<q.clusterBits-1)}
			}
			fn(at, p)
			at += p.n
		}
	}
	return nil
}

// maxRanges bounds the memory of a list of ranges. Beyond it gaps are filled,
// which costs reading zeros, no more.
const maxRanges = 1 << 18

// addRange appends a range behind all others, joined to the last where they
// touch.
func addRange(out []Range, off, n int64) []Range {
	if n <= 0 {
		return out
	}
	if k := len(out); k > 0 && (out[k-1].Offset+out[k-1].Length >= off || k >= maxRanges) {
		out[k-1].Length = max(out[k-1].Length, off+n-out[k-1].Offset)
		return out
	}
	return append(out, Range{off, n})
}

// Allocated implements Disk.
func (q *qcow2) Allocated(ctx context.Context) ([]Range, error) {
	var below []Range
	if q.backing != nil {
		var err error
		if below, err = q.backing.Allocated(ctx); err != nil {
			return nil, err
		}
	}
	var out []Range
	next := 0 // of below
	// through adds what the backing file holds of a run.
	through := func(from, to int64) {
		for next < len(below) && below[next].Offset+below[next].Length <= from {
			next++
		}
		for j := next; j < len(below) && below[j].Offset < to; j++ {
			lo, hi := max(from, below[j].Offset), min(to, below[j].Offset+below[j].Length)
			out = addRange(out, lo, hi-lo)
		}
	}
	at := int64(0)
	err := q.walk(ctx, func(guest int64, p place) {
		through(at, guest)
		at = min(guest+p.n, q.size)
		switch p.kind {
		case kindNone:
			through(guest, at)
		case kindData, kindPacked:
			out = addRange(out, guest, at-guest)
		}
	})
	if err != nil {
		return nil, err
	}
	through(at, q.size)
	return out, nil
}
