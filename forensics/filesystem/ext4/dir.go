package ext4

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// typeBits maps the file type of a directory entry to mode bits.
var typeBits = [8]uint16{
	rec.FileTypeRegular: filesystem.ModeRegular, rec.FileTypeDirectory: filesystem.ModeDir, rec.FileTypeCharacterDevice: filesystem.ModeChar,
	rec.FileTypeBlockDevice: filesystem.ModeBlock, rec.FileTypeFifo: filesystem.ModeFIFO, rec.FileTypeSocket: filesystem.ModeSocket, rec.FileTypeSymbolicLink: filesystem.ModeSymlink,
}

// dirent is an entry as it stands in a block; name points into the block.
type dirent struct {
	ino     uint32
	typ     byte
	deleted bool
	passed  bool   // the kernel's listing passes over it, by its name it is found
	off     int    // of the entry in its block
	logical uint32 // that block of the directory, where a directory is read block by block
	name    []byte
	rest    []byte // what follows the name in the entry
}

const fakeTail = 0xde // file type of the entry that holds a block's checksum

// entryLen is the length that an entry with a name of n bytes needs.
func entryLen(n int) int { return (8 + n + 3) &^ 3 }

// dirEntries calls fn for each entry of a directory block, also for names that
// were deleted and still stand in the slack of others. Layout: struct
// ext4_dir_entry_2 (fs/ext4/ext4.h). maxIno bounds what a deleted entry may name.
//
// From an entry that is wrong (ext4_check_dir_entry in fs/ext4/dir.c) the kernel's
// listing goes to the next block. Who looks for a name goes on to the next entry
// (ext4_search_dir in fs/ext4/namei.c), and so do we: what follows is marked as passed.
func dirEntries(b []byte, bs int, hasType bool, maxIno uint32, deleted bool, fn func(dirent)) error {
	le := binary.LittleEndian
	var (
		first    error
		wrongAt  int          // the first wrong entry
		passedAt map[int]bool // names after it
	)
	for off := 0; off+8 <= len(b); {
		reclen := int(le.Uint16(b[off+4:]))
		if bs >= 1<<16 { // such lengths are stored in steps of 4, see ext4_rec_len_from_disk
			if reclen == 0xffff || reclen == 0 {
				reclen = 1 << 16
			} else {
				reclen = reclen&0xfffc | (reclen&3)<<16
			}
		}
		ino, nlen, typ, next := le.Uint32(b[off:]), int(b[off+6]), b[off+7], off+reclen
		if !hasType {
			typ = 0 // the second byte of the name's length, zero for names up to 255
		}
		bad := entryFault(off, reclen, nlen, len(b))
		passed := first != nil
		beyond := ino > maxIno // wrong too, but it is shown as what it is
		if passed && (beyond || badName(b[off+8:min(off+8+nlen, len(b))]) != "") {
			bad = ": not a name"
		}
		if (bad != "" || beyond) && first == nil {
			if bad == "" {
				bad = fmt.Sprintf(": inode %d of %d", ino, maxIno)
				fn(dirent{ino: ino, typ: typ, off: off, name: b[off+8 : off+8+nlen], rest: b[off+entryLen(nlen) : next]})
			}
			first, wrongAt, passedAt = fmt.Errorf("entry at byte %d%s", off, bad), off, make(map[int]bool)
		}
		if bad != "" {
			if reclen == 0 || next > len(b) {
				break
			}
			off = next
			continue
		}
		if passed {
			if ino != 0 {
				passedAt[off] = true
				fn(dirent{ino: ino, typ: typ, passed: true, off: off, name: b[off+8 : off+8+nlen], rest: b[off+entryLen(nlen) : next]})
			}
			off = next
			continue
		}
		if ino == 0 {
			if deleted && !(reclen == 12 && typ == fakeTail) {
				slack(b[off:next], 0, maxIno, hasType, fn)
			}
			off = next
			continue
		}
		fn(dirent{ino: ino, typ: typ, off: off, name: b[off+8 : off+8+nlen], rest: b[off+entryLen(nlen) : next]})
		if deleted && reclen > entryLen(nlen)+8 {
			slack(b[off:next], entryLen(nlen), maxIno, hasType, fn)
		}
		off = next
	}
	if deleted && first != nil {
		slack(b[wrongAt:], 0, maxIno, hasType, func(d dirent) {
			if !passedAt[wrongAt+d.off] {
				fn(d)
			}
		})
	}
	return first
}

// entryFault says what is wrong with the lengths of an entry, or nothing.
func entryFault(off, reclen, nlen, end int) string {
	next := off + reclen
	switch {
	case reclen < entryLen(1) || reclen%4 != 0 || next > end:
		return fmt.Sprintf(" with length %d", reclen)
	case entryLen(nlen) > reclen:
		return fmt.Sprintf(": a name of %d bytes in %d", nlen, reclen)
	case next > end-entryLen(1) && next != end:
		return fmt.Sprintf(" with length %d, which leaves %d bytes", reclen, end-next)
	}
	return ""
}

// slack looks for entries in the bytes that no entry uses. Only what is plausible
// in every field is given.
func slack(b []byte, from int, maxIno uint32, hasType bool, fn func(dirent)) {
	le := binary.LittleEndian
	for off := from; off+12 <= len(b); {
		ino, reclen, nlen, typ := le.Uint32(b[off:]), int(le.Uint16(b[off+4:])), int(b[off+6]), b[off+7]
		ok := ino > 10 && ino <= maxIno && nlen > 0 && entryLen(nlen) <= reclen && off+entryLen(nlen) <= len(b) && reclen%4 == 0 && off+reclen <= len(b) && (!hasType || typ > 0 && typ < 8)
		if ok {
			name := b[off+8 : off+8+nlen]
			for _, c := range name {
				if c == 0 || c == '/' {
					ok = false
				}
			}
			if ok && string(name) != "." && string(name) != ".." {
				fn(dirent{ino: ino, typ: typ, deleted: true, off: off, name: name})
				off += entryLen(nlen)
				continue
			}
		}
		off += 4
	}
}

// badName says what is wrong with a name, or nothing.
func badName(name []byte) string {
	if len(name) == 0 {
		return "an empty name"
	}
	for _, c := range name {
		if c == 0 {
			return "a name with a zero byte"
		}
		if c == '/' {
			return "a name with a slash"
		}
	}
	return ""
}

func (f *FS) hasType() bool { return f.sb.incompat(rec.SbFeatureIncompatFiletype) }

// topInode is the last inode that a name may stand for: of a volume that was cut short,
// more than there are.
func (f *FS) topInode() uint32 { return max(f.maxInode(), f.sb.SInodesCount) }

func (f *FS) maxInode() uint32 {
	return uint32(min(uint64(f.sb.groups)*uint64(f.sb.SInodesPerGroup), 1<<32-1))
}

// dirBlockOK verifies the checksum of a directory block: in the tail of a leaf,
// or in the tail of an index node (fs/ext4/namei.c).
func (f *FS) dirBlockOK(seed uint32, b []byte) bool {
	le := binary.LittleEndian
	n := len(b)
	if le.Uint32(b[n-12:]) == 0 && le.Uint16(b[n-8:]) == 12 && b[n-6] == 0 && b[n-5] == fakeTail && crc32c(seed, b[:n-12]) == le.Uint32(b[n-4:]) {
		return true
	}
	// An index block: its table begins after the fake entry (8) or the root's
	// info (.: 12, ..: 12, info: 8).
	countAt := 8
	if le.Uint16(b[4:]) == 12 {
		countAt = 32
	}
	limit, count := int(le.Uint16(b[countAt:])), int(le.Uint16(b[countAt+2:]))
	tail := countAt + 8*limit
	if count > limit || tail+8 > n {
		return false
	}
	crc := crc32c(seed, b[:countAt+8*count])
	crc = crc32c(crc, b[tail:tail+4])
	return crc32c(crc, []byte{0, 0, 0, 0}) == le.Uint32(b[tail+4:])
}

// nokeyName writes an encrypted name as the kernel shows it without the key
// (struct fscrypt_nokey_name in fs/crypto/fname.c).
func nokeyName(cipher []byte, hash, minor uint32) string {
	b := binary.LittleEndian.AppendUint32(nil, hash)
	b = binary.LittleEndian.AppendUint32(b, minor)
	if len(cipher) <= 149 {
		b = append(b, cipher...)
	} else {
		b = append(b, cipher[:149]...)
		sum := sha256.Sum256(cipher[149:])
		b = append(b, sum[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// nokeyLen is the length of nokeyName's result for n bytes of ciphertext.
func nokeyLen(n int64) int64 {
	if n > 149 {
		n = 149 + sha256.Size
	}
	return int64(base64.RawURLEncoding.EncodedLen(int(8 + n)))
}

// eachEntry reads a directory block by block, until a block after fn said no.
func (f *FS) eachEntry(n *node, deleted bool, fn func(dirent) bool) error {
	what := fmt.Sprintf("directory inode %d", n.Ref.Inode)
	if n.inline() {
		return f.inlineEntries(n, deleted, func(d dirent) { fn(d) })
	}
	more := true
	exts, first := f.extents(n)
	bs := f.sb.blockSize
	block := make([]byte, bs)
	var seed uint32
	if f.sb.metaCsum() {
		seed = n.seed(f.sb)
	}
	left := f.size // no directory has more blocks than the volume
	for _, e := range exts {
		if e.Logical >= n.Size { // the kernel reads blocks of directories also where they are unwritten
			continue
		}
		for at := int64(0); at < e.Length && e.Logical+at < n.Size; at += int64(bs) {
			if left -= int64(bs); left < 0 {
				if first == nil {
					first = filesystem.Corrupt(what, "more blocks than the volume")
				}
				return first
			}
			b := uint64(e.Physical+at) / uint64(bs)
			if err := f.readNodeBlock(n, block, b); err != nil {
				if first == nil {
					first = fmt.Errorf("%s, block %d: %w", what, b, err)
				}
				continue
			}
			logical := uint32((e.Logical + at) / int64(bs))
			if err := f.dirBlock(what, seed, b, block, deleted, func(d dirent) {
				d.logical = logical
				more = fn(d) && more
			}); err != nil && first == nil {
				first = err
			}
			if !more {
				return first
			}
		}
	}
	return first
}

// dirBlock gives the entries of one block and reports what is wrong with it.
func (f *FS) dirBlock(what string, seed uint32, number uint64, block []byte, deleted bool, fn func(dirent)) error {
	if f.sb.metaCsum() && !f.dirBlockOK(seed, block) {
		f.problem(fmt.Sprintf("%s, block %d", what, number), noteChecksum)
	}
	if err := dirEntries(block, f.sb.blockSize, f.hasType(), f.topInode(), deleted, fn); err != nil {
		err = filesystem.Corrupt(fmt.Sprintf("%s, block %d", what, number), "%v", err)
		f.problem(fmt.Sprintf("%s, block %d", what, number), "%v", err.(*filesystem.CorruptError).Why)
		return err
	}
	return nil
}

// inlineEntries reads a directory that is kept in its inode: the number of the
// parent, entries up to byte 60, then those in the attribute.
func (f *FS) inlineEntries(n *node, deleted bool, fn func(dirent)) error {
	data, err := f.inlineData(n)
	if err != nil {
		return err
	}
	parts := [][]byte{data[min(4, len(data)):min(60, len(data))]}
	if len(data) > 60 {
		parts = append(parts, data[60:])
	}
	for _, p := range parts {
		if err := dirEntries(p, f.sb.blockSize, f.hasType(), f.topInode(), deleted, fn); err != nil {
			what := fmt.Sprintf("directory inode %d", n.Ref.Inode)
			f.problem(what, "inline: %v", err)
			return filesystem.Corrupt(what, "inline: %v", err)
		}
	}
	return nil
}

// maxDirEntries bounds one listing: 16 million names.
const maxDirEntries = 1 << 24

// dirNode reads the inode of a directory.
func (f *FS) dirNode(ref filesystem.Ref) (*node, error) {
	n, err := f.node(ref)
	if err == nil && !n.IsDir() {
		err = fmt.Errorf("inode %d is not a directory: %w", ref.Inode, fs.ErrInvalid)
	}
	return n, err
}

// ReadDir implements filesystem.FS.
func (f *FS) ReadDir(ref filesystem.Ref) ([]filesystem.DirEntry, error) {
	n, err := f.dirNode(ref)
	if err != nil {
		return nil, err
	}
	var out []filesystem.DirEntry
	over := false
	err = f.eachEntry(n, true, func(d dirent) bool {
		if isDots(d.name) {
			return true
		}
		if over = len(out) >= maxDirEntries; !over {
			out = append(out, f.dirEntry(n, d))
		}
		return !over
	})
	if over && err == nil {
		err = filesystem.Corrupt(fmt.Sprintf("inode %d", ref.Inode), "more than %d entries", maxDirEntries)
	}
	return out, err
}

func (f *FS) dirEntry(n *node, d dirent) filesystem.DirEntry {
	e := filesystem.DirEntry{Name: f.entryName(n, d), Inode: uint64(d.ino), Deleted: d.deleted}
	if int(d.typ) < len(typeBits) {
		e.Type = typeBits[d.typ]
	}
	return e
}

// entryName gives a name as it is shown: encrypted ones without their key.
func (f *FS) entryName(n *node, d dirent) string {
	if f.encrypted(n) {
		hash, minor := f.dirHash(n, d.name)
		if n.Flags&flagCasefold != 0 {
			// The hash needs the key, so it stands behind the name (struct
			// ext4_dir_entry_hash in fs/ext4/ext4.h).
			hash, minor = 0, 0
			if len(d.rest) >= 8 {
				hash, minor = binary.LittleEndian.Uint32(d.rest), binary.LittleEndian.Uint32(d.rest[4:])
			}
		}
		return nokeyName(d.name, hash, minor)
	}
	if why := badName(d.name); why != "" && !d.deleted {
		f.problem(fmt.Sprintf("directory inode %d", n.Ref.Inode), "%s: %s", why, text.Quote(string(d.name)))
		return strings.NewReplacer("/", "\\", "\x00", "\\").Replace(string(d.name))
	}
	return string(d.name)
}
