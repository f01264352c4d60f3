package scan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/content/upx"
	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/indicators"
	"icecore/forensics/model"
	"icecore/forensics/rules"
	"icecore/forensics/text"
)

// DefaultTimeout is how long YARA may look at one piece of content.
const DefaultTimeout = 60 * time.Second

// Options say what a scan looks at. The zero value is the usual way.
type Options struct {
	Volume    string // only this volume; empty: all
	Jobs      int    // number of parallel workers; 0: as many as processors
	MaxFile   int64  // bytes of one file that are read; 0: host.DefaultMaxFile
	Timeout   time.Duration
	NoDeleted bool // leave deleted files out
	YARAOnly  bool // no artifacts
	NoYARA    bool // no YARA
	// WantedOnly leaves out what no extractor asks for: no other file is read.
	WantedOnly bool
}

// Input is what a scan works with.
type Input struct {
	Rules      *rules.Set
	Extractors []artifact.Extractor // none run if Options.YARAOnly is set
	Packages   bool                 // records of package databases, too, unless that is set
	Taken      time.Time            // the best lower bound for when the image was taken
	// Indicators are those of the lists that the user brought; nil: none.
	Indicators *indicators.Set
	// Wanted says of records that are made on demand alone (see [model.OnDemand]) which are
	// to be kept; nil: none. It is called from several goroutines.
	Wanted   func(*artifact.Record) bool
	Progress func(host.Progress) // may be nil
	// Entries, if not nil, is called for each entry of the walks, from one
	// goroutine, in the order of the disk. The entry may be kept.
	Entries func(*host.Volume, *filesystem.Entry) error
}

// Result is what a scan learnt.
type Result struct {
	Records []artifact.Record // in their final order, with IDs
	Volumes []int64           // the files of each volume of the image
	Hosts   *host.Hosts
	Files   int64 // regular files looked at
	Bytes   int64 // given to YARA
	Gaps    []model.Gap
}

// New makes a scan of an image.
func New(img *host.Image, in Input, opts Options) (*Scan, error) {
	extractors := in.Extractors
	if opts.YARAOnly {
		extractors = nil
	}
	if len(extractors) > maxExtractors {
		return nil, errors.New("more extractors than the matcher holds")
	}
	s := &Scan{
		img: img, opts: opts, rules: in.Rules, extractors: extractors, listed: in.Packages && !opts.YARAOnly, globs: newGlobs(extractors), taken: in.Taken, wants: in.Wanted, indicators: in.Indicators,
		onProgress: in.Progress, entries: in.Entries,
		unpack: upx.Unpack, limits: usualLimits, seen: make(map[seenKey]*verdict), found: collected{max: maxRecords}, large: make(chan []byte, largeBuffers),
	}
	for range min(largeBuffers, s.jobs()) {
		s.large <- []byte{}
	}
	return s, nil
}

// Run looks at all volumes. An error means that there is no result.
func (s *Scan) Run(ctx context.Context) (*Result, error) {
	r := &Result{Volumes: make([]int64, len(s.img.Volumes))}
	gap := func(subject model.Subject, weight model.Weight, what, why model.Message) {
		r.Gaps = append(r.Gaps, model.Gap{Subject: subject, Source: model.Source{DiskOffset: -1}, What: what, Why: why, Weight: weight})
	}
	switch {
	case s.opts.NoYARA:
		gap(model.SubjectContent, model.Decisive, model.Msg("gap.content"), model.Msg("why.option"))
	case !s.rules.Available():
		gap(model.SubjectContent, model.Decisive, model.Msg("gap.content"), model.Msg("why.error", "error", s.rules.Why()))
	}
	if s.opts.NoDeleted {
		gap(model.SubjectDeleted, model.Minor, model.Msg("gap.deleted"), model.Msg("why.option"))
	}
	var lists []*jobList
	marks := &host.Marks{}
	whole := func(v *host.Volume, fn func() error) error {
		err := guard.Do("scan", fn)
		var panicked *guard.PanicError
		if errors.As(err, &panicked) {
			s.gap(partGap(v, model.Msg("gap.volume", "volume", v.ID), model.Msg("why.error", "error", text.Raw(err.Error()))))
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: volume %s: %w", v.Image.Path, v.ID, err)
		}
		return nil
	}
	for i, v := range s.img.Volumes {
		if v.FS == nil {
			continue
		}
		if !s.wanted(v) {
			gap(model.SubjectVolume, model.Minor, model.Msg("gap.volume", "volume", v.ID), model.Msg("why.volume", "volume", s.opts.Volume))
			continue
		}
		if err := whole(v, func() error {
			l, err := s.walk(ctx, v, i, marks)
			if err == nil {
				lists, r.Volumes[i] = append(lists, l), l.files
				for _, d := range l.dirs {
					marks.SeeDir(v, strings.TrimSuffix(d, "/"))
				}
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	if err := s.survey(ctx, lists, marks); err != nil {
		return nil, fmt.Errorf("%s: %w", s.img.Path, err)
	}
	s.lists = lists
	s.containers()
	listing, stop := context.WithCancel(ctx)
	list, listed := s.own(listing), make(chan struct{})
	s.originate(ctx, lists)
	go func() {
		defer close(listed)
		list()
	}()
	defer func() { // also where what follows fails: the image is closed then
		stop()
		<-listed
	}()
	for _, l := range lists {
		if err := whole(l.v, func() error { return s.volume(ctx, l) }); err != nil {
			return nil, err
		}
	}
	for _, v := range s.img.Volumes {
		if v.FS != nil || v.Content != "swap" || !s.wanted(v) || s.opts.WantedOnly {
			continue
		}
		if err := whole(v, func() error { return s.swap(ctx, v) }); err != nil {
			return nil, err
		}
	}
	<-listed
	if !s.opts.YARAOnly {
		s.guard(nil, model.Msg("gap.started"), func() error { return s.follow(ctx) })
		s.guard(nil, model.Msg("gap.started"), func() error { return s.started(ctx) })
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	r.Hosts = s.hosts
	s.found.nested = func(id string) bool {
		h := s.hosts.Host(id)
		return h != nil && (h.Kind == host.Container || h.Kind == host.Root)
	}
	r.Gaps = append(r.Gaps, s.found.leftOut()...)
	r.Records = s.found.sorted()
	r.Files, r.Bytes = s.files.Load(), s.scanned.Load()
	r.Gaps = append(r.Gaps, s.trouble.list()...)
	return r, nil
}

// wanted says whether a volume is one of those to look at.
func (s *Scan) wanted(v *host.Volume) bool { return s.opts.Volume == "" || v.Is(s.opts.Volume) }

func (s *Scan) jobs() int {
	if s.opts.Jobs > 0 {
		return s.opts.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

func (s *Scan) progress(p host.Progress) {
	if s.onProgress != nil {
		s.onProgress(p)
	}
}
