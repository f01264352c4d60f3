package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"icecore/forensics/artifact"
	"icecore/forensics/content/upx"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/host/origin"
	"icecore/forensics/host/pkgdb"
	"icecore/forensics/indicators"
	"icecore/forensics/model"
	"icecore/forensics/rules"
	"icecore/forensics/shell"
	"icecore/forensics/text"
)

// Scan is the one pass over the volumes of an image: a walk that finds the files,
// and workers that read each of them once.
type Scan struct {
	img        *host.Image
	opts       Options
	rules      *rules.Set
	extractors []artifact.Extractor
	globs      *globs
	taken      time.Time
	hosts      *host.Hosts
	onProgress func(host.Progress)
	entries    func(*host.Volume, *filesystem.Entry) error

	files   atomic.Int64 // regular files looked at
	scanned atomic.Int64 // bytes given to YARA
	sealed  atomic.Int64 // archives of the present volume that are as their package installed them

	packages map[*host.Host]*pkgdb.DB
	listed   bool // packages become records
	seq      int  // of the next of them
	origins  map[*host.Host]*origin.Index

	limits limits
	unpack func([]byte, int) (*upx.Program, error) // upx.Unpack, but for tests

	near       neighbours
	mu         sync.Mutex
	lists      []*jobList // of the volumes, once they are walked
	found      collected
	trouble    troubles
	indicators *indicators.Set             // see Input.Indicators
	wants      func(*artifact.Record) bool // see Input.Wanted
	seen       map[seenKey]*verdict        // what was found in content, by its SHA-256
	large      chan []byte                 // the buffers for large files, empty until used
}

// gap adds a line to the coverage.
func (s *Scan) gap(g model.Gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble.add(g)
}

// place is where something of an image could not be read. The reference is shown only
// where there is no path, or where it is set.
type place struct {
	v    *host.Volume
	path string
	ref  filesystem.Ref
}

// problem adds a file that could not be read, or not wholly.
func (s *Scan) problem(at place, err error) {
	g := at.v.FileGap(at.path, at.ref, model.Msg("why.error", "error", text.Raw(err.Error())))
	if errors.Is(err, shell.ErrMiddle) { // of what is started, it may be the part that matters
		g.Weight = model.Decisive
	}
	s.gap(g)
}

func (s *Scan) unread(at place, why string) {
	s.gap(at.v.FileGap(at.path, at.ref, model.Msg("why.error", "error", text.Raw(why))))
}

// failed adds what an extractor could not read of a file.
func (s *Scan) failed(at place, extractor string, err error) {
	g := at.v.FileGap(at.path, at.ref, model.Msg("why.extractor", "extractor", extractor, "error", text.Raw(err.Error())))
	g.Subject = model.SubjectExtractor
	if artifact.IsCut(err) {
		g.Weight = model.Decisive
	}
	s.gap(g)
}

// guard runs a part of the scan. Its error, or a panic of it, is listed in the
// coverage; the rest of the scan goes on.
func (s *Scan) guard(v *host.Volume, what model.Message, fn func() error) {
	if err := guard.Do("scan", fn); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		s.gap(partGap(v, what, model.Msg("why.error", "error", text.Raw(err.Error()))))
	}
}

// partGap is a part of a volume's analysis that was not done, or not wholly.
func partGap(v *host.Volume, what, why model.Message) model.Gap {
	return model.Gap{
		Subject: model.SubjectVolume, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: what, Why: why, Weight: model.Decisive,
	}
}

// volume looks at all files of a volume.
func (s *Scan) volume(ctx context.Context, list *jobList) error {
	v, number := list.v, list.number
	total := host.Progress{Phase: "reading files", TotalFiles: int64(len(list.jobs))}
	for i := range list.jobs {
		total.TotalBytes += list.jobs[i].content(v)
	}
	for _, e := range list.devices {
		if h, inside := s.hosts.Of(v, e.Path); deviceOutsideDev(h, inside) {
			s.keep(number, 0, s.deviceRecord(v, h, inside, e))
		}
	}
	var next, done, bytes atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	for range min(s.jobs(), len(list.jobs)) {
		g.Go(func() error {
			w, err := s.worker(v, number)
			if err != nil {
				return err
			}
			defer w.close()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(list.jobs) {
					return nil
				}
				if err := gctx.Err(); err != nil {
					return err
				}
				j := &list.jobs[i]
				if err := w.guarded(gctx, list, j); err != nil {
					return err
				}
				b := bytes.Add(j.content(v))
				if n := done.Add(1); n%512 == 0 || j.size >= largeFile {
					s.mu.Lock()
					p := total
					p.Files, p.Bytes = n, b
					s.progress(p)
					s.mu.Unlock()
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if n := s.sealed.Swap(0); n > 0 {
		s.gap(model.Gap{
			Subject: model.SubjectMember, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: model.Msg("gap.archives", "volume", v.ID, "count", n),
			Why: model.Msg("why.intact"), Weight: model.Minor,
		})
	}
	for _, p := range v.FS.Problems() {
		s.gap(v.ProblemGap(p))
	}
	return nil
}

// walk lists the files of a volume.
func (s *Scan) walk(ctx context.Context, v *host.Volume, number int, marks *host.Marks) (*jobList, error) {
	s.progress(host.Progress{Phase: "reading directories"})
	list := &jobList{v: v, number: number}
	var refused error // by the callback for the entries
	err := v.FS.Walk(ctx, filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: !s.opts.NoDeleted}, func(e *filesystem.Entry) error {
		if s.entries != nil {
			if refused = s.entries(v, e); refused != nil {
				return refused
			}
		}
		if e.Inode == nil {
			if e.Err != nil {
				s.problem(place{v: v, path: e.Path}, e.Err)
			}
			return nil
		}
		in := e.Inode
		if e.First {
			list.files++
		}
		if e.Err != nil && in.State != filesystem.Deleted {
			s.problem(place{v, e.Path, in.Ref}, e.Err)
		}
		j := job{ref: in.Ref, size: in.Size, state: in.State, mode: in.Mode}
		j.dir, j.name = list.split(e.Path)
		if !s.opts.WantedOnly && !s.opts.YARAOnly {
			list.note(in, j.dir, j.name)
		}
		switch {
		case in.IsRegular():
			// Names come in an order that depends on the disk alone; content
			// is looked at under the first of them, extractors see each.
			j.again = !e.First
		case in.IsSymlink():
			if j.link = true; in.State != filesystem.Live {
				return nil
			}
		default:
			if t := in.Mode & filesystem.ModeType; !s.opts.YARAOnly && in.State == filesystem.Live && (t == filesystem.ModeBlock || t == filesystem.ModeChar) && (in.Major != 0 || in.Minor != 0) {
				list.devices = append(list.devices, e)
			}
			return nil
		}
		if in.State == filesystem.Live {
			marks.See(v, e.Path)
			s.see(list, e)
		}
		list.jobs = append(list.jobs, j)
		return nil
	})
	if err = cmp.Or(refused, ctx.Err(), err); refused != nil || ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		// What was found so far is looked at, and the other volumes are.
		s.gap(partGap(v, model.Msg("gap.walk", "volume", v.ID), model.Msg("why.walk", "error", text.Raw(err.Error()))))
	}
	return list, nil
}

func (s *Scan) deviceRecord(v *host.Volume, h *host.Host, inside string, e *filesystem.Entry) artifact.Record {
	r := artifact.Record{Kind: "file.notable"}
	r.Add("what", "device_outside_dev")
	r.Add("file_type", e.Inode.TypeName())
	r.Add("mode", fmt.Sprintf("%04o", e.Inode.Mode&0o7777))
	r.Add("device", fmt.Sprintf("%d:%d", e.Inode.Major, e.Inode.Minor))
	r.Source = artifact.Source{Image: v.Image.ID, Host: h.ID, Volume: v.ID, Path: e.Path, Inode: e.Inode.Ref.Inode, State: e.Inode.State, DiskOffset: -1}
	if inside != e.Path {
		r.Source.HostPath = inside
	}
	addTimes(&r, e.Inode)
	return r
}

// Lookup tells detection of a file that a record of a host names.
func (s *Scan) Lookup(id, name string) *detect.FileFact {
	h := s.hosts.Host(id)
	if h == nil {
		return nil
	}
	found, err := h.Lookup(name, true)
	if err != nil {
		return nil
	}
	in, err := found.Inode()
	if err != nil {
		return nil
	}
	o := s.ownership(site{h, found.Path}, in.State, in.Mode)
	if o.owner == "" {
		o = s.ownership(site{h, path.Clean(name)}, in.State, in.Mode)
	}
	f := &detect.FileFact{Path: found.Path, Inode: in, Owner: o.owner, Known: o.known}
	if from := s.originOf(site{h, found.Path}, in, o); from.Kind != "" {
		f.Origin, f.OriginState = from.String(), string(from.State)
	}
	if f.Owner == "" && f.Known && in.IsRegular() {
		s.judged(h, found, f)
	}
	return f
}

// maxInstalled is the size up to which Installed compares a file.
const maxInstalled = 8 << 20

// Installed says whether a file is as its package installed it, by the digest that the
// package states. What no package owns, what cannot be compared and what is larger than
// 8 MiB is not called so.
func (s *Scan) Installed(id, name string) bool {
	h := s.hosts.Host(id)
	if h == nil {
		return false
	}
	db := s.packages[h]
	found, err := h.Lookup(name, true)
	if db == nil || !db.Known() || err != nil {
		return false
	}
	f, ok := db.File(found.Path)
	if !ok {
		f, ok = db.File(path.Clean(name))
	}
	if !ok || !f.Has(pkgdb.DigestKnown) {
		return false
	}
	sum, err := pkgdb.NewHash(f.Digest.Algorithm)
	if err != nil {
		return false
	}
	b, err := filesystem.ReadFile(h, found.Path, maxInstalled)
	if err != nil {
		return false
	}
	_, _ = sum.Write(b)
	return string(sum.Sum(nil)) == f.Digest.Sum
}

func (s *Scan) keep(volume, seq int, r artifact.Record) {
	s.mu.Lock()
	s.found.add(located{r, volume, seq})
	s.mu.Unlock()
}

// addTimes gives a record the times of its file, unless it states what a log says,
// which has times of its own.
func addTimes(r *artifact.Record, in *filesystem.Inode) {
	if len(r.Times) > 0 && r.Kind.IsLog() {
		return
	}
	for _, t := range []struct {
		what string
		time filesystem.Time
	}{{"modified", in.Mtime}, {"changed", in.Ctime}, {"created", in.Crtime}, {"deleted", in.Dtime}} {
		if t.time.Known && (t.what != "deleted" || in.State == filesystem.Deleted && t.time.Sec > 0) {
			r.Times = append(r.Times, artifact.Stamp{What: t.what, Time: t.time.Time()})
		}
	}
}

var errTooLarge = errors.New("larger than the limit for one file")
