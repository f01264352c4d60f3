package python

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{},
		"/usr/lib/python3/dist-packages/x.pth", "/usr/lib/python3/dist-packages/sitecustomize.py")
}
