package model

import (
	"fmt"
	"time"
)

// Record is one fact read from an artifact.
type Record struct {
	// ID is the short number within one analysis, for people: R-000001. Name is the
	// stable name, the same in every snapshot that holds the same fact; see [Number].
	ID   string
	Name string

	Kind   Kind
	Source Source
	Times  []Stamp
	Fields Fields // in the order in which a reader wants them
}

// Source says where a fact was read. The same bytes can be shown with `icecore cat`.
type Source struct {
	Image  string // the id of the image: i1
	Host   string // the id of the host, empty where the volume belongs to none
	Volume string // the id of the volume: p1
	Path   string // from the root of the filesystem, without links; bytes
	// HostPath is the path by which the host knew the file, where that is another: behind a
	// mount point, through a link to a directory, or below the root of a container.
	HostPath string
	Inode    uint64
	Version  uint32 // the journal transaction of an older state of the inode; 0: the present one
	State    State
	Line     int   // from 1; 0 where lines have no meaning
	Offset   int64 // byte offset in the file, or in the unpacked text where Member is set
	Length   int64 // bytes; 0: unknown
	// DiskOffset is the byte offset in the disk of the byte at Offset, or -1.
	DiskOffset int64
	SHA256     string // of the whole file, hex, where it was read whole
	Member     string // of an archive, or how the text was decoded ("gzip", "base64")
}

// Stamp is a time in a record, with what it means and how sure it is.
type Stamp struct {
	What string    // logged, modified, changed, created, accessed, first, last, ...
	Time time.Time // UTC
	// Inferred says what was inferred of it, empty if nothing: "year", "zone",
	// "year, zone".
	Inferred string
}

// Time returns the first stamp of that meaning, or the zero time.
func (r *Record) Time(what string) time.Time {
	s := r.Stamp(what)
	return s.Time
}

// Stamp returns the first stamp of that meaning, or the zero stamp.
func (r *Record) Stamp(what string) Stamp {
	for _, s := range r.Times {
		if s.What == what {
			return s
		}
	}
	return Stamp{}
}

// State says whether the running system would have shown a file.
type State uint8

// The states of a file.
const (
	Live    State = iota // reachable by a path
	Orphan               // no path, but held open when the image was taken: its program was running
	Deleted              // freed; what is known of it comes from left-over metadata
)

var stateNames = [...]string{"live", "orphan", "deleted"}

// String returns the word used in every output: live, orphan or deleted.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText implements encoding.TextMarshaler.
func (s State) MarshalText() ([]byte, error) {
	if int(s) >= len(stateNames) {
		return nil, fmt.Errorf("no state %d", uint8(s))
	}
	return []byte(stateNames[s]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *State) UnmarshalText(b []byte) error {
	for i, n := range stateNames {
		if n == string(b) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("no state %s of a file: want live, orphan or deleted", quoted(string(b)))
}

// InHost returns the path of the file as its host knew it.
func (s *Source) InHost() string {
	if s.HostPath != "" {
		return s.HostPath
	}
	return s.Path
}
