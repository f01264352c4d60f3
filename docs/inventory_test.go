package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/inventory"
	"icecore/forensics/model"
)

// TestInventory: inventory.md has each list and each column.
func TestInventory(t *testing.T) {
	const page = "inventory.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := generated(t, string(b), "inventory.Lists", inventorySections())
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(b), got); d != "" {
		t.Errorf("inventory.md is not what the lists say (go test ./docs -run TestInventory -update writes it):\n%s", d)
	}
}

func inventorySections() string {
	var b strings.Builder
	for n, l := range inventory.Lists() {
		if n > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "## %s\n\n%s\n", l.Name, l.Doc)
		if l.Image {
			b.WriteString("An `analysis.json` does not hold it.\n")
		}
		b.WriteString("\n| column | type | meaning |\n|---|---|---|\n")
		for _, c := range l.Columns {
			kind := c.Type.String()
			if c.Hidden {
				kind += ", *data*"
			}
			if c.Type == model.Text && strings.Contains(c.Doc, "UTC") {
				kind = strings.Replace(kind, "text", "time", 1)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, kind, c.Doc)
		}
	}
	return b.String()
}
