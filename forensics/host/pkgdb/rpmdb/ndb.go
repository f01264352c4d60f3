package rpmdb

import (
	"context"
	"encoding/binary"
	"fmt"
	"sort"
)

const (
	ndbMagic   = "RpmP"
	ndbSlot    = "Slot"
	ndbBlob    = "BlbS"
	ndbPage    = 4096 // bytes of a page of slots
	ndbEntry   = 16   // bytes of a slot, of a block and of the head of a blob
	ndbTail    = 12
	maxSlotsMB = 64 << 20
)

type slot struct{ number, block, blocks uint32 }

// readNDB reads a database of the form ndb: pages of slots, each of which gives the number
// of a package and the block at which its header stands.
func readNDB(ctx context.Context, db File, fn func(Blob) error) error {
	le := binary.LittleEndian
	head := make([]byte, 32)
	if err := readFull(db, 0, head); err != nil {
		return fmt.Errorf("ndb header: %w", err)
	}
	if version := le.Uint32(head[4:]); version != 0 {
		return fmt.Errorf("ndb header: version %d", version)
	}
	pages := int64(le.Uint32(head[12:]))
	if pages == 0 || pages*ndbPage > min(db.Size(), maxSlotsMB) {
		return fmt.Errorf("ndb header: %d pages of slots in %d bytes", pages, db.Size())
	}
	var slots []slot
	page := make([]byte, ndbPage)
	for p := range pages {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := readFull(db, p*ndbPage, page); err != nil {
			return fmt.Errorf("ndb slots at %d: %w", p*ndbPage, err)
		}
		from := 0
		if p == 0 {
			from = len(head)
		}
		for i := from; i < ndbPage; i += ndbEntry {
			e := page[i:]
			if string(e[:4]) != ndbSlot {
				if err := fn(Blob{Offset: -1, Err: fmt.Errorf("ndb slot at %d: wrong magic", p*ndbPage+int64(i))}); err != nil {
					return err
				}
				break
			}
			if s := (slot{le.Uint32(e[4:]), le.Uint32(e[8:]), le.Uint32(e[12:])}); s.number != 0 {
				slots = append(slots, s)
			}
		}
	}
	sort.SliceStable(slots, func(i, k int) bool { return slots[i].number < slots[k].number })
	for _, s := range slots {
		b := Blob{Number: s.number, Offset: int64(s.block)*ndbEntry + ndbEntry}
		if b.Data, b.Err = ndbData(db, s); b.Err != nil {
			b.Offset, b.Err = -1, fmt.Errorf("ndb package %d: %w", s.number, b.Err)
		}
		if err := fn(b); err != nil {
			return err
		}
	}
	return nil
}

func ndbData(db File, s slot) ([]byte, error) {
	head := make([]byte, ndbEntry)
	off := int64(s.block) * ndbEntry
	if err := readFull(db, off, head); err != nil {
		return nil, fmt.Errorf("at %d: %w", off, err)
	}
	le := binary.LittleEndian
	size := int64(le.Uint32(head[12:]))
	switch {
	case string(head[:4]) != ndbBlob:
		return nil, fmt.Errorf("at %d: wrong magic", off)
	case le.Uint32(head[4:]) != s.number:
		return nil, fmt.Errorf("at %d: the header is of package %d", off, le.Uint32(head[4:]))
	case size > MaxHeader:
		return nil, fmt.Errorf("at %d: a header of %d bytes, more than %d", off, size, MaxHeader)
	case size+ndbEntry+ndbTail > int64(s.blocks)*ndbEntry || off+ndbEntry+size > db.Size():
		return nil, fmt.Errorf("at %d: a header of %d bytes leaves its blocks", off, size)
	}
	b := make([]byte, size)
	if err := readFull(db, off+ndbEntry, b); err != nil {
		return nil, fmt.Errorf("at %d: %w", off, err)
	}
	return b, nil
}
