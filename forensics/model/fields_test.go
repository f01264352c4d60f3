package model

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFields: each way to add a value, and what is then there.
func TestFields(t *testing.T) {
	type add func(*Record)
	text := func(name string, values ...string) add {
		return func(r *Record) {
			for _, v := range values {
				r.Add(name, v)
			}
		}
	}
	for _, tt := range []struct {
		name, field string
		kind        Kind
		add         add
		typ         Type
		text        string
		items       []string
		number      int64
		has, yes    bool
	}{
		{"text", "command", CronJob, text("command", "a,b"), Text, "a,b", []string{"a,b"}, 0, true, false},
		{"second text is left out", "command", CronJob, text("command", "a", "b"), Text, "a", []string{"a"}, 0, true, false},
		{"empty text is left out", "command", CronJob, text("command", ""), 0, "", nil, 0, false, false},
		{"text after an empty one", "command", CronJob, text("command", "", "b"), Text, "b", []string{"b"}, 0, true, false},
		{"path", "library", PreloadLibrary, text("library", "/a"), Path, "/a", []string{"/a"}, 0, true, false},
		{"field of a later version", "later", CronJob, text("later", "5"), Text, "5", []string{"5"}, 0, true, false},
		{"kind of a later version", "uid", "later.kind", text("uid", "5"), Text, "5", []string{"5"}, 0, true, false},
		{"list by items", "traits", CronJob, text("traits", "a,b", "", "c"), List, "a,b,c", []string{"a,b", "c"}, 0, true, false},
		{"list", "traits", CronJob, func(r *Record) { r.AddList("traits", []string{"a", "", "b"}) }, List, "a,b", []string{"a", "b"}, 0, true, false},
		{"list in two parts", "traits", CronJob, func(r *Record) { r.AddList("traits", []string{"a"}); r.AddList("traits", []string{"b"}) }, List, "a,b", []string{"a", "b"}, 0, true, false},
		{"list of nothing", "traits", CronJob, func(r *Record) { r.AddList("traits", []string{"", ""}); r.AddList("traits", nil) }, 0, "", nil, 0, false, false},
		{"number", "file_uid", CronJob, func(r *Record) { r.AddInt("file_uid", -7) }, Number, "-7", []string{"-7"}, -7, true, false},
		{"largest number", "file_uid", CronJob, text("file_uid", "9223372036854775807"), Number, "9223372036854775807", []string{"9223372036854775807"}, math.MaxInt64, true, false},
		{"smallest number", "file_uid", CronJob, func(r *Record) { r.AddInt("file_uid", math.MinInt64) }, Number, "-9223372036854775808", []string{"-9223372036854775808"}, math.MinInt64, true, false},
		{"second number is left out", "file_uid", CronJob, func(r *Record) { r.AddInt("file_uid", 1); r.AddInt("file_uid", 2) }, Number, "1", []string{"1"}, 1, true, false},
		{"number in digits", "file_uid", CronJob, text("file_uid", "12"), Number, "12", []string{"12"}, 12, true, false},
		{"too large a number", "file_uid", CronJob, text("file_uid", "9223372036854775808"), Text, "9223372036854775808", []string{"9223372036854775808"}, 0, true, false},
		{"number with a zero before it", "file_uid", CronJob, text("file_uid", "007"), Text, "007", []string{"007"}, 0, true, false},
		{"number with a sign", "file_uid", CronJob, text("file_uid", "+7"), Text, "+7", []string{"+7"}, 0, true, false},
		{"no number", "file_uid", CronJob, text("file_uid", "x"), Text, "x", []string{"x"}, 0, true, false},
		{"yes", "backup", AccountUser, func(r *Record) { r.AddBool("backup", true) }, Bool, "yes", []string{"yes"}, 0, true, true},
		{"no", "backup", AccountUser, func(r *Record) { r.AddBool("backup", false) }, Bool, "no", []string{"no"}, 0, true, false},
		{"yes as a text", "backup", AccountUser, text("backup", "yes"), Bool, "yes", []string{"yes"}, 0, true, true},
		{"no as a text", "backup", AccountUser, text("backup", "no"), Bool, "no", []string{"no"}, 0, true, false},
		{"second answer is left out", "backup", AccountUser, func(r *Record) { r.AddBool("backup", true); r.AddBool("backup", false) }, Bool, "yes", []string{"yes"}, 0, true, true},
		{"field of the journal", "recovered", AuthLogin, text("recovered", "yes"), Bool, "yes", []string{"yes"}, 0, true, true},
	} {
		r := Record{Kind: tt.kind}
		tt.add(&r)
		f := r.Field(tt.field)
		if r.Has(tt.field) != tt.has || (f != nil) != tt.has || len(r.Fields) > 1 {
			t.Errorf("%s: %v", tt.name, r.Fields)
			continue
		}
		if r.Get(tt.field) != tt.text || !slices.Equal(r.List(tt.field), tt.items) || r.Number(tt.field) != tt.number || r.Is(tt.field) != tt.yes {
			t.Errorf("%s: %q, %q, %d, %t", tt.name, r.Get(tt.field), r.List(tt.field), r.Number(tt.field), r.Is(tt.field))
		}
		if f == nil {
			continue
		}
		if n, ok := f.Number(); f.Type() != tt.typ || ok != (tt.typ == Number) || n != tt.number {
			t.Errorf("%s: %s, %d, %t", tt.name, f.Type(), n, ok)
		}
	}
	r := Record{Kind: CronJob}
	r.AddFields(Fields{Named("traits", "a"), Named("file_uid", "5"), Named("user", "root"), Named("traits", "b")})
	other := Record{Kind: CronJob}
	other.AddFields(r.Fields)
	if got := other.Fields.String(); got != "traits=a,b file_uid=5 user=root" || other.Field("traits").Type() != List || other.Field("file_uid").Type() != Number {
		t.Error(got)
	}
	if !r.Contains("traits", "b") || r.Contains("traits", "a,b") || r.Contains("user", "roo") || !r.Contains("user", "root") || r.Contains("gone", "") {
		t.Error("an item is found that is not there, or the other way")
	}
}

// TestCut: what is too long is cut at a character.
func TestCut(t *testing.T) {
	r := Record{Kind: CronJob}
	r.AddCut("command", "ab中文", 6)
	r.AddText("stdin", strings.Repeat("é", MaxText))
	r.AddCut("user", "中", 2)
	if got := r.Get("command"); got != "ab中" {
		t.Errorf("%q", got)
	}
	if got := r.Get("stdin"); got != strings.Repeat("é", MaxText/2) {
		t.Errorf("%d bytes", len(got))
	}
	if r.Has("user") {
		t.Errorf("a character cut in the middle is %q", r.Get("user"))
	}
}

// TestEscaped: a copy for writers of text has nothing left that a terminal obeys, and the
// original is as it was.
func TestEscaped(t *testing.T) {
	const bad = "\x1b]0;x\a"
	src := Source{Volume: "p1", Path: bad, Member: bad}
	msg := Msg("x", "a", bad, "b", []string{bad}, "c", Msg("y", "d", bad))
	rec := Record{ID: "R-000001", Kind: CronJob, Source: src}
	rec.Add("schedule", "plain")
	rec.Add("command", bad)
	rec.AddList("environment", []string{"plain", bad})
	make1 := func() *Analysis {
		return &Analysis{
			Tool: Tool{Name: bad, Version: bad}, Image: Image{Path: bad, Format: bad, Files: []ImageFile{{Path: bad}}}, Snapshot: Snapshot{Source: bad},
			Volumes:  []Volume{{Scheme: bad, Type: bad, Filesystem: bad, UUID: bad, Label: bad, Reason: bad}},
			Hosts:    []Host{{Name: bad, Image: bad, Mounts: []Mount{{Target: bad, Device: bad, Type: bad, Options: []string{bad}}}, Root: bad, Hostname: bad, OS: bad, OSID: bad, MachineID: bad, Timezone: bad}},
			Findings: []Finding{{Rule: bad, Title: bad, Description: bad, Excerpt: bad, Techniques: []string{bad}, Source: src, Message: msg, Details: []Message{msg}}},
			Records:  []Record{rec}, Story: []StoryLine{{Text: bad, Message: msg}},
			Coverage: Coverage{Gaps: []Gap{{Source: src, What: msg, Why: msg, WhatText: bad, WhyText: bad}}},
		}
	}
	a := make1()
	var dump strings.Builder
	opts := cmp.AllowUnexported(Field{}, Value{})
	dump.WriteString(cmp.Diff(new(Analysis), a.Escaped(), opts))
	// cmp writes an escape character as \x1b between quotes, and \x1b as `\x1b`.
	if s := dump.String(); strings.Contains(s, "\x1b") || strings.Contains(s, `\a`) || strings.Count(s, `x1b`) < 30 {
		t.Errorf("not all is escaped:\n%s", s)
	}
	if d := cmp.Diff(make1(), a, opts); d != "" {
		t.Errorf("the original was changed:\n%s", d)
	}
}

// TestMessages: what values there are, and what they are taken for.
func TestMessages(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	m := Msg("x", "text", "a", "int", 1, "int64", int64(-2), "uint64", uint64(3), "huge", uint64(math.MaxUint64), "list", []string{"l", "m"}, "none", []string{}, "time", at,
		"error", errors.New("bad"), "level", High, "kind", CronJob, "message", Msg("y"), "nothing", Message{}, 7, "no name", "value", ValueOf(5), "rest")
	for name, want := range map[string]string{
		"text": "a", "int": "1", "int64": "-2", "uint64": "3", "huge": "18446744073709551615", "list": "l", "none": "", "time": "2026-01-02T02:04:05.000000006Z", "error": "bad", "level": "high",
		"kind": "cron.job", "message": "y", "nothing": "", "value": "5", "gone": "", "rest": "",
	} {
		if got := m.Param(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if len(m.Params) != 14 {
		t.Errorf("%d parameters", len(m.Params))
	}
	if _, ok := m.Params["uint64"].Number(); !ok {
		t.Error("a count is no number")
	}
	values := []Value{{}, ValueOf("a"), ValueOf(0), ValueOf(1), ValueOf([]string{"a"}), ValueOf([]string{"a", "b"}), ValueOf([]string(nil)), ValueOf(at), ValueOf(time.Time{}), ValueOf(Msg("y")), ValueOf(Msg("z")), ValueOf(Msg("y", "a", 1))}
	for i, v := range values {
		for j, w := range values {
			if v.Equal(w) != (i == j) {
				t.Errorf("%v and %v are equal: %t", v, w, v.Equal(w))
			}
		}
		kinds := 0
		if _, ok := v.Text(); ok {
			kinds++
		}
		if _, ok := v.List(); ok {
			kinds++
		}
		if _, ok := v.Number(); ok {
			kinds++
		}
		if _, ok := v.Time(); ok {
			kinds++
		}
		if _, ok := v.Message(); ok {
			kinds++
		}
		if kinds != 1 {
			t.Errorf("%v is of %d kinds", v, kinds)
		}
	}
	if !Msg("a", "b", at).Equal(Msg("a", "b", at.UTC())) || Msg("a").Equal(Msg("b")) || Msg("a", "x", 1).Equal(Msg("a")) {
		t.Error("messages are equal that are not, or the other way")
	}
	if !(Message{}).IsZero() || Msg("a").IsZero() {
		t.Error("which message is none?")
	}
}

// TestWords: levels, states and types by name.
func TestWords(t *testing.T) {
	for _, l := range []Level{Informational, Low, Medium, High, Critical} {
		if got, err := ParseLevel(l.String()); err != nil || got != l {
			t.Errorf("%s: %v, %v", l, got, err)
		}
	}
	if _, err := ParseLevel("none"); err == nil {
		t.Error("none is a level")
	}
	for _, l := range []Level{None, 6} {
		if b, err := l.MarshalText(); err == nil {
			t.Errorf("level %d is written as %s", l, b)
		}
	}
	if b, err := State(3).MarshalText(); err == nil {
		t.Errorf("state 3 is written as %s", b)
	}
	if got := None.String() + Level(6).String() + Live.String() + State(3).String() + Text.String() + Bool.String() + Autostart.String(); got != "nonelevel(6)livestate(3)textyes/noautostart" {
		t.Error(got)
	}
	if !(When{}).IsZero() || (When{Time: time.Unix(0, 0)}).IsZero() {
		t.Error("which moment is unknown?")
	}
}

// TestLookups: the accessors of records and analyses.
func TestLookups(t *testing.T) {
	first, second := time.Unix(1, 0), time.Unix(2, 0)
	r := Record{ID: "R-000002", Times: []Stamp{{"logged", first, "year"}, {"logged", second, ""}}}
	if !r.Time("logged").Equal(first) || r.Stamp("logged").Inferred != "year" || !r.Time("first").IsZero() || r.Stamp("first") != (Stamp{}) {
		t.Errorf("%v", r.Times)
	}
	a := &Analysis{Records: []Record{{ID: "R-000001"}, r}}
	if got := a.Record("R-000002"); got != &a.Records[1] || a.Record("R-000003") != nil {
		t.Error(got)
	}
	if !reflect.DeepEqual(a.System(), Host{}) {
		t.Error(a.System())
	}
	a.Hosts = []Host{{ID: "h1"}, {ID: "h2"}}
	if a.System().ID != "h1" {
		t.Error(a.System())
	}
	f := Finding{}
	f.Add("x", "n", 1)
	if len(f.Details) != 1 || f.Details[0].Param("n") != "1" {
		t.Error(f.Details)
	}
	for _, g := range []struct {
		gap  Gap
		want bool
	}{{Gap{}, false}, {Gap{Source: Source{DiskOffset: -1}}, false}, {Gap{Source: Source{Image: "i1"}}, true}, {Gap{Source: Source{Volume: "p1"}}, true}, {Gap{Source: Source{Path: "/"}}, true}} {
		if g.gap.HasSource() != g.want {
			t.Errorf("%+v", g.gap.Source)
		}
	}
}
