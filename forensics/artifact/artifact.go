// Package artifact holds what all extractors share: the record, its source, and
// the contract between an extractor and the one walk that feeds it.
//
// An extractor turns one file (an artifact) into records. It says by glob which
// paths it wants, gets the open file, and never walks, never looks elsewhere and
// never judges: what a record means is for the room detect. The extractors are
// the folders below this one; the list of them all is in artifact/all.
package artifact

import (
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// Record is one fact read from an artifact. Kinds and their fields are
// documented in docs/records.md.
type Record struct {
	ID     string // given by the pipeline once all records are in order: R-000001
	Kind   string // cron.job, systemd.unit, auth.login, ...
	Source Source
	Times  []Stamp
	Fields []Field // in the order in which a reader wants them
}

// Field is one named value of a record. Names are snake_case. Values are bytes as
// on the disk, not escaped.
type Field struct{ Name, Value string }

// Source says where a fact was read.
type Source struct {
	Volume  string
	Path    string // bytes, from the root of the filesystem
	Inode   uint64
	Version uint32 // of the inode, see filesystem.Ref
	State   filesystem.State
	Line    int   // from 1; 0 where lines have no meaning
	Offset  int64 // byte offset in the file (in the unpacked text for compressed logs)
	Length  int64 // bytes; 0: unknown
	// DiskOffset is the byte offset in the disk of the bytes at Offset, or -1.
	DiskOffset int64
	SHA256     string // of the whole file, hex, where it was read whole
	Member     string // of an archive, or how the text was decoded ("gzip", "base64")
}

// Stamp is a time in a record, with what it means and how sure it is.
type Stamp struct {
	What string    // logged, modified, changed, created, accessed, first, last, ...
	Time time.Time // UTC
	// Inferred says what was inferred of it, empty if nothing: "year",
	// "zone", "year, zone".
	Inferred string
}

// Get gives the value of the first field of that name.
func (r *Record) Get(name string) string {
	for _, f := range r.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Has says whether the record has a field of that name.
func (r *Record) Has(name string) bool {
	for _, f := range r.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// Add appends a field, unless the value is empty.
func (r *Record) Add(name, value string) {
	if value != "" {
		r.Fields = append(r.Fields, Field{name, value})
	}
}

// maxText is what AddText keeps of a value, bytes.
const maxText = 16 << 10

// AddText appends a text that can be of any length, a command or a line: what a
// reader needs of it is its first 16 KiB.
func (r *Record) AddText(name, value string) { r.AddCut(name, value, maxText) }

// AddCut appends a text of which at most n bytes are kept, cut at a character.
func (r *Record) AddCut(name, value string, n int) { r.Add(name, text.Cut(value, n)) }

// AddInt appends a numeric field.
func (r *Record) AddInt(name string, v int64) {
	r.Fields = append(r.Fields, Field{name, strconv.FormatInt(v, 10)})
}

// Time gives the first stamp of that meaning, or the zero time.
func (r *Record) Time(what string) time.Time {
	for _, s := range r.Times {
		if s.What == what {
			return s.Time
		}
	}
	return time.Time{}
}

// MostFirst gives the keys of counts, the highest count first, and the keys of one
// count in their own order.
func MostFirst(counts map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// System is what the pipeline knows of the image's operating system before any
// extractor runs.
type System struct {
	Hostname  string
	OS        string // PRETTY_NAME of os-release(5)
	OSID      string // ID of os-release(5): debian, ubuntu, centos, alinux, ...
	MachineID string
	// Zone is the image's own time zone, never nil once the pipeline runs.
	Zone     *time.Location
	ZoneName string // as /etc/timezone or the /etc/localtime link names it
	// SnapshotTime is the best lower bound for when the image was taken, zero
	// if unknown.
	SnapshotTime time.Time
}

// Input is one artifact, opened.
type Input struct {
	// Path is the path within the system that the file belongs to; it matched
	// a pattern. Root is what stands before it on the volume: empty, or the
	// root of a container below it.
	Root, Path string
	Inode      *filesystem.Inode
	// Target is the target of a symbolic link that matched. The content is
	// then that of the file it leads to within the image, if it does.
	Target string
	System *System
	// Content is nil for what has no readable content (a directory, a link
	// that leads nowhere).
	Content *io.SectionReader
	// Exists says whether a path (from Root) exists, links followed.
	Exists func(path string) bool
}

// An Emit takes the records of one artifact. Of a record's source, the extractor
// fills Line, Offset, Length and Member; the pipeline fills the rest.
type Emit func(Record)

// Extractor reads one kind of artifact.
type Extractor interface {
	// Name is the extractor's name, unique, lower case: cron, systemd, ...
	Name() string
	// Version is raised whenever the same input would give other records.
	Version() int
	// Patterns are path.Match globs on absolute paths; "**" stands for any
	// number of components. Matched are regular files and symbolic links.
	Patterns() []string
	// Extract reads one artifact. An error says what could not be read; the
	// records emitted before it stand. It must bound its memory whatever the
	// size of the input.
	Extract(context.Context, *Input, Emit) error
}
