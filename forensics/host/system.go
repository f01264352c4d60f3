package host

import (
	"bufio"
	"bytes"
	"io"
	"path"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

const maxSmallFile = 64 << 10 // bytes of a file that describes the system

// readSmall reads the beginning of a file of the image, links followed.
func readSmall(t filesystem.Tree, name string) ([]byte, bool) {
	found, err := t.Lookup(name, true)
	if err != nil {
		return nil, false
	}
	f, err := found.Open()
	if err != nil || !f.Inode().IsRegular() {
		return nil, false
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, min(f.Size(), maxSmallFile)))
	return b, err == nil
}

// System reads what a root filesystem says of itself: hostname(5),
// os-release(5), machine-id(5), localtime(5).
func System(t filesystem.Tree) artifact.System {
	s := artifact.System{Zone: time.UTC, ZoneName: "UTC"}
	line := func(name string) string {
		b, ok := readSmall(t, name)
		if !ok {
			return ""
		}
		l, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
		return strings.TrimSpace(l)
	}
	s.Hostname = line("/etc/hostname")
	s.MachineID = line("/etc/machine-id")
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		b, ok := readSmall(t, name)
		if !ok {
			continue
		}
		sc := bufio.NewScanner(bytes.NewReader(b))
		for sc.Scan() {
			k, v, ok := strings.Cut(sc.Text(), "=")
			v = strings.Trim(strings.TrimSpace(v), `"'`)
			switch {
			case !ok:
			case k == "PRETTY_NAME":
				s.OS = v
			case k == "ID":
				s.OSID = v
			}
		}
		break
	}
	if s.OS == "" {
		for _, name := range []string{"/etc/redhat-release", "/etc/debian_version"} {
			if l := line(name); l != "" {
				s.OS = l
				break
			}
		}
	}
	if b, ok := readSmall(t, "/etc/localtime"); ok {
		name := "from /etc/localtime"
		if found, err := t.Lookup("/etc/localtime", false); err == nil {
			if target, err := found.FS.Readlink(found.Ref); err == nil {
				if _, z, ok := strings.Cut(path.Clean(target), "zoneinfo/"); ok {
					name = z
				}
			}
		}
		if z, err := time.LoadLocationFromTZData(name, b); err == nil {
			s.Zone, s.ZoneName = z, name
		}
	}
	if l := line("/etc/timezone"); l != "" && s.ZoneName == "from /etc/localtime" {
		s.ZoneName = l
	}
	return s
}

// TakenAt gives the best lower bound for when the image was taken, and where it
// was read. The newest commit of a journal is it: the snapshot cannot be older.
func (img *Image) TakenAt() (time.Time, string) {
	var at filesystem.Time
	source := ""
	newer := func(t filesystem.Time, from string) {
		if t.Known && (!at.Known || t.Sec > at.Sec || t.Sec == at.Sec && t.Nsec > at.Nsec) {
			at, source = t, from
		}
	}
	for _, v := range img.Volumes {
		if v.FS != nil {
			info := v.FS.Info()
			newer(info.Journal.LastCommit, info.Type+" journal commit")
			newer(info.LastWrite, info.Type+" superblock write time")
		}
	}
	return at.Time(), source
}
