package volume

import (
	"bytes"
	"encoding/binary"
)

// signature is something that is recognised and not read. The names are those of
// blkid(8), but for LVM2, LUKS, mdraid and zfs.
type signature struct {
	content, reason string
	is              func(probe) bool
}

// magic recognises a text at one of some places.
func magic(text string, places ...int64) func(probe) bool {
	return func(p probe) bool {
		for _, at := range places {
			if p.has(at, text) {
				return true
			}
		}
		return false
	}
}

// fromEnd is magic at places that count from the end of the volume, in whole sectors.
func fromEnd(text string, places ...int64) func(probe) bool {
	return func(p probe) bool {
		for _, at := range places {
			if p.has(p.size/sector*sector-at, text) {
				return true
			}
		}
		return false
	}
}

const notRead = ": not read by this version"

// signatures is the list, in the order in which they are looked for: one line each.
func signatures() []signature {
	return []signature{
		{"xfs", "an XFS filesystem" + notRead, magic("XFSB", 0)},
		{"btrfs", "a btrfs filesystem" + notRead, magic("_BHRfS_M", 0x10040)},
		{"LUKS", "is encrypted (LUKS)", magic("LUKS\xba\xbe", 0)},
		{"LUKS", "is encrypted (LUKS; its first header is damaged, a copy is there)", magic("SKUL\xba\xbe", luksCopies()...)},
		{"LVM2", "an LVM2 physical volume" + notRead, magic("LABELONE", 512, 0, 1024, 1536)},
		{"swap", "swap space: no filesystem, but what stands in it is looked into", swap},
		{"mdraid", "a member of a Linux software RAID" + notRead, magic("\xfc\x4e\x2b\xa9", 0, 4096)},
		{"bluestore", "a volume of Ceph (BlueStore)" + notRead, magic("bluestore block device\n", 0)},
		{"stratis", "a volume of a Stratis pool" + notRead, magic("!Stra0tis\x86\xff\x02^\x41rh", 516)},
		{"vdo", "a VDO volume" + notRead, magic("dmvdo001", 0)},
		{"DM_integrity", "a dm-integrity volume" + notRead, magic("integrt\x00", 0)},
		{"DM_verity_hash", "hashes of dm-verity, no filesystem", magic("verity\x00\x00", 0)},
		{"f2fs", "an F2FS filesystem" + notRead, magic("\x10\x20\xf5\xf2", 1024)},
		{"bcachefs", "a bcachefs filesystem" + notRead, magic("\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef", 4096+24)},
		{"bcache", "a device of a bcache" + notRead, magic("\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81", 4096+24)},
		{"erofs", "an EROFS filesystem" + notRead, magic("\xe2\xe1\xf5\xe0", 1024)},
		{"reiser4", "a Reiser4 filesystem" + notRead, magic("ReIsEr4", 0x10000)},
		{"reiserfs", "a ReiserFS filesystem" + notRead, magic("ReIsEr", 0x10034, 0x2034)},
		{"jfs", "a JFS filesystem" + notRead, magic("JFS1", 0x8000)},
		{"zfs", "a member of a ZFS pool" + notRead, zfs},
		{"apfs", "an APFS container" + notRead, magic("NXSB", 32)},
		{"hfsplus", "an HFS+ filesystem" + notRead, hfsplus},
		{"ocfs2", "an OCFS2 filesystem" + notRead, magic("OCFSV2", 1024, 2048, 4096, 8192)},
		{"gfs2", "a GFS2 filesystem" + notRead, gfs2},
		{"nilfs2", "a NILFS2 filesystem" + notRead, nilfs2},
		{"VMFS_volume_member", "a VMFS volume" + notRead, magic("\x0d\xd0\x01\xc0", 0x100000)},
		{"VMFS", "a VMFS volume" + notRead, magic("\x5e\xf1\xab\x2f", 0x200000)},
		{"bitlocker", "is encrypted (BitLocker)", magic("-FVE-FS-", 3)},
		{"squashfs", "a squashfs filesystem" + notRead, magic("hsqs", 0)},
		{"cramfs", "a cramfs filesystem" + notRead, magic("\x45\x3d\xcd\x28", 0)},
		{"ubi", "a UBI volume" + notRead, magic("UBI#", 0)},
		{"ubifs", "a UBIFS filesystem" + notRead, magic("\x31\x18\x10\x06", 0)},
		{"oracleasm", "a disk of Oracle ASM" + notRead, magic("ORCLDISK", 32)},
		{"ntfs", "an NTFS filesystem" + notRead, magic("NTFS    ", 3)},
		{"exfat", "an exFAT filesystem" + notRead, magic("EXFAT   ", 3)},
		{"vfat", "a FAT filesystem (an EFI system partition?)" + notRead, fat},
		{"udf", "a UDF filesystem" + notRead, udf},
		{"iso9660", "an ISO 9660 filesystem" + notRead, magic("CD001", 0x8001)},
		{"ufs", "a UFS filesystem" + notRead, ufs},
		{"drbd", "a DRBD device" + notRead, drbd},
		{"isw_raid_member", "a member of a RAID of the firmware (Intel)" + notRead, fromEnd("Intel Raid ISM Cfg Sig. ", 2*sector)},
		{"ddf_raid_member", "a member of a hardware RAID (DDF)" + notRead, fromEnd("\xde\x11\xde\x11", sector, 257*sector)},
		{"lsi_mega_raid_member", "a member of a hardware RAID (LSI)" + notRead, fromEnd("$XIDE$", sector)},
		{"nvidia_raid_member", "a member of a RAID of the firmware (NVIDIA)" + notRead, fromEnd("NVIDIA", 2*sector)},
		{"adaptec_raid_member", "a member of a hardware RAID (Adaptec)" + notRead, fromEnd("DPTM", sector)},
		{"bsd", "a BSD disk label" + notRead, magic("WEV\x82", 512, 0, 64)},
		{"sun", "a Sun disk label" + notRead, sun},
		{"sgi", "an SGI disk label" + notRead, magic("\x0b\xe5\xa9\x41", 0)},
	}
}

// luksCopies are the places where the second header of LUKS2 may stand: it follows the
// first, which has one of these sizes.
func luksCopies() []int64 {
	return []int64{0x4000, 0x8000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x400000}
}

// swap says whether swap space begins here: its mark ends the first page, whose size
// depends on the machine (mkswap(8)).
func swap(p probe) bool {
	for _, page := range []int64{4096, 8192, 16384, 65536} {
		for _, mark := range []string{"SWAPSPACE2", "SWAP-SPACE"} {
			if p.has(page-10, mark) {
				return true
			}
		}
	}
	return false
}

// zfs says whether an uberblock stands in the ring of the first label: which of its places
// are used depends on how often the pool was written and on the sectors' size.
func zfs(p probe) bool {
	ring := p.at(0x20000, 0x20000)
	for ; len(ring) >= 8; ring = ring[min(len(ring), 1024):] {
		if string(ring[:8]) == "\x0c\xb1\xba\x00\x00\x00\x00\x00" || string(ring[:8]) == "\x00\x00\x00\x00\x00\xba\xb1\x0c" {
			return true
		}
	}
	return false
}

// hfsplus: the version is that of HFS+ or HFSX, so that two letters do not stand alone.
func hfsplus(p probe) bool { return p.has(1024, "H+\x00\x04") || p.has(1024, "HX\x00\x05") }

// gfs2: the magic number, of a block that says that it is a superblock.
func gfs2(p probe) bool { return p.has(0x10000, "\x01\x16\x19\x70\x00\x00\x00\x01") }

// nilfs2: the magic number has two bytes; the revision and the size of the superblock go
// with it.
func nilfs2(p probe) bool {
	b := p.at(1024, 16)
	if len(b) < 16 {
		return false
	}
	size := binary.LittleEndian.Uint16(b[8:])
	return b[6] == 0x34 && b[7] == 0x34 && binary.LittleEndian.Uint32(b) == 2 && size > 16 && size <= 1024
}

func fat(p probe) bool { return p.has(82, "FAT32") || p.has(54, "FAT16") || p.has(54, "FAT12") }

// udf says whether a UDF stands in the descriptors of the volume, alone or beside an
// ISO 9660 (ECMA-167, 2/8.3).
func udf(p probe) bool {
	for block := range int64(32) {
		b := p.at(0x8000+block*2048, 6)
		switch {
		case len(b) < 6:
			return false
		case bytes.HasPrefix(b[1:], []byte("NSR0")):
			return true
		}
		switch string(b[1:]) {
		case "BEA01", "BOOT2", "CD001", "CDW02", "TEA01":
		default:
			return false
		}
	}
	return false
}

// ufs: the magic number of UFS1 or UFS2, in either order of bytes, at one of the places
// where a superblock may stand.
func ufs(p probe) bool {
	for _, at := range []int64{0, 8192, 65536, 262144} {
		for _, m := range []string{"\x54\x19\x01\x00", "\x00\x01\x19\x54", "\x19\x01\x54\x19", "\x19\x54\x01\x19"} {
			if p.has(at+1372, m) {
				return true
			}
		}
	}
	return false
}

// drbd: the metadata within the device ends it.
func drbd(p probe) bool {
	at := p.size&^4095 - 4096 + 60
	return p.has(at, "\x83\x74\x02\x6b") || p.has(at, "\x83\x74\x02\x6c") || p.has(at, "\x83\x74\x02\x6d")
}

// sun: the magic number of two bytes, and the sum of the label, which is 0.
func sun(p probe) bool {
	b := p.at(0, sector)
	if len(b) < sector || b[508] != 0xda || b[509] != 0xbe {
		return false
	}
	sum := uint16(0)
	for ; len(b) > 0; b = b[2:] {
		sum ^= binary.BigEndian.Uint16(b)
	}
	return sum == 0
}
