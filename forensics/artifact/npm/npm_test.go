package npm

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/srv/app/node_modules/x/package.json", "/srv/app/package.json")
}
