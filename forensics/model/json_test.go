package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// same are the options under which two analyses are the same: lists that are empty, and
// lists that are not there, have the same JSON.
var same = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b Field) bool {
		return a.Name == b.Name && a.typ == b.typ && slices.Equal(a.Items(), b.Items()) && (a.list == nil) == (b.list == nil)
	}),
	cmp.Comparer(func(a, b Value) bool { return a.Equal(b) }),
}

func written(t *testing.T, a *Analysis) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := a.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRoundTrip: a random analysis is read back as the same value, and written again as
// the same bytes.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(300) {
		a := source{rand.New(rand.NewPCG(seed, 0))}.analysis()
		b := written(t, a)
		back, err := Read(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, b)
		}
		if d := cmp.Diff(a, back, same); d != "" {
			t.Fatalf("seed %d: another value is read back:\n%s", seed, d)
		}
		if c := written(t, back); !bytes.Equal(b, c) {
			t.Fatalf("seed %d: another text is written:\n%s", seed, cmp.Diff(string(b), string(c)))
		}
		for _, c := range b {
			if c < ' ' && c != '\n' || c == 0x7f {
				t.Fatalf("seed %d: a control character stands in the JSON", seed)
			}
		}
	}
}

// TestTimesBeyond: a time that RFC 3339 cannot hold is written as an unknown one. An
// image can state any: a number of microseconds has room for 584,000 years.
func TestTimesBeyond(t *testing.T) {
	for _, at := range []time.Time{time.Unix(1<<60, 0), time.Unix(-1<<60, 0), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		r := Record{ID: "R-000001", Name: "x", Kind: CronRun, Times: []Stamp{{What: "first", Time: at}, {What: "last", Time: time.Unix(1, 0)}}}
		m := Msg("x", "at", at)
		a := &Analysis{
			Schema: SchemaName, Verdict: Verdict{State: Compromised, Since: When{Time: at}}, Records: []Record{r}, Snapshot: Snapshot{TakenAt: at},
			Findings: []Finding{{ID: "F-0001", Engine: EngineSigma, Level: Low, When: When{Time: at}, Message: m}},
		}
		b := written(t, a)
		back, err := Read(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%v: %v", at, err)
		}
		if !bytes.Equal(written(t, back), b) {
			t.Errorf("%v: another text is written", at)
		}
		if got := back.Records[0].Times; len(got) != 1 || got[0].What != "last" || !back.Findings[0].When.IsZero() || !back.Snapshot.TakenAt.IsZero() {
			t.Errorf("%v: %+v", at, got)
		}
	}
}

// TestReadRefuses: what is no analysis is refused, and the error names the place.
func TestReadRefuses(t *testing.T) {
	a := source{rand.New(rand.NewPCG(1, 1))}.analysis()
	src := Source{Volume: "p1", Path: "/x", DiskOffset: -1}
	rec := Record{ID: "R-000001", Name: "cron.job-0", Kind: CronJob, Source: src, Times: []Stamp{{What: "modified", Time: time.Unix(0, 0)}}}
	rec.Add("schedule", "@daily")
	rec.AddInt("file_uid", 7)
	rec.AddList("traits", []string{"fetch"})
	a.Records = []Record{rec}
	f := Finding{
		ID: "F-0001", Name: "x-0", Rule: "x", Engine: EngineSigma, Level: High, Phase: PhaseEvasion, When: When{Time: time.Unix(0, 0), Meaning: Exact}, Source: src,
		Message: Msg("rule.title", "title", "x", "n", 1), Records: []string{"R-000001"},
	}
	a.Findings = []Finding{f}
	a.Verdict = Verdict{State: Suspicious, Because: []string{"F-0001"}}
	a.Coverage = Coverage{Gaps: []Gap{{Subject: SubjectFile, Weight: Minor, Source: Source{Volume: "p1", Path: "/etc/y", DiskOffset: -1}, What: Msg("text", "text", "y")}}}
	a.Volumes, a.Hosts, a.Story = nil, nil, nil
	text := string(written(t, a))
	if _, err := Read(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"empty", text, "", "ends before"},
		{"another thing", text, "[]", "a list in place of an object"},
		{"a text", text, `"x` + `"`, "a string in place of an object"},
		{"cut", "\n  }\n}\n", "", "ends before"},
		{"more", "\n  }\n}\n", "\n  }\n}\n{}", "follows the end"},
		{"garbage", "\n  }\n}\n", "\n  }\n}\nx", "follows the end"},
		{"nothing", text, "null", "null in place of an object"},
		{"number for a schema", `"schema": "icecore.analysis/2"`, `"schema": 5`, "schema: number in place of a string"},
		{"record twice", `"records": [
    {`, `"records": [
    ` + jsonOf(t, rec) + `, {`, `records: "R-000001" stands twice`},
		{"finding twice", `"findings": [
    {`, `"findings": [
    ` + jsonOf(t, f) + `, {`, `findings: "F-0001" stands twice`},
		{"too long a text", `"path": "/x",`, `"path": "/` + strings.Repeat("x", 2*maxPiece) + `",`, "a value of more than 16 MiB"},
		{"too long a name", `"schema":`, `"` + strings.Repeat("x", 2*maxPiece) + `": "", "schema":`, "a value of more than 16 MiB"},
		{"other schema", "analysis/2", "analysis/1", `schema: "icecore.analysis/1": want icecore.analysis/2`},
		{"schema twice", `"schema":`, `"schema": "icecore.analysis/2", "schema":`, "member schema: stands twice"},
		{"capitals", `"schema":`, `"Schema":`, `a member is named "Schema"`},
		{"no records", `"records": [
    {`, `"record": [
    {`, "member records is missing"},
		{"no id", `"id": "R-000001",`, ``, "records: item 1: member id is missing"},
		{"no state", `"state": "live"
      },
      "times"`, `"stat": "live"
      },
      "times"`, "records: item 1 (R-000001): member state is missing"},
		{"id twice", `"id": "R-000001",`, `"id": "R-000001", "id": "R-000002",`, "records: item 1 (R-000002): member id: stands twice"},
		{"number for a text", `"path": "/x",`, `"path": 5,`, "(F-0001): member path: number in place of a string"},
		{"text for a number", `"offset": 0`, `"offset": "0"`, "(F-0001): member offset: string in place of a whole number"},
		{"fraction", `"offset": 0`, `"offset": 0.5`, "(F-0001): member offset: number 0.5 in place of a whole number"},
		{"too large", `"inode": 0`, `"inode": 18446744073709551616`, "in place of a whole number of its range"},
		{"negative inode", `"inode": 0`, `"inode": -1`, "in place of a whole number of its range"},
		{"unknown state of a file", `"state": "live"`, `"state": "alive"`, `(F-0001): no state "alive" of a file`},
		{"unknown level", `"level": "high"`, `"level": "hi\u001bgh"`, `findings: item 1 (F-0001): no level "hi\x1bgh"`},
		{"level none", `"level": "high"`, `"level": "none"`, `(F-0001): no level "none"`},
		{"unknown engine", `"engine": "sigma"`, `"engine": "snort"`, `(F-0001): no engine "snort"`},
		{"unknown phase", `"phase": "evasion"`, `"phase": ""`, `(F-0001): no phase ""`},
		{"unknown meaning", `"time_meaning": "exact"`, `"time_meaning": "about"`, `(F-0001): no meaning of a time "about"`},
		{"unknown verdict", `"state": "suspicious"`, `"state": "clean"`, `verdict: no state of a verdict "clean"`},
		{"unknown weight", `"weight": "minor"`, `"weight": "none"`, `coverage: not_read: item 1: no weight "none"`},
		{"zone", `"time": "1970-01-01T00:00:00Z",
      "time_m`, `"time": "1970-01-01T00:00:00+01:00",
      "time_m`, `(F-0001): "1970-01-01T00:00:00+01:00" is no time in UTC`},
		{"no time", `"time": "1970-01-01T00:00:00Z",
      "time_m`, `"time": "1970-02-30T00:00:00Z",
      "time_m`, "is no time in UTC"},
		{"null", `"file_uid": 7`, `"file_uid": null`, "records: item 1 (R-000001): null is no value"},
		{"null in a list", `"F-0001"
    ]`, `null
    ]`, "verdict: null is no value"},
		{"object for a field", `"file_uid": 7`, `"file_uid": {}`, "(R-000001): member file_uid: neither text"},
		{"number for a text field", `"schedule": "@daily"`, `"schedule": 7`, "(R-000001): field schedule of cron.job: a number in place of a text"},
		{"text for a list field", `"traits": [
          "fetch"
        ]`, `"traits": "fetch"`, "(R-000001): field traits of cron.job: a text in place of a list"},
		{"digits for a number field", `"file_uid": 7`, `"file_uid": "7"`, "(R-000001): field file_uid of cron.job: a text in place of a number"},
		{"fraction for a number field", `"file_uid": 7`, `"file_uid": 7.0`, "(R-000001): member file_uid: 7.0 is no whole number"},
		{"number in a list", `          "fetch"`, `          7`, "(R-000001): member traits:"},
		{"field twice", `"file_uid": 7`, `"file_uid": 7, "file_uid": 8`, "(R-000001): member file_uid: stands twice"},
		{"bad escape", `"@daily"`, `"@daily\\x4"`, `(R-000001): member schedule: text: at byte 6`},
		{"escape in an id", `"id": "R-000001"`, `"id": "R-\u001b000001"`, `is no id, name or hash`},
		{"escape in a kind", `"kind": "cron.job"`, `"kind": "cron\u202e.job"`, `(R-000001): "cron\xe2\x80\xae.job" is no id, name or hash`},
		{"message without id", `"id": "rule.title",`, ``, "(F-0001): member id is missing"},
		{"escape in a message id", `"id": "rule.title"`, `"id": "\u001b"`, `(F-0001): "\x1b" is no id, name or hash`},
		{"boolean in a message", `"n": 1`, `"n": true`, "(F-0001): member n: true is neither"},
		{"list of numbers in a message", `"n": 1`, `"n": [1]`, "(F-0001): member n:"},
		{"object in a message", `"n": 1`, `"n": {}`, "(F-0001): member n: member id is missing"},
		{"deep", `"n": 1`, `"n": ` + strings.Repeat(`{"id":"x","params":{"a":`, 9) + "1" + strings.Repeat("}}", 9), "(F-0001): more than 16 objects and lists"},
		{"list for an object", `"image": {`, `"image": [], "other": {`, "image: not an object"},
		{"object for a list", `"volumes": []`, `"volumes": {}`, "volumes: an object in place of a list"},
	} {
		if !strings.Contains(text, tt.old) {
			t.Errorf("%s: the analysis has no %s", tt.name, tt.old)
			continue
		}
		_, err := Read(strings.NewReader(strings.Replace(text, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
		if err != nil && (strings.ContainsAny(err.Error(), "\x1b\u202e") || len(err.Error()) > 400) {
			t.Errorf("%s: the error %q cannot be shown", tt.name, err)
		}
	}
	var many strings.Builder
	for i := range maxMembers + 1 {
		many.WriteString(`"a` + strings.Repeat("b", i) + `":1,`)
	}
	if _, err := Read(strings.NewReader(strings.Replace(text, `"file_uid": 7`, strings.TrimSuffix(many.String(), ","), 1))); err == nil || !strings.Contains(err.Error(), "more than 256 members") {
		t.Error(err)
	}
}

// TestReadLater: what a later version of the same schema adds does no harm.
func TestReadLater(t *testing.T) {
	text := strings.NewReplacer(
		`"schema":`, `"inventory": {"x": [1.5, {}]}, "schema":`,
		`"id": "R-000001"`, `"id": "R-000001", "confidence": 0.5`,
		`"fields": {`, `"fields": {"new_field": "x", `,
	).Replace(string(written(t, &Analysis{Schema: SchemaName, Verdict: Verdict{State: NoIndicators}, Records: []Record{{ID: "R-000001", Kind: "new.kind", Fields: Fields{Named("a", "b")}}}})))
	a, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if r := &a.Records[0]; r.Kind != "new.kind" || r.Get("new_field") != "x" || r.Get("a") != "b" {
		t.Errorf("%+v", r)
	}
}

// full is a disk with room for so many bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.room)
	f.room -= n
	if n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// TestWriteFull: a disk that is full is an error, also where only the last byte is missing.
func TestWriteFull(t *testing.T) {
	a := source{rand.New(rand.NewPCG(3, 3))}.analysis()
	a.Records = append(a.Records, large(2000).Records...)
	size := len(written(t, a))
	for _, room := range []int{0, 1, 100_000, size - 1} {
		if err := a.Write(&full{room}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("room for %d of %d bytes: %v", room, size, err)
		}
	}
	if err := a.Write(&full{size}); err != nil {
		t.Error(err)
	}
	a.Findings = []Finding{{Level: None}}
	if err := a.Write(&full{size * 2}); err == nil || !strings.Contains(err.Error(), "no level 0") {
		t.Error(err)
	}
}

// FuzzRead: whatever the file, reading it ends without a panic; what is read is the same
// after being written and read again.
func FuzzRead(f *testing.F) {
	for seed := range uint64(8) {
		var b bytes.Buffer
		if err := (source{rand.New(rand.NewPCG(seed, 2))}).analysis().Write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"schema":"icecore.analysis/2","schema":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		c := written(t, a)
		back, err := Read(bytes.NewReader(c))
		if err != nil {
			t.Fatalf("%v\n%s", err, c)
		}
		if d := cmp.Diff(a, back, same); d != "" {
			t.Fatalf("another value is read back:\n%s", d)
		}
		if d := written(t, back); !bytes.Equal(c, d) {
			t.Fatal("another text is written")
		}
	})
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
