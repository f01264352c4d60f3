package message

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/model"
)

// TestTemplate: the rules of the templates, one by one.
func TestTemplate(t *testing.T) {
	hostile := "[x] {n} ]} |"
	params := []any{
		"text", "a b", "empty", "", "n", 5, "one", 1, "none", 0, "minus", -1, "list",
		[]string{"a", "b"},
		"item",
		[]string{"a"},
		"no_list",
		[]string{},
		"time", time.Unix(0, 999),
		"no_time",
		time.Time{},
		"hostile", hostile, "big", int64(-1 << 63),
	}
	for _, tt := range []struct{ template, want string }{
		{"", ""},
		{"{text}", "a b"},
		{"x{text}y{text}", "xa bya b"},
		{"{empty}", ""},
		{"{gone}.", "."},
		{"{n} {none} {minus} {big}", "5 0 -1 -9223372036854775808"},
		{"{list}; {item}; {no_list}", "a, b; a; "},
		{"{time} {no_time}", "1970-01-01T00:00:00Z "},
		{"{hostile}", hostile},
		{"{n|day|days} {one|day|days} {none|day|days} {minus|day|days}", "days day days days"},
		{"{text|day|days} {gone|day|days}", "days days"},
		{"{one||s}{n||s}", "s"},
		{"a[ b {text}] c", "a b a b c"},
		{"a[ b {gone}] c", "a c"},
		{"a[ b {empty}][ c {no_list}][ d {no_time}] e", "a e"},
		{"a[ b {text} {gone}] c", "a c"},
		{"a[ b {gone} {text}] c", "a c"},
		{"a[ {none}]", "a 0"},
		{"a[ b] c", "a b c"},
		{"a[ {n|hit|hits}]", "a hits"},
		{"[{hostile}]!", hostile + "!"},
		{"[{text}][{n}]", "a b5"},
		{"{gone}[{text}]", "a b"},
		{"a] {text} [b", "a] a b [b"},
		{"{text", "{text"},
		{"[{text", "[{text"},
		{"{n|a}", ""},
		{"{n|a|b|c}", ""},
	} {
		c := &Catalogue{texts: map[string]string{"x": tt.template}}
		if got := c.Text(model.Msg("x", params...)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.template, got, tt.want)
		}
	}
}

// TestUnknown: a message that the catalogue does not have is shown as its id and
// parameters, sorted.
func TestUnknown(t *testing.T) {
	m := model.Msg("later.id", "z", 1, "a", []string{"x", "y"}, "m", time.Unix(0, 0), "k", "[{z}]", "o", model.Msg("other", "p", 2))
	want := "later.id a=x, y k=[{z}] m=1970-01-01T00:00:00Z o=other p=2 z=1"
	for _, c := range []*Catalogue{{}, English()} {
		if got := c.Text(m); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestComplete: each sentence of an analysis is that of its message, also where it had
// another before.
func TestComplete(t *testing.T) {
	c := &Catalogue{texts: map[string]string{"x": "X {n}.", "y": "Y.", "none": ""}}
	a := &model.Analysis{
		Findings: []model.Finding{
			{Message: model.Msg("x", "n", 1), Details: []model.Message{model.Msg("y"), {}, model.Msg("none"), model.Msg("x", "n", 2)}, Title: "old", Description: "old"},
			{Title: "old", Description: "old"},
		},
		Story:    []model.StoryLine{{Message: model.Msg("y"), Text: "old"}, {Message: model.Msg("x", "n", 4)}},
		Coverage: model.Coverage{Gaps: []model.Gap{{What: model.Msg("x", "n", 3), Why: model.Msg("y"), WhatText: "old", WhyText: "old"}, {What: model.Msg("y")}}},
	}
	c.Complete(a)
	f, s, g := a.Findings, a.Story, a.Coverage.Gaps
	got := []string{f[0].Title, f[0].Description, f[1].Title, f[1].Description, s[0].Text, s[1].Text, g[0].WhatText, g[0].WhyText, g[1].WhatText, g[1].WhyText}
	if want := []string{"X 1.", "Y. X 2.", "", "", "Y.", "X 4.", "X 3.", "Y.", "Y.", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLanguages: the languages are found by their names; each has the sentences of the
// first, with the same parameters, and all its templates are well formed.
func TestLanguages(t *testing.T) {
	list := Languages()
	if len(list) == 0 || list[0].Lang != "en" {
		t.Fatal("the default is not English")
	}
	ids := list[0].IDs()
	if len(ids) < 100 || !slices.IsSorted(ids) {
		t.Errorf("%d ids", len(ids))
	}
	for _, c := range list {
		found, err := For(c.Lang)
		if err != nil || found.Lang != c.Lang {
			t.Errorf("%s: %v, %v", c.Lang, found, err)
		}
		if !slices.Equal(c.IDs(), ids) {
			t.Errorf("%s has other messages than English", c.Lang)
		}
		for _, id := range ids {
			text, ok := c.Template(id)
			first, _ := list[0].Template(id)
			if !ok || !wellFormed(text) {
				t.Errorf("%s: %s: %q", c.Lang, id, text)
			}
			if !slices.Equal(parametersOf(text), parametersOf(first)) {
				t.Errorf("%s: %s has other parameters than English", c.Lang, id)
			}
		}
	}
	if _, err := For("xx"); err == nil || !strings.Contains(err.Error(), `no language "xx": want en`) {
		t.Error(err)
	}
	if s, ok := list[0].Template("no.such"); ok || s != "" {
		t.Errorf("%q", s)
	}
}

var (
	parameterRE = regexp.MustCompile(`\{([a-z][a-z0-9_]*)(\|[^{}\[\]|]*\|[^{}\[\]|]*)?\}`)
	optionalRE  = regexp.MustCompile(`\[[^\[\]]*\{[a-z][^\[\]]*\]`)
)

// wellFormed says whether a template is all plain text, parameters and optional parts with
// a parameter in each.
func wellFormed(text string) bool {
	rest := optionalRE.ReplaceAllStringFunc(text, func(s string) string { return s[1 : len(s)-1] })
	return text != "" && !strings.ContainsAny(parameterRE.ReplaceAllString(rest, ""), "[]{}")
}

func parametersOf(text string) []string {
	var out []string
	for _, m := range parameterRE.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestWellFormed: the check of templates finds what is wrong with one.
func TestWellFormed(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, "a {b}": true, "{n|x|y}[ {b}]": true, "{n||s}": true, "": false, "{": false, "}": false, "[a]": false, "[a {b}": false, "{n|x}": false, "{n|x|y|z}": false, "{B}": false,
		"[a [{b}]]": false, "{a b}": false,
	} {
		if wellFormed(text) != want {
			t.Errorf("%q: want %t", text, want)
		}
	}
}

// TestWide: nested messages do not make a sentence without bounds.
func TestWide(t *testing.T) {
	c := &Catalogue{texts: map[string]string{"x": "{a}{a}{a}"}}
	m := model.Msg("x", "a", "y")
	for range 50 {
		m = model.Msg("x", "a", m)
	}
	if got := c.Text(m); len(got) > 1000 {
		t.Error(fmt.Sprint(len(got), " bytes"))
	}
}
