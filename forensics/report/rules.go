package report

import (
	"fmt"
	"io"
	"strings"

	"icecore/forensics/rules"
	"icecore/forensics/text"
)

// Rules writes the rules in force.
func Rules(w io.Writer, list *rules.List, width int) error {
	var rows [][]string
	for _, r := range list.Rules {
		place := r.File
		if r.Line > 0 {
			place = fmt.Sprintf("%s:%d", place, r.Line)
		}
		rows = append(rows, []string{r.Engine, r.Level, r.Name, strings.Join(r.Techniques, " "), r.Description, place})
	}
	return Table(w, []string{"engine", "level", "rule", "techniques", "what it detects", "file"}, rows, width)
}

// CheckedRules writes what was found wrong with rule files, as compilers do.
func CheckedRules(w io.Writer, c *rules.Checked) error {
	b := &strings.Builder{}
	for _, p := range c.Problems {
		fmt.Fprintln(b, p)
	}
	fmt.Fprintf(b, "%s, %s, %s\n", count(c.Rules, "valid rule"), count(c.Bad, "file")+" with errors",
		count(c.Warnings, "warning"))
	_, err := io.WriteString(w, b.String())
	return err
}

// RuleTests writes which expectations on rules were not met.
func RuleTests(w io.Writer, res *rules.Results) error {
	b := &strings.Builder{}
	for i := range res.Tests {
		t := &res.Tests[i]
		if t.Passed {
			continue
		}
		want := "no rule above low matches"
		switch {
		case t.Match:
			want = t.Rule + " matches"
		case t.Rule != "":
			want = t.Rule + " does not match"
		}
		fmt.Fprintf(b, "FAIL %s: want: %s; got: %s (matched: %s)\n", text.Escape(t.Sample), text.Escape(want),
			text.EscapeOnce(t.Why), strings.Join(t.Matched, " "))
	}
	if len(res.Untested) > 0 {
		fmt.Fprintf(b, "without a sample: %s\n", strings.Join(res.Untested, " "))
	}
	failed := res.Failed()
	fmt.Fprintf(b, "%d expectations met, %d not\n", len(res.Tests)-failed, failed)
	_, err := io.WriteString(w, b.String())
	return err
}

// RuleCosts writes what each YARA rule costs.
func RuleCosts(w io.Writer, prof *rules.Profile, width int) error {
	var rows [][]string
	for _, r := range prof.Rules {
		noise := 0.0
		for _, s := range prof.Sets {
			if s.For == r.For {
				noise = s.NoiseMsMB
			}
		}
		cost := fmt.Sprintf("%.1f", r.Cost)
		switch {
		case r.Error != "":
			cost = r.Error
		case r.Cost <= noise:
			cost = fmt.Sprintf("below %.1f", noise)
		}
		rows = append(rows, []string{cost, r.For, r.Name, fmt.Sprint(r.Matches), fmt.Sprintf("%s:%d", r.File, r.Line)})
	}
	if err := Table(w, []string{"ms/100 MB", "content", "rule", "matches", "file"}, rows, width); err != nil {
		return err
	}
	b := &strings.Builder{}
	for _, s := range prof.Sets {
		fmt.Fprintf(b, "%s: %d rules together: %.0f MB per CPU-second "+
			"(a rule that looks for nothing: %.0f), over %d files, %d bytes\n",
			s.For, s.Rules, s.MBPerSec, s.FloorMB, s.Files, s.Bytes)
	}
	fmt.Fprintf(b, "Method: %s.\n", prof.Method)
	_, err := io.WriteString(w, b.String())
	return err
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
