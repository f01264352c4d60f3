package ext4

import (
	"encoding/binary"
	"fmt"
	"sort"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// maxExtents bounds the extents of one file: at 32 bytes each, 64 MiB.
const maxExtents = 2 << 20

// maxLogical is the first block number that no file can have (ext4_lblk_t is 32
// bits wide).
const maxLogical = 1 << 32

// mapper collects the extents of one file.
type mapper struct {
	f    *FS
	n    *node
	what string
	out  []filesystem.Extent
	seen map[uint64]bool // blocks of the tree, so that a loop ends
}

// extents gives the mapped ranges of a file in ascending order. On an error it
// also gives what could be read.
func (f *FS) extents(n *node) ([]filesystem.Extent, error) {
	m := &mapper{f: f, n: n, what: fmt.Sprintf("inode %d", n.Ref.Inode)}
	var err error
	if n.Flags&rec.InodeFlagExtents != 0 {
		err = m.extentNode(n.iblock(), -1)
	} else {
		err = m.blockMap()
	}
	if !sort.SliceIsSorted(m.out, func(i, j int) bool { return m.out[i].Logical < m.out[j].Logical }) {
		sort.SliceStable(m.out, func(i, j int) bool { return m.out[i].Logical < m.out[j].Logical })
	}
	out := m.out[:0]
	for _, e := range m.out {
		if len(out) > 0 {
			p := &out[len(out)-1]
			if over := p.Logical + p.Length - e.Logical; over > 0 {
				if err == nil {
					err = filesystem.Corrupt(m.what, "extents overlap at byte %d", e.Logical)
				}
				if e.Length <= over {
					continue
				}
				e.Logical, e.Physical, e.Length = e.Logical+over, e.Physical+over, e.Length-over
			}
			if p.Logical+p.Length == e.Logical && p.Physical+p.Length == e.Physical && p.Unwritten == e.Unwritten {
				p.Length += e.Length
				continue
			}
		}
		out = append(out, e)
	}
	return out, err
}

func (m *mapper) add(logical, physical, count uint64, unwritten bool) error {
	bs := uint64(m.f.sb.blockSize)
	if logical+count > maxLogical {
		return filesystem.Corrupt(m.what, "block %d of the file is out of range", logical)
	}
	if physical == 0 || physical+count > m.f.sb.blocks || physical+count < physical {
		return filesystem.Corrupt(m.what, "blocks %d to %d of a volume of %d", physical, physical+count, m.f.sb.blocks)
	}
	if n := len(m.out); n > 0 {
		p := &m.out[n-1]
		if p.Logical+p.Length == int64(logical*bs) && p.Physical+p.Length == int64(physical*bs) && p.Unwritten == unwritten {
			p.Length += int64(count * bs)
			return nil
		}
	}
	if len(m.out) >= maxExtents {
		return filesystem.Corrupt(m.what, "more than %d extents", maxExtents)
	}
	m.out = append(m.out, filesystem.Extent{Logical: int64(logical * bs), Physical: int64(physical * bs), Length: int64(count * bs), Unwritten: unwritten})
	return nil
}

func (m *mapper) visit(block uint64) error {
	if m.seen == nil {
		m.seen = make(map[uint64]bool)
	}
	if m.seen[block] {
		return filesystem.Corrupt(m.what, "block %d stands twice in its block tree", block)
	}
	m.seen[block] = true
	return nil
}

// extentNode reads a node of the extent tree (struct ext4_extent_header and what
// follows it, fs/ext4/ext4_extents.h). depth is the depth that the parent
// demands, -1 for the root.
func (m *mapper) extentNode(b []byte, depth int) error {
	le := binary.LittleEndian
	if le.Uint16(b) != rec.ExtentMagic {
		return filesystem.Corrupt(m.what, "extent node without its magic number")
	}
	entries, max, d := int(le.Uint16(b[2:])), int(le.Uint16(b[4:])), int(le.Uint16(b[6:]))
	if room := (len(b) - rec.ExtentHeaderSize) / rec.ExtentIndexAndLeafSize; entries > max || entries > room {
		return filesystem.Corrupt(m.what, "extent node with %d entries, room for %d", entries, min(room, max))
	}
	if d > 5 || (depth >= 0 && d != depth) {
		return filesystem.Corrupt(m.what, "extent node of depth %d below one of depth %d", d, depth+1)
	}
	var first error
	keep := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	for i := range entries {
		e := b[rec.ExtentHeaderSize+i*rec.ExtentIndexAndLeafSize:][:rec.ExtentIndexAndLeafSize]
		if d == 0 {
			count, unwritten := uint64(le.Uint16(e[4:])), false
			if count > 32768 {
				count, unwritten = count-32768, true
			}
			if count == 0 {
				keep(filesystem.Corrupt(m.what, "empty extent"))
				continue
			}
			keep(m.add(uint64(le.Uint32(e)), uint64(le.Uint16(e[6:]))<<32|uint64(le.Uint32(e[8:])), count, unwritten))
			continue
		}
		child := uint64(le.Uint16(e[8:]))<<32 | uint64(le.Uint32(e[4:]))
		keep(m.child(child, d-1))
		if len(m.out) >= maxExtents {
			break
		}
	}
	return first
}

func (m *mapper) child(block uint64, depth int) error {
	if err := m.visit(block); err != nil {
		return err
	}
	b := make([]byte, m.f.sb.blockSize)
	if err := m.f.readNodeBlock(m.n, b, block); err != nil {
		return fmt.Errorf("%s: extent block %d: %w", m.what, block, err)
	}
	if m.f.sb.metaCsum() {
		le := binary.LittleEndian
		tail := rec.ExtentHeaderSize + int(le.Uint16(b[4:]))*rec.ExtentIndexAndLeafSize
		if tail+4 > len(b) || crc32c(m.n.seed(m.f.sb), b[:tail]) != le.Uint32(b[tail:]) {
			m.f.problem(fmt.Sprintf("%s, extent block %d", m.what, block), noteChecksum)
		}
	}
	return m.extentNode(b, depth)
}

// blockMap reads the twelve direct and the three indirect block pointers of ext2
// and ext3 (Documentation/filesystems/ext4/ifork.rst).
func (m *mapper) blockMap() error {
	b := m.n.iblock()
	var first error
	keep := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	for i := range uint64(12) {
		if p := binary.LittleEndian.Uint32(b[4*i:]); p != 0 {
			keep(m.add(i, uint64(p), 1, false))
		}
	}
	per := uint64(m.f.sb.blockSize / 4)
	start, span := uint64(12), per
	for level := 1; level <= 3; level++ {
		if p := binary.LittleEndian.Uint32(b[4*(11+level):]); p != 0 {
			keep(m.indirect(uint64(p), start, level))
		}
		start += span
		span *= per
	}
	return first
}

func (m *mapper) indirect(block, start uint64, level int) error {
	if err := m.visit(block); err != nil {
		return err
	}
	b := make([]byte, m.f.sb.blockSize)
	if err := m.f.readNodeBlock(m.n, b, block); err != nil {
		return fmt.Errorf("%s: indirect block %d: %w", m.what, block, err)
	}
	per := uint64(m.f.sb.blockSize / 4)
	span := uint64(1)
	for range level - 1 {
		span *= per
	}
	end := (uint64(m.n.Size) + uint64(m.f.sb.blockSize) - 1) / uint64(m.f.sb.blockSize)
	var first error
	for i := range per {
		p := uint64(binary.LittleEndian.Uint32(b[4*i:]))
		at := start + i*span
		if p == 0 {
			continue
		}
		if at >= maxLogical || (m.n.IsRegular() && at >= end+uint64(m.f.sb.cluster)) && level > 1 {
			break
		}
		var err error
		if level == 1 {
			err = m.add(at, p, 1, false)
		} else {
			err = m.indirect(p, at, level-1)
		}
		if err != nil && first == nil {
			first = err
		}
		if len(m.out) >= maxExtents {
			break
		}
	}
	return first
}
