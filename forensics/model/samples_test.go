package model_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"icecore/fixtures"
	"icecore/forensics"
	"icecore/forensics/model"
)

// analyzed returns the JSON of the analysis of an image, which holds to the schema, and
// is the same after it was read and written again.
func analyzed(t *testing.T, image string) []byte {
	t.Helper()
	a, err := forensics.Analyze(t.Context(), image, forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text, again bytes.Buffer
	if err := a.Write(&text); err != nil {
		t.Fatal(err)
	}
	back, err := model.Read(bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Write(&again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), again.Bytes()) {
		t.Error("read and written again, the analysis is another")
	}
	if err := validate(t, compiled(t, true), text.Bytes()); err != nil {
		t.Errorf("the analysis does not hold to the schema: %.2000v", err)
	}
	return text.Bytes()
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	if tool := fixtures.Missing(); tool != "" {
		t.Skipf("needs %s: apt-get install e2fsprogs gdisk dosfstools", tool)
	}
	image := filepath.Join(t.TempDir(), name+".img")
	if err := fixtures.Build(t.Context(), name, image); err != nil {
		t.Fatal(err)
	}
	return analyzed(t, image)
}

// TestSamples: the analyses of the samples hold to the schema, and are byte for byte the
// same after being read and written again.
func TestSamples(t *testing.T) {
	for _, name := range fixtures.Samples() {
		if text := sample(t, name); !bytes.Contains(text, []byte(`"F-0001"`)) {
			t.Errorf("%s: the analysis has no finding", name)
		}
	}
}

// TestRandom: random records of each kind hold to the schema, also those of the journal.
func TestRandom(t *testing.T) {
	schema := compiled(t, true)
	a := &model.Analysis{Schema: model.SchemaName, Verdict: model.Verdict{State: model.NoIndicators}, Image: model.Image{ID: "i1"}}
	for _, k := range model.Kinds() {
		for _, fields := range [][]model.FieldInfo{k.Fields, slices.Concat(k.Fields, model.JournalFields())} {
			r := model.Record{Kind: k.Kind, Source: model.Source{Volume: "p1", Path: "/x\xff", DiskOffset: -1}}
			for _, f := range fields {
				switch f.Type {
				case model.List:
					r.AddList(f.Name, []string{"\x1b", `\`})
				case model.Number:
					r.AddInt(f.Name, -1<<63)
				case model.Bool:
					r.AddBool(f.Name, true)
				default:
					r.Add(f.Name, "\u202e")
				}
			}
			for _, s := range k.Times {
				r.Times = append(r.Times, model.Stamp{What: s.What, Time: time.Unix(0, 1), Inferred: "year, zone"})
			}
			a.Records = append(a.Records, r)
		}
	}
	model.NumberRecords(a.Records, nil)
	var text bytes.Buffer
	if err := a.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := validate(t, schema, text.Bytes()); err != nil {
		t.Errorf("%.2000v", err)
	}
	if _, err := model.Read(&text); err != nil {
		t.Error(err)
	}
}

// TestLab: so are those of the lab's snapshots.
func TestLab(t *testing.T) {
	lab := os.Getenv("ICECORE_LAB")
	if lab == "" {
		t.Skip("ICECORE_LAB names no directory with the lab's images")
	}
	images, err := filepath.Glob(filepath.Join(lab, "gen*.raw"))
	if err != nil || len(images) == 0 {
		t.Skipf("%s holds no gen*.raw", lab)
	}
	for _, image := range images {
		t.Run(filepath.Base(image), func(t *testing.T) { t.Logf("%d bytes of JSON", len(analyzed(t, image))) })
	}
}

// node is an object of JSON.
type node = map[string]any

// first returns the first object of a list for which ok is true.
func first(list any, ok func(node) bool) node {
	for _, v := range list.([]any) {
		if n := v.(node); ok(n) {
			return n
		}
	}
	return nil
}

// broken are analyses that differ from a sound one in one place: what is done to it,
// which place and which keyword of the schema refuse it, and whether [model.Read] does,
// too. Read keeps what a later version may add.
var broken = []struct {
	name, at, want string
	refused        bool
	do             func(a, finding, record node)
}{
	{"another schema", "/schema", "value must be", true, func(a, _, _ node) { a["schema"] = "icecore.analysis/1" }},
	{"no records", "", "missing property 'records'", true, func(a, _, _ node) { delete(a, "records") }},
	{"no coverage", "", "missing property 'coverage'", true, func(a, _, _ node) { delete(a, "coverage") }},
	{"verdict clean", "/verdict/state", "value must be one of", true, func(a, _, _ node) { a["verdict"].(node)["state"] = "clean" }},
	{"because of nothing", "/verdict", "missing property 'because'", true, func(a, _, _ node) { delete(a["verdict"].(node), "because") }},
	{"because of a record", "/verdict/because/0", "does not match pattern", false, func(a, _, _ node) { a["verdict"].(node)["because"] = []any{"R-000001"} }},
	{"a basis without a time", "/verdict", "'since' required, if 'since_basis' exists", false, func(a, _, _ node) {
		delete(a["verdict"].(node), "since")
		a["verdict"].(node)["since_basis"] = "changed"
	}},
	{"finding without engine", "/findings/0", "missing property 'engine'", true, func(_, f, _ node) { delete(f, "engine") }},
	{"short number of a finding", "/findings/0/id", "does not match pattern", false, func(_, f, _ node) { f["id"] = "F-1" }},
	{"stable name", "/findings/0/name", "does not match pattern", false, func(_, f, _ node) { f["name"] = "x" }},
	{"level none", "/findings/0/level", "value must be one of", true, func(_, f, _ node) { f["level"] = "none" }},
	{"unknown engine", "/findings/0/engine", "value must be one of", true, func(_, f, _ node) { f["engine"] = "snort" }},
	{"unknown phase", "/findings/0/phase", "value must be one of", true, func(_, f, _ node) { f["phase"] = "impact" }},
	{"unknown meaning", "/findings/0/time_meaning", "value must be one of", true, func(_, f, _ node) { f["time_meaning"] = "about" }},
	{"time with a zone", "/findings/0/time", "does not match pattern", true, func(_, f, _ node) { f["time"] = "2026-01-12T08:58:31+08:00" }},
	{"time with zeros", "/findings/0/time", "does not match pattern", true, func(_, f, _ node) { f["time"] = "2026-01-12T08:58:31.500Z" }},
	{"technique", "/findings/0/techniques/0", "does not match pattern", false, func(_, f, _ node) { f["techniques"] = []any{"1110"} }},
	{"control character", "/findings/0/title", "does not match pattern", false, func(_, f, _ node) { f["title"] = "\x1b[2J" }},
	{"bad escape", "/findings/0/excerpt", "does not match pattern", true, func(_, f, _ node) { f["excerpt"] = `\n` }},
	{"float in a message", "/findings/0/message/params/n", "anyOf", true, func(_, f, _ node) { f["message"].(node)["params"].(node)["n"] = json.Number("0.5") }},
	{"null", "/findings/0/phase", "value must be one of", true, func(_, f, _ node) { f["phase"] = nil }},
	{"unknown kind", "/records/0/kind", "value must be one of", false, func(_, _, r node) { r["kind"] = "cron.jobs" }},
	{"unknown field", "/records/0/fields/scedule", "false schema", false, func(_, _, r node) { r["fields"].(node)["scedule"] = "@daily" }},
	{"field of another kind", "/records/0/fields/fingerprint", "false schema", false, func(_, _, r node) { r["fields"].(node)["fingerprint"] = "x" }},
	{"number for a text", "/records/0/fields/schedule", "want string", true, func(_, _, r node) { r["fields"].(node)["schedule"] = json.Number("5") }},
	{"text for a list", "/records/0/fields/traits", "want array", true, func(_, _, r node) { r["fields"].(node)["traits"] = "fetch" }},
	{"text for a boolean", "/records/0/fields/altered", "want boolean", true, func(_, _, r node) { r["fields"].(node)["altered"] = "yes" }},
	{"time of another kind", "/records/0/times/0/what", "value must be one of", false, func(_, _, r node) { r["times"].([]any)[0].(node)["what"] = "login" }},
	{"unknown state", "/records/0/source/state", "value must be one of", true, func(_, _, r node) { r["source"].(node)["state"] = "gone" }},
	{"no inode", "/records/0/source", "missing property 'inode'", true, func(_, _, r node) { delete(r["source"].(node), "inode") }},
	{"negative offset", "/records/0/source/offset", "minimum", false, func(_, _, r node) { r["source"].(node)["offset"] = json.Number("-1") }},
	{"hash", "/records/0/source/sha256", "does not match pattern", false, func(_, _, r node) { r["source"].(node)["sha256"] = "AB" }},
	{"line 0", "/records/0/source/line", "minimum", false, func(_, _, r node) { r["source"].(node)["line"] = json.Number("0") }},
	{"volumes as an object", "/volumes", "want array", true, func(a, _, _ node) { a["volumes"] = node{} }},
	{"size as a text", "/volumes/0/size", "want integer", true, func(a, _, _ node) { a["volumes"].([]any)[0].(node)["size"] = "1" }},
	{"unknown weight", "/coverage/not_read/0/weight", "value must be one of", true, func(a, _, _ node) {
		a["coverage"].(node)["not_read"].([]any)[0].(node)["weight"] = "heavy"
	}},
	{"unknown subject", "/coverage/not_read/0/subject", "value must be one of", false, func(a, _, _ node) {
		a["coverage"].(node)["not_read"].([]any)[0].(node)["subject"] = "thing"
	}},
}

// TestBroken: the schema refuses each broken analysis for the reason that it is broken
// for, and accepts the same one unbroken.
func TestBroken(t *testing.T) {
	text := sample(t, "compromised")
	schema := compiled(t, false)
	small := func() (a, finding, record node) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		a = v.(node)
		finding = first(a["findings"], func(n node) bool { return n["time_basis"] == nil && n["excerpt"] != nil && n["phase"] != nil })
		record = first(a["records"], func(n node) bool {
			return n["kind"] == "cron.job" && n["fields"].(node)["traits"] != nil && n["times"] != nil
		})
		a["findings"], a["records"] = []any{finding}, []any{record}
		return a, finding, record
	}
	a, _, _ := small()
	if err := schema.Validate(a); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a) // without the other records
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range broken {
		a, finding, record := small()
		tt.do(a, finding, record)
		err := schema.Validate(a)
		if err == nil {
			t.Errorf("%s: accepted", tt.name)
			continue
		}
		if got := reasons(err.(*jsonschema.ValidationError)); !strings.Contains(got, "\n"+tt.at+": ") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: refused at%s\nwant %s: %s", tt.name, got, tt.at, tt.want)
		}
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := model.Read(bytes.NewReader(b)); (err != nil) != tt.refused {
			t.Errorf("%s: read: %v", tt.name, err)
		}
	}
}

// reasons lists each place that was refused, with why.
func reasons(e *jsonschema.ValidationError) string {
	var b strings.Builder
	b.WriteString("\n/" + strings.Join(e.InstanceLocation, "/") + ": " + strings.ReplaceAll(e.Error(), "\n", " "))
	for _, c := range e.Causes {
		b.WriteString(reasons(c))
	}
	return strings.ReplaceAll(b.String(), "\n/: ", "\n: ")
}
