package model_test

import (
	"go/ast"
	"go/constant"
	"go/types"
	"iter"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"icecore/forensics/model"
)

const modelPath = "icecore/forensics/model"

// fieldMethods are the methods of a record whose first parameter is the name of a field,
// timeMethods those whose first parameter is the name of a stamp.
var (
	fieldMethods = []string{"Add", "AddText", "AddCut", "AddList", "AddInt", "AddBool", "Field", "Get", "List", "Number", "Has", "Is", "Contains"}
	timeMethods  = []string{"Time", "Stamp"}
)

// typedMethods are those of them that are for fields of one type.
var typedMethods = map[string]model.Type{
	"AddInt": model.Number, "Number": model.Number, "AddList": model.List, "Contains": model.List, "AddBool": model.Bool, "Is": model.Bool,
}

// hasType says whether any kind has a field of that name and type.
func hasType(name string, typ model.Type) bool {
	has := func(f model.FieldInfo) bool { return f.Name == name && f.Type == typ }
	return slices.ContainsFunc(model.JournalFields(), has) ||
		slices.ContainsFunc(model.Kinds(), func(k model.KindInfo) bool { return slices.ContainsFunc(k.Fields, has) })
}

// TestUses: every kind, field and stamp that the code of the library and of the program
// names as a constant is in the table of kinds, whatever the variables are called.
func TestUses(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the types of all packages")
	}
	list, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
		Dir:  "../..",
	}, "./forensics/...", "./cmd/...")
	if err != nil {
		t.Fatal(err)
	}
	u := uses{t: t, stamps: stampNames(), ranges: make(map[types.Object]*ast.CompositeLit)}
	for _, p := range list {
		for _, e := range p.Errors {
			t.Fatalf("%s: %v", p.PkgPath, e)
		}
		u.p = p
		for _, f := range p.Syntax {
			ast.Inspect(f, u.node)
		}
	}
	// A reader that sees nothing finds no fault.
	if u.kinds < 150 || u.fields < 400 || u.times < 20 {
		t.Errorf("only %d kinds, %d fields and %d stamps were seen", u.kinds, u.fields, u.times)
	}
}

func stampNames() []string {
	out := slices.Clone(inodeTimes)
	for _, k := range model.Kinds() {
		for _, s := range k.Times {
			out = append(out, s.What)
		}
	}
	return out
}

type uses struct {
	t                    *testing.T
	p                    *packages.Package
	stamps               []string
	ranges               map[types.Object]*ast.CompositeLit // variables of a loop
	kinds, fields, times int
}

// text returns the value of a constant text.
func (u *uses) text(e ast.Expr) (string, bool) {
	v := u.p.TypesInfo.Types[e].Value
	if v == nil || v.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(v), true
}

func (u *uses) fault(n ast.Node, what string) {
	u.t.Errorf("%s: the table of kinds has no %s", u.p.Fset.Position(n.Pos()), what)
}

func (u *uses) field(at ast.Node, name string) {
	if u.fields++; !model.IsField(name) {
		u.fault(at, "field "+name)
	}
}

// values gives the constants that an expression can be: itself, or the items of the list
// that it ranges over.
func (u *uses) values(e ast.Expr) iter.Seq2[string, ast.Node] {
	if v, ok := e.(*ast.Ident); ok {
		if list := u.ranges[u.p.TypesInfo.Uses[v]]; list != nil {
			return u.items(list)
		}
	}
	return func(yield func(string, ast.Node) bool) {
		if s, ok := u.text(e); ok {
			yield(s, e)
		}
	}
}

// items gives the constant texts of a list, or those that are the keys of a map.
func (u *uses) items(list *ast.CompositeLit) iter.Seq2[string, ast.Node] {
	return func(yield func(string, ast.Node) bool) {
		for _, e := range list.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Key
			}
			if s, ok := u.text(e); ok && !yield(s, e) {
				return
			}
		}
	}
}

func (u *uses) node(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok && isOf(u.p.TypesInfo.TypeOf(e), "Kind") {
		if s, ok := u.text(e); ok && s != "" {
			if u.kinds++; model.Kind(s).Info() == nil {
				u.fault(n, "kind "+s)
			}
		}
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		u.call(n)
		name, of := u.method(n)
		if len(n.Args) == 0 || !of {
			return true
		}
		for s, at := range u.values(n.Args[0]) {
			switch {
			case slices.Contains(fieldMethods, name):
				u.field(at, s)
				if typ, ok := typedMethods[name]; ok && !hasType(s, typ) {
					u.fault(at, "field "+s+" that is a "+typ.String())
				}
				if name == "Add" && hasType(s, model.Bool) && !hasType(s, model.Text) {
					if v, _ := u.text(n.Args[1]); v != "yes" && v != "no" {
						u.fault(at, "field "+s+" with any other value than yes and no")
					}
				}
			case slices.Contains(timeMethods, name):
				if u.times++; !slices.Contains(u.stamps, s) {
					u.fault(at, "stamp "+s)
				}
			}
		}
	case *ast.RangeStmt:
		// for _, name := range []string{"uid", "gid"} { r.Get(name) }
		if v, ok := n.Value.(*ast.Ident); ok {
			if list, ok := n.X.(*ast.CompositeLit); ok {
				u.ranges[u.p.TypesInfo.Defs[v]] = list
			}
		}
	case *ast.ValueSpec:
		// var shownFields = []string{"pool", "wallet"}, or a map
		for i, name := range n.Names {
			if i >= len(n.Values) || !strings.HasSuffix(name.Name, "Fields") {
				continue
			}
			if list, ok := n.Values[i].(*ast.CompositeLit); ok {
				for s, at := range u.items(list) {
					u.field(at, s)
				}
			}
		}
	case *ast.CompositeLit:
		// Stamp{What: "logged", ...}
		if !isOf(u.p.TypesInfo.TypeOf(n), "Stamp") {
			return true
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if k, ok := kv.Key.(*ast.Ident); !ok || k.Name != "What" {
					continue
				}
				e = kv.Value
			}
			if s, ok := u.text(e); ok && isString(u.p.TypesInfo.TypeOf(e)) {
				if u.times++; !slices.Contains(u.stamps, s) {
					u.fault(n, "stamp "+s)
				}
			}
			break
		}
	}
	return true
}

// call looks at the arguments of a function for parameters named field, and of one that
// is itself named so.
func (u *uses) call(n *ast.CallExpr) {
	var id *ast.Ident
	switch f := n.Fun.(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	default:
		return
	}
	f, ok := u.p.TypesInfo.Uses[id].(*types.Func)
	if !ok || f.Pkg() == nil || !strings.HasPrefix(f.Pkg().Path(), "icecore/") {
		return
	}
	params := f.Signature().Params()
	for i := range min(params.Len(), len(n.Args)) {
		p := params.At(i)
		if isString(p.Type()) && (p.Name() == "field" || f.Name() == "field") {
			for s, at := range u.values(n.Args[i]) {
				u.field(at, s)
			}
		}
	}
}

// method returns the name of the method that a call is of, and whether it is one of a
// record.
func (u *uses) method(n *ast.CallExpr) (string, bool) {
	s, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	if sel := u.p.TypesInfo.Selections[s]; sel != nil {
		return s.Sel.Name, isOf(sel.Recv(), "Record")
	}
	return "", false
}

// isOf says whether a type, or what it points to, is a type of package model.
func isOf(t types.Type, name string) bool {
	if t == nil {
		return false
	}
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == modelPath
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}
