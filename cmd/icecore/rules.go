package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/content/engine"
	"icecore/forensics/detect"
	"icecore/forensics/report"
	"icecore/forensics/text"
)

// ruleFlags say which rules are in force.
type ruleFlags struct {
	yara, sigma []string
	noBuiltin   bool
}

func (r *ruleFlags) add(c *cobra.Command, sigma bool) {
	f := c.Flags()
	f.StringArrayVar(&r.yara, "rules", nil, "YARA rules of your own: a file, or a folder of *.yar (repeatable)")
	f.BoolVar(&r.noBuiltin, "no-builtin-rules", false, "without icecore's own YARA rules")
	if sigma {
		f.StringArrayVar(&r.sigma, "sigma", nil, "Sigma rules of your own: a file, or a folder of *.yml (repeatable)")
	}
}

func (a *app) rulesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "List, check and test the YARA and Sigma rules",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(a.rulesListCmd(), a.rulesCheckCmd(), a.rulesTestCmd())
	return c
}

// ruleLine is a rule in force, as `rules list --format json` shows it.
type ruleLine struct {
	Engine      string   `json:"engine"`
	Name        string   `json:"name"`
	Level       string   `json:"level"`
	For         string   `json:"for"` // content (binary, text, any), or the records
	Techniques  []string `json:"techniques"`
	Description string   `json:"description"`
	Benign      string   `json:"benign,omitempty"`
	Reference   string   `json:"reference,omitempty"`
	File        string   `json:"file"`
	Line        int      `json:"line,omitempty"`
}

func (a *app) rulesListCmd() *cobra.Command {
	var flags ruleFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "The rules in force, with level and origin",
		Args:  cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			lines, err := a.ruleLines(&flags)
			if err != nil {
				return err
			}
			w := &errWriter{w: a.out}
			if a.format == "json" {
				return report.AsJSON(w, lines)
			}
			var rows [][]string
			for _, l := range lines {
				where := l.File
				if l.Line > 0 {
					where = fmt.Sprintf("%s:%d", where, l.Line)
				}
				rows = append(rows, []string{l.Engine, l.Level, l.Name, strings.Join(l.Techniques, " "), l.Description, where})
			}
			if err := report.Table(w, []string{"engine", "level", "rule", "techniques", "what it sees", "file"}, rows, a.columns()); err != nil {
				return err
			}
			return w.err
		},
	}
	flags.add(c, true)
	a.formatFlag(c, "table", "json")
	return c
}

// ruleLines gives all rules in force; what is wrong with a file goes to stderr.
func (a *app) ruleLines(flags *ruleFlags) ([]ruleLine, error) {
	set, err := forensics.LoadRules(flags.yara, flags.noBuiltin)
	if err != nil {
		return nil, err
	}
	a.ruleProblems(set.Problems)
	if !set.Available() {
		fmt.Fprintf(a.err, "icecore: no YARA rules are in force: %s\n", set.Why())
	}
	lines := []ruleLine{}
	for _, r := range set.List() {
		l := ruleLine{
			Engine: string(detect.EngineYARA), Name: r.Name, Level: r.Meta["level"], For: r.For.String(), Description: r.Meta["description"],
			Benign: r.Meta["benign"], Reference: r.Meta["reference"], File: r.File, Line: r.Line, Techniques: []string{},
		}
		if l.Level == "" {
			l.Level = detect.Medium.String() // as the analysis takes it
		}
		for _, t := range strings.Split(r.Meta["technique"], ",") {
			if t = strings.TrimSpace(t); t != "" {
				l.Techniques = append(l.Techniques, t)
			}
		}
		lines = append(lines, l)
	}
	sigma, err := detect.Load(detect.Options{Dirs: flags.sigma})
	if err != nil {
		return nil, err
	}
	for _, p := range sigma.Problems {
		fmt.Fprintf(a.err, "icecore: Sigma: %s: %s\n", text.Escape(p.File), text.EscapeOnce(p.Why))
	}
	for _, r := range sigma.List() {
		l := ruleLine{
			Engine: string(detect.EngineSigma), Name: r.Name, Level: r.Level.String(), For: "records", Techniques: slices.Clone(r.Techniques),
			Description: r.Title, Benign: strings.Join(r.FalsePositives, "; "), File: r.Source,
		}
		if l.Techniques == nil {
			l.Techniques = []string{}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// ruleProblems writes what the compiler said, as compilers do, to stderr.
func (a *app) ruleProblems(list []engine.Problem) {
	for _, p := range list {
		fmt.Fprintf(a.err, "icecore: %s\n", p)
	}
}

func (a *app) rulesCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE|DIR...",
		Short: "Compile rule files: errors and warnings with their lines",
		Long: `Compiles YARA rules (*.yar, *.yara, *.rule) and reads Sigma rules (*.yml, *.yaml).
Errors and warnings are written as FILE:LINE: error: TEXT. Exits with 1 if a file has
an error.`,
		Args: func(_ *cobra.Command, args []string) error {
			return wants(args, math.MaxInt, "files or folders of rules")
		},
		RunE: func(_ *cobra.Command, args []string) error {
			w := &errWriter{w: a.out}
			bad := make(map[string]bool)
			rules, warnings := 0, 0
			for _, arg := range args {
				yara, sigma, err := ruleKinds(arg)
				if err != nil {
					return err
				}
				if yara {
					problems, n, err := forensics.CheckRules([]string{arg})
					if err != nil {
						return err
					}
					rules += n
					for _, p := range problems {
						fmt.Fprintln(w, p)
						if p.Warning {
							warnings++
						} else {
							bad[p.File] = true
						}
					}
				}
				if sigma {
					r, err := detect.Load(detect.Options{Dirs: []string{arg}, NoBuiltin: true})
					if err != nil {
						return err
					}
					rules += len(r.List())
					for _, p := range r.Problems {
						kind := "error"
						if p.Warning {
							kind = "warning"
							warnings++
						} else {
							bad[p.File] = true
						}
						fmt.Fprintf(w, "%s: %s: %s\n", text.Escape(p.File), kind, text.EscapeOnce(p.Why))
					}
				}
			}
			fmt.Fprintf(w, "%d rules are right, %d files have errors, %d warnings\n", rules, len(bad), warnings)
			if w.err != nil {
				return w.err
			}
			if len(bad) > 0 {
				return fmt.Errorf("%d rule files have errors", len(bad))
			}
			return nil
		},
	}
}

// ruleKinds says which kinds of rules a file is, or a folder holds.
func ruleKinds(name string) (yara, sigma bool, err error) {
	files, err := forensics.HostFiles(name)
	if err != nil {
		return false, false, err
	}
	for _, f := range files {
		switch strings.ToLower(filepath.Ext(f)) {
		case ".yml", ".yaml":
			sigma = true
		case ".yar", ".yara", ".rule":
			yara = true
		default:
			yara = yara || f == name // named by the caller: what should it be else
		}
	}
	if !yara && !sigma {
		return false, false, fmt.Errorf("%s holds no rules: neither *.yar nor *.yml", name)
	}
	return yara, sigma, nil
}

func (a *app) rulesTestCmd() *cobra.Command {
	var flags ruleFlags
	c := &cobra.Command{
		Use:   "test DIR",
		Short: "Run the YARA rules over samples that say what must match",
		Long: `Runs the rules in force over the samples of a folder:

  DIR/positive/RULE/...   RULE must match each of these files
  DIR/negative/RULE/...   RULE must not match any of these
  DIR/negative/...        no rule above low may match any of these
  DIR/rules/              rules of your own, in force for these tests

The path below RULE is the one that the rules see as filepath. Exits with 1 if an
expectation was not met.`,
		Example: `  icecore rules test yara-rules/testdata`,
		Args:    func(_ *cobra.Command, args []string) error { return wants(args, 1, "a folder of samples") },
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.testRules(cmd.Context(), args[0], &flags)
		},
	}
	flags.add(c, false)
	a.formatFlag(c, "table", "json")
	return c
}

func (a *app) testRules(ctx context.Context, dir string, flags *ruleFlags) error {
	paths := flags.yara
	if own := filepath.Join(dir, "rules"); forensics.IsDir(own) {
		paths = append(slices.Clone(paths), own)
	}
	set, err := forensics.LoadRules(paths, flags.noBuiltin)
	if err != nil {
		return err
	}
	a.ruleProblems(set.Problems)
	res, err := forensics.TestRules(ctx, set, dir)
	if err != nil {
		return err
	}
	w := &errWriter{w: a.out}
	failed := res.Failed()
	if a.format == "json" {
		if err := report.AsJSON(w, res); err != nil {
			return err
		}
	} else {
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
			fmt.Fprintf(w, "FAIL %s: want: %s; got: %s (matched: %s)\n", text.Escape(t.Sample), text.Escape(want), text.EscapeOnce(t.Why), strings.Join(t.Matched, " "))
		}
		if len(res.Untested) > 0 {
			fmt.Fprintf(w, "without a sample: %s\n", strings.Join(res.Untested, " "))
		}
		fmt.Fprintf(w, "%d expectations met, %d not\n", len(res.Tests)-failed, failed)
	}
	if w.err != nil {
		return w.err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d expectations were not met", failed, len(res.Tests))
	}
	return nil
}
