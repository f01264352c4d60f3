package forensics_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures/servers"
	"icecore/forensics"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// serverRules find one planted thing by its content, in place of the built-in rules,
// which take a second to compile for each image.
const serverRules = `rule Planted_Wallet { strings: $a = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gP" condition: $a }`

// made gives the image of a disk with the volumes.
func made(t *testing.T, volumes ...servers.Volume) string {
	t.Helper()
	if tool := servers.Missing(); tool != "" {
		t.Skipf("needs %s: apt-get install e2fsprogs fdisk", tool)
	}
	name := filepath.Join(t.TempDir(), "disk.raw")
	if err := servers.Disk(t.Context(), name, volumes...); err != nil {
		t.Fatal(err)
	}
	return name
}

// served analyses the image of a small server.
func served(t *testing.T, image string) *forensics.Analysis {
	t.Helper()
	rules := filepath.Join(t.TempDir(), "server.yar")
	if err := os.WriteFile(rules, []byte(serverRules), 0o600); err != nil {
		t.Fatal(err)
	}
	o := forensics.Options{Rules: forensics.RuleOptions{YARA: []string{rules}, NoBuiltin: true}}
	a, err := forensics.Analyze(t.Context(), image, o)
	if err != nil {
		t.Fatal(err)
	}
	return withoutTimes(a)
}

// withoutTimes takes out what rests on times and on keys of logs: all files of such an image
// have one time, and those keys stand nowhere. Both have tests of their own.
func withoutTimes(a *forensics.Analysis) *forensics.Analysis {
	a.Findings = slices.DeleteFunc(a.Findings, func(f model.Finding) bool { return f.Rule == "changed_within" || f.Rule == "login_key_gone" })
	return a
}

// homePath names a file of a home behind a link by the path that passwd has: a source may
// name it by the path without links.
func homePath(p string) string {
	if i := strings.Index(p, "/ana/."); i > 0 {
		return "/home" + p[i:]
	}
	if i := strings.Index(p, "/.ssh/"); i > 0 {
		return "/root" + p[i:]
	}
	return p
}

// claims gives what the findings say, by the paths that the server itself used: level,
// rule, path and line, title.
func claims(a *forensics.Analysis) []string {
	out := make([]string, 0, len(a.Findings))
	for i := range a.Findings {
		f := &a.Findings[i]
		out = append(out, fmt.Sprintf("%s %s %s:%d %s", f.Level, f.Rule, homePath(f.Source.InHost()), f.Source.Line, f.Title))
	}
	slices.Sort(out)
	return out
}

var plain struct {
	once   sync.Once
	claims []string
}

// planted gives what is found where the planted files lie on one filesystem, without
// links and mounts.
func plantedClaims(t *testing.T) []string {
	t.Helper()
	plain.once.Do(func() {
		plain.claims = claims(served(t, made(t, servers.Volume{Tree: servers.Debian().With(servers.Planted())})))
	})
	if len(plain.claims) < len(servers.Planted())-1 {
		t.Fatalf("on one filesystem there are %d findings:\n%s", len(plain.claims), strings.Join(plain.claims, "\n"))
	}
	return plain.claims
}

// A layout arranges the files of a server on volumes.
type layout func(files servers.Tree) []servers.Volume

// checkLayout compares what is found of the planted files with what is found where they
// lie on one filesystem; reads the source of each finding; and looks whether the honest
// twin is quiet.
func checkLayout(t *testing.T, arrange layout) {
	t.Helper()
	image := made(t, arrange(servers.Planted())...)
	a := served(t, image)
	if diff := cmp.Diff(plantedClaims(t), claims(a)); diff != "" {
		t.Errorf("findings, - of one filesystem, + of this layout:\n%s%s", diff, gaps(a))
	}
	checkPlaces(t, image, a, servers.Planted())
	twin := served(t, made(t, arrange(servers.Benign())...))
	for i := range twin.Findings {
		if f := &twin.Findings[i]; f.Level > detect.Low {
			t.Errorf("the honest twin: %s %s at %s: %s", f.Level, f.Rule, f.Source.InHost(), f.Title)
		}
	}
}

func gaps(a *forensics.Analysis) string {
	var b strings.Builder
	for _, g := range a.Coverage.Gaps {
		fmt.Fprintf(&b, "gap: %s: %s\n", g.WhatText, g.WhyText)
	}
	return b.String()
}

// checkPlaces reads what each finding points to, by volume and path of its source alone,
// as a reader would who checks it by hand.
func checkPlaces(t *testing.T, image string, a *forensics.Analysis, files servers.Tree) {
	t.Helper()
	img, err := forensics.Open(t.Context(), image, forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	checkOpened(t, img, a, files)
}

func checkOpened(t *testing.T, img *forensics.Image, a *forensics.Analysis, files servers.Tree) {
	t.Helper()
	for i := range a.Findings {
		src := a.Findings[i].Source
		v, err := img.Volume(src.Volume)
		if err != nil {
			t.Errorf("%s: %v", src.InHost(), err)
			continue
		}
		ref, _, err := filesystem.Lookup(v.FS, src.Path, false)
		if err != nil {
			t.Errorf("%s: %s:%s: %v", src.InHost(), src.Volume, src.Path, err)
			continue
		}
		f, err := v.FS.Open(ref)
		if err != nil {
			t.Errorf("%s: %s:%s: %v", src.InHost(), src.Volume, src.Path, err)
			continue
		}
		b := make([]byte, f.Size())
		if _, err := f.ReadAt(b, 0); err != nil && len(b) > 0 && err.Error() != "EOF" {
			t.Errorf("%s:%s: %v", src.Volume, src.Path, err)
		}
		name := homePath(src.InHost())
		if want, ok := files[name]; !ok || string(b) != want {
			t.Errorf("%s was planted as %.40q, %s:%s holds %.40q", name, files[name], src.Volume, src.Path, b)
		}
	}
}

// gapAbout says whether the coverage names a thing.
func gapAbout(a *forensics.Analysis, text string) bool {
	return slices.ContainsFunc(a.Coverage.Gaps, func(g model.Gap) bool {
		return strings.Contains(g.WhatText+" "+g.WhyText+" "+g.Source.Path, text)
	})
}
