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
