package ioc

import (
	"slices"
	"testing"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// oneFinding is an analysis with a finding on records.
func oneFinding(when time.Time, records ...model.Record) *model.Analysis {
	f := model.Finding{ID: "F-0001", Title: "Finding", Level: model.High, When: model.When{Time: when}}
	for _, r := range records {
		f.Records = append(f.Records, r.ID)
	}
	return &model.Analysis{Findings: []model.Finding{f}, Records: records}
}

func values(list []Indicator, kind string) (out []string) {
	for _, x := range list {
		if x.Kind == kind {
			out = append(out, x.Value)
		}
	}
	return out
}

// What is fetched without a scheme is an address, a domain and a URL as well; curl and
// wget take http.
func TestURLsWithoutScheme(t *testing.T) {
	for _, tt := range []struct {
		urls                    []string
		address, domain, wanted []string
	}{
		{[]string{"192.0.2.77/j"}, []string{"192.0.2.77"}, nil, []string{"http://192.0.2.77/j"}},
		{[]string{"evil.example.net/i.sh"}, nil, []string{"evil.example.net"}, []string{"http://evil.example.net/i.sh"}},
		{[]string{"192.0.2.77:8080/j?a=b"}, []string{"192.0.2.77"}, nil, []string{"http://192.0.2.77:8080/j?a=b"}},
		{[]string{"[2001:db8::1]:80/x"}, []string{"2001:db8::1"}, nil, []string{"http://[2001:db8::1]:80/x"}},
		{[]string{"evil.example.net"}, nil, []string{"evil.example.net"}, []string{"http://evil.example.net"}},
		{[]string{"http://198.51.100.9/a,b"}, []string{"198.51.100.9"}, nil, []string{"http://198.51.100.9/a,b"}},
		{[]string{"http://192.0.2.77/j", "192.0.2.77/j"}, []string{"192.0.2.77"}, nil, []string{"http://192.0.2.77/j"}},
		// What names no host is none.
		{[]string{"$URL/i.sh", "install.sh", "-", "/tmp/x.sh", "localhost/x", "127.0.0.1/x", "./a.b/c", "file:///etc/passwd", "a b.example.net/x", "1.2/x"}, nil, nil, nil},
	} {
		r := model.Record{ID: "R-1", Kind: model.CronJob, Source: model.Source{Path: "/etc/crontab"}}
		r.AddList("urls", tt.urls)
		list := Of(oneFinding(time.Time{}, r))
		for kind, want := range map[string][]string{Address: tt.address, Domain: tt.domain, URL: tt.wanted} {
			if got := values(list, kind); !slices.Equal(got, want) {
				t.Errorf("%q: %s %q, want %q", tt.urls, kind, got, want)
			}
		}
	}
}

// A pool has one form, however many files name it and with what scheme.
func TestPoolsOnce(t *testing.T) {
	config := func(id string, fields ...string) model.Record {
		return model.Record{ID: id, Kind: model.MinerConfig, Fields: modeltest.Fields(model.MinerConfig, fields...)}
	}
	a := oneFinding(time.Time{},
		config("R-1", "pool=stratum+tcp://203.0.113.77:3333", "host=203.0.113.77", "port=3333"),
		config("R-2", "pool=203.0.113.77:3333", "host=203.0.113.77", "port=3333"),
		config("R-3", "pool=203.0.113.77", "host=203.0.113.77", "port=3333"),
		config("R-4", "pool=stratum+ssl://Pool.Example.invalid:443/x"),
		config("R-5", "pool=pool.example.invalid:443", "host=pool.example.invalid", "port=443"),
		config("R-6", "pool=[2001:db8::5]:14444", "host=2001:db8::5", "port=14444"),
	)
	if got, want := values(Of(a), Pool), []string{"203.0.113.77:3333", "[2001:db8::5]:14444", "pool.example.invalid:443"}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("pools %q, want %q", got, want)
	}
}

// An indicator was first seen when the record that it was read from says, not another
// record of the same finding.
func TestFirstSeen(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 1, 12, h, 0, 0, 0, time.UTC) }
	login := model.Record{
		ID:     "R-1",
		Kind:   model.AuthLogin,
		Fields: modeltest.Fields(model.AuthLogin, "address=203.0.113.77"),
		Times:  []model.Stamp{{What: "logged", Time: at(9)}},
	}
	failures := model.Record{
		ID:     "R-2",
		Kind:   model.AuthFailures,
		Fields: modeltest.Fields(model.AuthFailures, "address=203.0.113.9"),
		Times:  []model.Stamp{{What: "first", Time: at(7)}, {What: "last", Time: at(8)}},
	}
	job := model.Record{
		ID:     "R-3",
		Kind:   model.CronJob,
		Source: model.Source{Path: "/etc/cron.d/x"},
		Fields: modeltest.Fields(model.CronJob, "urls=http://198.51.100.1/x"),
		Times: []model.Stamp{
			{What: "modified", Time: at(1)},
			{What: "changed", Time: at(12)},
			{What: "created", Time: at(11)},
		},
	}
	match := model.Record{
		ID:     "R-4",
		Kind:   model.YARAMatch,
		Source: model.Source{Path: "/tmp/.x", SHA256: hash},
		Times: []model.Stamp{
			{What: "modified", Time: at(0)},
			{What: "changed", Time: at(15)},
			{What: "created", Time: at(14)},
		},
	}
	undated := model.Record{ID: "R-5", Kind: model.SSHKey, Fields: modeltest.Fields(model.SSHKey, "fingerprint="+key)}
	want := map[string]time.Time{
		"203.0.113.77": at(
			9,
		), "203.0.113.9": at(7), "198.51.100.1": at(12), "http://198.51.100.1/x": at(12), "/etc/cron.d/x": at(12), "/tmp/.x": at(14), hash: at(14), key: {},
	}
	for _, x := range Of(oneFinding(at(9), login, failures, job, match, undated)) {
		if w, ok := want[x.Value]; !ok || !x.Time.Equal(w) {
			t.Errorf("%s was first seen %s, want %s", x.Value, x.Time.Format("15:04"), w.Format("15:04"))
		}
		delete(want, x.Value)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// Identifiers are those of earlier versions: who imported an event or a bundle once gets
// the same objects again.
func TestIdentifiers(t *testing.T) {
	if got, want := identifier("stix", "identity"), "82261103-ecc7-5116-98e7-6a4b62e1b305"; got != want {
		t.Errorf("the identifier is %s, want %s", got, want)
	}
}

// The earliest of several records says when an indicator was first seen, in whatever
// order they come.
func TestFirstSeenOfSeveral(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 1, 12, h, 0, 0, 0, time.UTC) }
	login := func(id string, h int) model.Record {
		return model.Record{
			ID: id, Kind: model.AuthLogin, Fields: modeltest.Fields(model.AuthLogin, "address=203.0.113.77"),
			Times: []model.Stamp{{What: "logged", Time: at(h)}},
		}
	}
	for _, hours := range [][]int{{9, 8, 10}, {8, 9, 10}, {10, 9, 8}} {
		list := Of(oneFinding(at(9), login("R-1", hours[0]), login("R-2", hours[1]), login("R-3", hours[2])))
		if len(list) != 1 || !list[0].Time.Equal(at(8)) {
			t.Errorf("%v: %+v", hours, list)
		}
	}
}

// What says nothing of the content of a file, and what is gone, is no path to look for.
func TestNoIndicators(t *testing.T) {
	notable := func(id, what string, state model.State) model.Record {
		return model.Record{
			ID: id, Kind: model.FileNotable, Source: model.Source{Path: "/x/" + what, SHA256: what, State: state},
			Fields: modeltest.Fields(model.FileNotable, "what="+what),
		}
	}
	login := model.Record{
		ID:     "R-9",
		Kind:   model.AuthLogin,
		Fields: modeltest.Fields(model.AuthLogin, "address=::ffff:127.0.0.1"),
	}
	list := Of(oneFinding(
		time.Time{},
		notable(
			"R-1",
			"immutable",
			model.Live,
		),
		notable("R-2", "device_outside_dev", model.Live),
		notable("R-3", "package_file_changed", model.Live),
		notable("R-4", "hidden_elf", model.Deleted),
		notable("R-5", "temp_elf", model.Live),
		login,
	))
	if got, want := values(list, Path), []string{"/x/temp_elf"}; !slices.Equal(got, want) {
		t.Errorf("paths %q, want %q", got, want)
	}
	if got, want := values(list, Hash), []string{"hidden_elf", "package_file_changed", "temp_elf"}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("hashes %q, want %q", got, want)
	}
	if got := values(list, Address); len(got) > 0 {
		t.Errorf("addresses %q", got)
	}
}
