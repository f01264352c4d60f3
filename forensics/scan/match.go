package scan

import (
	"path"
	"strings"

	"icecore/forensics/artifact"
)

// globs finds, for a path, the extractors that want it. It is a tree by path
// component, so that the cost of a path does not grow with the number of
// patterns.
type globs struct {
	root globNode
	home globNode // below each home directory
}

type globNode struct {
	literal map[string]*globNode
	wild    []wildChild
	deep    *globNode // behind a "**"
	wants   []int     // extractors, by their place in the list
}

type wildChild struct {
	pattern string
	node    *globNode
}

func newGlobs(list []artifact.Extractor) *globs {
	g := &globs{}
	for i, x := range list {
		for _, p := range x.Patterns() {
			n := &g.root
			if below, ok := strings.CutPrefix(p, "~/"); ok {
				n, p = &g.home, below
			}
			for _, part := range strings.Split(strings.TrimPrefix(p, "/"), "/") {
				n = n.child(part)
			}
			n.wants = append(n.wants, i)
		}
	}
	return g
}

func (n *globNode) child(part string) *globNode {
	switch {
	case part == "**":
		if n.deep == nil {
			n.deep = &globNode{}
		}
		return n.deep
	case strings.ContainsAny(part, `*?[\`):
		for _, w := range n.wild {
			if w.pattern == part {
				return w.node
			}
		}
		c := &globNode{}
		n.wild = append(n.wild, wildChild{part, c})
		return c
	}
	if n.literal == nil {
		n.literal = make(map[string]*globNode)
	}
	c := n.literal[part]
	if c == nil {
		c = &globNode{}
		n.literal[part] = c
	}
	return c
}

// maxExtractors is what fits the set that wants uses.
const maxExtractors = 64

// active is what of the patterns can still match below a directory: those that name it,
// and those that hold below every directory ("**" at their beginning).
type active struct {
	named, any reached
}

// reached are places in the patterns.
type reached struct {
	now  []*globNode // at this directory
	deep []*globNode // at this one, and at all below
}

func (r *reached) enter(n *globNode) {
	r.now = append(r.now, n)
	if n.deep != nil {
		r.deep = append(r.deep, n.deep)
	}
}

func (r *reached) each(fn func(*globNode)) {
	for _, n := range r.now {
		fn(n)
	}
	for _, n := range r.deep {
		fn(n)
	}
}

// step gives what is reached at a child.
func (r *reached) step(part string) reached {
	out := reached{deep: r.deep[:len(r.deep):len(r.deep)]}
	r.each(func(n *globNode) {
		if c := n.literal[part]; c != nil {
			out.enter(c)
		}
		for _, w := range n.wild {
			if ok, err := path.Match(w.pattern, part); err == nil && ok {
				out.enter(w.node)
			}
		}
	})
	return out
}

// wants gives the extractors that want a file of the directory.
func (r *reached) wants(name string) uint64 {
	var found uint64
	add := func(n *globNode) {
		for _, w := range n.wants {
			found |= 1 << w
		}
	}
	r.each(func(n *globNode) {
		if c := n.literal[name]; c != nil {
			add(c)
		}
		for _, w := range n.wild {
			if ok, err := path.Match(w.pattern, name); err == nil && ok {
				add(w.node)
			}
		}
	})
	return found
}

// homes says which directories of a host are home directories.
type homes interface {
	IsHome(path string) bool
	// AboveHome says whether a home directory lies below a path.
	AboveHome(path string) bool
}

// isHome says whether a directory is somebody's home, with or without passwd(5).
func isHome(h homes, p string) bool {
	return p == "/root" || strings.HasPrefix(p, "/home/") && strings.Count(p, "/") == 2 && len(p) > 6 || h != nil && h.IsHome(p)
}

// start gives what is active at the root of a host.
func (g *globs) start(h homes) active {
	a := active{named: reached{now: []*globNode{&g.root}}}
	if g.root.deep != nil {
		a.any.deep = []*globNode{g.root.deep}
	}
	if isHome(h, "/") {
		a.named.enter(&g.home)
	}
	return a
}

// step gives what is active below a directory's child; p is its whole path.
func (g *globs) step(a active, part, p string, h homes) active {
	out := active{a.named.step(part), a.any.step(part)}
	if isHome(h, p) {
		out.named.enter(&g.home)
	}
	return out
}

// leads says whether the directory is one that patterns name.
func (a *active) leads() bool { return len(a.named.now) > 0 || len(a.named.deep) > 0 }

// at gives what is active at a directory, a path of the host.
func (g *globs) at(dir string, h homes) active {
	return g.below(g.start(h), "", dir, h)
}

// below gives what is active at a directory that lies at rest below another.
func (g *globs) below(a active, dir, rest string, h homes) active {
	for rest = strings.Trim(rest, "/"); rest != ""; {
		part, after, _ := strings.Cut(rest, "/")
		dir += "/" + part
		a = g.step(a, part, dir, h)
		rest = strings.TrimLeft(after, "/")
	}
	return a
}

// wants gives the extractors that want a file of the directory: bit i stands for the one
// at place i of the list.
func (a *active) wants(name string) uint64 { return a.named.wants(name) | a.any.wants(name) }

// match gives the extractors that want a path of a host.
func (g *globs) match(p string, h homes) uint64 {
	dir, name := path.Split(p)
	a := g.at(dir, h)
	return a.wants(name)
}
