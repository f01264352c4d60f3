package docs_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// toy is one of testdata/additions: an addition to the tree, and a session that shows
// that it works.
type toy struct {
	name, file string
	text       []byte // of the file
	addition
	session string            // as in a block marked console
	helpers map[string]string // files that only the session needs
}

func toys(t *testing.T) []toy {
	t.Helper()
	files, err := filepath.Glob("testdata/additions/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no toys: %v", err)
	}
	var out []toy
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		x := toy{
			name: strings.TrimSuffix(filepath.Base(f), ".txtar"), file: f, text: b, helpers: make(map[string]string),
			addition: addition{files: make(map[string]string), edits: make(map[string][]hunk)},
		}
		a := txtar.Parse(b)
		_, x.session, _ = strings.Cut(string(a.Comment), "\n\n")
		for _, m := range a.Files {
			switch kind, name, two := strings.Cut(m.Name, " "); {
			case !two:
				x.files[kind] = string(m.Data)
			case kind == "edit":
				if x.edits[name], err = parseHunks(string(m.Data)); err != nil {
					t.Fatalf("%s: %s: %v", f, name, err)
				}
			case kind == "helper":
				x.helpers[name] = string(m.Data)
			default:
				t.Fatalf("%s: %q is no part of a toy", f, m.Name)
			}
		}
		out = append(out, x)
	}
	return out
}

// promised is a row of the table of additions in architecture.md.
type promised struct {
	new  string   // directory or file, with NAME
	list string   // the file that holds the list
	more []string // what else is new
}

var additionRE = regexp.MustCompile(`(?m)^\| \[([^]]+)\]\(testdata/additions/([a-z-]+)\.txtar\)[^|]*\| ([^|]*) \| ([^|]*) \|`)

func promises(t *testing.T) map[string]promised {
	t.Helper()
	b, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]promised)
	code := regexp.MustCompile("`([^`]+)`")
	for _, m := range additionRE.FindAllStringSubmatch(string(b), -1) {
		var p promised
		for i, c := range code.FindAllStringSubmatch(m[3], -1) {
			if i == 0 {
				p.new = c[1]
			} else {
				p.more = append(p.more, c[1])
			}
		}
		if c := code.FindStringSubmatch(m[4]); c != nil {
			p.list = c[1]
		}
		out[m[2]] = p
	}
	return out
}

// maxLines is how many lines an addition may need in the list: its import, and itself.
const maxLines = 2

// TestAdditions: each of the additions of architecture.md is one new directory or file
// and one line of one list, as the page says. All of them are made in toy form in a copy
// of the tree, and work there.
func TestAdditions(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a copy of the tree")
	}
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("needs mke2fs: apt-get install e2fsprogs")
	}
	top := clone(t)
	table := promises(t)
	list := toys(t)
	for _, x := range list {
		p, ok := table[x.name]
		if !ok {
			t.Errorf("architecture.md has no row for %s", x.file)
			continue
		}
		for name := range x.files {
			if !slices.ContainsFunc(append(p.more, p.new), func(place string) bool { return within(name, strings.ReplaceAll(place, "NAME", "toy")) }) {
				t.Errorf("%s: %s is not where architecture.md says that it is added", x.name, name)
			}
		}
		added, err := x.apply(top)
		if err != nil {
			t.Fatalf("%s: %v", x.name, err)
		}
		for name, n := range added {
			if name != p.list || n > maxLines {
				t.Errorf("%s: %d lines in %s; architecture.md says one in %s", x.name, n, name, p.list)
			}
		}
		t.Logf("%-12s %d new %s, lines in lists: %v", x.name, len(x.files), strings.Join(slices.Sorted(maps.Keys(x.files)), " "), added)
	}
	for name := range table {
		if !slices.ContainsFunc(list, func(x toy) bool { return x.name == name }) {
			t.Errorf("architecture.md names the addition %s, of which there is no toy", name)
		}
	}
	if t.Failed() {
		return
	}
	bin := compile(t, top) + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin"
	for _, x := range list {
		t.Run(x.name, func(t *testing.T) { x.show(t, top, bin) })
	}
}

// within says whether a file is a place, or lies below it.
func within(name, place string) bool {
	return name == place || strings.HasSuffix(place, "/") && strings.HasPrefix(name, place)
}

// show runs the session of a toy.
func (x *toy) show(t *testing.T, top, bin string) {
	dir := filepath.Join(top, "session", x.name)
	for name, text := range x.helpers {
		p := filepath.Join(dir, path.Clean(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(x.session) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			fmt.Fprint(&got, line, session(command, dir, bin))
		}
	}
	if got.String() == x.session {
		return
	}
	if !*update {
		t.Errorf("%s prints\n%swant\n%s(go test ./docs -run Additions -update writes it)", x.file, got.String(), x.session)
		return
	}
	if err := os.WriteFile(x.file, []byte(strings.Replace(string(x.text), x.session, got.String(), 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
