package host

import (
	"path"
	"sort"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/host/container"
)

// Host is one system within the volumes: the server itself, or the tree of a container
// or chroot. It is a [filesystem.Tree]: paths are those that the system saw.
type Host struct {
	ID     string // h1 is the server itself
	Kind   Kind
	Volume *Volume // of its root
	Root   string  // its root directory on that volume, without links; empty: that of the volume
	// Lower are the layers below the root directory, uppermost first, of a container whose
	// root is laid together (overlayfs).
	Lower  []Dir
	Mounts []Mount
	Homes  []Home
	System artifact.System
	// Container is what its engine says of it, nil where none does.
	Container *container.Container

	mounts map[string][]part // by mount point
	full   bool              // there were more than are kept
	cover  []view            // what of the volumes it sees, see Paths
	homes  map[string]string // the user by home directory
	above  map[string]bool   // directories above home directories
}

// Kind says what sort of system a host is.
type Kind string

// The kinds of hosts.
const (
	Server    Kind = "server"    // the one that the analysis is about
	Other     Kind = "system"    // another system that a volume could boot: a rescue system
	Container Kind = "container" // a container, or an image that containers are made of
	Root      Kind = "root"      // the tree of a system below a directory: a chroot
)

// Dir is a directory of a volume.
type Dir struct {
	Volume *Volume
	Path   string // without links; empty: the root of the volume
}

// part is a directory that is, alone or over others, one of the host's.
type part struct {
	vol  *Volume
	ino  uint64
	real string // on vol, empty: its root
}

// node is a directory as the host sees it, or a file: then with one part.
type node struct {
	parts []part // uppermost first
	path  string // in the host, empty: the root
}

// view is a directory of a volume that the host sees at another place.
type view struct {
	vol  *Volume
	real string // on vol
	path string // in the host; both empty for a root
	bind bool
}

// rootNode is where every path begins.
func (h *Host) rootNode() node {
	if m, ok := h.mounts["/"]; ok {
		return node{parts: m}
	}
	return node{}
}

// mount lets the host see directories at a path.
func (h *Host) mount(target string, parts []part, bind bool) {
	if h.mounts == nil {
		h.mounts = make(map[string][]part)
	}
	// Bind mounts that show each other double with each line.
	if len(h.mounts) >= maxMounted || len(target) > maxTarget {
		h.full = true
		return
	}
	h.mounts[target] = parts
	for _, p := range parts {
		v := view{p.vol, p.real, target, bind}
		if target == "/" {
			v.path = ""
		}
		h.cover = append(h.cover, v)
	}
}

// Lookup implements [filesystem.Tree].
func (h *Host) Lookup(name string, follow bool) (filesystem.Found, error) {
	n, err := h.find(name, follow)
	if err != nil {
		return filesystem.Found{}, err
	}
	top := n.parts[0]
	return filesystem.Found{FS: top.vol.FS, Ref: filesystem.Ref{Inode: top.ino}, Path: slashed(n.path), Real: slashed(top.real)}, nil
}

// Locate finds a file as Lookup does, and also says on which volume it is.
func (h *Host) Locate(name string, follow bool) (*Volume, filesystem.Found, error) {
	n, err := h.find(name, follow)
	if err != nil {
		return nil, filesystem.Found{}, err
	}
	top := n.parts[0]
	return top.vol, filesystem.Found{FS: top.vol.FS, Ref: filesystem.Ref{Inode: top.ino}, Path: slashed(n.path), Real: slashed(top.real)}, nil
}

// ReadDir implements [filesystem.Tree].
func (h *Host) ReadDir(name string) ([]filesystem.DirEntry, error) {
	n, err := h.find(name, true)
	if err != nil {
		return nil, err
	}
	var out []filesystem.DirEntry
	seen := make(map[string]bool)
	for i, p := range n.parts {
		list, err := p.vol.FS.ReadDir(filesystem.Ref{Inode: p.ino})
		if err != nil && len(list) == 0 {
			return nil, err
		}
		for _, e := range list {
			if e.Deleted || seen[e.Name] {
				continue
			}
			seen[e.Name] = true
			if len(n.parts) > 1 && i < len(n.parts) && whiteout(p.vol.FS, e) {
				continue
			}
			out = append(out, e)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// UserOf says whose home directory a path of the host lies in, empty if in none.
func (h *Host) UserOf(p string) string { return h.homes[h.HomeOf(p)] }

// HomeOf gives the home directory in which a path of the host lies, empty if in none.
func (h *Host) HomeOf(p string) string {
	for dir := path.Dir(p); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if h.IsHome(dir) {
			return dir
		}
	}
	return ""
}

// IsHome says whether a path of the host is a home directory that passwd(5) names.
func (h *Host) IsHome(p string) bool {
	_, ok := h.homes[p]
	return ok
}

// Sees gives the path by which the host sees a file or directory of a volume, false where
// it does not see it.
func (h *Host) Sees(v *Volume, real string) (string, bool) {
	best, found := view{}, false
	for _, c := range h.cover {
		if c.vol == v && below(real, c.real) && (!found || len(c.real) > len(best.real) || len(c.real) == len(best.real) && best.bind && !c.bind) {
			best, found = c, true
		}
	}
	if !found {
		return "", false
	}
	return slashed(best.path + real[len(best.real):]), true
}

// below says whether a path is a directory, or lies below it; both without a slash at
// their end.
func below(p, dir string) bool {
	return strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/')
}

func slashed(p string) string {
	if p == "" {
		return "/"
	}
	return p
}

// unslashed is the other way round: the root is empty.
func unslashed(p string) string {
	if p = path.Clean("/" + p); p == "/" {
		return ""
	}
	return p
}

// Binds gives the paths at which bind mounts show what stands elsewhere.
func (h *Host) Binds() (out []string) {
	for _, c := range h.cover {
		if c.bind {
			out = append(out, c.path)
		}
	}
	return out
}

// Dirs gives the directories of volumes that the host sees at a path, links followed:
// several where layers lie over each other; none for what is no directory.
func (h *Host) Dirs(p string) (out []Dir) {
	n, err := h.find(p, true)
	if err != nil {
		return nil
	}
	for _, x := range n.parts {
		if in, err := x.vol.FS.Inode(filesystem.Ref{Inode: x.ino}); err == nil && in.IsDir() {
			out = append(out, Dir{x.vol, x.real})
		}
	}
	return out
}

// AboveHome says whether a home directory lies below a path.
func (h *Host) AboveHome(p string) bool { return h.above[p] }
