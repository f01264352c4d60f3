package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stepRE is a box of a page: before it, if any, the file that it is or changes.
var stepRE = regexp.MustCompile("(?ms)^(?:(New file|In) `([^`]+)`:\n\n)?```([a-z]+)\n(.*?)^```$")

// TestAddingAnExtractor follows adding-an-extractor.md to the letter in a copy of the
// tree: each new file is written, each change made, each command run.
func TestAddingAnExtractor(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a copy of the tree")
	}
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("needs mke2fs: apt-get install e2fsprogs")
	}
	page, err := os.ReadFile("adding-an-extractor.md")
	if err != nil {
		t.Fatal(err)
	}
	top := clone(t)
	files, edits, commands := 0, 0, 0
	var code []string // the files in Go
	for _, m := range stepRE.FindAllStringSubmatch(string(page), -1) {
		what, name, lang, text := m[1], m[2], m[3], m[4]
		var a addition
		switch {
		case what == "New file":
			files++
			a.files = map[string]string{name: text}
		case what == "In" && lang == "diff":
			edits++
			h, err := parseHunks(text)
			if err != nil {
				t.Fatal(err)
			}
			a.edits = map[string][]hunk{name: h}
		case what == "" && lang == "sh":
			for line := range strings.Lines(text) {
				commands++
				c := exec.Command("bash", "-e", "-o", "pipefail", "-c", line)
				c.Dir = top
				c.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "COLUMNS=160")
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("%s%v\n%s", line, err, out)
				}
			}
			continue
		default:
			t.Fatalf("a box of the page is neither a new file, nor a change, nor commands:\n%s", m[0])
		}
		if _, err := a.apply(top); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".go") {
			code = append(code, name)
		}
	}
	if files < 4 || edits < 3 || commands < 5 {
		t.Errorf("only %d files, %d changes, %d commands were found on the page", files, edits, commands)
	}
	for page, want := range map[string]string{"records.md": "\n### incron.job\n", "detections.md": "\n## Acts\n"} {
		b, err := os.ReadFile(filepath.Join(top, "docs", page))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s does not hold %q (%v)", page, want, err)
		}
	}
	c := exec.Command("go", append([]string{"run", "mvdan.cc/gofumpt@v0.12.0", "-l"}, code...)...)
	c.Dir = top
	if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("not formatted: %v\n%s", err, out)
	}
}
