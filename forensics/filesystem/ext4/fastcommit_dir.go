package ext4

import (
	"encoding/binary"
	"fmt"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// Names that fast commits give and take.

// dir reads the names of a directory.
func (r *fastReplay) dir(ino uint64) (*fastDir, error) {
	if d := r.dirs[ino]; d != nil {
		return d, nil
	}
	in, err := r.used(ino)
	if err != nil || in == nil {
		return nil, err
	}
	n := r.node(ino, in)
	if !n.IsDir() {
		return nil, nil
	}
	d := &fastDir{names: make(map[string]int)}
	if n.inline() {
		if err := r.unfold(ino, in, n, d); err != nil {
			return nil, err
		}
		r.dirs[ino] = d
		return d, nil
	}
	if err := r.load(ino, in); err != nil {
		return nil, err
	}
	b := make([]byte, r.f.sb.blockSize)
	blocks := uint64(n.Size) / uint64(len(b))
	for _, run := range in.runs {
		for i := uint64(0); i < run.count && run.logical+i < blocks; i++ {
			at := run.physical + i
			if err := r.f.readBlock(b, at); err != nil {
				return nil, err
			}
			if !r.leaf(b, n, run.logical+i == 0) {
				continue
			}
			d.blocks = append(d.blocks, at)
			_ = r.entries(b, func(e dirent) { d.names[string(e.name)] = len(d.blocks) - 1 })
			if r.work += len(b) / 12; r.work > maxFastWork {
				return nil, fmt.Errorf("more than %d steps", maxFastWork)
			}
		}
	}
	r.dirs[ino] = d
	return d, nil
}

func (r *fastReplay) entries(b []byte, fn func(dirent)) error {
	return dirEntries(b, r.f.sb.blockSize, r.f.hasType(), r.f.topInode(), false, fn)
}

// leaf says whether a block holds names, not an index.
func (r *fastReplay) leaf(b []byte, n *node, first bool) bool {
	le := binary.LittleEndian
	if n.Flags&rec.InodeFlagIndex == 0 {
		return true
	}
	if first {
		return false
	}
	if r.f.sb.metaCsum() {
		return b[len(b)-5] == fakeTail && le.Uint16(b[len(b)-8:]) == 12
	}
	return le.Uint32(b) != 0 || int(le.Uint16(b[4:])) < len(b)-1
}

// room is the part of a directory block that entries can use.
func (r *fastReplay) room() int {
	if r.f.sb.metaCsum() {
		return r.f.sb.blockSize - 12
	}
	return r.f.sb.blockSize
}

func (r *fastReplay) putLen(b []byte, n int) {
	if r.f.sb.blockSize >= 1<<16 {
		n = n&0xfffc | n>>16&3
	}
	binary.LittleEndian.PutUint16(b[4:], uint16(n))
}

func (r *fastReplay) getLen(b []byte) int {
	n := int(binary.LittleEndian.Uint16(b[4:]))
	if r.f.sb.blockSize >= 1<<16 {
		if n == 0xffff || n == 0 {
			return 1 << 16
		}
		n = n&0xfffc | (n&3)<<16
	}
	return n
}

// put writes an entry at the beginning of b, which it is to fill.
func (r *fastReplay) put(b []byte, ino uint64, typ byte, name string) {
	binary.LittleEndian.PutUint32(b, uint32(ino))
	r.putLen(b, len(b))
	b[6], b[7] = byte(len(name)), 0
	if r.f.hasType() {
		b[7] = typ
	}
	copy(b[8:], name)
}

// seal writes the checksum of a directory block.
func (r *fastReplay) seal(ino uint64, b []byte) {
	if !r.f.sb.metaCsum() {
		return
	}
	n := len(b)
	clear(b[n-12:])
	b[n-8], b[n-5] = 12, fakeTail
	seed := r.node(ino, r.inodes[ino]).seed(r.f.sb)
	binary.LittleEndian.PutUint32(b[n-4:], crc32c(seed, b[:n-12]))
}

// grow gives a directory one more block, with one entry.
func (r *fastReplay) grow(ino uint64, in *fastInode, d *fastDir, child uint64, typ byte, name string) error {
	if err := r.load(ino, in); err != nil {
		return err
	}
	at, b, err := r.newBlock()
	if err != nil {
		return err
	}
	r.put(b[:r.room()], child, typ, name)
	logical := uint64(0)
	if k := len(in.runs); k > 0 {
		logical = in.runs[k-1].logical + in.runs[k-1].count
	}
	r.seal(ino, b)
	in.set(fastRun{logical: logical, physical: at, count: 1})
	in.changed = true
	d.blocks = append(d.blocks, at)
	d.names[name] = len(d.blocks) - 1
	le := binary.LittleEndian
	le.PutUint32(in.raw[4:], uint32(logical+1)*uint32(len(b)))
	return nil
}

// unfold moves the names of a directory that is kept in its inode to blocks.
func (r *fastReplay) unfold(ino uint64, in *fastInode, n *node, d *fastDir) error {
	data, err := r.f.inlineData(n)
	if err != nil {
		return err
	}
	if len(data) < 4 {
		return filesystem.Corrupt(fmt.Sprintf("directory inode %d", ino), "inline: %d bytes", len(data))
	}
	parent := uint64(binary.LittleEndian.Uint32(data))
	var list []dirent
	if err := r.f.inlineEntries(n, false, func(e dirent) {
		e.name = append([]byte(nil), e.name...)
		list = append(list, e)
	}); err != nil {
		return err
	}
	le := binary.LittleEndian
	le.PutUint32(in.raw[0x20:], n.Flags&^rec.InodeFlagInlineData|rec.InodeFlagExtents)
	in.loaded, in.runs = true, nil
	if err := r.dots(ino, parent, in, d); err != nil {
		return err
	}
	for _, e := range list {
		if err := r.add(ino, in, d, uint64(e.ino), e.typ, string(e.name)); err != nil {
			return err
		}
	}
	return nil
}

// dots makes the first block of a new directory.
func (r *fastReplay) dots(ino, parent uint64, in *fastInode, d *fastDir) error {
	if err := r.grow(ino, in, d, ino, rec.FileTypeDirectory, "."); err != nil {
		return err
	}
	return r.add(ino, in, d, parent, rec.FileTypeDirectory, "..")
}

// add gives a directory a name.
func (r *fastReplay) add(ino uint64, in *fastInode, d *fastDir, child uint64, typ byte, name string) error {
	r.f.fastDirs[ino] = true
	need := entryLen(len(name))
	for i := len(d.blocks) - 1; i >= 0; i-- {
		b, err := r.block(d.blocks[i])
		if err != nil {
			return err
		}
		end := r.room()
		for off := 0; off+8 <= end; {
			r.work++
			n := r.getLen(b[off:])
			if n < 8 || n%4 != 0 || off+n > end {
				break
			}
			have := 0
			if binary.LittleEndian.Uint32(b[off:]) != 0 {
				have = entryLen(int(b[off+6]))
			}
			if n-have >= need {
				if have > 0 {
					r.putLen(b[off:], have)
				}
				r.put(b[off+have:off+n], child, typ, name)
				r.seal(ino, b)
				d.names[name] = i
				return nil
			}
			off += n
		}
		if r.work > maxFastWork {
			return fmt.Errorf("more than %d steps", maxFastWork)
		}
		if i < len(d.blocks)-16 {
			break // a full directory is not searched through for each name
		}
	}
	return r.grow(ino, in, d, child, typ, name)
}

// remove takes a name from a directory. It stays in the slack.
func (r *fastReplay) remove(ino uint64, d *fastDir, child uint64, name string) (bool, error) {
	i, ok := d.names[name]
	if !ok {
		return false, nil
	}
	b, err := r.block(d.blocks[i])
	if err != nil {
		return false, err
	}
	le := binary.LittleEndian
	prev := -1
	for off := 0; off+8 <= len(b); {
		r.work++
		n := r.getLen(b[off:])
		if n < 8 || n%4 != 0 || off+n > len(b) {
			break
		}
		if k := int(b[off+6]); le.Uint32(b[off:]) != 0 && 8+k <= n && string(b[off+8:off+8+k]) == name {
			if uint64(le.Uint32(b[off:])) != child {
				return true, nil // renamed over: the name is another file's
			}
			if prev >= 0 {
				r.putLen(b[prev:], off+n-prev)
			} else {
				le.PutUint32(b[off:], 0)
			}
			r.seal(ino, b)
			r.f.fastDirs[ino] = true
			delete(d.names, name)
			return true, nil
		}
		prev, off = off, off+n
	}
	return false, nil
}

// link gives an inode one more name (ext4_fc_replay_link).
func (r *fastReplay) link(dir, ino uint64, name string) error {
	in, err := r.used(ino)
	if err != nil || in == nil {
		return err
	}
	added, err := r.enter(dir, ino, in, name)
	if added {
		in.setLinks(in.links() + 1)
	}
	return err
}

// enter puts a name into a directory. added is false where it was there.
func (r *fastReplay) enter(dir, ino uint64, in *fastInode, name string) (added bool, err error) {
	d, err := r.dir(dir)
	if err != nil || d == nil {
		return false, err
	}
	if _, ok := d.names[name]; ok {
		return false, nil
	}
	return true, r.add(dir, r.inodes[dir], d, ino, in.fileType(), name)
}

// create gives a new inode its first name (ext4_fc_replay_create).
func (r *fastReplay) create(dir, ino uint64, name string) error {
	in, err := r.inode(ino)
	if err != nil {
		return err
	}
	if in.raw[0]|in.raw[1] == 0 {
		return filesystem.Corrupt("fast commit", "makes inode %d, which is not in use", ino)
	}
	if dir == ino {
		return filesystem.Corrupt("fast commit", "puts directory inode %d into itself", ino)
	}
	if in.isDir() {
		d := &fastDir{names: make(map[string]int)}
		in.loaded, in.runs = true, nil
		flags := binary.LittleEndian.Uint32(in.raw[0x20:])
		binary.LittleEndian.PutUint32(in.raw[0x20:], flags&^rec.InodeFlagInlineData&^rec.InodeFlagIndex)
		if err := r.dots(ino, dir, in, d); err != nil {
			return err
		}
		r.dirs[ino] = d
	}
	added, err := r.enter(dir, ino, in, name)
	switch {
	case err != nil:
	case !in.isDir():
		in.setLinks(1)
	case added:
		in.setLinks(2)
		r.inodes[dir].setLinks(r.inodes[dir].links() + 1)
	}
	return err
}

// unlink takes a name from an inode (ext4_fc_replay_unlink).
func (r *fastReplay) unlink(dir, ino uint64, name string) error {
	in, err := r.used(ino)
	if err != nil || in == nil {
		return err
	}
	d, err := r.dir(dir)
	if err != nil || d == nil {
		return err
	}
	had, err := r.remove(dir, d, ino, name)
	if err != nil || !had {
		return err
	}
	switch {
	case in.isDir():
		in.setLinks(0)
		if p := r.inodes[dir]; p.links() > 2 {
			p.setLinks(p.links() - 1)
		}
	case in.links() > 0:
		in.setLinks(in.links() - 1)
	}
	in.open = false
	return nil
}
