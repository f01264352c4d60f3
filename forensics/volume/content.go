package volume

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
)

// A Recogniser names what a volume holds; empty: it does not know.
type Recogniser func(r io.ReaderAt) string

// recognise says what a volume holds, by magic number, and why it is not read
// where it is not. What has none of the numbers below is shown to those in more.
func recognise(v *Volume, more []Recogniser) {
	at := func(off int64, n int) []byte {
		b := make([]byte, n)
		k, _ := v.Bytes.ReadAt(b, off)
		return b[:k]
	}
	has := func(off int64, magic string) bool { return string(at(off, len(magic))) == magic }
	const notRead = ": not read by this version"
	set := func(content, reason string) { v.Content, v.Reason = content, reason }
	sb := at(1024, 1024)
	switch {
	case len(sb) >= 0x68 && sb[0x38] == 0x53 && sb[0x39] == 0xef:
		set(extType(sb), "")
	case has(0, "XFSB"):
		set("xfs", "an XFS filesystem"+notRead)
	case has(0x10040, "_BHRfS_M"):
		set("btrfs", "a btrfs filesystem"+notRead)
	case has(0, "LUKS\xba\xbe"):
		set("LUKS", "is encrypted (LUKS)")
	case has(512, "LABELONE") || has(0, "LABELONE") || has(1024, "LABELONE") || has(1536, "LABELONE"):
		set("LVM2", "an LVM2 physical volume"+notRead)
	case swap(has):
		set("swap", "swap space: no filesystem, but what stands in it is looked into")
	case has(1024, "\x10\x20\xf5\xf2"):
		set("f2fs", "an F2FS filesystem"+notRead)
	case has(4096+24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"):
		set("bcachefs", "a bcachefs filesystem"+notRead)
	case has(1024, "\xe2\xe1\xf5\xe0"):
		set("erofs", "an EROFS filesystem"+notRead)
	case has(0x10034, "ReIsEr"):
		set("reiserfs", "a ReiserFS filesystem"+notRead)
	case has(0x8000, "JFS1"):
		set("jfs", "a JFS filesystem"+notRead)
	case has(0x20000, "\x0c\xb1\xba\x00\x00\x00\x00\x00") || has(0x20000, "\x00\x00\x00\x00\x00\xba\xb1\x0c"):
		set("zfs", "a member of a ZFS pool"+notRead)
	case has(3, "-FVE-FS-"):
		set("bitlocker", "is encrypted (BitLocker)")
	case has(0, "hsqs"):
		set("squashfs", "a squashfs filesystem"+notRead)
	case has(3, "NTFS    "):
		set("ntfs", "an NTFS filesystem"+notRead)
	case has(3, "EXFAT   "):
		set("exfat", "an exFAT filesystem"+notRead)
	case has(82, "FAT32") || has(54, "FAT16") || has(54, "FAT12"):
		set("vfat", "a FAT filesystem (an EFI system partition?)"+notRead)
	case has(0x8001, "CD001"):
		set("iso9660", "an ISO 9660 filesystem"+notRead)
	case mdraid(at):
		set("mdraid", "a member of a Linux software RAID"+notRead)
	default:
		for _, name := range more {
			if set(name(v.Bytes), ""); v.Content != "" {
				return
			}
		}
		if b := at(0, 4096); len(b) > 0 && bytes.Count(b, []byte{0}) == len(b) {
			v.Empty = true
			v.Reason = "begins with zeros: empty, or not formatted"
		} else {
			v.Reason = "content not recognised (begins with " + hex.EncodeToString(at(0, 8)) + ")"
		}
		if strings.Contains(v.Type, "BIOS boot") {
			set("BIOS boot", "holds boot code, no filesystem")
		}
	}
}

// swap says whether swap space begins here: its mark ends the first page, whose size
// depends on the machine (mkswap(8)).
func swap(has func(int64, string) bool) bool {
	for _, page := range []int64{4096, 8192, 16384, 65536} {
		if has(page-10, "SWAPSPACE2") || has(page-10, "SWAP-SPACE") {
			return true
		}
	}
	return false
}

func mdraid(at func(int64, int) []byte) bool {
	for _, off := range []int64{0, 4096} {
		if b := at(off, 4); len(b) == 4 && binary.LittleEndian.Uint32(b) == 0xa92b4efc {
			return true
		}
	}
	return false
}

// extType distinguishes ext2, ext3 and ext4 as blkid(8) does.
func extType(sb []byte) string {
	le := binary.LittleEndian
	compat, incompat, ro := le.Uint32(sb[0x5c:]), le.Uint32(sb[0x60:]), le.Uint32(sb[0x64:])
	switch {
	case incompat&^0x16 != 0 || ro&^0x7 != 0:
		return "ext4"
	case compat&4 != 0:
		return "ext3"
	}
	return "ext2"
}
