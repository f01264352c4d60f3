package detect

import (
	"fmt"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
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
		if f.Source.Path == "" || rec.Kind == "yara.match" || rec.Kind.IsLog() || f.Engine == EngineYARA {
			return ""
		}
		return fmt.Sprintf("line %s\x00%s\x00%s\x00%s\x00%s", f.Rule, f.Source.Volume, f.Source.Path, rec.Kind, excerpt(rec))
	}, again)
	c.joinBy(func(f *Finding) string {
		switch k := c.byID[f.Records[0]].Kind; k {
		case "history.command", "cron.run", "auth.sudo":
			return fmt.Sprintf("log %s\x00%s\x00%s\x00%d\x00%d", k, f.Rule, f.Source.Volume, f.Source.Inode, f.Source.Version)
		}
		return ""
	}, row)
	perFile := make(map[string]int)
	c.joinBy(func(f *Finding) string {
		if f.Engine != EngineSigma {
			return ""
		}
		k := fmt.Sprintf("many %s\x00%s\x00%d\x00%d", f.Rule, f.Source.Volume, f.Source.Inode, f.Source.Version)
		if perFile[k]++; perFile[k] < maxPerFile {
			return ""
		}
		return k
	}, row)
	c.tellRows()
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
			into.lines = append(into.lines, f.lines...)
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
	case f.Rule == "miner_configuration":
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
	case "yara.match", "miner.config":
		return true
	case "file.notable":
		switch rec.Get("what") {
		case "kernel_thread_name", "hidden_elf", "temp_elf", "orphan_elf", "script":
			return true
		case "old_mtime":
			return f.Level < Medium
		}
	}
	return false
}

func also(into, f *Finding) {
	text := f.Title
	if f.Rule == "miner_configuration" && f.Description != "" {
		text = strings.TrimSuffix(f.Description, ".")
	}
	into.Description = strings.TrimSpace(into.Description + " Also: " + text + ".")
}

func again(into, f *Finding) {
	state := "another state of the file"
	if f.Source.State == filesystem.Deleted {
		state = fmt.Sprintf("an older state of the file (inode %d)", f.Source.Inode)
	}
	if !strings.Contains(into.Description, state) {
		into.Description = strings.TrimSpace(into.Description + " It stands in " + state + ", too.")
	}
}

// row counts the lines of a row; tellRows says how many.
func row(into, f *Finding) { into.more += 1 + f.more }

// tellRows says of how many lines the joined findings stand for one.
func (c *collection) tellRows() {
	for i := range c.findings {
		f := &c.findings[i]
		if f.more == 0 {
			continue
		}
		lines, named := fmt.Sprintf("are %d more such lines", f.more), "the records name them"
		if f.more == 1 {
			lines, named = "is one more such line", "the records name it"
		}
		if len(f.Records) == maxListed && f.more >= maxListed {
			named = fmt.Sprintf("the records name the first %d", maxListed)
		}
		f.Description = strings.TrimSpace(fmt.Sprintf("%s There %s in this file; %s.", f.Description, lines, named))
	}
}
