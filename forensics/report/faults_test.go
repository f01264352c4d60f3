package report

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// screenOf gives the report of an analysis, the first screen apart from the rest.
func screenOf(t *testing.T, a *model.Analysis, width int) (first, rest string) {
	t.Helper()
	var b bytes.Buffer
	if err := Terminal(&b, a, Options{Width: width}); err != nil {
		t.Fatal(err)
	}
	first, rest, ok := strings.Cut(b.String(), "\nFINDINGS\n")
	if !ok {
		t.Fatalf("no findings:\n%s", b.String())
	}
	return first, rest
}

// The algorithm of a configuration is shown: a responder tells families by it.
func TestAlgorithmIsShown(t *testing.T) {
	a := intrusion()
	a.Records[1].Fields = modeltest.Fields(
		"miner.config",
		"program=xmrig",
		"pool=pool.example.invalid:443",
		"algo=rx/wow",
	)
	if _, rest := screenOf(t, a, 100); !strings.Contains(rest, "rx/wow") {
		t.Errorf("the algorithm is not shown:\n%s", rest)
	}
}

// What a package put there and nobody changed configures no miner, unless a finding
// says so.
func TestIntactConfigurationsAreNoMiners(t *testing.T) {
	config := func(id, path, state string) model.Record {
		return model.Record{
			ID: id, Kind: model.MinerConfig, Source: model.Source{Volume: "p1", Path: path, Inode: 5},
			Fields: modeltest.Fields(
				"miner.config",
				"found_in=text",
				"pool=pool."+id+".invalid:3333",
				"owner=node-core-js",
				"package_state="+state,
			),
		}
	}
	a := intrusion()
	a.Records = append(
		a.Records,
		config("R-000010", "/usr/lib/node_modules/core-js/postinstall.js", "intact"),
		config("R-000011", "/usr/share/doc/xmrig/README", "intact"),
		config("R-000012", "/usr/share/changed", "changed"),
	)
	a.Findings[4].Records = []string{"R-000011"}
	first, rest := screenOf(t, a, 120)
	if strings.Contains(first+rest, "core-js/postinstall.js") {
		t.Errorf("an unchanged file of a package stands in the table of pools:\n%s", rest)
	}
	for _, want := range []string{"/usr/share/doc/xmrig/README", "/usr/share/changed", "1 configuration in an unchanged file of a package is not listed"} {
		if !strings.Contains(rest, want) {
			t.Errorf("%q is missing:\n%s", want, rest)
		}
	}
}

// What the verdict may hang on and was not read stands on the first screen.
func TestDecisiveGapsOnFirstScreen(t *testing.T) {
	for name, a := range map[string]*model.Analysis{"compromised": intrusion(), "no-indicators": quiet(), "suspicious": suspect()} {
		for i := range 7 {
			a.Coverage.Gaps = append(
				a.Coverage.Gaps,
				model.Gap{
					WhatText: "volume p" + strconv.Itoa(2+i) + " (xfs)",
					WhyText:  "this version does not read XFS, \x1b[31mof which there is a lot",
					Weight:   model.Decisive,
				},
			)
		}
		first, _ := screenOf(t, a, 80)
		if !strings.Contains(first, "volume p2 (xfs): this version does not read XFS") {
			t.Errorf("%s: the volume that decides is not on the first screen:\n%s", name, first)
		}
		if n := strings.Count(first, "\n") + 1; n > 24 {
			t.Errorf("%s: the first screen has %d lines:\n%s", name, n, first)
		}
	}
}

// A time that is only an upper bound says so, wherever it stands.
func TestUpperBounds(t *testing.T) {
	a := intrusion()
	late := model.When{
		Time:    time.Date(2026, 1, 12, 9, 27, 3, 0, time.UTC),
		Meaning: model.AtLatest,
		Basis:   "modified",
	}
	a.Findings[3].When, a.Story[2].When, a.Verdict.Since, a.Verdict.SinceFinding = late, late, late, "F-0004"
	first, rest := screenOf(t, a, 100)
	for _, want := range []string{"COMPROMISED by 2026-01-12 09:27:03 UTC (F-0004", "by 2026-01-12 09:27  Cron Job Downloads"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first screen does not say %q:\n%s", want, first)
		}
	}
	if !strings.Contains(rest, "by 2026-01-12 09:27:03") {
		t.Errorf("the timeline states an upper bound as the time:\n%s", rest)
	}
	var b bytes.Buffer
	if err := HTML(&b, a, Options{}); err != nil || strings.Count(b.String(), "by 2026-01-12 09:27:03") < 3 {
		t.Errorf(
			"the page says %d times that it was by then, want 3 (%v)",
			strings.Count(b.String(), "by 2026-01-12 09:27:03"),
			err,
		)
	}
}

// "Since" names the finding that it rests on.
func TestSinceNamesItsFinding(t *testing.T) {
	first, _ := screenOf(t, intrusion(), 80)
	if want := "COMPROMISED since 2026-01-12 08:58:31 UTC (F-0001; year, zone inferred)"; !strings.HasPrefix(
		first,
		want,
	) {
		t.Errorf("the first line is %q, want %q", strings.SplitN(first, "\n", 2)[0], want)
	}
	var b bytes.Buffer
	if err := HTML(&b, intrusion(), Options{}); err != nil ||
		!strings.Contains(b.String(), `<a href="#F-0001">F-0001</a>; year, zone inferred`) {
		t.Errorf("the page does not name the finding of the time (%v)", err)
	}
}

// Every field that a report asks a record for is in the table of kinds: one that is not
// is shown never.
func TestFieldsAreInTheTable(t *testing.T) {
	asked := 0
	for _, dir := range []string{".", "ioc", "../timeline"} {
		for name, file := range sources(t, dir) {
			for _, f := range fieldsAsked(file) {
				if asked++; !model.IsField(f) {
					t.Errorf("%s asks for %q, which no kind of record has", name, f)
				}
			}
		}
	}
	if asked < 20 {
		t.Errorf("the test saw only %d fields", asked)
	}
}

// sources gives the files of a package, without its tests.
func sources(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", dir, len(names), err)
	}
	out := make(map[string]*ast.File)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if out[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// fieldsAsked gives the names of fields in a file: literals given to what reads a field,
// and those of a list that is ranged over for it.
func fieldsAsked(file *ast.File) (out []string) {
	readers := map[string]bool{
		"field":    true,
		"Get":      true,
		"List":     true,
		"Number":   true,
		"Has":      true,
		"Is":       true,
		"Contains": true,
	}
	literal := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, _ := strconv.Unquote(l.Value)
			out = append(out, s)
		}
	}
	asks := func(n ast.Node, name string) (yes bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && readers[callee(c)] {
				for _, arg := range c.Args {
					if id, ok := arg.(*ast.Ident); ok && id.Name == name {
						yes = true
					}
				}
			}
			return true
		})
		return yes
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
				if id, ok := sel.X.(*ast.Ident); ok && (id.Name == "strings" || id.Name == "slices" || id.Name == "text") {
					return true
				}
			}
			if readers[callee(n)] {
				for _, arg := range n.Args {
					literal(arg)
				}
			}
		case *ast.RangeStmt:
			l, ok := n.X.(*ast.CompositeLit)
			v, ok2 := n.Value.(*ast.Ident)
			if ok && ok2 && asks(n.Body, v.Name) {
				for _, e := range l.Elts {
					literal(e)
				}
			}
		}
		return true
	})
	return out
}

func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// On the page a wallet, a hash, a URL and a command are not broken across lines: only
// paths may be broken anywhere, and what is too wide is scrolled.
func TestPageKeepsWords(t *testing.T) {
	a := intrusion()
	a.Records[2].Fields = modeltest.Fields("cron.job", "command="+testCommand, "urls="+testURL)
	a.Findings[3].Excerpt = "* * * * * root " + testCommand
	var b bytes.Buffer
	if err := HTML(&b, a, Options{}); err != nil {
		t.Fatal(err)
	}
	page := html.UnescapeString(b.String())
	for _, want := range []string{
		`<code class="whole">` + testWallet + `</code>`, `<span class="whole">wallet=` + testWallet + `</span>`,
		`<span class="whole">command=` + testCommand + `</span>`, `<span class="whole">urls=` + testURL + `</span>`,
		`<pre>* * * * * root ` + testCommand + `</pre>`, `<code class="whole">icecore cat `, `<code class="whole">pool.example.invalid:443 (TLS)</code>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	_, style, _ := strings.Cut(b.String(), "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	var screen []string
	for rule := range strings.SplitSeq(style, "\n") {
		if !strings.HasPrefix(rule, "@media print") {
			screen = append(screen, rule)
		}
	}
	for _, rule := range screen {
		name, what, _ := strings.Cut(rule, "{")
		for _, breaks := range []string{"overflow-wrap", "word-break", "line-break", "hyphens: auto"} {
			if strings.Contains(what, breaks) && strings.TrimSpace(name) != ".path" {
				t.Errorf("%s breaks words: %s", name, what)
			}
		}
	}
	for _, want := range []string{".whole { white-space: nowrap; }", "white-space: pre; }", "hyphens: none", ".scroll, pre { overflow-x: auto; }"} {
		if !strings.Contains(strings.Join(screen, "\n"), want) {
			t.Errorf("the style does not hold %q", want)
		}
	}
}
