package ext4

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// treeNode writes a node of an extent tree. Each entry is of twelve bytes.
func treeNode(b []byte, limit, depth int, entries ...[12]byte) []byte {
	le := binary.LittleEndian
	le.PutUint16(b, rec.ExtentMagic)
	le.PutUint16(b[2:], uint16(len(entries)))
	le.PutUint16(b[4:], uint16(limit))
	le.PutUint16(b[6:], uint16(depth))
	for i, e := range entries {
		copy(b[12+12*i:], e[:])
	}
	return b
}

func treeLeaf(logical uint32, count uint16, physical uint64) (e [12]byte) {
	le := binary.LittleEndian
	le.PutUint32(e[:], logical)
	le.PutUint16(e[4:], count)
	le.PutUint16(e[6:], uint16(physical>>32))
	le.PutUint32(e[8:], uint32(physical))
	return e
}

func treeIndex(logical, block uint32) (e [12]byte) {
	binary.LittleEndian.PutUint32(e[:], logical)
	binary.LittleEndian.PutUint32(e[4:], block)
	return e
}

// TestExtentTrees reads trees made by hand: what the kernel takes, and what must be refused,
// each at its bound.
func TestExtentTrees(t *testing.T) {
	const first = 5000 // of the blocks that hold the tree
	f, _ := tinyFS(t, "ext4 no checksums")
	blocks := f.sb.blocks
	for _, c := range []struct {
		name string
		root []byte
		tree [][]byte // blocks from first on
		want string   // logical block, count, physical block; u: unwritten
		err  string
	}{
		{"four extents", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 1, 100), treeLeaf(1, 2, 200), treeLeaf(5, 1, 300), treeLeaf(9, 1, 400)), nil, "0+1@100 1+2@200 5+1@300 9+1@400", ""},
		{"extents that touch", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 1, 100), treeLeaf(1, 1, 101)), nil, "0+2@100", ""},
		{"more entries than the limit", treeNode(make([]byte, 60), 1, 0, treeLeaf(0, 1, 100), treeLeaf(1, 1, 200)), nil, "", "2 entries, room for 1"},
		{"no magic number", make([]byte, 60), nil, "", "without its magic number"},
		{"the longest extent", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 32768, 0x10000)), nil, "", "blocks 65536 to 98304"},
		{"unwritten", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 32769, 100)), nil, "0+1@100u", ""},
		{"empty", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 0, 100), treeLeaf(1, 1, 200)), nil, "1+1@200", "empty extent"},
		{"the last block of the volume", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 2, blocks-2)), nil, fmt.Sprintf("0+2@%d", blocks-2), ""},
		{"behind the volume", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 2, blocks-1)), nil, "", "of a volume of"},
		{"block 0", treeNode(make([]byte, 60), 4, 0, treeLeaf(0, 1, 0)), nil, "", "of a volume of"},
		{"the last block of a file", treeNode(make([]byte, 60), 4, 0, treeLeaf(0xffffffff, 1, 100)), nil, "4294967295+1@100", ""},
		{"behind the last block of a file", treeNode(make([]byte, 60), 4, 0, treeLeaf(0xffffffff, 2, 100)), nil, "", "out of range"},
		{"one level", treeNode(make([]byte, 60), 4, 1, treeIndex(7, first)), [][]byte{
			treeNode(make([]byte, 1024), 84, 0, treeLeaf(7, 1, 100)),
		}, "7+1@100", ""},
		{"child of another depth", treeNode(make([]byte, 60), 4, 1, treeIndex(7, first)), [][]byte{
			treeNode(make([]byte, 1024), 84, 1, treeIndex(7, first+1)),
			treeNode(make([]byte, 1024), 84, 0, treeLeaf(7, 1, 100)),
		}, "", "depth 1 below one of depth 1"},
		{"leaf where a node should be", treeNode(make([]byte, 60), 4, 2, treeIndex(7, first)), [][]byte{
			treeNode(make([]byte, 1024), 84, 0, treeLeaf(7, 1, 100)),
		}, "", "depth 0 below one of depth 2"},
		{"child that begins elsewhere", treeNode(make([]byte, 60), 4, 1, treeIndex(7, first)), [][]byte{
			treeNode(make([]byte, 1024), 84, 0, treeLeaf(6, 1, 100)),
		}, "6+1@100", "its index says 7"},
		{"child that begins later", treeNode(make([]byte, 60), 4, 1, treeIndex(7, first)), [][]byte{
			treeNode(make([]byte, 1024), 84, 0, treeLeaf(8, 1, 100)),
		}, "8+1@100", "its index says 7"},
		{"five levels", treeNode(make([]byte, 60), 4, 5, treeIndex(0, first)), [][]byte{
			treeNode(make([]byte, 1024), 84, 4, treeIndex(0, first+1)), treeNode(make([]byte, 1024), 84, 3, treeIndex(0, first+2)),
			treeNode(make([]byte, 1024), 84, 2, treeIndex(0, first+3)), treeNode(make([]byte, 1024), 84, 1, treeIndex(0, first+4)),
			treeNode(make([]byte, 1024), 84, 0, treeLeaf(0, 1, 100)),
		}, "0+1@100", ""},
		{"six levels", treeNode(make([]byte, 60), 4, 6, treeIndex(0, first)), nil, "", "depth 6"},
		{"more entries than a block has room for", treeNode(make([]byte, 60), 4, 1, treeIndex(0, first)), [][]byte{
			func() []byte {
				b := treeNode(make([]byte, 1024), 200, 0)
				binary.LittleEndian.PutUint16(b[2:], 85)
				return b
			}(),
		}, "", "85 entries, room for 84"},
		{"block twice", treeNode(make([]byte, 60), 4, 1, treeIndex(0, first), treeIndex(1, first)), [][]byte{
			treeNode(make([]byte, 1024), 84, 0, treeLeaf(0, 1, 100)),
		}, "0+1@100", "stands twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.overlay = make(map[uint64][]byte)
			for i, b := range c.tree {
				f.overlay[first+uint64(i)] = b
			}
			n := &node{Inode: filesystem.Inode{Flags: rec.InodeFlagExtents}, raw: make([]byte, f.sb.inodeSize)}
			copy(n.raw[0x28:], c.root)
			exts, err := f.extents(n)
			var got []string
			for _, e := range exts {
				s := fmt.Sprintf("%d+%d@%d", e.Logical/1024, e.Length/1024, e.Physical/1024)
				if e.Unwritten {
					s += "u"
				}
				got = append(got, s)
			}
			if strings.Join(got, " ") != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v, want %q and an error about %q", got, err, c.want, c.err)
			}
		})
	}
}
