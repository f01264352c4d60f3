package host

import (
	"testing"

	"icecore/forensics/model"
)

// A volume that may hold the system decides; the firmware's and boot code do not, or
// every first screen would name them.
func TestWeight(t *testing.T) {
	for content, want := range map[string]model.Weight{
		"xfs": model.Decisive, "btrfs": model.Decisive, "lvm2": model.Decisive, "": model.Decisive, "ext4": model.Decisive, "vfat": model.Partial, "BIOS boot": model.Minor,
	} {
		if got := weight(content); got != want {
			t.Errorf("%q: %s, want %s", content, got, want)
		}
	}
}
