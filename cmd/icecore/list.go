package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
)

func (a *app) listCmd() *cobra.Command {
	var o forensics.ListImageOptions
	var names []string
	help := ""
	for _, l := range forensics.Inventories() {
		names = append(names, l.Name)
		help += fmt.Sprintf("\n  %-11s %s", l.Name, firstSentence(l.Doc))
	}
	c := &cobra.Command{
		Use:   "list WHAT IMAGE...",
		Short: "An inventory of the server, benign things too",
		Long: `Lists what a server has, with the file and line that states it. WHAT is one of:
` + help + `

IMAGE is an image, or several that are the disks of one server, or an analysis.json:
then the image is not needed, but for the list of deleted files, and the packages that
own files are not shown. Of an image, only the files that a list needs are read, and
nothing is judged.

The last column is the source: volume, path and line. Times are UTC. The table leaves
columns out that are empty, or for which a screen has no room; csv and json have all.`,
		Example: `  icecore list cron snapshot.raw
  icecore list packages --verify snapshot.raw
  icecore list users --format csv snapshot.raw > users.csv
  icecore list units case-17/analysis.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name what to list: " + strings.Join(names, ", "))
			}
			if err := oneOf(names, args[0]); err != nil {
				return err
			}
			if o.Verify && args[0] != "packages" {
				return errors.New("--verify is for the list packages")
			}
			return wants(args[1:], maxImages, "an image")
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.list(cmd, args[0], args[1:], &o) },
	}
	a.imageFlags(c, report.InventoryFormats...)
	c.Flags().Lookup("volume").Usage = "only this volume: its id (p1), number, UUID or label (default: all)"
	c.Flags().BoolVar(&o.Verify, "verify", false, "packages: compare their files with what they state")
	c.ValidArgs = names
	return c
}

// firstSentence cuts a description that help has no room for.
func firstSentence(s string) string {
	for _, end := range []string{". ", ": ", ", "} {
		s, _, _ = strings.Cut(s, end)
	}
	return strings.TrimSuffix(s, ".")
}

func oneOf(names []string, name string) error {
	for _, n := range names {
		if n == name {
			return nil
		}
	}
	return fmt.Errorf("no list %q; there are %s", name, strings.Join(names, ", "))
}

func (a *app) list(cmd *cobra.Command, what string, names []string, o *forensics.ListImageOptions) error {
	inv, err := a.inventory(cmd, what, names, o)
	if err != nil {
		return err
	}
	w := &errWriter{w: a.out}
	if err := report.InventoryRows(w, a.format, &inv.List, inv.Rows, a.columns()); err != nil {
		return err
	}
	return cmp.Or(w.err, a.unread("not read", inv.Gaps))
}

// unread notes the gaps that matter, and gives errUnread where one decides.
func (a *app) unread(what string, gaps []forensics.Gap) (err error) {
	for _, g := range gaps {
		if g.Weight == forensics.Minor {
			continue
		}
		if g.Weight == forensics.Decisive {
			err = errUnread
		}
		g = g.Escaped()
		a.note("%s: %s: %s", what, g.WhatText, g.WhyText)
	}
	return err
}

func (a *app) inventory(
	cmd *cobra.Command, what string, names []string, o *forensics.ListImageOptions,
) (*forensics.Inventory, error) {
	if name := names[0]; len(names) == 1 && (name == "-" || isAnalysis(name)) {
		if o.Verify {
			return nil, fmt.Errorf("%s: --verify needs the image", name)
		}
		an, err := readAnalysis(name)
		if err != nil {
			return nil, err
		}
		inv, err := an.List(what)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return inv, nil
	}
	p := a.newProgress()
	defer p.done()
	a.complete(&o.Options, p)
	p.show(forensics.Progress{Phase: "opening"})
	img, err := forensics.OpenAll(cmd.Context(), names, o.Open)
	if err != nil {
		return nil, err
	}
	defer img.Close()
	return forensics.ListImage(cmd.Context(), img, what, *o)
}

// isAnalysis says whether a file is an analysis rather than an image.
func isAnalysis(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head, _ := bufio.NewReader(f).Peek(4096) // of a shorter file all there is
	return forensics.IsAnalysis(head)
}
