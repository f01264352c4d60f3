// Command icecore reads the snapshot of a Linux server's disk, without mounting
// it, and reports what an intruder left on it.
//
// Each subcommand is one file here and does little: flags, one call of package
// forensics, one writer of package report. Results go to stdout, progress and errors to stderr.
// Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, and a finding reached the
// level of --fail-on; 4 done, but what decides was not read. Of 3 and 4, it is 3.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"icecore/forensics/guard"
	"icecore/forensics/text"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFound       = 3
	exitUnread      = 4
	exitInterrupted = 130 // as shells have it for SIGINT
)

// grace is how long an interrupted command may take to end by itself: what is
// inside YARA cannot be stopped from outside.
const grace = 700 * time.Millisecond

// ballast is address space that is never touched, so it takes no memory. It makes the
// garbage collector wait until there is as much garbage as that: a command that
// takes a tenth of a second would else spend half of it collecting.
const ballast = 48 << 20

// memoryLimit is what the garbage collector tries to stay below, in bytes. It is no
// bound: a command that needs more gets it.
const memoryLimit = 400 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	// Grow does not clear what it gives. make does so whenever the collector gave some of
	// that address space back before: then all of it is touched, and taken.
	var unused strings.Builder
	unused.Grow(ballast)
	defer runtime.KeepAlive(&unused)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done := make(chan int, 1)
	a := &app{out: os.Stdout, err: os.Stderr}
	go func() { done <- a.run(ctx, os.Args[1:]) }()
	select {
	case code := <-done:
		os.Exit(code)
	case <-ctx.Done():
	}
	select {
	case code := <-done:
		os.Exit(code)
	case <-time.After(grace):
		a.abandon()
		fmt.Fprintln(os.Stderr, "icecore: interrupted")
		os.Exit(exitInterrupted)
	}
}

// usageError is an error of the caller's.
type usageError struct{ error }

// foundError says that a finding reached the level asked for.
type foundError struct{ level string }

func (e foundError) Error() string { return "a finding is " + e.level + " or above" }

// errUnread says that what decides was not read. The report says what.
var errUnread = errors.New("what decides was not read")

// run is the program: it runs one command line and gives the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.args = args
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := guard.Do("icecore", func() error { return root.ExecuteContext(ctx) })
	a.abandon()
	var usage usageError
	var found foundError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &found):
		return exitFound
	case errors.Is(err, errUnread):
		return exitUnread
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(a.err, "icecore: interrupted")
		return exitInterrupted
	case errors.As(err, &usage):
		see := "icecore help"
		if c, ok := strings.CutPrefix(a.command, "icecore "); ok && c != "help" {
			see += " " + c
		}
		fmt.Fprintf(a.err, "icecore: %s\nSee '%s'.\n", oneLine(err), see)
		return exitUsage
	}
	fmt.Fprintf(a.err, "icecore: %s\n", oneLine(err))
	return exitFailed
}

// oneLine writes an error, which may quote bytes of the image, on one line.
func oneLine(err error) string {
	return text.EscapeOnce(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
}
