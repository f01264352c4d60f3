package host

import (
	"context"
	"sort"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host/container"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Engines is what the container engines of the server say.
type Engines struct {
	Containers []Contained
	Images     []container.Image
}

// Contained is a container with the place of what says most of it.
type Contained struct {
	container.Container
	Volume *Volume // nil: not found again
	Real   string  // the path on the volume of the file that states it
	Inode  uint64
	// Host is the host of its root, nil where the root was not found.
	Host *Host
	// HostPath says that the paths of the container are those of the server: else it is on
	// a volume that the server does not see, and they are those of the volume.
	HostPath bool
}

// seeEngine looks at the path of a file or directory for what an engine leaves.
func (m *Marks) seeEngine(v *Volume, p string) {
	r, ok := container.Match(p)
	if !ok {
		return
	}
	if x := m.byVolume[v]; x != nil && x.engines[r] {
		return
	}
	r.Dir = strings.Clone(r.Dir)
	m.add(v, func(x *marks) { x.engines[r] = true })
}

// readEngines reads what the engines say, and tells the layers of their roots.
func (hs *Hosts) readEngines(ctx context.Context, img *Image, m *Marks, l *layers) {
	server := hs.List[0]
	var seen []container.Root
	for _, v := range img.Volumes {
		x := m.byVolume[v]
		if x == nil {
			continue
		}
		var unseen []container.Root
		for r := range x.engines {
			p, ok := server.Sees(v, unslashed(r.Dir))
			if ok {
				_, err := server.Lookup(p, true) // the mount point may be gone
				ok = err == nil
			}
			if ok {
				seen = append(seen, container.Root{Kind: r.Kind, Dir: p})
			} else {
				unseen = append(unseen, r)
			}
		}
		hs.readRoots(ctx, single{v}, v, unseen, l)
	}
	hs.readRoots(ctx, server, nil, seen, l)
}

// readRoots reads the state directories that one tree shows; v is the volume that the tree
// is of, nil for the server.
func (hs *Hosts) readRoots(ctx context.Context, tree filesystem.Tree, v *Volume, roots []container.Root, l *layers) {
	if len(roots) == 0 {
		return
	}
	sort.Slice(roots, func(i, j int) bool {
		a, b := roots[i], roots[j]
		return a.Dir < b.Dir || a.Dir == b.Dir && a.Kind < b.Kind
	})
	var got container.Result
	err := guard.Do("containers", func() error {
		var err error
		got, err = container.ReadAll(ctx, tree, roots)
		return err
	})
	if err != nil && ctx.Err() == nil {
		got.Problems = append(got.Problems, container.Problem{Place: container.Place{Path: roots[0].Dir}, Why: err.Error(), Cut: true})
	}
	find := hs.List[0].Locate
	if v != nil {
		find = single{v}.Locate
	}
	locate := func(name string) (*Volume, string, uint64) {
		on, f, err := find(name, true)
		if err != nil {
			return nil, "", 0
		}
		return on, f.Real, f.Ref.Inode
	}
	dirs := func(state string, list []string) []Dir {
		out := make([]Dir, 0, len(list))
		for _, name := range list {
			// What an engine states is anybody's who may write its files: only what lies in its
			// own directory is taken out of the server.
			on, f, err := find(name, true)
			if err != nil || !strings.HasPrefix(f.Path, strings.TrimSuffix(state, "/")+"/") {
				break
			}
			out = append(out, Dir{on, unslashed(f.Real)})
		}
		return out
	}
	for i := range got.Containers {
		c := Contained{Container: got.Containers[i], HostPath: v == nil}
		c.Volume, c.Real, c.Inode = locate(c.Source.Path)
		if c.Engine != container.OSTree { // deployments are found by what they hold
			l.chain(dirs(c.Root, c.Layers))
		}
		hs.Engines.Containers = append(hs.Engines.Containers, c)
	}
	for _, i := range got.Images {
		l.chain(dirs(i.Root, i.Layers))
		hs.Engines.Images = append(hs.Engines.Images, i)
	}
	for _, s := range got.Snapshots {
		l.chain(dirs(s.Root, s.Layers))
	}
	for _, p := range got.Problems {
		src := model.Source{Path: p.Path, Host: hs.List[0].ID, Member: p.Member, DiskOffset: -1}
		if on, real, ino := locate(p.Path); on != nil {
			src.Volume, src.Path, src.Inode = on.ID, real, ino
		}
		weight := model.Partial
		if p.Cut {
			weight = model.Decisive
		}
		hs.Gaps = append(hs.Gaps, model.Gap{
			Subject: model.SubjectFile, Source: src, What: model.Msg("gap.containers", "path", p.Path, "member", p.Member),
			Why: model.Msg("why.error", "error", text.Raw(p.Why)), Weight: weight,
		})
	}
}

// chain notes the layers of a root, the uppermost first.
func (l *layers) chain(dirs []Dir) {
	for n, d := range dirs {
		l.all[d] = true
		if n > 0 {
			l.under[d] = true
		}
	}
	if len(dirs) > 1 && len(dirs)-1 > len(l.below[dirs[0]]) {
		l.below[dirs[0]] = dirs[1:]
	}
}

// name tells the containers which host is theirs, and the hosts which container.
func (hs *Hosts) name() {
	byRoot := make(map[Dir]*Host)
	for _, h := range hs.List {
		if h.Volume != nil && h.Kind != Server {
			byRoot[Dir{h.Volume, h.Root}] = h
		}
	}
	for i := range hs.Engines.Containers {
		c := &hs.Engines.Containers[i]
		if len(c.Layers) == 0 || !c.HostPath && c.Volume == nil {
			continue
		}
		var tree interface {
			Locate(name string, follow bool) (*Volume, filesystem.Found, error)
		} = hs.List[0]
		if !c.HostPath {
			tree = single{c.Volume}
		}
		on, f, err := tree.Locate(c.Layers[0], true)
		if err != nil {
			continue
		}
		if h := byRoot[Dir{on, unslashed(f.Real)}]; h != nil {
			c.Host = h
			if h.Container == nil {
				h.Container = &c.Container
			}
		}
	}
}

// Locate is as [Host.Locate].
func (s single) Locate(name string, follow bool) (*Volume, filesystem.Found, error) {
	f, err := s.Lookup(name, follow)
	return s.v, f, err
}

// Record gives the record of a container, whole but for what identifies the analysis.
func (c *Contained) Record(server *Host) model.Record {
	r := c.Container.Record()
	r.Source.Host = server.ID
	if !c.HostPath {
		r.Source.HostPath = ""
	}
	if c.Volume != nil {
		r.Source.Image, r.Source.Volume, r.Source.Path, r.Source.Inode = c.Volume.Image.ID, c.Volume.ID, c.Real, c.Inode
	}
	if r.Source.HostPath == r.Source.Path {
		r.Source.HostPath = ""
	}
	if c.Host != nil {
		r.Add("root", c.Host.ID)
	}
	return r
}
