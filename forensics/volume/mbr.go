package volume

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/diskfs/go-diskfs/partition/mbr"
)

const sector = 512 // bytes of a boot record

// units are the sizes of the sectors that an MBR counts in. It does not say which:
// the disk did, and an image has lost it.
var units = []int64{512, 4096}

// readMBR reads a master boot record and the chain of logical partitions. Sectors of
// 4096 bytes are believed in only if something is found at the places that they give,
// and nothing at the others.
func readMBR(r io.ReaderAt, size int64, more []Recogniser) (vols []Volume, problems []Problem) {
	for i, unit := range units {
		v, p := readMBRIn(r, size, unit)
		if holdsAny(r, size, v, more) {
			return v, p
		}
		if i == 0 {
			vols, problems = v, p
		}
	}
	return vols, problems
}

// readMBRIn is readMBR for sectors of unit bytes.
func readMBRIn(r io.ReaderAt, size, unit int64) (vols []Volume, problems []Problem) {
	t, err := mbrTable(r, size)
	if err != nil {
		return nil, []Problem{{"MBR", err.Error(), true}}
	}
	sig := make([]byte, 4)
	_, _ = r.ReadAt(sig, 440)
	id := fmt.Sprintf("%08x", binary.LittleEndian.Uint32(sig))
	add := func(n int, typ byte, start, count int64) {
		vols = append(vols, Volume{
			ID: fmt.Sprintf("p%d", n), Scheme: "mbr", Number: n, Offset: start * unit, Size: count * unit,
			Type: typeName(fmt.Sprintf("0x%02x", typ), mbrTypes), UUID: fmt.Sprintf("%s-%02x", id, n),
		})
	}
	chain := &ebrChain{r: r, unit: unit, add: add, next: 5, seen: make(map[int64]bool)}
	for i, p := range t.Partitions {
		if p == nil || p.Type == mbr.Empty || p.Size == 0 {
			continue
		}
		switch typ := byte(p.Type); {
		case extended(typ):
			if err := chain.walk(int64(p.Start), int64(p.Size)); err != nil {
				problems = append(problems, Problem{fmt.Sprintf("MBR extended partition %d", i+1), err.Error(), true})
			}
		case typ == 0xee: // the protective entry of a GPT that could not be read
			problems = append(problems, Problem{"MBR", "a protective entry for a GPT, but no GPT that can be read", true})
		default:
			add(i+1, typ, int64(p.Start), int64(p.Size))
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
	return mbr.Read(source{io.NewSectionReader(r, 0, size)}, sector, sector)
}

// plausibleMBR says whether a first sector can be a master boot record rather than
// the boot code of a filesystem: each entry is in use or not, and what is in use
// lies on the disk.
func plausibleMBR(head []byte, size int64) bool {
	if len(head) < sector || head[510] != 0x55 || head[511] != 0xaa {
		return false
	}
	used := 0
	for e := head[446:510]; len(e) > 0; e = e[16:] {
		if e[0]&0x7f != 0 {
			return false
		}
		start, count := int64(binary.LittleEndian.Uint32(e[8:])), int64(binary.LittleEndian.Uint32(e[12:]))
		if e[4] == 0 || count == 0 {
			continue
		}
		if start == 0 || (start+count)*sector > size {
			return false
		}
		used++
	}
	return used > 0
}

// legacyMBR says whether a first sector is a master boot record with partitions and
// without the entry that protects a GPT.
func legacyMBR(head []byte) bool {
	if len(head) < sector || head[510] != 0x55 || head[511] != 0xaa {
		return false
	}
	used := 0
	for e := head[446:510]; len(e) > 0; e = e[16:] {
		if e[0]&0x7f != 0 || e[4] == 0xee {
			return false
		}
		if e[4] != 0 && binary.LittleEndian.Uint32(e[12:]) != 0 {
			used++
		}
	}
	return used > 0
}

func extended(typ byte) bool { return typ == 0x05 || typ == 0x0f || typ == 0x85 }

// ebrChain follows chains of extended boot records as Linux does
// (parse_extended of block/partitions/msdos.c): each record has up to four entries;
// those that are no links are partitions, relative to the record; the first link
// leads to the next record, relative to the extended partition.
type ebrChain struct {
	r    io.ReaderAt
	unit int64 // bytes of a sector
	add  func(n int, typ byte, start, count int64)
	next int // number of the next partition
	seen map[int64]bool
}

func (c *ebrChain) walk(first, firstSize int64) error {
	b := make([]byte, sector)
	at, atSize := first, firstSize
	for {
		if c.seen[at] {
			return fmt.Errorf("the chain of logical partitions comes back to sector %d", at)
		}
		c.seen[at] = true
		if len(c.seen) > maxLogical {
			return fmt.Errorf("more than %d boot records in the chain of logical partitions", maxLogical)
		}
		if k, err := c.r.ReadAt(b, at*c.unit); k < sector {
			return fmt.Errorf("extended boot record at sector %d: %w", at, err)
		}
		if b[510] != 0x55 || b[511] != 0xaa {
			return fmt.Errorf("no extended boot record at sector %d", at)
		}
		link := int64(-1)
		var linkSize int64
		for i := range 4 {
			e := b[446+16*i:][:16]
			start, count := int64(binary.LittleEndian.Uint32(e[8:])), int64(binary.LittleEndian.Uint32(e[12:]))
			switch {
			case count == 0:
			case extended(e[4]):
				if link < 0 {
					link, linkSize = start, count
				}
			case e[4] == 0:
			case i >= 2 && (start+count > atSize || at+start < first || at+start+count > first+firstSize):
				// The last two entries are seldom used and often garbage.
			default:
				c.add(c.next, e[4], at+start, count)
				c.next++
			}
		}
		if link < 0 {
			return nil
		}
		at, atSize = first+link, linkSize
	}
}
