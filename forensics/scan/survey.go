package scan

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Bounds of the ways by which one directory can be seen.
const (
	maxAliases  = 10_000    // links to directories, and bind mounts, that are followed
	maxVisits   = 8_000_000 // directories looked at behind them
	maxPerFile  = 64        // paths of one file
	maxPathSize = 4096
)

// survey finds, once all volumes are walked, the hosts within them, and says of every
// file by which paths its host sees it and which extractors want it.
func (s *Scan) survey(ctx context.Context, lists []*jobList, marks *host.Marks) error {
	hosts, err := host.Find(ctx, s.img, marks)
	if err != nil {
		return err
	}
	s.hosts = hosts
	for _, g := range hosts.Gaps {
		s.gap(g)
	}
	for _, h := range hosts.List {
		h.System.SnapshotTime = s.taken
	}
	v := &surveyor{s: s, lists: make(map[*host.Volume]*list)}
	// The bind mounts come first: no crowd of links uses up what is followed before them.
	for _, h := range hosts.List {
		for _, b := range h.Binds() {
			v.queue = append(v.queue, alias{h, b, true})
		}
	}
	for _, l := range lists {
		v.lists[l.v] = &list{jobList: l}
		v.own(l)
		v.nested(l)
	}
	if err := v.follow(ctx); err != nil {
		return err
	}
	for _, l := range lists {
		l.keep(s.opts.WantedOnly)
		l.order()
	}
	return nil
}

// surveyor follows the links to directories.
type surveyor struct {
	s      *Scan
	lists  map[*host.Volume]*list
	queue  []alias
	done   int
	visits int
	cut    bool // a file has more paths than are kept
}

// alias is a path of a host at which a directory is seen that stands elsewhere.
type alias struct {
	host *host.Host
	path string
	bind bool // by a mount, not by a link
}

// list is a job list with what it takes to find the files below a directory.
type list struct {
	*jobList
	sorted []uint32 // directories by their path
	first  []uint32 // of each directory, its first job in byDir
	byDir  []uint32 // jobs by directory
}

// own says of the files of a volume what wants them at their own path.
func (v *surveyor) own(l *jobList) {
	g := v.s.globs
	l.sites = make([]site, max(len(l.dirs), 1))
	l.sites[0].host = v.s.hosts.List[0]
	at := make([]active, len(l.dirs))
	for i, d := range l.dirs {
		h, inside := v.s.hosts.Of(l.v, strings.TrimSuffix(d, "/"))
		l.sites[i] = site{h, inside + "/"}
		at[i] = g.at(inside, h)
	}
	for i := range l.jobs {
		j := &l.jobs[i]
		if j.name == "" {
			continue
		}
		a := &at[j.dir]
		if j.wants = a.wants(j.name); j.wants != 0 && covered(l.sites[j.dir], j) {
			j.wants = 0
		}
		if j.link && j.state == filesystem.Live {
			v.consider(*a, l.sites[j.dir], j.name)
		}
	}
}

// covered says whether a file of a container's layer is not what the container has at its
// path: a layer above has another there, or deleted it.
func covered(dir site, j *job) bool {
	if len(dir.host.Lower) == 0 || j.state != filesystem.Live {
		return false
	}
	found, err := dir.host.Lookup(dir.path+j.name, false)
	return err != nil || found.Ref != j.ref
}

// consider queues a link whose path patterns name.
func (v *surveyor) consider(a active, dir site, name string) {
	p := dir.path + name
	c := v.s.globs.step(a, name, p, dir.host)
	if c.leads() || dir.host.AboveHome(p) {
		v.queue = append(v.queue, alias{dir.host, p, false})
	}
}

// follow looks behind the queued paths; there it may find more of them.
func (v *surveyor) follow(ctx context.Context) error {
	seen := make(map[alias]bool)
	for len(v.queue) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		a := v.queue[0]
		v.queue = v.queue[1:]
		if seen[a] || len(a.path) > maxPathSize {
			continue
		}
		seen[a] = true
		dirs := a.host.Dirs(a.path)
		if len(dirs) == 0 {
			if a.bind {
				v.file(a)
			}
			continue // a link to a file, to nowhere, or in a loop
		}
		if v.done++; v.done > maxAliases || v.visits > maxVisits {
			v.gap(a.host, fmt.Sprintf("more than %d links to directories, or %d directories behind them", maxAliases, maxVisits))
			return nil
		}
		for _, d := range dirs {
			if l := v.lists[d.Volume]; l != nil {
				v.expand(a, l, d.Path)
			}
		}
	}
	return nil
}

// file says of one file that a bind mount shows it at another path.
func (v *surveyor) file(a alias) {
	vol, found, err := a.host.Locate(a.path, true)
	l := v.lists[vol]
	if err != nil || l == nil {
		return
	}
	l.index()
	dir, name := path.Split(found.Real)
	i := sort.Search(len(l.sorted), func(i int) bool { return l.dirs[l.sorted[i]] >= dir })
	if i == len(l.sorted) || l.dirs[l.sorted[i]] != dir {
		return
	}
	n := l.sorted[i]
	for _, k := range l.byDir[l.first[n]:l.first[n+1]] {
		if j := &l.jobs[k]; j.name == name && j.state == filesystem.Live && !j.link {
			at := v.s.globs.at(path.Dir(a.path), a.host)
			v.alias(l.jobList, j, aliased{site{a.host, a.path}, at.wants(path.Base(a.path))}, at)
		}
	}
}

// expand says of the files below a directory what wants them at another path.
func (v *surveyor) expand(a alias, l *list, real string) {
	l.index()
	g := v.s.globs
	top := g.at(a.path, a.host)
	i := sort.Search(len(l.sorted), func(i int) bool { return l.dirs[l.sorted[i]] >= real+"/" })
	for i < len(l.sorted) {
		n := l.sorted[i]
		dir := l.dirs[n]
		rest, ok := strings.CutPrefix(dir, real+"/")
		if !ok {
			return
		}
		v.visits++
		here := a.path + "/" + rest
		at := g.below(top, a.path, rest, a.host)
		if !at.leads() && !a.host.AboveHome(path.Clean(here)) {
			// Nothing below it is wanted by this way.
			end := dir[:len(dir)-1] + "0" // behind all that begin with dir
			i += sort.Search(len(l.sorted)-i, func(k int) bool { return l.dirs[l.sorted[i+k]] >= end })
			continue
		}
		for _, k := range l.byDir[l.first[n]:l.first[n+1]] {
			j := &l.jobs[k]
			if j.state != filesystem.Live {
				continue
			}
			if j.link {
				v.consider(at, site{a.host, here}, j.name)
			}
			v.alias(l.jobList, j, aliased{site{a.host, here + j.name}, at.wants(j.name)}, at)
		}
		i++
	}
}

// alias notes another path of a file, if somebody wants it there; at is its directory. A path through a link
// of merged /usr says nothing that its own does not.
func (v *surveyor) alias(l *jobList, j *job, a aliased, at active) {
	own := l.site(j)
	if a.wants == 0 || a.wants&^j.wants == 0 && (own.path == a.path || own.path == "/usr"+a.path) {
		return
	}
	// Where a pattern names the one path, and holds of the other because it holds
	// everywhere, the one says what the file is.
	here := at.named.wants(path.Base(a.path))
	if a.wants &= here | ^j.wants; a.wants == 0 {
		return
	}
	if both := here & j.wants; both != 0 {
		at = v.s.globs.at(path.Dir(own.path), own.host)
		j.wants &^= both &^ at.named.wants(j.name)
	}
	if j.alias == 0 {
		l.aliases = append(l.aliases, nil)
		j.alias = uint32(len(l.aliases))
	}
	list := &l.aliases[j.alias-1]
	if len(*list) < maxPerFile {
		*list = append(*list, a)
		return
	}
	if !v.cut {
		v.cut = true
		v.gap(a.host, fmt.Sprintf("%s is seen at more than %d paths that matter", text.Quote(own.path), maxPerFile))
	}
}

// gap tells of links that were not followed to their end.
func (v *surveyor) gap(h *host.Host, why string) {
	v.s.gap(model.Gap{
		Subject: model.SubjectHost, Source: model.Source{Host: h.ID, DiskOffset: -1}, What: model.Msg("gap.links", "host", h.ID),
		Why: model.Msg("why.error", "error", text.Raw(why)), Weight: model.Decisive,
	})
}

// index sorts the directories by path, and the jobs by directory.
func (l *list) index() {
	if l.sorted != nil {
		return
	}
	l.sorted = make([]uint32, len(l.dirs))
	for i := range l.sorted {
		l.sorted[i] = uint32(i)
	}
	slices.SortFunc(l.sorted, func(a, b uint32) int { return strings.Compare(l.dirs[a], l.dirs[b]) })
	l.first = make([]uint32, len(l.dirs)+1)
	for i := range l.jobs {
		if l.jobs[i].name != "" {
			l.first[l.jobs[i].dir+1]++
		}
	}
	for i := range l.dirs {
		l.first[i+1] += l.first[i]
	}
	l.byDir = make([]uint32, l.first[len(l.dirs)])
	next := slices.Clone(l.first)
	for i := range l.jobs {
		if j := &l.jobs[i]; j.name != "" {
			l.byDir[next[j.dir]] = uint32(i)
			next[j.dir]++
		}
	}
}

// keep leaves out the jobs that nobody asked for: links, and further names of files.
func (l *jobList) keep(wantedOnly bool) {
	l.jobs = slices.DeleteFunc(l.jobs, func(j job) bool {
		return j.wants == 0 && j.alias == 0 && (j.link || j.again || wantedOnly)
	})
	l.dir = nil
}
