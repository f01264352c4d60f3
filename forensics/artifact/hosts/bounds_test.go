package hosts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

// TestManyNames: a line of thousands of names is read as fast as one of few, and what of
// it is not read is said.
func TestManyNames(t *testing.T) {
	var line strings.Builder
	line.WriteString("127.0.0.1")
	for i := 0; line.Len() < 60_000; i++ {
		fmt.Fprintf(&line, " %x", i)
	}
	text := strings.Repeat(line.String()+"\n", 20) + "127.0.0.1 update.example.com" + strings.Repeat(" a", 40_000) + "\n"
	start := time.Now()
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/hosts", Text: text})
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
	if len(records) != 21 || !records[20].Is("nowhere") || err == nil || err.Error() != "line 21 is longer than 65536 bytes; its end was not read" {
		t.Errorf("%d records, %v", len(records), err)
	}
}

// TestOwnName: a name with its domain beside it is the machine's own.
func TestOwnName(t *testing.T) {
	system := &artifact.System{Hostname: "db7"}
	for names, want := range map[string]bool{
		"web01.example.com web01": false, "web01 web01.example.com": false, "web01.example.com": true, "db7.example.com": false,
		"web01.example.com web01 update.example.org": true, "localhost": false, "localhost.localdomain": false, "a.local": false, "a.internal": false,
		"web01.example.com.": true, "web01. web01.example.com": true, "WEB01.example.com web01": true,
	} {
		if got := elsewhere(strings.Fields(names), system); got != want {
			t.Errorf("%s: %v", names, got)
		}
	}
}
