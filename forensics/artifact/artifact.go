// Package artifact holds what all extractors share: the record, its source, and
// the contract between an extractor and the one walk that feeds it.
//
// An extractor turns one file (an artifact) into records. It says by glob which
// paths it wants, gets the open file, and never walks, never looks elsewhere and
// never judges: what a record means is for the room detect. The extractors are
// the directories below this one; the list of them all is in artifact/all.
package artifact

import (
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// The values that extractors make; see package model.
type (
	Record = model.Record
	Source = model.Source
	Stamp  = model.Stamp
	Field  = model.Field
)

// MostFirst gives the keys of counts, the highest count first, and the keys of one
// count in their own order.
func MostFirst(counts map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// System is what the scan knows of the image's operating system before any
// extractor runs.
type System struct {
	Hostname  string
	OS        string // PRETTY_NAME of os-release(5)
	OSID      string // ID of os-release(5): debian, ubuntu, centos, alinux, ...
	MachineID string
	// Zone is the image's own time zone, never nil once the scan runs.
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
	// User is whose home directory the file lies in, as passwd(5) says; empty where
	// it lies in none, or only its path says whose it is.
	User  string
	Inode *filesystem.Inode
	// Target is the target of a symbolic link that matched. The content is
	// then that of the file it leads to within the image, if it does.
	Target string
	System *System
	// Content is nil for what has no readable content (a directory, a link
	// whose target does not exist).
	Content *io.SectionReader
	// NextData gives where the first stored byte at or behind off stands; what lies
	// between reads as zeros. It is nil unless the extractor is a [HoleKeeper].
	NextData func(off int64) int64
	// Exists says whether a path (from Root) exists, links followed.
	Exists func(path string) bool
	// Read gives the first bytes of another regular file of the host, from Root, that this one
	// names as a part of it, links followed; nil where it cannot be read. The field itself is
	// nil where the file stands alone. What it says is for the record of what names it.
	Read func(path string, limit int64) []byte
	// Wanted says whether a rule of the user's matches a record that is not worth keeping
	// otherwise; see [model.OnDemand]. It is nil where there is no such rule.
	Wanted func(*Record) bool
	// Sibling opens a file of the same directory that belongs to this one: the
	// write-ahead log of a database. It gives nil where there is none. The field itself
	// is nil where the file stands alone.
	Sibling func(name string) (*io.SectionReader, error)
}

// An Emit takes the records of one artifact. Of a record's source, the extractor
// fills Line, Offset, Length and Member; the scan fills the rest.
type Emit func(Record)

// Extractor reads one kind of artifact.
type Extractor interface {
	// Name is the extractor's name, unique, lower case: cron, systemd, ...
	Name() string
	// Patterns are path.Match globs on absolute paths, as the host sees them; "**"
	// stands for any number of components, "~/" at the beginning for each home
	// directory: those of passwd(5), /root and /home/*. Matched are regular files
	// and symbolic links.
	Patterns() []string
	// Extract reads one artifact. An error says what could not be read; the
	// records emitted before it stand. It must bound its memory whatever the
	// size of the input.
	Extract(context.Context, *Input, Emit) error
}
