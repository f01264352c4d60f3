// Package filesystem says what icecore wants of a filesystem, whichever it is:
// every file with everything the disk says of it, by path and by inode, also
// those that the running system no longer showed.
//
// The engines (ext4, ...) turn an [io.ReaderAt] over one volume into an [FS].
// They only read. They are safe for concurrent use. They treat every byte as
// written by an intruder: what is wrong on the disk gives an error that names
// the place, never a panic, a loop without end or memory without bound.
//
// Absent, unreadable and corrupt are three answers: [fs.ErrNotExist],
// [ErrUnsupported] (encrypted, a feature not understood) and [*CorruptError].
package filesystem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"icecore/forensics/model"
)

// State says whether the running system would have shown a file.
type State = model.State

// The states of a file.
const (
	Live    = model.Live
	Orphan  = model.Orphan
	Deleted = model.Deleted
)

// Ref names one file: its inode number and, where an older state of that inode
// is meant, the journal transaction whose copy holds it. Version 0 is the
// present state.
type Ref struct {
	Inode   uint64
	Version uint32
}

// String gives N, or N@TID for an older state, as `icecore cat --inode` takes it.
func (r Ref) String() string {
	if r.Version == 0 {
		return fmt.Sprint(r.Inode)
	}
	return fmt.Sprintf("%d@%d", r.Inode, r.Version)
}

// Inode is what the disk says of one file.
type Inode struct {
	Ref
	State      State
	Generation uint32
	Mode       uint16 // type and permission bits as in stat(2) st_mode
	UID, GID   uint32
	ProjectID  uint32
	Links      uint32
	Size       int64  // bytes
	Sectors    uint64 // 512-byte units allocated, as stat(2) st_blocks
	Flags      uint32 // as FS_IOC_GETFLAGS: immutable 0x10, append-only 0x20, ...
	Major      uint32 // of a device node
	Minor      uint32

	Atime, Mtime, Ctime, Crtime, Dtime Time // a zero Time: the disk holds none

	// Note says what a reader must know of this file: "only after journal
	// replay", "checksum mismatch", "recovered from transaction 17, blocks
	// partly reused". Empty for an ordinary file.
	Note string
}

// Inode flag bits, common to the ioctl interface of Linux filesystems
// (FS_IOC_GETFLAGS, see ioctl_iflags(2)).
const (
	FlagImmutable = 0x10
	FlagAppend    = 0x20
)

// Type bits of Inode.Mode, from inode(7).
const (
	ModeType    = 0o170000
	ModeSocket  = 0o140000
	ModeSymlink = 0o120000
	ModeRegular = 0o100000
	ModeBlock   = 0o060000
	ModeDir     = 0o040000
	ModeChar    = 0o020000
	ModeFIFO    = 0o010000
)

// IsDir says whether the inode is a directory.
func (i *Inode) IsDir() bool { return i.Mode&ModeType == ModeDir }

// IsRegular says whether the inode is a regular file.
func (i *Inode) IsRegular() bool { return i.Mode&ModeType == ModeRegular }

// IsSymlink says whether the inode is a symbolic link.
func (i *Inode) IsSymlink() bool { return i.Mode&ModeType == ModeSymlink }

// TypeName gives file, dir, symlink, char, block, fifo, socket, or unknown.
func (i *Inode) TypeName() string {
	switch i.Mode & ModeType {
	case ModeRegular:
		return "file"
	case ModeDir:
		return "dir"
	case ModeSymlink:
		return "symlink"
	case ModeChar:
		return "char"
	case ModeBlock:
		return "block"
	case ModeFIFO:
		return "fifo"
	case ModeSocket:
		return "socket"
	}
	return "unknown"
}

// FileMode gives the mode in Go's terms.
func (i *Inode) FileMode() fs.FileMode {
	m := fs.FileMode(i.Mode & 0o777)
	switch i.Mode & ModeType {
	case ModeDir:
		m |= fs.ModeDir
	case ModeSymlink:
		m |= fs.ModeSymlink
	case ModeBlock:
		m |= fs.ModeDevice
	case ModeChar:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case ModeFIFO:
		m |= fs.ModeNamedPipe
	case ModeSocket:
		m |= fs.ModeSocket
	case ModeRegular:
	default:
		m |= fs.ModeIrregular
	}
	if i.Mode&0o4000 != 0 {
		m |= fs.ModeSetuid
	}
	if i.Mode&0o2000 != 0 {
		m |= fs.ModeSetgid
	}
	if i.Mode&0o1000 != 0 {
		m |= fs.ModeSticky
	}
	return m
}

// DirEntry is one name in a directory. Deleted is set for a name found in the
// directory's slack: the inode number is then only what the name last stood for.
type DirEntry struct {
	Name    string // bytes as on the disk
	Inode   uint64
	Type    uint16 // ModeType bits, 0 where the directory does not say
	Deleted bool
}

// Xattr is one extended attribute, its name with the namespace ("user.x",
// "security.capability", "system.posix_acl_access").
type Xattr struct {
	Name  string
	Value []byte
}

// Extent is a run of a file's bytes that lies in one piece on the volume.
// Ranges of a file that no extent covers are holes and read as zeros; so do
// those marked Unwritten. Data kept inside the inode has the volume offset at
// which it stands there.
type Extent struct {
	Logical   int64 // byte offset in the file
	Physical  int64 // byte offset in the volume
	Length    int64 // bytes
	Unwritten bool
}

// File is an open file of an image. ReadAt is safe for concurrent use.
type File interface {
	io.ReaderAt
	Size() int64
	Inode() *Inode
	// Extents gives the mapped ranges in ascending Logical order, merged
	// where they touch.
	Extents() ([]Extent, error)
}

// Entry is one stop of a [Walk]: a path and the file that it names. A file with
// several paths gives several entries.
type Entry struct {
	// Path is the path from the filesystem's root, beginning with a slash.
	// For orphan and deleted files it is the last path known, or empty.
	Path string
	// First is true for the first entry of a file in this walk: the one at
	// which to read its content.
	First  bool
	Inode  *Inode
	Target string // of a symbolic link
	// Err says why the file could not be read; Inode holds then what could.
	Err error
}

// WalkOptions choose what a walk gives. The zero value gives live files only,
// without link targets.
type WalkOptions struct {
	Targets bool // read the targets of symbolic links
	// Orphans asks for orphan files too, after the live ones, and with them for
	// those in use that no directory names, as the entry's note then says.
	Orphans bool
	Deleted bool // also deleted files, after those
	// Reuse lets the walk use one entry and one inode again and again: they hold
	// only until fn returns. Strings may be kept.
	Reuse bool
}

// Problem is something that could not be read, or was read and is not as it
// should be. It becomes a line in the analysis' coverage.
type Problem struct {
	What string // the place: "inode 17", "block 9001", "group 3 descriptor"
	Why  string
	// Lost says that an unknown number of files cannot be read for it: the end that the
	// volume does not have, a table of inodes, the names of a directory.
	Lost bool
}

// Info describes a filesystem.
type Info struct {
	Type           string // ext2, ext3, ext4, ...
	UUID           string
	Label          string
	BlockSize      int
	Blocks         uint64
	Inodes         uint64
	Features       []string // names as in mke2fs(8)
	Created        Time
	LastMount      Time
	LastWrite      Time
	LastMountPoint string
	State          string // "clean", "needs recovery", "errors", ...
	Journal        JournalInfo
	Replayed       bool // the view is disk plus journal
}

// JournalInfo says what the journal holds.
type JournalInfo struct {
	Present      bool
	Replayed     bool
	Transactions int  // committed and not yet checkpointed: applied by the replay
	Blocks       int  // blocks those transactions change
	FastCommits  int  // of ext4, on top of the last transaction: applied too
	LastCommit   Time // of the newest transaction; a lower bound for the time of the snapshot
	FirstCommit  Time // of the oldest transaction still to be found in the journal
}

// Change is a difference between two states of a file that follow each other in the
// journal.
type Change struct {
	// Ref is the file and the transaction that committed the new state. Its number may
	// belong to another file now: New.Generation distinguishes them.
	Ref Ref
	// Time is that of the commit: the change was made between the commit before and
	// this one, by default within the five seconds before it.
	Time Time
	// What says what differs, in words: "created", "deleted", or a list of
	// "mode 0644 -> 0755", "owner 0:0 -> 1000:1000", "flags 0x80000 -> 0x80010",
	// "size 10 -> 13", "links 1 -> 2", "modification time set back from X to Y"; or
	// "modified", where only the modification time says so. Changes of the access time
	// alone are not given.
	What string
	// Old is nil for a file that the journal knows from its beginning, and New never.
	// Old may be more than one change ago: of a state that was written over in the
	// journal nothing is known.
	Old, New *Inode
}

// FS is a filesystem on a volume, opened for reading.
type FS interface {
	Info() Info
	// Root is the inode number of the root directory.
	Root() uint64
	// Inode reads the metadata of a file.
	Inode(Ref) (*Inode, error)
	// ReadDir lists a directory in the order of the disk, without . and ..;
	// deleted names too where the engine finds them.
	ReadDir(Ref) ([]DirEntry, error)
	// Readlink gives the target of a symbolic link.
	Readlink(Ref) (string, error)
	// Xattrs gives the extended attributes, sorted by name.
	Xattrs(Ref) ([]Xattr, error)
	// Open opens the content of a file: a regular file, also a directory or
	// link (their raw bytes).
	Open(Ref) (File, error)
	// Walk calls fn once for each path, from one goroutine, in an order that
	// depends on the disk alone, which need not be by name. The entry and
	// what it points at may be kept, unless Reuse is set. An error of fn ends the walk and is
	// returned; what is wrong on the disk is reported in Entry.Err and Problems,
	// and the walk goes on.
	Walk(context.Context, WalkOptions, func(*Entry) error) error
	// Problems gives all that was found wrong so far, sorted, each once.
	Problems() []Problem
}

// A HistoryFS can also say how files changed before their present state.
type HistoryFS interface {
	FS
	// History calls fn for each change that the journal records, oldest first.
	History(context.Context, func(*Change) error) error
}

// Options say how an engine opens a filesystem.
type Options struct {
	// NoReplay shows it as it stands on the disk, without what its journal holds.
	NoReplay bool
}

// ErrUnsupported is wrapped by errors about content that cannot be read for
// what it is rather than for what is wrong with it: encrypted, compressed in an
// unknown way, a feature not understood.
var ErrUnsupported = errors.New("not supported")

// CorruptError says that the disk breaks its own format.
type CorruptError struct {
	What string // the structure: "inode 12", "extent block 7 of inode 12"
	Why  string
}

// Error implements error.
func (e *CorruptError) Error() string { return e.What + ": corrupt: " + e.Why }

// Corrupt makes a [CorruptError].
func Corrupt(what, format string, args ...any) error {
	return &CorruptError{What: what, Why: fmt.Sprintf(format, args...)}
}
