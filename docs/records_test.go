package docs_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// TestRecords: records.md says what the tables of kinds and of traits say. What is
// generated stands between two comments; all else is written by hand.
func TestRecords(t *testing.T) {
	const page = "records.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := generated(t, generated(t, string(b), "shell.Traits", traitTable()), "model.Kinds", kindSections())
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(b), got); d != "" {
		t.Errorf("records.md is not what the tables say (go test ./docs -run TestRecords -update writes it):\n%s", d)
	}
}

// generated puts a text between the comment that names what it is made from and the
// next end.
func generated(t *testing.T, page, from, text string) string {
	t.Helper()
	before, rest, ok := strings.Cut(page, "<!-- made from "+from+" -->\n")
	_, after, end := strings.Cut(rest, "<!-- end -->")
	if !ok || !end {
		t.Fatalf("the page has no place for what is made from %s", from)
	}
	return before + "<!-- made from " + from + " -->\n\n" + text + "\n<!-- end -->" + after
}

func traitTable() string {
	var b strings.Builder
	b.WriteString("| trait | the command |\n|---|---|\n")
	for _, i := range shell.Traits() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", i.Name, i.Doc)
	}
	return b.String()
}

func kindSections() string {
	var b strings.Builder
	for n, g := range model.Groups() {
		if n > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "## %s\n", g.Group)
		if g.Doc != "" {
			fmt.Fprintf(&b, "\n%s\n", g.Doc)
		}
		for _, k := range model.Kinds() {
			if k.Group == g.Group {
				kindSection(&b, &k)
			}
		}
	}
	b.WriteString("\n## Any record from the systemd journal\n\nWhat such a record has besides the fields of its kind.\n\n| field | type | meaning |\n|---|---|---|\n")
	fieldRows(&b, model.JournalFields())
	return b.String()
}

func kindSection(b *strings.Builder, k *model.KindInfo) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", k.Kind, k.Doc)
	switch {
	case k.Runs:
		fmt.Fprintf(b, "- Role: %s, %s\n", k.Role, model.Autostart)
	case k.Role != model.Fact:
		fmt.Fprintf(b, "- Role: %s\n", k.Role)
	}
	if k.Technique != "" {
		fmt.Fprintf(b, "- ATT&CK: [%s](https://attack.mitre.org/techniques/%s/)\n", k.Technique, strings.Replace(k.Technique, ".", "/", 1))
	}
	fmt.Fprintf(b, "- Read from: %s\n\n| field | type | meaning |\n|---|---|---|\n", k.From)
	fieldRows(b, k.Fields)
	for _, s := range k.Times {
		fmt.Fprintf(b, "| time: %s | time | %s |\n", s.What, s.Doc)
	}
}

// fieldRows writes a row for each run of fields with the same type and meaning.
func fieldRows(b *strings.Builder, fields []model.FieldInfo) {
	same := func(a, b model.FieldInfo) bool { a.Name, b.Name = "", ""; return a == b }
	for len(fields) > 0 {
		n := slices.IndexFunc(fields, func(f model.FieldInfo) bool { return !same(f, fields[0]) })
		if n < 0 {
			n = len(fields)
		}
		names := make([]string, n)
		for i := range names {
			names[i] = fields[i].Name
		}
		typ := fields[0].Type.String()
		if fields[0].Volatile {
			typ += ", volatile"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", strings.Join(names, ", "), typ, strings.ReplaceAll(fields[0].Doc, "|", `\|`))
		fields = fields[n:]
	}
}

// TestGroups: each kind stands under one of the groups, and each group has a kind.
func TestGroups(t *testing.T) {
	used := make(map[model.Group]int)
	for _, k := range model.Kinds() {
		used[k.Group]++
	}
	for _, g := range model.Groups() {
		if used[g.Group] == 0 {
			t.Errorf("no kind stands under %s", g.Group)
		}
		delete(used, g.Group)
	}
	for g := range used {
		t.Errorf("records.md does not show the group %q", g)
	}
}
