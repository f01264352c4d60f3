package artifact

import (
	"errors"
	"fmt"

	"icecore/forensics/filesystem"
)

// ErrBudget is wrapped by the errors of [Input.Content] once an extractor has read more
// of a file than it may, or for longer. An extractor passes it on like any other error:
// the coverage then says that the file was not read to its end.
var ErrBudget = errors.New("over the budget of one file; the rest was not read")

// Cut marks an error which says that a bound left out a part of a file: a flood of
// events, jobs or lines. What the verdict hangs on may stand there, so the coverage has
// it on the first screen.
func Cut(err error) error { return cut{err} }

// Odd is the error of a log of which most was not understood: n of its so many lines or
// entries, as what names them. What the verdict hangs on may stand in them, so it is marked
// by [Cut]. It is nil where at least half was understood, and of a deleted file, whose
// blocks may hold anything by now.
func (in *Input) Odd(what string, n, all int64) error {
	if n == 0 || 2*n <= all || in.Inode != nil && in.Inode.State == filesystem.Deleted {
		return nil
	}
	return Cut(fmt.Errorf("%d of %d %s were not understood", n, all, what))
}

// IsCut says whether an error is marked by [Cut], or is [ErrBudget].
func IsCut(err error) bool {
	var c cut
	return errors.As(err, &c) || errors.Is(err, ErrBudget)
}

type cut struct{ error }

func (c cut) Unwrap() error { return c.error }

// A HoleKeeper is an extractor of files in which a place has a meaning of its own (entry
// n stands at n times its size, an object names another by its offset). All others get
// a file without its large holes, so that nobody reads zeros for hours: a text has the
// same lines without them. The offsets of their records are put right afterwards.
type HoleKeeper interface {
	// KeepsHoles says that Content has the holes of the file. The extractor finds
	// its way past them with Input.NextData.
	KeepsHoles() bool
}
