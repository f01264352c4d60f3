package modprobe

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/modprobe.d/blacklist.conf")
}

// TestTrue: what only keeps a module out is no command; what goes on behind it is.
func TestTrue(t *testing.T) {
	for line, want := range map[string]int{
		"install a /bin/true": 0, "install a /bin/false": 0, "install a true": 0, "install a /bin/true && /tmp/x": 1, "install a /bin/true; /tmp/x": 1,
		"install a /tmp/true-x": 1, "remove a /tmp/x": 1, "options a /tmp/x": 0, "install a": 0,
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/modprobe.d/x.conf", Text: line + "\n"})
		if err != nil || len(records) != want {
			t.Errorf("%s: %d records, %v", line, len(records), err)
		}
	}
}
