package scan

import (
	"math/bits"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/host/origin"
)

// job is a file to look at. It is kept small: there can be millions.
type job struct {
	name  string // without its directory; empty: no path is known
	ref   filesystem.Ref
	size  int64
	wants uint64 // extractors, by their place in the list
	dir   uint32 // in jobList.dirs
	alias uint32 // in jobList.aliases, from 1; 0: none
	mode  uint16
	state filesystem.State
	link  bool // a symbolic link
	again bool // another name of a file whose content is looked at under its first
	twin  bool // another file has the same size: the same content, perhaps
}

// content is how many bytes of a volume a job reads at the most, as the progress counts
// them: a file that is larger than its volume is nearly all hole.
func (j *job) content(v *host.Volume) int64 {
	if j.again {
		return 0
	}
	return min(j.size, v.Size)
}

// extractors gives the places of the extractors of a set, in their order.
func extractors(wants uint64) []int {
	var out []int
	for w := wants; w != 0; w &= w - 1 {
		out = append(out, bits.TrailingZeros64(w))
	}
	return out
}

// aliasesOf gives the other paths of a job.
func (l *jobList) aliasesOf(j *job) []aliased {
	if j.alias == 0 {
		return nil
	}
	return l.aliases[j.alias-1]
}

// jobList lists the files of a volume to look at. Directories are kept once.
type jobList struct {
	v       *host.Volume
	number  int // of the volume
	jobs    []job
	dirs    []string
	dir     map[string]uint32
	sites   []site      // of the directories
	aliases [][]aliased // of jobs
	files   int64       // files on the volume, of any type
	devices []*filesystem.Entry
	names   *origin.Names // of the files, until the hosts are known
	times   [][]fileTimes // of every name of every inode
}

// site is a place as a host sees it: of a directory with a slash at its end.
type site struct {
	host *host.Host
	path string
}

// aliased is another path by which a host sees a file: through a link to a directory, or
// a bind mount.
type aliased struct {
	site
	wants uint64 // the extractors that want it at that path
}

// site gives a job's place as its host sees it.
func (l *jobList) site(j *job) site {
	if int(j.dir) >= len(l.sites) || j.name == "" {
		return site{host: l.sites[0].host}
	}
	s := l.sites[j.dir]
	return site{s.host, s.path + j.name}
}

// split gives the number of a path's directory, and its name.
func (l *jobList) split(p string) (dir uint32, name string) {
	if p == "" {
		return 0, ""
	}
	i := strings.LastIndexByte(p, '/')
	dir, ok := l.dir[p[:i+1]]
	if !ok {
		if l.dir == nil {
			l.dir = make(map[string]uint32)
		}
		dir = uint32(len(l.dirs))
		d := strings.Clone(p[:i+1])
		l.dirs, l.dir[d] = append(l.dirs, d), dir
	}
	return dir, strings.Clone(p[i+1:])
}

// path gives the path of a job, empty if none is known.
func (l *jobList) path(j *job) string {
	if j.name == "" {
		return ""
	}
	return l.dirs[j.dir] + j.name
}

// minTwin is the smallest content for which it pays to find out whether the same
// was seen before: what is smaller is scanned faster than hashed and remembered.
const minTwin = 2048

// order puts the jobs into the order in which they are looked at: executables and
// what stands in world-writable directories first, large files early in
// either part so that no worker is left alone with one at the end, and the rest as
// the inodes lie on the disk. It also marks the files that are not alone in their
// size.
func (l *jobList) order() {
	count := make(map[int64]int32)
	for i := range l.jobs {
		if j := &l.jobs[i]; !j.again && j.size >= minTwin {
			count[j.size]++
		}
	}
	temp := make([]bool, len(l.dirs))
	for i := range l.dirs {
		temp[i] = tempDirs(l.sites[i].path)
	}
	rank := func(j *job) int {
		switch urgent := j.mode&0o111 != 0 || j.name != "" && temp[j.dir]; {
		case urgent && j.size >= largeFile:
			return 0
		case urgent:
			return 1
		case j.size >= largeFile:
			return 2
		}
		return 3
	}
	for i := range l.jobs {
		l.jobs[i].twin = count[l.jobs[i].size] > 1
	}
	slices.SortStableFunc(l.jobs, func(a, b job) int {
		if x, y := rank(&a), rank(&b); x != y {
			return x - y
		}
		switch {
		case a.ref.Inode < b.ref.Inode:
			return -1
		case a.ref.Inode > b.ref.Inode:
			return 1
		}
		return 0
	})
}

const largeFile = 16 << 20
