package forensics

import (
	"context"
	"fmt"
	"slices"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/artifact/unread"
	"icecore/forensics/content/engine"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/message"
	"icecore/forensics/model"
	"icecore/forensics/rules"
	"icecore/forensics/scan"
	"icecore/forensics/site"
	"icecore/forensics/text"
)

// Version is the version of the program, set by the Makefile.
var Version = "0.1.0"

// Options say how an image is analysed. The zero value is the usual way.
type Options struct {
	Open   OpenOptions   // how the image is opened
	Scan   ScanOptions   // what of it is looked at, and within which bounds
	Rules  RuleOptions   // by which rules it is judged
	Output OutputOptions // what is reported besides the analysis
}

// RuleOptions name rules. The zero value means those that come with icecore.
type RuleOptions struct {
	YARA      []string // the user's own YARA rules: files, or directories of *.yar
	Sigma     []string // the user's own Sigma rules: files, or directories of *.yml
	NoBuiltin bool     // without icecore's own YARA rules
	// Indicators are lists of indicators of compromise: files, or directories of them.
	Indicators []string
	// OSV are advisories about packages in the form of OSV: directories, ZIP or JSON files.
	OSV []string
	// Site is the profile of the site: what is normal there. Empty: none.
	Site string
}

// OutputOptions say what is reported besides the analysis, and on the way.
type OutputOptions struct {
	HashImage bool // hash the files of the image, too
	Progress  func(Progress)
	// Problem, if not nil, is called at once with what of the user's own rules
	// cannot be used, before anything is read; the coverage begins with it.
	Problem func(model.Gap)
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
// cannot be read is listed in the coverage; an error means that there is no
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

// AnalyzeAll analyses several images that are the disks of one server, as Analyze does one.
func AnalyzeAll(ctx context.Context, names []string, opts Options) (*Analysis, error) {
	opts.progress(Progress{Phase: "opening"})
	img, err := OpenAll(ctx, names, opts.Open)
	if err != nil {
		return nil, err
	}
	defer img.Close()
	return AnalyzeImage(ctx, img, opts)
}

// AnalyzeImage analyses an opened image.
func AnalyzeImage(ctx context.Context, img *Image, opts Options) (*Analysis, error) {
	a, _, err := analyze(ctx, img, opts, all.Extractors(), true)
	return a, err
}

// analyze analyses an opened image by some extractors. It also gives the scan, which can
// be asked about files. Unless it shall judge, there are records and a coverage alone.
func analyze(ctx context.Context, img *Image, opts Options, extractors []artifact.Extractor, judge bool) (*Analysis, *scan.Scan, error) {
	sigma, err := loadSigma(opts, judge)
	if err != nil {
		return nil, nil, err
	}
	set, err := rules.Load(opts.Rules.YARA, opts.Rules.NoBuiltin)
	if err != nil {
		return nil, nil, err
	}
	if opts.Scan.YARAOnly && !set.Available() {
		return nil, nil, fmt.Errorf("YARA: %s", set.Why())
	}
	a := &Analysis{Analysis: model.Analysis{
		Schema: model.SchemaName, Tool: model.Tool{Name: "icecore", Version: Version, Rules: model.Rules{YARA: set.SHA256, Sigma: sigma.SHA256()}},
	}}
	a.rules(sigma, set)
	var profile *site.Profile
	if opts.Rules.Site != "" {
		if profile, err = site.Load(opts.Rules.Site); err != nil {
			return nil, nil, err
		}
	}
	advisories, err := a.advisories(opts.Rules.OSV)
	if err != nil {
		return nil, nil, err
	}
	known, err := a.indicators(opts.Rules.Indicators)
	if err != nil {
		return nil, nil, err
	}
	message.English().Complete(&a.Analysis)
	for _, g := range a.Coverage.Gaps {
		if opts.Output.Problem != nil {
			opts.Output.Problem(g)
		}
	}
	a.Coverage.Gaps = append(a.Coverage.Gaps, img.Gaps...)
	if g, none := img.RootGap(); none {
		a.Coverage.Gaps = append(a.Coverage.Gaps, g)
	}
	a.Coverage.Gaps = append(a.Coverage.Gaps, img.HollowGaps()...)
	if a.Image, err = img.DescribeFiles(ctx, opts.Output.HashImage, opts.Output.Progress); err != nil {
		return nil, nil, err
	}
	for _, o := range img.Others {
		d, err := o.DescribeFiles(ctx, opts.Output.HashImage, opts.Output.Progress)
		if err != nil {
			return nil, nil, err
		}
		a.Others = append(a.Others, d)
	}
	a.Volumes = img.DescribeVolumes()
	if err := img.CheckVolume(opts.Scan.Volume); err != nil {
		return nil, nil, err
	}
	if _, err := img.Root(); err != nil {
		return nil, nil, err
	}
	taken, source := img.TakenAt()
	a.Snapshot = model.Snapshot{TakenAt: taken, Source: source}
	s, err := scan.New(img, scan.Input{
		Rules: set, Extractors: extractors, Taken: taken, Wanted: sigma.Wanted(), Indicators: known, Progress: opts.Output.Progress, Entries: opts.Output.Entries,
		// They belong to the logs of the same managers.
		Packages: slices.ContainsFunc(extractors, func(x artifact.Extractor) bool { return x.Name() == "dpkg" }),
	}, opts.Scan)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.Run(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range found.Hosts.List {
		a.Hosts = append(a.Hosts, h.Describe())
	}
	for i, n := range found.Volumes {
		a.Volumes[i].Files = n
	}
	a.Coverage.Files, a.Coverage.BytesScanned = found.Files, found.Bytes
	found.Hosts.Lighten(a.Coverage.Gaps)
	a.Coverage.Gaps = append(a.Coverage.Gaps, unread.Fold(found.Gaps)...)
	if !judge {
		a.Records = found.Records
		message.English().Complete(&a.Analysis)
		return a, s, nil
	}
	opts.progress(Progress{Phase: "judging"})
	res, err := sigma.Run(ctx, &detect.Input{Records: found.Records, SnapshotTime: taken, Lookup: s.Lookup, Installed: s.Installed, Home: s.Home, Indicators: known, Advisories: advisories, Site: profile, Read: s.Read, Files: s.Files, Machine: s.Machine, Owner: s.Owner})
	if err != nil {
		return nil, nil, err
	}
	for _, p := range res.Failed {
		a.Coverage.Gaps = append(a.Coverage.Gaps, model.Gap{
			Subject: model.SubjectAnalysis, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.analysis", "name", p.File),
			Why: model.Msg("why.error", "error", text.Raw(p.Why)), Weight: model.Decisive,
		})
	}
	if n := res.WindowsLeftOut; n > 0 {
		a.Coverage.Gaps = append(a.Coverage.Gaps, model.Gap{
			Subject: model.SubjectAnalysis, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.windows"),
			Why: model.Msg("why.windows", "count", n), Weight: model.Partial,
		})
	}
	for i := range res.Findings {
		s.OnDisk(&res.Findings[i])
	}
	a.Records, a.Findings, a.Verdict, a.Story = found.Records, res.Findings, res.Verdict, res.Story
	a.Windows, a.Touched = res.Windows, res.Touched
	a.Verdict.Weigh(a.Coverage.Gaps)
	message.English().Complete(&a.Analysis)
	return a, s, nil
}

// loadSigma reads the Sigma rules. As with YARA, a path of the user's that gives no
// rule at all is an error.
func loadSigma(opts Options, judge bool) (*detect.Rules, error) {
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
			p := own.Problems[0]
			e.File, e.Line, e.Why = p.File, p.Line, p.Why
		}
		return nil, e
	}
	return detect.Load(detect.Options{Dirs: opts.Rules.Sigma, NoBuiltin: (opts.Scan.YARAOnly || !judge) && len(opts.Rules.Sigma) == 0})
}

// gap adds a rule that is not in force to the coverage. why may hold bytes of the image.
func (a *Analysis) gap(what model.Message, why string) {
	a.Coverage.Gaps = append(a.Coverage.Gaps, model.Gap{
		Subject: model.SubjectRule, Source: model.Source{DiskOffset: -1}, What: what, Why: model.Msg("why.error", "error", text.Raw(why)), Weight: model.Partial,
	})
}

// rules tells which rules could not be loaded.
func (a *Analysis) rules(sigma *detect.Rules, set *rules.Set) {
	refused := make(map[detect.Refusal]int)
	for _, p := range sigma.Problems {
		if p.Refusal != "" {
			refused[p.Refusal]++
			continue
		}
		if p.Warning {
			a.RuleWarnings = append(a.RuleWarnings, engine.Problem{File: p.File, Line: p.Line, Text: p.Why, Warning: true})
			continue
		}
		a.gap(model.Msg("gap.sigma", "file", p.File, "line", lineValue(p.Line)), p.Why)
	}
	if total := refused[detect.NoSource] + refused[detect.NoField] + refused[detect.Counts]; total > 0 {
		a.Coverage.Gaps = append(a.Coverage.Gaps, model.Gap{
			Subject: model.SubjectRule, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.sigma.refused", "count", total),
			Why:    model.Msg("why.sigma.refused", "source", lineValue(refused[detect.NoSource]), "field", lineValue(refused[detect.NoField]), "counts", lineValue(refused[detect.Counts])),
			Weight: model.Partial,
		})
	}
	for _, p := range set.Problems {
		if p.Warning {
			a.RuleWarnings = append(a.RuleWarnings, p)
		} else {
			a.gap(model.Msg("gap.yara", "file", p.File, "line", lineValue(p.Line)), p.Text)
		}
	}
}

// lineValue is the parameter of a line or a count, which is left out where it is 0.
func lineValue(line int) model.Value {
	if line == 0 {
		return model.Value{}
	}
	return model.ValueOf(line)
}
