package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// The first screen fits 24 lines whatever it has to say; what is left out of it is the
// place of the phases that come last, and gaps behind the first two or three.
func TestFirstScreenBounds(t *testing.T) {
	for _, gaps := range []int{0, 1, 3, 4, 9} {
		a := intrusion()
		for i := range gaps {
			a.Coverage.Gaps = append(
				a.Coverage.Gaps,
				model.Gap{WhatText: fmt.Sprintf("volume q%d", i), WhyText: "xfs", Weight: model.Decisive},
			)
		}
		for _, p := range []model.Phase{"execution", "evasion", "lateral"} {
			a.Findings = append(
				a.Findings,
				model.Finding{
					ID:     "F-01" + string(p[0]),
					Level:  model.High,
					Phase:  p,
					Title:  "Of " + string(p),
					Source: model.Source{Volume: "p1", Path: "/" + string(p)},
				},
			)
		}
		for i := range 3 {
			r := a.Records[1]
			r.Fields = modeltest.Fields("miner.config", fmt.Sprintf("wallet=4%d%s", i, testWallet[2:]))
			r.ID = fmt.Sprintf("R-00010%d", i)
			a.Records = append(a.Records, r)
			a.Findings[1].Records = append(a.Findings[1].Records, r.ID)
		}
		first, _ := screenOf(t, a, 80)
		if n := strings.Count(first, "\n"); n > firstLines {
			t.Errorf("%d gaps: %d lines:\n%s", gaps, n, first)
		}
		named := strings.Count(first, "volume q")
		more := ""
		if gaps > 3 {
			more = fmt.Sprintf("and %d more, see COVERAGE GAPS", gaps-2)
		}
		if want := map[int]int{0: 0, 1: 1, 3: 3, 4: 2, 9: 2}[gaps]; named != want || !strings.Contains(first, more) {
			t.Errorf("%d gaps: %d are named, want %d and %q:\n%s", gaps, named, want, more, first)
		}
		for _, want := range []string{"initial access", "execution", "persistence", "mining", "defense evasion", "lateral", "Coverage  "} {
			if !strings.Contains(first, want) {
				t.Errorf("%d gaps: %q is missing:\n%s", gaps, want, first)
			}
		}
	}
}

// Of long lists the first are shown, and how many more there are.
func TestLongLists(t *testing.T) {
	a := intrusion()
	for i := range maxConfigs + 3 {
		a.Records = append(
			a.Records,
			model.Record{
				ID:     fmt.Sprintf("R-1%05d", i),
				Kind:   model.MinerConfig,
				Source: model.Source{Volume: "p1", Path: fmt.Sprintf("/opt/c%d", i)},
				Fields: modeltest.Fields("miner.config", "pool=a.invalid:1"),
			},
		)
	}
	a.Coverage.Gaps = nil
	for i := range maxGaps + 2 {
		a.Coverage.Gaps = append(a.Coverage.Gaps, model.Gap{WhatText: fmt.Sprintf("file %d", i), WhyText: "cut"})
	}
	_, rest := screenOf(t, a, 160)
	for _, want := range []string{"/opt/c48 ", "4 more configurations: --format json", fmt.Sprintf("file %d: cut", maxGaps-1), "and 2 more; --format json lists all"} {
		if !strings.Contains(rest, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, bad := range []string{"/opt/c49 ", fmt.Sprintf("file %d: cut", maxGaps)} {
		if strings.Contains(rest, bad) {
			t.Errorf("%q is shown", bad)
		}
	}
}

// What runs shows a phase, before what lies in an archive.
func TestArchivedShowsNoPhase(t *testing.T) {
	finding := func(member string) findingView {
		return findingView{Level: "high", Source: &sourceView{Path: "/x", Member: member, State: "live"}}
	}
	live, packed, log := finding(""), finding("a/b.sh"), finding("gzip")
	if better(&packed, &live) || !better(&live, &packed) || !better(&log, &packed) {
		t.Error("what lies in an archive shows the phase")
	}
}

// The page shows the first events that medium and above rest on, and says of how many.
func TestEventsOnPage(t *testing.T) {
	a := intrusion()
	low := model.Finding{
		ID:    "F-0090",
		Level: model.Low,
		Title: "of little weight",
		When:  model.When{Time: time.Date(2026, 1, 12, 9, 5, 0, 0, time.UTC)},
	}
	a.Findings = append(a.Findings, low)
	events, all, err := excerpts(a)
	if err != nil || all != len(events) {
		t.Fatalf("%d of %d, %v", len(events), all, err)
	}
	for _, e := range events {
		if strings.Contains(e.Text, low.Title) {
			t.Errorf("an event of level low: %+v", e)
		}
	}
	for i := range maxEvents {
		f := a.Findings[3]
		f.ID = fmt.Sprintf("F-1%03d", i)
		a.Findings = append(a.Findings, f)
	}
	events, more, err := excerpts(a)
	if err != nil || len(events) != maxEvents || more != all+maxEvents {
		t.Errorf("%d of %d, %v", len(events), more, err)
	}
	var b bytes.Buffer
	if err := HTML(&b, a, Options{}); err != nil ||
		!strings.Contains(b.String(), fmt.Sprintf("The first 400 of %d events", more)) {
		t.Errorf("the page does not say of how many: %v", err)
	}
}

// The page shows the first records of a finding, and says how many more there are.
func TestRecordsOnPage(t *testing.T) {
	a := intrusion()
	for i := range 12 {
		r := a.Records[2]
		r.ID = fmt.Sprintf("R-2%05d", i)
		a.Records = append(a.Records, r)
		a.Findings[4].Records = append(a.Findings[4].Records, r.ID)
	}
	var b bytes.Buffer
	if err := HTML(&b, a, Options{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), ">R-2"); n != maxProof ||
		!strings.Contains(b.String(), "and 2 more, in analysis.json") {
		t.Errorf("%d records are shown", n)
	}
}

// What is medium, or no match of YARA, is not named as a miner; a moment that several
// lines share is written once.
func TestMinersAndMoments(t *testing.T) {
	a := intrusion()
	a.Findings[1].Level = model.Medium
	a.Findings[2].Engine = model.EngineSigma
	a.Story[1].When = a.Story[0].When
	first, rest := screenOf(t, a, 160)
	if strings.Contains(first, "Miners ") {
		t.Errorf("named as a miner:\n%s", first)
	}
	_, story, _ := strings.Cut(rest, "ATTACK TIMELINE")
	if n := strings.Count(story, "2026-01-12 08:58:31"); n != 1 {
		t.Errorf("the moment is written %d times:\n%s", n, story)
	}
}

// On the page an upper bound is written as one, and a line of a file is not said to have
// come into being with the file: its change is what shows when the line was written.
func TestEventsSayWhatTheyAre(t *testing.T) {
	a := intrusion()
	at := func(h int) time.Time { return time.Date(2026, 1, 12, h, 0, 0, 0, time.UTC) }
	a.Records[2].Times = []model.Stamp{
		{What: "modified", Time: at(5)}, {What: "changed", Time: at(6)}, {What: "created", Time: at(4)}, {What: "logged", Time: at(7)},
	}
	a.Findings[3].When = model.When{Time: at(6), Meaning: model.AtLatest}
	events, _, err := excerpts(a)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		if strings.Contains(e.Text, "cron") || strings.Contains(e.Text, "Cron") {
			got = append(got, e.When.Time+" "+e.What)
			if late := e.What == "finding"; e.When.Late != late {
				t.Errorf("an upper bound: %v of %+v", e.When.Late, e)
			}
		}
	}
	want := []string{"2026-01-12T06:00:00Z changed", "2026-01-12T06:00:00Z finding", "2026-01-12T07:00:00Z logged"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
