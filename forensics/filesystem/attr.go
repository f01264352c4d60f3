package filesystem

import (
	"encoding/binary"
	"fmt"
)

// flagNames are the inode flags by bit, as chattr(1) and the kernel's
// include/uapi/linux/fs.h name them.
var flagNames = [32]string{
	0: "secure_deletion", 1: "undelete", 2: "compressed", 3: "sync", 4: "immutable", 5: "append_only", 6: "no_dump", 7: "no_atime", 8: "dirty", 9: "compressed_blocks",
	10: "no_compression", 11: "encrypted", 12: "indexed_directory", 13: "imagic", 14: "journal_data", 15: "no_tail_merging", 16: "dirsync", 17: "top_of_directory_hierarchy",
	18: "huge_file", 19: "extents", 20: "verity", 21: "ea_inode", 22: "eof_blocks", 23: "no_cow", 25: "dax", 28: "inline_data", 29: "project_hierarchy", 30: "casefold",
}

// FlagNames names the bits of Inode.Flags, lowest first.
func FlagNames(flags uint32) []string {
	var out []string
	for i := range 32 {
		if flags&(1<<i) == 0 {
			continue
		}
		if flagNames[i] == "" {
			out = append(out, fmt.Sprintf("0x%x", uint32(1)<<i))
		} else {
			out = append(out, flagNames[i])
		}
	}
	return out
}

// ACL writes a POSIX access control list, the value of the attributes
// system.posix_acl_access and system.posix_acl_default as getxattr(2) gives it
// (include/uapi/linux/posix_acl_xattr.h), as the lines of getfacl(1): user::rwx.
func ACL(value []byte) ([]string, error) {
	const (
		version = 2
		head    = 4
		each    = 8
	)
	le := binary.LittleEndian
	if len(value) < head || le.Uint32(value) != version || (len(value)-head)%each != 0 {
		return nil, fmt.Errorf("not a POSIX ACL of version %d", version)
	}
	tags := map[uint16]string{1: "user", 2: "user", 4: "group", 8: "group", 0x10: "mask", 0x20: "other"}
	var out []string
	for e := value[head:]; len(e) > 0; e = e[each:] {
		tag, perm, id := le.Uint16(e), le.Uint16(e[2:]), ""
		name := tags[tag]
		if name == "" {
			return out, fmt.Errorf("entry with the unknown tag %#x", tag)
		}
		if tag == 2 || tag == 8 {
			id = fmt.Sprint(le.Uint32(e[4:]))
		}
		p := []byte("rwx")
		for i := range 3 {
			if perm&(4>>i) == 0 {
				p[i] = '-'
			}
		}
		out = append(out, fmt.Sprintf("%s:%s:%s", name, id, p))
	}
	return out, nil
}
