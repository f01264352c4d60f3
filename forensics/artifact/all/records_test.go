// Package all_test holds the table of kinds against the code and against what the
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
	"strconv"
	"strings"
	"testing"

	"icecore/fixtures"
	"icecore/forensics"
	"icecore/forensics/artifact/all"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/model"
)

// top is the top of the repository, from this directory.
var top = filepath.Join("..", "..", "..")

// check holds a record against the table.
func check(t *testing.T, where string, r *model.Record) {
	t.Helper()
	info := r.Kind.Info()
	if info == nil {
		t.Errorf("%s: the table has no kind %s", where, r.Kind)
		return
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if row := info.Field(f.Name); row == nil {
			t.Errorf("%s: the table has no field %s of %s", where, f.Name, r.Kind)
		} else if f.Type() != row.Type {
			t.Errorf("%s: %s of %s is a %s, in the table a %s: %q", where, f.Name, r.Kind, f.Type(), row.Type, f.Text())
		}
	}
	for _, s := range r.Times {
		if !info.HasTime(s.What) {
			t.Errorf("%s: the table has no time %s of %s", where, s.What, r.Kind)
		}
	}
}

// TestRecordsOfTestdata: what the extractors give of all their test files is in the
// table.
func TestRecordsOfTestdata(t *testing.T) {
	n := 0
	for _, x := range all.Extractors() {
		dir := filepath.Join("..", x.Name())
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("the extractor %s has no directory of its name", x.Name())
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "testdata")); err != nil {
			continue
		}
		for _, f := range artifacttest.Files(t, filepath.Join(dir, "testdata")) {
			records, _ := artifacttest.Extract(t, x, f)
			n += len(records)
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
	for _, s := range fixtures.Samples() {
		name := filepath.Join(t.TempDir(), s+".img")
		if err := fixtures.Build(t.Context(), s, name); err != nil {
			t.Fatal(err)
		}
		a, err := forensics.Analyze(t.Context(), name, forensics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Records {
			check(t, "the sample "+s, &a.Records[i])
		}
	}
}

// TestTable: everything in the table is named somewhere in the code. That the code names
// nothing else is a test of package model.
func TestTable(t *testing.T) {
	literals := make(map[string]bool) // all texts of the library, but for the table
	fset := token.NewFileSet()
	root := filepath.Join(top, "forensics")
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") || strings.HasPrefix(filepath.Base(p), "kinds") {
			return nil
		}
		file, err := parser.ParseFile(fset, p, nil, 0)
		if err != nil {
			return err
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
				literals[text(n)] = true
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "model" {
					literals["model."+n.Sel.Name] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	constants := kindConstants(t)
	for _, k := range model.Kinds() {
		if !literals[string(k.Kind)] && !literals["model."+constants[k.Kind]] {
			t.Errorf("nothing makes or asks for the kind %s", k.Kind)
		}
		for _, f := range k.Fields {
			if !literals[f.Name] {
				t.Errorf("nothing makes the field %s of %s", f.Name, k.Kind)
			}
		}
		for _, s := range k.Times {
			if !literals[s.What] {
				t.Errorf("nothing makes the time %s of %s", s.What, k.Kind)
			}
		}
	}
}

// kindConstants gives the name of the constant of each kind.
func kindConstants(t *testing.T) map[model.Kind]string {
	t.Helper()
	out := make(map[model.Kind]string)
	files, err := filepath.Glob(filepath.Join(top, "forensics", "model", "kinds_*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	re := regexp.MustCompile(`(?m)^\s+([A-Z]\w+)\s+Kind = "([^"]+)"`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range re.FindAllStringSubmatch(string(b), -1) {
			out[model.Kind(m[2])] = m[1]
		}
	}
	return out
}
