package network

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{},
		"/etc/network/interfaces", "/etc/network/if-up.d/x", "/etc/dhcp/dhclient-exit-hooks.d/x")
}
