package host

import (
	"sort"
	"strings"

	"icecore/forensics/host/container"
)

// Marks gathers, while the volumes are walked, the places that tell where a system stands:
// the root directory of a server, a container or a chroot is known by what it holds, not
// by its path. The zero value is ready. It is for one goroutine.
type Marks struct {
	byVolume map[*Volume]*marks
	n        int
	Cut      bool // there were more than are kept
}

type marks struct {
	releases []string        // directories with an os-release(5)
	accounts map[string]bool // directories with etc/passwd
	shells   map[string]bool // directories with a shell
	layers   []string        // directories with a file "link" beside what may be a layer
	shaped   map[string]bool // directories that are named as layers are
	engines  map[container.Root]bool
}

// maxMarks bounds the places that are kept.
const maxMarks = 200_000

// See looks at the path of a live file, not a directory, of a volume.
func (m *Marks) See(v *Volume, p string) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return
	}
	dir, name := p[:i], p[i+1:]
	switch name {
	case "os-release":
		root, ok := strings.CutSuffix(dir, "/etc")
		if !ok {
			root, ok = strings.CutSuffix(dir, "/usr/lib")
		}
		if ok {
			m.add(v, func(x *marks) { x.releases = append(x.releases, strings.Clone(root)) })
		}
	case "passwd":
		if root, ok := strings.CutSuffix(dir, "/etc"); ok {
			m.add(v, func(x *marks) { x.accounts[strings.Clone(root)] = true })
		}
	case "sh", "bash", "dash", "ash", "busybox", "toybox":
		root, ok := strings.CutSuffix(dir, "/usr/bin")
		if !ok {
			root, ok = strings.CutSuffix(dir, "/bin")
		}
		if ok {
			m.add(v, func(x *marks) { x.shells[strings.Clone(root)] = true })
		}
	case "link":
		m.add(v, func(x *marks) { x.layers = append(x.layers, strings.Clone(dir)) })
	}
	m.seeEngine(v, p)
}

// SeeDir looks at the path of a directory of a volume: the layers of containers stand in
// directories of a known shape, whatever became of what their engine says of them.
func (m *Marks) SeeDir(v *Volume, dir string) {
	m.seeEngine(v, dir)
	for _, shape := range layerShapes {
		at := strings.Index(dir+"/", shape.mid)
		if at < 0 {
			continue
		}
		id, rest, _ := strings.Cut((dir + "/")[at+len(shape.mid):], "/")
		last, _, _ := strings.Cut(rest, "/")
		if id == "" || last != shape.last && shape.last != "" {
			continue
		}
		root := dir[:at+len(shape.mid)+len(id)]
		if last == shape.last && shape.last != "" {
			root += "/" + last
		}
		m.add(v, func(x *marks) { x.shaped[root] = true })
		return
	}
}

// layerShapes are how container engines name the directories of layers.
var layerShapes = []struct{ mid, last string }{
	{"/overlay2/", "diff"}, {"/overlay/", "diff"}, {"/aufs/diff/", ""}, {"/snapshots/", "fs"},
}

func (m *Marks) add(v *Volume, fn func(*marks)) {
	if m.n++; m.n > maxMarks {
		m.Cut = true
		return
	}
	x := m.byVolume[v]
	if x == nil {
		if m.byVolume == nil {
			m.byVolume = make(map[*Volume]*marks)
		}
		x = &marks{accounts: make(map[string]bool), shells: make(map[string]bool), shaped: make(map[string]bool), engines: make(map[container.Root]bool)}
		m.byVolume[v] = x
	}
	fn(x)
}

// roots gives the root directories of systems on a volume, sorted.
func (x *marks) roots() []string {
	seen := make(map[string]bool)
	for _, r := range x.releases {
		seen[r] = true
	}
	for r := range x.accounts {
		if x.shells[r] || deployment(r) {
			seen[r] = true
		}
	}
	out := make([]string, 0, len(seen))
	for r := range seen {
		out = append(out, r)
	}
	sort.Strings(out)
	return out
}
