package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"icecore/forensics"
	"icecore/forensics/text"
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

// onAbandon says how to remove something half-written; keep says that it is whole.
func (a *app) onAbandon(f func()) (keep func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := len(a.cleanup)
	a.cleanup = append(a.cleanup, f)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if i < len(a.cleanup) {
			a.cleanup[i] = func() {}
		}
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "icecore",
		Short: "Reads a disk snapshot of a Linux server and tells what an intruder left on it",
		Long: `icecore reads the image of a Linux server's disk, without mounting it, without root
and without booting it, and tells what happened and when, what the intruder left,
which programs mine and for whom.

Start with:  icecore analyze IMAGE

Results go to stdout, progress and errors to stderr. The program ends with:
  0  done
  1  failed
  2  wrong usage
  3  done, and a finding reached --fail-on`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       forensics.Version,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.command = cmd.CommandPath()
			return a.checkFlags(cmd)
		},
	}
	root.SetVersionTemplate("icecore {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		a.command = cmd.CommandPath()
		return usageError{flagError(err)}
	})
	f := root.PersistentFlags()
	f.IntVar(&a.jobs, "jobs", runtime.NumCPU(), "files looked at at the same time")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress")
	f.BoolVar(&a.noColor, "no-color", false, "no colours")
	f.IntVar(&a.width, "width", 0, "columns of the tables (default: of the terminal, or 100)")
	root.AddCommand(a.analyzeCmd(), a.timelineCmd(), a.scanCmd(), a.infoCmd(), a.lsCmd(), a.catCmd(), a.statCmd(), a.rulesCmd(), a.versionCmd())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
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

// oneImage checks the arguments of a command that wants an image.
func oneImage(_ *cobra.Command, args []string) error { return wants(args, 1, "an image") }

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
	if _, rest, err := c.Root().Find(args); err != nil || len(rest) > 0 {
		return fmt.Errorf("no command %q", strings.Join(args, " "))
	}
	return nil
}

// usageArgs makes wrong arguments an error of usage.
func (a *app) usageArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				a.command = cmd.CommandPath()
				return usageError{fmt.Errorf("%s: %w", cmd.CommandPath(), err)}
			}
			return nil
		}
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
	switch kind := invalid.GetFlag().Value.Type(); kind {
	case "int", "int64":
		return fmt.Errorf("%s %q: want a number", name, invalid.GetValue())
	case "duration":
		return fmt.Errorf("%s %q: want a time such as 90s or 5m", name, invalid.GetValue())
	}
	return err
}

// checkFlags refuses numbers that mean nothing.
func (a *app) checkFlags(c *cobra.Command) error {
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

// imageFlags adds what all commands that open an image know.
func (a *app) imageFlags(c *cobra.Command, formats ...string) {
	f := c.Flags()
	f.StringVar(&a.volume, "volume", "", "volume: its id (p1), number, UUID or label (default: the root filesystem)")
	f.BoolVar(&a.noReplay, "no-replay", false, "do not replay the journal: the raw state of the disk")
	f.StringArrayVar(&a.backing, "backing", nil, "file that may serve as a backing file of the image (repeatable)")
	a.formatFlag(c, formats...)
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

func (a *app) openOptions() forensics.OpenOptions {
	return forensics.OpenOptions{Backing: a.backing, NoReplay: a.noReplay}
}

// open opens the image and picks the volume asked for.
func (a *app) open(ctx context.Context, name string) (*forensics.Image, *forensics.Volume, error) {
	img, err := forensics.Open(ctx, name, a.openOptions())
	if err != nil {
		return nil, nil, err
	}
	v, err := img.Volume(a.volume)
	if err != nil {
		img.Close()
		return nil, nil, err
	}
	return img, v, nil
}

// columns gives the width of the tables.
func (a *app) columns() int {
	if a.width > 0 {
		return max(a.width, 40)
	}
	if f, ok := a.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return max(w, 40)
		}
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w > 0 {
		return min(max(w, 40), 500)
	}
	return 100
}

// color says whether colours are wanted: on a terminal that has them, unless
// NO_COLOR is set.
func (a *app) color() bool {
	return !a.noColor && os.Getenv("NO_COLOR") == "" && !dumb() && terminal(a.out)
}

// dumb says that the terminal only writes one character behind the other.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// note tells the user something that is no result.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.err, "icecore: "+format+"\n", args...)
}

// problems tells how much of a volume was not as it should be.
func (a *app) problems(v *forensics.Volume) {
	list := v.FS.Problems()
	const shown = 5
	for i, p := range list {
		if i == shown {
			a.note("volume %s: %d more problems; 'icecore info --problems' lists all", v.ID, len(list)-shown)
			break
		}
		a.note("volume %s: %s: %s", v.ID, text.EscapeOnce(p.What), text.EscapeOnce(p.Why))
	}
}
