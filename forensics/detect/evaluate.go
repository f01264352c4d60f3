package detect

import (
	"fmt"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	sigma "github.com/bradleyjkemp/sigma-go"
	"github.com/bradleyjkemp/sigma-go/evaluator/modifiers"
)

// event is a record as Sigma sees it: the values of each field. A field that is not there
// has none.
type event map[string][]string

// expression is a rule's detection, ready to run over many events: what the values of a
// rule mean is worked out once. It may be used from several goroutines.
type expression struct {
	searches   map[string][]alternative
	conditions []sigma.SearchExpr
}

// alternative is a list of tests that must all hold; of the alternatives of a search one
// is enough. A search without any always holds.
type alternative []test

// lowered gives the values of a field in lower case, which many rules ask for: they are made
// once and kept under a key that no field has.
func (e event) lowered(field, key string) []string {
	if l, ok := e[key]; ok {
		return l
	}
	l := make([]string, len(e[field]))
	for i, v := range e[field] {
		l[i] = strings.ToLower(v)
	}
	e[key] = l
	return l
}

// test compares the values of one field.
type test struct {
	field   string
	low     string // the key of the values in lower case, where those are compared
	all     bool   // each value of the rule must match
	matches []func(value string) bool
	// literals are, of regular expressions, the texts in lower case without which each cannot
	// match: to look for them first is much faster.
	literals []string
	absent   bool // it may also hold where the field is not there
}

// newExpression prepares a rule whose modifiers and values were checked by prepare.
func newExpression(s *sigma.Rule) (*expression, error) {
	x := &expression{searches: make(map[string][]alternative, len(s.Detection.Searches))}
	for _, c := range s.Detection.Conditions {
		x.conditions = append(x.conditions, c.Search)
	}
	for name, search := range s.Detection.Searches {
		list := make([]alternative, 0, len(search.EventMatchers))
		for _, m := range search.EventMatchers {
			alt := make(alternative, 0, len(m))
			for i := range m {
				t, err := newTest(&m[i])
				if err != nil {
					return nil, fmt.Errorf("%s, field %q: %w", name, m[i].Field, err)
				}
				alt = append(alt, t)
			}
			list = append(list, alt)
		}
		x.searches[name] = list
	}
	return x, nil
}

func newTest(f *sigma.FieldMatcher) (test, error) {
	t := test{field: f.Field}
	mods := f.Modifiers
	if n := len(mods); n > 0 && mods[n-1] == "all" {
		t.all, mods = true, mods[:n-1]
	}
	compare, err := modifiers.GetComparator(f.Field, nil, mods...)
	if err != nil {
		return t, err
	}
	if len(mods) == 1 && (mods[0] == "contains" || mods[0] == "startswith" || mods[0] == "endswith") {
		t.low = "\x00" + f.Field
	}
	for _, v := range f.Values {
		want := modifiers.CoerceString(v)
		if len(mods) == 0 && want == "null" {
			t.absent = true
		}
		one, err := comparison(mods, want, compare)
		if err != nil {
			return t, err
		}
		t.matches = append(t.matches, one)
		if len(mods) == 1 && mods[0] == "re" {
			t.literals = append(t.literals, requiredText(want))
		}
	}
	return t, nil
}

// comparison gives the comparison with one value; contains, startswith and endswith compare
// values in lower case. Those that nearly all rules use are
// prepared; the rest is left to the package that read the rule.
func comparison(mods []string, want string, compare modifiers.ComparatorFunc) (func(string) bool, error) {
	low := strings.ToLower(want)
	switch {
	case len(mods) == 0:
		return func(got string) bool { return strings.EqualFold(got, want) }, nil
	case len(mods) > 1:
	case mods[0] == "contains":
		return func(got string) bool { return strings.Contains(got, low) }, nil
	case mods[0] == "startswith":
		return func(got string) bool { return strings.HasPrefix(got, low) }, nil
	case mods[0] == "endswith":
		return func(got string) bool { return strings.HasSuffix(got, low) }, nil
	case mods[0] == "re":
		re, err := regexp.Compile(want)
		if err != nil {
			return nil, err
		}
		return re.MatchString, nil
	}
	return func(got string) (ok bool) {
		// It compares numbers with what the image says, and panics over what is none.
		defer func() {
			if recover() != nil {
				ok = false
			}
		}()
		ok, err := compare(got, want)
		return ok && err == nil
	}, nil
}

func (t *test) holds(e event) bool {
	values := e[t.field]
	if len(values) == 0 && t.absent {
		return true
	}
	if t.low != "" {
		values = e.lowered(t.field, t.low)
	}
	for i, m := range t.matches {
		found := false
		switch {
		case t.literals == nil:
			found = slices.ContainsFunc(values, m)
		default:
			low := e.lowered(t.field, "\x00"+t.field)
			for n, v := range values {
				found = found || strings.Contains(low[n], t.literals[i]) && m(v)
			}
		}
		if found != t.all {
			return !t.all
		}
	}
	return t.all
}

// requiredText gives the longest text in lower case without which an expression cannot match;
// empty if none is known.
func requiredText(expression string) string {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	return literalOf(tree.Simplify())
}

func literalOf(t *syntax.Regexp) (longest string) {
	switch t.Op {
	case syntax.OpLiteral:
		// What has another form in lower case than Unicode's folding takes for the same is left out.
		for _, r := range t.Rune {
			if r >= 0x80 {
				return ""
			}
		}
		return strings.ToLower(string(t.Rune))
	case syntax.OpConcat:
		for _, sub := range t.Sub {
			if s := literalOf(sub); len(s) > len(longest) {
				longest = s
			}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literalOf(t.Sub[0])
	}
	return longest
}

// matches says whether an event fulfils one of the conditions.
func (x *expression) matches(e event) bool {
	known := make(map[string]bool, len(x.searches))
	return slices.ContainsFunc(x.conditions, func(c sigma.SearchExpr) bool { return x.evaluate(c, e, known) })
}

// search says whether a search holds; known has those that were looked at.
func (x *expression) search(name string, e event, known map[string]bool) bool {
	list, ok := x.searches[name]
	if !ok {
		return false
	}
	if v, ok := known[name]; ok {
		return v
	}
	v := len(list) == 0 || slices.ContainsFunc(list, func(a alternative) bool {
		return !slices.ContainsFunc(a, func(t test) bool { return !t.holds(e) })
	})
	known[name] = v
	return v
}

func (x *expression) evaluate(c sigma.SearchExpr, e event, known map[string]bool) bool {
	among := func(pattern string, all bool) bool {
		for name := range x.searches {
			if ok, err := path.Match(pattern, name); err == nil && ok && x.search(name, e, known) != all {
				return !all
			}
		}
		return all
	}
	switch c := c.(type) {
	case sigma.And:
		return !slices.ContainsFunc(c, func(n sigma.SearchExpr) bool { return !x.evaluate(n, e, known) })
	case sigma.Or:
		return slices.ContainsFunc(c, func(n sigma.SearchExpr) bool { return x.evaluate(n, e, known) })
	case sigma.Not:
		return !x.evaluate(c.Expr, e, known)
	case sigma.SearchIdentifier:
		return x.search(c.Name, e, known)
	case sigma.OneOfIdentifier:
		return x.search(c.Ident.Name, e, known)
	case sigma.AllOfIdentifier:
		return x.search(c.Ident.Name, e, known)
	case sigma.OneOfPattern:
		return among(c.Pattern, false)
	case sigma.AllOfPattern:
		return among(c.Pattern, true)
	case sigma.OneOfThem:
		return among("*", false)
	case sigma.AllOfThem:
		return among("*", true)
	}
	return false
}
