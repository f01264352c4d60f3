package docs_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// private matches what no responder would write in a report, nor search for in the code:
// the field has a usual term for each.
var private = regexp.MustCompile(`(?i)everybody may|folder|odd[ _-]?place|\btold\b|leads? nowhere|led nowhere|runs by itself|what mines|\bat at\b`)

// granted are the places where such a word is right.
var granted = []struct {
	file string // pattern of path.Match; of a directory: all files below
	line string // what the line matches
	why  string
}{
	{"docs/words_test.go", `.`, "the list itself"},
	{"forensics/detect/style_test.go", `privateWords|\{"`, "the same list for rules, and its cases"},
	{"yara-rules/style_test.go", `privateWords|\{"`, "the same list for rules, and its cases"},
	{"forensics/message/sources_test.go", `privateWords`, "the same list for the catalogue"},
	{"cmd/icecore/words_test.go", `plainWords|what mines`, "the same list for help and errors"},
	{".", `(preload|sshd_keys|ran_from)_odd_place`, "names of rules: consumers hold them"},
}

// TestWords: every text of the tree, identifiers included, is in the field's English.
func TestWords(t *testing.T) {
	c := exec.Command("git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z")
	c.Dir = ".."
	out, err := c.Output()
	if err != nil {
		t.Skipf("needs a work tree of git: %v", err)
	}
	used := make([]bool, len(granted))
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		b, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !utf8.Valid(b) || !private.Match(b) {
			continue
		}
		n := 0
		for line := range strings.Lines(string(b)) {
			n++
			for _, at := range private.FindAllStringIndex(line, -1) {
				i := slices.IndexFunc(granted, func(g struct{ file, line, why string }) bool {
					return below(name, g.file) && regexp.MustCompile(g.line).MatchString(line)
				})
				if i >= 0 {
					used[i] = true
					continue
				}
				t.Errorf("%s:%d: %q: %s", name, n, line[at[0]:at[1]], strings.TrimSpace(line))
			}
		}
	}
	for i, g := range granted {
		if !used[i] {
			t.Errorf("nothing needs the grant for %s, %s: %s", g.file, g.line, g.why)
		}
	}
}

// below says whether a file, or a directory that it is in, matches a pattern.
func below(name, pattern string) bool {
	for p := name; ; p = path.Dir(p) {
		if ok, _ := path.Match(pattern, p); ok {
			return true
		}
		if p == "." {
			return false
		}
	}
}
