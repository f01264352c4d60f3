package startup

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/profile", "/root/.bashrc", "/etc/environment", "/etc/security/pam_env.conf", "/etc/ld.so.preload", "/etc/ld.so.conf.d/a.conf")
}
