package detect

import (
	"os"
	"path/filepath"
	"testing"
)

// TestProblemLines: what is wrong with a rule is reported with its line, in any document of
// a file.
func TestProblemLines(t *testing.T) {
	const (
		head = "title: T\nlogsource: {product: linux, category: cron.job}\ndetection:\n"
		good = head + "  a: {command|contains: x}\n  condition: a\n"
	)
	for _, c := range []struct {
		name, text string
		line       int
		warning    bool
	}{
		{"field", head + "  a:\n    comand|contains: x\n  condition: a\n", 5, false},
		{"field in a list", head + "  a:\n    - 'comand': x\n  condition: a\n", 5, false},
		{"a part", head + "  a: {command|contains: x}\n  b:\n    comand: x\n  condition: a or b\n", 6, true},
		{"no rule", "\n\n# mine\ntitle: T\n", 3, false},
		{"YAML", "title: T\ndetection:\n  a: [\n  condition: a\n", 2, false},
		// as the YAML package counts: where the mapping begins
		{"second document", good + "---\n" + head + "  a:\n    comand: x\n  condition: a\n", 11, false},
		{"third document", "---\n" + good + "---\n" + good + "---\ntitle: T\n", 14, false},
		{
			"source", good + "--- # more\ntitle: T\nlogsource: {product: windows}\ndetection:\n  a: {b: c}\n  condition: a\n",
			6, false,
		},
	} {
		name := filepath.Join(t.TempDir(), "rule.yml")
		if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Load(Options{Dirs: []string{name}, NoBuiltin: true})
		if err != nil || len(r.Problems) != 1 {
			t.Errorf("%s: %v, %+v", c.name, err, r)
			continue
		}
		if p := r.Problems[0]; p.File != name || p.Line != c.line || p.Warning != c.warning {
			t.Errorf("%s: %+v, want line %d", c.name, p, c.line)
		}
	}
}
