package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"icecore/forensics"
)

// app holds what all subcommands share.
type app struct {
	out, err io.Writer
	args     []string // the command line, without the name of the program
	command  string   // icecore analyze, once it is known

	format   string
	volume   string
	jobs     int
	quiet    bool
	noColor  bool
	width    int
	noReplay bool
	backing  []string

	mu      sync.Mutex
	cleanup []func()
}

// abandon removes what is half-written.
func (a *app) abandon() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range slices.Backward(a.cleanup) {
		f()
	}
	a.cleanup = nil
}

// onAbandon says how to remove something half-written. It is called at the end, too, and
// must do nothing to what is complete.
func (a *app) onAbandon(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cleanup = append(a.cleanup, f)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "icecore",
		Short: "Analyzes a disk snapshot of a Linux server for traces of an intrusion",
		Long: `icecore reads the image of a Linux server's disk, without mounting it, without root
and without booting it, and reports what happened and when, what the intruder left,
which miners run, and for which pools and wallets.

Start with:  icecore analyze IMAGE

Results go to stdout, progress and errors to stderr. The program ends with:
  0  done
  1  failed
  2  wrong usage
  3  done, and a finding reached --fail-on
  4  done, but what decides was not read (no root filesystem, a cut image)`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       forensics.Version,
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.command = cmd.CommandPath()
			return checkFlags(cmd)
		},
	}
	root.SetVersionTemplate("icecore {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		a.command = cmd.CommandPath()
		if hint := swappedCommand(cmd, a.args); hint != nil {
			return usageError{hint}
		}
		return usageError{flagError(err)}
	})
	f := root.PersistentFlags()
	f.IntVar(&a.jobs, "jobs", runtime.NumCPU(), "number of parallel workers")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress")
	f.BoolVar(&a.noColor, "no-color", false, "no colours")
	f.IntVar(&a.width, "width", 0, "columns of the tables (default: of the terminal, or 100)")
	root.AddCommand(a.commands()...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	nameValues(root)
	a.usageArgs(root)
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Args, c.RunE = cobra.NoArgs, func(c *cobra.Command, _ []string) error { return c.Help() }
		case "help":
			c.Args = knownCommand
		}
		a.usageArgs(c)
		for _, s := range c.Commands() {
			a.usageArgs(s)
		}
	}
	return root
}

// commands returns the subcommands: one file and one line each.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.analyzeCmd(),
		a.reportCmd(),
		a.timelineCmd(),
		a.listCmd(),
		a.searchCmd(),
		a.scanCmd(),
		a.infoCmd(),
		a.lsCmd(),
		a.catCmd(),
		a.statCmd(),
		a.rulesCmd(),
		a.siteCmd(),
		a.versionCmd(),
	}
}

// oneImage checks the arguments of a command that wants an image.
func oneImage(_ *cobra.Command, args []string) error { return wants(args, 1, "an image") }

// someImages checks the arguments of a command that wants the images of one server.
func someImages(_ *cobra.Command, args []string) error { return wants(args, maxImages, "an image") }

const maxImages = 64

// wants checks that there are arguments, and no more than so many.
func wants(args []string, most int, what string) error {
	switch {
	case len(args) == 0:
		return errors.New("name " + what)
	case len(args) > most:
		return fmt.Errorf("too many arguments: %q", args[most])
	}
	return nil
}

// knownCommand checks the arguments of help, which else shows something for any.
func knownCommand(c *cobra.Command, args []string) error {
	found, rest, err := c.Root().Find(args)
	if err == nil && len(rest) == 0 {
		return nil
	}
	return fmt.Errorf("no command %q%s", strings.Join(args, " "), didYouMean(found, rest))
}

// usageArgs makes wrong arguments an error of usage.
func (a *app) usageArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				a.command = cmd.CommandPath()
				if !cmd.HasSubCommands() {
					err = fmt.Errorf("%s: %w", cmd.CommandPath(), err)
				}
				return usageError{err}
			}
			return nil
		}
	}
}

// open opens the image that the arguments begin with and picks the volume asked for.
func (a *app) open(ctx context.Context, args []string) (*forensics.Image, *forensics.Volume, error) {
	img, err := forensics.Open(ctx, args[0], a.openOptions())
	if err != nil {
		return nil, nil, swappedPath(a.command, args, err)
	}
	v, err := img.Volume(a.volume)
	if err != nil {
		img.Close()
		return nil, nil, err
	}
	return img, v, nil
}

// openPath opens the image that the arguments begin with and finds the volume that holds
// a path of the server, unless one was asked for; path becomes the one on that volume.
func (a *app) openPath(
	ctx context.Context, args []string, path *string, follow bool,
) (*forensics.Image, *forensics.Volume, error) {
	img, v, err := a.open(ctx, args)
	if err != nil || a.volume != "" || *path == "" {
		return img, v, err
	}
	v, real, err := img.Seen(ctx, *path, follow)
	if err != nil {
		img.Close()
		return nil, nil, err
	}
	*path = real
	return img, v, nil
}
