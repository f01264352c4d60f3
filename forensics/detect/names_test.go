package detect

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sourceNames gives the names of all analyses that stand in the code.
func sourceNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(`Engine(?:, f\.[A-Za-z]+)* = [^\n]*"([a-z_0-9]+)"`)
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			if !strings.Contains(line, "EngineAnalysis") {
				continue
			}
			if m := re.FindStringSubmatch(line); m != nil {
				out = append(out, m[1])
			} else if m := regexp.MustCompile(`= "([a-z_]+)", EngineAnalysis`).FindStringSubmatch(line); m != nil {
				out = append(out, m[1])
			}
		}
	}
	if len(out) < 10 {
		t.Errorf("found only %d analyses in the code: %v", len(out), out)
	}
	return out
}
