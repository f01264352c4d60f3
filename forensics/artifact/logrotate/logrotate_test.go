package logrotate

import (
	"runtime"
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/logrotate.d/x")
}

// TestLongScript: of a script of many megabytes the beginning is read, in as much memory,
// and the coverage says so.
func TestLongScript(t *testing.T) {
	long := strings.Repeat("#"+strings.Repeat("x", 1<<19)+"\n", 100)
	text := "/var/log/a {\npostrotate\n\t/tmp/.x/run\n" + long + "\ttrue\nendscript\n}\n/var/log/b {\nprerotate\n\t/tmp/.y/run\nendscript\n}\n"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/logrotate.d/x", Text: text})
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 150 {
		t.Errorf("%d MiB", n)
	}
	if len(records) != 2 || records[0].Get("command") != "/tmp/.x/run" || records[1].Get("command") != "/tmp/.y/run" {
		t.Errorf("%s", artifacttest.Lines(records))
	}
	if err == nil || !strings.Contains(err.Error(), "script") {
		t.Errorf("the error: %v", err)
	}
}
