package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/systemd/system/x.service", "/etc/systemd/system/x.service.d/y.conf", "/etc/systemd/system/x.timer", "/etc/systemd/system/a.target.wants/x.service", "/etc/systemd/system-generators/x", "/home/u/.config/systemd/user/x.path", "/var/lib/systemd/timers/stamp-x.timer")
}

// TestUnitsOfThisSystem: packaged units do nothing that an intruder's do.
func TestUnitsOfThisSystem(t *testing.T) {
	n := 0
	for _, g := range []string{"/usr/lib/systemd/system/*.service", "/usr/lib/systemd/user/*.service", "/usr/lib/systemd/system/*.timer"} {
		names, _ := filepath.Glob(g)
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil || len(b) == 0 {
				continue
			}
			records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: name, Text: string(b)})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			n++
			for _, r := range records {
				for _, trait := range strings.Split(r.Get("traits"), ",") {
					switch trait {
					case "", "background", "fetch":
					default:
						t.Errorf("%s: %s", name, artifacttest.Line(r))
					}
				}
			}
		}
	}
	if n == 0 {
		t.Skip("this system has no units of systemd")
	}
	t.Logf("%d units", n)
}

func TestRan(t *testing.T) {
	at := time.Date(2026, 11, 19, 3, 0, 1, 0, time.UTC)
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/lib/systemd/timers/stamp-nightly.timer", Mtime: at})
	if err != nil || len(records) != 1 || !records[0].Time("last").Equal(at) || records[0].Get("unit") != "nightly.timer" {
		t.Errorf("%+v, %v", records, err)
	}
}
