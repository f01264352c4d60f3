package volume

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strings"

	"github.com/diskfs/go-diskfs/partition/gpt"
	"github.com/diskfs/go-diskfs/partition/mbr"
)

// Problem is something wrong with the partition tables.
type Problem struct{ What, Why string }

// ErrNothing says that a disk holds neither partitions nor a filesystem.
var ErrNothing = errors.New("neither a partition table nor a filesystem was found: is this a disk image?")

// maxLogical bounds the chain of logical partitions.
const maxLogical = 128

// List finds the volumes of a disk, in the order of their offsets.
func List(r io.ReaderAt, size int64) ([]Volume, []Problem, error) {
	whole := Volume{ID: "disk", Scheme: "none", Size: size, Bytes: io.NewSectionReader(r, 0, size)}
	recognise(&whole)
	// A filesystem on the whole disk can leave the first sector, and with it
	// an old partition table, in place.
	if whole.Content != "" && whole.Content != "iso9660" {
		return []Volume{whole}, nil, nil
	}
	head := make([]byte, 512)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		return nil, nil, ErrNothing
	}
	vols, problems := readGPT(r, size)
	if len(vols) == 0 && head[510] == 0x55 && head[511] == 0xaa {
		var more []Problem
		vols, more = readMBR(r, size)
		problems = append(problems, more...)
	}
	if len(vols) == 0 {
		if whole.Content != "" {
			return []Volume{whole}, problems, nil
		}
		if len(problems) > 0 {
			return nil, nil, fmt.Errorf("%w (%s: %s)", ErrNothing, problems[0].What, problems[0].Why)
		}
		return nil, nil, ErrNothing
	}
	sort.SliceStable(vols, func(i, j int) bool { return vols[i].Offset < vols[j].Offset })
	end := int64(0)
	for i := range vols {
		v := &vols[i]
		if v.Offset < end {
			problems = append(problems, Problem{"volume " + v.ID, "overlaps the volume before it"})
		}
		end = max(end, v.Offset+v.Size)
		if v.Offset >= size {
			v.Reason = fmt.Sprintf("begins at byte %d, behind the end of the disk (%d bytes)", v.Offset, size)
			v.Bytes = io.NewSectionReader(r, size, 0)
			continue
		}
		if v.Offset+v.Size > size {
			problems = append(problems, Problem{"volume " + v.ID, fmt.Sprintf("ends at byte %d, the disk at %d: the image is truncated", v.Offset+v.Size, size)})
		}
		v.Bytes = io.NewSectionReader(r, v.Offset, v.Size)
		recognise(v)
	}
	return vols, problems, nil
}

// source lets the partition library read a disk, and only that.
type source struct{ *io.SectionReader }

func (source) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
func (source) Close() error               { return nil }

func readGPT(r io.ReaderAt, size int64) (vols []Volume, problems []Problem) {
	for _, sector := range []int{512, 4096} {
		var sig [8]byte
		primary := false
		if n, _ := r.ReadAt(sig[:], int64(sector)); n == 8 && string(sig[:]) == "EFI PART" {
			primary = true
		}
		backup := false
		if n, _ := r.ReadAt(sig[:], size/int64(sector)*int64(sector)-int64(sector)); n == 8 && string(sig[:]) == "EFI PART" {
			backup = true
		}
		if !primary && !backup {
			continue
		}
		t, err := gptTable(r, size, sector)
		if err != nil {
			problems = append(problems, Problem{"GPT", err.Error()})
			continue
		}
		if t.RecoveredFromBackup {
			problems = append(problems, Problem{"GPT", "the table at the beginning of the disk is damaged; its copy at the end is used"})
		} else if !backup {
			problems = append(problems, Problem{"GPT", "no copy of the table at the end of the disk: the image is truncated, or was enlarged"})
		}
		for _, p := range t.Partitions {
			if p == nil || p.Type == gpt.Unused || strings.Trim(string(p.Type), "0-") == "" {
				continue
			}
			if p.Start > uint64(1<<62)/uint64(sector) || p.End < p.Start || p.End > uint64(1<<62)/uint64(sector) {
				problems = append(problems, Problem{fmt.Sprintf("GPT entry %d", p.Index), fmt.Sprintf("sectors %d to %d", p.Start, p.End)})
				continue
			}
			vols = append(vols, Volume{
				ID: fmt.Sprintf("p%d", p.Index), Scheme: "gpt", Number: p.Index, Offset: int64(p.Start) * int64(sector), Size: int64(p.End-p.Start+1) * int64(sector),
				Type: typeName(strings.ToUpper(string(p.Type)), gptTypes), Name: p.Name, UUID: strings.ToLower(p.GUID),
			})
		}
		if len(vols) > 0 {
			return vols, problems
		}
	}
	return vols, problems
}

func gptTable(r io.ReaderAt, size int64, sector int) (t *gpt.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
	}()
	// The library trusts the number and size of the entries; check them first.
	for _, at := range []int64{int64(sector), size/int64(sector)*int64(sector) - int64(sector)} {
		h := make([]byte, 92)
		if n, _ := r.ReadAt(h, at); n == len(h) && string(h[:8]) == "EFI PART" {
			count, each := binary.LittleEndian.Uint32(h[80:]), binary.LittleEndian.Uint32(h[84:])
			if count > 4096 || each < 128 || each > 4096 {
				return nil, fmt.Errorf("damaged: %d entries of %d bytes", count, each)
			}
		}
	}
	return gpt.Read(source{io.NewSectionReader(r, 0, size)}, sector, sector)
}

func readMBR(r io.ReaderAt, size int64) (vols []Volume, problems []Problem) {
	t, err := mbrTable(r, size)
	if err != nil {
		return nil, []Problem{{"MBR", err.Error()}}
	}
	const sector = 512
	sig := make([]byte, 4)
	_, _ = r.ReadAt(sig, 440)
	id := fmt.Sprintf("%08x", binary.LittleEndian.Uint32(sig))
	add := func(n int, typ byte, start, count int64) {
		vols = append(vols, Volume{
			ID: fmt.Sprintf("p%d", n), Scheme: "mbr", Number: n, Offset: start * sector, Size: count * sector,
			Type: typeName(fmt.Sprintf("0x%02x", typ), mbrTypes), UUID: fmt.Sprintf("%s-%02x", id, n),
		})
	}
	for i, p := range t.Partitions {
		if p == nil || p.Type == mbr.Empty || p.Size == 0 {
			continue
		}
		switch byte(p.Type) {
		case 0x05, 0x0f, 0x85:
			more, err := logical(r, int64(p.Start), add)
			if err != nil {
				problems = append(problems, Problem{fmt.Sprintf("MBR extended partition %d", i+1), err.Error()})
			}
			_ = more
		case 0xee: // the protective entry of a GPT that could not be read
			problems = append(problems, Problem{"MBR", "a protective entry for a GPT, but no GPT that can be read"})
		default:
			add(i+1, byte(p.Type), int64(p.Start), int64(p.Size))
		}
	}
	return vols, problems
}

func mbrTable(r io.ReaderAt, size int64) (t *mbr.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
	}()
	return mbr.Read(source{io.NewSectionReader(r, 0, size)}, 512, 512)
}

// logical follows the chain of extended boot records: each holds one logical
// partition, relative to itself, and a link to the next, relative to the extended
// partition.
func logical(r io.ReaderAt, base int64, add func(n int, typ byte, start, count int64)) (int, error) {
	const sector = 512
	seen := make(map[int64]bool)
	b := make([]byte, sector)
	at := base
	for n := 0; n < maxLogical; n++ {
		if seen[at] {
			return n, fmt.Errorf("the chain of logical partitions comes back to sector %d", at)
		}
		seen[at] = true
		if k, err := r.ReadAt(b, at*sector); k < sector {
			return n, fmt.Errorf("extended boot record at sector %d: %w", at, err)
		}
		if b[510] != 0x55 || b[511] != 0xaa {
			return n, fmt.Errorf("no extended boot record at sector %d", at)
		}
		e := b[446:]
		if count := binary.LittleEndian.Uint32(e[12:]); count != 0 && e[4] != 0 {
			add(5+n, e[4], at+int64(binary.LittleEndian.Uint32(e[8:])), int64(count))
		}
		e = e[16:]
		next := binary.LittleEndian.Uint32(e[8:])
		if e[4] == 0 || next == 0 {
			return n, nil
		}
		at = base + int64(next)
	}
	return maxLogical, fmt.Errorf("more than %d logical partitions", maxLogical)
}

func typeName(id string, names map[string]string) string {
	if n := names[id]; n != "" {
		return id + " (" + n + ")"
	}
	return id
}

var gptTypes = map[string]string{
	"21686148-6449-6E6F-744E-656564454649": "BIOS boot", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B": "EFI system",
	"0FC63DAF-8483-4772-8E79-3D69D8477DE4": "Linux filesystem", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709": "Linux root (x86-64)",
	"44479540-F297-41B2-9AF7-D131D5F0458A": "Linux root (x86)", "B921B045-1DF0-41C3-AF44-4C6F280D3FAE": "Linux root (arm64)",
	"0657FD6D-A4AB-43C4-84E5-0933C84B4F4F": "Linux swap", "E6D6D379-F507-44C2-A23C-238F2A3DF928": "Linux LVM",
	"933AC7E1-2EB4-4F13-B844-0E14E2AEF915": "Linux home", "BC13C2FF-59E6-4262-A352-B275FD6F7172": "Linux extended boot",
	"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7": "Microsoft basic data", "A19D880F-05FC-4D3B-A006-743F0F84911E": "Linux RAID",
}

var mbrTypes = map[string]string{"0x07": "NTFS or exFAT", "0x0b": "FAT32", "0x0c": "FAT32", "0x82": "Linux swap", "0x83": "Linux", "0x8e": "Linux LVM", "0xef": "EFI system", "0xfd": "Linux RAID"}

// recognise says what a volume holds, by magic number, and why it is not read
// where it is not.
func recognise(v *Volume) {
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
	case has(512, "LABELONE") || has(0, "LABELONE"):
		set("LVM2", "an LVM2 physical volume"+notRead)
	case has(4096-10, "SWAPSPACE2") || has(4096-10, "SWAP-SPACE"):
		set("swap", "swap space"+notRead)
	case has(1024, "\x10\x20\xf5\xf2"):
		set("f2fs", "an F2FS filesystem"+notRead)
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
		if b := at(0, 4096); len(b) > 0 && bytes.Count(b, []byte{0}) == len(b) {
			v.Reason = "begins with zeros: empty, or not formatted"
		} else {
			v.Reason = "content not recognised (begins with " + hex.EncodeToString(at(0, 8)) + ")"
		}
		if strings.Contains(v.Type, "BIOS boot") {
			set("BIOS boot", "holds boot code, no filesystem")
		}
	}
}

func mdraid(at func(int64, int) []byte) bool {
	for _, off := range []int64{0, 4096} {
		if b := at(off, 4); len(b) == 4 && binary.LittleEndian.Uint32(b) == 0xa92b4efc {
			return true
		}
	}
	return false
}

// extType tells ext2, ext3 and ext4 apart as blkid(8) does.
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
