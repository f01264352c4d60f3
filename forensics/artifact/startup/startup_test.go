package startup

import (
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/profile", "/root/.bashrc", "/etc/environment", "/etc/security/pam_env.conf", "/etc/ld.so.preload", "/etc/ld.so.conf.d/a.conf")
}

// TestManager: the variables of systemd's own configuration, continued over lines too.
func TestManager(t *testing.T) {
	for _, tt := range []struct {
		text string
		line int // of the record; 0: none
	}{
		{"[Manager]\nDefaultEnvironment=LD_PRELOAD=/tmp/.x/l.so\n", 2},
		{"[Manager]\nDefaultEnvironment=A=b \\\n  # said in passing\n  LD_PRELOAD=/tmp/.x/l.so\n", 2},
		{"[Manager]\nManagerEnvironment= \\\n\"LD_PRELOAD=/tmp/.x/l.so\"\n", 2},
		{"[Manager]\nDefaultEnvironment=A=b \\\n LANG=C\n", 0},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/systemd/system.conf", Text: tt.text})
		if err != nil {
			t.Error(err)
		}
		line := 0
		if len(records) == 1 && strings.Contains(records[0].Get("command"), "LD_PRELOAD") {
			line = records[0].Source.Line
		}
		if line != tt.line {
			t.Errorf("%q: %s", tt.text, artifacttest.Lines(records))
		}
	}
}
