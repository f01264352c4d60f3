package forensics

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/content/engine"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/image"
	"icecore/forensics/text"
)

// Version is the version of the program, set by the Makefile.
var Version = "0.1.0"

// Options say how an image is analysed. The zero value is the usual way.
type Options struct {
	OpenOptions
	Volume string // only this volume; empty: all
	Jobs   int    // files looked at at the same time; 0: as many as processors

	Rules       []string // the user's own YARA rules: files, or folders of *.yar
	SigmaRules  []string // the user's own Sigma rules: files, or folders of *.yml
	NoBuiltin   bool     // without icecore's own YARA rules
	MaxFile     int64    // bytes of one file that YARA sees; 0: DefaultMaxFile
	ScanTimeout time.Duration
	NoDeleted   bool // leave deleted files out
	HashImage   bool // hash the files of the image, too
	YARAOnly    bool // no artifacts, no detection but YARA's
	NoYARA      bool // no YARA
	Progress    func(Progress)
	// Entries, if not nil, is called for each entry of the walks, from one
	// goroutine, in the order of the disk. The entry may be kept.
	Entries func(*Volume, *filesystem.Entry) error
}

// The limits that hold where Options name none.
const (
	DefaultMaxFile     = 20 << 30
	DefaultScanTimeout = 60 * time.Second
)

// Progress says how far an analysis is.
type Progress struct {
	Phase       string // opening, reading folders, reading files, judging
	Files       int64
	TotalFiles  int64
	Bytes       int64
	TotalBytes  int64
	CurrentPath string
}

func (o *Options) jobs() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

func (o *Options) progress(p Progress) {
	if o.Progress != nil {
		o.Progress(p)
	}
}

// Analyze opens an image, reads all volumes of it, and judges what it finds. What
// cannot be read is told in the coverage; an error means that there is no
// analysis.
func Analyze(ctx context.Context, name string, opts Options) (*Analysis, error) {
	opts.progress(Progress{Phase: "opening"})
	img, err := Open(ctx, name, opts.OpenOptions)
	if err != nil {
		return nil, err
	}
	defer img.Close()
	return img.Analyze(ctx, opts)
}

// Analyze analyses an opened image.
func (img *Image) Analyze(ctx context.Context, opts Options) (*Analysis, error) {
	sigma, err := detect.Load(detect.Options{Dirs: opts.SigmaRules, NoBuiltin: opts.YARAOnly && len(opts.SigmaRules) == 0})
	if err != nil {
		return nil, err
	}
	rules, err := LoadRules(opts.Rules, opts.NoBuiltin)
	if err != nil {
		return nil, err
	}
	if opts.YARAOnly && !rules.Available() {
		return nil, fmt.Errorf("YARA: %s", rules.Why())
	}
	a := &Analysis{Schema: Schema, Tool: Tool{Name: "icecore", Version: Version, Rules: RulesInfo{YARA: rules.SHA256, Sigma: sigma.SHA256()}}}
	a.Coverage.NotRead = append(a.Coverage.NotRead, img.NotRead...)
	if err := img.describe(ctx, a, opts); err != nil {
		return nil, err
	}
	for _, p := range sigma.Problems {
		a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{"Sigma rule " + text.Escape(p.File), text.EscapeOnce(p.Why)})
	}
	for _, p := range rules.Problems {
		if p.Warning {
			a.RuleWarnings = append(a.RuleWarnings, p)
		} else {
			a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{fmt.Sprintf("YARA rules %s, line %d", text.Escape(p.File), p.Line), text.EscapeOnce(p.Text)})
		}
	}
	if err := img.checkVolume(opts.Volume); err != nil {
		return nil, err
	}
	root, err := img.rootVolume()
	if err != nil {
		return nil, err
	}
	taken, source := img.TakenAt()
	a.Snapshot = SnapshotInfo{TakenAt: stamp(taken), Source: source}
	system := System(root.FS)
	system.SnapshotTime = taken
	a.System = SystemInfo{Hostname: text.Escape(system.Hostname), OS: text.Escape(system.OS), MachineID: text.Escape(system.MachineID), Timezone: text.Escape(system.ZoneName)}

	s := newScan(img, opts, rules, &system)
	if !opts.YARAOnly {
		s.extractors = all.Extractors()
	}
	if len(s.extractors) > maxExtractors {
		return nil, errors.New("more extractors than the matcher holds")
	}
	s.globs = newGlobs(s.extractors)
	switch {
	case opts.NoYARA:
		a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{"content of all files, by YARA", "not asked for"})
	case !rules.Available():
		a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{"content of all files, by YARA", rules.Why()})
	}
	if opts.NoDeleted {
		a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{"deleted files", "not asked for"})
	}
	for i, v := range img.Volumes {
		if v.FS == nil {
			if v.Content == "swap" && (opts.Volume == "" || v.is(opts.Volume)) {
				if err := s.swap(ctx, v); err != nil {
					return nil, fmt.Errorf("%s: volume %s: %w", img.Path, v.ID, err)
				}
			}
			continue
		}
		if opts.Volume != "" && !v.is(opts.Volume) {
			a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{"volume " + v.ID, "only volume " + text.Escape(opts.Volume) + " was asked for"})
			continue
		}
		files, err := s.volume(ctx, v)
		if err != nil {
			return nil, fmt.Errorf("%s: volume %s: %w", img.Path, v.ID, err)
		}
		a.Volumes[i].Files = files
	}
	opts.progress(Progress{Phase: "judging"})
	a.Coverage.NotRead = append(a.Coverage.NotRead, s.found.leftOut()...)
	records := s.found.sorted()
	res, err := sigma.Run(ctx, &detect.Input{Records: records, System: &system, SnapshotTime: taken, Lookup: s.lookup, Root: rootOf, Read: s.readSource})
	if err != nil {
		return nil, err
	}
	for _, p := range res.Problems {
		a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{"rule of Sigma " + text.Escape(p.File), text.EscapeOnce(p.Why)})
	}
	for i := range res.Findings {
		s.onDisk(&res.Findings[i])
	}
	a.fill(records, res)
	a.Coverage.Files, a.Coverage.BytesScanned = s.files.Load(), s.scanned.Load()
	a.Coverage.NotRead = append(a.Coverage.NotRead, s.trouble.list()...)
	if a.Coverage.NotRead == nil {
		a.Coverage.NotRead = []NotRead{}
	}
	return a, nil
}

func (a *Analysis) fill(records []artifact.Record, res *detect.Result) {
	a.AllRecords, a.AllFindings = records, res.Findings
	a.Records = make([]RecordInfo, len(records))
	for i := range records {
		a.Records[i] = recordInfo(&records[i])
	}
	a.Findings = make([]FindingInfo, len(res.Findings))
	for i := range res.Findings {
		a.Findings[i] = findingInfo(&res.Findings[i])
	}
	a.Verdict = VerdictInfo{State: res.Verdict.State, Since: stamp(res.Verdict.Since), SinceInferred: res.Verdict.SinceInferred, Because: nonNil(res.Verdict.Because)}
	a.Story = []StoryInfo{}
	for _, l := range res.Story {
		a.Story = append(a.Story, StoryInfo{stamp(l.Time), l.Phase, text.Escape(l.Text), l.Finding})
	}
}

// describe fills in what is known of the image and its volumes before any file is
// read.
func (img *Image) describe(ctx context.Context, a *Analysis, opts Options) error {
	a.Image = ImageInfo{Path: text.Escape(img.Path), Format: img.Disk.Format(), VirtualSize: img.Disk.Size(), Files: []ImageFile{}}
	for _, f := range img.Disk.Files() {
		a.Image.Files = append(a.Image.Files, ImageFile{Path: text.Escape(f.Path), Size: f.Size})
	}
	if opts.HashImage {
		p := Progress{Phase: "hashing the image"}
		for _, f := range a.Image.Files {
			p.TotalBytes += f.Size
		}
		sums, err := image.HashFiles(ctx, img.Disk, func(n int64) {
			p.Bytes += n
			opts.progress(p)
		})
		if err != nil {
			return err
		}
		for i, sum := range sums {
			a.Image.Files[i].SHA256 = sum
		}
	}
	a.Volumes = []VolumeInfo{}
	for _, v := range img.Volumes {
		a.Volumes = append(a.Volumes, v.Describe())
	}
	return nil
}

// Describe gives what is known of a volume without reading its files.
func (v *Volume) Describe() VolumeInfo {
	info := VolumeInfo{ID: v.ID, Scheme: v.Scheme, Offset: v.Offset, Size: v.Size, Type: text.Escape(v.Type), Filesystem: v.Content, Label: text.Escape(v.Name), UUID: v.UUID, Reason: text.EscapeOnce(v.Reason)}
	if v.FS == nil {
		return info
	}
	fi := v.FS.Info()
	info.Filesystem, info.UUID = fi.Type, fi.UUID
	if fi.Label != "" {
		info.Label = text.Escape(fi.Label)
	}
	if fi.Journal.Present {
		info.Journal = &JournalInfo{Replayed: fi.Journal.Replayed, Transactions: fi.Journal.Transactions, LastCommit: stampOf(fi.Journal.LastCommit)}
	}
	return info
}

// RuleSet is a set of compiled YARA rules.
type RuleSet struct {
	rules    *engine.Rules
	sources  []engine.Source
	err      error
	Problems []engine.Problem
	SHA256   string // over the bytes of all files
	// byName is true where a rule looks at the name or owner of a file: the
	// same content may then match at one place and not at another.
	byName bool
}

// Available says whether there are rules to run, and something to run them.
func (r *RuleSet) Available() bool { return r.rules != nil }

// Why says why rules are not available.
func (r *RuleSet) Why() string {
	if r.err != nil {
		return r.err.Error()
	}
	return ""
}

// List gives the rules in force.
func (r *RuleSet) List() []engine.Info {
	if r.rules == nil {
		return nil
	}
	return r.rules.List()
}
