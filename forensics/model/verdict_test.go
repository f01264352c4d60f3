package model

import (
	"slices"
	"testing"
)

// What decides and was not read makes "no indicators" inconclusive and leaves every other
// state; all of them name it, the decisive first.
func TestWeigh(t *testing.T) {
	gap := func(s Subject, w Weight) Gap {
		return Gap{Subject: s, Weight: w, What: Msg(string(s) + "." + string(w))}
	}
	decisive, packages := gap(SubjectVolume, Decisive), gap(SubjectPackages, Partial)
	partial, minor := gap(SubjectFile, Partial), gap(SubjectVolume, Minor)
	for _, tt := range []struct {
		name  string
		state VerdictState
		gaps  []Gap
		want  VerdictState
		names []Gap
	}{
		{"all read", NoIndicators, nil, NoIndicators, nil},
		{"of no weight", NoIndicators, []Gap{partial, minor}, NoIndicators, nil},
		{"ownership unknown", NoIndicators, []Gap{minor, packages}, NoIndicators, []Gap{packages}},
		{"nothing found", NoIndicators, []Gap{minor, packages, partial, decisive}, Inconclusive, []Gap{decisive, packages}},
		{"suspicious", Suspicious, []Gap{decisive}, Suspicious, []Gap{decisive}},
		{"compromised", Compromised, []Gap{partial, decisive}, Compromised, []Gap{decisive}},
		{"many", NoIndicators, slices.Repeat([]Gap{decisive}, 12), Inconclusive, slices.Repeat([]Gap{decisive}, MaxNotRead)},
	} {
		v := Verdict{State: tt.state}
		for range 2 { // a second time, nothing changes
			v.Weigh(tt.gaps)
			same := slices.EqualFunc(v.NotRead, tt.names, func(a, b Gap) bool { return a.What.ID == b.What.ID })
			if v.State != tt.want || !same {
				t.Errorf("%s: %s %v, want %s %v", tt.name, v.State, v.NotRead, tt.want, tt.names)
			}
		}
		c := Coverage{Gaps: tt.gaps}
		if want := !slices.ContainsFunc(tt.names, func(g Gap) bool { return g.Weight == Decisive }); c.Decided() != want {
			t.Errorf("%s: decided is %v", tt.name, c.Decided())
		}
	}
}
