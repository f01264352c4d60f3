// Package output makes files and directories of the analyst's machine that appear under
// their name when they are complete, or not at all, and that never take the place of
// something else.
//
// What is being written has a hidden name beside (or, for a directory that exists,
// within) its destination. A program that is killed leaves at most that. What is removed
// on the way out is the caller's: call Remove when done, also after Commit, where it
// does nothing.
package output

import (
	"errors"
	"fmt"
	"os"
)

// ErrRefused is wrapped by errors about a destination that is never written to: it
// exists, or is in a directory that does not.
var ErrRefused = errors.New("refused")

// refused is an error whose text does not say "refused".
type refused struct{ error }

func (refused) Is(target error) bool { return target == ErrRefused }

func (r refused) Unwrap() error { return r.error }

func refuse(format string, args ...any) error { return refused{fmt.Errorf(format, args...)} }

// errRemoved says that somebody called Remove while a file was being written.
var errRemoved = errors.New("was removed before it was complete")

// plainPath turns "open x: permission denied" into "x: permission denied".
func plainPath(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return fmt.Errorf("%s: %w", le.New, le.Err)
	}
	return err
}
