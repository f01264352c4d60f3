package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// page reads a page, and says where it stands in the database: -1 in the log.
func (s *DB) page(n uint32, b []byte) (int64, error) {
	if n == 0 || n > s.pages {
		return 0, fmt.Errorf("sqlite page %d: there are %d", n, s.pages)
	}
	if off, ok := s.frames[n]; ok {
		if err := readFull(s.wal, off, b); err != nil {
			return 0, fmt.Errorf("sqlite page %d in the write-ahead log: %w", n, err)
		}
		return -1, nil
	}
	off := int64(n-1) * int64(s.pageSize)
	if err := readFull(s.db, off, b); err != nil {
		return 0, fmt.Errorf("sqlite page %d: %w", n, err)
	}
	return off, nil
}

// walk reads the tree of a table from one of its pages down.
func (s *DB) walk(ctx context.Context, n uint32, depth int, limit int64, seen pageSet, fn func(Row) error) error {
	bad := func(err error) error { return fn(Row{Offset: -1, Err: err}) }
	if err := ctx.Err(); err != nil {
		return err
	}
	if depth > maxDepth {
		return fmt.Errorf("sqlite page %d: deeper than %d pages", n, maxDepth)
	}
	b := make([]byte, s.pageSize)
	base, err := s.page(n, b)
	if err != nil {
		return bad(err)
	}
	if !seen.add(n) {
		return bad(fmt.Errorf("sqlite page %d: a second time in one tree", n))
	}
	head := b
	at := 0
	if n == 1 {
		head, at = b[100:], 100
	}
	kind, cells := head[0], int(binary.BigEndian.Uint16(head[3:]))
	first := at + 8
	switch kind {
	case 5:
		first = at + 12
	case 13:
	default:
		return bad(fmt.Errorf("sqlite page %d: type %d, where a page of a table should be", n, kind))
	}
	if first+2*cells > s.usable {
		return bad(fmt.Errorf("sqlite page %d: %d cells do not fit", n, cells))
	}
	for i := range cells {
		cell := int(binary.BigEndian.Uint16(b[first+2*i:]))
		if cell < first || cell+4 > s.usable {
			err = bad(fmt.Errorf("sqlite page %d: cell %d outside of the page", n, i))
		} else if kind == 5 {
			err = s.walk(ctx, binary.BigEndian.Uint32(b[cell:]), depth+1, limit, seen, fn)
		} else {
			id, row, off, rerr := s.row(b, cell, limit, seen)
			if rerr != nil {
				rerr = fmt.Errorf("sqlite page %d, cell %d: %w", n, i, rerr)
			}
			if base >= 0 && rerr == nil {
				off += base
			} else {
				off = -1
			}
			err = fn(Row{id, off, row, rerr})
		}
		if err != nil {
			return err
		}
	}
	if kind == 5 {
		return s.walk(ctx, binary.BigEndian.Uint32(head[8:]), depth+1, limit, seen, fn)
	}
	return nil
}

// row gives the payload of a cell of a leaf, and where in the page it begins.
func (s *DB) row(b []byte, cell int, limit int64, seen pageSet) (id int64, row []byte, off int64, err error) {
	b = b[:s.usable]
	length, n := varint(b[cell:])
	number, m := varint(b[cell+n:])
	if n == 0 || m == 0 {
		return 0, nil, 0, io.ErrUnexpectedEOF
	}
	id, start := int64(number), cell+n+m
	if length > uint64(limit) {
		return id, nil, 0, fmt.Errorf("a row of %d bytes, more than %d", length, limit)
	}
	size, u := int(length), s.usable
	local := size
	if size > u-35 {
		m := (u-12)*32/255 - 23
		local = m + (size-m)%(u-4)
		if local > u-35 {
			local = m
		}
	}
	if start+local > len(b) || local < size && start+local+4 > len(b) {
		return id, nil, 0, fmt.Errorf("a row of %d bytes leaves the page", size)
	}
	if local == size {
		return id, b[start : start+size], int64(start), nil
	}
	// Grown by what was read: the length is a claim.
	row = append(row, b[start:start+local]...)
	next := binary.BigEndian.Uint32(b[start+local:])
	page := make([]byte, s.pageSize)
	for len(row) < size {
		if _, err := s.page(next, page); err != nil {
			return id, nil, 0, fmt.Errorf("%d of %d bytes: %w", len(row), size, err)
		}
		if !seen.add(next) {
			return id, nil, 0, fmt.Errorf("%d of %d bytes: page %d belongs to another row, too", len(row), size, next)
		}
		row = append(row, page[4:min(u, 4+size-len(row))]...)
		next = binary.BigEndian.Uint32(page)
	}
	return id, row, int64(start), nil
}

// readFull reads n bytes at an offset, all of which must be there.
func readFull(r io.ReaderAt, off int64, b []byte) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// pageSet notes pages that were visited.
type pageSet []uint64

// add says whether the page is one of the set's range that was not added before.
func (s pageSet) add(page uint32) bool {
	i, bit := int64(page/64), uint64(1)<<(page%64)
	if i >= int64(len(s)) || s[i]&bit != 0 {
		return false
	}
	s[i] |= bit
	return true
}
