package host

import (
	"testing"

	"icecore/forensics/model"
	"icecore/forensics/volume"
)

// A volume that may hold the system decides; the firmware's, boot code and what is empty do
// not, or every first screen would name them.
func TestWeight(t *testing.T) {
	for _, tt := range []struct {
		content string
		empty   bool
		want    model.Weight
	}{
		{"xfs", false, model.Decisive},
		{"btrfs", false, model.Decisive},
		{"LVM2", false, model.Decisive},
		{"LUKS", false, model.Decisive},
		{"mdraid", false, model.Decisive},
		{"zfs", false, model.Decisive},
		{"", false, model.Decisive},
		{"ext4", false, model.Decisive}, // that could not be opened
		{"iso9660", false, model.Partial},
		{"vfat", false, model.Minor},
		{"BIOS boot", false, model.Minor},
		{"", true, model.Minor},
	} {
		v := &Volume{Volume: volume.Volume{Content: tt.content, Empty: tt.empty}}
		if got := v.weight(); got != tt.want {
			t.Errorf("%q, empty %v: %s, want %s", tt.content, tt.empty, got, tt.want)
		}
	}
}
