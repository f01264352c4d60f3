package shell

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// named returns the traits that the code of the package sets or asks for by name.
func named(t *testing.T) map[string]token.Position {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	out := make(map[string]token.Position)
	note := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, _ := strconv.Unquote(l.Value)
			out[s] = fset.Position(l.Pos())
		}
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") || f.Name() == "traits.go" {
			continue
		}
		file, err := parser.ParseFile(fset, f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // s.set("fetch"), but set("wget curl") makes a set of names
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "set" {
					note(n.Args[0])
				}
			case *ast.IndexExpr: // s.traits["encoded"]
				if m, ok := n.X.(*ast.SelectorExpr); ok && m.Sel.Name == "traits" {
					note(n.Index)
				}
			case *ast.CompositeLit: // {"fetch", []*regexp.Regexp{...}}
				if len(n.Elts) == 2 && n.Type == nil {
					if l, ok := n.Elts[1].(*ast.CompositeLit); ok && l.Type != nil {
						note(n.Elts[0])
					}
				}
			}
			return true
		})
	}
	return out
}

// TestTraitsTable: the code sets no trait that the table does not list, and the table
// lists none that the code never sets.
func TestTraitsTable(t *testing.T) {
	code := named(t)
	table := Traits()
	for name, at := range code {
		if !slices.ContainsFunc(table, func(i TraitInfo) bool { return i.Name == name }) {
			t.Errorf("%s: the table of traits has no %s", at, name)
		}
	}
	seen := make(map[string]bool)
	for _, i := range table {
		if _, ok := code[i.Name]; !ok {
			t.Errorf("no code sets the trait %s", i.Name)
		}
		if i.Doc == "" || seen[i.Name] {
			t.Errorf("%s: listed twice, or without a description", i.Name)
		}
		seen[i.Name] = true
	}
}

// TestTelling: only what harmless commands do, too, is no reason to point at a line.
func TestTelling(t *testing.T) {
	var common []string
	for _, i := range Traits() {
		if f := (Facts{Traits: []string{i.Name}}); !f.Telling() {
			common = append(common, i.Name)
		}
	}
	if got := strings.Join(common, " "); got != "fetch background" {
		t.Errorf("no reason to point at a line: %s", got)
	}
}
