package cloudinit

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/cloud/cloud.cfg.d/99-x.cfg", "/var/lib/cloud/scripts/per-boot/x.sh")
}
