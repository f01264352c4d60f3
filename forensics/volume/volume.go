// Package volume finds the volumes of a disk: partitions of a GPT or an MBR with
// its logical partitions, or a filesystem on the whole disk.
//
// Every partition is listed, also one that holds nothing that icecore reads, with
// what was recognised there and why it is not read.
package volume

import "io"

// Volume is a part of the disk that may hold a filesystem.
type Volume struct {
	// ID is short and unique within the disk: p1, p5, disk.
	ID     string
	Scheme string // gpt, mbr, none
	Number int    // as the kernel numbers it, 0 for a whole disk
	Offset int64  // bytes from the beginning of the disk
	Size   int64  // bytes
	Type   string // GPT type GUID or MBR type byte (0x83), with its usual name
	Name   string // GPT partition name, raw bytes
	UUID   string // GPT partition GUID, or MBR signature with number
	// Content is what was recognised by magic number: ext4, xfs, btrfs, swap,
	// LVM2, LUKS, vfat, ... or empty.
	Content string
	// FSUUID and FSLabel are those of what is not read, as tables of mounts name it; of what
	// is read, its engine knows them.
	FSUUID, FSLabel string
	// Reason says why the content is not read, where it is not.
	Reason string
	// Empty says that nothing was recognised, and that the beginning is zeros.
	Empty bool
	// Bytes reads the volume; offsets count from its beginning, and nothing
	// outside it can be reached.
	Bytes *io.SectionReader
}
