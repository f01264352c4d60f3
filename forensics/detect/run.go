package detect

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// collection gathers findings while the engines run.
type collection struct {
	in       *Input
	matcher  *matcher
	byID     map[string]*artifact.Record
	findings []Finding
	bySigma  map[string]int        // the finding that Sigma rules made of a record
	miners   map[fileKey]minerFile // files that hold a miner, by where they are
	started  map[fileKey]string    // files that something starts by itself: by which record
	looked   map[fileKey]*FileFact // what Lookup said
	guesses  map[string]bool       // addresses whose guessing a finding already tells
	twin     map[string]bool       // records that tell what another tells, too
	twins    map[string][]string   // such records, by the one that speaks for them
	failed   map[string]*attempts  // failed logins by address, once they are counted
}

type fileKey struct{ volume, path string }

// minerFile is a file in which a rule found a miner.
type minerFile struct {
	rule   string
	level  Level
	record string
}

// Run looks at all records. An analysis that fails is told of in the result, and the
// others run; an error means that ctx is done.
func (r *Rules) Run(ctx context.Context, in *Input) (*Result, error) {
	in = in.until(ctx)
	c := &collection{
		in: in, matcher: r.matcher(), byID: make(map[string]*artifact.Record, len(in.Records)), bySigma: make(map[string]int),
		miners: make(map[fileKey]minerFile), started: make(map[fileKey]string), looked: make(map[fileKey]*FileFact), guesses: make(map[string]bool),
		twin: make(map[string]bool), twins: make(map[string][]string),
	}
	for i := range in.Records {
		c.byID[in.Records[i].ID] = &in.Records[i]
	}
	s := &steps{ctx: ctx, before: r.before}
	s.run("log pairs", c.pairLogs)
	for i := range in.Records {
		s.run("autostarts", func() { c.starts(&in.Records[i]) }) // judging a file asks what starts it
	}
	s.run("yara", c.yara)
	s.run("miner configurations", c.configs)
	for i := range in.Records {
		s.run("sigma", func() {
			if !c.secondary(&in.Records[i]) {
				c.sigma(ctx, &in.Records[i])
			}
		})
	}
	for _, x := range []struct {
		analysis string
		fn       func()
	}{
		{"scripts", c.scripts},
		{"preloads", c.preloads},
		{"logins", c.logins},
		{"spread guesses", c.spreadGuesses},
		{"guessing", c.guessing},
		{"wiped logs", c.wipedLogs},
		{"zeroed logins", c.zeroedLogins},
		{"wiped journal", c.journalWiped},
		{"altered journal", c.journalAltered},
		{"times set back", c.setBack},
		{"strangers", c.strangers},
		{"sinkholes", c.sinkholes},
		{"tuning", c.tuned},
		{"daemon passwords", c.daemonPasswords},
		{"accounts", c.accounts},
		{"units", c.units},
		{"programs that ran", c.ran},
		{"twins", c.proveTwins},
		{"join", c.join},
		{"intruders", c.intruders},
		{"excerpts", c.excerpts},
	} {
		s.run(x.analysis, x.fn)
	}
	res := &Result{Verdict: model.Verdict{State: Suspicious}} // unless the verdict can be given
	s.run("order", func() { res.Findings = c.ordered() })
	s.run("verdict", func() {
		if res.Findings != nil || len(c.findings) == 0 {
			res.Verdict = verdict(res.Findings)
		}
	})
	s.run("story", func() { res.Story = c.story() })
	s.run("problems", func() { res.Problems = c.matcher.problems() })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	res.Failed = s.failed
	return res, nil
}

// add keeps a finding.
func (c *collection) add(f Finding) { c.findings = append(c.findings, f) }

// sigma makes one finding of all rules that match a record: the strongest names
// it, the others are told in its description.
func (c *collection) sigma(ctx context.Context, rec *artifact.Record) {
	matched := c.matcher.match(ctx, rec)
	miner, program := c.startsMiner(rec)
	if rec.Kind == "dpkg.script" {
		miner = nil // its own analysis weighs it
	}
	if len(matched) == 0 {
		if miner == nil || !rec.Kind.IsAutostart() {
			return
		}
		f := c.finding(rec)
		f.Rule, f.Engine, f.Phase = "starts_miner", EngineAnalysis, PhasePersistence
		f.Title = "What runs by itself starts a miner"
		f.Techniques = []string{rec.Kind.Technique()}
		c.upgrade(&f, miner, program)
		c.bySigma[rec.ID] = len(c.findings)
		c.add(f)
		return
	}
	slices.SortStableFunc(matched, func(a, b *rule) int { return int(b.Level) - int(a.Level) })
	f := c.finding(rec)
	f.Rule, f.Engine = matched[0].Name, EngineSigma
	f.Title, f.Description, f.Level, f.Phase = matched[0].Title, matched[0].Description, matched[0].Level, matched[0].Phase
	var also []string
	for i, x := range matched {
		f.Techniques = union(f.Techniques, x.Techniques)
		if i > 0 {
			also = append(also, x.Title)
		}
	}
	if len(also) > 0 {
		f.Description += " Also: " + strings.Join(also, "; ") + "."
	}
	if rec.Has("ignored") && f.Level > Low {
		f.Level--
		f.Description += " It does not run as it stands: " + rec.Get("ignored") + "."
	}
	if miner != nil && f.Level >= Medium {
		c.upgrade(&f, miner, program)
	}
	if rec.Kind == "started.script" {
		f.Description += " " + rec.Get("started_by") + " starts it."
		if by := c.started[fileKey{rec.Source.Volume, path.Clean(rec.Source.Path)}]; by != "" {
			f.Records = union(f.Records, []string{by})
		}
	}
	if rec.Source.State == filesystem.Deleted && !rec.Kind.IsLog() && f.Level > Low {
		f.Title += " (in a deleted file)"
	}
	c.bySigma[rec.ID] = len(c.findings)
	c.add(f)
}

func union(list, more []string) []string {
	for _, t := range more {
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// searchPath is where programs without a folder are looked for.
var searchPath = []string{"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"}

// ProgramPaths gives the paths at which a program of that name may stand, the first
// of which is the one that runs; none where the name is not known to be a file's.
func ProgramPaths(name string) []string {
	switch {
	case strings.HasPrefix(name, "/"):
		return []string{path.Clean(name)}
	case name == "" || name == "." || name == ".." || len(name) > 255 || strings.ContainsAny(name, "/ $*?[{~=\n"):
		return nil
	}
	out := make([]string, len(searchPath))
	for i, d := range searchPath {
		out[i] = d + name
	}
	return out
}

func (c *collection) upgrade(f *Finding, m *minerFile, program string) {
	f.Level = Critical
	f.Records = union(f.Records, []string{m.record})
	f.Techniques = union(f.Techniques, []string{"T1496.001"})
	f.Description = strings.TrimSpace(f.Description + fmt.Sprintf(" It starts %s, in which the YARA rule %s found a miner.", program, m.rule))
}

// programs gives the files that a record names as programs, with the path at the
// end of all links.
func (c *collection) programs(rec *artifact.Record) []namedProgram {
	var out []namedProgram
	root := ""
	if c.in.Root != nil {
		root = c.in.Root(rec.Source.Path)
	}
	for _, p := range rec.List("programs") {
		var n namedProgram
		for _, at := range ProgramPaths(p) {
			n = namedProgram{named: root + at, real: root + at}
			if n.fact = c.lookup(rec.Source.Volume, root+at); n.fact != nil {
				n.real = n.fact.Path
				break
			}
		}
		if n.named != "" && (n.fact != nil || strings.HasPrefix(p, "/")) {
			out = append(out, n)
		}
	}
	return out
}

// lookup tells of a file, nil if there is none. Logs name the same few programs
// very often.
func (c *collection) lookup(volume, name string) *FileFact {
	if c.in.Lookup == nil {
		return nil
	}
	k := fileKey{volume, name}
	ff, ok := c.looked[k]
	if !ok {
		ff = c.in.Lookup(volume, name)
		c.looked[k] = ff
	}
	return ff
}

type namedProgram struct {
	named, real string
	fact        *FileFact // nil: not there
	self        bool      // the file that the record is about
}

// starts notes the files that a record makes run by itself.
func (c *collection) starts(rec *artifact.Record) {
	if !rec.Kind.IsAutostart() || rec.Source.State != filesystem.Live || rec.Has("ignored") {
		return
	}
	for _, p := range c.programs(rec) {
		k := fileKey{rec.Source.Volume, p.real}
		if _, ok := c.started[k]; !ok {
			c.started[k] = rec.ID
		}
	}
}

// startsMiner says whether a record names a program that holds a miner.
func (c *collection) startsMiner(rec *artifact.Record) (*minerFile, string) {
	if len(c.miners) == 0 || !rec.Has("programs") {
		return nil, ""
	}
	for _, p := range c.programs(rec) {
		for _, name := range []string{p.named, p.real} {
			if m, ok := c.miners[fileKey{rec.Source.Volume, name}]; ok {
				return &m, p.named
			}
		}
	}
	return nil, ""
}

// finding begins a finding about one record.
func (c *collection) finding(rec *artifact.Record) Finding {
	return Finding{Finding: model.Finding{Records: []string{rec.ID}, Source: rec.Source, When: when(rec)}}
}

// logged gives the moment of a stamp that a log states.
func logged(s artifact.Stamp) model.When {
	if s.Time.IsZero() {
		return model.When{}
	}
	if s.Inferred != "" {
		return model.When{Time: s.Time, Meaning: model.Inferred, Inferred: s.Inferred}
	}
	return model.When{Time: s.Time, Meaning: model.Exact}
}

// when says when what a record states came about.
func when(rec *artifact.Record) model.When {
	for _, what := range []string{"logged", "typed", "first", "login", "started"} {
		if s := rec.Stamp(what); !s.Time.IsZero() {
			return logged(s)
		}
	}
	// Of what stands in files, the change of the inode: unlike the time of
	// modification, no call sets it to what the caller wants. A file that was
	// made whole by an intruder has it at its creation or later; one of a
	// package was there before.
	order := []string{"changed", "created", "modified"}
	switch rec.Kind {
	case model.YARAMatch, model.MinerConfig:
		if rec.Get("owner") == "" {
			order = []string{"created", "changed", "modified"}
		}
	case model.FileNotable:
		if rec.Get("owner") == "" && rec.Get("what") != "immutable" {
			order = []string{"created", "changed", "modified"}
		}
	}
	meaning := model.Inferred
	if rec.Kind.IsLog() {
		// A line of a log or history that states no time was written by then.
		meaning = model.AtLatest
	}
	for _, what := range order {
		if t := rec.Time(what); !t.IsZero() {
			return model.When{Time: t, Meaning: meaning, Basis: what}
		}
	}
	return model.When{}
}

const maxExcerpt = 400

// excerpts shows of each finding the bytes at its source; where the claim is about
// the file itself, not about bytes in it, the facts of the record.
func (c *collection) excerpts() {
	for i := range c.findings {
		f := &c.findings[i]
		if f.Excerpt != "" {
			continue
		}
		rec := c.byID[f.Records[0]]
		// Of what is packed within the file, the fields of the record tell.
		if c.in.Read != nil && f.Source.Length > 0 && !rec.Has("compressed") {
			if b := c.in.Read(f.Source, int(min(f.Source.Length, maxExcerpt))); len(b) > 0 {
				f.Excerpt = strings.TrimRight(string(b), "\r\n")
				continue
			}
		}
		if f.Excerpt = excerpt(rec); rec.Kind == "yara.match" && rec.Has("strings") {
			l := rec.Get("strings")
			f.Excerpt = l[:min(len(l), maxExcerpt)]
		}
	}
}

// excerpt gives what of a record a reader wants to see.
func excerpt(rec *artifact.Record) string {
	for _, name := range []string{"suspicious_line", "command", "trailing_code", "appended_code", "library"} {
		if v := rec.Get(name); v != "" {
			return v[:min(len(v), maxExcerpt)]
		}
	}
	var parts []string
	if rec.Kind == "file.notable" {
		return metadata(rec)
	}
	for _, f := range rec.Fields {
		switch f.Name {
		case "description", "traits", "programs", "decoded", "technique", "level", "entry_offset", "compressed":
			continue
		}
		v := f.Text()
		if len(v) > 120 {
			v = v[:120] + "…"
		}
		parts = append(parts, f.Name+"="+v)
		if len(parts) == 6 {
			break
		}
	}
	s := strings.Join(parts, " ")
	return s[:min(len(s), maxExcerpt)]
}

// metadata gives what a record tells of a file itself, as stat would show it.
func metadata(rec *artifact.Record) string {
	var parts []string
	for _, name := range []string{"mode", "size", "owner", "device", "file_type"} {
		if v := rec.Get(name); v != "" {
			parts = append(parts, name+"="+v)
		}
	}
	for _, what := range []string{"modified", "changed", "created"} {
		if t := rec.Time(what); !t.IsZero() {
			parts = append(parts, what+"="+t.UTC().Format(time.RFC3339))
		}
	}
	return strings.Join(parts, " ")
}

// ordered sorts the findings and numbers them.
func (c *collection) ordered() []model.Finding {
	sort.SliceStable(c.findings, func(i, j int) bool {
		a, b := &c.findings[i], &c.findings[j]
		switch {
		case a.Level != b.Level:
			return a.Level > b.Level
		case !a.When.Time.Equal(b.When.Time):
			if a.When.IsZero() != b.When.IsZero() {
				return b.When.IsZero()
			}
			return a.When.Time.Before(b.When.Time)
		case a.Rule != b.Rule:
			return a.Rule < b.Rule
		case a.Source.Volume != b.Source.Volume:
			return a.Source.Volume < b.Source.Volume
		case a.Source.Path != b.Source.Path:
			return a.Source.Path < b.Source.Path
		case a.Source.Inode != b.Source.Inode:
			return a.Source.Inode < b.Source.Inode
		}
		return a.Source.Offset < b.Source.Offset
	})
	out := make([]model.Finding, len(c.findings))
	for i := range c.findings {
		f := &c.findings[i]
		if f.Message.IsZero() {
			f.Message = model.Msg("text", "text", f.Title)
			if f.Description != "" {
				f.Details = []model.Message{model.Msg("text", "text", f.Description)}
			}
		}
		out[i] = f.Finding
	}
	model.NumberFindings(out, func(id string) *model.Record { return c.byID[id] })
	for i := range out {
		c.findings[i].ID = out[i].ID
	}
	return out
}
