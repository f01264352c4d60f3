package report

import (
	"go/ast"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"icecore/forensics/message"
	"icecore/forensics/model"
)

// Every fixed text that the writers ask for is in each catalogue, and each catalogue has
// no other: a text that is missing would be written as its id.
func TestWords(t *testing.T) {
	used := make(map[string]bool)
	for _, file := range sources(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) == 0 {
				return true
			}
			before := map[string]string{"say": "", "count": "", "head": "head."}
			if callee(c) == "table" {
				if l, ok := c.Args[0].(*ast.CompositeLit); ok {
					for _, e := range l.Elts {
						s, _ := strconv.Unquote(e.(*ast.BasicLit).Value)
						used["report.column."+s] = true
					}
				}
			}
			if p, ok := before[callee(c)]; ok {
				if l, ok := c.Args[0].(*ast.BasicLit); ok {
					s, _ := strconv.Unquote(l.Value)
					used["report."+p+s] = true
				}
			}
			return true
		})
	}
	tmpl, err := os.ReadFile("report.html.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\b(?:say|count) "([^"]+)"`).FindAllStringSubmatch(string(tmpl), -1) {
		used["report."+m[1]] = true
	}
	if len(used) < 80 {
		t.Errorf("the test saw only %d texts", len(used))
	}
	var groups []string // of which the value decides
	for _, p := range model.Phases() {
		for _, f := range configFields {
			groups = append(groups, "report.config."+f)
			if !model.IsField(f) {
				t.Errorf("no record has the field %q", f)
			}
		}
		groups = append(groups, "report.phase."+string(p))
	}
	for _, l := range levelOrder {
		groups = append(groups, "report.level."+l)
	}
	for _, s := range []model.State{model.Live, model.Orphan, model.Deleted} {
		groups = append(groups, "report.state."+s.String())
	}
	for _, v := range []model.VerdictState{model.Compromised, model.Suspicious, model.NoIndicators, model.Inconclusive} {
		groups = append(groups, "report.verdict."+string(v))
	}
	for _, g := range model.TouchedGroups() {
		groups = append(groups, "report.touched."+string(g))
	}
	groups = append(
		groups,
		"report.phase.other",
		"report.basis.first",
		"report.basis.modified",
		"report.basis.changed",
		"report.basis.created",
		"report.basis.accessed",
		"report.basis.deleted",
	)
	for _, id := range groups {
		used[id] = true
	}
	for _, c := range message.Languages() {
		for id := range used {
			if _, ok := c.Template(id); !ok && !strings.HasSuffix(id, ".") {
				t.Errorf("%s: no text %q", c.Lang, id)
			}
		}
		for _, id := range c.IDs() {
			if strings.HasPrefix(id, "report.") && !used[id] {
				t.Errorf("%s: nothing uses the text %q", c.Lang, id)
			}
		}
	}
}
