package forensics

import (
	"context"
	"fmt"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/rules"
	"icecore/forensics/scan"
	"icecore/forensics/text"
)

// Version is the version of the program, set by the Makefile.
var Version = "0.1.0"

// Options say how an image is analysed. The zero value is the usual way.
type Options struct {
	Open   OpenOptions   // how the image is opened
	Scan   ScanOptions   // what of it is looked at, and within which bounds
	Rules  RuleOptions   // by which rules it is judged
	Output OutputOptions // what is told besides the analysis
}

// RuleOptions name rules. The zero value means those that come with icecore.
type RuleOptions struct {
	YARA      []string // the user's own YARA rules: files, or directories of *.yar
	Sigma     []string // the user's own Sigma rules: files, or directories of *.yml
	NoBuiltin bool     // without icecore's own YARA rules
}

// OutputOptions say what is told besides the analysis, and on the way.
type OutputOptions struct {
	HashImage bool // hash the files of the image, too
	Progress  func(Progress)
	// Problem, if not nil, is called at once with what of the user's own rules
	// cannot be used, before anything is read; the coverage begins with it.
	Problem func(NotRead)
	// Entries, if not nil, is called for each entry of the walks, from one
	// goroutine, in the order of the disk. The entry may be kept.
	Entries func(*Volume, *filesystem.Entry) error
}

// The limits that hold where Options name none.
const (
	DefaultMaxFile     = host.DefaultMaxFile
	DefaultScanTimeout = scan.DefaultTimeout
)

func (o *Options) progress(p Progress) {
	if o.Output.Progress != nil {
		o.Output.Progress(p)
	}
}

// Analyze opens an image, reads all volumes of it, and judges what it finds. What
// cannot be read is told in the coverage; an error means that there is no
// analysis.
func Analyze(ctx context.Context, name string, opts Options) (*Analysis, error) {
	opts.progress(Progress{Phase: "opening"})
	img, err := Open(ctx, name, opts.Open)
	if err != nil {
		return nil, err
	}
	defer img.Close()
	return AnalyzeImage(ctx, img, opts)
}

// AnalyzeImage analyses an opened image.
func AnalyzeImage(ctx context.Context, img *Image, opts Options) (*Analysis, error) {
	sigma, err := loadSigma(opts)
	if err != nil {
		return nil, err
	}
	set, err := rules.Load(opts.Rules.YARA, opts.Rules.NoBuiltin)
	if err != nil {
		return nil, err
	}
	if opts.Scan.YARAOnly && !set.Available() {
		return nil, fmt.Errorf("YARA: %s", set.Why())
	}
	a := &Analysis{Schema: Schema, Tool: Tool{Name: "icecore", Version: Version, Rules: RulesInfo{YARA: set.SHA256, Sigma: sigma.SHA256()}}}
	a.Coverage.NotRead = []NotRead{}
	a.rules(sigma, set)
	for _, n := range a.Coverage.NotRead {
		if opts.Output.Problem != nil {
			opts.Output.Problem(n)
		}
	}
	a.Coverage.NotRead = append(a.Coverage.NotRead, img.NotRead...)
	if a.Image, err = img.DescribeFiles(ctx, opts.Output.HashImage, opts.Output.Progress); err != nil {
		return nil, err
	}
	a.Volumes = img.DescribeVolumes()
	if err := img.CheckVolume(opts.Scan.Volume); err != nil {
		return nil, err
	}
	root, err := img.Root()
	if err != nil {
		return nil, err
	}
	taken, source := img.TakenAt()
	a.Snapshot = SnapshotInfo{TakenAt: stamp(taken), Source: source}
	system := host.System(root.FS)
	system.SnapshotTime = taken
	a.System = SystemInfo{Hostname: text.Escape(system.Hostname), OS: text.Escape(system.OS), MachineID: text.Escape(system.MachineID), Timezone: text.Escape(system.ZoneName)}

	s, err := scan.New(img, scan.Input{Rules: set, Extractors: all.Extractors(), System: &system, Progress: opts.Output.Progress, Entries: opts.Output.Entries}, opts.Scan)
	if err != nil {
		return nil, err
	}
	found, err := s.Run(ctx)
	if err != nil {
		return nil, err
	}
	for i, n := range found.Volumes {
		a.Volumes[i].Files = n
	}
	a.Coverage.Files, a.Coverage.BytesScanned = found.Files, found.Bytes
	a.Coverage.NotRead = append(a.Coverage.NotRead, found.NotRead...)
	opts.progress(Progress{Phase: "judging"})
	res, err := sigma.Run(ctx, &detect.Input{Records: found.Records, System: &system, SnapshotTime: taken, Lookup: s.Lookup, Root: host.RootOf, Read: s.Read})
	if err != nil {
		return nil, err
	}
	for _, p := range res.Problems {
		a.gap("rule of Sigma "+text.Escape(p.File), p.Why)
	}
	for _, p := range res.Failed {
		a.gap("analysis: "+p.File, p.Why)
	}
	for i := range res.Findings {
		s.OnDisk(&res.Findings[i])
	}
	a.fill(found.Records, res)
	return a, nil
}

// loadSigma reads the Sigma rules. As with YARA, a path of the user's that gives no
// rule at all is an error.
func loadSigma(opts Options) (*detect.Rules, error) {
	for _, p := range opts.Rules.Sigma {
		own, err := detect.Load(detect.Options{Dirs: []string{p}, NoBuiltin: true})
		if err != nil {
			return nil, err
		}
		if len(own.List()) > 0 {
			continue
		}
		e := &RuleError{File: p, Why: "it holds no rule that can be used"}
		if len(own.Problems) > 0 {
			e.File, e.Why = own.Problems[0].File, own.Problems[0].Why
		}
		return nil, e
	}
	return detect.Load(detect.Options{Dirs: opts.Rules.Sigma, NoBuiltin: opts.Scan.YARAOnly && len(opts.Rules.Sigma) == 0})
}

// gap adds a line to the coverage. why may hold bytes of the image.
func (a *Analysis) gap(what, why string) {
	a.Coverage.NotRead = append(a.Coverage.NotRead, NotRead{What: what, Why: text.EscapeOnce(why)})
}

// rules tells which rules could not be loaded.
func (a *Analysis) rules(sigma *detect.Rules, set *rules.Set) {
	for _, p := range sigma.Problems {
		a.gap("Sigma rule "+text.Escape(p.File), p.Why)
	}
	for _, p := range set.Problems {
		if p.Warning {
			a.RuleWarnings = append(a.RuleWarnings, p)
		} else {
			a.gap(fmt.Sprintf("YARA rules %s, line %d", text.Escape(p.File), p.Line), p.Text)
		}
	}
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
