package detect

import (
	"fmt"
	"slices"
	"strings"

	"icecore/forensics/model"
)

const (
	maxListed  = 50 // records named by one finding
	maxPerFile = 20 // findings of one rule about the lines of one file
)

// join makes one finding of several that say the same of the same thing: the
// facts of one file, a row of lines that one rule matches in one log, a line that
// stands in several states of one file. The strongest names it, and all records
// stay as proof.
func (c *collection) join() {
	c.joinBy(func(f *Finding) string {
		if !c.aboutFile(f) {
			return ""
		}
		return fmt.Sprintf("file %s %d %d %s", f.Source.Volume, f.Source.Inode, f.Source.Version, f.Source.Member)
	}, also)
	// A line of a deleted file, or of an older state of one, that still stands
	// in the live one, or in another of its states.
	c.joinBy(func(f *Finding) string {
		rec := c.byID[f.Records[0]]
		if f.Source.Path == "" || rec.Kind == model.YARAMatch || rec.Kind.IsLog() || f.Engine == EngineYARA {
			return ""
		}
		return fmt.Sprintf("line %s\x00%s\x00%s\x00%s\x00%s", f.Rule, f.Source.Volume, f.Source.Path, rec.Kind,
			excerpt(rec))
	}, again)
	c.joinBy(func(f *Finding) string {
		if k := c.byID[f.Records[0]].Kind; k.IsLog() && k.Info().Field("command") != nil {
			return fmt.Sprintf("log %s\x00%s\x00%s\x00%d\x00%d", k, f.Rule, f.Source.Volume, f.Source.Inode,
				f.Source.Version)
		}
		return ""
	}, row)
	perFile := make(map[string]int)
	c.joinBy(func(f *Finding) string {
		if f.Engine != EngineSigma && !strings.HasPrefix(f.Rule, actPrefix) {
			return ""
		}
		k := fmt.Sprintf("many %s\x00%s\x00%d\x00%d", f.Rule, f.Source.Volume, f.Source.Inode, f.Source.Version)
		if perFile[k]++; perFile[k] < maxPerFile {
			return ""
		}
		return k
	}, row)
	c.countRows()
}

// joinBy joins the findings with the same key; the empty key joins with nothing.
// The joined finding stands where its strongest stood.
func (c *collection) joinBy(key func(*Finding) string, merge func(into, f *Finding)) {
	groups := make(map[string][]int)
	for i := range c.findings {
		if k := key(&c.findings[i]); k != "" {
			groups[k] = append(groups[k], i)
		}
	}
	gone := make([]bool, len(c.findings))
	for _, g := range groups {
		if len(g) < 2 {
			continue
		}
		slices.SortStableFunc(g, func(a, b int) int {
			x, y := &c.findings[a], &c.findings[b]
			if x.Level != y.Level {
				return int(y.Level) - int(x.Level)
			}
			if live := func(f *Finding) int { return int(f.Source.State) }; live(x) != live(y) {
				return live(x) - live(y)
			}
			return rank(x) - rank(y)
		})
		into := &c.findings[g[0]]
		for _, i := range g[1:] {
			f := &c.findings[i]
			merge(into, f)
			for _, r := range f.Records {
				if len(into.Records) < maxListed {
					into.Records = union(into.Records, []string{r})
				}
			}
			into.Techniques = union(into.Techniques, f.Techniques)
			into.firm = max(into.firm, f.rests())
			if !f.When.IsZero() && (into.When.IsZero() || f.When.Time.Before(into.When.Time)) && f.Level >= Medium {
				into.When = f.When
			}
			gone[i] = true
		}
	}
	var out []Finding
	for i := range c.findings {
		if !gone[i] {
			out = append(out, c.findings[i])
		}
	}
	c.findings = out
}

// rank orders findings of one level by how much they say.
func rank(f *Finding) int {
	switch {
	case f.Engine == EngineYARA:
		return 0
	case f.Rule == minerConfiguration().Name:
		return 1
	}
	return 2
}

// aboutFile says whether a finding is about what a file is: joined with the others
// about the same file. What it is allowed to do, and that it was altered, are
// claims of their own.
func (c *collection) aboutFile(f *Finding) bool {
	rec := c.byID[f.Records[0]]
	switch rec.Kind {
	case model.YARAMatch, model.MinerConfig, model.IndicatorMatch:
		return true
	case model.FileNotable:
		switch rec.Get("what") {
		case "kernel_thread_name", "hidden_elf", "temp_elf", "orphan_elf", "script":
			return true
		case "old_mtime":
			return f.Level < Medium
		}
	}
	return false
}

// also adds another claim about the same file. Pool and wallet of a miner's configuration
// say more than its title.
func also(into, f *Finding) {
	if f.Rule == minerConfiguration().Name {
		into.Details = append(into.Details, f.Details...)
		return
	}
	into.also(f)
}

// again says once in which other state of the file the same line stands.
func again(into, f *Finding) {
	state := model.Msg("finding.again")
	if f.Source.State == model.Deleted {
		state = model.Msg("finding.again.deleted", "inode", f.Source.Inode)
	}
	if !slices.ContainsFunc(into.Details, state.Equal) {
		into.Details = append(into.Details, state)
	}
}

// row counts the lines of a row; countRows says how many.
func row(into, f *Finding) { into.more += 1 + f.more }

// countRows says for how many more lines the joined findings stand.
func (c *collection) countRows() {
	for i := range c.findings {
		f := &c.findings[i]
		if f.more == 0 {
			continue
		}
		listed := model.Value{}
		if len(f.Records) == maxListed && f.more >= maxListed {
			listed = model.ValueOf(maxListed)
		}
		f.Add("finding.more", "count", f.more, "listed", listed)
	}
}
