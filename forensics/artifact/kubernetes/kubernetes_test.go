package kubernetes

import (
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/kubernetes/manifests/x.yaml")
}

// TestDeep: a manifest that nests without end is read as deep as any real one, which is
// said.
func TestDeep(t *testing.T) {
	for depth, want := range map[int]int{20: 1, 60: 0} {
		text := strings.Repeat("{a: ", depth) + "{command: [/tmp/x]}" + strings.Repeat("}", depth)
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/kubernetes/manifests/x.yaml", Text: text})
		if len(records) != want || (err == nil) != (want == 1) {
			t.Errorf("%d deep: %d records, %v", depth, len(records), err)
		}
	}
}
