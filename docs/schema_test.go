package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"icecore/forensics/model"
)

// TestAnalysisJSON: analysis-json.md names the members that the schema has, no more and
// no fewer.
func TestAnalysisJSON(t *testing.T) {
	const page = "analysis-json.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := generated(t, string(b), "analysis.schema.json", memberTables(t))
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(b), got); d != "" {
		t.Errorf("%s is not what the schema says (go test ./docs -run TestAnalysisJSON -update writes it):\n%s", page, d)
	}
}

// definition is what the page needs of a part of the schema.
type definition struct {
	Description string
	Type        string
	Enum        []string
	Const       *string
	Ref         string `json:"$ref"`
	Items       *definition
	AnyOf       []definition `json:"anyOf"`
	Required    []string
	Properties  json.RawMessage
	Defs        json.RawMessage `json:"$defs"`
}

// ordered calls fn with each member of an object in its order.
func ordered(t *testing.T, object []byte, fn func(name string, d definition)) {
	t.Helper()
	if object == nil {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var d definition
		if err := dec.Decode(&d); err != nil {
			t.Fatalf("%v: %v", name, err)
		}
		fn(name.(string), d)
	}
}

func memberTables(t *testing.T) string {
	t.Helper()
	var root definition
	if err := json.Unmarshal(model.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	objects := make(map[string]bool) // those with a table
	ordered(t, root.Defs, func(name string, d definition) {
		objects[name] = d.Type == "object" && !strings.Contains(name, ".") && name != "journal_fields"
	})
	var b strings.Builder
	section(t, &b, "analysis", &root, objects)
	ordered(t, root.Defs, func(name string, d definition) {
		if objects[name] {
			b.WriteString("\n")
			section(t, &b, name, &d, objects)
		}
	})
	return b.String()
}

func section(t *testing.T, b *strings.Builder, name string, d *definition, objects map[string]bool) {
	fmt.Fprintf(b, "### %s\n\n%s\n\n| member | type | | meaning |\n|---|---|---|---|\n", name, d.Description)
	ordered(t, d.Properties, func(member string, m definition) {
		always := ""
		if slices.Contains(d.Required, member) {
			always = "always"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", member, typeName(&m, objects), always, m.Description)
	})
}

func typeName(d *definition, objects map[string]bool) string {
	name := strings.TrimPrefix(d.Ref, "#/$defs/")
	switch {
	case objects[name]:
		return fmt.Sprintf("[%s](#%s)", name, name)
	case name == "sha256":
		return "SHA-256, hex"
	case d.Ref != "":
		return strings.ReplaceAll(name, "_", " ")
	case d.Type == "array":
		return "list of " + typeName(d.Items, objects)
	case len(d.AnyOf) > 0:
		return typeName(&d.AnyOf[0], objects)
	case d.Const != nil:
		return "`" + *d.Const + "`"
	case len(d.Enum) > 0:
		return "word"
	case d.Type == "integer":
		return "number"
	}
	return d.Type
}

var jsonRE = regexp.MustCompile("(?s)```json\n(.*?)```")

// TestAnalysisExample: the example of analysis-json.md holds to the schema.
func TestAnalysisExample(t *testing.T) {
	page, err := os.ReadFile("analysis-json.md")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(model.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:icecore:analysis:2", doc); err != nil {
		t.Fatal(err)
	}
	m := jsonRE.FindSubmatch(page)
	if m == nil {
		t.Fatal("the page has no example")
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for list, def := range map[string]string{"findings": "finding", "records": "record"} {
		s, err := c.Compile("urn:icecore:analysis:2#/$defs/" + def)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range v.(map[string]any)[list].([]any) {
			n++
			if err := s.Validate(item); err != nil {
				t.Error(err)
			}
		}
	}
	if n < 2 {
		t.Errorf("%d items", n)
	}
}
