package origin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"path"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
)

// Bounds of what is kept, and of what is read.
const (
	maxManifests  = 300_000 // of a volume, and of a host
	maxComponents = 200_000
	maxListed     = 3_000_000
	maxDigests    = 160 << 20 // bytes of digests
	maxNodes      = 1_000_000 // directories of components
	maxDirs       = 1_000_000 // directories of a volume, and of a host, whose times are compared
	maxRead       = 2 << 30   // bytes of manifests
	maxProblems   = 100
	maxPath       = 4096
)

// Names takes note of the files of a volume or a host: which manifests there are, and
// when the files of each directory came. It is not safe for concurrent use.
type Names struct {
	manifests [][]manifest // by the place of their format in the list
	names     map[string][]int
	exts      map[string][]int
	count     int
	cut       bool // names were not taken

	dirs    map[string]*dirTimes
	lastDir string
	last    *dirTimes
}

// Index knows the components of one host. It is not safe for concurrent use until Load
// has returned; after that, Origin and what reads is.
type Index struct {
	Names

	given      bool // names are of the volumes: the host may not see them (whiteouts)
	seed       maphash.Seed
	table      []entry
	digests    []byte
	nodes      map[string]node
	components []Component
	owned      func(string) string
	budget     *Budget

	problems []Problem
	left     int // problems that are not kept
}

// manifest is the place of a file that a format reads.
type manifest struct {
	dir, name string
	came      int64
}

func (m manifest) path() string { return join(m.dir, m.name) }

// entry is a file that a manifest names.
type entry struct {
	hash   uint64
	comp   uint32
	digest uint32 // where its digest stands, plus 1; 0: none is stated
	size   int64  // -1: not stated
}

// node is a directory that means something.
type node struct {
	comp   int32 // the component that fills it, -1: none
	region string
}

// NewIndex makes an index that knows nothing yet.
func NewIndex() *Index {
	return &Index{Names: *NewNames(), seed: maphash.MakeSeed(), nodes: make(map[string]node)}
}

// Budget is what the manifests of several hosts may cost together: bytes read,
// components, files and directories kept. It is not safe for concurrent use.
type Budget struct {
	bytes                              int64
	components, listed, digests, nodes int
}

// NewBudget makes a budget: that of an index that shares none.
func NewBudget() *Budget {
	return &Budget{bytes: maxRead, components: maxComponents, listed: maxListed, digests: maxDigests, nodes: maxNodes}
}

// Share lets an index spend what others leave of a budget.
func (ix *Index) Share(b *Budget) { ix.budget = b }

// NewNames makes a note of no files.
func NewNames() *Names {
	n := &Names{names: make(map[string][]int), exts: make(map[string][]int), dirs: make(map[string]*dirTimes)}
	for i, f := range formats() {
		for _, name := range f.names {
			if strings.HasPrefix(name, "*.") {
				n.exts[name[1:]] = append(n.exts[name[1:]], i)
			} else {
				n.names[name] = append(n.names[name], i)
			}
		}
	}
	n.manifests = make([][]manifest, len(formats()))
	return n
}

// Give moves what is noted of a volume to the indexes of the hosts that see it: at gives,
// for a directory of the volume, the index of the host, nil for none, and the path by
// which the host sees the directory.
func (n *Names) Give(at func(dir string) (*Index, string)) {
	moved := make(map[string]string)
	to := make(map[string]*Index)
	place := func(dir string) (*Index, string) {
		if _, known := moved[dir]; !known {
			to[dir], moved[dir] = at(dir)
		}
		return to[dir], moved[dir]
	}
	for _, dir := range slices.Sorted(maps.Keys(n.dirs)) {
		d := n.dirs[dir]
		host, inside := place(dir)
		if host == nil {
			continue
		}
		host.given = true
		host.cut = host.cut || n.cut
		if old := host.dirs[inside]; old != nil {
			old.merge(d)
		} else if len(host.dirs) < maxDirs {
			host.dirs[inside] = d
		} else {
			host.cut = true
		}
	}
	for i, list := range n.manifests {
		for _, m := range list {
			host, inside := place(m.dir)
			if host == nil {
				continue
			}
			if host.count >= maxManifests {
				host.cut = true
				continue
			}
			host.count++
			host.manifests[i] = append(host.manifests[i], manifest{inside, m.name, m.came})
		}
	}
	*n = Names{}
}

// See takes note of a live regular file: its directory, as the host saw it and without
// links, and its name in it. It does not allocate for ordinary files of a directory that
// it knows, and keeps nothing that it is given.
func (n *Names) See(dir, name string, st Stat) {
	if len(dir) > 1 && dir[len(dir)-1] == '/' {
		dir = dir[:len(dir)-1]
	}
	if name == "" || len(dir) > maxPath || dir == "" || dir[0] != '/' {
		return
	}
	for _, i := range n.names[name] {
		n.collect(i, dir, name, st)
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		for _, i := range n.exts[name[dot:]] {
			n.collect(i, dir, name, st)
		}
	}
	n.time(dir, name, st)
}

func (n *Names) collect(i int, dir, name string, st Stat) {
	if f := &allFormats[i]; f.in != nil && !f.in(dir, name) {
		return
	}
	if n.count >= maxManifests {
		n.cut = true
		return
	}
	n.count++
	n.manifests[i] = append(n.manifests[i], manifest{strings.Clone(dir), strings.Clone(name), st.came()})
}

// Load reads the manifests that See met, from the tree of the same host. Owned tells
// which package of the distribution owns a path, empty for none; it may be nil. The
// error is that of the context alone: what could not be read is a problem.
func (ix *Index) Load(ctx context.Context, tree filesystem.Tree, owned func(path string) string) error {
	if owned == nil {
		owned = func(string) string { return "" }
	}
	ix.owned = owned
	if ix.budget == nil {
		ix.budget = NewBudget()
	}
	l := &loader{Index: ix, tree: tree}
	for i := range allFormats {
		f := &allFormats[i]
		list := ix.manifests[i]
		slices.SortFunc(list, func(a, b manifest) int { return strings.Compare(a.path(), b.path()) })
		list = slices.CompactFunc(list, func(a, b manifest) bool { return a.dir == b.dir && a.name == b.name }) // of layers
		for _, m := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			if ix.given && !l.has(m.path()) {
				continue
			}
			l.at = m
			if err := guard.Do(f.name, func() error { return f.load(l, m) }); err != nil {
				ix.problem(m.path(), err)
			}
		}
		ix.manifests[i] = nil
	}
	if err := guard.Do("siblings", func() error { return l.siblings(ctx) }); err != nil && ctx.Err() == nil {
		ix.problem("", err)
	}
	cut := ix.cut
	ix.Names = Names{}
	slices.SortStableFunc(ix.table, func(a, b entry) int {
		return cmp.Compare(a.hash, b.hash)
	})
	ix.table, ix.digests = slices.Clip(ix.table), slices.Clip(ix.digests)
	if cut {
		ix.problem("", fmt.Errorf("more than %d manifests, or %d directories: the rest is not read", maxManifests, maxDirs))
	}
	return ctx.Err()
}

func (ix *Index) problem(name string, err error) {
	if len(ix.problems) >= maxProblems {
		ix.left++
		return
	}
	ix.problems = append(ix.problems, Problem{name, err})
}

// Problems lists the manifests that were not read, or not wholly: the first hundred of
// them, and a last one that says how many more there are.
func (ix *Index) Problems() []Problem {
	out := slices.Clone(ix.problems)
	if ix.left > 0 {
		out = append(out, Problem{Err: fmt.Errorf("%d more manifests were not read", ix.left)})
	}
	return out
}

// Components lists what is installed, in the order of kinds, names and places.
func (ix *Index) Components() []Component {
	out := slices.Clone(ix.components)
	slices.SortStableFunc(out, func(a, b Component) int {
		return cmp.Or(
			strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name), strings.Compare(a.Dir, b.Dir),
			strings.Compare(a.Version, b.Version), strings.Compare(a.Manifest, b.Manifest),
		)
	})
	return out
}

// loader is an index while it is read.
type loader struct {
	*Index
	tree filesystem.Tree
	at   manifest
	last struct {
		dir  string
		comp int32
	}
	locks map[string]bool // of npm: directories whose node_modules are described
}

var (
	errBudget = errors.New("not read: the manifests before it were too many bytes")
	errCount  = errors.New("not kept: the bound of components, files or directories is reached")
)

// read returns the content of a regular file of at most limit bytes. Links are not
// followed: no installer makes its manifest one.
func (l *loader) read(name string, limit int64) ([]byte, error) {
	found, err := l.tree.Lookup(name, false)
	if err != nil {
		return nil, err
	}
	f, err := found.Open()
	if err != nil {
		return nil, err
	}
	switch {
	case !f.Inode().IsRegular():
		return nil, fmt.Errorf("a %s, not a file", f.Inode().TypeName())
	case f.Size() > limit:
		return nil, fmt.Errorf("%w: %d bytes, more than %d", filesystem.ErrTooLarge, f.Size(), limit)
	case f.Size() > l.budget.bytes:
		return nil, errBudget
	}
	l.budget.bytes -= f.Size()
	b := make([]byte, f.Size())
	if len(b) == 0 {
		return b, nil
	}
	if n, err := f.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("%d of %d bytes: %w", n, len(b), err)
	}
	return b, nil
}

// component adds a component. Its manifest, time and owner are those of what is read.
func (l *loader) component(c Component) (int32, error) {
	if l.budget.components--; l.budget.components < 0 {
		return -1, errCount
	}
	c.Name, c.Version, c.From = clean(c.Name), clean(c.Version), clean(c.From)
	if c.Manifest == "" {
		c.Manifest = l.at.path()
	}
	if c.Installed == 0 {
		c.Installed = l.at.came
	}
	if c.Installed < 0 || c.Installed > endOfTime {
		c.Installed = 0
	}
	c.Owner = l.owned(c.Manifest)
	l.components = append(l.components, c)
	return int32(len(l.components) - 1), nil
}

// endOfTime is the last second of the year 9999: what is later cannot be written.
const endOfTime = 253_402_300_799

// clean keeps a name short, and its own: the rest of a manifest is let go of.
func clean(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most]
	}
	return strings.Clone(s)
}

// fill says that a component fills a directory. The first to say so is believed.
func (l *loader) fill(dir string, comp int32) error { return l.node(dir, node{comp: comp}) }

// region says that everything in a directory should be of some component of that kind.
func (l *loader) region(dir, kind string) error { return l.node(dir, node{comp: -1, region: kind}) }

func (l *loader) node(dir string, n node) error {
	if standard[dir] {
		return nil // no installer has a directory of the system to itself
	}
	if old, ok := l.nodes[dir]; ok {
		if old.region == "" || n.region == unknown {
			old.region = n.region
		}
		if old.comp < 0 {
			old.comp = n.comp
		}
		l.nodes[dir] = old
		return nil
	}
	if l.budget.nodes--; l.budget.nodes < 0 {
		return errCount
	}
	l.nodes[strings.Clone(dir)] = n
	return nil
}

// list says that a component names a file, with its size, or -1, and digest, if any.
func (l *loader) list(comp int32, name string, size int64, algorithm string, sum []byte) error {
	if l.budget.listed--; l.budget.listed < 0 || l.budget.digests <= 0 {
		return errCount
	}
	e := entry{hash: maphash.String(l.seed, name), comp: uint32(comp), size: size}
	if n := digestLen(algorithm); n > 0 && n == len(sum) {
		e.digest = uint32(len(l.digests)) + 1
		l.digests = append(append(l.digests, algorithmNumber(algorithm)), sum...)
		l.budget.digests -= 1 + len(sum)
	}
	l.table = append(l.table, e)
	l.components[comp].Files++
	return nil
}

// own says, besides, that the directory of the file is the component's.
func (l *loader) own(comp int32, name string, size int64, algorithm string, sum []byte) error {
	if err := l.list(comp, name, size, algorithm, sum); err != nil {
		return err
	}
	if dir := parent(name); dir != l.last.dir || comp != l.last.comp {
		l.last.dir, l.last.comp = strings.Clone(dir), comp
		return l.fill(dir, comp)
	}
	return nil
}

var algorithms = [...]string{"sha256", "sha384", "sha512", "sha1", "md5", "crc32", "git"}

func algorithmNumber(name string) byte { return byte(slices.Index(algorithms[:], name)) }

// stated returns what an entry of the table states.
func (ix *Index) stated(e entry) digest {
	d := digest{comp: e.comp, size: e.size}
	if e.digest == 0 {
		return d
	}
	d.algorithm = algorithms[ix.digests[e.digest-1]]
	d.sum = ix.digests[e.digest:][:digestLen(d.algorithm):digestLen(d.algorithm)]
	return d
}

// below joins a path of a manifest with its root. It fails for what does not stay
// below that.
func below(root, rel string) (string, bool) {
	if rel == "" || len(rel) > maxPath || strings.IndexByte(rel, 0) >= 0 {
		return "", false
	}
	name := path.Join(root, rel)
	if rel[0] == '/' {
		name = path.Clean(rel)
	}
	return name, isBelow(name, root)
}

// isBelow says whether a path lies in a directory, at any depth.
func isBelow(name, dir string) bool {
	if dir == "/" {
		return len(name) > 1 && name[0] == '/'
	}
	return len(name) > len(dir)+1 && name[len(dir)] == '/' && name[:len(dir)] == dir
}

func join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

// parent is path.Dir of a path that is clean.
func parent(name string) string {
	i := strings.LastIndexByte(name, '/')
	if i <= 0 {
		return "/"
	}
	return name[:i]
}

// base is path.Base of a path that is clean.
func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
