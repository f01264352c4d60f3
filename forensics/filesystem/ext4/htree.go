package ext4

import (
	"encoding/binary"
	"fmt"
	"sort"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// The index of a directory leads from the hash of a name to the blocks in which the name
// stands (struct dx_root and dx_node in fs/ext4/namei.c). It is used as ext4_dx_find_entry
// does, and believed in where it leads to the name: what it does not find may still be there.

const (
	dxRootAt  = 32 // of the table in the first block: behind ., .. and struct dx_root_info
	dxNodeAt  = 8  // in another index block: behind an entry that covers the block
	dxEntry   = 8  // struct dx_entry: hash, block; in the first the hash is limit and count
	dxBlocks  = 0x0fffffff
	dxInfoLen = 8
)

// dirIndex is the index of one directory.
type dirIndex struct {
	f      *FS
	n      *node
	exts   []filesystem.Extent
	levels int               // of index blocks below the first
	tables map[uint32][]byte // of the index blocks read so far, by block of the directory
}

// openIndex reads the root of a directory's index. It fails where the kernel would search
// the directory block by block, and where names are found in another way than by their bytes.
func (f *FS) openIndex(n *node) (*dirIndex, error) {
	what := fmt.Sprintf("directory inode %d", n.Ref.Inode)
	bs := int64(f.sb.blockSize)
	switch {
	case !f.sb.compat(rec.SbFeatureCompatDirIndex) || n.Flags&rec.InodeFlagIndex == 0 || n.inline():
		return nil, fmt.Errorf("%s has no index", what)
	case n.view != nil || n.verdict != nil || f.fastDirs[n.Ref.Inode]:
		return nil, fmt.Errorf("%s: its index is of another state than its names", what)
	case n.Flags&flagCasefold != 0 || f.encrypted(n):
		return nil, fmt.Errorf("%s: hashes are not those of the names shown", what)
	}
	exts, err := f.extents(n)
	if err != nil {
		return nil, err
	}
	x := &dirIndex{f: f, n: n, exts: exts, tables: make(map[uint32][]byte)}
	b, _, err := x.block(0)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	dotLen, restLen := int64(le.Uint16(b[4:])), int64(le.Uint16(b[16:]))
	if bs >= 1<<16 { // as in dirEntries
		restLen = restLen&0xfffc | (restLen&3)<<16
	}
	version, info, levels := b[28], b[29], int(b[30])
	most := 1
	if f.sb.incompat(rec.SbFeatureIncompatLargeDir) {
		most = 2
	}
	if dotLen != 12 || restLen != bs-12 || le.Uint32(b[24:]) != 0 || info != dxInfoLen || version > rec.SbDefHashVersionTea || b[31]&1 != 0 || levels > most {
		return nil, filesystem.Corrupt(what, "root of the index")
	}
	x.levels = levels
	n.hash = &version
	x.tables[0], err = x.table(b, dxRootAt)
	return x, err
}

// block reads a block of the directory and gives its place on the volume, too.
func (x *dirIndex) block(logical uint32) (b []byte, number uint64, err error) {
	bs := int64(x.f.sb.blockSize)
	at := int64(logical) * bs
	i := sort.Search(len(x.exts), func(i int) bool { return x.exts[i].Logical+x.exts[i].Length > at })
	if i == len(x.exts) || x.exts[i].Logical > at || at >= x.n.Size {
		return nil, 0, filesystem.Corrupt(fmt.Sprintf("directory inode %d", x.n.Ref.Inode), "its index names block %d, which it does not have", logical)
	}
	number = uint64((x.exts[i].Physical + at - x.exts[i].Logical) / bs)
	b = make([]byte, bs)
	return b, number, x.f.readNodeBlock(x.n, b, number)
}

// table gives the entries of an index block, which begin at a byte of it.
func (x *dirIndex) table(b []byte, at int) ([]byte, error) {
	le := binary.LittleEndian
	room := len(b) - at
	if x.f.sb.metaCsum() {
		room -= 8 // struct dx_tail
		if !x.f.dirBlockOK(x.n.seed(x.f.sb), b) {
			return nil, filesystem.Corrupt(fmt.Sprintf("directory inode %d", x.n.Ref.Inode), "index block: %s", noteChecksum)
		}
	}
	limit, count := int(le.Uint16(b[at:])), int(le.Uint16(b[at+2:]))
	if limit != room/dxEntry || count == 0 || count > limit {
		return nil, filesystem.Corrupt(fmt.Sprintf("directory inode %d", x.n.Ref.Inode), "index block with %d entries, limit %d", count, limit)
	}
	return b[at : at+count*dxEntry], nil
}

// leaves gives fn the blocks in which a name of that hash can stand, in the order in which
// the kernel searches them, until it says that it found what it wants.
func (x *dirIndex) leaves(hash uint32, fn func(logical uint32) (found bool, err error)) (found bool, err error) {
	// An index that leads everywhere is no better than none.
	left := x.n.Size/int64(x.f.sb.blockSize) + 1
	return x.below(0, 0, hash, &left, fn)
}

func (x *dirIndex) below(logical uint32, level int, hash uint32, left *int64, fn func(uint32) (bool, error)) (bool, error) {
	t := x.tables[logical]
	if t == nil {
		b, _, err := x.block(logical)
		if err != nil {
			return false, err
		}
		if t, err = x.table(b, dxNodeAt); err != nil {
			return false, err
		}
		x.tables[logical] = t
	}
	le := binary.LittleEndian
	count := len(t) / dxEntry
	// The last entry whose hash is not above: that of the first counts as zero.
	i := sort.Search(count-1, func(i int) bool { return le.Uint32(t[(i+1)*dxEntry:]) > hash })
	for {
		if *left--; *left < 0 {
			return false, filesystem.Corrupt(fmt.Sprintf("directory inode %d", x.n.Ref.Inode), "its index leads to more blocks than it has")
		}
		child := le.Uint32(t[i*dxEntry+4:]) & dxBlocks
		var found bool
		var err error
		if level == x.levels {
			found, err = fn(child)
		} else {
			found, err = x.below(child, level+1, hash, left, fn)
		}
		if found || err != nil {
			return found, err
		}
		// Names of one hash may go on in the next block.
		if i++; i >= count || le.Uint32(t[i*dxEntry:])&^1 != hash {
			return false, nil
		}
	}
}

// find looks a name up in the index.
func (x *dirIndex) find(name string) (e filesystem.DirEntry, found bool, err error) {
	hash, _ := x.f.dirHash(x.n, []byte(name))
	what := fmt.Sprintf("directory inode %d", x.n.Ref.Inode)
	var seed uint32
	if x.f.sb.metaCsum() {
		seed = x.n.seed(x.f.sb)
	}
	found, err = x.leaves(hash, func(logical uint32) (bool, error) {
		b, number, err := x.block(logical)
		if err != nil {
			return false, err
		}
		hit := false
		// What is wrong with the block is reported; names after it are found all the same.
		_ = x.f.dirBlock(what, seed, number, b, false, func(d dirent) {
			if !hit && string(d.name) == name && badName(d.name) == "" && !isDots(d.name) {
				hit, e = true, x.f.dirEntry(x.n, d)
			}
		})
		return hit, nil
	})
	return e, found, err
}

// covers says whether the index leads from a name to the block in which it stands.
func (x *dirIndex) covers(name []byte, logical uint32) bool {
	hash, _ := x.f.dirHash(x.n, name)
	found, err := x.leaves(hash, func(leaf uint32) (bool, error) { return leaf == logical, nil })
	return found && err == nil
}

// maxSoundDirs bounds the directories whose index is remembered to be sound.
const maxSoundDirs = 1 << 12

// Find implements filesystem.Finder. It gives the file that the kernel gives: where names
// stand twice, the one to which the index leads. A name that the index does not lead to is
// looked for in all blocks; where all names of a directory are found by its index, later
// searches rely on it.
func (f *FS) Find(ref filesystem.Ref, name string) (filesystem.DirEntry, error) {
	n, err := f.dirNode(ref)
	if err != nil {
		return filesystem.DirEntry{}, err
	}
	x, err := f.openIndex(n)
	if err == nil {
		e, found, err := x.find(name)
		if found && err == nil {
			return e, nil
		}
		if err == nil && f.isSound(ref.Inode) {
			return filesystem.DirEntry{}, errNotExist
		}
		if err != nil {
			x = nil
		}
	} else {
		x = nil
	}
	return f.findIn(n, x, name)
}

// findIn looks for a name in all blocks of a directory, and whether the index leads to all
// names.
func (f *FS) findIn(n *node, x *dirIndex, name string) (e filesystem.DirEntry, err error) {
	found, some, sound := false, false, x != nil
	err = f.eachEntry(n, false, func(d dirent) bool {
		if isDots(d.name) {
			return true
		}
		some = true
		if sound && !x.covers(d.name, d.logical) {
			sound = false
		}
		if !found && f.isCalled(n, d, name) {
			found, e = true, f.dirEntry(n, d)
		}
		return !found || sound
	})
	switch {
	case found:
		return e, nil
	case err != nil && !some:
		return e, err
	}
	if sound && err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.sound) < maxSoundDirs {
			f.sound[n.Ref.Inode] = true
		}
	}
	return e, errNotExist
}

func (f *FS) isSound(dir uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sound[dir]
}

// isCalled says whether an entry is shown by that name.
func (f *FS) isCalled(n *node, d dirent, name string) bool {
	if string(d.name) == name && !f.encrypted(n) && badName(d.name) == "" {
		return true
	}
	return (f.encrypted(n) || badName(d.name) != "") && f.entryName(n, d) == name
}
