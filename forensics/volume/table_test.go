package volume

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
)

const tableDisk = 16 << 20

// gptEntry is an entry of a GPT, in sectors; the end belongs to it.
type gptEntry struct {
	start, end uint64
	name       string
}

// gptHeader writes a header with its entries, whose sums are right, to a sector of a disk.
func gptHeader(b []byte, at, other, entriesAt uint64, count, each uint32, list ...gptEntry) {
	le := binary.LittleEndian
	e := make([]byte, uint64(count)*uint64(each))
	for i, x := range list {
		p := e[i*int(each):]
		copy(p, "\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4") // Linux filesystem
		copy(p[16:], "0123456789abcdef")
		le.PutUint64(p[32:], x.start)
		le.PutUint64(p[40:], x.end)
		for k, c := range x.name {
			le.PutUint16(p[56+2*k:], uint16(c))
		}
	}
	copy(b[entriesAt*512:], e)
	h := b[at*512:][:512]
	copy(h, "EFI PART\x00\x00\x01\x00\x5c\x00\x00\x00")
	le.PutUint64(h[24:], at)
	le.PutUint64(h[32:], other)
	le.PutUint64(h[40:], 34)
	le.PutUint64(h[48:], uint64(len(b))/512-34)
	copy(h[56:], "fedcba9876543210")
	le.PutUint64(h[72:], entriesAt)
	le.PutUint32(h[80:], count)
	le.PutUint32(h[84:], each)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(e))
	le.PutUint32(h[16:], 0)
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
}

// gptDisk makes a disk with a protective MBR and a table of the entries, without the copy at
// its end.
func gptDisk(count, each uint32, list ...gptEntry) []byte {
	b := make([]byte, tableDisk)
	mbrEntry(b, 0, 0, 0, 0xee, 1, tableDisk/512-1)
	gptHeader(b, 1, tableDisk/512-1, 2, count, each, list...)
	return b
}

// mbrEntry writes an entry of the boot record in a sector.
func mbrEntry(b []byte, at int64, i int, active, typ byte, start, count uint32) {
	s := b[at*512:][:512]
	s[510], s[511] = 0x55, 0xaa
	e := s[446+16*i:]
	e[0], e[4] = active, typ
	binary.LittleEndian.PutUint32(e[8:], start)
	binary.LittleEndian.PutUint32(e[12:], count)
}

// TestHostileGPT: a table that claims too much is not believed, the copy at the end is; an
// entry that cannot be is reported, and the others stay.
func TestHostileGPT(t *testing.T) {
	one := gptEntry{2048, 4095, "first"}
	const most = 1 << 62 / 512
	for _, c := range []struct {
		name    string
		disk    func() []byte
		want    string // names
		problem string
	}{
		{"sound, without a copy", func() []byte { return gptDisk(128, 128, one) }, "first", "no copy of the table"},
		{"as many entries as are read", func() []byte { return gptDisk(4096, 128, one) }, "first", "no copy of the table"},
		{"more entries", func() []byte {
			b := gptDisk(4097, 128, one)
			gptHeader(b, tableDisk/512-1, 1, tableDisk/512-33, 128, 128, gptEntry{2048, 4095, "copy"})
			return b
		}, "copy", "its copy at the end is used"},
		{"more entries in both", func() []byte {
			b := gptDisk(4097, 128, one)
			gptHeader(b, tableDisk/512-1, 1, tableDisk/512-1100, 4097, 128, one)
			return b
		}, "", "4097 entries"},
		{"entries of 8192 bytes in both", func() []byte {
			b := gptDisk(16, 8192, one)
			gptHeader(b, tableDisk/512-1, 1, tableDisk/512-300, 16, 8192, one)
			return b
		}, "", "entries of 8192 bytes"},
		{"entries of 64 bytes in both", func() []byte {
			b := gptDisk(16, 128, one)
			binary.LittleEndian.PutUint32(b[512+84:], 64)
			gptHeader(b, tableDisk/512-1, 1, tableDisk/512-33, 16, 128, one)
			binary.LittleEndian.PutUint32(b[tableDisk-512+84:], 64)
			return b
		}, "", "entries of 64 bytes"},
		{"entry that ends before it begins", func() []byte { return gptDisk(128, 128, gptEntry{4096, 4095, "bad"}, one) }, "first", "GPT entry 1"},
		{"entry that begins nowhere", func() []byte { return gptDisk(128, 128, gptEntry{most + 1, most + 2, "bad"}, one) }, "first", "GPT entry 1"},
		{"entry that ends nowhere", func() []byte { return gptDisk(128, 128, gptEntry{4096, most + 1, "bad"}, one) }, "first", "GPT entry 1"},
		{"a disk that was larger", func() []byte {
			b := make([]byte, tableDisk)
			gptHeader(b, 1, tableDisk/512*2-1, 2, 128, 128, one)
			return b
		}, "first", fmt.Sprintf("the disk had %d bytes", 2*tableDisk)},
		{"a disk that was smaller", func() []byte {
			b := make([]byte, tableDisk)
			gptHeader(b, 1, tableDisk/512/2-1, 2, 128, 128, one)
			return b
		}, "first", fmt.Sprintf("it had %d bytes", tableDisk/2)},
		{"a copy that is nowhere", func() []byte {
			b := make([]byte, tableDisk)
			gptHeader(b, 1, 1<<60, 2, 128, 128, one)
			return b
		}, "first", "no copy of the table at the end of the disk"},
		{"a copy in the last sector that there can be", func() []byte {
			b := make([]byte, tableDisk)
			gptHeader(b, 1, 1<<64-1, 2, 128, 128, one)
			return b
		}, "first", "no copy of the table at the end of the disk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.disk()
			vols, problems, err := List(bytes.NewReader(b), int64(len(b)))
			var names []string
			for _, v := range vols {
				names = append(names, v.Name)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("volumes %q, want %q", got, c.want)
			}
			said := fmt.Sprint(problems, err)
			if !strings.Contains(said, c.problem) || strings.HasPrefix(c.name, "a copy") && (strings.Contains(said, "had") || strings.Contains(said, "truncated")) {
				t.Errorf("problems %s, want %q", said, c.problem)
			}
		})
	}
}

// ext2At puts the magic number of an ext2 filesystem on a disk.
func ext2At(b []byte, at int64) { b[at+1024+0x38], b[at+1024+0x39] = 0x53, 0xef }

// TestHostileMBR: what a boot record says, and what must not be taken for one.
func TestHostileMBR(t *testing.T) {
	const sectors = tableDisk / 512
	for _, c := range []struct {
		name string
		make func(b []byte)
		want string // volumes with their offsets in sectors
		says string
	}{
		{"filesystem and a table", func(b []byte) {
			ext2At(b, 0)
			mbrEntry(b, 0, 0, 0x80, 0x83, 8192, 8192)
		}, "disk@0 p1@8192", "both are listed"},
		{"filesystem whose boot code has no table: active byte", func(b []byte) {
			ext2At(b, 0)
			mbrEntry(b, 0, 0, 0x12, 0x83, 8192, 8192)
		}, "disk@0", ""},
		{"filesystem whose boot code has no table: beginning", func(b []byte) {
			ext2At(b, 0)
			mbrEntry(b, 0, 0, 0, 0x83, 0, 8192)
		}, "disk@0", ""},
		{"filesystem whose boot code has no table: end", func(b []byte) {
			ext2At(b, 0)
			mbrEntry(b, 0, 0, 0, 0x83, 8192, sectors)
		}, "disk@0", ""},
		{"hybrid image", func(b []byte) {
			copy(b[0x8001:], "CD001")
			mbrEntry(b, 0, 0, 0x80, 0x83, 8192, 8192)
		}, "p1@8192", ""},
		{"partitions that overlap", func(b []byte) {
			mbrEntry(b, 0, 0, 0, 0x83, 2048, 4096)
			mbrEntry(b, 0, 1, 0, 0x83, 4096, 4096)
		}, "p1@2048 p2@4096", "volume p2 overlaps"},
		{"partitions that touch", func(b []byte) {
			mbrEntry(b, 0, 0, 0, 0x83, 2048, 2048)
			mbrEntry(b, 0, 1, 0, 0x83, 4096, 4096)
		}, "p1@2048 p2@4096", ""},
		{"partition to the end", func(b []byte) { mbrEntry(b, 0, 0, 0, 0x83, 2048, sectors-2048) }, "p1@2048", ""},
		{"partition beyond the end", func(b []byte) { mbrEntry(b, 0, 0, 0, 0x83, 2048, sectors-2047) }, "p1@2048", "the image is truncated"},
		{"partition from the end", func(b []byte) {
			mbrEntry(b, 0, 0, 0, 0x83, 2048, 2048)
			mbrEntry(b, 0, 1, 0, 0x83, sectors, 2048)
		}, fmt.Sprintf("p1@2048 p2@%d!", sectors), ""},
		{"two links in one extended record", func(b []byte) {
			mbrEntry(b, 0, 0, 0, 0x05, 2048, 16384)
			mbrEntry(b, 2048, 0, 0, 0x83, 64, 1024)
			mbrEntry(b, 2048, 1, 0, 0x05, 4096, 4096)
			mbrEntry(b, 2048, 2, 0, 0x05, 8192, 4096)
			mbrEntry(b, 2048+4096, 0, 0, 0x83, 64, 1024)
			mbrEntry(b, 2048+8192, 0, 0, 0x83, 64, 1024)
		}, "p5@2112 p6@6208", ""},
		{"hybrid table of a GPT", func(b []byte) {
			mbrEntry(b, 0, 0, 0, 0xee, 1, 2047)
			mbrEntry(b, 0, 1, 0, 0x83, 8192, 8192)
			ext2At(b, 8192*512)
			gptHeader(b, 1, sectors-1, 2, 128, 128, gptEntry{2048, 4095, "a"}, gptEntry{8192, 16383, "b"})
		}, "p1@2048 p2@8192", "no copy"},
		{"GPT without its protective entry", func(b []byte) {
			mbrEntry(b, 0, 1, 0, 0x83, 8192, 8192)
			ext2At(b, 8192*512)
			gptHeader(b, 1, sectors-1, 2, 128, 128, gptEntry{2048, 4095, "a"})
		}, "p2@8192", "taken for an old one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := make([]byte, tableDisk)
			c.make(b)
			vols, problems, err := List(bytes.NewReader(b), int64(len(b)))
			var got []string
			for _, v := range vols {
				s := fmt.Sprintf("%s@%d", v.ID, v.Offset/512)
				if strings.Contains(v.Reason, "behind the end of the disk") {
					s += "!"
				}
				got = append(got, s)
			}
			if err != nil || strings.Join(got, " ") != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
			said := strings.NewReplacer("{", "", "}", "").Replace(fmt.Sprint(problems))
			if !strings.Contains(said, c.says) || c.says == "" && len(problems) > 0 {
				t.Errorf("problems %s, want %q", said, c.says)
			}
		})
	}
}

// TestMagicNumbers: what is recognised by bytes at a place, and what is not.
func TestMagicNumbers(t *testing.T) {
	ext := func(compat, incompat, ro byte) func([]byte) {
		return func(b []byte) {
			ext2At(b, 0)
			b[1024+0x5c], b[1024+0x60], b[1024+0x64] = compat, incompat, ro
		}
	}
	at := func(off int, magic string) func([]byte) { return func(b []byte) { copy(b[off:], magic) } }
	for _, c := range []struct {
		name, want string
		make       func([]byte)
	}{
		{"ext2", "ext2", ext(0, 2, 3)},
		{"ext3 with a journal to replay", "ext3", ext(4, 6, 7)},
		{"ext4 by its extents", "ext4", ext(4, 0x42, 1)},
		{"ext4 by its groups", "ext4", ext(4, 2, 0x10)},
		{"half a magic number of ext4", "", func(b []byte) { b[1024+0x38] = 0x53 }},
		{"swap, pages of 4096", "swap", at(4096-10, "SWAPSPACE2")},
		{"swap, pages of 8192", "swap", at(8192-10, "SWAPSPACE2")},
		{"swap, pages of 16384", "swap", at(16384-10, "SWAPSPACE2")},
		{"swap, pages of 65536", "swap", at(65536-10, "SWAPSPACE2")},
		{"swap of old", "swap", at(4096-10, "SWAP-SPACE")},
		{"RAID, superblock at the beginning", "mdraid", at(0, "\xfc\x4e\x2b\xa9")},
		{"RAID, superblock at 4096", "mdraid", at(4096, "\xfc\x4e\x2b\xa9")},
		{"LVM2, first sector", "LVM2", at(0, "LABELONE")},
		{"LVM2, second sector", "LVM2", at(512, "LABELONE")},
		{"LVM2, third sector", "LVM2", at(1024, "LABELONE")},
		{"LVM2, fourth sector", "LVM2", at(1536, "LABELONE")},
		{"f2fs", "f2fs", at(1024, "\x10\x20\xf5\xf2")},
		{"erofs", "erofs", at(1024, "\xe2\xe1\xf5\xe0")},
		{"jfs", "jfs", at(0x8000, "JFS1")},
		{"zfs, big-endian", "zfs", at(0x20000, "\x00\x00\x00\x00\x00\xba\xb1\x0c")},
		{"bitlocker", "bitlocker", at(3, "-FVE-FS-")},
		{"exfat", "exfat", at(3, "EXFAT   ")},
		{"FAT16", "vfat", at(54, "FAT16")},
		{"FAT12", "vfat", at(54, "FAT12")},
		{"bcache", "bcache", at(4096+24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81")},
		{"iso9660", "iso9660", at(0x8001, "CD001")},
		{"zeros", "", func([]byte) {}},
		{"text", "", at(0, "some text")},
	} {
		b := make([]byte, 1<<20)
		c.make(b)
		v := Volume{Size: 1 << 20, Bytes: section(bytes.NewReader(b), 1<<20)}
		recognise(&v, nil)
		read := strings.HasPrefix(c.want, "ext")
		if v.Content != c.want || (v.Reason == "") != read {
			t.Errorf("%s: %q, %q", c.name, v.Content, v.Reason)
		}
		if strings.Contains(v.Reason, "begins with zeros") != (c.name == "zeros") {
			t.Errorf("%s: %q", c.name, v.Reason)
		}
	}
}
