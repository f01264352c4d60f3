package message

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// use is a place of the program that makes a message.
type use struct {
	id     string
	params []string
	at     string
}

// uses finds all messages that the program makes: calls of model.Msg and of Add, whose
// first argument is a text with a dot in it. Other names of Add are those of fields.
func uses(t *testing.T, root string) []use {
	t.Helper()
	var out []use
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") || d.IsDir() {
			return err
		}
		f, err := parser.ParseFile(files, p, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || fn.Sel.Name != "Msg" && fn.Sel.Name != "Add" || len(call.Args) == 0 {
				return true
			}
			u := use{at: files.Position(call.Pos()).String()}
			u.id, ok = literal(call.Args[0])
			switch {
			case fn.Sel.Name == "Add" && (!ok || !strings.Contains(u.id, ".")):
				return true
			case !ok || call.Ellipsis.IsValid() || len(call.Args)%2 == 0:
				t.Errorf("%s: the id and the names of a message must stand in the call", u.at)
				return true
			}
			for i := 1; i < len(call.Args); i += 2 {
				name, ok := literal(call.Args[i])
				if !ok {
					t.Errorf("%s: the name of a parameter must stand in the call", u.at)
				}
				u.params = append(u.params, name)
			}
			out = append(out, u)
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(b.Value)
	return s, err == nil
}

// unsaid are parameters that no sentence has: values for those who read the JSON form.
var unsaid = map[string]string{"rule.title": "rule", "rule.description": "rule", "finding.also": "rule"}

var (
	parameter = regexp.MustCompile(`\{([a-z_]+)(\|[^}]*)?\}`)
	optional  = regexp.MustCompile(`\[[^\]]*\]`)
	idForm    = regexp.MustCompile(`^[a-z_-]+(\.[a-z_-]+)+$`)
)

func names(template string) []string {
	var out []string
	for _, m := range parameter.FindAllStringSubmatch(template, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// faults says what is wrong with the messages that the program makes.
func faults(texts map[string]string, made []use) []string {
	var out []string
	used := make(map[string]bool)
	for _, u := range made {
		template, ok := texts[u.id]
		if !ok {
			out = append(out, fmt.Sprintf("%s: no message %q", u.at, u.id))
			continue
		}
		used[u.id] = true
		for i, p := range u.params {
			if slices.Contains(u.params[:i], p) {
				out = append(out, fmt.Sprintf("%s: %s has {%s} twice", u.at, u.id, p))
			}
			if !slices.Contains(names(template), p) && unsaid[u.id] != p {
				out = append(out, fmt.Sprintf("%s: %s has no {%s}", u.at, u.id, p))
			}
		}
		for _, p := range names(optional.ReplaceAllString(template, "")) {
			if !slices.Contains(u.params, p) {
				out = append(out, fmt.Sprintf("%s: %s wants {%s}", u.at, u.id, p))
			}
		}
		for _, p := range names(template) {
			if !slices.Contains(u.params, p) && !slices.ContainsFunc(made,
				func(o use) bool { return o.id == u.id && slices.Contains(o.params, p) }) {
				out = append(out, fmt.Sprintf("%s: nothing gives {%s}", u.id, p))
			}
		}
	}
	for id := range texts {
		if !used[id] {
			out = append(out, fmt.Sprintf("nothing says %q", id))
		}
		if !idForm.MatchString(id) {
			out = append(out, fmt.Sprintf("the id %q is not of lower-case words with dots", id))
		}
	}
	slices.Sort(out)
	return out
}

// TestSources holds the ids and parameters that the program uses against the catalogue,
// both ways.
func TestSources(t *testing.T) {
	made := append(uses(t, ".."), uses(t, "../../cmd")...)
	if len(made) < 100 {
		t.Errorf("only %d messages", len(made))
	}
	for _, c := range Languages() {
		texts := maps.Clone(c.texts)
		// The fixed texts of reports are held against their writers in package report.
		maps.DeleteFunc(texts, func(id, _ string) bool { return strings.HasPrefix(id, "report.") })
		for _, f := range faults(texts, made) {
			t.Errorf("%s: %s", c.Lang, f)
		}
	}
}

// TestSourceFaults: each fault is found by the check itself.
func TestSourceFaults(t *testing.T) {
	texts := map[string]string{"a.b": "{x} {n|one|more}[ {y}]", "c.d": "Nothing."}
	for _, tt := range []struct {
		made []use
		want string
	}{
		{[]use{{"a.b", []string{"x", "n", "y"}, "f:1"}, {"c.d", nil, "f:2"}}, ""},
		{[]use{{"a.b", []string{"x", "n"}, "f:1"}, {"a.b", []string{"x", "n", "y"}, "f:2"}, {"c.d", nil, "f:3"}}, ""},
		{[]use{{"a.b", []string{"x", "n"}, "f:1"}, {"c.d", nil, "f:2"}}, "a.b: nothing gives {y}"},
		{[]use{{"a.b", []string{"n", "y"}, "f:1"}, {"c.d", nil, "f:2"}}, "f:1: a.b wants {x}"},
		{[]use{{"a.b", []string{"x", "n", "y", "z"}, "f:1"}, {"c.d", nil, "f:2"}}, "f:1: a.b has no {z}"},
		{[]use{{"a.b", []string{"x", "n", "y", "y"}, "f:1"}, {"c.d", nil, "f:2"}}, "f:1: a.b has {y} twice"},
		{[]use{{"a.b", []string{"x", "n", "y"}, "f:1"}}, `nothing says "c.d"`},
		{
			[]use{{"a.b", []string{"x", "n", "y"}, "f:1"}, {"c.d", nil, "f:2"}, {"c.e", nil, "f:3"}},
			`f:3: no message "c.e"`,
		},
	} {
		got := strings.Join(faults(texts, tt.made), "; ")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%v: %q, want %q", tt.made, got, tt.want)
		}
	}
}

// privateWords are those that no responder would write in a report.
var privateWords = regexp.MustCompile(`(?i)everybody may|\bfolder|odd place|\btold\b|\btells?\b|led nowhere|runs by itself|what mines|at at\b`)

// TestWords: the sentences are in the words of the field, and have no faults of form.
func TestWords(t *testing.T) {
	for _, c := range Languages() {
		for id, text := range c.texts {
			if m := privateWords.FindString(text); m != "" {
				t.Errorf("%s holds %q", id, m)
			}
			if strings.Count(text, "[") != strings.Count(text, "]") || strings.Count(text, "{") != strings.Count(text,
				"}") || strings.TrimSpace(text) != text || strings.Contains(text, "  ") {
				t.Errorf("%s: %q", id, text)
			}
		}
	}
}
