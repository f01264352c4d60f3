package rpmdb

import (
	"context"
	"fmt"

	"icecore/forensics/content/sqlite"
)

const sqliteMagic = sqlite.Magic

// maxRow is what a row has beside its header, in bytes, at most.
const maxRow = 1 << 20

func readSQLite(ctx context.Context, db, wal File, fn func(Blob) error) error {
	var log sqlite.File
	if wal != nil {
		log = wal
	}
	d, err := sqlite.Open(ctx, db, log)
	if err != nil {
		return err
	}
	if !d.Has("Packages") {
		return fmt.Errorf("%w: an SQLite database without the table Packages", ErrFormat)
	}
	err = d.Table(ctx, "Packages", MaxHeader+maxRow, func(r sqlite.Row) error {
		b := Blob{Number: uint32(r.ID), Offset: r.Offset, Err: r.Err}
		if r.Err == nil {
			var v []sqlite.Value
			if v, b.Err = r.Values(2); b.Err == nil {
				b.Data = v[1].Bytes
				if r.Offset >= 0 {
					b.Offset += int64(v[1].At)
				}
			}
		}
		return fn(b)
	})
	if err == nil {
		err = d.LogErr
	}
	return err
}
