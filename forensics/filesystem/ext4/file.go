package ext4

import (
	"fmt"
	"io"
	"sort"
	"sync"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// file is the content of an inode.
type file struct {
	f      *FS
	n      *node
	inline []byte // content kept in the inode, nil if in blocks

	once sync.Once
	exts []filesystem.Extent
	err  error
}

// Open opens the content of a file. For a symbolic link it is the target, for a
// directory its blocks.
func (f *FS) Open(ref filesystem.Ref) (filesystem.File, error) {
	n, err := f.node(ref)
	if err != nil {
		return nil, err
	}
	return f.open(n)
}

func (f *FS) open(n *node) (*file, error) {
	if n.IsRegular() && f.encrypted(n) {
		return nil, fmt.Errorf("inode %d is encrypted: %w", n.Ref.Inode, filesystem.ErrUnsupported)
	}
	fl := &file{f: f, n: n}
	if n.inline() {
		data, err := f.inlineData(n)
		if err != nil {
			return nil, err
		}
		fl.inline = data
		return fl, nil
	}
	switch n.Mode & filesystem.ModeType {
	case filesystem.ModeSymlink:
		if f.sb.fastLink(n) {
			fl.inline = n.iblock()[:n.stored()]
		}
	case filesystem.ModeRegular, filesystem.ModeDir:
		if f.sb.metaCsum() && n.Flags&rec.InodeFlagExtents != 0 && n.iblock()[6] > 0 {
			// Blocks of the tree have checksums, whose state is in Inode().Note.
			fl.once.Do(fl.loadExtents)
		}
	default:
		fl.inline = []byte{}
	}
	return fl, nil
}

// Inode implements filesystem.File.
func (fl *file) Inode() *filesystem.Inode { return &fl.n.Inode }

// Size implements filesystem.File.
func (fl *file) Size() int64 {
	if fl.inline != nil && !fl.n.IsRegular() {
		return min(fl.n.stored(), int64(len(fl.inline)))
	}
	return fl.n.stored()
}

func (fl *file) load() ([]filesystem.Extent, error) {
	fl.once.Do(fl.loadExtents)
	return fl.exts, fl.err
}

func (fl *file) loadExtents() {
	m := mapper{f: fl.f, n: fl.n}
	fl.exts, fl.err = m.extents()
	if m.badSum && fl.n.Note == "" {
		fl.n.Note = noteChecksum
	}
}

// Extents implements filesystem.File.
func (fl *file) Extents() ([]filesystem.Extent, error) {
	if fl.inline == nil {
		return fl.load()
	}
	n := fl.n
	size := min(fl.Size(), int64(len(fl.inline)))
	if size == 0 {
		return nil, nil
	}
	off, err := fl.f.inodeOffset(n.Ref.Inode)
	if err != nil {
		return nil, err
	}
	out := []filesystem.Extent{{Logical: 0, Physical: off + 0x28, Length: min(60, size)}}
	if size > 60 {
		// The overflow is always an attribute in the inode's own record.
		raw, err := fl.f.rawXattrs(n)
		for _, x := range raw {
			if x.index == indexSystem && x.name == "data" && x.value != nil {
				at := 128 + extraSize(n.raw) + 4 + x.at
				return append(out, filesystem.Extent{Logical: 60, Physical: off + int64(at), Length: size - 60}), nil
			}
		}
		return out, err
	}
	return out, nil
}

// ReadAt implements io.ReaderAt. Holes and unwritten extents read as zeros. A
// damaged block map gives the bytes that are mapped, and its error where a read
// meets a range that is not.
func (fl *file) ReadAt(p []byte, off int64) (int, error) {
	size := fl.Size()
	if off < 0 {
		return 0, fmt.Errorf("inode %d: negative offset", fl.n.Ref.Inode)
	}
	if off >= size {
		return 0, io.EOF
	}
	want := p
	if int64(len(want)) > size-off {
		want = want[:size-off]
	}
	if fl.inline != nil {
		// As the kernel does, zeros follow what is there of the size.
		n := copy(want, fl.inline[min(off, int64(len(fl.inline))):])
		clear(want[n:])
	} else if err := fl.readBlocks(want, off); err != nil {
		return 0, err
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

func (fl *file) readBlocks(p []byte, off int64) error {
	exts, mapErr := fl.load()
	i := sort.Search(len(exts), func(i int) bool { return exts[i].Logical+exts[i].Length > off })
	for len(p) > 0 {
		if i == len(exts) || exts[i].Logical > off {
			n := int64(len(p))
			if i < len(exts) {
				n = min(n, exts[i].Logical-off)
			}
			if mapErr != nil {
				return fmt.Errorf("at byte %d: %w", off, mapErr)
			}
			clear(p[:n])
			p, off = p[n:], off+n
			continue
		}
		e := exts[i]
		n := min(int64(len(p)), e.Logical+e.Length-off)
		if e.Unwritten && fl.n.IsRegular() { // of links and directories the kernel reads it
			clear(p[:n])
		} else if err := fl.f.readNodeAt(fl.n, p[:n], e.Physical+off-e.Logical); err != nil {
			return fmt.Errorf("inode %d at byte %d: %w", fl.n.Ref.Inode, off, err)
		}
		p, off = p[n:], off+n
		i++
	}
	return nil
}
