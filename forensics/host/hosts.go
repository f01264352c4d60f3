package host

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Hosts are the systems within the volumes of a server: itself first, then the others by
// the place of their root.
type Hosts struct {
	List    []*Host
	Gaps    []model.Gap
	Engines Engines

	sees    map[*Volume]map[string]seen // by directory of the volume
	named   map[string]model.Weight     // of volumes that are not read, by the table of mounts
	systems map[*Volume]bool            // those whose root is that of a system
}

type seen struct {
	host *Host
	path string // by which the host sees the directory, empty: its root
}

const maxHosts = 20_000

// Find finds the systems within the volumes. What could not be found out is in the gaps.
func Find(ctx context.Context, img *Image, m *Marks) (*Hosts, error) {
	hs := &Hosts{sees: make(map[*Volume]map[string]seen), systems: make(map[*Volume]bool)}
	if m.Cut {
		hs.gap(model.Decisive, model.Source{DiskOffset: -1}, model.Msg("gap.hosts"), fmt.Errorf("more than %d places where a system may stand", maxMarks))
	}
	layers := findLayers(img, m)
	server := hs.server(img, m)
	// A volume whose root is that of a system is no part of another that mounts it.
	for _, v := range img.Volumes {
		if x := m.byVolume[v]; x != nil && slices.Contains(x.roots(), "") {
			hs.systems[v] = true
		}
	}
	hs.open(server)
	hs.readEngines(ctx, img, m, layers)
	layers.order(img)
	type spot struct {
		v    *Volume
		root string
	}
	var spots []spot
	for _, v := range img.Volumes {
		x := m.byVolume[v]
		if x == nil {
			continue
		}
		for _, r := range x.roots() {
			if p, ok := server.Sees(v, r); ok && p != "/" && server.ownDir(p) {
				continue
			}
			if !layers.is(v, r) && (v != server.Volume || r != server.Root) {
				spots = append(spots, spot{v, r})
			}
		}
	}
	for _, s := range spots {
		h := &Host{Kind: Root, Volume: s.v, Root: s.root}
		if s.root == "" || deployment(s.root) {
			h.Kind = Other
		}
		hs.open(h)
		if len(hs.List) > maxHosts {
			break
		}
	}
	for _, l := range layers.tops {
		if len(hs.List) > maxHosts {
			break
		}
		hs.open(&Host{Kind: Container, Volume: l.Volume, Root: l.Path, Lower: layers.below[l]})
	}
	if len(hs.List) > maxHosts {
		hs.gap(model.Decisive, model.Source{DiskOffset: -1}, model.Msg("gap.hosts"), fmt.Errorf("more than %d systems; the rest is read as a part of the server", maxHosts))
	}
	hs.inferred(img, server)
	hs.name()
	return hs, ctx.Err()
}

// server picks the root of the server that the analysis is about: what looks most like
// one, an ostree deployment where the volume itself holds none.
func (hs *Hosts) server(img *Image, m *Marks) *Host {
	h := &Host{Kind: Server}
	best, err := img.Root()
	if err != nil {
		return h
	}
	h.Volume = best
	if x := m.byVolume[best]; x != nil {
		for _, r := range x.roots() {
			if r == "" {
				return h
			}
		}
	}
	newest := int64(-1 << 62)
	for _, v := range img.Volumes {
		x := m.byVolume[v]
		if x == nil {
			continue
		}
		for _, r := range x.roots() {
			if !deployment(r) {
				continue
			}
			ref, _, err := filesystem.Lookup(v.FS, r, true)
			if err != nil {
				continue
			}
			if in, err := v.FS.Inode(ref); err == nil && in.Ctime.Sec > newest {
				h.Volume, h.Root, newest = v, r, in.Ctime.Sec
			}
		}
	}
	return h
}

// deployment says whether a directory is a deployment of ostree.
func deployment(root string) bool { return deploymentRE.MatchString(root) }

var deploymentRE = regexp.MustCompile(`/ostree/deploy/[^/]+/deploy/[^/]+$`)

// open makes a host usable: with its mounts, what it says of itself, and its accounts.
func (hs *Hosts) open(h *Host) {
	if h.Volume == nil {
		hs.List = append(hs.List, h)
		h.ID = fmt.Sprintf("h%d", len(hs.List))
		return
	}
	h.ID = fmt.Sprintf("h%d", len(hs.List)+1)
	hs.List = append(hs.List, h)
	if err := guard.Do("host", func() error { return hs.build(h) }); err != nil {
		hs.gap(model.Decisive, model.Source{Volume: h.Volume.ID, Path: slashed(h.Root), Host: h.ID, DiskOffset: -1}, model.Msg("gap.host", "volume", h.Volume.ID, "path", slashed(h.Root)), err)
	}
}

func (hs *Hosts) build(h *Host) error {
	var parts []part
	for _, d := range append([]Dir{{h.Volume, h.Root}}, h.Lower...) {
		ref, real, err := filesystem.Lookup(d.Volume.FS, slashed(d.Path), true)
		if err != nil {
			return err
		}
		parts = append(parts, part{d.Volume, ref.Inode, unslashed(real)})
		hs.claim(d.Volume, unslashed(real), h, "")
	}
	h.mount("/", parts, false)
	if h.Kind == Server || h.Kind == Other {
		hs.mountAll(h)
	}
	h.System = System(h)
	homes, err := homesOf(h)
	if err != nil {
		hs.gap(model.Partial, model.Source{Volume: h.Volume.ID, Path: h.Root + "/etc/passwd", Host: h.ID, DiskOffset: -1}, model.Msg("gap.homes", "host", h.ID), err)
	}
	h.setHomes(homes)
	return nil
}

// claim notes that a host sees a directory of a volume. What another has claimed stays
// the other's.
func (hs *Hosts) claim(v *Volume, real string, h *Host, p string) {
	if real == "" && hs.systems[v] && (h.Volume != v || h.Root != "") {
		return
	}
	if hs.sees[v] == nil {
		hs.sees[v] = make(map[string]seen)
	}
	if _, ok := hs.sees[v][real]; !ok {
		hs.sees[v][real] = seen{h, p}
	}
}

// mountAll makes the mounts of a host, as far as volumes hold what they name.
func (hs *Hosts) mountAll(h *Host) {
	mounts, problems := mountsOf(h)
	for _, err := range problems {
		hs.gap(model.Decisive, model.Source{Volume: h.Volume.ID, Host: h.ID, DiskOffset: -1}, model.Msg("gap.mounts", "host", h.ID), err)
	}
	rootDevice := ""
	for _, m := range mounts {
		if m.Target == "/" {
			rootDevice = m.Device
		}
	}
	if deployment(h.Root) {
		// Of each deployment, /var is the one that all of the same name share.
		hs.attach(h, &Mount{Target: "/var", Inferred: "ostree"}, h.Volume, path.Join(path.Dir(path.Dir(h.Root)), "var"))
	}
	byDepth(mounts)
	for i := range mounts {
		m := &mounts[i]
		switch {
		case m.Target == "/":
			m.Volume = h.Volume
		case m.Bind != "":
			hs.bind(h, m)
		default:
			hs.mountVolume(h, m, rootDevice)
		}
	}
	h.Mounts = append(h.Mounts, mounts...)
	if h.full {
		hs.gap(model.Decisive, model.Source{Volume: h.Volume.ID, Host: h.ID, DiskOffset: -1}, model.Msg("gap.mounts", "host", h.ID), fmt.Errorf("more than %d mount points, with those that bind mounts show again", maxMounted))
	}
}

func (hs *Hosts) mountVolume(h *Host, m *Mount, rootDevice string) {
	img := h.Volume.image()
	v, err := img.device(m.Device, h.Volume, rootDevice)
	if err == nil && v.FS == nil {
		err = fmt.Errorf("volume %s is not read: %s", v.ID, orText(v.Reason, ErrNoFilesystem.Error()))
		hs.unread(h, v, m)
	}
	if err != nil {
		hs.absent(h, m, err)
		return
	}
	m.Volume = v
	hs.attach(h, m, v, "")
}

// attach lets a host see a directory of a volume at a mount point.
func (hs *Hosts) attach(h *Host, m *Mount, v *Volume, real string) {
	ref, real, err := filesystem.Lookup(v.FS, slashed(real), true)
	if err != nil {
		hs.absent(h, m, err)
		return
	}
	m.Volume = v
	target := h.point(m.Target)
	h.mount(target, []part{{v, ref.Inode, unslashed(real)}}, false)
	hs.claim(v, unslashed(real), h, unslashed(target))
}

func (hs *Hosts) bind(h *Host, m *Mount) {
	n, err := h.find(m.Bind, true)
	if err != nil {
		return // there is nothing to see
	}
	if len(n.parts) == 0 {
		return
	}
	target := h.point(m.Target)
	if _, below := m.Option("rbind"); below && !h.full {
		for _, at := range slices.Sorted(maps.Keys(h.mounts)) {
			if rest, ok := strings.CutPrefix(at, n.path+"/"); ok && rest != "" && !strings.HasPrefix(at+"/", target+"/") {
				h.mount(path.Join(target, rest), h.mounts[at], true)
			}
		}
	}
	h.mount(target, n.parts, true)
}

// point gives a mount point without links, as the kernel takes it.
func (h *Host) point(target string) string {
	if n, err := h.find(target, true); err == nil {
		return slashed(n.path)
	}
	return target
}

// absent tells of a mount that no volume holds.
func (hs *Hosts) absent(h *Host, m *Mount, err error) {
	hs.gap(m.weight(), model.Source{Volume: h.Volume.ID, Path: h.Root + m.File, Host: h.ID, Line: m.Line, DiskOffset: -1},
		model.Msg("gap.mount", "target", m.Target, "device", m.Device), err)
}

// unread notes that the table of the server names a volume that is not read.
func (hs *Hosts) unread(h *Host, v *Volume, m *Mount) {
	if h.Kind != Server {
		return
	}
	if hs.named == nil {
		hs.named = make(map[string]model.Weight)
	}
	switch {
	case m.system():
		hs.named[v.ID] = model.Decisive
	case hs.named[v.ID] == "":
		hs.named[v.ID] = model.Partial
	}
}

// Lighten lowers the weight of volumes that were not read where a table of mounts says that
// they hold nothing of the system itself: data is a part that was not read, no more.
func (hs *Hosts) Lighten(gaps []model.Gap) {
	for i := range gaps {
		g := &gaps[i]
		w, ok := hs.named[g.Source.Volume]
		if ok && g.Weight == model.Decisive && g.What.ID == "gap.volume" {
			g.Weight = w
		}
	}
}

// inferred lets the server see volumes that no table names, where they say of themselves
// at which place they were mounted last.
func (hs *Hosts) inferred(img *Image, server *Host) {
	for _, v := range img.Volumes {
		if v.FS == nil || v == server.Volume && server.Root == "" && hs.whole(server) {
			continue
		}
		if _, ok := hs.sees[v][""]; ok && v != server.Volume {
			continue
		}
		at := v.FS.Info().LastMountPoint
		if !strings.HasPrefix(at, "/") || at == "/" || path.Clean(at) != at {
			continue
		}
		if v == server.Volume {
			delete(hs.sees[v], "")
			server.mounts, server.cover = nil, nil
		} else if n, err := server.find(at, true); err != nil || len(n.parts) == 0 {
			continue
		}
		m := Mount{Target: at, Inferred: "superblock"}
		hs.attach(server, &m, v, "")
		server.Mounts = append(server.Mounts, m)
	}
}

// whole says whether the volume of the server looks like a root filesystem at all.
func (hs *Hosts) whole(server *Host) bool {
	for _, p := range []string{"/etc", "/usr", "/bin", "/ostree"} {
		if _, _, err := filesystem.Lookup(server.Volume.FS, p, true); err == nil {
			return true
		}
	}
	return false
}

// Of gives the host that a path of a volume belongs to, and the path by which the host
// sees it. What no host sees counts as the server's, by its own path.
func (hs *Hosts) Of(v *Volume, real string) (h *Host, inside string) {
	if sees := hs.sees[v]; sees != nil {
		for dir := real; ; {
			if s, ok := sees[dir]; ok {
				return s.host, s.path + real[len(dir):]
			}
			i := strings.LastIndexByte(dir, '/')
			if i < 0 {
				break
			}
			dir = dir[:i]
		}
	}
	return hs.List[0], real
}

// Host gives a host by its ID, nil if there is none.
func (hs *Hosts) Host(id string) *Host {
	number, ok := strings.CutPrefix(id, "h")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > len(hs.List) {
		return nil
	}
	return hs.List[n-1]
}

func (hs *Hosts) gap(weight model.Weight, src model.Source, what model.Message, err error) {
	hs.Gaps = append(hs.Gaps, model.Gap{Subject: model.SubjectHost, Source: src, What: what, Why: model.Msg("why.error", "error", text.Raw(err.Error())), Weight: weight})
}

func orText(s, or string) string {
	if s != "" {
		return s
	}
	return or
}

// layers are the directories of which the roots of containers are laid together.
type layers struct {
	tops  []Dir // that no other lies on
	below map[Dir][]Dir
	under map[Dir]bool // another lies on it
	all   map[Dir]bool
}

func (l *layers) is(v *Volume, root string) bool { return l.all[Dir{v, root}] }

const (
	maxLower     = 512 // of one layer
	maxLowerFile = 64 << 10
)

// findLayers finds the layers of overlay2 and of containers/storage by what they share: a
// directory "diff" beside a file "link" with the short name of the layer, and "lower", with
// the short names of those below.
func findLayers(img *Image, m *Marks) *layers {
	out := &layers{below: make(map[Dir][]Dir), under: make(map[Dir]bool), all: make(map[Dir]bool)}
	for _, v := range img.Volumes {
		x := m.byVolume[v]
		if x == nil {
			continue
		}
		sort.Strings(x.layers)
		for _, dir := range x.layers {
			tree := single{v}
			link, err := filesystem.ReadFile(tree, dir+"/link", 64)
			if err != nil || len(strings.TrimSpace(string(link))) != 26 {
				continue
			}
			ref, real, err := filesystem.Lookup(v.FS, dir+"/diff", true)
			if err != nil {
				continue
			}
			if in, err := v.FS.Inode(ref); err != nil || !in.IsDir() {
				continue
			}
			top := Dir{v, real}
			out.all[top] = true
			lower, err := filesystem.ReadFile(tree, dir+"/lower", maxLowerFile)
			if err != nil {
				continue
			}
			for _, name := range strings.Split(strings.TrimSpace(string(lower)), ":") {
				if len(out.below[top]) >= maxLower {
					break
				}
				if _, real, err := filesystem.Lookup(v.FS, path.Dir(dir)+"/"+name, true); err == nil {
					out.below[top] = append(out.below[top], Dir{v, real})
					out.under[Dir{v, real}] = true
				}
			}
		}
	}
	for _, v := range img.Volumes {
		if x := m.byVolume[v]; x != nil {
			for real := range x.shaped {
				out.all[Dir{v, real}] = true
			}
		}
	}
	return out
}

// order lists the layers that no other lies on, by their place.
func (l *layers) order(img *Image) {
	for d := range l.all {
		if !l.under[d] {
			l.tops = append(l.tops, d)
		}
	}
	order := make(map[*Volume]int)
	for i, v := range img.Volumes {
		order[v] = i
	}
	sort.Slice(l.tops, func(i, j int) bool {
		a, b := l.tops[i], l.tops[j]
		if a.Volume != b.Volume {
			return order[a.Volume] < order[b.Volume]
		}
		return a.Path < b.Path
	})
}

// single is the tree of one volume.
type single struct{ v *Volume }

// Lookup implements [filesystem.Tree].
func (s single) Lookup(name string, follow bool) (filesystem.Found, error) {
	ref, real, err := filesystem.Lookup(s.v.FS, name, follow)
	return filesystem.Found{FS: s.v.FS, Ref: ref, Path: real, Real: real}, err
}

// ReadDir implements [filesystem.Tree].
func (s single) ReadDir(name string) ([]filesystem.DirEntry, error) {
	ref, _, err := filesystem.Lookup(s.v.FS, name, true)
	if err != nil {
		return nil, err
	}
	list, err := s.v.FS.ReadDir(ref)
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, err
}
