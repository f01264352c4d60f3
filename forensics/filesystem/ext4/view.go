package ext4

import (
	"cmp"
	"slices"
	"sort"

	"icecore/forensics/filesystem/ext4/jbd2"
)

// blockRange is a run of blocks.
type blockRange struct{ start, count uint64 }

// ranges are runs of blocks by place, none of which touch after merge.
type ranges []blockRange

func (r ranges) merge() ranges {
	slices.SortFunc(r, func(a, b blockRange) int { return cmp.Compare(a.start, b.start) })
	out := r[:0]
	for _, b := range r {
		if k := len(out); k > 0 && b.start <= out[k-1].start+out[k-1].count {
			out[k-1].count = max(out[k-1].count, b.start+b.count-out[k-1].start)
			continue
		}
		out = append(out, b)
	}
	return out
}

func (r ranges) blocks() (n uint64) {
	for _, b := range r {
		n += b.count
	}
	return n
}

func (r ranges) has(block uint64) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i].start+r[i].count > block })
	return i < len(r) && r[i].start <= block
}

// view is the metadata as it was at a transaction: blocks that the journal has copies of.
type view struct {
	tid     uint32
	copies  map[uint64][]jbd2.Copy // by block, oldest first
	revokes map[uint64][]uint32    // by block: transactions that revoked it, oldest first
}

// find gives the newest copy of a block that is not younger than the view, and that
// was not made when the block belonged to something else.
func (v *view) find(block uint64) (jbd2.Copy, bool) {
	list := v.copies[block]
	for i := len(list) - 1; i >= 0; i-- {
		c := list[i]
		if int32(c.TID-v.tid) > 0 {
			continue
		}
		for _, r := range v.revokes[block] {
			if int32(r-c.TID) >= 0 && int32(r-v.tid) <= 0 {
				return jbd2.Copy{}, false
			}
		}
		return c, true
	}
	return jbd2.Copy{}, false
}

// patch replaces p, which holds the present content of a block, by the copy of the
// view. It says whether there is one.
func (v *view) patch(f *FS, p []byte, block uint64) bool {
	c, ok := v.find(block)
	if !ok {
		return false
	}
	b, err := f.journal.log.Read(c)
	if err != nil {
		return false
	}
	copy(p, b)
	return true
}
