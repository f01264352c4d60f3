package detect

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"icecore/forensics/artifact"
)

const maxRuns = 5 // records of one program, or unit, that a finding names

// ran adds to the findings about programs and units that they ran, where a log tells
// it; and tells of programs that ran where none belongs, though nothing else speaks
// of them: they may be gone.
func (c *collection) ran() {
	programs := make(map[fileKey][]*artifact.Record)
	units := make(map[fileKey][]*artifact.Record)
	var order []fileKey
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if elsewhere(r) {
			continue
		}
		switch r.Kind {
		case "journal.program":
			k := fileKey{system(r), path.Clean(r.Get("program"))}
			if programs[k] == nil {
				order = append(order, k)
			}
			programs[k] = append(programs[k], r)
		case "unit.started":
			if u := r.Get("unit"); u != "" {
				k := fileKey{system(r), u}
				units[k] = append(units[k], r)
			}
		}
	}
	told := make(map[fileKey]bool)
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		if f.Level < Medium {
			continue
		}
		switch rec.Kind {
		case "yara.match", "file.notable":
			k := fileKey{rec.Source.Volume + "\x00", path.Clean(rec.Source.Path)}
			told[k] = true
			c.addRuns(f, programs[k], "It ran: the journal tells of it")
		case "systemd.exec":
			// Of a unit's template, the log names instances.
			k := fileKey{rec.Source.Volume + "\x00", rec.Get("unit")}
			c.addRuns(f, units[k], "The log tells that systemd started it")
		}
	}
	for _, k := range order {
		temp, hidden := tempPlace(k.path), hiddenPlace(k.path)
		if told[k] || !temp && !hidden || !path.IsAbs(k.path) {
			continue
		}
		rec := programs[k][0]
		f := c.finding(rec)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "ran_from_odd_place", Low, PhaseExecution
		f.Techniques = []string{"T1564.001"}
		f.Title = "A program ran from a hidden folder"
		switch {
		case temp && !hidden:
			f.Title, f.Techniques = "A program ran from a folder that everybody may write", []string{"T1059"}
		case temp && !strings.HasPrefix(k.path, "/tmp/.mount_"): // an AppImage's
			f.Level, f.Title = Medium, "A program ran from a hidden folder where everybody may write"
		}
		f.Description = strings.TrimSpace(fmt.Sprintf("%s is what the kernel told journald of the sender.", k.path))
		if c.in.Lookup != nil && c.lookup(rec.Source.Volume, k.path) == nil {
			f.Description += " There is no such file any more."
		}
		f.Records = nil
		c.addRuns(&f, programs[k], "The journal tells of it")
		c.add(f)
	}
}

// addRuns names the records of something that ran, and says when.
func (c *collection) addRuns(f *Finding, runs []*artifact.Record, what string) {
	// The journal's times are exact; a text may tell of the same starts.
	if slices.ContainsFunc(runs, fromJournal) {
		runs = slices.DeleteFunc(slices.Clone(runs), func(r *artifact.Record) bool { return !fromJournal(r) })
	}
	n := 0
	var first, last time.Time
	for _, r := range runs {
		from, to := span(r)
		if first.IsZero() || from.Before(first) {
			first = from
		}
		if to.After(last) {
			last = to
		}
		n += number(r.Get("count"))
	}
	if n == 0 || first.IsZero() {
		return
	}
	for _, r := range runs[:min(len(runs), maxRuns)] {
		if len(f.Records) < maxListed {
			f.Records = union(f.Records, []string{r.ID})
		}
	}
	when := "at " + first.UTC().Format(time.RFC3339)
	if last.Sub(first) >= time.Second {
		when = fmt.Sprintf("between %s and %s", first.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339))
	}
	f.Description = strings.TrimSpace(f.Description + fmt.Sprintf(" %s %s, %d times.", what, when, n))
	if n == 1 {
		f.Description = strings.TrimSuffix(f.Description, ", 1 times.") + "."
	}
}
