package scan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"icecore/forensics/model"
)

func gapAt(i int) model.Gap {
	path := fmt.Sprintf("/%08d", i)
	return model.Gap{Source: model.Source{Path: path}, What: model.Msg("gap.file", "path", path)}
}

// TestTroubles: of too many lines the first are kept, whatever the order in which the
// workers find them, and the others are counted.
func TestTroubles(t *testing.T) {
	for _, n := range []int{0, 1, maxTroubles, maxTroubles + 1, 5*maxTroubles + 7} {
		var sorted, mixed troubles
		order := rand.New(rand.NewPCG(1, uint64(n))).Perm(n)
		for i := range n {
			sorted.add(gapAt(i))
			mixed.add(gapAt(order[i]))
		}
		got := mixed.list()
		if !slices.EqualFunc(got, sorted.list(), func(a, b model.Gap) bool { return compareGaps(a, b) == 0 }) {
			t.Errorf("%d lines: what is kept depends on their order", n)
		}
		want := min(n, maxTroubles)
		if n > maxTroubles {
			want++
			if last := got[len(got)-1].What.Param("count"); last != fmt.Sprint(n-maxTroubles) {
				t.Errorf("%d lines: the last is %q", n, last)
			}
		}
		if len(got) != want {
			t.Errorf("%d lines: %d are kept, want %d", n, len(got), want)
		}
	}
}

// A flood of lines does not push out a decisive one, however late its path comes; and what
// is left out of too many decisive ones decides, too.
func TestDecisiveStays(t *testing.T) {
	var flood, many troubles
	late := gapAt(99_999_999)
	late.Weight = model.Decisive
	flood.add(late)
	for i := range 3 * maxTroubles {
		flood.add(gapAt(i))
		late := gapAt(i)
		late.Weight = model.Decisive
		many.add(late)
	}
	got := flood.list()
	if !slices.ContainsFunc(got, func(g model.Gap) bool { return g.Weight == model.Decisive }) || len(got) != maxTroubles+1 || got[maxTroubles].Weight != model.Partial {
		t.Errorf("the decisive line of %d was pushed out", len(got))
	}
	if !slices.IsSortedFunc(got[:maxTroubles], compareGaps) {
		t.Error("the lines are out of order")
	}
	if got := many.list(); got[maxTroubles].Weight != model.Decisive {
		t.Errorf("decisive lines are left out: %s", got[maxTroubles].Weight)
	}
}
