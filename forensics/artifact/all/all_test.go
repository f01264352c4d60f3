package all_test

import (
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/filesystem"
)

// TestExtractors: names are unique and lower case, patterns are globs on absolute
// paths.
func TestExtractors(t *testing.T) {
	seen := make(map[string]bool)
	if n := len(all.Extractors()); n > 64 {
		t.Errorf("%d extractors: the walk keeps those that want a file in 64 bits", n)
	}
	for _, x := range all.Extractors() {
		if n := x.Name(); n == "" || seen[n] || strings.ToLower(n) != n {
			t.Errorf("the name %q", n)
		}
		seen[x.Name()] = true
		if len(x.Patterns()) == 0 {
			t.Errorf("%s: no patterns", x.Name())
		}
		patterns := make(map[string]bool)
		for _, p := range x.Patterns() {
			if _, err := path.Match(p, "/x"); err != nil || !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "**/") && !strings.HasPrefix(p, "~/") || path.Clean(p) != p || patterns[p] {
				t.Errorf("%s: the pattern %q", x.Name(), p)
			}
			patterns[p] = true
		}
	}
}

// paths gives, for an extractor, one path for each of its patterns.
func paths(x artifact.Extractor) []string {
	var out []string
	for _, p := range x.Patterns() {
		out = append(out, strings.NewReplacer("~/", "/home/x/", "[0-6S]", "2", `[.~_\-]`, "~", "[.~]", "~", "[.2]", "2", "**", "a/b", "*", "x").Replace(p))
	}
	return out
}

// FuzzExtractors feeds any bytes to any extractor under any of its paths: no
// panic, sources that lie within the bytes, bounded records.
func FuzzExtractors(f *testing.F) {
	list := all.Extractors()
	for i, x := range list {
		for _, file := range artifacttest.Files(f, filepath.Join("..", x.Name(), "testdata")) {
			for j, p := range paths(x) {
				if path.Dir(p) == path.Dir(file.Path) || path.Base(p) == path.Base(file.Path) || len(x.Patterns()) < 4 {
					f.Add(uint8(i), uint16(j), uint8(0), []byte(file.Text))
					break
				}
			}
		}
		f.Add(uint8(i), uint16(0), uint8(3), []byte("\x00\xff\n=:,\n"))
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint16, how uint8, content []byte) {
		if len(content) > 1<<20 {
			return
		}
		x := list[int(which)%len(list)]
		p := paths(x)
		file := artifacttest.File{Path: p[int(at)%len(p)], Mode: filesystem.ModeRegular | 0o644, Text: string(content), Mtime: time.Unix(1772323200, 0)}
		if how&1 != 0 {
			file.Mode |= 0o111
		}
		if how&2 != 0 {
			file.Target = string(content[:min(len(content), 64)])
		}
		if how&4 != 0 {
			file.OSID = "centos"
		}
		records, _ := artifacttest.Extract(t, x, file)
		if most := 64*len(content) + 64; len(records) > most {
			t.Fatalf("%s: %d records from %d bytes", x.Name(), len(records), len(content))
		}
	})
}
