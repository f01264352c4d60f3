package ext4

import (
	"encoding/binary"
	"fmt"
	"sort"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

const (
	xattrMagic  = 0xea020000
	indexSystem = 7
	indexACL    = 2
	indexDefACL = 3

	indexEncryption = 9
)

// xattrPrefixes are the namespaces by e_name_index (fs/ext4/xattr.h).
var xattrPrefixes = [...]string{
	0: "", 1: "user.", 2: "system.posix_acl_access", 3: "system.posix_acl_default", 4: "trusted.", 5: "", 6: "security.", 7: "system.", 8: "system.richacl", 9: "encryption.", 10: "gnu.",
}

// rawXattr is an attribute as stored.
type rawXattr struct {
	index byte
	name  string
	value []byte
	inum  uint32 // the inode that holds the value (ea_inode), 0 if it stands here
	size  uint32
	at    int // of the value, from base
}

// xattrEntries parses a list of struct ext4_xattr_entry. Values stand at their
// offset from base.
func xattrEntries(what string, list, base []byte) ([]rawXattr, error) {
	le := binary.LittleEndian
	var out []rawXattr
	for len(list) >= 4 && le.Uint32(list) != 0 {
		if len(list) < 16 {
			return out, filesystem.Corrupt(what, "attribute entry cut short")
		}
		nlen := int(list[0])
		step := (16 + nlen + 3) &^ 3
		if step > len(list) {
			return out, filesystem.Corrupt(what, "attribute name cut short")
		}
		x := rawXattr{index: list[1], name: string(list[16 : 16+nlen]), inum: le.Uint32(list[4:]), size: le.Uint32(list[8:])}
		if x.inum == 0 && x.size > 0 {
			off := uint64(le.Uint16(list[2:]))
			if off+uint64(x.size) > uint64(len(base)) {
				return out, filesystem.Corrupt(what, "value of attribute %s cut short", text.Quote(x.name))
			}
			x.value, x.at = base[off:off+uint64(x.size)], int(off)
		}
		out = append(out, x)
		list = list[step:]
	}
	return out, nil
}

// bodyXattrs gives the list of attributes in an inode's own record, nil if it has none.
func bodyXattrs(raw []byte) []byte {
	if start := 128 + extraSize(raw); len(raw) > 128 && start+4 <= len(raw) && binary.LittleEndian.Uint32(raw[start:]) == xattrMagic {
		return raw[start+4:]
	}
	return nil
}

// rawXattrs gives the attributes kept in the inode and in its attribute block.
func (f *FS) rawXattrs(n *node) ([]rawXattr, error) {
	le := binary.LittleEndian
	what := fmt.Sprintf("inode %d", n.Ref.Inode)
	var out []rawXattr
	var first error
	if body := bodyXattrs(n.raw); body != nil {
		got, err := xattrEntries(what, body, body)
		out, first = append(out, got...), err
	}
	if block := f.sb.attrBlock(n.raw); block != 0 {
		b := make([]byte, f.sb.blockSize)
		if block >= f.sb.blocks {
			return out, filesystem.Corrupt(what, "attribute block %d of %d", block, f.sb.blocks)
		}
		if err := f.readNodeBlock(n, b, block); err != nil {
			return out, fmt.Errorf("%s: attribute block %d: %w", what, block, err)
		}
		if le.Uint32(b) != xattrMagic {
			return out, filesystem.Corrupt(what, "attribute block %d without its magic number", block)
		}
		if f.sb.metaCsum() {
			var num [8]byte
			le.PutUint64(num[:], block)
			crc := crc32c(f.sb.seed, num[:])
			crc = crc32c(crc, b[:16])
			crc = crc32c(crc, []byte{0, 0, 0, 0})
			if crc32c(crc, b[20:]) != le.Uint32(b[16:]) {
				f.problem(fmt.Sprintf("%s, attribute block %d", what, block), noteChecksum)
			}
		}
		got, err := xattrEntries(what, b[32:], b)
		out = append(out, got...)
		if first == nil {
			first = err
		}
	}
	return out, first
}

// Xattrs implements filesystem.FS.
func (f *FS) Xattrs(ref filesystem.Ref) ([]filesystem.Xattr, error) {
	n, err := f.node(ref)
	if err != nil {
		return nil, err
	}
	raw, first := f.rawXattrs(n)
	var out []filesystem.Xattr
	for _, x := range raw {
		if x.index == indexSystem && x.name == "data" {
			continue // the overflow of inline data, not an attribute
		}
		v := x.value
		if x.inum != 0 {
			if v, err = f.eaInode(n, x); err != nil {
				if first == nil {
					first = err
				}
				continue
			}
		}
		prefix := fmt.Sprintf("index-%d.", x.index)
		if int(x.index) < len(xattrPrefixes) {
			prefix = xattrPrefixes[x.index]
		}
		if x.index == indexACL || x.index == indexDefACL {
			v = aclToUser(v)
		}
		out = append(out, filesystem.Xattr{Name: prefix + x.name, Value: v})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, first
}

// eaInode reads a large value that is kept in an inode of its own.
func (f *FS) eaInode(n *node, x rawXattr) ([]byte, error) {
	what := fmt.Sprintf("inode %d", n.Ref.Inode)
	if x.size > 64<<10 {
		return nil, filesystem.Corrupt(what, "attribute %s of %d bytes", text.Quote(x.name), x.size)
	}
	en, err := f.node(filesystem.Ref{Inode: uint64(x.inum)})
	if err != nil {
		return nil, fmt.Errorf("%s: attribute %s: %w", what, text.Quote(x.name), err)
	}
	if en.Flags&rec.InodeFlagEaInode == 0 || en.Size < int64(x.size) {
		return nil, filesystem.Corrupt(what, "attribute %s in inode %d, which is none for values", text.Quote(x.name), x.inum)
	}
	fl, err := f.open(en)
	if err != nil {
		return nil, err
	}
	v := make([]byte, x.size)
	if k, err := fl.ReadAt(v, 0); k < len(v) {
		return nil, err
	}
	// The value's hash stands where other inodes have their time of access
	// (ext4_xattr_inode_verify_hashes in fs/ext4/xattr.c).
	if hash := crc32c(f.sb.seed, v); int64(x.size) == en.Size && hash != binary.LittleEndian.Uint32(en.raw[8:]) {
		f.problem(fmt.Sprintf("%s, attribute %s in inode %d", what, text.Quote(x.name), x.inum), noteChecksum)
	}
	return v, nil
}

// aclToUser turns the short form in which ext4 stores a POSIX ACL (fs/ext4/acl.h)
// into the one that getxattr(2) gives (include/uapi/linux/posix_acl_xattr.h).
func aclToUser(b []byte) []byte {
	le := binary.LittleEndian
	if len(b) < 4 || le.Uint32(b) != 1 {
		return b
	}
	out := le.AppendUint32(nil, 2)
	for b = b[4:]; len(b) >= 4; {
		tag := le.Uint16(b)
		out = append(out, b[:4]...)
		if tag == 2 || tag == 8 { // ACL_USER, ACL_GROUP
			if len(b) < 8 {
				break
			}
			out = append(out, b[4:8]...)
			b = b[8:]
		} else {
			out = le.AppendUint32(out, 0xffffffff)
			b = b[4:]
		}
	}
	return out
}

// inlineData gives the content of a file that is kept in its inode: 60 bytes in
// i_block, the rest in the attribute system.data.
func (f *FS) inlineData(n *node) ([]byte, error) {
	data := append([]byte(nil), n.iblock()...)
	if n.stored() > 60 {
		raw, err := f.rawXattrs(n)
		for _, x := range raw {
			if x.index == indexSystem && x.name == "data" {
				data = append(data, x.value...)
				err = nil
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if int64(len(data)) < n.stored() {
		if n.IsDir() {
			return data, nil
		}
		f.problem(fmt.Sprintf("inode %d", n.Ref.Inode), "%d bytes of inline data for a size of %d", len(data), n.stored())
	}
	return data[:min(int64(len(data)), max(n.stored(), 0))], nil
}
