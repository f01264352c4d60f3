package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"icecore/forensics"
)

// ruleFlags adds those that say which YARA rules are in force.
func ruleFlags(c *cobra.Command, o *forensics.RuleOptions) {
	f := c.Flags()
	f.StringArrayVar(&o.YARA, "rules", nil, "YARA rules of your own: a file, or a directory of *.yar (repeatable)")
	f.BoolVar(&o.NoBuiltin, "no-builtin-rules", false, "without icecore's own YARA rules")
}

func sigmaFlag(c *cobra.Command, o *forensics.RuleOptions) {
	c.Flags().StringArrayVar(&o.Sigma, "sigma", nil,
		"Sigma rules of your own: a file, or a directory of *.yml (repeatable)")
}

// listFlags adds those that bring lists of what is known to be bad.
func listFlags(c *cobra.Command, o *forensics.RuleOptions) {
	c.Flags().StringArrayVar(&o.Indicators, "iocs-in", nil,
		"indicators to look for: a list, or a directory of them; hashes, paths, hosts, URLs, wallets (repeatable)")
	c.Flags().StringArrayVar(&o.OSV, "osv", nil,
		"advisories about packages, as osv.dev has them: a directory, ZIP or JSON file (repeatable)")
}

func siteFlag(c *cobra.Command, o *forensics.RuleOptions) {
	c.Flags().StringVar(&o.Site, "site", "",
		"profile of the site: what is normal there (see icecore site init)")
}

// analysisFlags are those of all commands that look into files. They read all volumes
// unless one is named.
func (a *app) analysisFlags(c *cobra.Command, o *forensics.Options) {
	ruleFlags(c, &o.Rules)
	f := c.Flags()
	f.Lookup("volume").Usage = "only this volume: its id (p1), number, UUID or label (default: all)"
	f.Int64Var(&o.Scan.MaxFile, "max-file-size", forensics.DefaultMaxFile,
		"largest file that is read, in bytes; larger ones are listed in the coverage")
	f.DurationVar(&o.Scan.Timeout, "scan-timeout", forensics.DefaultScanTimeout,
		"longest time that YARA may take for one file")
	f.BoolVar(&o.Scan.NoDeleted, "no-deleted", false, "leave deleted files out")
}

// complete fills in what all analyses have in common.
func (a *app) complete(o *forensics.Options, p *progress) {
	o.Open = a.openOptions()
	o.Scan.Volume, o.Scan.Jobs, o.Output.Progress = a.volume, a.jobs, p.show
	o.Output.Problem = func(g forensics.Gap) {
		g = g.Escaped()
		a.note("%s: %s", g.WhatText, g.WhyText)
	}
}

// imageFlags adds what all commands that open an image know.
func (a *app) imageFlags(c *cobra.Command, formats ...string) {
	f := c.Flags()
	f.StringVar(&a.volume, "volume", "", "volume: its id (p1), number, UUID or label (default: the root filesystem)")
	f.BoolVar(&a.noReplay, "no-replay", false, "do not replay the journal: the raw state of the disk")
	f.StringArrayVar(&a.backing, "backing", nil, "file that may serve as a backing file of the image (repeatable)")
	a.formatFlag(c, formats...)
}

func (a *app) openOptions() forensics.OpenOptions {
	return forensics.OpenOptions{Backing: a.backing, NoReplay: a.noReplay}
}

// formatFlag adds the output formats that a command knows, the usual one first.
func (a *app) formatFlag(c *cobra.Command, formats ...string) {
	if len(formats) == 0 {
		return
	}
	// Each command has its own variable: a default of one must not become that
	// of another.
	format := c.Flags().String("format", formats[0], "output format: "+strings.Join(formats, ", "))
	complete(c, "format", formats...)
	run := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		a.format = *format
		if !slices.Contains(formats, a.format) {
			return usageError{fmt.Errorf("no format %q; there are %s", a.format, strings.Join(formats, ", "))}
		}
		return run(cmd, args)
	}
}

// complete names the values of a flag to the shell.
func complete(c *cobra.Command, flag string, values ...string) {
	// It fails for a flag that does not exist only.
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// values are what the help calls the values of flags.
var values = map[string]string{
	"jobs": "N", "width": "COLUMNS", "format": "FORMAT", "volume": "VOLUME", "backing": "FILE", "rules": "PATH",
	"sigma": "PATH", "iocs-in": "PATH", "osv": "PATH", "site": "FILE", "max-file-size": "BYTES",
	"scan-timeout": "TIME", "fail-on": "LEVEL", "output": "DIR", "iocs": "FILE", "iocs-format": "FORMAT",
	"from": "TIME", "to": "TIME",
	"inode": "N", "offset": "N", "length": "N", "disk-offset": "N", "member": "NAME", "in": "LIST", "limit": "N",
}

// named is the value of a flag with the name that the help calls it by.
type named struct {
	pflag.Value
	name string
}

// Type implements pflag.Value.
func (n named) Type() string { return n.name }

// nameValues gives the values of a command's flags their names.
func nameValues(c *cobra.Command) {
	name := func(f *pflag.Flag) {
		if v, ok := values[f.Name]; ok {
			f.Value = named{f.Value, v}
			f.DefValue = strings.TrimPrefix(f.DefValue, "[]")
		}
	}
	c.LocalNonPersistentFlags().VisitAll(name)
	c.PersistentFlags().VisitAll(name)
	for _, sub := range c.Commands() {
		nameValues(sub)
	}
}

// flagError says what is wrong with a flag, without the words of the package that
// read the number.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	name := "--" + invalid.GetFlag().Name
	value := invalid.GetFlag().Value
	if n, ok := value.(named); ok {
		value = n.Value
	}
	switch value.Type() {
	case "int", "int64":
		return fmt.Errorf("%s %q: want a number", name, invalid.GetValue())
	case "duration":
		return fmt.Errorf("%s %q: want a time such as 90s or 5m", name, invalid.GetValue())
	}
	return err
}

// checkFlags refuses numbers that mean nothing.
func checkFlags(c *cobra.Command) error {
	for _, name := range []string{"jobs", "width", "max-file-size", "scan-timeout"} {
		f := c.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		if v := f.Value.String(); strings.HasPrefix(v, "-") || strings.Trim(v, "0s") == "" {
			return usageError{fmt.Errorf("--%s %s: must be more than nothing", name, v)}
		}
	}
	return nil
}
