package tmpfiles

import (
	"os"
	"path/filepath"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

// TestOfThisSystem: what packages bring does nothing that an intruder does.
func TestOfThisSystem(t *testing.T) {
	names, _ := filepath.Glob("/usr/lib/tmpfiles.d/*.conf")
	if len(names) == 0 {
		t.Skip("this system has no tmpfiles.d")
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: name, Text: string(b)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, r := range records {
			if r.Has("traits") || r.Get("mode") > "4000" {
				t.Errorf("%s: %s", name, artifacttest.Line(r))
			}
		}
	}
	t.Logf("%d files", len(names))
}

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/tmpfiles.d/x.conf", "/home/ana/.config/user-tmpfiles.d/x.conf")
}
