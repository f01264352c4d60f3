package artifact

import "errors"

// ErrBudget is wrapped by the errors of [Input.Content] once an extractor has read more
// of a file than it may, or for longer. An extractor passes it on like any other error:
// the coverage then tells that the file was not read to its end.
var ErrBudget = errors.New("over the budget of one file; the rest was not read")

// A HoleKeeper is an extractor of files in which a place has a meaning of its own (entry
// n stands at n times its size, an object names another by its offset). All others get
// a file without its large holes, so that nobody reads zeros for hours: a text has the
// same lines without them. The offsets of their records are put right afterwards.
type HoleKeeper interface {
	// KeepsHoles says that Content has the holes of the file. The extractor finds
	// its way past them with Input.NextData.
	KeepsHoles() bool
}
