package main

import (
	"cmp"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
)

func (a *app) rulesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "List, check and test the YARA and Sigma rules",
		Args:  subcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(a.rulesListCmd(), a.rulesCheckCmd(), a.rulesTestCmd())
	return c
}

func (a *app) rulesListCmd() *cobra.Command {
	var o forensics.RuleOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "The rules in force, with level and origin",
		Args:  cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			list, err := forensics.ListRules(o)
			if err != nil {
				return err
			}
			a.ruleProblems(list.Problems)
			if list.NoYARA != "" {
				a.note("no YARA rules are in force: %s", list.NoYARA)
			}
			w := &errWriter{w: a.out}
			if a.format == "json" {
				err = report.AsJSON(w, list.Rules)
			} else {
				err = report.Rules(w, list, a.columns())
			}
			return cmp.Or(err, w.err)
		},
	}
	ruleFlags(c, &o)
	sigmaFlag(c, &o)
	a.formatFlag(c, "table", "json")
	return c
}

func (a *app) rulesCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE|DIR...",
		Short: "Compile rule files: errors and warnings with their lines",
		Long: `Compiles YARA rules (*.yar, *.yara, *.rule) and reads Sigma rules (*.yml, *.yaml).
Errors and warnings are written as FILE:LINE: error: TEXT. Exits with 1 if a file has
an error.`,
		Args: func(_ *cobra.Command, args []string) error {
			return wants(args, math.MaxInt, "files or directories of rules")
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := forensics.CheckRules(args)
			if c == nil {
				return err
			}
			if len(c.Problems) > 0 || c.Rules > 0 {
				err = cmp.Or(report.CheckedRules(a.out, c), err)
			}
			if err == nil && c.Bad > 0 {
				err = fmt.Errorf("rule files with errors: %d", c.Bad)
			}
			return err
		},
	}
}

func (a *app) rulesTestCmd() *cobra.Command {
	var o forensics.RuleOptions
	c := &cobra.Command{
		Use:   "test DIR",
		Short: "Run the YARA rules over samples with expectations",
		Long: `Runs the rules in force over the samples of a directory:

  DIR/positive/RULE/...   RULE must match each of these files
  DIR/negative/RULE/...   RULE must not match any of these
  DIR/negative/...        no rule above low may match any of these
  DIR/rules/              rules of your own, in force for these tests

The path below RULE is the one that the rules see as filepath. Exits with 1 if an
expectation was not met.`,
		Example: `  icecore rules test yara-rules/testdata`,
		Args: func(_ *cobra.Command, args []string) error {
			return wants(args, 1, "a directory of samples")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			res, problems, err := forensics.TestRules(cmd.Context(), o, args[0])
			a.ruleProblems(problems)
			if err != nil {
				return err
			}
			w := &errWriter{w: a.out}
			if a.format == "json" {
				err = report.AsJSON(w, res)
			} else {
				err = report.RuleTests(w, res)
			}
			if err = cmp.Or(err, w.err); err != nil {
				return err
			}
			if failed := res.Failed(); failed > 0 {
				return fmt.Errorf("%d of %d expectations were not met", failed, len(res.Tests))
			}
			return nil
		},
	}
	ruleFlags(c, &o)
	a.formatFlag(c, "table", "json")
	return c
}
