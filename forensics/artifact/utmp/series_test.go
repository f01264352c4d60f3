package utmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"icecore/forensics/model"
)

// failedEntry is an entry of btmp.
func failedEntry(host string, sec uint32) []byte {
	b := make([]byte, EntrySize)
	b[0] = LoginProc
	copy(b[8:], "ssh:notty")
	copy(b[44:], "root")
	copy(b[76:], host)
	binary.LittleEndian.PutUint32(b[340:], sec)
	return b
}

// Every failed login is in one record, whatever the number of open and ended series.
func TestManySeries(t *testing.T) {
	for _, tt := range []struct{ ended, open int }{
		{0, maxPeers - 1}, {1, maxPeers - 1}, {maxPeers + 2, maxPeers - 1}, {2*maxPeers + 5, maxPeers - 1}, {maxPeers + 2, maxPeers + 1}, {5, 3*maxPeers + 5},
	} {
		var b bytes.Buffer
		sec := uint32(1_700_000_000)
		for i := range tt.open {
			b.Write(failedEntry(fmt.Sprintf("peer%d", i), sec))
		}
		for range tt.ended { // of one address, each eleven minutes behind the last
			b.Write(failedEntry("gone", sec))
			sec += 660
		}
		records, err := extract(t, "/var/log/btmp", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]int64)
		for _, r := range records[:len(records)-1] {
			seen[r.Get("address")] += r.Number("count")
		}
		lost := 0
		for i := range tt.open {
			if seen[fmt.Sprintf("peer%d", i)] != 1 {
				lost++
			}
		}
		if lost > 0 || seen["gone"] != int64(tt.ended) {
			t.Errorf("%d ended and %d open series: %d of the open ones are not among the records once, %d of the ended", tt.ended, tt.open, lost, int64(tt.ended)-seen["gone"])
		}
	}
}

// The names of all open series together are bounded, and none of the attempts is lost.
func TestManyNames(t *testing.T) {
	const peers, names = 300, 800 // more than maxAllNames
	var b bytes.Buffer
	for p := range peers {
		e := failedEntry(fmt.Sprintf("peer%d", p), 1_700_000_000)
		for n := range names {
			copy(e[44:], fmt.Sprintf("u%04d", n))
			b.Write(e)
		}
	}
	r := &reader{ctx: t.Context(), peers: make(map[string]*series), given: make(map[model.Kind]int)}
	var total int64
	r.emit = func(rec model.Record) { total += rec.Number("count") }
	for off := 0; off < b.Len(); off += EntrySize {
		e, err := Parse(b.Bytes()[off:])
		if err != nil {
			t.Fatal(err)
		}
		r.failure(e, model.Source{})
		if r.names > maxAllNames+maxNames {
			t.Fatalf("%d names", r.names)
		}
	}
	r.finish(1, nil)
	if total != peers*names || r.names != 0 {
		t.Errorf("%d of %d attempts, %d names left", total, peers*names, r.names)
	}
}

// Attempts more than ten minutes apart are two series, whichever way the clock went.
func TestGap(t *testing.T) {
	const at = 1_700_000_000
	for d, want := range map[int]int{0: 1, 600: 1, 601: 2, -600: 1, -601: 2} {
		records, err := extract(t, "/var/log/btmp", append(failedEntry("a", at), failedEntry("a", uint32(at+d))...))
		if err != nil || len(records) != want+1 {
			t.Errorf("%d seconds: %d series, %v", d, len(records)-1, err)
		}
	}
}
