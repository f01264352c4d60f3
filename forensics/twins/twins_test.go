package twins

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

var noon = time.Date(2026, 1, 12, 12, 0, 0, 0, time.UTC)

// log makes a record of a log at one moment, or of a row of attempts.
func log(id string, kind model.Kind, path string, from, to int, fields ...string) model.Record {
	r := model.Record{
		ID:     id,
		Kind:   kind,
		Source: model.Source{Volume: "p1", Path: path, Inode: uint64(len(path))},
		Fields: modeltest.Fields(kind, fields...),
	}
	a, b := noon.Add(time.Duration(from)*time.Second), noon.Add(time.Duration(to)*time.Second)
	switch kind {
	case model.AuthFailures, model.LoginFailures:
		r.Times = []model.Stamp{{What: "first", Time: a}, {What: "last", Time: b}}
	case model.LoginSession:
		r.Times = []model.Stamp{{What: "login", Time: a}, {What: "logout", Time: b}}
	default:
		r.Times = []model.Stamp{{What: "logged", Time: a}}
	}
	if strings.Contains(path, "journal") {
		r.AddInt("entry_offset", int64(from))
	}
	return r
}

const (
	authlog, journal, btmp, wtmp = "/var/log/auth.log", "/var/log/journal/0/system.journal", "/var/log/btmp", "/var/log/wtmp"
	one, two                     = "address=203.0.113.77", "address=203.0.113.78"
)

// What several logs count is paired, whichever of them there are; what differs in time,
// address, user or system is not.
func TestFindAll(t *testing.T) {
	inJournal := func(r model.Record, state model.State, inode uint64) model.Record {
		r.Source.State, r.Source.Inode = state, inode
		return r
	}
	for _, tt := range []struct {
		name    string
		records []model.Record
		want    string // second>first, sorted
	}{
		{"log and btmp", []model.Record{log("a", model.AuthFailures, authlog, 0, 1, one, "count=1"), log("b", model.LoginFailures, btmp, 0, 0, one, "count=1")}, "b>a"},
		{"btmp a second later", []model.Record{log("a", model.AuthFailures, authlog, 0, 1, one), log("b", model.LoginFailures, btmp, 4, 4, one)}, "b>a"},
		{"btmp too late", []model.Record{log("a", model.AuthFailures, authlog, 0, 1, one), log("b", model.LoginFailures, btmp, 5, 5, one)}, ""},
		{"btmp before", []model.Record{log("a", model.AuthFailures, authlog, 10, 11, one), log("b", model.LoginFailures, btmp, 6, 6, one)}, ""},
		{
			"btmp three seconds before",
			[]model.Record{log("a", model.AuthFailures, authlog, 10, 11, one), log("b", model.LoginFailures, btmp, 7, 7, one)},
			"b>a",
		},
		{
			"two texts",
			[]model.Record{
				log("a", model.AuthFailures, authlog, 0, 1, one, "count=1"),
				log("b", model.AuthFailures, "/var/log/syslog", 0, 1, one, "count=1"),
				log("c", model.AuthFailures, "/var/log/messages", 0, 1, one, "count=2"),
			},
			"b>a",
		},
		{"another address", []model.Record{log("a", model.AuthFailures, authlog, 0, 1, one), log("b", model.LoginFailures, btmp, 0, 0, two)}, ""},
		{"another system", []model.Record{onHost("h2", log("a", model.AuthFailures, "/srv/jail"+authlog, 0, 1, one)), log("b", model.LoginFailures, btmp, 0, 0, one)}, ""},
		{"no address", []model.Record{log("a", model.AuthFailures, authlog, 0, 1), log("b", model.LoginFailures, btmp, 0, 0)}, ""},
		{
			"rows of one address",
			[]model.Record{log("a", model.AuthFailures, authlog, 0, 100, one), log("b", model.AuthFailures, authlog, 1000, 1100, one), log("c", model.LoginFailures, btmp, 1001, 1099, one), log("d", model.LoginFailures, btmp, 2, 99, one), log("e", model.LoginFailures, btmp, 5000, 5000, one)},
			"c>b d>a",
		},
		{
			"all three",
			[]model.Record{log("a", model.AuthFailures, authlog, 0, 1, one, "count=3"), log("b", model.LoginFailures, btmp, 0, 0, one, "count=3"), log("c", model.AuthFailures, journal, 0, 1, one, "count=3")},
			"a>c b>c",
		},
		{
			"the journal lost a part",
			[]model.Record{log("a", model.AuthFailures, authlog, 0, 1, one, "count=3"), log("b", model.LoginFailures, btmp, 0, 0, one, "count=3"), log("c", model.AuthFailures, journal, 0, 1, one, "count=2")},
			"b>a c>a",
		},
		{
			"an older state of a log",
			[]model.Record{log("a", model.AuthFailures, authlog, 0, 1, one, "count=1"), inJournal(log("b", model.AuthFailures, authlog, 0, 1, one, "count=1"), model.Deleted, 99)},
			"b>a",
		},
		{"login and session", []model.Record{log("a", model.AuthLogin, authlog, 0, 0, one, "user=root"), log("b", model.LoginSession, wtmp, 1, 900, one, "user=root")}, "b>a"},
		{"a login of another user", []model.Record{log("a", model.AuthLogin, authlog, 0, 0, one, "user=root"), log("b", model.LoginSession, wtmp, 1, 900, one, "user=ana")}, ""},
		{"a session alone", []model.Record{log("a", model.AuthLogin, authlog, 0, 0, one, "user=root"), log("b", model.LoginSession, wtmp, 60, 900, one, "user=root")}, ""},
		{
			"a login in text, journal and wtmp",
			[]model.Record{log("a", model.AuthLogin, authlog, 0, 0, one, "user=root"), log("b", model.LoginSession, wtmp, 1, 900, one, "user=root"), log("c", model.AuthLogin, journal, 0, 0, one, "user=root")},
			"a>c b>c",
		},
		{"what somebody else wrote", []model.Record{log("a", model.AuthLogin, journal, 0, 0, one, "user=root", "sender=logger (uid 33)"), log("b", model.LoginSession, wtmp, 1, 900, one, "user=root")}, ""},
		{"another machine", []model.Record{log("a", model.AuthFailures, authlog, 0, 1, one, "remote_host=web03"), log("b", model.LoginFailures, btmp, 0, 0, one)}, ""},
	} {
		p := FindAll(tt.records)
		var got []string
		for _, r := range tt.records {
			if first := p.First(r.ID); first != "" {
				got = append(got, r.ID+">"+first)
				if !p.Second(r.ID) || !slices.Contains(p.Of(first), r.ID) || p.Second(first) {
					t.Errorf("%s: %s and %s are not paired both ways", tt.name, r.ID, first)
				}
			}
		}
		slices.Sort(got)
		if s := strings.Join(got, " "); s != tt.want || p.None() != (s == "") {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
}

// Pairs are found without holding each record against each, also where all are of the
// same moment.
func TestMany(t *testing.T) {
	const n = 60_000
	var list []model.Record
	for i := range n {
		list = append(list,
			log(fmt.Sprint("t", i), model.AuthLogin, authlog, 0, 0, one, "user=root"),
			log(fmt.Sprint("j", i), model.AuthLogin, journal, 0, 0, one, "user=root"),
			log(fmt.Sprint("f", i), model.AuthFailures, authlog, i, i, one),
			log(fmt.Sprint("b", i), model.LoginFailures, btmp, i, i, one),
		)
	}
	begun := time.Now()
	p := FindAll(list)
	for i := range n {
		if !p.Second(fmt.Sprint("t", i)) || !p.Second(fmt.Sprint("b", i)) {
			t.Fatalf("record %d has no twin", i)
		}
	}
	if d := time.Since(begun); d > 20*time.Second {
		t.Errorf("%d records took %s", len(list), d)
	}
}

func onHost(id string, r model.Record) model.Record {
	r.Source.Host = id
	return r
}
