package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
)

func (a *app) siteCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "site",
		Short: "Draft and check the profile of a site: what is normal there",
		Args:  subcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(a.siteInitCmd(), a.siteCheckCmd())
	return c
}

func (a *app) siteInitCmd() *cobra.Command {
	var o forensics.Options
	c := &cobra.Command{
		Use:   "init IMAGE...",
		Short: "Draft a profile from snapshots known to be good",
		Long: `Analyzes snapshots that are known to be good, each an image of a server or an
analysis.json, and writes a profile of what is normal on them to stdout: addresses of
logins, SSH keys, accounts, jobs, and the files that low and medium findings are about,
by their SHA-256. Read it before you use it: analyze --site FILE then calls informational
what the profile explains, and raises what it contradicts.`,
		Example: `  icecore site init good-monday.raw good-friday.raw > site.yml
  icecore analyze --site site.yml snapshot.raw`,
		Args: func(_ *cobra.Command, args []string) error { return wants(args, math.MaxInt, "an image") },
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []*forensics.Analysis
			for _, name := range args {
				var an *forensics.Analysis
				var err error
				if strings.HasSuffix(name, ".json") {
					an, err = readAnalysis(name)
				} else {
					an, err = a.analyze(cmd.Context(), []string{name}, &o, "")
				}
				if err != nil {
					return err
				}
				list = append(list, an)
			}
			left, err := forensics.DraftSite(a.out, list)
			if left > 0 {
				a.note("findings above medium: %d: they are not taken over, and a snapshot that has any is hardly good", left)
			}
			return err
		},
	}
	a.imageFlags(c)
	a.analysisFlags(c, &o)
	return c
}

func (a *app) siteCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Check profiles: errors with their lines",
		Args:  func(_ *cobra.Command, args []string) error { return wants(args, math.MaxInt, "a profile") },
		RunE: func(_ *cobra.Command, args []string) error {
			var errs []error
			for _, f := range args {
				if err := forensics.CheckSite(f); err != nil {
					errs = append(errs, err)
					continue
				}
				_, err := fmt.Fprintf(a.out, "%s: a valid profile\n", f)
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		},
	}
}
