package main

import (
	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
)

func (a *app) statCmd() *cobra.Command {
	var (
		p              forensics.Place
		o              forensics.StatOptions
		follow, noHash bool
	)
	c := &cobra.Command{
		Use:   "stat IMAGE PATH | IMAGE --inode N",
		Short: "All metadata of one file",
		Long: `Shows all metadata of one file: state, type, mode, owner, times to the
nanosecond, inode flags, extended attributes, access control lists, where its bytes
stand on the disk, and its SHA-256. A link is shown itself, unless with -L.

A file named by its inode is shown with all its paths. --history adds the older
states that are left in the journal.`,
		Example: `  icecore stat snapshot.raw /usr/bin/ss
  icecore stat snapshot.raw --inode 8455 --history`,
		Args: func(_ *cobra.Command, args []string) error {
			return takePlace(&p, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			img, v, err := a.openPath(cmd.Context(), args, &p.Path, follow)
			if err != nil {
				return err
			}
			defer img.Close()
			ref, name, err := v.Find(cmd.Context(), p, follow)
			if err != nil {
				return inImage(args[0], v, err)
			}
			o.Hash, o.Paths = !noHash, p.Inode != ""
			st, err := v.Stat(cmd.Context(), ref, name, o)
			if err != nil {
				return inImage(args[0], v, err)
			}
			if a.format == "json" {
				return report.AsJSON(a.out, st)
			}
			return report.Stat(a.out, st)
		},
	}
	a.imageFlags(c, "table", "json")
	f := c.Flags()
	f.StringVar(&p.Inode, "inode", "", "the file with this inode number; N@TID: as it was in that journal transaction")
	f.BoolVarP(&follow, "dereference", "L", false, "follow a link at the end of PATH, within the image")
	f.BoolVar(&noHash, "no-hash", false, "do not read the content")
	f.BoolVar(&o.History, "history", false, "older states of the file, from the journal")
	return c
}
