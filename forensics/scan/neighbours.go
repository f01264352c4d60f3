package scan

import (
	"path"
	"slices"
	"strings"
	"sync"

	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

const (
	treeFiles  = 6       // other files around a program that was brought with them
	maxBeside  = 400     // entries of a directory that are looked at
	maxNear    = 2_000   // directories that are remembered
	maxDKMS    = 4 << 20 // bytes of the settings of DKMS on one host
	maxVersion = 16      // versions of one module
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

// neighbours remembers what stands in directories: of a thousand programs of one directory
// each has the others as company. The zero value is ready.
type neighbours struct {
	mu    sync.Mutex
	dirs  map[nearDir]*listing
	owned map[*host.Host]*detect.Names
	dkms  map[*host.Host][]dkmsTree
}

type nearDir struct {
	host *host.Host
	path string
}

// listing is a directory, as far as it is looked at.
type listing struct {
	names    []string // the first in order
	entries  int      // all of them, up to maxBeside
	counted  bool
	programs []string // executable files among names, two at the most
}

// dkmsTree is a module in the tree of DKMS, with the settings of its versions.
type dkmsTree struct{ name, conf string }

// list gives a directory; the caller holds the lock.
func (n *neighbours) list(h *host.Host, dir string) *listing {
	key := nearDir{h, dir}
	if l, ok := n.dirs[key]; ok {
		return l
	}
	l := &listing{}
	if list, err := h.ReadDir(dir); err == nil {
		l.entries = min(len(list), maxBeside)
		for _, e := range list[:l.entries] {
			if e.Name != "." && e.Name != ".." {
				l.names = append(l.names, e.Name)
			}
		}
	}
	if n.dirs == nil {
		n.dirs = make(map[nearDir]*listing)
	}
	if len(n.dirs) < maxNear {
		n.dirs[key] = l
	}
	return l
}

// names gives the names in a directory.
func (n *neighbours) names(h *host.Host, dir string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.list(h, dir).names
}

// tree says whether many other files stand around a program.
func (n *neighbours) tree(h *host.Host, p string) bool {
	dir := path.Dir(p)
	if baseDirs[dir] {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.list(h, dir)
	around := len(l.names)
	if slices.Contains(l.names, path.Base(p)) {
		around--
	}
	if up := path.Dir(dir); !baseDirs[up] && !h.IsHome(up) {
		around += max(0, n.list(h, up).entries-3)
	}
	return around >= treeFiles
}

// company looks at what stands around a program.
func (n *neighbours) company(h *host.Host, p string) (c detect.Company) {
	dir := path.Dir(p)
	if baseDirs[dir] {
		return c
	}
	c.Tree = n.tree(h, p)
	name, own := path.Base(p), path.Base(dir)
	if c.Tree || strings.HasPrefix(name, own) {
		return c
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.list(h, dir)
	if !l.counted {
		l.counted = true
		for _, other := range l.names {
			if len(l.programs) < 2 && isProgram(h, dir+"/"+other) {
				l.programs = append(l.programs, other)
			}
		}
	}
	c.Alone = len(l.names) > 0 && !slices.ContainsFunc(l.programs, func(other string) bool { return other != name })
	return c
}

func isProgram(h *host.Host, p string) bool {
	found, err := h.Lookup(p, true)
	if err != nil {
		return false
	}
	in, err := found.Inode()
	return err == nil && in.IsRegular() && in.Mode&0o111 != 0
}

// dkmsOf gives the modules that DKMS keeps on a host, read once.
func (n *neighbours) dkmsOf(h *host.Host) []dkmsTree {
	n.mu.Lock()
	defer n.mu.Unlock()
	if list, ok := n.dkms[h]; ok {
		return list
	}
	var out []dkmsTree
	left := maxDKMS
	for _, name := range n.list(h, "/var/lib/dkms").names {
		t := dkmsTree{name: name}
		versions := n.list(h, "/var/lib/dkms/"+name).names
		for _, v := range versions[:min(len(versions), maxVersion)] {
			for _, dir := range []string{"/source/dkms.conf", "/build/dkms.conf"} {
				b, err := filesystem.ReadFile(h, "/var/lib/dkms/"+name+"/"+v+dir, 64<<10)
				if err == nil && len(b) <= left {
					left -= len(b)
					t.conf += string(b) + "\n"
				}
			}
		}
		out = append(out, t)
	}
	if n.dkms == nil {
		n.dkms = make(map[*host.Host][]dkmsTree)
	}
	n.dkms[h] = out
	return out
}
