package host

import (
	"strings"
	"testing"

	"icecore/forensics/model"
)

// What a table of mounts names and no volume holds decides where the system, people and
// services keep what runs; data does not, nor what may be missing at boot.
func TestMountWeight(t *testing.T) {
	for _, tt := range []struct {
		target, options string
		want            model.Weight
		system          bool
	}{
		{"/", "defaults", model.Decisive, true},
		{"/usr", "nofail", model.Partial, true},
		{"/var", "nofail", model.Partial, true},
		{"/var/lib/docker", "nofail", model.Partial, true},
		{"/home", "defaults", model.Decisive, true},
		{"/usr/local", "defaults", model.Decisive, true},
		{"/usr/local", "nofail", model.Partial, false},
		{"/srv", "defaults", model.Decisive, true},
		{"/srv", "defaults,nofail", model.Partial, false},
		{"/data", "defaults", model.Partial, false},
		{"/variant", "defaults", model.Partial, false},
		{"/home", "noauto", model.Partial, false},
		{"/boot/efi", "defaults", model.Minor, false},
	} {
		m := Mount{Target: tt.target, Options: strings.Split(tt.options, ",")}
		if got := m.weight(); got != tt.want || m.system() != tt.system {
			t.Errorf("%s (%s): %s, of the system: %v; want %s", tt.target, tt.options, got, m.system(), tt.want)
		}
	}
}
