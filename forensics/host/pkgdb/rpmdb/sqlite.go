package rpmdb

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
)

const (
	sqliteMagic = "SQLite format 3\x00"
	// maxDepth bounds a tree of pages: SQLite's own bound.
	maxDepth = 20
	// maxSchema bounds a row of the table of tables, in bytes.
	maxSchema = 1 << 20
)

// sqlite is an SQLite database: pages, of which those of the write-ahead log are newer.
type sqlite struct {
	db, wal  File
	frames   map[uint32]int64 // where a page stands in the log
	pageSize int
	usable   int // of a page
	pages    uint32
	ctx      context.Context
}

func readSQLite(ctx context.Context, db, wal File, fn func(Blob) error) error {
	head := make([]byte, 100)
	if err := readFull(db, 0, head); err != nil {
		return fmt.Errorf("sqlite header: %w", err)
	}
	s := &sqlite{db: db, wal: wal, ctx: ctx, pageSize: int(binary.BigEndian.Uint16(head[16:]))}
	if s.pageSize == 1 {
		s.pageSize = 65536
	}
	s.usable = s.pageSize - int(head[20])
	if s.pageSize < 512 || s.pageSize&(s.pageSize-1) != 0 || s.usable < 480 {
		return fmt.Errorf("sqlite header: pages of %d bytes, %d of them usable", s.pageSize, s.usable)
	}
	s.pages = uint32(min(db.Size()/int64(s.pageSize), 1<<31))
	var walErr error
	if wal != nil && wal.Size() > 0 {
		walErr = s.readLog()
	}
	root := uint32(0)
	err := s.table(1, maxSchema, func(_ int64, row []byte, _ int64, err error) error {
		if err != nil {
			return err
		}
		cols, err := columns(row, 4)
		if err != nil {
			return fmt.Errorf("sqlite table of tables: %w", err)
		}
		if string(cols[0].bytes) == "table" && string(cols[1].bytes) == "Packages" {
			if cols[3].number < 2 || cols[3].number > int64(s.pages) {
				return fmt.Errorf("sqlite table Packages: its root is page %d of %d", cols[3].number, s.pages)
			}
			root = uint32(cols[3].number)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if root == 0 {
		return fmt.Errorf("%w: an SQLite database without the table Packages", ErrFormat)
	}
	err = s.table(root, MaxHeader+maxSchema, func(id int64, row []byte, off int64, err error) error {
		b := Blob{Number: uint32(id), Offset: off, Err: err}
		if err == nil {
			var cols []column
			if cols, b.Err = columns(row, 2); b.Err == nil {
				b.Data = cols[1].bytes
				if off >= 0 {
					b.Offset += int64(cols[1].at)
				}
			}
		}
		return fn(b)
	})
	if err == nil {
		err = walErr
	}
	return err
}

// page reads a page, and says where it stands in the database: -1 in the log.
func (s *sqlite) page(n uint32, b []byte) (int64, error) {
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

// A rowFunc gets a row of a table: its number, its payload, and where that begins in the
// database. Of a row that cannot be read it gets the reason.
type rowFunc func(id int64, row []byte, off int64, err error) error

// table calls fn for each row of the table with a root. Rows of more than limit bytes are
// not read.
func (s *sqlite) table(root uint32, limit int64, fn rowFunc) error {
	return s.walk(root, 0, limit, newPageSet(int64(s.pages)), fn)
}

func (s *sqlite) walk(n uint32, depth int, limit int64, seen pageSet, fn rowFunc) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if depth > maxDepth {
		return fmt.Errorf("sqlite page %d: deeper than %d pages", n, maxDepth)
	}
	b := make([]byte, s.pageSize)
	base, err := s.page(n, b)
	if err != nil {
		return fn(0, nil, -1, err)
	}
	if !seen.add(n) {
		return fn(0, nil, -1, fmt.Errorf("sqlite page %d: a second time in one tree", n))
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
		return fn(0, nil, -1, fmt.Errorf("sqlite page %d: type %d, where a page of a table should be", n, kind))
	}
	if first+2*cells > s.usable {
		return fn(0, nil, -1, fmt.Errorf("sqlite page %d: %d cells do not fit", n, cells))
	}
	for i := range cells {
		cell := int(binary.BigEndian.Uint16(b[first+2*i:]))
		if cell < first || cell+4 > s.usable {
			err = fn(0, nil, -1, fmt.Errorf("sqlite page %d: cell %d outside of the page", n, i))
		} else if kind == 5 {
			err = s.walk(binary.BigEndian.Uint32(b[cell:]), depth+1, limit, seen, fn)
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
			err = fn(id, row, off, rerr)
		}
		if err != nil {
			return err
		}
	}
	if kind == 5 {
		return s.walk(binary.BigEndian.Uint32(head[8:]), depth+1, limit, seen, fn)
	}
	return nil
}

// row gives the payload of a cell of a leaf, and where in the page it begins.
func (s *sqlite) row(b []byte, cell int, limit int64, seen pageSet) (id int64, row []byte, off int64, err error) {
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

// column is a value of a row: a number, or bytes and where in the row they stand.
type column struct {
	number int64
	bytes  []byte
	at     int
}

// columns decodes the first want columns of a row.
func columns(row []byte, want int) ([]column, error) {
	size, n := varint(row)
	if n == 0 || size > uint64(len(row)) || int(size) < n {
		return nil, fmt.Errorf("a row's header of %d bytes in a row of %d", size, len(row))
	}
	head, at := row[n:size], int(size)
	out := make([]column, 0, want)
	for len(out) < want {
		kind, n := varint(head)
		if n == 0 {
			return nil, fmt.Errorf("a row of %d columns, fewer than %d", len(out), want)
		}
		head = head[n:]
		c := column{at: at}
		length := uint64(0)
		switch {
		case kind >= 12:
			length = (kind - 12) / 2
		case kind == 7:
			length = 8
		case kind == 6:
			length = 8
		case kind == 5:
			length = 6
		case kind >= 1 && kind <= 4:
			length = kind
		case kind == 9:
			c.number = 1
		}
		if length > uint64(len(row)-at) {
			return nil, fmt.Errorf("column %d has %d bytes, the row %d", len(out), length, len(row))
		}
		value := row[at : at+int(length)]
		at += int(length)
		if kind >= 12 {
			c.bytes = value
		} else if kind < 7 {
			for i, x := range value {
				if i == 0 {
					c.number = int64(int8(x))
				} else {
					c.number = c.number<<8 | int64(x)
				}
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// varint decodes a number of up to nine bytes, and gives how many it has; 0 where it does
// not end.
func varint(b []byte) (v uint64, n int) {
	for n < len(b) {
		c := b[n]
		n++
		if n == 9 {
			return v<<8 | uint64(c), n
		}
		v = v<<7 | uint64(c&0x7f)
		if c < 0x80 {
			return v, n
		}
	}
	return 0, 0
}
