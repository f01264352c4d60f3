package scan

import (
	"cmp"
	"fmt"
	"slices"

	"icecore/forensics/host"
)

// maxTroubles bounds the lines that the files of an image add to the coverage.
const maxTroubles = 10_000

// troubles collects lines of the coverage. Of too many it keeps those that come first
// in their order, so that the result does not depend on who comes first, and tells
// how many there were.
type troubles struct {
	lines []host.NotRead
	all   int
}

func (t *troubles) add(n host.NotRead) {
	t.all++
	if t.lines = append(t.lines, n); len(t.lines) == 2*maxTroubles {
		t.cut()
	}
}

func (t *troubles) cut() {
	slices.SortFunc(t.lines, func(a, b host.NotRead) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
	t.lines = t.lines[:min(len(t.lines), maxTroubles)]
}

// list gives the lines in their order.
func (t *troubles) list() []host.NotRead {
	t.cut()
	if more := t.all - len(t.lines); more > 0 {
		return append(t.lines, host.NotRead{What: fmt.Sprintf("%d more places", more), Why: fmt.Sprintf("not listed: the coverage holds the first %d", maxTroubles)})
	}
	return t.lines
}
