package main

import (
	"fmt"
	"strings"
	"time"

	"icecore/forensics"
	"icecore/forensics/report"
	"icecore/forensics/text"
)

// meter says in one line how far a phase of the work is. Bar, percentage and time left
// all come from one number: bytes of content where they are known, else files.
type meter struct {
	now   func() time.Time
	state forensics.Progress
	began time.Time // of the phase
}

// update takes note of how far the work is.
func (m *meter) update(s forensics.Progress) {
	if m.began.IsZero() || s.Phase != m.state.Phase || s.TotalBytes != m.state.TotalBytes ||
		s.TotalFiles != m.state.TotalFiles {
		m.began = m.now()
	}
	m.state = s
}

// amount gives what is done and all there is to do, in one unit. all is 0 where nobody
// knows.
func (m *meter) amount() (done, all int64) {
	done, all = m.state.Files, m.state.TotalFiles
	if m.state.TotalBytes > 0 {
		done, all = m.state.Bytes, m.state.TotalBytes
	}
	return min(max(done, 0), all), all
}

// The time left is shown once a phase has run so long, and so much of it is done: before
// that it is a guess.
const (
	etaAfter   = 3 * time.Second
	etaPortion = 100 // the hundredth part
)

// left gives the time that the phase still needs at its present rate.
func (m *meter) left() (time.Duration, bool) {
	done, all := m.amount()
	spent := m.now().Sub(m.began)
	if all == 0 || done < (all+etaPortion-1)/etaPortion || spent < etaAfter {
		return 0, false
	}
	return time.Duration(float64(spent) * float64(all-done) / float64(done)), true
}

// barCells is the width of the bar in columns.
const barCells = 30

// line writes the phase, the bar and what is done, in at most width columns.
func (m *meter) line(width int) string {
	parts := []string{text.Escape(m.state.Phase)}
	if done, all := m.amount(); all > 0 {
		percent := percentOf(done, all)
		cells := percent * barCells / 100
		parts = append(parts, fmt.Sprintf("[%s%s] %3d %%", strings.Repeat("=", cells), strings.Repeat("-", barCells-cells),
			percent))
	}
	var amounts []string
	if s := m.state; s.TotalBytes > 0 {
		amounts = append(amounts, fmt.Sprintf("%s of %s", report.Bytes(min(s.Bytes, s.TotalBytes)),
			report.Bytes(s.TotalBytes)))
	}
	if s := m.state; s.TotalFiles > 0 {
		amounts = append(amounts, fmt.Sprintf("%d of %d files", s.Files, s.TotalFiles))
	} else if s.Files > 0 {
		amounts = append(amounts, fmt.Sprintf("%d files", s.Files))
	}
	if left, ok := m.left(); ok {
		amounts = append(amounts, "about "+duration(left)+" left")
	}
	if len(amounts) > 0 {
		parts = append(parts, strings.Join(amounts, ", "))
	}
	out := []rune(strings.Join(parts, "  "))
	if len(out) > width {
		out = out[:max(width, 0)]
	}
	return string(out)
}

// percentOf gives the part that is done in whole percent; all is not 0.
func percentOf(done, all int64) int {
	for all > 1<<48 { // an intruder's holes are counted, too
		done, all = done>>1, all>>1
	}
	return int(done * 100 / all)
}

// duration writes a time as a person says it, no more exact than it is known.
func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second).Seconds())))
	case d < 10*time.Minute:
		d = d.Round(10 * time.Second)
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	d = d.Round(10 * time.Minute)
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}
