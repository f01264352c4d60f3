package report

import (
	"fmt"
	"strings"

	"icecore/forensics/filesystem"
)

// place names where a source stands, without its member and state: path:line.
func (src *sourceView) place() string {
	p := or(src.shown(), "inode "+src.inode())
	if src.Line > 0 {
		p = fmt.Sprintf("%s:%d", p, src.Line)
	}
	if src.HostPath != "" && src.HostPath != src.Path {
		p += " (" + src.Volume + ":" + src.Path + ")"
	}
	if src.Version > 0 && src.Path != "" {
		p += " (inode " + src.inode() + ")"
	}
	return p
}

// shown is the path by which the host knew the file.
func (src *sourceView) shown() string { return or(src.HostPath, src.Path) }

// inode names the inode of a source, as the option --inode wants it.
func (src *sourceView) inode() string {
	return filesystem.Ref{Inode: src.Inode, Version: src.Version}.String()
}

// archived says whether a source lies within another file, other than a log that is
// packed as a whole: what lies there is not run from there.
func archived(src *sourceView) bool {
	return src != nil && src.Member != "" && unpack[src.Member] == ""
}

// unpack names the programs that unpack what a source's member says.
var unpack = map[string]string{"gzip": "zcat", "xz": "xzcat", "bzip2": "bzcat", "zstd": "zstdcat"}

// check gives the command that shows the bytes of a source.
func (v *view) check(src *sourceView) string {
	image, volume := v.Image.Path, src.Volume
	for _, o := range v.Others {
		if o.ID == src.Image {
			image, volume = o.Path, strings.TrimPrefix(volume, o.ID+".")
		}
	}
	if src.Inode == 0 && src.DiskOffset != nil { // swap space has no files
		return fmt.Sprintf(
			"icecore cat %s --disk-offset %d --length %d",
			quote(image),
			*src.DiskOffset,
			max(src.Length, 64),
		)
	}
	cmd := fmt.Sprintf("icecore cat %s --volume %s --inode %d", quote(image), volume, src.Inode)
	if src.Version > 0 {
		cmd += fmt.Sprintf("@%d", src.Version)
	}
	switch {
	case unpack[src.Member] != "": // the offset counts in the unpacked text
		cmd += " | " + unpack[src.Member]
		if src.Length > 0 {
			cmd += fmt.Sprintf(" | tail -c +%d | head -c %d", src.Offset+1, src.Length)
		}
	case src.Member != "":
		cmd += fmt.Sprintf(" --member %s --offset %d", quote(src.Member), src.Offset)
		if src.Length > 0 {
			cmd += fmt.Sprintf(" --length %d", src.Length)
		}
	case src.Length > 0:
		cmd += fmt.Sprintf(" --offset %d --length %d", src.Offset, src.Length)
	case src.Offset > 0:
		cmd += fmt.Sprintf(" --offset %d", src.Offset)
	}
	return cmd
}

// quote makes a word for a shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
