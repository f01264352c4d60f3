package scan

import (
	"context"
	"io"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// swapPath is what stands for the path of swap space: it has none.
const swapPath = "[swap]"

// swapSpace is a volume of swap space as a file: pages of processes, in any order.
type swapSpace struct {
	v    *host.Volume
	exts []filesystem.Extent
	in   filesystem.Inode
}

func (f *swapSpace) ReadAt(p []byte, off int64) (int, error) { return f.v.Bytes.ReadAt(p, off) }
func (f *swapSpace) Size() int64                             { return f.v.Bytes.Size() }
func (f *swapSpace) Inode() *filesystem.Inode                { return &f.in }

func (f *swapSpace) Extents() ([]filesystem.Extent, error) { return f.exts, nil }

// swap looks for programs, pools and wallets in swap space. Of what the image does
// not store nothing is read.
func (s *Scan) swap(ctx context.Context, v *host.Volume) error {
	where := place{v: v, path: swapPath}
	f := &swapSpace{v: v}
	f.in.Mode = filesystem.ModeRegular
	f.in.Size = f.Size()
	ranges, err := v.Disk.Allocated(ctx)
	if err != nil {
		s.problem(where, err)
		f.exts = []filesystem.Extent{{Length: f.Size()}}
	}
	for _, r := range ranges {
		from, to := max(r.Offset, v.Offset), min(r.Offset+r.Length, v.Offset+f.Size())
		if from < to {
			f.exts = append(f.exts, filesystem.Extent{Logical: from - v.Offset, Physical: from - v.Offset, Length: to - from})
		}
	}
	w, err := s.worker(v, s.number(v))
	if err != nil {
		return err
	}
	defer w.close()
	defer w.release()
	c := &content{name: swapPath, file: f, size: f.Size()}
	if err := w.read(ctx, c); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.problem(where, err)
	}
	for _, t := range c.trouble {
		s.unread(where, t)
	}
	var recs []artifact.Record
	for i := range c.hits {
		recs = append(recs, hitRecord(&c.hits[i], c.own))
	}
	for i := range c.configs {
		recs = append(recs, configRecord(&c.configs[i], c.own))
	}
	c.extents, c.file = f.exts, nil // a hash of it says nothing
	return w.keep(ctx, swapPath, site{s.hosts.List[0], swapPath}, &f.in, c, recs, 0)
}

// number gives the place of a volume on its disk.
func (s *Scan) number(v *host.Volume) int {
	for i, w := range s.img.Volumes {
		if w == v {
			return i
		}
	}
	return 0
}

var _ io.ReaderAt = (*swapSpace)(nil)
