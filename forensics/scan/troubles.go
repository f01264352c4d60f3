package scan

import (
	"cmp"
	"slices"

	"icecore/forensics/model"
)

// maxTroubles bounds the lines that the files of an image add to the coverage.
const maxTroubles = 10_000

// troubles collects lines of the coverage. Of too many it keeps the decisive ones, which a
// flood of others must not push out, and of equals those that come first in their order, so
// that the result does not depend on who comes first; it counts all.
type troubles struct {
	lines    []model.Gap
	all      int
	decisive int // of all
}

func (t *troubles) add(g model.Gap) {
	t.all++
	if g.Weight == model.Decisive {
		t.decisive++
	}
	if t.lines = append(t.lines, g); len(t.lines) == 2*maxTroubles {
		t.cut()
	}
}

func (t *troubles) cut() {
	if len(t.lines) <= maxTroubles {
		return
	}
	last := func(g *model.Gap) int {
		if g.Weight == model.Decisive {
			return 0
		}
		return 1
	}
	slices.SortFunc(t.lines, func(a, b model.Gap) int { return cmp.Or(last(&a)-last(&b), compareGaps(a, b)) })
	t.lines = t.lines[:maxTroubles]
}

func compareGaps(a, b model.Gap) int {
	x, y := &a.Source, &b.Source
	return cmp.Or(
		cmp.Compare(x.Volume, y.Volume), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Inode, y.Inode), cmp.Compare(x.Version, y.Version),
		cmp.Compare(a.What.ID, b.What.ID), cmp.Compare(a.What.Param("place"), b.What.Param("place")),
		cmp.Compare(a.Why.ID, b.Why.ID), cmp.Compare(a.Why.Param("extractor"), b.Why.Param("extractor")), cmp.Compare(a.Why.Param("error"), b.Why.Param("error")),
	)
}

// list returns the lines in their order.
func (t *troubles) list() []model.Gap {
	t.cut()
	slices.SortFunc(t.lines, compareGaps)
	if more := t.all - len(t.lines); more > 0 {
		weight := model.Partial
		if t.decisive > maxTroubles {
			weight = model.Decisive
		}
		return append(t.lines, model.Gap{
			Subject: model.SubjectFile, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.more", "count", more),
			Why: model.Msg("why.more", "limit", maxTroubles), Weight: weight,
		})
	}
	return t.lines
}
