package origin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A vendor's tree (of an archive, an installer, an agent) has no manifest. What tells it
// is that its files came within a quarter of an hour, that they are many, and that there
// is a licence, a readme or a version at its top, or below a top with hardly anything
// that came at another time. Names of vendors are not looked at.

const (
	bucket      = 300 // seconds
	window      = 3   // buckets in which a tree comes
	fewest      = 10  // files of a tree
	maxTrees    = 10_000
	mostBuckets = 48 // of one directory; those with few files are let go
)

// dirTimes is what is known of the times of a directory's files, after [loader.siblings]
// has run also of those below.
type dirTimes struct {
	files   int
	marked  bool // there is a licence, a readme, or a version
	home    bool // it is somebody's home
	inner   bool // a directory below it is marked
	mark    string
	version bool // there is a file VERSION
	when    []count
}

// count is how many files came in a stretch of time.
type count struct {
	bucket uint32
	files  int32
}

func (n *Names) time(dir, name string, st Stat) {
	if n.dirs == nil {
		return
	}
	if dir != n.lastDir || n.last == nil {
		d := n.dirs[dir]
		if d == nil {
			if len(n.dirs) >= maxDirs {
				n.cut = true
				return
			}
			d = &dirTimes{}
			dir = strings.Clone(dir)
			n.dirs[dir] = d
		}
		n.lastDir, n.last = dir, d
	}
	d := n.last
	d.files++
	if came := st.came(); came > 0 {
		d.add(uint32(min(came/bucket, 1<<32-1)), 1)
	}
	switch name[0] {
	case 'L', 'l', 'C', 'c', 'R', 'r', 'N', 'n', 'V', 'v', 'M', 'm':
		if !d.marked && isMark(name) {
			d.marked, d.mark = true, strings.Clone(name)
		}
		if name == "VERSION" || name == "version" || name == "VERSION.txt" {
			d.version, d.mark, d.marked = true, strings.Clone(name), true
		}
	case '.':
		if name == ".bashrc" || name == ".profile" || name == ".bash_history" {
			d.home = true
		}
	}
}

var marks = []string{"LICENSE", "LICENCE", "COPYING", "README", "NOTICE", "CHANGELOG", "CHANGES", "VERSION", "MANIFEST"}

// isMark says whether a name is one of those that archives have at their top.
func isMark(name string) bool {
	for _, m := range marks {
		if len(name) >= len(m) && strings.EqualFold(name[:len(m)], m) {
			switch rest := name[len(m):]; {
			case rest == "", rest[0] == '-', rest == ".md", rest == ".txt", rest == ".rst", rest == ".html":
				return true
			}
		}
	}
	return false
}

func (d *dirTimes) add(b uint32, n int32) {
	for i := range d.when {
		if d.when[i].bucket == b {
			d.when[i].files += n
			return
		}
	}
	if len(d.when) >= mostBuckets {
		least := 0
		for i := range d.when {
			if d.when[i].files < d.when[least].files {
				least = i
			}
		}
		if d.when[least].files < n {
			d.when[least] = count{b, n}
		}
		return
	}
	d.when = append(d.when, count{b, n})
}

// merge adds what is known of the same directory of another layer.
func (d *dirTimes) merge(o *dirTimes) {
	d.files, d.home = d.files+o.files, d.home || o.home
	if o.marked && (!d.marked || o.version && !d.version) {
		d.marked, d.mark, d.version = true, o.mark, o.version
	}
	for _, c := range o.when {
		d.add(c.bucket, c.files)
	}
}

// burst finds the stretch in which most files came.
func (d *dirTimes) burst() (first uint32, files int) {
	slices.SortFunc(d.when, func(a, b count) int { return cmp.Compare(a.bucket, b.bucket) })
	for i := range d.when {
		n := 0
		for j := i; j < len(d.when) && d.when[j].bucket-d.when[i].bucket < window; j++ {
			n += int(d.when[j].files)
		}
		if n > files {
			first, files = d.when[i].bucket, n
		}
	}
	return first, files
}

// siblings finds the trees whose files came together.
func (l *loader) siblings(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(l.dirs))
	// A directory without files of its own counts, too: it joins what is below it.
	for _, name := range names {
		for up := parent(name); up != "/" && l.dirs[up] == nil && len(l.dirs) < 2*maxDirs; up = parent(up) {
			l.dirs[up] = &dirTimes{}
		}
	}
	// In this order, a directory stands before what is below it.
	names = slices.Sorted(maps.Keys(l.dirs))
	for _, name := range slices.Backward(names) {
		d, up := l.dirs[name], l.dirs[parent(name)]
		if _, stated := l.nodes[name]; stated || up == nil || standard[name] {
			continue // what a manifest speaks of says nothing about what stands around it
		}
		up.files, up.inner = up.files+d.files, up.inner || d.inner || d.marked
		for _, c := range d.when {
			up.add(c.bucket, c.files)
		}
	}
	found := make(map[string]uint32) // trees, by when they came
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := l.dirs[name]
		if d.files < fewest || d.home || !mayBeTree(name) {
			continue
		}
		version, dated := versionIn(base(name))
		if !d.marked && !dated && !d.inner {
			continue
		}
		first, files := d.burst()
		most := files*2 >= d.files
		if !d.marked && !dated {
			most = files*10 >= d.files*9
		}
		if files < fewest || !most || l.within(found, name, first) {
			continue
		}
		if len(found) >= maxTrees {
			return fmt.Errorf("more than %d trees of siblings: the rest is not kept", maxTrees)
		}
		if err := l.sibling(name, version, first); err != nil {
			return err
		}
		found[name] = first
	}
	return nil
}

// within says whether a directory came with a tree around it.
func (l *loader) within(found map[string]uint32, name string, first uint32) bool {
	for dir := parent(name); dir != "/"; dir = parent(dir) {
		if n, ok := l.nodes[dir]; ok && n.comp >= 0 && l.components[n.comp].to == 0 {
			return true // of a component that states itself
		}
		if f, ok := found[dir]; ok {
			return first < f+window && f < first+window
		}
	}
	return false
}

func (l *loader) sibling(dir, version string, first uint32) error {
	d := l.dirs[dir]
	mark := dir
	if d.mark != "" {
		mark = join(dir, d.mark)
	}
	if n, ok := l.nodes[dir]; ok && n.comp >= 0 || l.owned(mark) != "" {
		return nil // its owner is known
	}
	name := base(dir)
	if version != "" {
		name = strings.TrimRight(strings.TrimSuffix(name, version), "-_.v")
		if name == "" {
			name = base(parent(dir))
		}
	}
	if d.version && version == "" {
		version = l.firstWord(mark)
	}
	comp, err := l.component(Component{
		Kind: "vendor", Name: name, Version: version, Dir: dir, Manifest: mark, Installed: int64(first) * bucket,
		since: int64(first) * bucket, to: int64(first+window) * bucket,
	})
	if err != nil {
		return err
	}
	return l.fill(dir, comp)
}

var versionRE = regexp.MustCompile(`(?:^|[-_ ]|^v|[-_]v|^go)([0-9]+(?:\.[0-9]+)+(?:[-+.][0-9A-Za-z]+)*)$`)

// versionIn finds the version at the end of a name: 2.2.3.857, node-v18.2.0.
func versionIn(name string) (string, bool) {
	if len(name) > 100 || name == "" {
		return "", false
	}
	m := versionRE.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	return m[1], true
}

var noTrees = []string{
	"/tmp", "/var/tmp", "/dev", "/proc", "/sys", "/run", "/etc", "/boot", "/var/log", "/var/run", "/var/spool", "/var/cache",
}

// mayBeTree says whether a directory can be that of one vendor: none of the system, none
// where everyone writes, and none that hides.
func mayBeTree(dir string) bool {
	if standard[dir] || parent(dir) == "/home" {
		return false
	}
	for _, d := range noTrees {
		if isBelow(dir, d) {
			return false
		}
	}
	if strings.Contains(dir, "/.") && !strings.HasPrefix(dir, "/root/") && !strings.HasPrefix(dir, "/home/") {
		return false
	}
	return true
}

// standard holds the directories of hier(7), which belong to no one component.
var standard = func() map[string]bool {
	m := map[string]bool{"/": true}
	for in, names := range map[string]string{
		"": "bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin snap srv sys tmp usr var",
		"/usr": "bin games include lib lib32 lib64 libexec libx32 local sbin share src " +
			"lib/modules lib/systemd lib/systemd/system share/doc share/man",
		"/usr/local": "bin etc games include lib lib64 libexec man sbin share src share/doc share/man",
		"/var":       "backups cache lib local lock log mail opt run spool tmp",
		"/etc":       "opt",
	} {
		for name := range strings.FieldsSeq(names) {
			m[in+"/"+name] = true
		}
	}
	return m
}()
