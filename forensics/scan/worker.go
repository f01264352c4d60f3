package scan

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/content/engine"
	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/model"
)

// worker looks at one file after the other.
type worker struct {
	s       *Scan
	v       *host.Volume
	number  int
	scanner *engine.Scanner
	buf     []byte // for what is no larger than largeFile
	large   []byte // for what is, while such a file is looked at
	pieces  []byte // for the members of archives
}

func (s *Scan) worker(v *host.Volume, number int) (*worker, error) {
	w := &worker{s: s, v: v, number: number}
	if s.rules.Available() && !s.opts.NoYARA {
		if err := w.newScanner(); err != nil {
			return nil, fmt.Errorf("YARA: %w", err)
		}
	}
	return w, nil
}

func (w *worker) newScanner() (err error) {
	timeout := w.s.opts.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	w.scanner, err = w.s.rules.NewScanner(timeout)
	return err
}

func (w *worker) close() {
	if w.scanner != nil {
		w.scanner.Close()
	}
}

// guarded is file with a guard: what no guard within caught costs this file.
func (w *worker) guarded(ctx context.Context, list *jobList, j *job) error {
	defer w.release()
	p := list.path(j)
	err := guard.Do("file", func() error { return w.file(ctx, list, j, p) })
	var panicked *guard.PanicError
	if !errors.As(err, &panicked) {
		return err
	}
	w.s.problem(w.where(j, p), err)
	return nil
}

// where names a file in the coverage.
func (w *worker) where(j *job, p string) place {
	if p == "" {
		return place{v: w.v, ref: j.ref}
	}
	return place{v: w.v, path: p}
}

// file reads one file, whose path is p, and keeps what it tells. An error ends the
// analysis: only a cancelled context gives one.
func (w *worker) file(ctx context.Context, list *jobList, j *job, p string) error {
	where, at := w.where(j, p), list.site(j)
	if j.link {
		said := list.twice(j)
		w.link(ctx, j, p, at, j.wants, where, said)
		for _, a := range list.aliasesOf(j) {
			w.link(ctx, j, p, a.site, a.wants, where, said)
		}
		return ctx.Err()
	}
	f, err := w.v.FS.Open(j.ref)
	if err != nil {
		if j.state != filesystem.Deleted {
			w.s.problem(where, err)
		}
		return nil
	}
	in := f.Inode()
	c := &content{name: p, own: w.s.ownership(at, in.State, in.Mode), file: f, size: f.Size(), twin: j.twin, again: j.again, wanted: j.wants != 0 || j.alias != 0}
	c.own.origin = w.s.originOf(at, in, c.own)
	var cancel context.CancelFunc
	c.ctx, cancel = w.s.limits.deadline(ctx, min(c.size, w.v.Size))
	defer cancel()
	err = guard.Do("content", func() error { return w.read(c.ctx, c) })
	if c.ctx.Err() != nil && ctx.Err() == nil {
		err = context.Cause(c.ctx)
	}
	c.ctx = nil
	if !j.again && (err == nil || len(c.head) > 0) {
		w.s.files.Add(1) // of which nothing could be read, it was not read
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if j.state != filesystem.Deleted {
			w.s.problem(where, err)
		}
		if len(c.head) == 0 && !errors.Is(err, errTooLarge) {
			return nil
		}
	}
	runs := len(c.hits) > 0 || len(c.configs) > 0 || in.Mode&0o111 != 0 || strings.Contains(path.Base(p), ".so") || runsAsText(at.path) && c.size <= maxOrigin
	if !j.again && runs {
		if err := w.packageState(ctx, c); err != nil {
			return err
		}
	}
	if !j.again && (runs || isModule(at.path) && c.size <= maxOrigin) {
		if err := w.compareOrigin(ctx, c); err != nil {
			return err
		}
	}
	for _, t := range c.trouble {
		w.s.unread(where, t)
	}
	o := c.own
	var recs []artifact.Record
	kept := 0
	flush := func() error {
		err := w.keep(ctx, p, at, in, c, recs, kept)
		kept, recs = kept+len(recs), recs[:0]
		return err
	}
	for i := range c.hits {
		recs = append(recs, hitRecord(&c.hits[i], o))
	}
	if !w.s.opts.YARAOnly {
		for i := range c.configs {
			recs = append(recs, configRecord(&c.configs[i], o))
		}
		if !j.again {
			if err := guard.Do("notable", func() error {
				recs = append(recs, w.s.notable(at.host, w.s.known(w.v, p, at), in, c, o)...)
				return nil
			}); err != nil {
				w.s.problem(where, err)
			}
		}
		recs = append(recs, w.s.named(at, p, in, c)...)
		recs = append(recs, w.listed(ctx, at, in, c)...)
		said := list.twice(j)
		emit := func(r artifact.Record) error {
			if said.again(&r) {
				return nil
			}
			recs = append(recs, r)
			recs = append(recs, w.s.commandsOf(&r, at, c)...)
			if len(recs) >= batch {
				return flush()
			}
			return nil
		}
		for _, a := range append([]aliased{{at, j.wants}}, list.aliasesOf(j)...) {
			if at != a.site {
				if err := flush(); err != nil {
					return err
				}
				at = a.site
			}
			for _, x := range extractors(a.wants) {
				if err := w.extract(ctx, w.s.extractors[x], a.site, "", in, c, emit); err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					w.s.failed(where, w.s.extractors[x].Name(), err)
					if r, ok := cutStart(w.s.extractors[x].Name(), in, c, err); ok {
						if err := emit(r); err != nil {
							return err
						}
					}
				}
			}
		}
	}
	return flush()
}

// batch is how many records of a file wait until they are kept.
const batch = 4096

// link gives a symbolic link to the extractors that want it, with the content that
// it leads to.
func (w *worker) link(ctx context.Context, j *job, p string, at site, wants uint64, where place, said readFacts) {
	if wants == 0 {
		return
	}
	in, err := w.v.FS.Inode(j.ref)
	if err != nil {
		w.s.problem(where, err)
		return
	}
	target, err := w.v.FS.Readlink(j.ref)
	if err != nil {
		w.s.problem(where, err)
		return
	}
	c := &content{}
	volume := w.v
	if v, found, err := at.host.Locate(at.path, true); err == nil {
		if f, err := found.Open(); err == nil && f.Inode().IsRegular() {
			c.file, c.size, volume = f, f.Size(), v
		}
	}
	var recs []artifact.Record
	for _, x := range extractors(wants) {
		emit := func(r artifact.Record) error {
			if !said.again(&r) {
				recs = append(recs, r)
			}
			return nil
		}
		if err := w.extract(ctx, w.s.extractors[x], at, target, in, c, emit); err != nil && ctx.Err() == nil {
			w.s.failed(where, w.s.extractors[x].Name(), err)
		}
	}
	if len(recs) == 0 {
		return
	}
	// What has a line or a length stands in what the link leads to; the hash would
	// be that of it, too, and look like one of the link. The others are about the
	// link: their offset is one of its own text.
	var own, behind []artifact.Record
	for _, r := range recs {
		if r.Source.Line == 0 && r.Source.Length == 0 {
			own = append(own, r)
		} else {
			behind = append(behind, r)
		}
	}
	text := &content{}
	if f, err := w.v.FS.Open(j.ref); err == nil {
		// A link that only the journal holds has its text nowhere else: at its
		// place on the disk stands what was there before.
		exts, err := f.Extents()
		disk := make([]byte, len(target))
		if off := diskOffset(exts, w.v.Offset, 0); err == nil && off >= 0 {
			if _, err := w.v.Disk.ReadAt(disk, off); err == nil && string(disk) == target {
				text.extents = exts
			}
		}
	}
	if c.file != nil && volume == w.v {
		c.extents, _ = c.file.Extents()
	}
	c.file = nil
	_ = w.keep(ctx, p, at, in, text, own, 0)
	_ = w.keep(ctx, p, at, in, c, behind, 0)
}

// extract runs an extractor over a file.
func (w *worker) extract(ctx context.Context, x artifact.Extractor, at site, target string, in *filesystem.Inode, c *content, emit func(artifact.Record) error) (err error) {
	defer guard.Recover("extractor", &err)
	input := &artifact.Input{Path: at.path, User: at.host.UserOf(at.path), Inode: in, Target: target, System: &at.host.System}
	k, ok := x.(artifact.HoleKeeper)
	o, err := w.open(ctx, c, ok && k.KeepsHoles())
	if err != nil {
		return err
	}
	defer o.cancel()
	input.Content, input.NextData, input.Wanted = o.content, o.next, w.s.wants
	input.Sibling = w.sibling(at, in, o)
	input.Read = w.part(at, in, o)
	input.Exists = func(p string) bool {
		_, err := at.host.Lookup(p, true)
		return err == nil
	}
	given := make(map[model.Kind]int)
	var refused error
	err = x.Extract(o.ctx, input, func(r artifact.Record) {
		if given[r.Kind]++; given[r.Kind] > w.s.limits.records || refused != nil {
			return
		}
		o.place(&r.Source)
		refused = emit(r)
	})
	err = cmp.Or(refused, err)
	if o.budget != nil && o.budget.spent != nil && !errors.Is(err, artifact.ErrBudget) {
		err = errors.Join(err, o.budget.spent)
	}
	if o.ctx.Err() != nil && ctx.Err() == nil {
		err = context.Cause(o.ctx)
	}
	for _, kind := range slices.Sorted(maps.Keys(given)) {
		if n := given[kind]; n > w.s.limits.records {
			err = errors.Join(err, fmt.Errorf("%d of %d records %s are kept: the bound of one file", w.s.limits.records, n, kind))
		}
	}
	return err
}

// keep completes records of a file with where they come from; before them came first
// others.
func (w *worker) keep(ctx context.Context, p string, at site, in *filesystem.Inode, c *content, recs []artifact.Record, first int) error {
	if len(recs) == 0 {
		return nil
	}
	if c.file != nil {
		if err := w.hash(ctx, c); ctx.Err() != nil {
			return ctx.Err()
		} else if errors.Is(err, errSparse) && !c.noted {
			c.noted = true
			w.s.problem(place{v: w.v, path: p}, fmt.Errorf("SHA-256: %w", err))
		}
		if c.extents == nil {
			if exts, err := c.file.Extents(); err == nil {
				c.extents = exts
			}
		}
	}
	for i := range recs {
		r := &recs[i]
		r.Source.Image, r.Source.Host, r.Source.Volume, r.Source.Path, r.Source.State = w.v.Image.ID, at.host.ID, w.v.ID, p, in.State
		if at.path != p {
			r.Source.HostPath = at.path
		}
		r.Source.Inode, r.Source.Version = in.Ref.Inode, in.Ref.Version
		if c.hashed {
			r.Source.SHA256 = hex.EncodeToString(c.sum[:])
		}
		r.Source.DiskOffset = -1
		if r.Source.Member == "" {
			r.Source.DiskOffset = diskOffset(c.extents, w.v.Offset, r.Source.Offset)
		}
		addTimes(r, in)
	}
	w.s.mu.Lock()
	for i := range recs {
		w.s.found.add(located{recs[i], w.number, first + i})
	}
	w.s.mu.Unlock()
	return nil
}
