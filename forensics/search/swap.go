package search

import (
	"context"
	"io"

	"icecore/forensics/host"
	"icecore/forensics/model"
)

// swapPath stands for the path of swap space: it has none.
const swapPath = "[swap]"

// swap searches swap space, of which only what the image stores is read. It is never a
// text: pages of processes stand there in any order.
func (w *worker) swap(ctx context.Context, v *host.Volume, s *slot, src model.Source) error {
	size := v.Bytes.Size()
	segs := []segment{{0, size}}
	if ranges, err := v.Disk.Allocated(ctx); err == nil {
		segs = nil
		for _, r := range ranges {
			if from, to := max(r.Offset, v.Offset), min(r.Offset+r.Length, v.Offset+size); from < to {
				segs = append(segs, segment{from - v.Offset, to - v.Offset})
			}
		}
	}
	st := stream{decided: true, binary: true}
	for _, g := range segs {
		st.from = g.from
		err := w.s.run(ctx, io.NewSectionReader(v.Bytes, g.from, g.to-g.from), &st, func(m found) error {
			h := m.hit(Files, src)
			h.What, h.Source.DiskOffset = "swap space", v.Offset+m.offset
			return s.add(ctx, h)
		})
		if err != nil {
			return err
		}
	}
	s.bytes += st.bytes
	return nil
}
