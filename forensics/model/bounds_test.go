package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestBounds holds each bound at both of its sides, with its number written out: a
// bound that moves is a change of what is kept, or of what is read.
func TestBounds(t *testing.T) {
	r := Record{Kind: CronJob}
	r.AddText("command", strings.Repeat("x", 20_000))
	if n := len(r.Get("command")); n != 16_384 {
		t.Errorf("%d bytes of a long command are kept, want 16384", n)
	}
	var have names
	for i := range 257 {
		if err := have.add(fmt.Sprint("m", i)); (err == nil) != (i < 256) {
			t.Errorf("member %d of an object: %v", i+1, err)
		}
	}
	for _, tt := range []struct {
		name, text string
		ok         bool
	}{
		{"16 lists in each other", strings.Repeat("[", 16) + strings.Repeat("]", 16), true},
		{"17 lists in each other", strings.Repeat("[", 17) + strings.Repeat("]", 17), false},
		{"16 objects in each other", strings.Repeat(`{"a":`, 15) + "{}" + strings.Repeat("}", 15), true},
		{"17 objects in each other", strings.Repeat(`{"a":`, 16) + "{}" + strings.Repeat("}", 16), false},
	} {
		if err := plain([]byte(tt.text)); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestGapHasNoDiskOffset: a gap is a place in the image's names, not on its disk.
func TestGapHasNoDiskOffset(t *testing.T) {
	b, err := json.Marshal(Gap{Subject: SubjectFile, Weight: Partial, Source: Source{Volume: "p1", Path: "/a", DiskOffset: 4096}})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("disk_offset")) {
		t.Errorf("%s", b)
	}
}

// TestErrorNamesItsOwnItem: what is wrong with the second record is not said of the
// first, whose text was read before it.
func TestErrorNamesItsOwnItem(t *testing.T) {
	var b bytes.Buffer
	if err := (&Analysis{Schema: SchemaName, Verdict: Verdict{State: NoIndicators}}).Write(&b); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(b.String(), `"records": []`, `"records": [{"id":"R-000001","name":"x-0000000000000000","kind":"cron.job",`+
		`"source":{"volume":"p1","path":"/a","inode":1,"offset":0,"state":"live"},"fields":{}},"cut`, 1)
	_, err := Read(strings.NewReader(text))
	if err == nil || !strings.Contains(err.Error(), "records: item 2") || strings.Contains(err.Error(), "R-000001") {
		t.Errorf("%v", err)
	}
}
