package docs_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// houseRE is a line of the house in architecture.md: its depth, and the rooms on it.
var houseRE = regexp.MustCompile(`(?m)^( *)([a-zA-Z0-9/-]+/)(?:  ([a-z0-9]+/))? {2,}\S`)

// rooms gives the rooms of the house in architecture.md, from the roof down; those of one
// line have one number.
func rooms(t *testing.T) map[string]int {
	t.Helper()
	b, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, house, ok := strings.Cut(string(b), "## The house\n\n```\n")
	house, _, end := strings.Cut(house, "```")
	if !ok || !end {
		t.Fatal("architecture.md has no house")
	}
	out := make(map[string]int)
	var above []string
	for n, m := range houseRE.FindAllStringSubmatch(house, -1) {
		above = append(above[:len(m[1])/2], m[2])
		for _, room := range m[2:] {
			if room != "" {
				out[path.Join(path.Join(above[:len(above)-1]...), room)] = n
			}
		}
	}
	return out
}

// TestHouse: every package stands in a room of architecture.md, and imports only what
// stands below that.
func TestHouse(t *testing.T) {
	order := rooms(t)
	// The room of a package is the narrowest that holds it.
	room := func(pkg string) (string, int) {
		pkg = strings.TrimPrefix(pkg, "icecore/")
		for dir := pkg; dir != "."; dir = path.Dir(dir) {
			if n, ok := order[dir]; ok && (dir == pkg || dir != "forensics" && dir != "forensics/artifact") {
				return dir, n
			}
			if parent := path.Dir(dir); parent == "forensics/artifact" {
				return parent + "/NAME", order[parent+"/NAME"]
			}
		}
		return "", -1
	}
	c := exec.Command("go", "list", "-buildvcs=false", "-json=ImportPath,Imports", "./...")
	c.Dir = ".."
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from, above := room(p.ImportPath)
		if from == "" {
			if p.ImportPath != "icecore/docs" {
				t.Errorf("%s stands in no room of architecture.md", p.ImportPath)
			}
			continue
		}
		seen[from] = true
		for _, i := range p.Imports {
			if !strings.HasPrefix(i, "icecore/") {
				continue
			}
			to, below := room(i)
			if to != from && below < above && !isTestHelp(p.ImportPath) {
				t.Errorf("%s imports %s, which stands above it in architecture.md", p.ImportPath, i)
			}
			if from == "cmd/icecore" && !program.MatchString(i) {
				t.Errorf("the program imports %s: that is for the library to do", i)
			}
			if from == "forensics/model" && p.ImportPath == "icecore/forensics/model" && to != "forensics/text" {
				t.Errorf("package model imports %s", i)
			}
		}
	}
	for name := range order {
		if !seen[name] {
			t.Errorf("architecture.md has the room %s, in which no package stands", name)
		}
	}
}

// program matches what the program may import: it has no domain code.
var program = regexp.MustCompile(`^icecore/forensics(/(report(/[a-z]+)?|message|text|guard))?$`)

// isTestHelp says whether a package is there for tests alone.
func isTestHelp(pkg string) bool {
	return slices.Contains([]string{"artifacttest", "modeltest", "debugfstest"}, path.Base(pkg))
}
