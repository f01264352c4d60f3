package origin

import (
	"hash/maphash"
	"sort"
	"strings"
	"time"
)

// Origin says who brought the file of a path, false where nothing speaks of it. Ask the
// package database first: what a package owns has that origin. The answer is made
// without reading the file; [Origin.Verify] takes its digest.
func (ix *Index) Origin(name string, st Stat) (Origin, bool) {
	if o, ok := ix.listedAs(name, st); ok {
		return o, true
	}
	if o, ok := ix.compiled(name); ok {
		return o, true
	}
	return ix.place(name, st)
}

// listedAs answers from the lists of the manifests.
func (ix *Index) listedAs(name string, st Stat) (Origin, bool) {
	h := maphash.String(ix.seed, name)
	i := sort.Search(len(ix.table), func(i int) bool { return ix.table[i].hash >= h })
	var all []digest
	for ; i < len(ix.table) && ix.table[i].hash == h; i++ {
		all = append(all, ix.stated(ix.table[i]))
	}
	if len(all) == 0 {
		return Origin{}, false
	}
	// A component that states a digest says more than one that merely names the file.
	first := 0
	for i, d := range all {
		if d.algorithm != "" && (all[first].algorithm == "" || d.size == st.Size && all[first].size != st.Size) {
			first = i
		}
	}
	if isCompiled(name) {
		st.Modified, st.Created = 0, 0 // Python writes bytecode anew when it likes
	}
	o := ix.named(all[first], st)
	for i, d := range all {
		if i != first {
			o.more = append(o.more, ix.named(d, st))
		}
	}
	return o, true
}

// named makes the origin of a file that a manifest names.
func (ix *Index) named(d digest, st Stat) Origin {
	c := &ix.components[d.comp]
	o := ix.of(c, ByList, Listed)
	o.Algorithm, o.Digest, o.Size = d.algorithm, d.sum, d.size
	switch {
	case d.size >= 0 && d.size != st.Size:
		o.State = Changed
	case d.algorithm == "" && st.later(c.Installed):
		o.State = Later
	}
	return o
}

// place answers from the directories above a file.
func (ix *Index) place(name string, st Stat) (Origin, bool) {
	for dir := parent(name); ; dir = parent(dir) {
		if n, ok := ix.nodes[dir]; ok {
			if n.comp >= 0 {
				return ix.inside(&ix.components[n.comp], name, st)
			}
			return ix.beside(n, dir, name, st)
		}
		if dir == "/" {
			return Origin{}, false
		}
	}
}

// inside judges a file in the directory of a component that does not name it.
func (ix *Index) inside(c *Component, name string, st Stat) (Origin, bool) {
	switch {
	case c.to != 0:
		if came := st.came(); came < c.since || came > c.to {
			return Origin{}, false
		}
		return ix.of(c, BySiblings, Inferred), true
	case c.extraneous:
		return ix.of(c, ByPlace, Unlisted), true
	case c.listed, c.Owner != "" && st.later(c.Installed):
		return ix.of(c, ByPlace, Unlisted), true
	case st.later(c.Installed) && !isCompiled(name):
		return ix.of(c, ByPlace, Later), true
	}
	return ix.of(c, ByPlace, Inferred), true
}

// beside judges a file that lies among components, in none of them.
func (ix *Index) beside(n node, dir, name string, st Stat) (Origin, bool) {
	file := base(name)
	switch n.region {
	case "npm":
		if name[len(dir)+1] == '.' {
			return Origin{}, false // .bin, .cache and such: of the tools of the project
		}
	case "venv":
		if parent(name) == dir && byVenv(file) {
			manifest := join(parent(dir), "pyvenv.cfg")
			return Origin{Kind: "python", Name: "venv", Manifest: manifest, Basis: ByPlace, State: Inferred, Size: -1}, true
		}
		n.region = "python"
	case unknown:
		return Origin{}, false
	}
	return Origin{Kind: n.region, Manifest: dir, Basis: ByPlace, State: Unlisted, Size: -1}, true
}

// byVenv says whether a name is one of those that venv writes to bin.
func byVenv(file string) bool {
	file = strings.ToLower(file)
	return strings.HasPrefix(file, "python") || strings.HasPrefix(file, "activate") || file == "deactivate"
}

// unknown is the region of which not everything is described.
const unknown = "unknown"

// compiled answers for the bytecode that Python writes beside a source: it is of whom
// the source is. Its content is not compared with anything.
func (ix *Index) compiled(name string) (Origin, bool) {
	if !isCompiled(name) {
		return Origin{}, false
	}
	stem, _, _ := strings.Cut(base(name), ".")
	source := join(parent(parent(name)), stem+".py")
	if pkg := ix.owned(source); pkg != "" {
		return Origin{Kind: "package", Name: pkg, Basis: ByPlace, State: Inferred, Size: -1}, true
	}
	o, ok := ix.listedAs(source, Stat{})
	o.Algorithm, o.Digest, o.Size, o.more = "", nil, -1, nil
	o.Basis, o.State = ByPlace, Inferred
	return o, ok
}

func isCompiled(name string) bool {
	return strings.HasSuffix(name, ".pyc") && strings.HasSuffix(parent(name), "/__pycache__")
}

func (ix *Index) of(c *Component, basis Basis, state State) Origin {
	o := Origin{Kind: c.Kind, Name: c.Name, Version: c.Version, Manifest: c.Manifest, Basis: basis, State: state, Size: -1}
	if c.Installed != 0 {
		o.Installed = time.Unix(c.Installed, 0).UTC()
	}
	return o
}
