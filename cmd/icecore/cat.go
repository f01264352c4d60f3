package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/image"
	"icecore/forensics/text"
)

// catOptions are the flags of cat.
type catOptions struct {
	place
	offset, length, disk int64
	force, escape, raw   bool
	member               string
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
			if err := o.take(args); err != nil {
				return err
			}
			disk := cmd.Flags().Changed("disk-offset")
			switch {
			case disk && (o.inode != "" || o.path != ""):
				return errors.New("--disk-offset goes without a path and without --inode")
			case disk && (o.disk < 0 || o.length <= 0):
				return errors.New("--disk-offset needs --length, and neither may be negative")
			case !disk && o.inode == "" && o.path == "":
				return errors.New("name a file: a path, or --inode")
			case o.offset < 0 || o.length < 0:
				return errors.New("--offset and --length cannot be negative")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("disk-offset") {
				return a.catDisk(cmd, args[0], &o)
			}
			img, v, err := a.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer img.Close()
			ref, _, err := o.find(v, true)
			if err != nil {
				return inImage(args[0], v, err)
			}
			f, err := v.FS.Open(ref)
			if err != nil {
				return inImage(args[0], v, err)
			}
			name := text.Escape(o.path)
			if name == "" {
				name = "inode " + o.inode
			}
			if in := f.Inode(); !in.IsRegular() && !o.raw {
				if in.IsDir() {
					return inImage(args[0], v, fmt.Errorf("%s is a folder: list it with 'icecore ls'; --raw writes its blocks", name))
				}
				if !in.IsSymlink() {
					return inImage(args[0], v, fmt.Errorf("%s is a %s: it has no content", name, in.TypeName()))
				}
			}
			var content io.ReaderAt = f
			size := f.Size()
			if o.member != "" {
				m, err := forensics.Member(cmd.Context(), f, o.member)
				if err != nil {
					return inImage(args[0], v, fmt.Errorf("%s: %w", name, err))
				}
				content, size = m, m.Size()
			}
			if o.offset > size {
				return inImage(args[0], v, fmt.Errorf("%s has %d bytes: --offset %d is behind its end", name, size, o.offset))
			}
			n := size - o.offset
			if o.length > 0 {
				n = min(n, o.length)
			}
			if in := f.Inode(); in.Note != "" {
				a.note("inode %s: %s", in.Ref, text.EscapeOnce(in.Note))
			}
			if err := a.copyOut(cmd, content, o.offset, n, &o); err != nil {
				return inImage(args[0], v, fmt.Errorf("%s: %w", name, err))
			}
			return nil
		},
	}
	a.imageFlags(c)
	f := c.Flags()
	f.StringVar(&o.inode, "inode", "", "the file with this inode number; N@TID: as it was in that journal transaction")
	f.Int64Var(&o.offset, "offset", 0, "begin at this byte of the file")
	f.Int64Var(&o.length, "length", 0, "write so many bytes (default: all)")
	f.Int64Var(&o.disk, "disk-offset", 0, "bytes of the disk from here, whatever they belong to")
	f.StringVar(&o.member, "member", "", "a member of an archive or compressed file, as a finding's source names it; upx: unpacked")
	f.BoolVar(&o.force, "force", false, "write binary content even to a terminal")
	f.BoolVar(&o.escape, "escape", false, `write all that is not printable, and the backslash, as \xNN`)
	f.BoolVar(&o.raw, "raw", false, "the blocks of a folder")
	return c
}

func (a *app) catDisk(cmd *cobra.Command, name string, o *catOptions) error {
	d, err := image.Open(cmd.Context(), name, image.Options{Backing: a.backing})
	if err != nil {
		return err
	}
	defer d.Close()
	if o.disk >= d.Size() {
		return fmt.Errorf("%s: the disk has %d bytes: --disk-offset %d is behind its end", name, d.Size(), o.disk)
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
