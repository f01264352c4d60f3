// Package guard turns a panic into an error, so that a fault of one part (an extractor,
// a filesystem, an analysis, a writer) costs that part and never the rest.
package guard

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// A PanicError is what became of a panic.
type PanicError struct {
	Part  string // what panicked: "extractor cron"
	Value any    // what it panicked with; it may hold bytes of the image, not escaped
	At    string // file and line, without the directory: cron.go:120
	Stack []byte // of the goroutine
}

// Error names part, reason and place: what a report of the fault needs.
func (e *PanicError) Error() string {
	return fmt.Sprintf("%s: internal error at %s: %v", e.Part, e.At, e.Value)
}

// Unwrap gives the error that was panicked with, if it was one.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Do runs fn. If it panics, the error is a *[PanicError] with that part.
func Do(part string, fn func() error) (err error) {
	defer Recover(part, &err)
	return fn()
}

// Recover is for a defer statement: it sets err to a *[PanicError] if the function
// panics.
func Recover(part string, err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{part, v, place(), debug.Stack()}
	}
}

// place gives where the panic began: the first caller behind the runtime's own.
func place() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicked = panicked || strings.Contains(f.Function, "panic")
		case panicked:
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
