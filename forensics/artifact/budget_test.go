package artifact

import (
	"testing"

	"icecore/forensics/filesystem"
)

// Most of a log counts, and only of one that is there: the blocks of a deleted one may hold
// anything by now.
func TestOdd(t *testing.T) {
	for _, tt := range []struct {
		state  filesystem.State
		n, all int64
		want   bool
	}{
		{filesystem.Live, 6, 10, true},
		{filesystem.Orphan, 10, 10, true},
		{filesystem.Live, 5, 10, false},
		{filesystem.Live, 0, 0, false},
		{filesystem.Deleted, 10, 10, false},
	} {
		in := &Input{Inode: &filesystem.Inode{State: tt.state}}
		if err := in.Odd("lines", tt.n, tt.all); IsCut(err) != tt.want || (err != nil) != tt.want {
			t.Errorf("%v, %d of %d: %v", tt.state, tt.n, tt.all, err)
		}
	}
}
