package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"icecore/forensics"
	"icecore/forensics/text"
)

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

// color says whether colours are wanted: on a terminal that has them, and where
// CLICOLOR_FORCE asks for them. NO_COLOR and --no-color win.
func (a *app) color() bool {
	if a.noColor || os.Getenv("NO_COLOR") != "" {
		return false
	}
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return !dumb() && terminal(a.out)
}

// dumb says that the terminal only writes one character behind the other.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// note writes to stderr what is no result.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.err, "icecore: "+format+"\n", args...)
}

// info is a note that --quiet leaves out.
func (a *app) info(format string, args ...any) {
	if !a.quiet {
		a.note(format, args...)
	}
}

// ruleProblems writes what is wrong with rules, as compilers do, to stderr.
func (a *app) ruleProblems(list []forensics.RuleProblem) {
	for _, p := range list {
		a.note("%s", p)
	}
}

// problems notes how much of a volume was not as it should be.
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

// errWriter remembers the first error of a writer, so that a report need not look
// after each line.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) Write(b []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.w.Write(b)
	e.err = err
	return n, err
}

// before is a writer that calls done before each write.
type before struct {
	w    io.Writer
	done func()
}

func (b before) Write(p []byte) (int, error) {
	b.done()
	return b.w.Write(p)
}
