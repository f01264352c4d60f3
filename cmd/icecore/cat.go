package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/text"
)

// catOptions are the flags of cat.
type catOptions struct {
	place                forensics.Place
	content              forensics.ContentOptions
	offset, length, disk int64
	force, escape        bool
}

func (a *app) catCmd() *cobra.Command {
	var o catOptions
	c := &cobra.Command{
		Use:   "cat IMAGE PATH | IMAGE --inode N | IMAGE --disk-offset N --length N",
		Short: "Write the content of one file, or bytes of the disk, to stdout",
		Long: `Writes the content of a file: named by its path, by its inode number, or by an inode
and a journal transaction (17@203) for an older state of it. Links are followed
within the image and never out of it. With --disk-offset it writes bytes of the
disk as the guest saw it, whatever they belong to; no journal is applied to them.

A pipe or a file gets the bytes as they are. A terminal gets text only, with each
byte that it could obey written as \xNN; content that is not text is refused
there, unless with --escape or --force.`,
		Example: `  icecore cat snapshot.raw /etc/rc.local
  icecore cat snapshot.raw --inode 8455 > kswapd0.elf
  icecore cat snapshot.raw /var/log/auth.log --offset 81920 --length 200
  icecore cat snapshot.raw --disk-offset 1074790400 --length 512 | xxd`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch disk := cmd.Flags().Changed("disk-offset"); {
			case disk && (o.place.Inode != "" || len(args) > 1):
				return errors.New("--disk-offset goes without a path and without --inode")
			case disk && (o.disk < 0 || o.length <= 0):
				return errors.New("--disk-offset needs --length, and neither may be negative")
			case o.offset < 0 || o.length < 0:
				return errors.New("--offset and --length cannot be negative")
			case disk:
				return oneImage(cmd, args)
			}
			return takePlace(&o.place, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("disk-offset") {
				return a.catDisk(cmd, args[0], &o)
			}
			img, v, err := a.openPath(cmd.Context(), args, &o.place.Path, true)
			if err != nil {
				return err
			}
			defer img.Close()
			b, err := v.OpenContent(cmd.Context(), o.place, o.content)
			if err != nil {
				return inImage(args[0], v, err)
			}
			if o.offset > b.Size {
				return inImage(args[0], v, fmt.Errorf("%s has %d bytes: --offset %d is beyond its end", o.place, b.Size, o.offset))
			}
			n := b.Size - o.offset
			if o.length > 0 {
				n = min(n, o.length)
			}
			if b.Note != "" {
				a.note("%s", b.Note)
			}
			if err := a.copyOut(cmd, b, o.offset, n, &o); err != nil {
				return inImage(args[0], v, fmt.Errorf("%s: %w", o.place, err))
			}
			return nil
		},
	}
	a.imageFlags(c)
	f := c.Flags()
	f.StringVar(&o.place.Inode, "inode", "",
		"the file with this inode number; N@TID: as it was in that journal transaction")
	f.Int64Var(&o.offset, "offset", 0, "begin at this byte of the file")
	f.Int64Var(&o.length, "length", 0, "number of bytes (default: all)")
	f.Int64Var(&o.disk, "disk-offset", 0, "bytes of the disk from here, whatever they belong to")
	f.StringVar(&o.content.Member, "member", "",
		"a member of an archive or compressed file, as a finding's source names it; upx: unpacked")
	f.BoolVar(&o.force, "force", false, "write binary content even to a terminal")
	f.BoolVar(&o.escape, "escape", false, `write all that is not printable, and the backslash, as \xNN`)
	f.BoolVar(&o.content.Raw, "raw", false, "the blocks of a directory")
	return c
}

// takePlace checks the arguments IMAGE [PATH], of which PATH is left out with --inode.
func takePlace(p *forensics.Place, args []string) error {
	if err := wants(args, 2, "an image"); err != nil {
		return err
	}
	switch {
	case len(args) == 2 && p.Inode != "":
		return errors.New("give a path or --inode, not both")
	case len(args) == 2:
		p.Path = args[1]
	}
	if p.Inode == "" && p.Path == "" {
		return errors.New("name a file: a path, or --inode")
	}
	if p.Inode != "" {
		if _, err := forensics.ParseRef(p.Inode); err != nil {
			return fmt.Errorf("--inode %w", err)
		}
	}
	return nil
}

// inImage names the image and volume that an error is about.
func inImage(image string, v *forensics.Volume, err error) error {
	return fmt.Errorf("%s: volume %s: %w", image, v.ID, err)
}

func (a *app) catDisk(cmd *cobra.Command, name string, o *catOptions) error {
	d, err := forensics.OpenDisk(cmd.Context(), name, a.openOptions())
	if err != nil {
		return err
	}
	defer d.Close()
	if o.disk >= d.Size() {
		return fmt.Errorf("%s: the disk has %d bytes: --disk-offset %d is beyond its end", name, d.Size(), o.disk)
	}
	n := min(o.length, d.Size()-o.disk)
	if err := a.copyOut(cmd, d, o.disk, n, o); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// copyOut writes n bytes of r from off to stdout.
func (a *app) copyOut(cmd *cobra.Command, r io.ReaderAt, off, n int64, o *catOptions) error {
	var w io.Writer = a.out
	flush := func() error { return nil }
	buf := make([]byte, 1<<20)
	if screen := terminal(a.out); (screen || o.escape) && !o.force {
		if k, _ := r.ReadAt(buf[:min(n, 8<<10)], off); screen && !o.escape && !text.IsText(buf[:k]) {
			return errors.New("is binary: send it to a file or a pipe, or use --escape or --force")
		}
		t := text.NewWriter(a.out)
		t.Backslash = o.escape
		w, flush = t, func() error {
			err := t.Flush()
			if t.Escaped > 0 && !o.escape {
				a.note(`%d bytes that are not printable were written as \xNN`, t.Escaped)
			}
			return err
		}
	} else if f := emptyFile(a.out); f != nil {
		h := &holes{f: f}
		w, flush = h, h.finish
	}
	for end := off + n; off < end; {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		k, err := r.ReadAt(buf[:min(int64(len(buf)), end-off)], off)
		if k > 0 {
			if _, werr := w.Write(buf[:k]); werr != nil {
				return werr
			}
			off += int64(k)
		}
		if err != nil && off < end {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("at byte %d: %w", off, err)
		}
	}
	return flush()
}
