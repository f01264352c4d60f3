package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"icecore/forensics"
)

// TestMeter: bar, percentage and time left come from one number.
func TestMeter(t *testing.T) {
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := meter{now: func() time.Time { return clock }}
	const gib = 1 << 30
	total := forensics.Progress{Phase: "reading files", TotalFiles: 4000, TotalBytes: 10 * gib}
	at := func(after time.Duration, files, bytes int64) string {
		clock = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(after)
		p := total
		p.Files, p.Bytes = files, bytes
		m.update(p)
		return m.line(200)
	}
	bar := func(full int) string { return "[" + strings.Repeat("=", full) + strings.Repeat("-", 30-full) + "]" }
	for _, c := range []struct {
		after        time.Duration
		files, bytes int64
		want         string
	}{
		{0, 0, 0, "reading files  " + bar(0) + "   0 %  0 bytes of 10.0 GiB, 0 of 4000 files"},
		// Most files are small: they are no measure of the work.
		{2 * time.Second, 3900, 1 * gib, "reading files  " + bar(3) + "  10 %  1.0 GiB of 10.0 GiB, 3900 of 4000 files"},
		{3 * time.Second, 3900, 1 * gib, "reading files  " + bar(3) +
			"  10 %  1.0 GiB of 10.0 GiB, 3900 of 4000 files, about 27 s left"},
		{20 * time.Second, 3950, 5 * gib, "reading files  " + bar(15) +
			"  50 %  5.0 GiB of 10.0 GiB, 3950 of 4000 files, about 20 s left"},
		{30 * time.Minute, 3950, 5 * gib, "reading files  " + bar(15) +
			"  50 %  5.0 GiB of 10.0 GiB, 3950 of 4000 files, about 30 min left"},
		// A file that grew, or was counted twice, is no more than all.
		{31 * time.Minute, 4000, 11 * gib, "reading files  " + bar(30) +
			" 100 %  10.0 GiB of 10.0 GiB, 4000 of 4000 files, about 1 s left"},
	} {
		if got := at(c.after, c.files, c.bytes); got != c.want {
			t.Errorf("after %v:\n%s, want\n%s", c.after, got, c.want)
		}
	}
	// The next phase begins anew; where nobody knows how much there is, nothing is said.
	m.update(forensics.Progress{Phase: "judging\x1b"})
	clock = clock.Add(time.Hour)
	if got := m.line(200); got != `judging\x1b` {
		t.Errorf("%q", got)
	}
	m.update(forensics.Progress{Phase: "measuring", Files: 1, TotalFiles: 4})
	clock = clock.Add(5 * time.Minute)
	if got, want := m.line(200), "measuring  "+bar(7)+"  25 %  1 of 4 files, about 15 min left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// Less than the hundredth part, or three seconds, is a guess.
	m.update(forensics.Progress{Phase: "hashing", Bytes: 9, TotalBytes: 1000})
	clock = clock.Add(time.Minute)
	if got := m.line(200); strings.Contains(got, "left") {
		t.Errorf("%q", got)
	}
	for width := range 60 {
		if got := m.line(width); len(got) > width {
			t.Errorf("%d columns, want %d: %s", len(got), width, got)
		}
	}
}

// TestMeterBar: the bar shows the percentage beside it, whatever it is.
func TestMeterBar(t *testing.T) {
	m := meter{now: time.Now}
	m.update(forensics.Progress{Phase: "x", Bytes: 1 << 62, TotalBytes: 1<<63 - 1})
	if line := m.line(200); !strings.Contains(line, " 50 %") && !strings.Contains(line, " 49 %") {
		t.Error(line)
	}
	for percent := range 101 {
		m.update(forensics.Progress{Phase: "x", Bytes: int64(percent), TotalBytes: 100, Files: 100, TotalFiles: 100})
		line := m.line(200)
		if full := strings.Count(line, "="); full != percent*30/100 ||
			!strings.Contains(line, fmt.Sprintf(" %d %%", percent)) {
			t.Errorf("%d %%: %s", percent, line)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1 s", time.Second: "1 s", 59 * time.Second: "59 s", time.Minute: "1 min 00 s", 64 * time.Second: "1 min 00 s",
		65 * time.Second:  "1 min 10 s",
		599 * time.Second: "10 min 00 s", 10 * time.Minute: "10 min", 119*time.Minute + 10*time.Second: "119 min",
		2 * time.Hour: "2 h 00 min", 155 * time.Minute: "2 h 40 min",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
