package apt

import (
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/apt/apt.conf.d/99x", "/etc/dpkg/dpkg.cfg.d/x")
}

// TestScopes: a list of commands ends where its braces or its statement do.
func TestScopes(t *testing.T) {
	for text, want := range map[string]string{
		`DPkg { Post-Invoke { "a"; } Other "b"; }`:                           "a",
		`DPkg::Post-Invoke "a"; Other "b";`:                                  "a",
		`DPkg::Post-Invoke:: "a"; Other:: "b";`:                              "a",
		`DPkg { Post-Invoke { "a"; "b"; }; };`:                               "a b",
		`Other { "b"; }; DPkg::Pre-Invoke {"a";};`:                           "a",
		`/* DPkg::Post-Invoke "b"; */ APT::Update::Post-Invoke-Success "a";`: "a",
		`// DPkg::Post-Invoke "b";`:                                          "",
		`# DPkg::Post-Invoke "b";`:                                           "",
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/apt/apt.conf.d/x", Text: text + "\n"})
		var got []string
		for _, r := range records {
			got = append(got, r.Get("command"))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}
