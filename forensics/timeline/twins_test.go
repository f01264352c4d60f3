package timeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// A brute force that the log of sshd and btmp both count is one event an attempt, which
// names the records of both.
func TestAttemptsOnce(t *testing.T) {
	var records []model.Record
	var findings []model.Finding
	start := time.Date(2026, 1, 12, 7, 0, 0, 0, time.UTC)
	const n = 40
	for i := range n {
		at := start.Add(time.Duration(i) * 20 * time.Minute)
		address := fmt.Sprintf("address=203.0.113.%d", i)
		records = append(
			records,
			model.Record{
				ID:     fmt.Sprintf("R-%d", 2*i),
				Kind:   model.AuthFailures,
				Source: model.Source{Volume: "p1", Path: "/var/log/auth.log", Inode: 1},
				Fields: modeltest.Fields(model.AuthFailures, address, "count=1"),
				Times: []model.Stamp{
					{What: "first", Time: at, Inferred: "zone"},
					{What: "last", Time: at.Add(time.Second), Inferred: "zone"},
				},
			},
			model.Record{
				ID:     fmt.Sprintf("R-%d", 2*i+1),
				Kind:   model.LoginFailures,
				Source: model.Source{Volume: "p1", Path: "/var/log/btmp", Inode: 2},
				Fields: modeltest.Fields(model.LoginFailures, address, "count=1"),
				Times:  []model.Stamp{{What: "first", Time: at}, {What: "last", Time: at}},
			},
		)
	}
	findings = append(findings, model.Finding{ID: "F-0001", Level: model.High, Records: []string{"R-1"}})
	var tl Timeline
	tl.AddRecords(records, findings)
	events := collect(t, &tl, Range{})
	if len(events) != n {
		t.Fatalf("%d events of %d attempts:\n%s", len(events), n, show(events[:min(8, len(events))]))
	}
	e := events[0]
	if !slices.Equal(e.Records, []string{"R-0", "R-1"}) || e.What != "first, last" || e.Type != "auth.failures" {
		t.Errorf("%+v", e)
	}
	if e.Level != model.High || !slices.Equal(e.Findings, []string{"F-0001"}) {
		t.Errorf("the event does not carry the finding of its twin: %+v", e)
	}
	var b bytes.Buffer
	w, _ := NewWriter("jsonl", &b, "")
	_ = w.Event(&e)
	_ = w.Flush()
	var got struct {
		Record  string
		Records []string
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Record != "R-0" ||
		!slices.Equal(got.Records, []string{"R-0", "R-1"}) {
		t.Errorf("%v: %s", err, b.String())
	}
}

// A session is one event with the login that sshd logged; its end is its own, and a row
// that lasts has two.
func TestTwinsKeepTheirOwnTimes(t *testing.T) {
	at := time.Date(2026, 1, 12, 7, 0, 0, 0, time.UTC)
	var tl Timeline
	tl.AddRecords([]model.Record{
		{
			ID:     "R-1",
			Kind:   model.AuthLogin,
			Source: model.Source{Volume: "p1", Path: "/var/log/auth.log"},
			Fields: modeltest.Fields(model.AuthLogin, "address=203.0.113.1", "user=root"),
			Times:  []model.Stamp{{What: "logged", Time: at}},
		},
		{
			ID:     "R-2",
			Kind:   model.LoginSession,
			Source: model.Source{Volume: "p1", Path: "/var/log/wtmp"},
			Fields: modeltest.Fields(model.LoginSession, "address=203.0.113.1", "user=root"),
			Times: []model.Stamp{
				{What: "login", Time: at.Add(time.Second)},
				{What: "logout", Time: at.Add(time.Hour)},
			},
		},
		{
			ID:     "R-3",
			Kind:   model.AuthFailures,
			Source: model.Source{Volume: "p1", Path: "/var/log/auth.log"},
			Fields: modeltest.Fields(model.AuthFailures, "address=203.0.113.9"),
			Times: []model.Stamp{
				{What: "first", Time: at.Add(2 * time.Hour)},
				{What: "last", Time: at.Add(3 * time.Hour)},
			},
		},
	}, nil)
	var got []string
	for _, e := range collect(t, &tl, Range{}) {
		got = append(got, e.What+" "+strings.Join(e.Records, "+"))
	}
	if want := []string{"logged R-1+R-2", "logout R-2", "first R-3", "last R-3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func ofFile(id string, kind model.Kind, inode uint64, times ...int64) model.Record {
	r := model.Record{
		ID:     id,
		Kind:   kind,
		Source: model.Source{Volume: "p1", Path: "/tmp/x", Inode: inode, DiskOffset: -1},
		Fields: modeltest.Fields(kind, "owner="),
	}
	for i, what := range []string{"modified", "changed", "created"} {
		r.Times = append(r.Times, model.Stamp{What: what, Time: time.Unix(times[i], 1).UTC()})
	}
	return r
}

// The times of a file are shown once, by the file, whatever rules matched it; its events
// carry what was found.
func TestFactsOfFileOnce(t *testing.T) {
	records := []model.Record{
		ofFile(
			"R-1",
			model.YARAMatch,
			10,
			100,
			300,
			200,
		), ofFile("R-2", model.YARAMatch, 10, 100, 300, 200), ofFile("R-3", model.MinerConfig, 10, 100, 300, 200), ofFile("R-4", model.FileNotable, 10, 100, 300, 200),
		ofFile("R-5", model.CronJob, 11, 100, 300, 200),
	}
	findings := []model.Finding{
		{ID: "F-0001", Level: model.Critical, Records: []string{"R-1"}},
		{ID: "F-0002", Level: model.Medium, Records: []string{"R-4"}},
	}
	var tl Timeline
	tl.AddFile("p1", &filesystem.Entry{Path: "/tmp/x", Inode: inode(10, 100, 300, 300, 200)})
	tl.AddFile("p1", &filesystem.Entry{Path: "/etc/cron.d/x", Inode: inode(11, 100, 300, 300, 200)})
	tl.AddFile("p1", &filesystem.Entry{Path: "/clean", Inode: inode(12, 100, 300, 300, 200)})
	tl.AddRecords(records, findings)
	n := make(map[string]int)
	for _, e := range collect(t, &tl, Range{}) {
		n[e.Type]++
		switch {
		case e.Type == TypeFile && e.Ref.Inode == 10:
			if e.Level != model.Critical || !slices.Equal(e.Findings, []string{"F-0001", "F-0002"}) ||
				!slices.Equal(e.Records, []string{"R-1", "R-2", "R-3", "R-4"}) {
				t.Errorf("the file does not carry what was found in it: %+v", e)
			}
		case e.Type == TypeFile && (e.Level != model.None || len(e.Records) > 0):
			t.Errorf("a file in which nothing was found carries a finding: %+v", e)
		}
	}
	if n["yara.match"]+n["miner.config"]+n["file.notable"] != 0 || n[TypeFile] != 9 || n["cron.job"] != 3 {
		t.Errorf("events %v, want 9 of files, 3 of the cron job, and no other", n)
	}
}

// Without the files, the records of a file tell its times once, too; a time of
// modification before the file came into being is left out: it was set.
func TestFactsOfFileWithoutFiles(t *testing.T) {
	var tl Timeline
	tl.AddRecords(
		[]model.Record{
			ofFile("R-1", model.YARAMatch, 10, 100, 300, 200),
			ofFile("R-2", model.YARAMatch, 10, 100, 300, 200),
			ofFile("R-3", model.FileNotable, 10, 100, 300, 200),
			ofFile("R-4", model.YARAMatch, 11, 250, 300, 200),
		},
		nil,
	)
	var got []string
	for _, e := range collect(t, &tl, Range{}) {
		got = append(got, fmt.Sprintf("%d %s %s", e.Time.Sec, e.What, strings.Join(e.Records, "+")))
	}
	if want := []string{"200 created R-1+R-2+R-3", "200 created R-4", "250 modified R-4", "300 changed R-1+R-2+R-3", "300 changed R-4"}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Events that only look alike stay apart: times of which something else was inferred, a
// second stamp that is not the end of a row, and what has no inode.
func TestEventsApart(t *testing.T) {
	at := time.Unix(1000, 0).UTC()
	stamps := func(id string, kind model.Kind, list ...model.Stamp) model.Record {
		return model.Record{ID: id, Kind: kind, Source: model.Source{Volume: "p1", Path: "/x"}, Times: list}
	}
	var tl Timeline
	tl.AddRecords([]model.Record{
		stamps("R-1", model.AuthSudo, model.Stamp{What: "logged", Time: at}, model.Stamp{What: "modified", Time: at, Inferred: "year"}),
		stamps("R-2", model.LogCoverage, model.Stamp{What: "first", Time: at}, model.Stamp{What: "modified", Time: at.Add(time.Second)}),
		stamps("R-3", model.YARAMatch, model.Stamp{What: "modified", Time: at}),
		stamps("R-4", model.YARAMatch, model.Stamp{What: "modified", Time: at}),
	}, []model.Finding{{ID: "F-1", Level: model.Low, Records: []string{"R-1", "R-1"}}})
	var got []string
	for _, e := range collect(t, &tl, Range{}) {
		got = append(got, fmt.Sprintf("%d %s %s%s", e.Time.Sec, e.What, strings.Join(e.Records, "+"), strings.Join(e.Findings, "+")))
	}
	want := []string{"1000 logged R-1F-1", "1000 modified R-1F-1", "1000 first R-2", "1000 modified R-3", "1000 modified R-4", "1001 modified R-2"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A clock that was set back may make a file change before it came into being; only the
// time of modification can be set without that.
func TestChangedBeforeCreated(t *testing.T) {
	var tl Timeline
	tl.AddRecords([]model.Record{ofFile("R-1", model.YARAMatch, 10, 100, 150, 200)}, nil)
	var got []string
	for _, e := range collect(t, &tl, Range{}) {
		got = append(got, fmt.Sprintf("%d %s", e.Time.Sec, e.What))
	}
	if want := []string{"150 changed", "200 created"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The event of a finding whose time is an upper bound says so.
func TestUpperBound(t *testing.T) {
	for _, tt := range []struct {
		when model.When
		want string
	}{
		{model.When{Meaning: model.AtLatest}, `"inferred": "upper bound"`},
		{model.When{Meaning: model.AtLatest, Inferred: "year"}, `"inferred": "year, upper bound"`},
		{model.When{Meaning: model.Inferred, Inferred: "year"}, `"inferred": "year"`},
		{model.When{Meaning: model.Exact}, `"timestamp_desc": "finding", "timestamp": 1000000000, "data_type": "icecore:finding", "level"`},
	} {
		tt.when.Time = time.Unix(1000, 0)
		var tl Timeline
		tl.AddRecords(nil, []model.Finding{{ID: "F-1", Level: model.High, When: tt.when}})
		var b bytes.Buffer
		w, _ := NewWriter("jsonl", &b, "")
		for _, e := range collect(t, &tl, Range{}) {
			_ = w.Event(&e)
		}
		if err := w.Flush(); err != nil || !strings.Contains(b.String(), tt.want) {
			t.Errorf("%+v: %v %s", tt.when, err, b.String())
		}
	}
}
