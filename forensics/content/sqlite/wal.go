package sqlite

import (
	"context"
	"encoding/binary"
	"fmt"
)

const (
	walHeader  = 32
	frameHead  = 24
	walLittle  = 0x377f0682 // checksums over little-endian words
	walBig     = 0x377f0683
	maxLogSize = 1 << 30
)

// readLog finds the pages in the write-ahead log that are committed: those of frames with
// the salts of the log's header and a right checksum, up to the last that ends a
// transaction. What follows them is of an older use of the log, or of a transaction that
// did not end.
func (s *DB) readLog(ctx context.Context) error {
	if s.wal.Size() > maxLogSize {
		return fmt.Errorf("sqlite write-ahead log: %d bytes, more than %d; it was not read", s.wal.Size(), maxLogSize)
	}
	head := make([]byte, walHeader)
	if err := readFull(s.wal, 0, head); err != nil {
		return fmt.Errorf("sqlite write-ahead log: %w", err)
	}
	be := binary.BigEndian
	var order binary.ByteOrder = binary.LittleEndian
	switch magic := be.Uint32(head); magic {
	case walLittle:
	case walBig:
		order = binary.BigEndian
	default:
		return fmt.Errorf("sqlite write-ahead log: begins with %#x", magic)
	}
	if size := be.Uint32(head[8:]); size != uint32(s.pageSize) {
		return fmt.Errorf("sqlite write-ahead log: pages of %d bytes, the database has pages of %d", size, s.pageSize)
	}
	var sum checksum
	sum.add(order, head[:24])
	if !sum.is(head[24:]) {
		return nil // a log that was begun and not written: SQLite takes it for empty, too
	}
	frame := make([]byte, frameHead+s.pageSize)
	pending := make(map[uint32]int64)
	frames := make(map[uint32]int64)
	for off := int64(walHeader); off+int64(len(frame)) <= s.wal.Size(); off += int64(len(frame)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := readFull(s.wal, off, frame); err != nil {
			return fmt.Errorf("sqlite write-ahead log at %d: %w", off, err)
		}
		if string(frame[8:16]) != string(head[16:24]) {
			break
		}
		sum.add(order, frame[:8])
		sum.add(order, frame[frameHead:])
		if !sum.is(frame[16:]) {
			break
		}
		pending[be.Uint32(frame)] = off + frameHead
		if pages := be.Uint32(frame[4:]); pages > 0 {
			for n, at := range pending {
				frames[n] = at
			}
			clear(pending)
			// More than both files hold cannot be.
			most := (s.db.Size() + s.wal.Size()) / int64(s.pageSize)
			s.pages = uint32(min(int64(pages), most))
		}
	}
	s.frames = frames
	return nil
}

// checksum is that of the write-ahead log.
type checksum struct{ a, b uint32 }

// add takes bytes, a multiple of eight.
func (c *checksum) add(order binary.ByteOrder, b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		c.a += order.Uint32(b) + c.b
		c.b += order.Uint32(b[4:]) + c.a
	}
}

func (c *checksum) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == c.a && binary.BigEndian.Uint32(b[4:]) == c.b
}
