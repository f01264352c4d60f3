package pkgdb

import (
	"fmt"
	"hash/maphash"
	"math"

	"icecore/forensics/artifact"
)

// index answers what packages state of a path. It keeps hashes of paths, and what is
// stated in records of fixed size; what has no fixed size stands in one piece of memory.
type index struct {
	max     int // paths
	seed    maphash.Seed
	first   map[uint64]uint32 // number of a path's first record, from 1
	records []record
	sums    []byte
	names   []string // users, groups, link targets, capabilities
	ids     map[string]uint32
}

type record struct {
	next      uint32 // the path's next record
	pkg       uint32
	sum       uint32 // where it begins in sums
	owner     uint32
	group     uint32
	link      uint32 // or the capabilities of a file
	flags     Flags
	modified  uint32
	size      int64
	known     Facts
	mode      uint16
	device    uint16
	algorithm uint8
	state     int8
}

// maxSharing bounds the packages that list one path.
const maxSharing = 64

func newIndex(most int) *index {
	return &index{
		max: most, seed: maphash.MakeSeed(), first: make(map[uint64]uint32), names: []string{""},
		ids: map[string]uint32{"": 0},
	}
}

func (x *index) len() int { return len(x.records) }

// done frees what only adding needs.
func (x *index) done() { x.ids = nil }

func (x *index) id(s string) uint32 {
	id, ok := x.ids[s]
	if !ok {
		id = uint32(len(x.names))
		x.names = append(x.names, s)
		x.ids[s] = id
	}
	return id
}

// add adds what a package states of a path. A package adds each path once.
func (x *index) add(p string, pkg uint32, f *File) error {
	if !f.State.installed() {
		return nil
	}
	if len(x.records) >= x.max {
		return artifact.Cut(fmt.Errorf("more than %d paths in all lists; the rest was not read", x.max))
	}
	r := record{
		pkg: pkg, owner: x.id(f.Owner), group: x.id(f.Group), flags: f.Flags, size: f.Size, known: f.Known,
		mode: f.Mode, device: uint16(f.Device), state: int8(f.State),
		modified: uint32(max(0, min(f.Modified, math.MaxUint32))),
	}
	if f.Has(LinkKnown) {
		r.link = x.id(f.Link)
	} else {
		r.link = x.id(f.Caps)
	}
	if r.algorithm = f.Digest.number(); r.algorithm > 0 && f.Has(DigestKnown) {
		r.sum = uint32(len(x.sums))
		x.sums = append(x.sums, f.Digest.Sum...)
	}
	n := uint32(len(x.records)) + 1
	h := maphash.String(x.seed, p)
	at, ok := x.first[h]
	if !ok {
		x.first[h] = n
		x.records = append(x.records, r)
		return nil
	}
	for i := 0; ; i++ {
		other := &x.records[at-1]
		if other.pkg == pkg || i == maxSharing {
			return nil
		}
		if other.next == 0 {
			other.next = n
			x.records = append(x.records, r)
			return nil
		}
		at = other.next
	}
}

// claims calls fn for each package that lists a path, until it says true.
func (x *index) claims(p string, fn func(pkg uint32) bool) {
	for at := x.first[maphash.String(x.seed, p)]; at != 0; at = x.records[at-1].next {
		if fn(x.records[at-1].pkg) {
			return
		}
	}
}

// get gives what a package states of a path.
func (x *index) get(p string, pkg uint32) (File, bool) {
	for at := x.first[maphash.String(x.seed, p)]; at != 0; at = x.records[at-1].next {
		r := &x.records[at-1]
		if r.pkg != pkg {
			continue
		}
		f := File{
			Known: r.known, Size: r.size, Mode: r.mode, Owner: x.names[r.owner], Group: x.names[r.group],
			Modified: int64(r.modified), Device: uint32(r.device), Flags: r.flags, State: FileState(r.state),
		}
		if f.Has(LinkKnown) {
			f.Link = x.names[r.link]
		} else {
			f.Caps = x.names[r.link]
		}
		if a := algorithms[r.algorithm]; r.algorithm > 0 {
			f.Digest = Digest{a.name, string(x.sums[r.sum : int(r.sum)+a.size])}
		}
		return f, true
	}
	return File{}, false
}
