package report

import (
	"bytes"
	"strings"
	"testing"

	"icecore/forensics/model"
)

// What bears on the verdict stands on the first screen and in the page's head; what decides
// turns "no indicators" into "inconclusive", also of an analysis that does not say so itself;
// what is of no weight stands apart, behind the rest.
func TestBearing(t *testing.T) {
	var (
		packages = model.Gap{Subject: model.SubjectPackages, Weight: model.Partial, WhatText: "package ownership", WhyText: "unknown"}
		decisive = model.Gap{Subject: model.SubjectVolume, Weight: model.Decisive, WhatText: "volume p2 (xfs)", WhyText: "an XFS filesystem"}
		partial  = model.Gap{Subject: model.SubjectFile, Weight: model.Partial, WhatText: "volume p1, /a", WhyText: "a bad block"}
		minor    = model.Gap{Subject: model.SubjectVolume, Weight: model.Minor, WhatText: "volume p15 (vfat)", WhyText: "a FAT filesystem"}
	)
	for _, tt := range []struct {
		name  string
		gaps  []model.Gap
		head  string
		first []string // on the first screen, in this order
		class string
	}{
		{"all read", nil, "NO INDICATORS FOUND", nil, "no-indicators"},
		{"of no weight", []model.Gap{minor, partial}, "NO INDICATORS FOUND", nil, "no-indicators"},
		{"ownership", []model.Gap{minor, packages}, "NO INDICATORS FOUND", []string{"package ownership: unknown"}, "no-indicators"},
		{
			"a volume",
			[]model.Gap{minor, packages, partial, decisive},
			"INCONCLUSIVE: no indicators in what could be read",
			[]string{"volume p2 (xfs): an XFS filesystem", "package ownership: unknown"},
			"inconclusive",
		},
	} {
		for _, state := range []model.VerdictState{model.NoIndicators, ""} {
			a := quiet()
			a.Coverage.Gaps = tt.gaps
			if a.Verdict.State = state; state == "" {
				a.Verdict.State = model.NoIndicators
				a.Verdict.Weigh(tt.gaps)
			}
			var b, page bytes.Buffer
			if err := Terminal(&b, a, Options{Width: 120}); err != nil {
				t.Fatal(err)
			}
			if err := HTML(&page, a, Options{}); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(b.String(), "\n")
			screen, _, _ := strings.Cut(page.String(), "<nav>")
			if lines[0] != tt.head || !strings.Contains(screen, `<h1 class="`+tt.class+`">`+strings.Split(tt.head, ":")[0]+"<") {
				t.Errorf("%s: the heading is %q", tt.name, lines[0])
			}
			at := 0
			for _, want := range tt.first {
				for at < firstLines && !strings.Contains(lines[at], want) {
					at++
				}
				what, why, _ := strings.Cut(want, ": ")
				if at == firstLines || !strings.Contains(screen, "</strong> "+what+": "+why) {
					t.Errorf("%s: %q is not where it should be:\n%s", tt.name, want, b.String())
				}
			}
			if n := strings.Count(screen, "Not read</strong>"); n != len(tt.first) {
				t.Errorf("%s: the page's head names %d gaps", tt.name, n)
			}
			apart := strings.Index(b.String(), "Of no weight for the verdict:")
			if vfat := strings.LastIndex(b.String(), "volume p15"); (vfat >= 0) != (apart >= 0) || vfat < apart ||
				strings.LastIndex(b.String(), "/a: a bad block") > max(apart, 0) && apart >= 0 {
				t.Errorf("%s: what is of no weight does not stand apart:\n%s", tt.name, b.String())
			}
		}
	}
}
