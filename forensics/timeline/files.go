package timeline

import (
	"cmp"
	"slices"

	"icecore/forensics/filesystem"
)

// file is what is kept of a file: the times, and what the formats show of it. There
// can be millions.
type file struct {
	path    string
	sec     [4]int64  // modified, accessed, changed, created
	nsec    [4]uint32 // unknown where the disk holds no such time
	size    int64
	inode   uint64
	version uint32
	uid     uint32
	gid     uint32
	volume  uint16
	mode    uint16
	state   filesystem.State
}

const unknown = 1 << 31

// chunk is how many files are kept together, so that the list grows without being
// copied.
const chunk = 1 << 14

// files is a list of files. The zero value is empty.
type files struct {
	chunks  [][]file
	n       int
	targets map[int]string          // of symbolic links
	deleted map[int]filesystem.Time // when files were deleted, where the disk states it
}

func (l *files) at(i int) *file { return &l.chunks[i/chunk][i%chunk] }

func (l *files) add(e *filesystem.Entry, volume uint16) {
	if l.n%chunk == 0 {
		l.chunks = append(l.chunks, make([]file, 0, chunk))
	}
	in := e.Inode
	f := file{
		path:    e.Path,
		size:    in.Size,
		inode:   in.Ref.Inode,
		version: in.Ref.Version,
		uid:     in.UID,
		gid:     in.GID,
		volume:  volume,
		mode:    in.Mode,
		state:   in.State,
	}
	for i, t := range [4]filesystem.Time{in.Mtime, in.Atime, in.Ctime, in.Crtime} {
		f.sec[i], f.nsec[i] = t.Sec, uint32(t.Nsec)
		if !t.Known {
			f.nsec[i] = unknown
		}
	}
	if e.Target != "" {
		if l.targets == nil {
			l.targets = make(map[int]string)
		}
		l.targets[l.n] = e.Target
	}
	if in.State == filesystem.Deleted && in.Dtime.Known && in.Dtime.Sec > 0 {
		if l.deleted == nil {
			l.deleted = make(map[int]filesystem.Time)
		}
		l.deleted[l.n] = in.Dtime
	}
	last := &l.chunks[len(l.chunks)-1]
	*last = append(*last, f)
	l.n++
}

// times gives the times of a file in the order of MACB.
func (f *file) times() (t [4]filesystem.Time) {
	for i := range t {
		if f.nsec[i] != unknown {
			t[i] = filesystem.Unix(f.sec[i], int32(f.nsec[i]))
		}
	}
	return t
}

// key is the place of a file's event in the order.
type key struct {
	sec  int64
	nsec int32
	file uint32
}

// keys gives the events of all files, in order. Times of a file that are equal make
// one event.
func (l *files) keys(r Range) []key {
	each := func(fn func(int, filesystem.Time)) {
		for i := range l.n {
			list := l.at(i).times()
			for j, m := range list {
				if m.Known && !slices.Contains(list[:j], m) && r.has(m) {
					fn(i, m)
				}
			}
			if d, ok := l.deleted[i]; ok && !slices.Contains(list[:], d) && r.has(d) {
				fn(i, d)
			}
		}
	}
	n := 0
	each(func(int, filesystem.Time) { n++ })
	keys := make([]key, 0, n)
	each(func(i int, m filesystem.Time) { keys = append(keys, key{m.Sec, m.Nsec, uint32(i)}) })
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.sec, b.sec), cmp.Compare(a.nsec, b.nsec), cmp.Compare(a.file, b.file))
	})
	return keys
}

// fileEvent fills in the event of a file, and the inode that it shows.
func (t *Timeline) fileEvent(e *Event, in *filesystem.Inode, k key) {
	f := t.files.at(int(k.file))
	at := filesystem.Unix(k.sec, k.nsec)
	mask := 0
	for i, m := range f.times() {
		if m == at {
			mask |= 1 << i
		}
	}
	*in = filesystem.Inode{
		Ref:   filesystem.Ref{Inode: f.inode, Version: f.version},
		State: f.state,
		Mode:  f.mode,
		UID:   f.uid,
		GID:   f.gid,
		Size:  f.size,
	}
	*e = Event{
		Time: at, Type: TypeFile, What: macbWhat[mask], MACB: macbText[mask], Volume: t.volumes[f.volume], Path: f.path, Target: t.files.targets[int(k.file)], Ref: in.Ref, State: f.state, File: in, DiskOffset: -1,
	}
	if f := t.marks[int(k.file)]; f != nil {
		e.Level, e.Findings, e.Records = f.event.Level, f.event.Findings, f.event.Records
	}
	if d, ok := t.files.deleted[int(k.file)]; ok && d == at {
		if e.What != "" {
			e.What += ", "
		}
		e.What += "deleted"
	}
}
