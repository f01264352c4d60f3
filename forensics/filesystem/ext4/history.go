package ext4

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/jbd2"
)

// commitInterval is how long a transaction is open before it is committed, in seconds, by
// default: what was made since then was made by the oldest transaction or a later one.
const commitInterval = 5

// History implements filesystem.HistoryFS. It compares each state of an inode that
// the journal has with the one before. The first state of an inode has none before it,
// unless a replay replaces it on the disk: then that is the old state, of a time that is
// not known. A sync(2) writes blocks back that a recovery would write again: then what
// stands on the disk is one of the states in the journal, and none before them. It costs one or two
// reads of the journal, and memory for one state of each inode that the journal holds.
func (f *FS) History(ctx context.Context, fn func(*filesystem.Change) error) error {
	if f.journal == nil {
		return nil
	}
	s, log := f.sb, f.journal.log
	history, err := log.History(ctx)
	if err != nil {
		return err
	}
	tables := f.tables()
	first, _ := history.Times()
	last := make(map[uint64]*filesystem.Inode)
	raws := make(map[uint64]bool) // blocks of which the state on the disk was taken
	full := false
	take := func(ino uint64, raw []byte) *filesystem.Inode {
		in := &filesystem.Inode{}
		s.decodeInode(in, ino, raw)
		if in.Links == 0 && in.Dtime.Sec <= int64(f.maxInode()) {
			in.Dtime = filesystem.Time{} // the number of the next orphan
		}
		return in
	}
	disk := make([]byte, s.blockSize)
	pending := make(map[uint64][]jbd2.Copy) // what a recovery writes
	for _, c := range history.Copies {
		if _, ok := f.inodeBlock(tables, c.Block); ok && int32(c.TID-log.Sequence()) >= 0 {
			pending[c.Block] = append(pending[c.Block], c)
		}
	}
	for _, c := range history.Copies {
		if err := ctx.Err(); err != nil {
			return err
		}
		ino, ok := f.inodeBlock(tables, c.Block)
		if !ok {
			continue
		}
		if f.replaced(c.Block) && !raws[c.Block] && int32(c.TID-log.Sequence()) >= 0 {
			raws[c.Block] = true
			if k, _ := f.r.ReadAt(disk, int64(c.Block)*int64(len(disk))); k == len(disk) && !f.inLog(pending[c.Block], disk) {
				for i := 0; (i+1)*s.inodeSize <= len(disk); i++ {
					raw := disk[i*s.inodeSize:][:s.inodeSize]
					if n := ino + uint64(i); last[n] == nil && len(last) < maxRecovered && raw[0]|raw[1] != 0 && s.inodeChecksumOK(n, raw) {
						last[n] = take(n, raw)
					}
				}
			}
		}
		b, err := log.Read(c)
		if err != nil {
			f.problem("journal", "%v", err)
			continue
		}
		for i := 0; (i+1)*s.inodeSize <= len(b); i++ {
			raw, n := b[i*s.inodeSize:][:s.inodeSize], ino+uint64(i)
			if raw[0]|raw[1] == 0 || !s.inodeChecksumOK(n, raw) {
				continue
			}
			old := last[n]
			if old == nil && len(last) >= maxRecovered {
				full = true
				continue
			}
			in := take(n, raw)
			in.Ref.Version = c.TID
			last[n] = in
			what := ""
			switch {
			case old != nil:
				what = changed(old, in)
			case in.Links > 0 && madeSince(in, first):
				what = "created"
			}
			if what == "" {
				continue
			}
			if err := fn(&filesystem.Change{Ref: in.Ref, Time: c.Time, What: what, Old: old, New: in}); err != nil {
				return err
			}
		}
	}
	if full {
		f.problem("journal", "holds changes of more than %d inodes; the history of the rest is not given", maxRecovered)
	}
	return nil
}

// madeSince says whether an inode was made by the oldest transaction, which was committed at
// that time, or by a later one.
func madeSince(in *filesystem.Inode, first filesystem.Time) bool {
	return first.Known && in.Crtime.Known && in.Crtime.Sec >= first.Sec-commitInterval
}

// inLog says whether a block is as one of the copies has it.
func (f *FS) inLog(copies []jbd2.Copy, b []byte) bool {
	for i := len(copies) - 1; i >= 0; i-- {
		if c, err := f.journal.log.Read(copies[i]); err == nil && bytes.Equal(c, b) {
			return true
		}
	}
	return false
}

// changed names what differs between two states of an inode, or nothing.
func changed(a, b *filesystem.Inode) string {
	switch {
	case a.Generation != b.Generation || a.Links == 0 && b.Links > 0:
		if b.Links == 0 {
			return "deleted"
		}
		return "created"
	case a.Links > 0 && b.Links == 0:
		return "deleted"
	case b.Links == 0:
		return ""
	}
	var what []string
	add := func(is bool, format string, args ...any) {
		if is {
			what = append(what, fmt.Sprintf(format, args...))
		}
	}
	add(a.Mode != b.Mode, "mode %04o -> %04o", a.Mode&0o7777, b.Mode&0o7777)
	add(a.UID != b.UID || a.GID != b.GID, "owner %d:%d -> %d:%d", a.UID, a.GID, b.UID, b.GID)
	add(a.Flags != b.Flags, "flags 0x%x -> 0x%x", a.Flags, b.Flags)
	add(a.Size != b.Size, "size %d -> %d", a.Size, b.Size)
	add(a.Links != b.Links, "links %d -> %d", a.Links, b.Links)
	switch {
	case a.Mtime == b.Mtime:
	case b.Mtime.Before(a.Mtime):
		add(true, "modification time set back from %s to %s", a.Mtime, b.Mtime)
	default:
		add(len(what) == 0, "modified")
	}
	return strings.Join(what, ", ")
}
