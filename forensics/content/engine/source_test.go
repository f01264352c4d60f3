package engine

import (
	"strings"
	"testing"
)

const twisted = `import "math"
include "other.yar"
/* rule Not_One { condition: true } */
// rule Nor_This { condition: true }
private rule Helper : tag1 tag2 { strings: $a = "}" $b = { 41 [2-4] 42 } condition: $a or $b }

global rule Everywhere { condition: filesize < 1MB }
rule Uses_Helper
{
  meta:
    description = "has \" and { in it"
  strings:
    $r = /a\/b[}\/]{2}c/
    $h = { 4? ( 41 | 42 ) }
  condition:
    filesize / 2 > 3 and ($r or $h) and Helper and filename matches /x{2}\// // rule Trap {
}
rule Alone_Is_Fine { condition: math.entropy(0, filesize) > 7.0 }
`

func TestSplit(t *testing.T) {
	rules, imports := Split(twisted)
	var got []string
	for _, r := range rules {
		got = append(got, r.Name)
	}
	if want := "Helper Everywhere Uses_Helper Alone_Is_Fine"; strings.Join(got, " ") != want {
		t.Fatalf("rules %q, want %q", got, want)
	}
	if len(imports) != 1 || imports[0] != "math" {
		t.Errorf("imports %q", imports)
	}
	for i, want := range []struct {
		line            int
		private, global bool
	}{{5, true, false}, {7, false, true}, {8, false, false}, {18, false, false}} {
		if r := rules[i]; r.Line != want.line || r.Private != want.private || r.Global != want.global {
			t.Errorf("%s: line %d private %v global %v, want %+v", r.Name, r.Line, r.Private, r.Global, want)
		}
	}
	one := Alone(rules, imports, "Uses_Helper")
	for _, want := range []string{"private rule Helper", "global rule Everywhere", "rule Uses_Helper", `import "math"`} {
		if !strings.Contains(one, want) {
			t.Errorf("alone, it lacks %q:\n%s", want, one)
		}
	}
	if strings.Contains(one, "Alone_Is_Fine") {
		t.Error("alone, it brings a rule that it does not name")
	}
	if Alone(rules, imports, "Nobody") != "" {
		t.Error("a rule that is not there has a source")
	}
}

// FuzzSplit demands that any text is cut without trouble, and that the pieces are
// pieces of it.
func FuzzSplit(f *testing.F) {
	f.Add(twisted)
	f.Add("rule a { strings: $a = /[/ condition: $a")
	f.Add("/* rule")
	f.Add("rule \"x")
	f.Fuzz(func(t *testing.T, text string) {
		rules, imports := Split(text)
		for _, r := range rules {
			if !strings.Contains(text, r.Text) {
				t.Errorf("%q is not part of it", r.Text)
			}
			Alone(rules, imports, r.Name)
		}
	})
}
