package osv

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func load(t testing.TB, files map[string]string) (*DB, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load([]string{dir})
}

// TestVersions: the order of versions, as each ecosystem documents it. Each stands before
// the next.
func TestVersions(t *testing.T) {
	for eco, list := range map[string]string{
		"npm":       "0.9.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0",
		"Go":        "v0.0.0-20200101000000-abcdef v0.1.0 v1.0.0 v1.0.1-0.20200101 v1.0.1 v1.11.0",
		"PyPI":      "0.9 1.0.dev1 1.0a1 1.0a2 1.0b1 1.0rc1 1.0 1.0.post1 1.0.1 1.1.dev1 1.1 1.10 2.0 1!0.5",
		"RubyGems":  "0.9 1.0.a 1.0.b1 1.0.b2 1.0.rc1 1.0 1.0.1 1.2 1.10",
		"Maven":     "1.0-alpha-1 1.0-beta-1 1.0-M1 1.0-rc1 1.0-SNAPSHOT 1.0 1.0-sp1 1.0.1 1.2 1.10",
		"Packagist": "1.0.0-dev 1.0.0-alpha1 1.0.0-beta2 1.0.0-RC1 1.0.0 1.0.0-patch1 1.0.1 1.2.0 v1.10.0",
	} {
		compare := comparer(eco)
		v := strings.Fields(list)
		for i := range v {
			for j := range v {
				want := i - j
				got := compare(plainVersion(eco, v[i]), plainVersion(eco, v[j]))
				if got < 0 != (want < 0) || got > 0 != (want > 0) {
					t.Errorf("%s: %s against %s: %d", eco, v[i], v[j], got)
				}
			}
		}
		for _, same := range [][2]string{{"1.0", "1.0.0"}, {"1", "1.0"}} {
			if compare(same[0], same[1]) != 0 {
				t.Errorf("%s: %v differ", eco, same)
			}
		}
	}
}

const (
	ranged = `{"id":"GHSA-1","summary":"s","affected":[{"package":{"ecosystem":"npm","name":"x"},"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.2.0"},{"introduced":"2.0.0"},{"last_affected":"2.3.0"}]}]}]}`
	mal    = `{"id":"MAL-2025-1","affected":[{"package":{"ecosystem":"PyPI","name":"Evil_Pkg"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}`
	gone   = `{"id":"GHSA-2","withdrawn":"2025-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"x"},"versions":["1.0.0"]}]}`
	git    = `{"id":"GHSA-3","affected":[{"package":{"ecosystem":"npm","name":"y"},"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]}]}`
)

// TestOf: which versions an advisory is about, and their neighbours.
func TestOf(t *testing.T) {
	d, err := load(t, map[string]string{"a.json": ranged, "b.json": mal, "c.json": gone, "d.json": git, "README.md": "x"})
	if err != nil || len(d.Problems) > 0 {
		t.Fatal(err, d.Problems)
	}
	for _, tt := range []struct{ manager, name, version, want string }{
		{"npm", "x", "1.0.0", "GHSA-1"},
		{"npm", "x", "1.1.9", "GHSA-1"},
		{"npm", "x", "1.2.0", ""},
		{"npm", "x", "0.9.0", ""},
		{"npm", "x", "2.3.0", "GHSA-1"},
		{"npm", "x", "2.3.1", ""},
		{"npm", "x", "", ""},
		{"gem", "x", "1.0.0", ""},
		{"npm", "y", "1.0.0", ""},
		{"python", "evil.pkg", "9", "MAL-2025-1"},
		{"npm", "evil-pkg", "9", ""},
		// The embedded list.
		{"npm", "ua-parser-js", "0.7.29", "ICECORE-2021-UA-PARSER-JS"},
		{"npm", "ua-parser-js", "0.7.30", ""},
		{"npm", "@ctrl/tinycolor", "4.1.1", "ICECORE-2025-SHAI-HULUD"},
		{"python", "ultralytics", "8.3.41", "ICECORE-2024-ULTRALYTICS"},
		{"python", "ultralytics", "8.3.43", ""},
		{"python", "colourama", "0.1.6", "ICECORE-2018-COLOURAMA"},
		{"python", "colorama", "0.4.6", ""},
		{"gem", "rest-client", "1.6.13", "ICECORE-2019-REST-CLIENT"},
		{"gem", "rest-client", "1.6.14", ""},
		{"dpkg", "liblzma5", "5.6.1-1", "ICECORE-2024-XZ"},
		{"dpkg", "liblzma5", "5.6.1+really5.4.5-1", ""},
		{"apk", "xz-libs", "5.6.1-r1", "ICECORE-2024-XZ"},
	} {
		got := ""
		for _, a := range d.Of(tt.manager, tt.name, tt.version) {
			got += a.ID
			if a.Malicious == strings.HasPrefix(a.ID, "GHSA") {
				t.Errorf("%s: malicious %v", a.ID, a.Malicious)
			}
		}
		if got != tt.want {
			t.Errorf("%s %s@%s: %q, want %q", tt.manager, tt.name, tt.version, got, tt.want)
		}
		if tt.want != "" && !d.Has(tt.manager, tt.name) {
			t.Errorf("%s: no advisory at all", tt.name)
		}
	}
	var none *DB
	if none.Has("npm", "x") || none.Of("npm", "x", "1") != nil {
		t.Error("no DB has advisories")
	}
}

// TestLoad: a ZIP, a list in one file, and what cannot be read.
func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.zip")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range map[string]string{"GHSA-1.json": ranged, "bad.json": "{", "x.txt": "{"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := Load([]string{file})
	if err != nil || len(d.Of("npm", "x", "1.0.0")) != 1 {
		t.Fatalf("%v", err)
	}
	if len(d.Problems) != 1 || !strings.HasSuffix(d.Problems[0].File, "all.zip!bad.json") {
		t.Errorf("%v", d.Problems)
	}
	if d, err := load(t, map[string]string{"list.json": "[" + ranged + "," + mal + "]"}); err != nil || !d.Has("python", "evil-pkg") {
		t.Errorf("a list: %v", err)
	}
	for text, want := range map[string]string{"{}": "no id", "x": "invalid character", "[]": "no advisory"} {
		if _, err := load(t, map[string]string{"a.json": text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Load([]string{filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a path that is not there")
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{ranged, mal, gone, git} {
		f.Add([]byte(s), "1.0.0-rc.1")
	}
	f.Fuzz(func(_ *testing.T, b []byte, version string) {
		d := &DB{packages: make(map[string][]affected)}
		_ = d.read("x", b, false)
		for k := range d.packages {
			for i := range d.packages[k] {
				for _, e := range []string{"npm", "PyPI", "RubyGems", "Maven", "Packagist", "Debian"} {
					d.packages[k][i].has(e, version)
				}
			}
		}
	})
}
