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
)

// collection gathers findings while the engines run.
type collection struct {
	in       *Input
	byID     map[string]*artifact.Record
	findings []Finding
	miners   map[fileKey]minerFile // files that hold a miner, by where they are
}

type fileKey struct{ volume, path string }

// minerFile is a file in which a rule found a miner.
type minerFile struct {
	rule   string
	level  Level
	record string
}

// Run looks at all records.
func (r *Rules) Run(ctx context.Context, in *Input) (*Result, error) {
	c := &collection{in: in, byID: make(map[string]*artifact.Record, len(in.Records)), miners: make(map[fileKey]minerFile)}
	for i := range in.Records {
		c.byID[in.Records[i].ID] = &in.Records[i]
	}
	c.yara()
	c.configs()
	for i := range in.Records {
		if i%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		if err := c.sigma(ctx, r, &in.Records[i]); err != nil {
			return nil, err
		}
	}
	c.logins()
	c.guessing()
	c.scripts()
	c.preloads()
	c.wipedLogs()
	findings := c.ordered()
	v := verdict(findings)
	return &Result{Findings: findings, Verdict: v, Story: story(findings)}, nil
}

// sigma makes one finding of all rules that match a record: the strongest names
// it, the others are told in its description.
func (c *collection) sigma(ctx context.Context, r *Rules, rec *artifact.Record) error {
	matched, err := r.match(ctx, rec)
	if err != nil {
		return err
	}
	miner, program := c.startsMiner(rec)
	if len(matched) == 0 {
		if miner == nil || !startsPrograms(rec.Kind) {
			return nil
		}
		f := c.finding(rec)
		f.Rule, f.Engine, f.Phase = "starts_miner", EngineAnalysis, PhasePersistence
		f.Title = "What runs by itself starts a miner"
		f.Techniques = []string{"T1496.001"}
		c.upgrade(&f, miner, program)
		c.findings = append(c.findings, f)
		return nil
	}
	slices.SortStableFunc(matched, func(a, b *rule) int { return int(b.Level) - int(a.Level) })
	f := c.finding(rec)
	f.Rule, f.Engine = matched[0].Name, EngineSigma
	f.Title, f.Description, f.Level, f.Phase = matched[0].Title, matched[0].Description, matched[0].Level, matched[0].Phase
	var also []string
	for i, x := range matched {
		for _, t := range x.Techniques {
			if !slices.Contains(f.Techniques, t) {
				f.Techniques = append(f.Techniques, t)
			}
		}
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
	c.findings = append(c.findings, f)
	return nil
}

// startsPrograms says whether a record of that kind makes a program run by itself.
func startsPrograms(kind string) bool {
	switch kind {
	case "cron.job", "cron.script", "systemd.exec", "rc.line", "init.script", "inittab.line", "profile.line", "dpkg.script":
		return true
	}
	return false
}

func (c *collection) upgrade(f *Finding, m *minerFile, program string) {
	f.Level = Critical
	f.Records = append(f.Records, m.record)
	f.Description = strings.TrimSpace(f.Description + fmt.Sprintf(" It starts %s, in which the YARA rule %s found a miner.", program, m.rule))
}

// startsMiner says whether a record names a program that holds a miner.
func (c *collection) startsMiner(rec *artifact.Record) (*minerFile, string) {
	if len(c.miners) == 0 {
		return nil, ""
	}
	for _, p := range strings.Split(rec.Get("programs"), ",") {
		if !strings.HasPrefix(p, "/") {
			continue
		}
		p = path.Clean(p)
		m, ok := c.miners[fileKey{rec.Source.Volume, p}]
		if !ok && c.in.Lookup != nil {
			if f := c.in.Lookup(rec.Source.Volume, p); f != nil {
				m, ok = c.miners[fileKey{rec.Source.Volume, f.Path}]
			}
		}
		if ok {
			return &m, p
		}
	}
	return nil, ""
}

// finding begins a finding about one record.
func (c *collection) finding(rec *artifact.Record) Finding {
	f := Finding{Records: []string{rec.ID}, Source: rec.Source, Excerpt: excerpt(rec)}
	f.Time, f.TimeInferred = when(rec)
	return f
}

// when says when what a record tells came about.
func when(rec *artifact.Record) (time.Time, string) {
	for _, what := range []string{"logged", "typed", "first", "login"} {
		for _, s := range rec.Times {
			if s.What == what && !s.Time.IsZero() {
				return s.Time, s.Inferred
			}
		}
	}
	// Of what stands in files, the change of the inode: unlike the time of
	// modification, no call sets it to what the caller wants. A file that was
	// made whole by an intruder has it at its creation or later.
	order := []string{"changed", "created", "modified"}
	switch rec.Kind {
	case "yara.match", "file.notable", "miner.config":
		switch rec.Get("what") {
		case "package_file_changed", "immutable": // it was there before
		default:
			order = []string{"created", "changed", "modified"}
		}
	}
	for _, what := range order {
		if t := rec.Time(what); !t.IsZero() {
			return t, "from the time the file was " + what
		}
	}
	return time.Time{}, ""
}

const maxExcerpt = 400

// excerpt gives what of a record a reader wants to see.
func excerpt(rec *artifact.Record) string {
	for _, name := range []string{"suspicious_line", "command", "trailing_code", "library"} {
		if v := rec.Get(name); v != "" {
			return v[:min(len(v), maxExcerpt)]
		}
	}
	var parts []string
	for _, f := range rec.Fields {
		switch f.Name {
		case "description", "traits", "programs", "decoded", "technique", "level":
			continue
		}
		v := f.Value
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

// ordered sorts the findings and numbers them.
func (c *collection) ordered() []Finding {
	out := c.findings
	sort.SliceStable(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		switch {
		case a.Level != b.Level:
			return a.Level > b.Level
		case !a.Time.Equal(b.Time):
			if a.Time.IsZero() != b.Time.IsZero() {
				return b.Time.IsZero()
			}
			return a.Time.Before(b.Time)
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
	for i := range out {
		out[i].ID = fmt.Sprintf("F-%04d", i+1)
	}
	return out
}
