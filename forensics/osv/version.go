package osv

import (
	"regexp"
	"strings"
)

// comparer gives the comparison of versions of an ecosystem, nil where none is known here.
func comparer(ecosystem string) func(a, b string) int {
	switch ecosystem {
	case "npm", "Go", "crates.io":
		return semver
	case "PyPI":
		return func(a, b string) int { return tokens(a, b, pypi) }
	case "RubyGems":
		return func(a, b string) int { return tokens(a, b, gem) }
	case "Maven":
		return func(a, b string) int { return tokens(a, b, maven) }
	case "Packagist":
		return func(a, b string) int { return tokens(a, b, composer) }
	}
	return nil
}

// plainVersion writes a version without what says nothing of its order.
func plainVersion(ecosystem, v string) string {
	v = strings.TrimSpace(v)
	switch ecosystem {
	case "npm", "Go", "crates.io", "Packagist":
		v = strings.TrimPrefix(v, "v")
		v, _, _ = strings.Cut(v, "+")
	case "PyPI":
		v = strings.ToLower(strings.TrimPrefix(v, "v"))
		v, _, _ = strings.Cut(v, "+")
	}
	return v
}

// semver compares by https://semver.org/, rule 11; missing numbers are 0.
func semver(a, b string) int {
	a, b = plainVersion("npm", a), plainVersion("npm", b)
	na, pa, hasA := strings.Cut(a, "-")
	nb, pb, hasB := strings.Cut(b, "-")
	if c := numbers(strings.Split(na, "."), strings.Split(nb, ".")); c != 0 {
		return c
	}
	switch {
	case !hasA && !hasB:
		return 0
	case !hasA:
		return 1
	case !hasB:
		return -1
	}
	x, y := strings.Split(pa, "."), strings.Split(pb, ".")
	for i := range min(len(x), len(y)) {
		dx, dy := digits(x[i]), digits(y[i])
		c := 0
		switch {
		case dx && dy:
			c = number(x[i], y[i])
		case dx:
			c = -1
		case dy:
			c = 1
		default:
			c = strings.Compare(x[i], y[i])
		}
		if c != 0 {
			return c
		}
	}
	return len(x) - len(y)
}

func numbers(x, y []string) int {
	for i := range max(len(x), len(y)) {
		p, q := "0", "0"
		if i < len(x) {
			p = x[i]
		}
		if i < len(y) {
			q = y[i]
		}
		if c := number(p, q); c != 0 {
			return c
		}
	}
	return 0
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// number compares numbers of any length; what is none as text.
func number(a, b string) int {
	if digits(a) && digits(b) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		if len(a) != len(b) {
			return len(a) - len(b)
		}
	}
	return strings.Compare(a, b)
}

// The ranks of words in versions; 0 is that of the end of a version, what is more comes
// after the release.
var (
	pypi = map[string]int{
		"dev": -5, "a": -4, "alpha": -4, "b": -3, "beta": -3, "c": -2, "rc": -2, "pre": -2, "preview": -2,
		"post": 1, "rev": 1, "r": 1,
	}
	maven = map[string]int{
		"alpha": -6, "a": -6, "beta": -5, "b": -5, "milestone": -4, "m": -4, "rc": -3, "cr": -3, "snapshot": -2,
		"ga": 0, "final": 0, "release": 0, "sp": 1,
	}
	composer = map[string]int{
		"dev": -5, "alpha": -4, "a": -4, "beta": -3, "b": -3, "rc": -2, "stable": 0, "patch": 1, "pl": 1, "p": 1,
	}
	gem = map[string]int{} // any word makes it a release before the release
)

var tokenRE = regexp.MustCompile(`[0-9]+|[a-z]+`)

// tokens compares number by number and word by word, where words are ranked; a word that is
// not known comes before the release for RubyGems, and behind it elsewhere.
func tokens(a, b string, ranks map[string]int) int {
	epoch := func(s string) (string, string) {
		if e, rest, ok := strings.Cut(s, "!"); ok && digits(e) {
			return e, rest
		}
		return "0", s
	}
	ea, a := epoch(strings.ToLower(a))
	eb, b := epoch(strings.ToLower(b))
	if c := number(ea, eb); c != 0 {
		return c
	}
	x, y := tokenRE.FindAllString(a, -1), tokenRE.FindAllString(b, -1)
	for i := range max(len(x), len(y)) {
		p, q := "", ""
		if i < len(x) {
			p = x[i]
		}
		if i < len(y) {
			q = y[i]
		}
		if c := token(p, q, ranks); c != 0 {
			return c
		}
	}
	return 0
}

// token compares two parts; the empty one is the end of a version, which is like 0.
func token(p, q string, ranks map[string]int) int {
	rank := func(s string) int {
		if n, ok := ranks[s]; ok {
			return n
		}
		if len(ranks) == 0 {
			return -1
		}
		return 1
	}
	dp, dq := p == "" || digits(p), q == "" || digits(q)
	switch {
	case dp && dq:
		if p == "" {
			p = "0"
		}
		if q == "" {
			q = "0"
		}
		return number(p, q)
	case dp:
		if n := rank(q); n != 0 && (p == "" || n < 0) {
			return -n
		} else if p == "" {
			return 0
		}
		return 1 // 1.1 is behind 1.post1
	case dq:
		return -token(q, p, ranks)
	}
	if c := rank(p) - rank(q); c != 0 {
		return c
	}
	if _, ok := ranks[p]; ok {
		return 0
	}
	return strings.Compare(p, q)
}
