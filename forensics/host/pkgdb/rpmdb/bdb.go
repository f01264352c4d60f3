package rpmdb

import (
	"context"
	"encoding/binary"
	"fmt"
)

const (
	bdbMagic        = "\x61\x15\x06\x00" // of a hash database, little-endian
	bdbMagicSwapped = "\x00\x06\x15\x61"

	bdbHead = 26 // bytes of the head of a page

	pageHashUnsorted = 2
	pageOverflow     = 7
	pageHashMeta     = 8
	pageHash         = 13

	itemData    = 1
	itemOffPage = 3
)

// berkeley is a hash database of Berkeley DB. Its pages are read one by one: what the
// hash would lead to is all there is.
type berkeley struct {
	db       File
	order    binary.ByteOrder
	pageSize int
	pages    uint32
	seen     pageSet // of pages of headers
	ctx      context.Context
}

func readBerkeley(ctx context.Context, db File, fn func(Blob) error) error {
	head := make([]byte, 512)
	if err := readFull(db, 0, head); err != nil {
		return fmt.Errorf("bdb header: %w", err)
	}
	b := &berkeley{db: db, order: binary.LittleEndian, ctx: ctx}
	if string(head[12:16]) == bdbMagicSwapped {
		b.order = binary.BigEndian
	}
	b.pageSize = int(b.order.Uint32(head[20:]))
	last := int64(b.order.Uint32(head[32:]))
	switch {
	case b.pageSize < 512 || b.pageSize > 65536 || b.pageSize&(b.pageSize-1) != 0:
		return fmt.Errorf("bdb header: pages of %d bytes", b.pageSize)
	case head[25] != pageHashMeta:
		return fmt.Errorf("bdb header: a page of type %d", head[25])
	case head[24] != 0:
		return fmt.Errorf("bdb header: encrypted")
	}
	most := db.Size() / int64(b.pageSize)
	b.pages = uint32(min(last+1, most, 1<<31))
	b.seen = newPageSet(int64(b.pages))
	page := make([]byte, b.pageSize)
	for n := uint32(1); n < b.pages; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.page(n, page); err != nil {
			return err
		}
		if kind := page[25]; kind != pageHash && kind != pageHashUnsorted {
			continue
		}
		if err := b.items(n, page, fn); err != nil {
			return err
		}
	}
	if last+1 > most {
		return fmt.Errorf("bdb: %d pages, of which the file holds %d", last+1, most)
	}
	return nil
}

func (b *berkeley) page(n uint32, page []byte) error {
	if n >= b.pages {
		return fmt.Errorf("bdb page %d: there are %d", n, b.pages)
	}
	if err := readFull(b.db, int64(n)*int64(b.pageSize), page); err != nil {
		return fmt.Errorf("bdb page %d: %w", n, err)
	}
	return nil
}

// items gives the headers on a page of the hash: pairs of items, the number of a package
// and its header. The items stand from the end of the page backwards.
func (b *berkeley) items(n uint32, page []byte, fn func(Blob) error) error {
	count := int(b.order.Uint16(page[20:]))
	if bdbHead+2*count > len(page) {
		return fn(Blob{Offset: -1, Err: fmt.Errorf("bdb page %d: %d items do not fit", n, count)})
	}
	item := func(i int) ([]byte, int) {
		end := len(page)
		if i > 0 {
			end = int(b.order.Uint16(page[bdbHead+2*(i-1):]))
		}
		at := int(b.order.Uint16(page[bdbHead+2*i:]))
		if at < bdbHead+2*count || at >= end || end > len(page) {
			return nil, 0
		}
		return page[at:end], at
	}
	for i := 0; i+1 < count; i += 2 {
		key, _ := item(i)
		value, at := item(i + 1)
		if key == nil || value == nil {
			err := fn(Blob{Offset: -1, Err: fmt.Errorf("bdb page %d: item %d outside of the page", n, i)})
			if err != nil {
				return err
			}
			continue
		}
		out := Blob{Offset: int64(n)*int64(b.pageSize) + int64(at) + 1}
		if len(key) == 5 && key[0] == itemData {
			// rpm writes the number in the byte order of the machine.
			out.Number = b.order.Uint32(key[1:])
			if out.Number == 0 {
				continue // the highest number given so far
			}
		}
		switch {
		case value[0] == itemOffPage && len(value) >= 12:
			first := b.order.Uint32(value[4:])
			out.Offset = int64(first)*int64(b.pageSize) + bdbHead
			out.Data, out.Err = b.chain(first, int64(b.order.Uint32(value[8:])))
		case value[0] == itemData:
			out.Data = value[1:]
		default:
			out.Err = fmt.Errorf("an item of type %d", value[0])
		}
		if out.Err != nil {
			out.Offset, out.Err = -1, fmt.Errorf("bdb page %d, item %d: %w", n, i, out.Err)
		}
		if err := fn(out); err != nil {
			return err
		}
	}
	return nil
}

// chain reads what stands on overflow pages, each of which names the next.
func (b *berkeley) chain(n uint32, size int64) ([]byte, error) {
	if size > MaxHeader {
		return nil, fmt.Errorf("a header of %d bytes, more than %d", size, MaxHeader)
	}
	var out []byte
	page := make([]byte, b.pageSize)
	for int64(len(out)) < size {
		if err := b.page(n, page); err != nil {
			return nil, fmt.Errorf("%d of %d bytes: %w", len(out), size, err)
		}
		if page[25] != pageOverflow || n == 0 {
			return nil, fmt.Errorf("%d of %d bytes: page %d is of type %d", len(out), size, n, page[25])
		}
		if !b.seen.add(n) {
			return nil, fmt.Errorf("%d of %d bytes: page %d belongs to another header, too", len(out), size, n)
		}
		// Of the last page, and of it alone, a part is used; the field says how much.
		used := min(int64(b.order.Uint16(page[22:])), int64(len(page)-bdbHead), size-int64(len(out)))
		if used == 0 {
			return nil, fmt.Errorf("%d of %d bytes: page %d is empty", len(out), size, n)
		}
		out = append(out, page[bdbHead:bdbHead+used]...)
		n = b.order.Uint32(page[16:])
	}
	return out, nil
}
