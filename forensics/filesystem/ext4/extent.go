package ext4

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// maxExtents bounds the extents of one file: at 32 bytes each, 64 MiB.
const maxExtents = 2 << 20

// maxBadPointers bounds what is wrong in the block map of one file before the rest
// of it is given up.
const maxBadPointers = 1000

// maxLogical is the first block number that no file can have (ext4_lblk_t is 32
// bits wide).
const maxLogical = 1 << 32

// mapper collects the extents of one file.
type mapper struct {
	f      *FS
	n      *node
	out    []filesystem.Extent
	seen   map[uint64]bool // blocks of the tree, so that a loop ends
	max    int             // extents
	err    error           // the first thing that was wrong
	bad    int             // how many were
	badSum bool            // a block of the tree has a wrong checksum
	budget *int64          // blocks of trees that may be read, if shared with other files
}

// extents gives the mapped ranges of a file in ascending order. On an error it
// also gives what could be read.
func (f *FS) extents(n *node) ([]filesystem.Extent, error) {
	return (&mapper{f: f, n: n}).extents()
}

func (m *mapper) extents() ([]filesystem.Extent, error) {
	// A block belongs to one file and to one place in it, so that a volume
	// bounds the extents of a file.
	m.max = int(min(maxExtents, m.f.size/int64(m.f.sb.blockSize)+16))
	if m.n.Flags&rec.InodeFlagExtents != 0 {
		m.extentNode(m.n.iblock(), -1)
	} else {
		m.blockMap()
	}
	less := func(a, b filesystem.Extent) int { return cmp.Compare(a.Logical, b.Logical) }
	if !slices.IsSortedFunc(m.out, less) {
		slices.SortStableFunc(m.out, less)
	}
	out := m.out[:0]
	for _, e := range m.out {
		if len(out) > 0 {
			p := &out[len(out)-1]
			if over := p.Logical + p.Length - e.Logical; over > 0 {
				m.fail("extents overlap at byte %d", e.Logical)
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
	return out, m.err
}

func (m *mapper) what() string { return fmt.Sprintf("inode %d", m.n.Ref.Inode) }

// fail notes what is wrong.
func (m *mapper) fail(format string, args ...any) {
	m.bad++
	if m.err == nil {
		m.err = filesystem.Corrupt(m.what(), format, args...)
	}
}

// done says that enough was wrong, or found.
func (m *mapper) done() bool { return m.bad > maxBadPointers || len(m.out) > m.max }

func (m *mapper) add(logical, physical, count uint64, unwritten bool) {
	bs := uint64(m.f.sb.blockSize)
	if logical+count > maxLogical {
		m.fail("block %d of the file is out of range", logical)
		return
	}
	if physical == 0 || physical+count > m.f.sb.blocks || physical+count < physical {
		m.fail("blocks %d to %d of a volume of %d", physical, physical+count, m.f.sb.blocks)
		return
	}
	if n := len(m.out); n > 0 {
		p := &m.out[n-1]
		if p.Logical+p.Length == int64(logical*bs) && p.Physical+p.Length == int64(physical*bs) && p.Unwritten == unwritten {
			p.Length += int64(count * bs)
			return
		}
	}
	if len(m.out) >= m.max {
		m.fail("more than %d extents", m.max)
		m.bad = maxBadPointers + 1
		return
	}
	m.out = append(m.out, filesystem.Extent{Logical: int64(logical * bs), Physical: int64(physical * bs), Length: int64(count * bs), Unwritten: unwritten})
}

// block reads a block of the tree, once. It gives nil where it does not.
func (m *mapper) block(kind string, number uint64) []byte {
	if m.seen == nil {
		m.seen = make(map[uint64]bool)
	}
	if m.seen[number] {
		m.fail("%s block %d stands twice in its block tree", kind, number)
		return nil
	}
	m.seen[number] = true
	if m.budget != nil {
		if *m.budget--; *m.budget < 0 {
			m.fail("the block trees have more blocks than the volume")
			m.bad = maxBadPointers + 1
			return nil
		}
	}
	b := make([]byte, m.f.sb.blockSize)
	if err := m.f.readNodeBlock(m.n, b, number); err != nil {
		m.bad++
		if m.err == nil {
			m.err = fmt.Errorf("%s: %s block %d: %w", m.what(), kind, number, err)
		}
		return nil
	}
	return b
}

// extentNode reads a node of the extent tree (struct ext4_extent_header and what
// follows it, fs/ext4/ext4_extents.h). depth is the depth that the parent
// demands, -1 for the root.
func (m *mapper) extentNode(b []byte, depth int) {
	le := binary.LittleEndian
	if le.Uint16(b) != rec.ExtentMagic {
		m.fail("extent node without its magic number")
		return
	}
	entries, limit, d := int(le.Uint16(b[2:])), int(le.Uint16(b[4:])), int(le.Uint16(b[6:]))
	if room := (len(b) - rec.ExtentHeaderSize) / rec.ExtentIndexAndLeafSize; entries > limit || entries > room {
		m.fail("extent node with %d entries, room for %d", entries, min(room, limit))
		return
	}
	if depth < 0 && d > 5 || depth >= 0 && d != depth {
		m.fail("extent node of depth %d below one of depth %d", d, depth+1)
		return
	}
	for i := range entries {
		if m.done() {
			return
		}
		e := b[rec.ExtentHeaderSize+i*rec.ExtentIndexAndLeafSize:][:rec.ExtentIndexAndLeafSize]
		if d == 0 {
			count, unwritten := uint64(le.Uint16(e[4:])), false
			if count > 32768 {
				count, unwritten = count-32768, true
			}
			if count == 0 {
				m.fail("empty extent")
				continue
			}
			m.add(uint64(le.Uint32(e)), uint64(le.Uint16(e[6:]))<<32|uint64(le.Uint32(e[8:])), count, unwritten)
			continue
		}
		m.child(le.Uint32(e), uint64(le.Uint16(e[8:]))<<32|uint64(le.Uint32(e[4:])), d-1)
	}
}

// child reads the node of the tree in a block, which the index says begins at a
// logical block of the file.
func (m *mapper) child(first uint32, number uint64, depth int) {
	b := m.block("extent", number)
	if b == nil {
		return
	}
	le := binary.LittleEndian
	if m.f.sb.metaCsum() {
		tail := rec.ExtentHeaderSize + int(le.Uint16(b[4:]))*rec.ExtentIndexAndLeafSize
		if tail+4 > len(b) || crc32c(m.n.seed(m.f.sb), b[:tail]) != le.Uint32(b[tail:]) {
			if m.n.view != nil {
				// What stands there is no longer of the state that is
				// recovered: nothing is wrong with the filesystem.
				m.fail("extent block %d: %s, it was reused or changed since", number, noteChecksum)
				return
			}
			m.badSum = true
			m.f.problem(fmt.Sprintf("%s, extent block %d", m.what(), number), noteChecksum)
		}
	}
	// The kernel refuses such a node whole (ext4_valid_extent_entries), e2fsck
	// rewrites the index. What the node maps is given all the same.
	if begins := le.Uint32(b[rec.ExtentHeaderSize:]); le.Uint16(b[2:]) > 0 && begins != first {
		m.fail("extent block %d begins with block %d of the file, its index says %d", number, begins, first)
	}
	m.extentNode(b, depth)
}

// blockMap reads the twelve direct and the three indirect block pointers of ext2
// and ext3 (Documentation/filesystems/ext4/ifork.rst).
func (m *mapper) blockMap() {
	b := m.n.iblock()
	for i := range uint64(12) {
		if p := binary.LittleEndian.Uint32(b[4*i:]); p != 0 {
			m.add(i, uint64(p), 1, false)
		}
	}
	per := uint64(m.f.sb.blockSize / 4)
	start, span := uint64(12), per
	for level := 1; level <= 3; level++ {
		if p := binary.LittleEndian.Uint32(b[4*(11+level):]); p != 0 {
			m.indirect(uint64(p), start, level)
		}
		start += span
		span *= per
	}
}

func (m *mapper) indirect(number, start uint64, level int) {
	b := m.block("indirect", number)
	if b == nil {
		return
	}
	per := uint64(m.f.sb.blockSize / 4)
	span := uint64(1)
	for range level - 1 {
		span *= per
	}
	for i := range per {
		p := uint64(binary.LittleEndian.Uint32(b[4*i:]))
		at := start + i*span
		if p == 0 {
			continue
		}
		if at >= maxLogical || m.done() {
			return
		}
		if level == 1 {
			m.add(at, p, 1, false)
		} else {
			m.indirect(p, at, level-1)
		}
	}
}
