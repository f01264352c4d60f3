// Package ext4 reads ext2, ext3 and ext4 filesystems from the bytes of a volume,
// as the kernel would show them, and beyond: files that were deleted while a
// program held them open, and older states that still stand in the journal.
//
// The formats are those of the kernel's fs/ext4, fs/jbd2 and
// Documentation/filesystems/ext4; ext4.md beside this file names the source of
// each structure. Record types and constants come from github.com/dsoprea/go-ext4.
//
// Nothing is written. The journal of a filesystem that was not unmounted is
// replayed in memory (unless Options.NoReplay), so that the view is that of the
// kernel after its recovery; unlike the kernel, orphan inodes are kept.
//
// All bytes are taken to be hostile. Damage is reported by inode and block, in
// errors and in Problems; it never ends more than the reading of what it hits.
package ext4

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"sync"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/jbd2"
)

var errNotExist = fs.ErrNotExist

// Options say how a filesystem is opened. The zero value is the usual way.
type Options struct {
	// NoReplay leaves the journal alone: the view is that of a mount with
	// ro,noload.
	NoReplay bool
}

// FS is an opened filesystem. It implements [filesystem.HistoryFS].
type FS struct {
	r       io.ReaderAt
	size    int64
	sb      *superblock
	sbBlock uint64 // the block that holds the superblock in use
	groups  []group
	overlay map[uint64][]byte   // blocks as the journal has them
	far     map[uint64]jbd2.Far // those that are read when needed: only where overlay is not empty
	journal *journalState
	orphans map[uint64]bool

	lag bool // descriptors are older than inodes: no replay, or fast commits

	// What fast commits did, where it is not in the overlay.
	fastDirs  map[uint64]bool // directories whose names they changed
	fastOpen  map[uint64]bool // inodes without a name, but held open
	fastGone  map[uint64]bool // inodes that they deleted
	fastMaps  map[uint64]bool // inodes whose block map they changed
	fastAgain map[uint64]bool // inodes whose number they gave to another file
	fastUsed  ranges          // blocks that they gave to files
	fastKept  ranges          // of those the ones that files in use still have
	fastGiven map[uint64]bool // free blocks that the view uses for what they made

	mu       sync.Mutex
	kinds    map[string]int // how many problems there are of a kind
	problems map[filesystem.Problem]bool
	sound    map[uint64]bool // directories whose index leads to all of their names

	recovering chan struct{} // holds a value while deleted files are looked for
	recovered  *recovered    // nil until they were
}

var (
	_ filesystem.HistoryFS = (*FS)(nil)
	_ filesystem.Finder    = (*FS)(nil)
)

// maxOfKind and maxKinds bound the list of problems of a filesystem.
const (
	maxOfKind = 1000
	maxKinds  = 1000
)

// Open opens the filesystem on a volume of the given size in bytes. A context that ends
// while the journal is replayed gives its error.
func Open(ctx context.Context, r io.ReaderAt, size int64, opts Options) (*FS, error) {
	f := &FS{r: r, size: size, problems: make(map[filesystem.Problem]bool), sound: make(map[uint64]bool), recovering: make(chan struct{}, 1)}
	if err := f.findSuperblock(); err != nil {
		return nil, err
	}
	if s := f.sb; s.SRevLevel == rec.SbRevlevelGoodOldRev && s.SFeatureCompat|s.SFeatureIncompat|s.SFeatureRoCompat != 0 {
		f.problem("superblock", "revision 0 should have no feature flags; they count, as they do for the kernel")
	}
	if f.sb.SFirstIno != firstInode {
		f.problem("superblock", "the first inode of files is %d, where it should be %d; those between them are looked at", f.sb.SFirstIno, firstInode)
	}
	f.readGroups()
	if int64(f.sb.blocks)*int64(f.sb.blockSize) > size {
		f.lost("superblock", "the filesystem has %d blocks of %d bytes, the volume only %d bytes", f.sb.blocks, f.sb.blockSize, size)
	}
	f.checkMMP()
	if err := f.openJournal(ctx, opts); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f.problem("journal", "%v", err)
	}
	if len(f.overlay) > 0 {
		// The journal may hold newer copies of what was just read.
		if err := f.rereadSuperblock(); err != nil {
			f.problem("superblock after journal replay", "%v", err)
		}
		f.readGroups()
	}
	if f.journal != nil && f.journal.info.Replayed && len(f.journal.fast) > 0 {
		f.applyFast(ctx, f.journal.fast)
		f.journal.fast = nil
	}
	f.findOrphans()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// findSuperblock reads the superblock, or the first of its copies that is good.
func (f *FS) findSuperblock() error {
	read := func(off int64) (*superblock, error) {
		raw := make([]byte, rec.SuperblockSize)
		if n, err := f.r.ReadAt(raw, off); n < len(raw) {
			return nil, fmt.Errorf("superblock: %w", err)
		}
		s, err := parseSuperblock(raw, f.size)
		if err == nil && !s.checksumOK() {
			err = filesystem.Corrupt("superblock", noteChecksum)
		}
		return s, err
	}
	s, err := read(rec.Superblock0Offset)
	if err == nil || errors.Is(err, filesystem.ErrUnsupported) {
		if s != nil {
			f.use(s, rec.Superblock0Offset)
		}
		return err
	}
	for _, c := range backupOffsets(f.size) {
		b, berr := read(c.at)
		if berr != nil || int64(b.blockSize) != c.blockSize || int64(b.SBlockGroupNr) != c.group {
			continue
		}
		// A copy is as old as the filesystem. It does not say whether the journal
		// has something to replay; the journal does.
		if b.compat(rec.SbFeatureCompatHasJournal) {
			b.SFeatureIncompat |= rec.SbFeatureIncompatRecover
		}
		f.use(b, c.at)
		f.problem("superblock", "%v; the copy at byte %d is used", err, c.at)
		return nil
	}
	if s != nil { // only its checksum is wrong
		f.use(s, rec.Superblock0Offset)
		f.problem("superblock", "%v", err)
		return nil
	}
	return err
}

func (f *FS) use(s *superblock, off int64) { f.sb, f.sbBlock = s, uint64(off)/uint64(s.blockSize) }

// rereadSuperblock reads the superblock again after a replay. Where a copy is in
// use, the first one is as good as the copy if the journal has it.
func (f *FS) rereadSuperblock() error {
	bs := int64(f.sb.blockSize)
	off := int64(f.sbBlock) * bs
	first := uint64(rec.Superblock0Offset / bs)
	if _, ok := f.overlay[first]; ok || f.sbBlock == first {
		off = rec.Superblock0Offset
	}
	raw := make([]byte, rec.SuperblockSize)
	if err := f.readAt(raw, off); err != nil {
		return err
	}
	s, err := parseSuperblock(raw, f.size)
	if err == nil && f.sbBlock != first && !s.checksumOK() {
		err = filesystem.Corrupt("superblock", noteChecksum)
	}
	if err != nil {
		return err
	}
	if s.blockSize != f.sb.blockSize {
		return filesystem.Corrupt("superblock", "the journal changes the block size")
	}
	f.sb = s
	return nil
}

// readAt reads bytes of the volume, as the journal has them where it has newer
// ones.
func (f *FS) readAt(p []byte, off int64) error {
	n, err := f.r.ReadAt(p, off)
	if len(f.overlay) > 0 {
		if err := f.patch(p, off); err != nil {
			return err
		}
	}
	// Behind the end of a volume that was cut short, only the journal may know.
	bs := int64(f.sb.blockSize)
	for at := off + int64(n); at < off+int64(len(p)); at = (at/bs + 1) * bs {
		if !f.replaced(uint64(at / bs)) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("volume at byte %d: %w", at, err)
		}
	}
	return nil
}

// replaced says whether the journal has newer content of a block.
func (f *FS) replaced(block uint64) bool {
	if f.overlay[block] != nil {
		return true
	}
	_, ok := f.far[block]
	return ok
}

// replacedBlocks gives the blocks of which the journal has newer content, in order.
func (f *FS) replacedBlocks() []uint64 {
	out := make([]uint64, 0, len(f.overlay)+len(f.far))
	for b := range f.overlay {
		out = append(out, b)
	}
	for b := range f.far {
		out = append(out, b)
	}
	slices.Sort(out)
	return out
}

// patch copies over p, which stands at byte off of the volume, the blocks that the
// journal has.
func (f *FS) patch(p []byte, off int64) error {
	bs := int64(f.sb.blockSize)
	for b := off / bs; b*bs < off+int64(len(p)); b++ {
		data, ok := f.overlay[uint64(b)]
		if !ok {
			far, ok := f.far[uint64(b)]
			if !ok {
				continue
			}
			data = make([]byte, bs)
			if err := f.journal.log.ReadFar(data, far); err != nil {
				return err
			}
		}
		from := b * bs
		if from >= off {
			copy(p[from-off:], data)
		} else {
			copy(p, data[off-from:])
		}
	}
	return nil
}

func (f *FS) readBlock(p []byte, block uint64) error {
	if block >= f.sb.blocks {
		return filesystem.Corrupt(fmt.Sprintf("block %d", block), "the filesystem has %d", f.sb.blocks)
	}
	return f.readAt(p, int64(block)*int64(f.sb.blockSize))
}

// readNodeBlock reads a metadata block of a file: for a recovered state as that
// state had it.
func (f *FS) readNodeBlock(n *node, p []byte, block uint64) error {
	if err := f.readBlock(p, block); err != nil {
		return err
	}
	if n.view != nil {
		n.view.patch(f, p, block)
	}
	return nil
}

// readNodeAt reads content of a file at a byte offset in the volume.
func (f *FS) readNodeAt(n *node, p []byte, off int64) error {
	if err := f.readAt(p, off); err != nil || n.view == nil && n.verdict == nil {
		return err
	}
	bs := int64(f.sb.blockSize)
	var block []byte
	for at := off / bs * bs; at < off+int64(len(p)); at += bs {
		b := uint64(at / bs)
		part := p[max(at-off, 0):min(at+bs-off, int64(len(p)))]
		if block == nil {
			block = make([]byte, bs)
		}
		switch {
		case n.view != nil && n.view.patch(f, block, b):
			copy(part, block[max(off-at, 0):])
		case n.verdict != nil && n.verdict.isLost(b):
			clear(part)
		case f.fastGiven[b]:
			if _, err := f.r.ReadAt(part, max(at, off)); err != nil && err != io.EOF {
				return fmt.Errorf("block %d: %w", b, err)
			}
		}
	}
	return nil
}

// problem notes what is wrong, once. Of each kind only so many are kept: a flood of
// one must not hide the others.
func (f *FS) problem(what, format string, args ...any) { f.add(false, what, format, args...) }

// lost notes what is wrong where a part of the filesystem as a whole cannot be read.
func (f *FS) lost(what, format string, args ...any) { f.add(true, what, format, args...) }

func (f *FS) add(lost bool, what, format string, args ...any) {
	place := strings.TrimRight(what[:len(what)-len(strings.TrimLeftFunc(what, func(r rune) bool { return r < '0' || r > '9' }))], " ")
	kind := place + "\x00" + format
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kinds[kind] >= maxOfKind || len(f.kinds) >= maxKinds && f.kinds[kind] == 0 {
		return
	}
	p := filesystem.Problem{What: what, Why: fmt.Sprintf(format, args...), Lost: lost}
	if f.problems[p] {
		return
	}
	f.problems[p] = true
	if f.kinds == nil {
		f.kinds = make(map[string]int)
	}
	if f.kinds[kind]++; f.kinds[kind] == maxOfKind {
		f.problems[filesystem.Problem{What: place, Why: fmt.Sprintf("%d problems like this: %s; the rest of these is not listed", maxOfKind, p.Why), Lost: lost}] = true
	}
}

// Problems implements filesystem.FS.
func (f *FS) Problems() []filesystem.Problem {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]filesystem.Problem, 0, len(f.problems))
	for p := range f.problems {
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].What != out[j].What {
			return out[i].What < out[j].What
		}
		return out[i].Why < out[j].Why
	})
	return out
}

// Root implements filesystem.FS.
func (f *FS) Root() uint64 { return rec.InodeRootDirectory }

// Info implements filesystem.FS.
func (f *FS) Info() filesystem.Info {
	s := f.sb
	stamp := func(lo uint32, hi uint8) filesystem.Time {
		if lo == 0 && hi == 0 {
			return filesystem.Time{}
		}
		return filesystem.Unix(int64(hi)<<32|int64(lo), 0)
	}
	info := filesystem.Info{
		Type: "ext4", UUID: uuidString(s.SUuid), Label: cString(s.SVolumeName[:]), BlockSize: s.blockSize, Blocks: s.blocks, Inodes: uint64(s.SInodesCount),
		Features: featureNames(s.SFeatureCompat, s.SFeatureIncompat, s.SFeatureRoCompat), Created: stamp(s.SMkfsTime, s.SMkfsTimeHi),
		LastMount: stamp(s.SMtime, s.SMtimeHi), LastWrite: stamp(s.SWtime, s.SWtimeHi), LastMountPoint: cString(s.SLastMounted[:]),
	}
	const ext4Only = rec.SbFeatureIncompatExtents | rec.SbFeatureIncompat64bit | rec.SbFeatureIncompatFlexBg
	switch {
	case s.incompat(ext4Only) || s.metaCsum() || s.roCompat(rec.SbFeatureRoCompatHugeFile|rec.SbFeatureRoCompatGdtCsum):
	case s.compat(rec.SbFeatureCompatHasJournal):
		info.Type = "ext3"
	default:
		info.Type = "ext2"
	}
	switch {
	case s.SState&rec.SbStateErrorsDetected != 0:
		info.State = "errors detected"
	case s.incompat(rec.SbFeatureIncompatRecover):
		info.State = "needs recovery"
	case s.SState&rec.SbStateCleanlyUnmounted != 0:
		info.State = "clean"
	default:
		info.State = "not cleanly unmounted"
	}
	if st := f.journal; st != nil {
		if st.late != nil {
			st.once.Do(st.late)
		}
		info.Journal = st.info
		info.Replayed = st.info.Replayed
	}
	return info
}

// Inode implements filesystem.FS.
func (f *FS) Inode(ref filesystem.Ref) (*filesystem.Inode, error) {
	n, err := f.node(ref)
	if err != nil {
		return nil, err
	}
	return &n.Inode, nil
}

// Readlink implements filesystem.FS.
func (f *FS) Readlink(ref filesystem.Ref) (string, error) {
	n, err := f.node(ref)
	if err != nil {
		return "", err
	}
	return f.readlink(n)
}

func (f *FS) readlink(n *node) (string, error) {
	what := fmt.Sprintf("inode %d", n.Ref.Inode)
	if !n.IsSymlink() {
		return "", fmt.Errorf("%s is not a symbolic link: %w", what, fs.ErrInvalid)
	}
	size := n.stored()
	if size > int64(f.sb.blockSize) {
		return "", filesystem.Corrupt(what, "link target of %d bytes", size)
	}
	fl, err := f.open(n)
	if err != nil {
		return "", err
	}
	p := make([]byte, size)
	if len(p) > 0 {
		if _, err := fl.ReadAt(p, 0); err != nil && err != io.EOF {
			return "", err
		}
	}
	if f.encrypted(n) {
		// struct fscrypt_symlink_data: a length, then the ciphertext.
		if len(p) < 2 {
			return "", filesystem.Corrupt(what, "encrypted link target cut short")
		}
		l := int(binary.LittleEndian.Uint16(p))
		if l > len(p)-2 {
			return "", filesystem.Corrupt(what, "encrypted link target cut short")
		}
		return nokeyName(p[2:2+l], 0, 0), nil
	}
	return cString(p), nil
}
