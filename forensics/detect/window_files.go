package detect

import (
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// FileTimes are the times of one name of an inode, in seconds since 1970; 0: unknown.
type FileTimes struct {
	Host   string // the id of the host, empty: none
	Volume string
	Dir    string // as the host sees it, with a slash at its end; empty: no path is known
	Nested bool   // of a container or chroot of the host: Dir is the directory on the volume
	Name   string
	Inode  uint64
	State  model.State
	Mode   uint16 // type and permission bits as in stat(2)
	// Changed is the time of the inode, of a deleted one when it was freed.
	Created, Changed, Modified int64
}

// Path is where the host sees the file, empty where no path is known.
func (f *FileTimes) Path() string { return f.Dir + f.Name }

func (f *FileTimes) dir() bool { return f.Mode&filesystem.ModeType == filesystem.ModeDir }

func (f *FileTimes) executable() bool {
	return f.Mode&filesystem.ModeType == filesystem.ModeRegular && f.Mode&0o111 != 0
}
