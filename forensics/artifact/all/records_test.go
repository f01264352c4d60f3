// Package all_test holds docs/records.md against the code and against what the
// extractors give.
package all_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"icecore/fixtures"
	"icecore/forensics"
	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/artifact/artifacttest"
)

// top is the top of the repository, from this folder.
var top = filepath.Join("..", "..", "..")

// documented are the fields and stamps of each kind that records.md names.
type documented map[string]*kindDoc

type kindDoc struct{ fields, times map[string]bool }

// ofTheJournal is the key of the fields that the records of other extractors have
// where they were read from the systemd journal.
const ofTheJournal = "any record from the journal"

var kindHeadingRE = regexp.MustCompile(`^### ([a-z]+\.[a-z_]+|` + ofTheJournal + `)$`)

func readRecordsPage(t *testing.T) documented {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top, "docs", "records.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := make(documented)
	var cur *kindDoc
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if m := kindHeadingRE.FindStringSubmatch(line); m != nil {
			if out[m[1]] != nil {
				t.Errorf("records.md names %s twice", m[1])
			}
			cur = &kindDoc{make(map[string]bool), make(map[string]bool)}
			out[m[1]] = cur
			continue
		}
		if strings.HasPrefix(line, "#") {
			cur = nil
		}
		cells := strings.Split(line, "|")
		if cur == nil || len(cells) < 3 || strings.Contains(cells[1], "---") || strings.TrimSpace(cells[1]) == "field" {
			continue
		}
		names, to := cells[1], cur.fields
		if rest, ok := strings.CutPrefix(strings.TrimSpace(names), "time: "); ok {
			names, to = rest, cur.times
		}
		for _, n := range strings.Split(names, ",") {
			to[strings.TrimSpace(n)] = true
		}
	}
	return out
}

// ofTheInode are the stamps that any record may have.
var ofTheInode = map[string]bool{"modified": true, "changed": true, "created": true, "deleted": true, "accessed": true}

func (d documented) check(t *testing.T, where string, r *artifact.Record) {
	t.Helper()
	k := d[r.Kind]
	if k == nil {
		t.Errorf("%s: records.md has no kind %s", where, r.Kind)
		d[r.Kind] = &kindDoc{make(map[string]bool), make(map[string]bool)}
		return
	}
	for _, f := range r.Fields {
		if !k.fields[f.Name] && !(r.Has("entry_offset") && d[ofTheJournal] != nil && d[ofTheJournal].fields[f.Name]) {
			t.Errorf("%s: records.md has no field %s of %s", where, f.Name, r.Kind)
			k.fields[f.Name] = true
		}
	}
	for _, s := range r.Times {
		if !k.times[s.What] && !ofTheInode[s.What] {
			t.Errorf("%s: records.md has no time %s of %s", where, s.What, r.Kind)
			k.times[s.What] = true
		}
	}
}

// TestRecordsOfTestdata: what the extractors give of all their test files is
// documented.
func TestRecordsOfTestdata(t *testing.T) {
	d := readRecordsPage(t)
	n := 0
	for _, x := range all.Extractors() {
		dir := filepath.Join("..", x.Name())
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("the extractor %s has no folder of its name", x.Name())
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "testdata")); err != nil {
			continue
		}
		for _, f := range artifacttest.Files(t, filepath.Join(dir, "testdata")) {
			records, _ := artifacttest.Extract(t, x, f)
			for i := range records {
				d.check(t, x.Name()+" of "+f.Path, &records[i])
				n++
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d records", n)
	}
}

// TestRecordsOfSamples: so is what an analysis of the samples gives.
func TestRecordsOfSamples(t *testing.T) {
	if tool := fixtures.Missing(); tool != "" {
		t.Skipf("needs %s: apt-get install e2fsprogs gdisk dosfstools", tool)
	}
	d := readRecordsPage(t)
	for _, s := range fixtures.Samples() {
		name := filepath.Join(t.TempDir(), s+".img")
		if err := fixtures.Build(t.Context(), s, name); err != nil {
			t.Fatal(err)
		}
		a, err := forensics.Analyze(t.Context(), name, forensics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.AllRecords {
			d.check(t, "the sample "+s, &a.AllRecords[i])
		}
	}
}

var (
	kindLiteralRE  = regexp.MustCompile(`^(?:account|apt|auth|cron|dpkg|file|history|hook|hosts|init|inittab|journal|kernel|library|log|login|miner|preload|profile|rc|rpm|ssh|sshd|started|sudo|systemd|unit|yara)\.[a-z_]+$`)
	fieldLiteralRE = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// makers are the rooms that make records.
var makers = map[string]bool{"artifact": true, "content": true, "scan": true, "shell": true, "syslog": true}

// code gathers the literals of the packages that make records: kinds, and the
// names given to Add, AddInt and artifact.Field.
type code struct {
	kinds    map[string]string // where
	added    map[string]map[string]bool
	literals map[string]map[string]bool // every string of a package
}

func readCode(t *testing.T) code {
	t.Helper()
	c := code{make(map[string]string), make(map[string]map[string]bool), make(map[string]map[string]bool)}
	fset := token.NewFileSet()
	root := filepath.Join(top, "forensics")
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		pkg, _ := filepath.Rel(root, filepath.Dir(p))
		if e.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") || !makers[strings.SplitN(filepath.ToSlash(pkg), "/", 2)[0]] {
			return nil
		}
		file, err := parser.ParseFile(fset, p, nil, 0)
		if err != nil {
			return err
		}
		if c.literals[pkg] == nil {
			c.literals[pkg], c.added[pkg] = make(map[string]bool), make(map[string]bool)
		}
		text := func(e ast.Expr) string {
			l, ok := e.(*ast.BasicLit)
			if !ok || l.Kind != token.STRING {
				return ""
			}
			s, _ := strconv.Unquote(l.Value)
			return s
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if s := text(n); s != "" {
					c.literals[pkg][s] = true
					if kindLiteralRE.MatchString(s) && strings.HasPrefix(pkg, "artifact") {
						c.kinds[s] = p
					}
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Kind" && kindLiteralRE.MatchString(text(n.Value)) {
					c.kinds[text(n.Value)] = p
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) == 2 && (f.Sel.Name == "Add" || f.Sel.Name == "AddInt") && fieldLiteralRE.MatchString(text(n.Args[0])) {
					c.added[pkg][text(n.Args[0])] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Names that look like a kind, but are files or units.
	for k := range c.kinds {
		if strings.HasSuffix(k, ".log") || strings.HasSuffix(k, ".local") || strings.HasSuffix(k, ".conf") || strings.HasSuffix(k, ".service") || k == "rc.modules" || k == "rc.sysinit" || k == "kernel.modprobe" || k == "kernel.hotplug" || k == "kernel.core_pattern" || k == "kernel.poweroff_cmd" || k == "cron.allow" || k == "cron.deny" || k == "history.log" || k == "init.d" {
			delete(c.kinds, k)
		}
	}
	return c
}

// TestRecordsPage: the kinds and fields of the page are those of the code.
func TestRecordsPage(t *testing.T) {
	d, c := readRecordsPage(t), readCode(t)
	var kinds []string
	for k := range c.kinds {
		kinds = append(kinds, k)
	}
	sort.Strings(kinds)
	for _, k := range kinds {
		if d[k] == nil {
			t.Errorf("%s makes %s, which records.md does not have", c.kinds[k], k)
		}
	}
	fields := make(map[string]bool) // of all kinds
	for k, doc := range d {
		if _, ok := c.kinds[k]; !ok && k != ofTheJournal {
			t.Errorf("records.md has %s, which nothing makes", k)
		}
		for f := range doc.fields {
			fields[f] = true
			made := false
			for pkg := range c.literals {
				made = made || c.literals[pkg][f]
			}
			if !made {
				t.Errorf("records.md has the field %s of %s, which nothing makes", f, k)
			}
		}
		for what := range doc.times {
			made := false
			for pkg := range c.literals {
				made = made || c.literals[pkg][what]
			}
			if !made {
				t.Errorf("records.md has the time %s of %s, which nothing makes", what, k)
			}
		}
	}
	for pkg, added := range c.added {
		for f := range added {
			if !fields[f] {
				t.Errorf("forensics/%s adds the field %s, which records.md does not have", pkg, f)
			}
		}
	}
}
