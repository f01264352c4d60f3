package rsyslog

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/rsyslog.d/50-x.conf")
}

// TestActions: an action is a path behind a caret, no other caret is.
func TestActions(t *testing.T) {
	for line, want := range map[string]string{
		"*.* ^/usr/bin/a;T": "/usr/bin/a", "*.*\t^/tmp/x": "/tmp/x", `:msg, regex, "a ^b" /var/log/x`: "", "*.* ^": "", "^/tmp/x": "", "$A ^/tmp/x": "", "*.*^/tmp/x": "",
		`module(load="x" a=" ^/tmp/x")`: "", `action(type="omprog" binary="/tmp/x -a")`: "/tmp/x -a",
	} {
		if got, _ := action(line); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}
