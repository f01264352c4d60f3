package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// AsJSON writes any of the results as JSON that a person can read, too.
func AsJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Stat writes all of one file for a reader.
func Stat(w io.Writer, st *host.FileStat) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	if st.Path != "" {
		line("path", "%s", st.Path)
	}
	for _, p := range st.Paths {
		line("path", "%s", p)
	}
	inode := fmt.Sprint(st.Inode)
	if st.Version != 0 {
		inode = fmt.Sprintf("%d@%d", st.Inode, st.Version)
	}
	line("inode", "%s (generation %d) on volume %s", inode, st.Generation, st.Volume)
	line("state", "%s", st.State)
	if st.Note != "" {
		line("note", "%s", st.Note)
	}
	line("type", "%s", st.Type)
	if st.Target != "" {
		line("target", "%s", st.Target)
	}
	if st.Device != "" {
		line("device", "%s (major:minor)", st.Device)
	}
	line("mode", "%s %s", st.Mode, filesystem.ModeString(st.RawMode))
	line("owner", "%d%s", st.UID, known(st.User))
	line("group", "%d%s", st.GID, known(st.Group))
	if st.ProjectID != 0 {
		line("project", "%d", st.ProjectID)
	}
	line("links", "%d", st.Links)
	line("size", "%d bytes (%d sectors of 512 allocated)", st.Size, st.Sectors)
	for _, t := range [][2]string{{"accessed", st.Atime}, {"modified", st.Mtime}, {"changed", st.Ctime}, {"created", st.Crtime}, {"deleted", st.Dtime}} {
		if t[1] != "" {
			line(t[0], "%s", t[1])
		}
	}
	if len(st.Flags) > 0 {
		line("flags", "%s", strings.Join(st.Flags, ", "))
	}
	for _, x := range st.Xattrs {
		line("xattr", "%s = %s", x.Name, x.Value)
		if x.Capabilities != "" {
			line("", "%s", x.Capabilities)
		}
		if len(x.ACL) > 0 {
			line("", "%s", strings.Join(x.ACL, ", "))
		}
	}
	const shown = 40
	for i, e := range st.Extents {
		if i == shown {
			line("", "%d more; --format json lists all", len(st.Extents)-shown)
			break
		}
		unwritten := ""
		if e.Unwritten {
			unwritten = ", unwritten: reads as zeros"
		}
		line("extent", "byte %d: %d bytes at %d of the disk%s", e.Offset, e.Length, e.DiskOffset, unwritten)
	}
	if st.SHA256 != "" {
		line("sha256", "%s", st.SHA256)
	}
	for _, c := range st.History {
		line("history", "%s %s (%s)", c.Time, c.What, c.Inode)
	}
	for _, e := range st.Errors {
		line("not read", "%s", e)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func known(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}
