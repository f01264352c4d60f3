package scan

import (
	"path"
	"strings"

	"icecore/forensics/artifact"
)

// globs finds, for a path, the extractors that want it. It is a tree by path
// component, so that the cost of a path does not grow with the number of
// patterns.
type globs struct{ root globNode }

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
			below, home := strings.CutPrefix(p, "~/")
			if !home {
				g.add(p, i)
				continue
			}
			for _, dir := range usualHomes {
				g.add(dir+"/"+below, i)
			}
		}
	}
	return g
}

// usualHomes are where home directories stand, whatever passwd(5) says.
var usualHomes = []string{"/root", "/home/*"}

func (g *globs) add(pattern string, extractor int) {
	n := &g.root
	for _, part := range strings.Split(strings.TrimPrefix(pattern, "/"), "/") {
		n = n.child(part)
	}
	n.wants = append(n.wants, extractor)
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

// match gives the extractors that want a path: bit i stands for the one at place i
// of the list.
func (g *globs) match(p string) uint64 {
	var found uint64
	g.root.walk(strings.TrimPrefix(p, "/"), &found)
	return found
}

// maxExtractors is what fits the set that match uses.
const maxExtractors = 64

func (n *globNode) walk(rest string, found *uint64) {
	if rest == "" {
		for _, w := range n.wants {
			*found |= 1 << w
		}
		return
	}
	part, after, _ := strings.Cut(rest, "/")
	if c := n.literal[part]; c != nil {
		c.walk(after, found)
	}
	for _, w := range n.wild {
		if ok, err := path.Match(w.pattern, part); err == nil && ok {
			w.node.walk(after, found)
		}
	}
	if n.deep != nil {
		for r := rest; ; {
			n.deep.walk(r, found)
			i := strings.IndexByte(r, '/')
			if i < 0 {
				break
			}
			r = r[i+1:]
		}
	}
}
