// Package sqlite reads the tables of an SQLite database where it stands in an image, with
// its write-ahead log (https://www.sqlite.org/fileformat2.html): bytes in, rows out.
//
// It opens nothing: no file, no library that wants a path. Every number is the intruder's:
// a tree without end, a page that belongs to two rows and a row of two gigabytes give an
// error that names the place, and what stands beside it is read. Tables without row numbers
// and indexes are not read. Memory is one page for each level of a tree, and the row.
package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Magic is what a database begins with.
const Magic = "SQLite format 3\x00"

const (
	// maxDepth bounds a tree of pages: SQLite's own bound.
	maxDepth = 20
	// maxSchema bounds a row of the table of tables, in bytes.
	maxSchema = 1 << 20
	// maxTables bounds the table of tables.
	maxTables = 10_000
)

// File is a file of an image.
type File interface {
	io.ReaderAt
	Size() int64
}

// DB is a database: pages, of which those of the write-ahead log are newer.
type DB struct {
	// LogErr says why the write-ahead log, or its end, could not be read; nil if it was.
	LogErr error

	db, wal  File
	frames   map[uint32]int64 // where a page stands in the log
	pageSize int
	usable   int // of a page
	pages    uint32
	tables   map[string]schema
}

// schema is a table's: its root, and the statement that made it.
type schema struct {
	root uint32
	sql  string
}

// Open reads the header of a database, its write-ahead log (nil: there is none), and the
// table of its tables.
func Open(ctx context.Context, db, wal File) (*DB, error) {
	head := make([]byte, 100)
	if err := readFull(db, 0, head); err != nil {
		return nil, fmt.Errorf("sqlite header: %w", err)
	}
	if string(head[:len(Magic)]) != Magic {
		return nil, errors.New("not an SQLite database")
	}
	s := &DB{db: db, wal: wal, pageSize: int(binary.BigEndian.Uint16(head[16:])), tables: make(map[string]schema)}
	if s.pageSize == 1 {
		s.pageSize = 65536
	}
	s.usable = s.pageSize - int(head[20])
	if s.pageSize < 512 || s.pageSize&(s.pageSize-1) != 0 || s.usable < 480 {
		return nil, fmt.Errorf("sqlite header: pages of %d bytes, %d of them usable", s.pageSize, s.usable)
	}
	s.pages = uint32(min(db.Size()/int64(s.pageSize), 1<<31))
	if wal != nil && wal.Size() > 0 {
		s.LogErr = s.readLog(ctx)
	}
	err := s.rows(ctx, 1, maxSchema, func(r Row) error {
		if r.Err != nil {
			return r.Err
		}
		v, err := r.Values(5)
		if err != nil {
			return fmt.Errorf("sqlite table of tables: %w", err)
		}
		if string(v[0].Bytes) != "table" {
			return nil
		}
		name := string(v[1].Bytes)
		if v[3].Number < 2 || v[3].Number > int64(s.pages) {
			return fmt.Errorf("sqlite table %.64q: its root is page %d of %d", name, v[3].Number, s.pages)
		}
		if len(s.tables) == maxTables {
			return fmt.Errorf("sqlite table of tables: more than %d", maxTables)
		}
		s.tables[name] = schema{uint32(v[3].Number), string(v[4].Bytes)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Has says whether there is a table of a name.
func (s *DB) Has(table string) bool { _, ok := s.tables[table]; return ok }

// Columns gives the names of a table's columns, in small letters and in their order: as the
// statement that made the table has them, nil if that cannot be understood.
func (s *DB) Columns(table string) []string {
	sql := s.tables[table].sql
	from, to := strings.IndexByte(sql, '('), strings.LastIndexByte(sql, ')')
	if from < 0 || to < from {
		return nil
	}
	var out []string
	depth, start := 0, from+1
	for i := from + 1; i <= to; i++ {
		switch c := sql[i]; {
		case c == '(':
			depth++
		case c == ')' && i < to:
			depth--
		case i == to, c == ',' && depth == 0:
			words := strings.Fields(sql[start:i])
			start = i + 1
			if len(words) == 0 {
				return nil
			}
			switch name := strings.ToLower(strings.Trim(words[0], "\"`[]'")); name {
			case "primary", "unique", "check", "foreign", "constraint":
			default:
				out = append(out, name)
			}
		}
	}
	return out
}

// Row is a row of a table.
type Row struct {
	ID int64 // its number, which is also the value of a column INTEGER PRIMARY KEY
	// Offset is where its content begins in the database; -1 where that is in the
	// write-ahead log, or is not known. Long content goes on on other pages.
	Offset int64
	// Data is the content as stored; see [Row.Values].
	Data []byte
	// Err says why the row, or a part of the table, could not be read.
	Err error
}

// Table calls fn for each row of a table, in the order of their numbers. Rows of more than
// limit bytes are not read. An error of fn ends the reading and is returned.
func (s *DB) Table(ctx context.Context, name string, limit int64, fn func(Row) error) error {
	t, ok := s.tables[name]
	if !ok {
		return fmt.Errorf("sqlite: no table %.64q", name)
	}
	return s.rows(ctx, t.root, limit, fn)
}

func (s *DB) rows(ctx context.Context, root uint32, limit int64, fn func(Row) error) error {
	return s.walk(ctx, root, 0, limit, make(pageSet, s.pages/64+1), fn)
}
