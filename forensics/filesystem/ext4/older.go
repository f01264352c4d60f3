package ext4

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
)

// olderNode gives an inode as a transaction left it, also of a file that is in use: what a
// log held before it was cut to nothing. The walk lists deleted files alone; History
// names these states.
func (f *FS) olderNode(r *recovered, ref filesystem.Ref) (*node, error) {
	none := fmt.Errorf("inode %d has no state of transaction %d that could be recovered: %w", ref.Inode, ref.Version, fs.ErrNotExist)
	off, err := f.inodeOffset(ref.Inode)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	bs := int64(f.sb.blockSize)
	list := r.finder.copies[uint64(off/bs)]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].TID != ref.Version {
			continue
		}
		b, err := f.journal.log.Read(list[i])
		if err != nil {
			return nil, fmt.Errorf("inode %d, transaction %d: %w", ref.Inode, ref.Version, err)
		}
		raw := b[off%bs:][:f.sb.inodeSize]
		if raw[0]|raw[1] == 0 || raw[0x1a]|raw[0x1b] == 0 || !f.sb.inodeChecksumOK(ref.Inode, raw) {
			return nil, none
		}
		n := &node{raw: slices.Clone(raw), view: &view{tid: ref.Version, copies: r.finder.copies, revokes: r.finder.revokes}}
		f.sb.decodeInode(&n.Inode, ref.Inode, n.raw)
		// The state lasts until something changes that History reports. Meanwhile blocks get
		// their content: the last copy has most of it.
		for _, c := range list[i+1:] {
			b, err := f.journal.log.Read(c)
			if err != nil {
				break
			}
			raw := b[off%bs:][:f.sb.inodeSize]
			var later filesystem.Inode
			f.sb.decodeInode(&later, ref.Inode, raw)
			if later.Links == 0 || later.Generation != n.Generation || !f.sb.inodeChecksumOK(ref.Inode, raw) || changed(&n.Inode, &later) != "" {
				break
			}
			copy(n.raw, raw)
			n.view.tid = c.TID
		}
		n.Ref.Version = n.view.tid
		n.State = filesystem.Deleted
		n.Dtime = filesystem.Time{}
		r.finder.older(n, off)
		n.Ref.Version = ref.Version
		return n, nil
	}
	return nil, none
}

// older judges an older state, as the deleted files were judged. off is where its inode
// stands now.
func (r *finder) older(n *node, off int64) {
	f, le := r.f, binary.LittleEndian
	now := make([]byte, f.sb.inodeSize)
	if f.readAt(now, off) == nil && le.Uint16(now[0x1a:]) != 0 && le.Uint32(now[0x64:]) == n.Generation {
		n.State = filesystem.Live
		n.still = r.samePlaces(n, now)
	}
	// What was judged before has spent its steps.
	r.steps, r.trees = r.budget()
	known := len(r.claims)
	r.judge(n)
	mine := r.claims[known:]
	for _, c := range r.claims[:known] {
		if c.n.Ref.Version != 0 && int32(c.n.Ref.Version-n.Ref.Version) <= 0 {
			continue
		}
		for _, m := range mine {
			if c.start < m.start+m.count && m.start < c.start+c.count {
				n.verdict.unsure = true // a younger file had it, too
			}
		}
	}
	r.claims = r.claims[:known]
	r.describe(n)
	if n.State == filesystem.Live {
		n.Note = "older state;" + strings.TrimPrefix(n.Note, "deleted;")
	}
}

// samePlaces gives the blocks of an older state that the file's present inode has for the
// same part of the content.
func (r *finder) samePlaces(n *node, now []byte) ranges {
	f := r.f
	present := &node{Inode: filesystem.Inode{Ref: filesystem.Ref{Inode: n.Ref.Inode}}, raw: now}
	f.sb.decodeInode(&present.Inode, n.Ref.Inode, now)
	bs := int64(f.sb.blockSize)
	before, _ := f.extents(n)
	after, _ := f.extents(present)
	var out ranges
	for i, k := 0, 0; i < len(before) && k < len(after); {
		a, b := before[i], after[k]
		from, to := max(a.Logical, b.Logical), min(a.Logical+a.Length, b.Logical+b.Length)
		if from < to && a.Physical-a.Logical == b.Physical-b.Logical {
			out = append(out, blockRange{uint64((a.Physical + from - a.Logical) / bs), uint64((to - from) / bs)})
		}
		if a.Logical+a.Length <= b.Logical+b.Length {
			i++
		} else {
			k++
		}
	}
	return out.merge()
}
