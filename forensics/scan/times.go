package scan

import (
	"math"
	"path"

	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// fileTimes are the times of one name of an inode. They are kept small, since there can
// be millions, and to the second.
type fileTimes struct {
	name                    string // without its directory; empty: no path is known
	inode                   uint64
	dir                     uint32 // in jobList.dirs
	created, changed, wrote uint32 // seconds since 1970, 0: unknown; changed is also when it was deleted
	mode                    uint16
	state                   filesystem.State
}

// timesChunk is how many are kept together, so that the list grows without being copied.
const timesChunk = 1 << 14

// seconds gives a time in 32 bits, which last until 2106; 0 where it is unknown or does
// not fit.
func seconds(t filesystem.Time) uint32 {
	if !t.Known || t.Sec <= 0 || t.Sec > math.MaxUint32 {
		return 0
	}
	return uint32(t.Sec)
}

// note keeps the times of an entry of the walk.
func (l *jobList) note(in *filesystem.Inode, dir uint32, name string) {
	t := fileTimes{
		dir: dir, name: name, inode: in.Ref.Inode, mode: in.Mode, state: in.State,
		created: seconds(in.Crtime), changed: seconds(in.Ctime), wrote: seconds(in.Mtime),
	}
	if in.State == filesystem.Deleted {
		t.changed = max(t.changed, seconds(in.Dtime))
	}
	n := len(l.times)
	if n == 0 || len(l.times[n-1]) == timesChunk {
		l.times = append(l.times, make([]fileTimes, 0, timesChunk))
		n++
	}
	l.times[n-1] = append(l.times[n-1], t)
}

// dirOf gives the directory of a path, as the host sees it.
func (l *jobList) dirOf(n uint32) site {
	if int(n) < len(l.sites) {
		return l.sites[n]
	}
	return l.sites[0]
}

// Files calls yield with the times of every name of every inode, in the order of the
// walks, until it says no. No content is read.
func (s *Scan) Files(yield func(*detect.FileTimes) bool) {
	for _, l := range s.lists {
		volume := l.v.ID
		for _, chunk := range l.times {
			for i := range chunk {
				t := &chunk[i]
				at := l.dirOf(t.dir)
				f := detect.FileTimes{
					Volume: volume, Inode: t.inode, State: t.state, Mode: t.mode,
					Created: int64(t.created), Changed: int64(t.changed), Modified: int64(t.wrote), Name: t.name,
				}
				if at.host != nil {
					f.Host = s.Machine(at.host.ID)
					f.Nested = f.Host != at.host.ID
				}
				switch {
				case t.name == "":
				case f.Nested:
					f.Dir = l.dirs[t.dir]
				default:
					f.Dir = at.path
				}
				if !yield(&f) {
					return
				}
			}
		}
	}
}

// Machine gives the host that runs what lies in a container or chroot, and any other as it
// is.
func (s *Scan) Machine(id string) string {
	h := s.hosts.Host(id)
	if h == nil || h.Kind != host.Container && h.Kind != host.Root || len(s.hosts.List) == 0 {
		return id
	}
	return s.hosts.List[0].ID
}

// Owner gives the package that owns a path of a host, empty: none, and whether the host
// has a package database.
func (s *Scan) Owner(id, name string) (owner string, known bool) {
	h := s.hosts.Host(id)
	if h == nil {
		return "", false
	}
	o := s.ownership(site{h, path.Clean(name)}, filesystem.Live, 0)
	return o.owner, o.known
}
