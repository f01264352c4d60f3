package scan

import (
	"testing"

	"icecore/forensics/host"
	"icecore/forensics/volume"
)

// TestJobContent: a file of holes is no more work than its volume, and content that was
// read under another name is none.
func TestJobContent(t *testing.T) {
	v := &host.Volume{Volume: volume.Volume{Size: 1 << 30}}
	for _, c := range []struct {
		j    job
		want int64
	}{
		{job{size: 100}, 100}, {job{size: 1 << 30}, 1 << 30}, {job{size: 16 << 40}, 1 << 30}, {job{size: 100, again: true}, 0}, {job{}, 0},
	} {
		if got := c.j.content(v); got != c.want {
			t.Errorf("%d bytes, again %v: %d, want %d", c.j.size, c.j.again, got, c.want)
		}
	}
}
