package ext4

import (
	"math/rand"
	"testing"
)

// TestRanges compares ranges with a list of blocks.
func TestRanges(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for range 200 {
		var r ranges
		var in [200]bool
		for range rng.Intn(30) {
			b := blockRange{uint64(rng.Intn(150)), uint64(rng.Intn(20))}
			r = append(r, b)
			for i := range b.count {
				in[b.start+i] = true
			}
		}
		r = r.merge()
		for i, want := range in {
			if r.has(uint64(i)) != want {
				t.Fatalf("block %d: %v, want %v, in %v", i, !want, want, r)
			}
		}
		for i := 1; i < len(r); i++ {
			if r[i-1].start+r[i-1].count >= r[i].start {
				t.Fatalf("%v touch", r)
			}
		}
	}
}
