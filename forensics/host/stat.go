package host

import (
	"context"
	"fmt"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// FileStat is all that the disk tells of one file. Its JSON form is the output of
// `icecore stat --format json`. Text is escaped.
type FileStat struct {
	Volume     string       `json:"volume"`
	Path       string       `json:"path,omitempty"`
	Paths      []string     `json:"paths,omitempty"` // all, where the file was named by its inode
	Type       string       `json:"type"`
	Mode       string       `json:"mode"` // permissions, octal
	UID        uint32       `json:"uid"`
	GID        uint32       `json:"gid"`
	User       string       `json:"user,omitempty"` // as /etc/passwd of the volume names it
	Group      string       `json:"group,omitempty"`
	ProjectID  uint32       `json:"project_id,omitempty"`
	Size       int64        `json:"size"`
	Sectors    uint64       `json:"sectors"` // of 512 bytes
	Links      uint32       `json:"nlink"`
	Inode      uint64       `json:"inode"`
	Version    uint32       `json:"version,omitempty"`
	Generation uint32       `json:"generation"`
	State      string       `json:"state"`
	Note       string       `json:"note,omitempty"`
	Flags      []string     `json:"flags"`
	Target     string       `json:"target,omitempty"`
	Device     string       `json:"rdev,omitempty"`
	Atime      string       `json:"atime,omitempty"`
	Mtime      string       `json:"mtime,omitempty"`
	Ctime      string       `json:"ctime,omitempty"`
	Crtime     string       `json:"crtime,omitempty"`
	Dtime      string       `json:"dtime,omitempty"`
	Xattrs     []XattrInfo  `json:"xattrs"`
	Extents    []ExtentInfo `json:"extents"`
	SHA256     string       `json:"sha256,omitempty"`
	History    []ChangeInfo `json:"history,omitempty"`
	Errors     []string     `json:"errors,omitempty"` // what of it could not be read

	RawMode uint16 `json:"-"`
}

// XattrInfo is an extended attribute; of an access control list, also its entries.
type XattrInfo struct {
	Name  string   `json:"name"`
	Value string   `json:"value"`
	ACL   []string `json:"acl,omitempty"`
	// Capabilities are those of security.capability, as getcap(8) writes them.
	Capabilities string `json:"capabilities,omitempty"`
}

// ExtentInfo is a run of a file's bytes that lies in one piece on the disk.
type ExtentInfo struct {
	Offset     int64 `json:"offset"`      // in the file
	DiskOffset int64 `json:"disk_offset"` // in the disk
	Length     int64 `json:"length"`
	Unwritten  bool  `json:"unwritten,omitempty"` // allocated, reads as zeros
}

// ChangeInfo is an older state of a file that the journal tells.
type ChangeInfo struct {
	Inode string `json:"inode"` // N@TID
	Time  string `json:"time"`  // of the commit
	What  string `json:"what"`
}

// StatOptions say how much Stat looks up.
type StatOptions struct {
	Hash    bool // the SHA-256 of a regular file
	Paths   bool // all paths of the file: walks the whole filesystem
	History bool // the older states that the journal tells
}

// Stat tells all of one file. path is shown only. What cannot be read is listed in
// Errors; an error means that there is no such file.
func (v *Volume) Stat(ctx context.Context, ref filesystem.Ref, path string, opts StatOptions) (*FileStat, error) {
	in, err := v.FS.Inode(ref)
	if err != nil {
		return nil, err
	}
	st := &FileStat{
		Volume: v.ID, Path: text.Escape(path), Type: in.TypeName(), Mode: fmt.Sprintf("%04o", in.Mode&0o7777), UID: in.UID, GID: in.GID, ProjectID: in.ProjectID, Size: in.Size, Sectors: in.Sectors,
		Links: in.Links, Inode: in.Ref.Inode, Version: in.Ref.Version, Generation: in.Generation, State: in.State.String(), Note: text.EscapeOnce(in.Note), Flags: nonNil(filesystem.FlagNames(in.Flags)),
		Atime: stampOf(in.Atime), Mtime: stampOf(in.Mtime), Ctime: stampOf(in.Ctime), Crtime: stampOf(in.Crtime), Dtime: stampOf(in.Dtime), Xattrs: []XattrInfo{}, Extents: []ExtentInfo{}, RawMode: in.Mode,
	}
	trouble := func(what string, err error) {
		if err != nil {
			st.Errors = append(st.Errors, text.EscapeOnce(what+": "+err.Error()))
		}
	}
	st.User, st.Group = v.userName("/etc/passwd", in.UID), v.userName("/etc/group", in.GID)
	switch in.Mode & filesystem.ModeType {
	case filesystem.ModeSymlink:
		target, err := v.FS.Readlink(ref)
		trouble("target", err)
		st.Target = text.Escape(target)
	case filesystem.ModeChar, filesystem.ModeBlock:
		st.Device = fmt.Sprintf("%d:%d", in.Major, in.Minor)
	}
	xattrs, err := v.FS.Xattrs(ref)
	trouble("extended attributes", err)
	for _, x := range xattrs {
		info := XattrInfo{Name: text.Escape(x.Name), Value: text.Escape(string(x.Value))}
		if strings.HasPrefix(x.Name, "system.posix_acl_") {
			acl, err := filesystem.ACL(x.Value)
			trouble(x.Name, err)
			info.ACL = acl
		}
		if x.Name == "security.capability" {
			c, err := filesystem.ParseCapabilities(x.Value)
			trouble(x.Name, err)
			info.Capabilities = c.String()
		}
		st.Xattrs = append(st.Xattrs, info)
	}
	if f, err := v.FS.Open(ref); err != nil {
		trouble("content", err)
	} else {
		exts, err := f.Extents()
		trouble("extents", err)
		for _, e := range exts {
			if e.Length > 0 {
				st.Extents = append(st.Extents, ExtentInfo{e.Logical, v.Offset + e.Physical, e.Length, e.Unwritten})
			}
		}
		if opts.Hash && in.IsRegular() {
			sum, _, err := v.HashFile(ctx, ref, make([]byte, 1<<20))
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			trouble("content", err)
			st.SHA256 = sum
		}
	}
	if opts.Paths {
		err := v.FS.Walk(ctx, filesystem.WalkOptions{Orphans: true, Deleted: ref.Version != 0 || in.State == filesystem.Deleted}, func(e *filesystem.Entry) error {
			if e.Inode != nil && e.Inode.Ref == in.Ref && e.Path != "" {
				st.Paths = append(st.Paths, text.Escape(e.Path))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if h, ok := v.FS.(filesystem.HistoryFS); ok && opts.History {
		err := h.History(ctx, func(c *filesystem.Change) error {
			if c.Ref.Inode == in.Ref.Inode {
				st.History = append(st.History, ChangeInfo{c.Ref.String(), stampOf(c.Time), text.EscapeOnce(c.What)})
			}
			return nil
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		trouble("history", err)
	}
	return st, nil
}

// userName looks an id up in a file of the volume like /etc/passwd or /etc/group:
// name:password:id. Empty if it is not there.
func (v *Volume) userName(file string, id uint32) string {
	b, ok := readSmall(single{v}, file)
	if !ok {
		return ""
	}
	want := fmt.Sprint(id)
	for _, line := range strings.Split(string(b), "\n") {
		if f := strings.SplitN(line, ":", 4); len(f) >= 3 && f[2] == want {
			return text.Escape(f[0])
		}
	}
	return ""
}
