package detect

import (
	"context"
	"path"
	"slices"
	"sort"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

// collection gathers findings while the analyses run.
type collection struct {
	ctx        context.Context
	in         *Input
	matcher    *matcher
	byID       map[string]*model.Record
	findings   []Finding
	byRecord   map[string]int            // the finding that stands for a record
	miners     map[fileKey]minerFile     // files that hold a miner, by where they are
	started    map[fileKey]string        // files that an autostart entry starts: by which record
	looked     map[fileKey]*FileFact     // what Lookup said
	guesses    map[peer]bool             // addresses whose guessing a finding already states
	windows    []window                  // of an intruder's presence
	touched    []model.Touched           // what changed within them
	windowsCut int                       // how many more windows there are
	pairs      *twins.Pairs              // records that state what another states, too
	failed     map[peer]*attempts        // failed logins by address, once they are counted
	acts       map[string]*act           // the table act x starter, by name
	actOrder   []string                  // their names in the table's order, the most telling first
	intact     map[fileKey]bool          // files that are as their package installed them
	startedIn  map[fileKey]way           // in which ways
	read       map[fileKey]*model.Record // scripts that were read because something starts them
}

// fileKey is a path of a host, without links where it is known.
type fileKey struct{ host, path string }

// keyOf is the file that a source is of.
func keyOf(s *model.Source) fileKey { return fileKey{s.Host, path.Clean(s.InHost())} }

// minerFile is a file in which a rule found a miner.
type minerFile struct {
	rule   string
	level  Level
	record string
}

// Run looks at all records. An analysis that fails is named in the result, and the
// others run; an error means that ctx is done.
func (r *Rules) Run(ctx context.Context, in *Input) (*Result, error) {
	c := r.collection(ctx, in.until(ctx))
	s := &runner{ctx: ctx, before: r.before}
	for _, a := range steps() {
		if a.run != nil {
			s.run(a.Name, func() { a.run(c, &a) })
			continue
		}
		for i := range in.Records {
			s.run(a.Name, func() { a.each(c, &in.Records[i]) })
		}
	}
	res := &Result{Verdict: model.Verdict{State: Suspicious}} // unless the verdict can be given
	ordered := false
	s.run("order", func() { res.Findings, ordered = c.ordered(), true })
	if ordered {
		s.run("verdict", func() { res.Verdict = c.verdict(res.Findings) })
	}
	s.run("window names", func() {
		res.Windows, res.WindowsLeftOut, res.Touched = c.nameWindows(res.Findings), c.windowsCut, c.touched
	})
	s.run("story", func() { res.Story = c.story() })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	res.Failed = s.failed
	return res, nil
}

func (r *Rules) collection(ctx context.Context, in *Input) *collection {
	c := &collection{
		ctx: ctx, in: in, matcher: r.matcher(), byID: make(map[string]*model.Record, len(in.Records)),
		byRecord: make(map[string]int),
		miners:   make(map[fileKey]minerFile), started: make(map[fileKey]string), looked: make(map[fileKey]*FileFact),
		guesses: make(map[peer]bool),
		pairs:   &twins.Pairs{},
		acts:    actsByName(), intact: make(map[fileKey]bool), read: readScripts(in.Records),
		startedIn: make(map[fileKey]way),
	}
	for _, a := range acts() {
		c.actOrder = append(c.actOrder, a.name)
	}
	for i := range in.Records {
		c.byID[in.Records[i].ID] = &in.Records[i]
	}
	return c
}

// about begins a finding about one record.
func (c *collection) about(rec *model.Record) Finding {
	return Finding{Finding: model.Finding{Records: []string{rec.ID}, Source: rec.Source, When: rec.When()}}
}

// found begins a finding of an analysis about one record, at the highest level of the
// analysis.
func (c *collection) found(a *Analysis, rec *model.Record) Finding {
	f := c.about(rec)
	f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, a.Name, a.Level, a.Phase
	f.Techniques = slices.Clone(a.Techniques)
	return f
}

// add keeps a finding.
func (c *collection) add(f Finding) { c.findings = append(c.findings, f) }

// replace joins a finding with the one that stands for the same record, if there is one: the
// stronger one names it.
func (c *collection) replace(record string, f *Finding) bool {
	i, ok := c.byRecord[record]
	if !ok {
		return false
	}
	old := &c.findings[i]
	strong, weak := *old, *f
	over := f.Level > old.Level || f.Level == old.Level && old.own && !f.own
	if over {
		strong, weak = *f, *old
	}
	strong.also(&weak)
	if !over {
		strong.Details = append(strong.Details, weak.Details...)
	}
	strong.Records, strong.Techniques = union(strong.Records, weak.Records), union(strong.Techniques, weak.Techniques)
	*old = strong
	return true
}

// merge joins a finding with the one that stands for its record, or keeps it by itself.
func (c *collection) merge(record string, f *Finding) {
	if !c.replace(record, f) {
		c.add(*f)
	}
}

// state keeps a finding as the one that stands for its record: later ones are merged with it.
func (c *collection) state(record string, f *Finding) {
	c.byRecord[record] = len(c.findings)
	c.add(*f)
}

// also says that another claim about the same thing was joined with this one.
func (f *Finding) also(other *Finding) {
	f.Add("finding.also", "rule", other.Rule, "title", other.Message)
	f.firm = max(f.firm, other.rests())
}

// list names a record as proof, as far as a finding names any.
func (f *Finding) list(id string) {
	if len(f.Records) < maxListed {
		f.Records = union(f.Records, []string{id})
	}
}

func union(list, more []string) []string {
	for _, t := range more {
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// searchPath is where programs without a directory are looked for.
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

// InHome gives a name that begins with ~ or $HOME as a path below a home directory, and
// every other name as it is.
func InHome(name, home string) string {
	if home == "" {
		return name
	}
	for _, h := range []string{"~/", "$HOME/", "${HOME}/"} {
		if rest, ok := strings.CutPrefix(name, h); ok {
			return path.Join(home, rest)
		}
	}
	return name
}

// programs gives the files that a record names as programs, with the path at the
// end of all links.
func (c *collection) programs(rec *model.Record) []namedProgram {
	var out []namedProgram
	for _, p := range rec.List("programs") {
		var n namedProgram
		p = InHome(p, c.home(rec.Source.Host, rec.Source.InHost()))
		for _, at := range ProgramPaths(p) {
			n = namedProgram{named: at, real: at}
			if n.fact = c.lookup(rec.Source.Host, at); n.fact != nil {
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

// lookup gives what is known of a file, nil if there is none. Logs name the same few
// programs very often.
func (c *collection) lookup(host, name string) *FileFact {
	if c.in.Lookup == nil {
		return nil
	}
	k := fileKey{host, name}
	ff, ok := c.looked[k]
	if !ok {
		ff = c.in.Lookup(host, name)
		c.looked[k] = ff
	}
	return ff
}

type namedProgram struct {
	named, real string
	fact        *FileFact // nil: not there
	self        bool      // the file that the record is about
}

// starts notes the files that an autostart entry starts.
func (c *collection) starts(rec *model.Record) {
	if !rec.Kind.IsAutostart() || rec.Source.State != model.Live || rec.Has("ignored") {
		return
	}
	for _, p := range c.programs(rec) {
		k := fileKey{rec.Source.Host, p.real}
		if _, ok := c.started[k]; !ok {
			c.started[k] = rec.ID
		}
		c.startedIn[k] |= wayOf(rec)
	}
}

// starter gives the record that starts the file at a source, empty if none does.
func (c *collection) starter(s *model.Source) string {
	return c.started[keyOf(s)]
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
		out[i] = c.findings[i].Finding
	}
	model.NumberFindings(out, func(id string) *model.Record { return c.byID[id] })
	for i := range out {
		c.findings[i].ID = out[i].ID
	}
	return out
}
