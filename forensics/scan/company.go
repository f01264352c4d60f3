package scan

import (
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"regexp"
	"strings"
	"unicode"

	"icecore/forensics/artifact"
	"icecore/forensics/content/filetype"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

const (
	treeFiles  = 6   // other files around a program that was brought with them
	maxBeside  = 400 // entries of a directory that are looked at
	maxHomeDir = 16
)

// baseDirs are directories that exist before anything is brought: what stands in one of them
// says nothing of its neighbours.
var baseDirs = map[string]bool{
	"/": true, "/usr": true, "/usr/bin": true, "/usr/sbin": true, "/usr/lib": true, "/usr/lib64": true, "/usr/libexec": true, "/usr/share": true,
	"/bin": true, "/sbin": true, "/lib": true, "/lib64": true, "/etc": true, "/var": true, "/var/lib": true, "/var/spool": true, "/var/log": true,
	"/var/cache": true, "/var/www": true, "/var/www/html": true, "/var/tmp": true, "/tmp": true, "/dev": true, "/dev/shm": true, "/opt": true,
	"/srv": true, "/home": true, "/root": true, "/usr/local": true, "/usr/local/bin": true, "/usr/local/sbin": true, "/usr/local/lib": true,
	"/usr/local/share": true, "/usr/include": true, "/usr/src": true, "/boot": true, "/run": true, "/media": true, "/mnt": true,
}

// moduleRE matches the names of kernel modules, compressed ones, too.
var moduleRE = regexp.MustCompile(`\.ko(?:\.(?:xz|zst|gz))?$`)

// builtByDKMS says whether DKMS keeps the source or the build of a module on the host.
func (s *Scan) builtByDKMS(h *host.Host, name string) bool {
	module, _, _ := strings.Cut(name, ".ko")
	trees, err := h.ReadDir("/var/lib/dkms")
	if err != nil {
		return false
	}
	for i, tree := range trees {
		if i >= maxBeside {
			break
		}
		if strings.EqualFold(tree.Name, module) {
			return true
		}
		versions, err := h.ReadDir("/var/lib/dkms/" + tree.Name)
		if err != nil {
			continue
		}
		for _, v := range versions[:min(len(versions), maxHomeDir)] {
			for _, dir := range []string{"/source/dkms.conf", "/build/dkms.conf"} {
				b, err := filesystem.ReadFile(h, "/var/lib/dkms/"+tree.Name+"/"+v.Name+dir, 64<<10)
				if err == nil && strings.Contains(string(b), module) {
					return true
				}
			}
		}
	}
	return false
}

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
		if !ok || strings.Contains(p, "/.") || disguised(p) {
			continue
		}
		if in.UID >= 1000 && strings.Count(rest, "/") >= 2 {
			return true
		}
		list, err := h.ReadDir(path.Dir(p)) // an installer's, with its script beside
		if err != nil || strings.Count(rest, "/") == 0 {
			return false
		}
		for _, e := range list[:min(len(list), maxBeside)] {
			if strings.HasPrefix(e.Name, path.Base(p)+".") {
				return true
			}
		}
	}
	return false
}

// disguised says whether a part of a path consists of blanks, or begins or ends with one.
func disguised(p string) bool {
	for _, part := range strings.Split(strings.Trim(p, "/"), "/") {
		if part != strings.TrimFunc(part, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }) {
			return true
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

// homeOf gives the home directory of a host in which a path lies, empty: none.
func homeOf(h *host.Host, p string) string {
	dir := path.Dir(p)
	for i := 0; i < maxHomeDir && dir != "/" && dir != "."; i++ {
		if h.IsHome(dir) {
			return dir
		}
		dir = path.Dir(dir)
	}
	return ""
}

// homeFor gives the home directory of whom a record is about: in which its file lies, or of
// the user that it names.
func (s *Scan) homeFor(h *host.Host, r *artifact.Record) string {
	if h == nil {
		return ""
	}
	if home := homeOf(h, r.Source.InHost()); home != "" {
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
		return homeOf(h, p)
	}
	return ""
}

// judged fills in what detection asks of a program that nobody is known to have brought.
func (s *Scan) judged(h *host.Host, found filesystem.Found, f *detect.FileFact) {
	f.Place = detect.PlaceOf(found.Path, homeOf(h, found.Path))
	head := make([]byte, 512)
	if file, err := found.Open(); err == nil {
		n, _ := io.ReadFull(io.NewSectionReader(file, 0, min(file.Size(), int64(len(head)))), head)
		f.Type = string(filetype.Of(head[:n]))
	}
	f.Company = s.beside(h, found.Path)
	if f.Place != detect.PlacePrograms && f.Place != detect.PlaceData {
		return
	}
	name := path.Base(found.Path)
	for _, dir := range []string{"/usr/bin", "/usr/sbin", "/usr/lib/systemd", "/usr/lib/udev"} {
		for _, other := range s.programsOf(h, dir) {
			if detect.LookAlike(name, other) && s.ownership(site{h, dir + "/" + other}, filesystem.Live, 0).owner != "" {
				f.Company.LookAlike = other
				return
			}
		}
	}
}

// programsOf lists a directory of programs.
func (s *Scan) programsOf(h *host.Host, dir string) []string {
	list, err := h.ReadDir(dir)
	if err != nil {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, e.Name)
	}
	return out
}

// beside looks at what stands around a program.
func (s *Scan) beside(h *host.Host, p string) (c detect.Company) {
	dir := path.Dir(p)
	if baseDirs[dir] {
		return c
	}
	list, err := h.ReadDir(dir)
	if err != nil {
		return c
	}
	files, programs := 0, 0
	for i, e := range list {
		if i >= maxBeside {
			break
		}
		if e.Name == "." || e.Name == ".." || e.Name == path.Base(p) {
			continue
		}
		files++
		if found, err := h.Lookup(dir+"/"+e.Name, true); err == nil {
			if in, err := found.Inode(); err == nil && in.IsRegular() && in.Mode&0o111 != 0 {
				programs++
			}
		}
	}
	around := files
	if up := path.Dir(dir); !baseDirs[up] && !h.IsHome(up) {
		if list, err := h.ReadDir(up); err == nil {
			around += max(0, min(len(list), maxBeside)-3)
		}
	}
	c.Tree = around >= treeFiles
	own := path.Base(dir)
	c.Alone = programs == 0 && !c.Tree && own != path.Base(p) && !strings.HasPrefix(path.Base(p), own)
	return c
}
