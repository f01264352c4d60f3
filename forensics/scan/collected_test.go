package scan

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

// TestCollected says that what is kept of too many records is the same in
// whatever order they come, that a small kind is kept whole beside large ones, and a
// small file beside a large one.
func TestCollected(t *testing.T) {
	type kind struct {
		name  string
		files []int // records in each
	}
	cases := []struct {
		name  string
		kinds []kind
		want  map[string]int
	}{
		{"few", []kind{{"a", []int{30, 20}}, {"b", []int{40}}}, map[string]int{"a": 50, "b": 40}},
		{"one flood", []kind{{"a", []int{5000}}, {"b", []int{20}}, {"c", []int{1}}}, map[string]int{"a": 79, "b": 20, "c": 1}},
		{"two floods", []kind{{"a", []int{900}}, {"b", []int{4000}}, {"c", []int{10}}}, map[string]int{"a": 45, "b": 45, "c": 10}},
		{"a small file beside a large one", []kind{{"a", []int{3000, 3}}}, map[string]int{"a": 100}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var all []located
			for _, k := range c.kinds {
				for i, n := range k.files {
					for seq := range n {
						all = append(all, located{artifact.Record{Kind: model.Kind(k.name), Source: artifact.Source{Path: fmt.Sprintf("/%s/%d", k.name, i), Line: seq + 1}}, 0, seq})
					}
				}
			}
			var first []artifact.Record
			var gaps []model.Gap
			for round := range 8 {
				rand.New(rand.NewPCG(uint64(round), 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				got := collected{max: 100}
				for i, l := range all {
					got.add(l)
					if i%97 == round { // a look in between changes nothing
						got.cut()
					}
				}
				left := got.leftOut()
				recs := got.sorted()
				if round == 0 {
					first, gaps = recs, left
					continue
				}
				if d := cmp.Diff(first, recs); d != "" {
					t.Fatalf("another order gives other records (-first +now):\n%s", d)
				}
				if d := cmp.Diff(gaps, left); d != "" {
					t.Fatalf("another order tells something else (-first +now):\n%s", d)
				}
			}
			counts, files := make(map[string]int), make(map[string]bool)
			for i, r := range first {
				counts[string(r.Kind)]++
				files[r.Source.Path] = true
				if i > 0 && first[i-1].Source.Path == r.Source.Path && first[i-1].Source.Line >= r.Source.Line {
					t.Fatalf("record %d stands before the one above it", i)
				}
			}
			if d := cmp.Diff(c.want, counts); d != "" {
				t.Errorf("kept (-want +got):\n%s", d)
			}
			for _, k := range c.kinds {
				for i := range k.files {
					if p := fmt.Sprintf("/%s/%d", k.name, i); !files[p] {
						t.Errorf("nothing of %s is left", p)
					}
				}
			}
			if (len(all) > 100) != (len(gaps) > 0) {
				t.Errorf("gaps: %v", gaps)
			}
		})
	}
}
