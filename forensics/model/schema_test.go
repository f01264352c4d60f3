package model_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"icecore/forensics/model"
)

var update = flag.Bool("update", false, "write the schema anew")

// inodeTimes are the stamps that a record of any kind may have.
var inodeTimes = []string{"modified", "changed", "created", "accessed", "deleted"}

// ruleOf returns what the schema says of the records of a kind.
func ruleOf(k *model.KindInfo) string {
	what := slices.Clone(inodeTimes)
	for _, s := range k.Times {
		if !slices.Contains(what, s.What) {
			what = append(what, s.What)
		}
	}
	stamps, _ := json.Marshal(what)
	return fmt.Sprintf(`{"if": {"properties": {"kind": {"const": %q}}}, "then": {"properties": {"fields": {"$ref": "#/$defs/%s"}, "times": {"items": {"properties": {"what": {"enum": %s}}}}}}}`,
		k.Kind, k.Kind, stamps)
}

// fieldsOf returns the definition of the fields of a kind.
func fieldsOf(fields []model.FieldInfo, more string) string {
	var b strings.Builder
	b.WriteString("{\n   \"type\": \"object\",\n   \"properties\": {")
	for i, f := range fields {
		typ := map[model.Type]string{
			model.Text: `{"$ref": "#/$defs/text"}`, model.Path: `{"$ref": "#/$defs/text"}`, model.List: `{"type": "array", "items": {"$ref": "#/$defs/text"}, "minItems": 1}`,
			// What an image has in place of a number is a text.
			model.Number: `{"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/text"}]}`, model.Bool: `{"type": "boolean"}`,
		}[f.Type]
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n    %q: %s", f.Name, typ)
	}
	b.WriteString("\n   }" + more + "\n  }")
	return b.String()
}

// generated makes the schema from its template and the table of kinds.
func generated(t *testing.T) string {
	t.Helper()
	tmpl, err := os.ReadFile("testdata/analysis.schema.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var names, rules []string
	defs := []string{`"journal_fields": ` + fieldsOf(model.JournalFields(), "")}
	for _, k := range model.Kinds() {
		names = append(names, fmt.Sprintf("%q", k.Kind))
		rules = append(rules, ruleOf(&k))
		fields, more := k.Fields, ",\n   \"$ref\": \"#/$defs/journal_fields\",\n   \"unevaluatedProperties\": false"
		own := func(f model.FieldInfo) bool {
			return slices.ContainsFunc(k.Fields, func(g model.FieldInfo) bool { return f.Name == g.Name })
		}
		if slices.ContainsFunc(model.JournalFields(), own) { // of another type
			fields, more = slices.Concat(fields, slices.DeleteFunc(model.JournalFields(), own)), ",\n   \"additionalProperties\": false"
		}
		defs = append(defs, fmt.Sprintf("%q: %s", k.Kind, fieldsOf(fields, more)))
	}
	return strings.NewReplacer(
		`"@kinds@"`, strings.Join(names, ", "),
		`"@rules@"`, "\n    "+strings.Join(rules, ",\n    ")+"\n   ",
		`"@fields@": {}`, strings.Join(defs, ",\n  "),
	).Replace(string(tmpl))
}

// TestSchemaFile: the schema is what its template and the table of kinds say.
func TestSchemaFile(t *testing.T) {
	want := generated(t)
	if *update {
		if err := os.WriteFile("analysis.schema.json", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, string(model.Schema())); d != "" {
		t.Errorf("the schema is not what the table of kinds says (go test ./forensics/model -run TestSchemaFile -update writes it):\n%s", d)
	}
}

// compiled returns the schema as a validator. A strict one refuses what the schema does
// not name, too: this version writes nothing else.
func compiled(t testing.TB, strict bool) *jsonschema.Schema {
	t.Helper()
	text := model.Schema()
	if strict {
		open := []byte(`"additionalProperties": true`)
		if bytes.Count(text, open) != 22 {
			t.Fatalf("%d objects of the schema may get more members", bytes.Count(text, open))
		}
		text = bytes.ReplaceAll(text, open, []byte(`"additionalProperties": false`))
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("analysis.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("analysis.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate holds the text of an analysis against a schema.
func validate(t testing.TB, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}
