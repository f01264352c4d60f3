package scan

import (
	"testing"

	"icecore/forensics/artifact/all"
	"icecore/forensics/filesystem"
)

// nilProblems is a filesystem without a guard whose Problems panics.
type nilProblems struct{ filesystem.FS }

func (nilProblems) Problems() []filesystem.Problem { panic("in Problems") }

// TestFailingVolume: what no other guard caught costs the volume, and the others are
// looked at.
func TestFailingVolume(t *testing.T) {
	broken, good := newTree(map[string]string{"/etc/cron.d/a": cronLine}), newTree(map[string]string{"/etc/cron.d/a": cronLine})
	img := imageOf(broken, good)
	img.Volumes[0].FS = nilProblems{img.Volumes[0].FS}
	r := scanOf(t, img, all.Extractors(), Options{Jobs: 1}, nil)
	oneLine(t, r, `volume p1: scan: internal error at volume_fault_test\.go:\d+: in Problems`)
	if n := count(r, "cron.job"); n != 2 { // both were read before that
		t.Errorf("%d cron jobs", n)
	}
}
