package report

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/text"
)

// ListingOptions say how a listing looks.
type ListingOptions struct {
	// Long adds to each line of JSON what stat(2) does not tell: crtime, dtime,
	// flags, xattrs, state, generation, note.
	Long bool
	// Names shows the last component of a path alone, as for one directory.
	Names bool
}

// ListingJSON writes a listing as JSON, one object a line. The fields are those
// that a mounted filesystem shows: path, type, mode, uid, gid, size, nlink, inode,
// mtime, ctime, atime (nanoseconds since 1970), target of a symbolic link, rdev of
// a device, sha256 where asked for, error where the kernel would refuse. What is
// not live has state, too.
func ListingJSON(w io.Writer, v *host.Volume, list []host.Listed, o ListingOptions) error {
	buf := make([]byte, 0, 64<<10)
	for i := range list {
		buf = appendListed(buf, v, &list[i], o)
		if len(buf) > 60<<10 || i == len(list)-1 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return nil
}

func appendListed(b []byte, v *host.Volume, l *host.Listed, o ListingOptions) []byte {
	in := l.Inode
	b = append(b, `{"path": `...)
	b = text.AppendQuoted(b, l.Path)
	if !l.NoInode {
		b = append(append(append(b, `, "type": "`...), in.TypeName()...), '"')
		b = append(b, `, "mode": "`...)
		b = append(filesystem.AppendOctal(b, in.Mode), '"')
		b = appendUint(b, "uid", uint64(in.UID))
		b = appendUint(b, "gid", uint64(in.GID))
		b = strconv.AppendInt(append(b, `, "size": `...), in.Size, 10)
		b = appendUint(b, "nlink", uint64(in.Links))
		b = appendUint(b, "inode", in.Ref.Inode)
		b = appendNanoseconds(b, "mtime", in.Mtime)
		b = appendNanoseconds(b, "ctime", in.Ctime)
		b = appendNanoseconds(b, "atime", in.Atime)
		switch in.Mode & filesystem.ModeType {
		case filesystem.ModeSymlink:
			b = text.AppendQuoted(append(b, `, "target": `...), l.Target)
		case filesystem.ModeChar, filesystem.ModeBlock:
			b = strconv.AppendUint(append(b, `, "rdev": "`...), uint64(in.Major), 10)
			b = append(strconv.AppendUint(append(b, ':'), uint64(in.Minor), 10), '"')
		}
		if l.SHA256 != "" {
			b = append(append(append(b, `, "sha256": "`...), l.SHA256...), '"')
		}
	}
	if l.Err != nil {
		b = append(append(append(b, `, "error": "`...), host.Errno(l.Err, in)...), '"')
	}
	if o.Long && !l.NoInode {
		b = appendLong(b, v, l)
	}
	if o.Long && l.Err != nil {
		b = text.AppendQuoted(append(b, `, "error_text": `...), l.Err.Error())
	}
	if o.Long || in.State != filesystem.Live || l.NameDeleted {
		b = text.AppendQuoted(append(b, `, "state": `...), listedState(l))
	}
	if in.Ref.Version != 0 {
		b = appendUint(b, "version", uint64(in.Ref.Version))
	}
	return append(b, '}', '\n')
}

func appendLong(b []byte, v *host.Volume, l *host.Listed) []byte {
	in := l.Inode
	if in.Crtime.Known {
		b = appendNanoseconds(b, "crtime", in.Crtime)
	}
	if in.Dtime.Known {
		b = appendNanoseconds(b, "dtime", in.Dtime)
	}
	b = appendUint(b, "sectors", in.Sectors)
	b = appendUint(b, "generation", uint64(in.Generation))
	b = append(b, `, "flags": [`...)
	for i, f := range filesystem.FlagNames(in.Flags) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = text.AppendQuoted(b, f)
	}
	b = append(b, `], "xattrs": {`...)
	xattrs, err := v.FS.Xattrs(in.Ref)
	for i, x := range xattrs {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(text.AppendQuoted(b, x.Name), ": "...)
		b = text.AppendQuoted(b, string(x.Value))
	}
	b = append(b, '}')
	if err != nil {
		b = text.AppendQuoted(append(b, `, "xattrs_error": `...), err.Error())
	}
	if in.Note != "" {
		b = text.AppendQuoted(append(b, `, "note": `...), in.Note)
	}
	return b
}

func listedState(l *host.Listed) string {
	if l.NameDeleted {
		return filesystem.Deleted.String()
	}
	return l.Inode.State.String()
}

func appendUint(b []byte, name string, v uint64) []byte {
	b = append(append(append(b, `, "`...), name...), `": `...)
	return strconv.AppendUint(b, v, 10)
}

func appendNanoseconds(b []byte, name string, t filesystem.Time) []byte {
	b = append(append(append(b, `, "`...), name...), `": `...)
	if -9e9 < t.Sec && t.Sec < 9e9 {
		return strconv.AppendInt(b, t.Sec*1e9+int64(t.Nsec), 10)
	}
	return append(b, t.Nanoseconds()...)
}

// Listing writes a listing for a reader: one line a file, as `ls -l` does.
func Listing(w io.Writer, list []host.Listed, o ListingOptions) error {
	var links, uid, gid, size, ino int
	states := false
	for i := range list {
		in := list[i].Inode
		links, uid, gid = max(
			links,
			digits(uint64(in.Links)),
		), max(
			uid,
			digits(uint64(in.UID)),
		), max(
			gid,
			digits(uint64(in.GID)),
		)
		size, ino = max(size, len(sizeColumn(in))), max(ino, len(in.Ref.String()))
		states = states || in.State != filesystem.Live || list[i].NameDeleted
	}
	for i := range list {
		l := &list[i]
		in := l.Inode
		state := ""
		if states {
			state = fmt.Sprintf("%-7s  ", listedState(l))
		}
		hash := ""
		if l.SHA256 != "" {
			hash = "  sha256:" + l.SHA256
		}
		name := text.Escape(l.Path)
		if o.Names {
			name = text.Escape(base(l.Path))
		}
		switch {
		case in.IsSymlink():
			name += " -> " + text.Escape(l.Target)
		case l.Path == "":
			name = "(no name is known)"
		}
		if l.Err != nil {
			name += "  (" + text.EscapeOnce(l.Err.Error()) + ")"
		} else if in.Note != "" {
			name += "  (" + text.EscapeOnce(in.Note) + ")"
		}
		if _, err := fmt.Fprintf(w, "%s%*s  %s %*d %*d %*d %*s  %s  %s%s\n", state, ino, in.Ref, filesystem.ModeString(in.Mode), links, in.Links, uid, in.UID, gid, in.GID, size, sizeColumn(in), shortTime(in.Mtime), name, hash); err != nil {
			return err
		}
	}
	return nil
}

// base is the last component of a path, as it stands.
func base(p string) string {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] == '/' && i+1 < len(p) {
			return p[i+1:]
		}
	}
	return p
}

func digits(n uint64) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}

func sizeColumn(in *filesystem.Inode) string {
	if t := in.Mode & filesystem.ModeType; t == filesystem.ModeBlock || t == filesystem.ModeChar {
		return fmt.Sprintf("%d,%d", in.Major, in.Minor)
	}
	return strconv.FormatInt(in.Size, 10)
}

func shortTime(t filesystem.Time) string {
	if !t.Known {
		return "-                   "
	}
	return t.Time().Format(time.RFC3339)
}
