package main

import (
	"bufio"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
)

func (a *app) lsCmd() *cobra.Command {
	var (
		o    forensics.ListOptions
		long bool
	)
	c := &cobra.Command{
		Use:   "ls IMAGE [PATH]",
		Short: "List a directory, or with -R a whole tree",
		Long: `Lists the files of a directory (default: the root), or with -R of everything below it.
Links in PATH are followed within the image. A path that icecore printed can be
given back as it was printed: \xNN stands for that byte.

With --format jsonl, each line holds what a mounted filesystem shows (path, type,
mode, uid, gid, size, nlink, inode, mtime, ctime, atime, target, rdev, sha256,
error; times in nanoseconds since 1970), in the order of the paths. --long adds
crtime, dtime, sectors, generation, flags, xattrs, state and note.

--deleted also lists what the running system no longer showed: files deleted while
a program held them open (state orphan), deleted files of which the inode or an
older copy of it in the journal is left, and names left in directories. An inode with
a version (17@203) is given to 'icecore cat --inode' in that form.`,
		Example: `  icecore ls snapshot.raw /etc/cron.d
  icecore ls -R --hash --format jsonl snapshot.raw > files.jsonl
  icecore ls -R --deleted snapshot.raw /tmp`,
		Args: func(_ *cobra.Command, args []string) error { return wants(args, 2, "an image") },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				o.Path = args[1]
			}
			img, v, err := a.openPath(cmd.Context(), args, &o.Path, true)
			if err != nil {
				return err
			}
			defer img.Close()
			p := a.newProgress()
			o.Jobs, o.Progress = a.jobs, p.show
			list, err := v.List(cmd.Context(), o)
			p.done()
			if err != nil {
				return inImage(args[0], v, err)
			}
			w := bufio.NewWriterSize(a.out, 64<<10)
			lo := report.ListingOptions{Long: long, Names: !o.Recursive}
			if a.format == "jsonl" {
				err = report.ListingJSON(w, v, list, lo)
			} else {
				err = report.Listing(w, list, lo)
			}
			if err == nil {
				err = w.Flush()
			}
			if err == nil && len(list) == 0 {
				a.note("this directory of volume %s is empty", v.ID)
			}
			a.problems(v)
			return err
		},
	}
	a.imageFlags(c, "table", "jsonl")
	f := c.Flags()
	f.BoolVarP(&o.Recursive, "recursive", "R", false, "everything below the directory")
	f.BoolVar(&o.Hash, "hash", false, "the SHA-256 of regular files")
	f.BoolVar(&o.Deleted, "deleted", false, "also orphan and deleted files, and names left in directories")
	f.BoolVarP(&long, "long", "l", false, "more fields in --format jsonl")
	return c
}
