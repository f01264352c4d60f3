package search

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// job is a file to search: its name, its content, or both. There can be millions.
type job struct {
	name    string // without its directory; empty: no path is known
	ref     filesystem.Ref
	size    int64
	dir     uint32
	volume  uint16
	state   filesystem.State
	regular bool // it is a regular file, at its first name
	content bool // its content is searched
	log     bool
	named   bool // the name is searched
}

// jobList lists what to search. Directories are kept once.
type jobList struct {
	vols []*host.Volume
	jobs []job
	dirs []string
	dir  map[string]uint32
	gaps []model.Gap
	// hosts are the systems within the volumes, whose paths sources name, too.
	hosts *host.Hosts
}

func (l *jobList) path(j *job) string {
	if j.name == "" {
		return ""
	}
	return l.dirs[j.dir] + j.name
}

// logRE matches the directories of logs, journalRE the names of journals.
var (
	logRE     = regexp.MustCompile(`/logs?/`)
	journalRE = regexp.MustCompile(`\.journal~?$`)
)

// list walks the volumes.
func list(ctx context.Context, img *host.Image, o *Options) (*jobList, error) {
	l := &jobList{dir: make(map[string]uint32)}
	var marks host.Marks
	err := img.EachFile(ctx, o.Volume, filesystem.WalkOptions{Orphans: true, Deleted: !o.NoDeleted, Reuse: true},
		func(v *host.Volume, e *filesystem.Entry) error {
			if n := len(l.vols); n == 0 || l.vols[n-1] != v {
				l.vols = append(l.vols, v)
			}
			if e.Inode == nil {
				return nil
			}
			if e.Err != nil && e.Inode.State != filesystem.Deleted {
				l.gaps = append(l.gaps, gap(v, e.Path, e.Inode.Ref, e.Err))
			}
			j := job{ref: e.Inode.Ref, size: e.Inode.Size, volume: uint16(len(l.vols) - 1), state: e.Inode.State}
			if j.state == filesystem.Live && e.Path != "" {
				if e.Inode.IsDir() {
					marks.SeeDir(v, e.Path)
				} else {
					marks.See(v, e.Path)
				}
			}
			j.regular = e.First && e.Inode.IsRegular()
			j.named = o.Has(Files) && e.Path != "" && e.Path != "/"
			if j.regular || j.named {
				l.add(e.Path, j)
			}
			return nil
		})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		// What was found so far is searched.
		l.gaps = append(l.gaps, model.Gap{
			Subject: model.SubjectVolume, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.walk", "volume", o.Volume),
			Why: model.Msg("why.walk", "error", text.Raw(err.Error())), Weight: model.Decisive,
		})
	}
	for _, v := range img.Volumes {
		if v.FS == nil && v.Content == "swap" && o.Has(Files) && (o.Volume == "" || v.Is(o.Volume)) {
			l.vols = append(l.vols, v)
			l.jobs = append(l.jobs, job{volume: uint16(len(l.vols) - 1), size: v.Bytes.Size(), regular: true})
		}
	}
	if l.hosts, err = host.Find(ctx, img, &marks); err != nil {
		return nil, err
	}
	l.gaps = append(l.gaps, l.hosts.Gaps...)
	l.choose(o)
	l.order()
	return l, nil
}

// choose says of each file whether it is a log, by either of its paths, and whether its
// content is searched.
func (l *jobList) choose(o *Options) {
	type key struct {
		volume uint16
		dir    uint32
	}
	logs := make(map[key]bool)
	for i := range l.jobs {
		j := &l.jobs[i]
		if !j.regular {
			continue
		}
		if j.name != "" {
			k := key{j.volume, j.dir}
			log, known := logs[k]
			if !known {
				dir := l.dirs[j.dir]
				_, inside := l.hosts.Of(l.vols[j.volume], strings.TrimSuffix(dir, "/"))
				log = logRE.MatchString(dir) || logRE.MatchString(inside+"/")
				logs[k] = log
			}
			j.log = log || journalRE.MatchString(j.name)
		}
		j.content = j.log && o.Has(Logs) || !j.log && o.Has(Files)
	}
	l.jobs = slices.DeleteFunc(l.jobs, func(j job) bool { return !j.content && !j.named })
}

func (l *jobList) add(p string, j job) {
	if p != "" {
		i := strings.LastIndexByte(p, '/')
		dir, ok := l.dir[p[:i+1]]
		if !ok {
			dir = uint32(len(l.dirs))
			d := strings.Clone(p[:i+1])
			l.dirs, l.dir[d] = append(l.dirs, d), dir
		}
		j.dir, j.name = dir, strings.Clone(p[i+1:])
	}
	l.jobs = append(l.jobs, j)
}

// order sorts by volume, directory and name; of one path by inode. Files without a path
// come first.
func (l *jobList) order() {
	l.dir = nil
	byName := make([]uint32, len(l.dirs))
	for i := range byName {
		byName[i] = uint32(i)
	}
	slices.SortFunc(byName, func(a, b uint32) int { return strings.Compare(l.dirs[a], l.dirs[b]) })
	rank := make([]uint32, len(l.dirs))
	for i, d := range byName {
		rank[d] = uint32(i)
	}
	place := func(j *job) int64 {
		if j.name == "" {
			return -1
		}
		return int64(rank[j.dir])
	}
	slices.SortFunc(l.jobs, func(a, b job) int {
		return cmp.Or(
			cmp.Compare(a.volume, b.volume), cmp.Compare(place(&a), place(&b)), strings.Compare(a.name, b.name), cmp.Compare(a.state, b.state),
			cmp.Compare(a.ref.Inode, b.ref.Inode), cmp.Compare(a.ref.Version, b.ref.Version),
		)
	})
}

func gap(v *host.Volume, p string, ref filesystem.Ref, err error) model.Gap {
	if p != "" {
		ref = filesystem.Ref{}
	}
	return v.FileGap(p, ref, model.Msg("why.error", "error", text.Raw(err.Error())))
}

// slot is what a worker found in a file.
type slot struct {
	job   *job
	found chan []Hit // closed at the end, when all else is set
	batch []Hit      // that are not sent yet
	sent  int
	limit int // hits of which no more are wanted; 0: of all
	gaps  []model.Gap
	bytes int64
	err   error // of the whole search: it was cancelled
}

const (
	// ahead is how many files of a worker may be done before the ones before them are.
	ahead = 16
	// batch is how many hits are sent at once. Of a file that is done before its turn, two
	// batches wait, and its worker with a third.
	batch = 512
	// maxFileHits bounds the hits of one file.
	maxFileHits = 4 << 20
)

// Errors that end the reading of a file: it has more hits than its share, or as many as
// are wanted.
var (
	errFull   = errors.New("there are more hits in it than are given of one file")
	errEnough = errors.New("there are hits enough")
)

// add keeps a hit.
func (s *slot) add(ctx context.Context, h Hit) error {
	if s.batch = append(s.batch, h); len(s.batch) == batch {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	switch n := s.sent + len(s.batch); {
	case n >= maxFileHits:
		return errFull
	case s.limit > 0 && n > s.limit: // one more says that there are more
		return errEnough
	}
	return nil
}

// flush sends what was kept.
func (s *slot) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	select {
	case s.found <- s.batch:
		s.sent, s.batch = s.sent+len(s.batch), nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Image searches the files of an image and records, and calls fn for each hit, in order.
// An error of fn ends it.
func Image(
	ctx context.Context, img *host.Image, records []model.Record, p *Pattern, o Options, fn func(*Hit) error,
) (Stats, error) {
	res := &results{limit: o.Limit, fn: fn}
	if o.Has(Records) {
		if more, err := inRecords(p, records, res); err != nil || !more {
			return res.stats, err
		}
	}
	if !o.Has(Logs) && !o.Has(Files) {
		return res.stats, nil
	}
	if o.Progress != nil {
		o.Progress(host.Progress{Phase: "reading directories"})
	}
	l, err := list(ctx, img, &o)
	if err != nil {
		return res.stats, err
	}
	res.stats.Gaps = l.gaps
	return res.stats, l.run(ctx, p, &o, res)
}

// Analysis searches records alone, as those of an analysis.json.
func Analysis(records []model.Record, p *Pattern, o Options, fn func(*Hit) error) (Stats, error) {
	res := &results{limit: o.Limit, fn: fn}
	_, err := inRecords(p, records, res)
	return res.stats, err
}

// run searches the files of the list. Workers take them in their order, and their hits are
// given on in it.
func (l *jobList) run(ctx context.Context, p *Pattern, o *Options, res *results) error {
	jobs := o.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	work, ordered := make(chan *slot), make(chan *slot, jobs*ahead)
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer close(ordered)
		defer close(work)
		for i := range l.jobs {
			s := &slot{job: &l.jobs[i], found: make(chan []Hit, 2), limit: o.Limit}
			select {
			case ordered <- s:
			case <-ctx.Done():
				return
			}
			select {
			case work <- s:
			case <-ctx.Done():
				s.err = ctx.Err()
				close(s.found)
				return
			}
		}
	}()
	for range jobs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			w := &worker{list: l, s: newSearcher(p), digest: p.Digest()}
			for s := range work {
				w.slot(ctx, s)
				if err := s.flush(ctx); err != nil {
					s.err = err
				}
				close(s.found)
			}
		}()
	}
	return l.collect(ctx, ordered, o, res)
}

// collect gives on what the workers found.
func (l *jobList) collect(ctx context.Context, ordered <-chan *slot, o *Options, res *results) error {
	total := host.Progress{Phase: "searching", TotalFiles: int64(len(l.jobs))}
	for i := range l.jobs {
		if j := &l.jobs[i]; j.content {
			total.TotalBytes += min(j.size, l.vols[j.volume].Size)
		}
	}
	n := int64(0)
	for s := range ordered {
		for hits := range s.found {
			for i := range hits {
				if more, err := res.give(&hits[i]); !more || err != nil {
					return err
				}
			}
		}
		if s.err != nil {
			return s.err
		}
		res.stats.Gaps = append(res.stats.Gaps, s.gaps...)
		res.stats.Bytes += s.bytes
		if s.job.content {
			res.stats.Files++
			total.Bytes += min(s.job.size, l.vols[s.job.volume].Size)
		}
		if n++; o.Progress != nil && n%512 == 0 {
			total.Files = n
			o.Progress(total)
		}
	}
	return ctx.Err()
}

// worker searches one file after the other.
type worker struct {
	list   *jobList
	s      *searcher
	digest string
}

// slot searches a file. A panic costs that file.
func (w *worker) slot(ctx context.Context, s *slot) {
	j := s.job
	v, p := w.list.vols[j.volume], w.list.path(j)
	src := model.Source{
		Image: v.Image.ID, Volume: v.ID, Path: p, Inode: j.ref.Inode, Version: j.ref.Version, State: j.state, DiskOffset: -1,
	}
	if v.FS == nil {
		src.Path, src.Host = swapPath, w.list.hosts.List[0].ID
		err := guard.Do("search", func() error { return w.swap(ctx, v, s, src) })
		s.failed(ctx, v, swapPath, err)
		return
	}
	if h, inside := w.list.hosts.Of(v, p); j.state == filesystem.Live {
		if src.Host = h.ID; inside != p {
			src.HostPath = inside
		}
	}
	if j.named {
		// A pattern that is a part of a path is searched for in all of it.
		name := j.name
		if strings.Contains(w.s.p.text, "/") {
			name = src.InHost()
		}
		if _, ok := w.s.inText(name); ok {
			s.batch = append(s.batch, Hit{In: Files, What: "name", Source: src, Excerpt: text.Cut(src.InHost(), MaxExcerpt)})
		}
	}
	if !j.content || j.size == 0 {
		return
	}
	s.failed(ctx, v, p, guard.Do("search", func() error { return w.file(ctx, v, s, src) }))
}

// failed keeps why a file was not searched, or not to its end.
func (s *slot) failed(ctx context.Context, v *host.Volume, p string, err error) {
	switch {
	case ctx.Err() != nil:
		s.err = ctx.Err()
	case err == nil, errors.Is(err, errEnough), s.job.state == filesystem.Deleted:
	default:
		s.gaps = append(s.gaps, gap(v, p, s.job.ref, err))
	}
}
