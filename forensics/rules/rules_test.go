//go:build cgo

package rules

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestLoadUnusable: a path of the user's that gives no rule is an error that names
// file and line; a bad rule beside a good one is a problem.
func TestLoadUnusable(t *testing.T) {
	dir := t.TempDir()
	broken := write(t, filepath.Join(dir, "broken.yar"), "\nrule a { condition: $x }\n")
	mixed := write(t, filepath.Join(dir, "mixed.yar"), "rule good { condition: true }\nrule b { condition: $x }\n")
	empty := write(t, filepath.Join(dir, "empty.yar"), "")
	write(t, filepath.Join(dir, "set", "one.yar"), "rule one { condition: true }")
	write(t, filepath.Join(dir, "set", "two.yar"), "rule two { condition: $x }")
	for _, c := range []struct {
		path, err string
		problems  int
	}{
		{broken, `broken.yar:2: undefined string "$x" (rule a is left out)`, 0},
		{empty, "it holds no rule that can be used", 0},
		{mixed, "", 1},
		{filepath.Join(dir, "set"), "", 1},
	} {
		for _, noBuiltin := range []bool{false, true} {
			set, err := Load([]string{c.path}, noBuiltin)
			if c.err != "" {
				var e *Error
				if !errors.As(err, &e) || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%s: %v, want %s", c.path, err, c.err)
				}
				continue
			}
			if err != nil || len(set.Problems) != c.problems || !set.Available() {
				t.Errorf("%s: %v, problems %v", c.path, err, set.Problems)
			}
		}
	}
}

// TestCheckMemory: checking many files needs the memory of one.
func TestCheckMemory(t *testing.T) {
	dir := t.TempDir()
	const files = 60
	for i := range files {
		write(t, filepath.Join(dir, fmt.Sprintf("%d.yar", i)), fmt.Sprintf("rule r%d { strings: $a = \"needle %d\" condition: $a }", i, i))
	}
	before := resident(t)
	if c, err := Check([]string{dir}); err != nil || c.Rules != files {
		t.Fatalf("%+v, %v", c, err)
	}
	if grown := resident(t) - before; grown > 64<<10 {
		t.Errorf("%d files left %d KiB in memory", files, grown)
	}
}

// resident gives the memory of this process, in KiB.
func resident(t *testing.T) (kib int) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc")
	}
	_, after, _ := strings.Cut(string(b), "VmRSS:")
	if _, err := fmt.Sscan(after, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
