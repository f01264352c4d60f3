package main

import (
	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/message"
	"icecore/forensics/report"
)

func (a *app) infoCmd() *cobra.Command {
	var problems, hash bool
	c := &cobra.Command{
		Use:   "info IMAGE",
		Short: "Container, partitions, volumes, filesystems, operating system",
		Long: `Shows what an image is: its container and files, its partitions with what they hold
and why one is not read, the filesystems with their journals, the operating system,
and when the snapshot was taken as far as the image shows. No file is read but
those that name the system.`,
		Example: `  icecore info snapshot.qcow2
  icecore info --hash-image --format json snapshot.raw`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			img, err := forensics.Open(cmd.Context(), args[0], a.openOptions())
			if err != nil {
				return err
			}
			defer img.Close()
			p := a.newProgress()
			p.show(forensics.Progress{Phase: "reading"})
			info, err := img.Describe(cmd.Context(), forensics.DescribeOptions{
				HashImage: hash, Problems: problems, Progress: p.show,
			})
			p.done()
			if err != nil {
				return err
			}
			message.English().CompleteGaps(info.NotRead)
			if a.format == "json" {
				return report.AsJSON(a.out, info)
			}
			w := &errWriter{w: a.out}
			if err := report.Info(w, info, a.columns()); err != nil {
				return err
			}
			return w.err
		},
	}
	a.imageFlags(c, "table", "json")
	f := c.Flags()
	f.Lookup("volume").Hidden = true
	f.BoolVar(&hash, "hash-image", false, "hash the files of the image, too")
	f.BoolVar(&problems, "problems", false, "read all directories, too, and list all inconsistencies")
	return c
}
