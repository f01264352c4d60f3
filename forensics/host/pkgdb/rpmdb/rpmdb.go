// Package rpmdb reads the package database of RPM where it stands in an image: bytes in,
// headers of packages out. It knows the three forms in which rpm keeps them:
//
//	sqlite  rpmdb.sqlite, with its write-ahead log rpmdb.sqlite-wal
//	        (https://www.sqlite.org/fileformat2.html)
//	ndb     Packages.db (lib/backend/ndb/rpmpkg.c of rpm)
//	bdb     Packages: a hash database of Berkeley DB (src/dbinc/db_page.h of libdb),
//	        of either byte order
//
// and the header of a package (lib/header.c of rpm; "RPM V4 Package format").
//
// It opens nothing: no file, no library that wants a path. Every number is the
// intruder's: a chain of pages that comes back to itself, a header of two gigabytes and
// a tree without end give an error that names the place, and what stands beside it is
// read. All headers together are at most as long as the database, and memory is that of
// the largest of them.
package rpmdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Format is the form of a database.
type Format string

// The formats.
const (
	SQLite   Format = "sqlite"
	NDB      Format = "ndb"
	Berkeley Format = "bdb"
)

// MaxHeader is the longest header that is read, in bytes. That of the largest package
// known (a kernel's sources, 100,000 files) has 20 MiB.
const MaxHeader = 64 << 20

// Blob is the header of one installed package as the database holds it.
type Blob struct {
	Number uint32 // the package's number in the database
	// Offset is where its first byte stands in the database; -1 where that is in the
	// write-ahead log, or not known.
	Offset int64
	Data   []byte // valid until the function called with it returns
	// Err says why a header could not be read; Data is then empty.
	Err error
}

// File is a file of an image.
type File interface {
	io.ReaderAt
	Size() int64
}

// ErrFormat says that a file is no database of a known form.
var ErrFormat = errors.New("not an RPM database")

// Detect tells the form of a database by its first 512 bytes.
func Detect(head []byte) (Format, error) {
	switch {
	case bytes.HasPrefix(head, []byte(sqliteMagic)):
		return SQLite, nil
	case bytes.HasPrefix(head, []byte(ndbMagic)):
		return NDB, nil
	case len(head) >= 16 && (string(head[12:16]) == bdbMagic || string(head[12:16]) == bdbMagicSwapped):
		return Berkeley, nil
	}
	return "", ErrFormat
}

// Read calls fn for the header of each package, in the order of the database. wal is the
// write-ahead log of an SQLite database, or nil. An error of fn ends the reading and is
// returned. The error is nil where all was read but for what Blob.Err said of single headers.
func Read(ctx context.Context, db, wal File, fn func(Blob) error) (Format, error) {
	head := make([]byte, min(db.Size(), 512))
	if _, err := db.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("its first bytes: %w", err)
	}
	format, err := Detect(head)
	if err != nil {
		return "", err
	}
	left := db.Size()
	if wal != nil {
		left += wal.Size()
	}
	give := func(b Blob) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		// Each byte of a sound database belongs to one header.
		if left -= int64(len(b.Data)); left < 0 {
			return errors.New("its headers together are longer than the database: they share pages")
		}
		return fn(b)
	}
	switch format {
	case SQLite:
		return format, readSQLite(ctx, db, wal, give)
	case NDB:
		return format, readNDB(ctx, db, give)
	}
	return format, readBerkeley(ctx, db, give)
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

func newPageSet(pages int64) pageSet { return make(pageSet, pages/64+1) }

// add says whether the page is one of the set's range that was not added before.
func (s pageSet) add(page uint32) bool {
	i, bit := int64(page/64), uint64(1)<<(page%64)
	if i >= int64(len(s)) || s[i]&bit != 0 {
		return false
	}
	s[i] |= bit
	return true
}
