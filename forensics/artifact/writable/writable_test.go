package writable

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/filesystem"
)

// TestWritable: a file that others may write is one, a link (whose mode is always that) and
// one that only a group may write is none.
func TestWritable(t *testing.T) {
	for _, tt := range []struct {
		mode   uint16
		target string
		want   int
	}{
		{filesystem.ModeRegular | 0o666, "", 1},
		{filesystem.ModeRegular | 0o646, "", 1},
		{filesystem.ModeRegular | 0o664, "", 0},
		{filesystem.ModeRegular | 0o777, "/usr/share/x", 0},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/passwd", Mode: tt.mode, Target: tt.target, Text: "x"})
		if err != nil || len(records) != tt.want {
			t.Errorf("%o: %v, %v", tt.mode, records, err)
		}
	}
}
