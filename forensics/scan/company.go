package scan

import (
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/content/filetype"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// moduleRE matches the names of kernel modules, compressed ones, too.
var moduleRE = regexp.MustCompile(`\.ko(?:\.(?:xz|zst|gz))?$`)

// shellCopy says whether a program has the content of a shell or an interpreter of the host.
func (s *Scan) shellCopy(h *host.Host, in *filesystem.Inode, c *content) bool {
	for _, name := range []string{"/usr/bin/bash", "/usr/bin/dash", "/usr/bin/sh", "/bin/bash", "/bin/dash", "/bin/busybox", "/usr/bin/busybox", "/usr/bin/zsh", "/usr/bin/find", "/usr/bin/python3"} {
		found, err := h.Lookup(name, true)
		if err != nil {
			continue
		}
		other, err := found.Inode()
		if err != nil || other.Size != in.Size || other.Ref == in.Ref {
			continue
		}
		f, err := found.Open()
		if err != nil {
			continue
		}
		head := make([]byte, min(len(c.head), 4096))
		if n, _ := f.ReadAt(head, 0); bytes.Equal(head[:n], c.head[:n]) {
			return true
		}
	}
	return false
}

// appendedScript says whether a picture goes on as a script behind its end: IEND of a PNG,
// EOI of a JPEG, the trailer of a GIF.
func appendedScript(b []byte) bool {
	var end []byte
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n")):
		end = []byte("IEND\xaeB`\x82")
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		end = []byte("\xff\xd9")
	case bytes.HasPrefix(b, []byte("GIF8")):
		end = []byte("\x00;")
	default:
		return false
	}
	for from, n := 0, 0; n < 64; n++ {
		i := bytes.Index(b[from:], []byte("#!/"))
		if i < 0 {
			return false
		}
		if bytes.HasSuffix(bytes.TrimRight(b[:from+i], "\r\n \x00"), bytes.TrimRight(end, "\x00")) {
			return true
		}
		from += i + 3
	}
	return false
}

// sharedObject says whether an ELF file is a library: of type ET_DYN, without an
// interpreter (PT_INTERP) among its first program headers.
func sharedObject(b []byte) bool {
	if len(b) < 64 || b[4] != 2 || b[5] != 1 || b[16] != 3 || b[17] != 0 {
		return false
	}
	at, size, n := binary.LittleEndian.Uint64(b[32:]), uint64(binary.LittleEndian.Uint16(b[54:])), uint64(binary.LittleEndian.Uint16(b[56:]))
	if size < 4 || at > uint64(len(b)) || n > 64 {
		return false
	}
	for i := range n {
		from := at + i*size
		if from+4 > uint64(len(b)) {
			return false
		}
		if binary.LittleEndian.Uint32(b[from:]) == 3 {
			return false
		}
	}
	return n > 0
}

// ownTree says whether a program in a world-writable directory lies in a tree that a user
// made there, as compilers and installers do: two directories deep and not root's, or with a script or
// description of its name beside it.
func (s *Scan) ownTree(h *host.Host, p string, in *filesystem.Inode) bool {
	for _, d := range []string{"/tmp/", "/var/tmp/"} {
		rest, ok := strings.CutPrefix(p, d)
		if !ok || strings.Contains(p, "/.") || detect.Disguised(p) {
			continue
		}
		if in.UID >= 1000 && strings.Count(rest, "/") >= 2 {
			return true
		}
		if strings.Count(rest, "/") == 0 {
			return false
		}
		for _, name := range s.near.names(h, path.Dir(p)) { // an installer's, with its script beside
			if strings.HasPrefix(name, path.Base(p)+".") {
				return true
			}
		}
	}
	return false
}

// runsAsText says whether a file is a text that something executes: a unit, a module of an
// interpreter, functions that init scripts load.
func runsAsText(p string) bool {
	switch path.Ext(p) {
	case ".service", ".timer", ".socket", ".path":
		return strings.Contains(p, "/systemd/")
	case ".rules":
		return strings.Contains(p, "/udev/")
	case ".py", ".pm", ".pl", ".sh":
		return true
	}
	return strings.HasPrefix(p, "/lib/lsb/") || strings.HasPrefix(p, "/usr/lib/lsb/")
}

// homeFor gives the home directory of whom a record is about: in which its file lies, or of
// the user that it names.
func (s *Scan) homeFor(h *host.Host, r *artifact.Record) string {
	if h == nil {
		return ""
	}
	if home := h.HomeOf(r.Source.InHost()); home != "" {
		return home
	}
	switch u := r.Get("user"); {
	case u == "root":
		return "/root"
	case u != "" && h.IsHome("/home/"+u):
		return "/home/" + u
	}
	return ""
}

// Home gives the home directory of a host in which a path lies, empty: none.
func (s *Scan) Home(id, p string) string {
	if h := s.hosts.Host(id); h != nil {
		return h.HomeOf(p)
	}
	return ""
}

// judged fills in what detection asks of a program that nobody is known to have brought.
func (s *Scan) judged(h *host.Host, found filesystem.Found, f *detect.FileFact) {
	f.Place = detect.PlaceOf(found.Path, h.HomeOf(found.Path))
	head := make([]byte, 512)
	if file, err := found.Open(); err == nil {
		n, _ := io.ReadFull(io.NewSectionReader(file, 0, min(file.Size(), int64(len(head)))), head)
		f.Type = string(filetype.Of(head[:n]))
	}
	f.Company = s.near.company(h, found.Path)
	if f.Place == detect.PlacePrograms || f.Place == detect.PlaceData {
		f.Company.LookAlike = s.owned(h).Like(path.Base(found.Path))
	}
}

// owned gives the names of the programs that packages own where programs are looked for,
// read once of each host.
func (s *Scan) owned(h *host.Host) *detect.Names {
	s.near.mu.Lock()
	defer s.near.mu.Unlock()
	if n, ok := s.near.owned[h]; ok {
		return n
	}
	var names []string
	for _, dir := range []string{"/usr/bin", "/usr/sbin", "/usr/lib/systemd", "/usr/lib/udev"} {
		list, err := h.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range list {
			if s.ownership(site{h, dir + "/" + e.Name}, filesystem.Live, 0).owner != "" {
				names = append(names, e.Name)
			}
		}
	}
	n := detect.NewNames(names)
	if s.near.owned == nil {
		s.near.owned = make(map[*host.Host]*detect.Names)
	}
	s.near.owned[h] = n
	return n
}

// builtByDKMS says whether DKMS keeps the source or the build of a module on the host.
func (s *Scan) builtByDKMS(h *host.Host, name string) bool {
	module, _, _ := strings.Cut(name, ".ko")
	for _, t := range s.near.dkmsOf(h) {
		if strings.EqualFold(t.name, module) || strings.Contains(t.conf, module) {
			return true
		}
	}
	return false
}
