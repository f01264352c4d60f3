package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/dpkg"
	"icecore/forensics/content/upx"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/rules"
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
	system     *artifact.System
	onProgress func(host.Progress)
	entries    func(*host.Volume, *filesystem.Entry) error

	files   atomic.Int64 // regular files looked at
	scanned atomic.Int64 // bytes given to YARA
	sealed  atomic.Int64 // archives of the present volume that are as their package installed them

	owners map[string]*dpkg.Owners // by volume

	limits limits
	unpack func([]byte, int) (*upx.Program, error) // upx.Unpack, but for tests

	mu      sync.Mutex
	found   collected
	trouble troubles
	seen    map[seenKey]*verdict // what was found in content, by its SHA-256
	large   chan []byte          // the buffers for large files, empty until used
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
func (s *Scan) problem(at place, err error) { s.unread(at, err.Error()) }

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

// volume looks at all files of a volume and gives their number.
func (s *Scan) volume(ctx context.Context, v *host.Volume) (int64, error) {
	s.progress(host.Progress{Phase: "reading directories"})
	number := s.number(v)
	list, devices, files, err := s.walk(ctx, v)
	if err != nil {
		return 0, err
	}
	s.guard(v, model.Msg("gap.packages", "volume", v.ID), func() error {
		s.own(ctx, v, list)
		return nil
	})
	total := host.Progress{Phase: "reading files", TotalFiles: int64(len(list.jobs))}
	for i := range list.jobs {
		total.TotalBytes += list.jobs[i].content(v)
	}
	for i := range devices {
		s.keep(number, 0, devices[i])
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
				if err := w.guarded(gctx, j, list.path(j)); err != nil {
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
		return 0, err
	}
	if !s.opts.YARAOnly {
		s.guard(v, model.Msg("gap.scripts", "volume", v.ID), func() error { return s.started(ctx, v, number) })
		if err := ctx.Err(); err != nil {
			return 0, err
		}
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
	return files, nil
}

// walk lists the files to look at.
func (s *Scan) walk(ctx context.Context, v *host.Volume) (list *jobList, devices []artifact.Record, files int64, err error) {
	list = &jobList{}
	var refused error // by the callback for the entries
	err = v.FS.Walk(ctx, filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: !s.opts.NoDeleted}, func(e *filesystem.Entry) error {
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
			files++
		}
		if e.Err != nil && in.State != filesystem.Deleted {
			s.problem(place{v, e.Path, in.Ref}, e.Err)
		}
		_, inside := host.SplitRoot(e.Path)
		j := job{ref: in.Ref, size: in.Size, state: in.State, mode: in.Mode}
		switch {
		case in.IsRegular():
		case in.IsSymlink():
			if j.wants = s.globs.match(inside); j.wants != 0 && in.State == filesystem.Live {
				j.link = true
				list.add(e.Path, j)
			}
			return nil
		default:
			if !s.opts.YARAOnly && deviceOutsideDev(e) {
				devices = append(devices, s.deviceRecord(v, e))
			}
			return nil
		}
		if e.Path != "" {
			j.wants = s.globs.match(inside)
		}
		if s.opts.WantedOnly && j.wants == 0 {
			return nil
		}
		if !e.First {
			// Names come in an order that depends on the disk alone; content
			// is looked at under the first of them, extractors see each.
			if j.wants == 0 {
				return nil
			}
			j.again = true
		}
		list.add(e.Path, j)
		return nil
	})
	if err = cmp.Or(refused, ctx.Err(), err); refused != nil || ctx.Err() != nil {
		return nil, nil, 0, err
	}
	if err != nil {
		// What was found so far is looked at, and the other volumes are.
		s.gap(partGap(v, model.Msg("gap.walk", "volume", v.ID), model.Msg("why.walk", "error", text.Raw(err.Error()))))
	}
	list.order()
	return list, devices, files, nil
}

func (s *Scan) deviceRecord(v *host.Volume, e *filesystem.Entry) artifact.Record {
	r := artifact.Record{Kind: "file.notable"}
	r.Add("what", "device_outside_dev")
	r.Add("file_type", e.Inode.TypeName())
	r.Add("mode", fmt.Sprintf("%04o", e.Inode.Mode&0o7777))
	r.Add("device", fmt.Sprintf("%d:%d", e.Inode.Major, e.Inode.Minor))
	r.Source = artifact.Source{Image: s.img.ID, Volume: v.ID, Path: e.Path, Inode: e.Inode.Ref.Inode, State: e.Inode.State, DiskOffset: -1}
	addTimes(&r, e.Inode)
	return r
}

// own reads the package database of a volume: which package owns which path, and
// with what checksum.
func (s *Scan) own(ctx context.Context, v *host.Volume, list *jobList) {
	o := &dpkg.Owners{}
	if s.owners == nil {
		s.owners = make(map[string]*dpkg.Owners)
	}
	s.owners[v.ID] = o
	w := &worker{s: s, v: v}
	read := func(j *job, fn func(pkg string, r *io.SectionReader) error) {
		f, err := v.FS.Open(j.ref)
		var in *opened
		if err == nil {
			in, err = w.text(ctx, f)
		}
		if err == nil {
			err = fn(strings.TrimSuffix(j.name, path.Ext(j.name)), in.content)
			in.cancel()
		}
		if err != nil {
			s.problem(place{v: v, path: list.path(j)}, err)
		}
	}
	for i := range list.jobs {
		j := &list.jobs[i]
		if ctx.Err() != nil {
			return
		}
		if j.state != filesystem.Live || j.link || j.name == "" {
			continue
		}
		switch dir := list.dirs[j.dir]; {
		case dir == "/var/lib/dpkg/" && j.name == "diversions":
			read(j, func(_ string, r *io.SectionReader) error { return o.AddDiversions(r) })
		case dir != "/var/lib/dpkg/info/":
		case strings.HasSuffix(j.name, ".list"):
			read(j, func(pkg string, r *io.SectionReader) error { return o.AddList(pkg, r) })
		case strings.HasSuffix(j.name, ".md5sums"):
			read(j, func(pkg string, r *io.SectionReader) error { return o.AddMD5Sums(pkg, r) })
		}
	}
}

// ownership is what the package database says of a file.
type ownership struct {
	owner string
	known bool   // there is a package database
	state string // intact, changed, or empty: not compared
	md5   string // as the package states it
}

func (s *Scan) ownership(v *host.Volume, p string, st filesystem.State) ownership {
	o := s.owners[v.ID]
	if o == nil || !o.Known() || st != filesystem.Live {
		return ownership{}
	}
	if root, _ := host.SplitRoot(p); root != "" {
		return ownership{} // a container's own database is another one
	}
	out := ownership{known: true}
	out.owner, _ = o.Owner(p)
	if out.owner != "" {
		out.md5, _ = o.MD5(p)
	}
	return out
}

// Lookup tells detection of a file that a record names.
func (s *Scan) Lookup(volume, name string) *detect.FileFact {
	for _, v := range s.img.Volumes {
		if v.ID != volume || v.FS == nil {
			continue
		}
		ref, real, err := filesystem.Lookup(v.FS, name, true)
		if err != nil {
			return nil
		}
		in, err := v.FS.Inode(ref)
		if err != nil {
			return nil
		}
		o := s.ownership(v, real, in.State)
		if o.owner == "" {
			o = s.ownership(v, path.Clean(name), in.State)
		}
		return &detect.FileFact{Path: real, Inode: in, Owner: o.owner, Known: o.known}
	}
	return nil
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
