package forensics

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/dpkg"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// scan is the one pass over the volumes of an image: a walk that finds the files,
// and workers that read each of them once.
type scan struct {
	img        *Image
	opts       Options
	rules      *RuleSet
	extractors []artifact.Extractor
	globs      *globs
	system     *artifact.System

	files   atomic.Int64 // regular files looked at
	scanned atomic.Int64 // bytes given to YARA

	owners map[string]*dpkg.Owners // by volume

	mu       sync.Mutex
	found    []located
	trouble  []NotRead
	verdicts map[[32]byte][]yaraHit // of content already seen
}

// located is a record with what puts it in its place among the others.
type located struct {
	rec    artifact.Record
	volume int
	seq    int // of the records of one file
}

// job is a file to look at. It is kept small: there can be millions.
type job struct {
	path   string
	target string // of a symbolic link
	ref    filesystem.Ref
	size   int64
	state  filesystem.State
	mode   uint16
	wants  []int // extractors
}

// maxNotRead bounds the lines of coverage that one volume adds.
const maxNotRead = 10_000

func (s *scan) problem(what, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.trouble) < maxNotRead {
		s.trouble = append(s.trouble, NotRead{what, text.Escape(fmt.Sprintf(format, args...))})
	}
}

// notRead gives what could not be read, in an order that does not depend on the
// workers.
func (s *scan) notRead() []NotRead {
	sort.Slice(s.trouble, func(i, j int) bool {
		if s.trouble[i].What != s.trouble[j].What {
			return s.trouble[i].What < s.trouble[j].What
		}
		return s.trouble[i].Why < s.trouble[j].Why
	})
	return s.trouble
}

// volume looks at all files of a volume and gives their number.
func (s *scan) volume(ctx context.Context, v *Volume) (int64, error) {
	s.opts.progress(Progress{Phase: "reading folders"})
	number := 0
	for i, w := range s.img.Volumes {
		if w == v {
			number = i
		}
	}
	jobs, devices, files, err := s.walk(ctx, v)
	if err != nil {
		return 0, err
	}
	s.own(ctx, v, jobs)
	var total Progress
	total.Phase = "reading files"
	for i := range jobs {
		total.TotalFiles++
		total.TotalBytes += jobs[i].size
	}
	for i := range devices {
		s.keep(number, 0, devices[i])
	}
	// Each worker takes the next file: executables and what stands in places
	// that everybody may write first, then all others in the order of the disk.
	var next, done, bytes atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	for range s.opts.jobs() {
		g.Go(func() error {
			w, err := s.worker(v, number)
			if err != nil {
				return err
			}
			defer w.close()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return nil
				}
				if err := gctx.Err(); err != nil {
					return err
				}
				if err := w.file(gctx, &jobs[i]); err != nil {
					return err
				}
				b := bytes.Add(jobs[i].size)
				if n := done.Add(1); n%512 == 0 || jobs[i].size > 16<<20 {
					s.mu.Lock()
					p := total
					p.Files, p.Bytes = n, b
					s.opts.progress(p)
					s.mu.Unlock()
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	for _, p := range v.FS.Problems() {
		s.problem(fmt.Sprintf("volume %s, %s", v.ID, text.Escape(p.What)), "%s", p.Why)
	}
	return files, nil
}

// walk lists the files to look at.
func (s *scan) walk(ctx context.Context, v *Volume) (jobs []job, devices []artifact.Record, files int64, err error) {
	type file struct{ ref filesystem.Ref }
	first := make(map[file]bool) // files with several names: content is read once
	err = v.FS.Walk(ctx, filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: !s.opts.NoDeleted}, func(e *filesystem.Entry) error {
		if s.opts.Entries != nil {
			if err := s.opts.Entries(v, e); err != nil {
				return err
			}
		}
		if e.Inode == nil {
			if e.Err != nil {
				s.problem(fmt.Sprintf("volume %s, %s", v.ID, text.Escape(e.Path)), "%v", e.Err)
			}
			return nil
		}
		if e.First {
			files++
		}
		if e.Err != nil && e.Inode.State != filesystem.Deleted {
			s.problem(fmt.Sprintf("volume %s, %s (inode %s)", v.ID, text.Escape(e.Path), e.Inode.Ref), "%v", e.Err)
		}
		_, inside := splitRoot(e.Path)
		switch {
		case e.Inode.IsRegular():
		case e.Inode.IsSymlink():
			if w := s.globs.match(inside); w != nil && e.Inode.State == filesystem.Live {
				jobs = append(jobs, job{path: e.Path, target: e.Target, ref: e.Inode.Ref, state: e.Inode.State, mode: e.Inode.Mode, wants: w})
			}
			return nil
		default:
			if !s.opts.YARAOnly && deviceOutsideDev(e) {
				r := artifact.Record{Kind: "file.notable"}
				r.Add("what", "device_outside_dev")
				r.Add("file_type", e.Inode.TypeName())
				r.Add("mode", fmt.Sprintf("%04o", e.Inode.Mode&0o7777))
				r.Add("device", fmt.Sprintf("%d:%d", e.Inode.Major, e.Inode.Minor))
				r.Source = artifact.Source{Volume: v.ID, Path: e.Path, Inode: e.Inode.Ref.Inode, State: e.Inode.State, DiskOffset: -1}
				addTimes(&r, e.Inode)
				devices = append(devices, r)
			}
			return nil
		}
		j := job{path: e.Path, ref: e.Inode.Ref, size: e.Inode.Size, state: e.Inode.State, mode: e.Inode.Mode}
		if e.Inode.State != filesystem.Deleted || e.Path != "" {
			j.wants = s.globs.match(inside)
		}
		if !e.First || e.Inode.Links > 1 {
			// Names come in an order that depends on the disk alone; content
			// is looked at under the first of them, extractors see each.
			if first[file{e.Inode.Ref}] {
				if j.wants == nil {
					return nil
				}
				j.size = 0
			}
			first[file{e.Inode.Ref}] = true
		}
		jobs = append(jobs, j)
		return nil
	})
	if err != nil {
		return nil, nil, 0, err
	}
	sort.SliceStable(jobs, func(i, k int) bool {
		a, b := &jobs[i], &jobs[k]
		if x, y := a.urgent(), b.urgent(); x != y {
			return x
		}
		return a.ref.Inode < b.ref.Inode
	})
	return jobs, devices, files, nil
}

// urgent says whether a file is one of those that an intruder would run.
func (j *job) urgent() bool { return j.mode&0o111 != 0 || tempDirs(j.path) }

// own reads the package database of a volume: which package owns which path, and
// with what checksum.
func (s *scan) own(ctx context.Context, v *Volume, jobs []job) {
	o := &dpkg.Owners{}
	if s.owners == nil {
		s.owners = make(map[string]*dpkg.Owners)
	}
	s.owners[v.ID] = o
	read := func(j *job, fn func(pkg string, f filesystem.File) error) {
		f, err := v.FS.Open(j.ref)
		if err == nil {
			name := path.Base(j.path)
			err = fn(strings.TrimSuffix(name, path.Ext(name)), f)
		}
		if err != nil {
			s.problem(fmt.Sprintf("volume %s, %s", v.ID, text.Escape(j.path)), "%v", err)
		}
	}
	for i := range jobs {
		j := &jobs[i]
		if ctx.Err() != nil {
			return
		}
		if j.state != filesystem.Live || j.target != "" {
			continue
		}
		switch {
		case j.path == "/var/lib/dpkg/diversions":
			read(j, func(_ string, f filesystem.File) error { return o.AddDiversions(Content(f)) })
		case path.Dir(j.path) != "/var/lib/dpkg/info":
		case strings.HasSuffix(j.path, ".list"):
			read(j, func(pkg string, f filesystem.File) error { return o.AddList(pkg, Content(f)) })
		case strings.HasSuffix(j.path, ".md5sums"):
			read(j, func(pkg string, f filesystem.File) error { return o.AddMD5Sums(pkg, Content(f)) })
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

func (s *scan) ownership(v *Volume, p string, st filesystem.State) ownership {
	o := s.owners[v.ID]
	if o == nil || !o.Known() || st != filesystem.Live {
		return ownership{}
	}
	if root, _ := splitRoot(p); root != "" {
		return ownership{} // a container's own database is another one
	}
	out := ownership{known: true}
	out.owner, _ = o.Owner(p)
	if out.owner != "" {
		out.md5, _ = o.MD5(p)
	}
	return out
}

// lookup tells detection of a file that a record names.
func (s *scan) lookup(volume, name string) *detect.FileFact {
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

func (s *scan) keep(volume, seq int, r artifact.Record) {
	s.mu.Lock()
	s.found = append(s.found, located{r, volume, seq})
	s.mu.Unlock()
}

// sorted gives all records in their final order, with IDs.
func (s *scan) sorted() []artifact.Record {
	sort.SliceStable(s.found, func(i, j int) bool {
		a, b := &s.found[i], &s.found[j]
		x, y := &a.rec.Source, &b.rec.Source
		switch {
		case a.volume != b.volume:
			return a.volume < b.volume
		case x.Path != y.Path:
			return x.Path < y.Path
		case x.State != y.State:
			return x.State < y.State
		case x.Inode != y.Inode:
			return x.Inode < y.Inode
		case x.Version != y.Version:
			return x.Version < y.Version
		}
		return a.seq < b.seq
	})
	out := make([]artifact.Record, len(s.found))
	for i := range s.found {
		out[i] = s.found[i].rec
		out[i].ID = fmt.Sprintf("R-%06d", i+1)
	}
	s.found = nil
	return out
}

// addTimes gives a record the times of its file, unless it has times of its own.
func addTimes(r *artifact.Record, in *filesystem.Inode) {
	if len(r.Times) > 0 {
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
