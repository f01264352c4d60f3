//go:build cgo

package engine

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func compileAll(t *testing.T, sources ...Source) (*Rules, []Problem) {
	t.Helper()
	r, p, err := Compile(sources)
	if err != nil {
		t.Fatalf("%v; %v", err, p)
	}
	return r, p
}

func names(t *testing.T, s *Scanner, buf []byte, e Externals) string {
	t.Helper()
	m, err := s.Scan(buf, e)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range m {
		out = append(out, x.Name)
	}
	return strings.Join(out, " ")
}

func scanner(t *testing.T, r *Rules) *Scanner {
	t.Helper()
	s, err := r.NewScanner(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestBadFiles: one bad file is reported with its line, and the others run.
func TestBadFiles(t *testing.T) {
	r, problems := compileAll(t,
		Source{Name: "a.yar", Namespace: "a", Text: "rule good { condition: true }"},
		Source{Name: "b.yar", Namespace: "b", Text: "rule bad {\n strings:\n  $a = \"xyzw\"\n condition: $b }"},
		Source{Name: "c.yar", Namespace: "c", Text: "include \"/etc/passwd\"\nrule includes { condition: true }"},
		Source{Name: "d.yar", Namespace: "d", Text: "rule slow { strings: $a = /[a-z]{1,3}b/ condition: $a }"},
		Source{Name: "e.yar", Namespace: "a", Text: "rule good { condition: true }"},
		Source{Name: "f.yar", Namespace: "f", Text: "rule good { condition: true }"},
		Source{Name: "g.yar", Namespace: "g", Text: "import \"nope\"\nrule module { condition: true }"},
		Source{Name: "h.yar", Namespace: "h", Text: "rule unfinished { condition: true"},
	)
	var got []string
	for _, x := range r.List() {
		got = append(got, fmt.Sprintf("%s:%d:%s", x.File, x.Line, x.Name))
	}
	if want := "a.yar:1:good c.yar:2:includes d.yar:1:slow f.yar:1:good g.yar:2:module"; strings.Join(got, " ") != want {
		t.Errorf("in force: %q, want %q", got, want)
	}
	for _, want := range []struct {
		file, text string
		line       int
		warning    bool
	}{
		{"b.yar", `undefined string "$b"`, 4, false},
		{"c.yar", "include", 1, false},
		{"d.yar", "may slow down scanning", 1, true},
		{"e.yar", `duplicated identifier "good"`, 1, false},
		{"g.yar", "nope", 1, false},
		{"h.yar", "syntax error", -1, false},
	} {
		found := false
		for _, p := range problems {
			found = found || p.File == want.file && strings.Contains(p.Text, want.text) && (want.line < 0 || p.Line == want.line) && p.Warning == want.warning
		}
		if !found {
			t.Errorf("no problem %+v in %v", want, problems)
		}
	}
	if len(problems) != 6 {
		t.Errorf("%d problems: %v", len(problems), problems)
	}
	if p := (Problem{File: "a\x1b.yar", Line: 3, Text: "bad"}); p.String() != `a\x1b.yar:3: error: bad` {
		t.Errorf("%q", p.String())
	}
}

func TestNothingCompiles(t *testing.T) {
	if _, p, err := Compile([]Source{{Name: "a", Text: "rule"}}); err == nil || len(p) == 0 {
		t.Errorf("err %v, problems %v", err, p)
	}
	if _, _, err := Compile(nil); err == nil {
		t.Error("no rules are no error")
	}
}

// TestBadRule: a rule that does not compile costs itself and those that need it, not
// its file; lines stay what they are.
func TestBadRule(t *testing.T) {
	text := "import \"elf\"\n\nrule first { condition: true }\n\nprivate\nrule broken : tag {\n strings:\n  $a = \"xyzw\"\n condition: $b\n}\n" +
		"rule needs { condition: broken }\nrule second { strings: $s = { 41 42 43 44 } condition: $s }\n" +
		"rule syntax { condition: and }\n\nrule last { condition: first and second }\n"
	r, problems := compileAll(t, Source{Name: "f.yar", Namespace: "f", Text: text})
	defer r.Close()
	var got []string
	for _, x := range r.List() {
		got = append(got, fmt.Sprintf("%d:%s", x.Line, x.Name))
	}
	if want := "3:first 12:second 15:last"; strings.Join(got, " ") != want {
		t.Errorf("in force: %q, want %q", got, want)
	}
	var reported []string
	for _, p := range problems {
		// YARA 4.5 says what it did not expect, 4.2 does not.
		reported = append(reported, strings.Replace(p.String(), "syntax error, unexpected <and>", "syntax error", 1))
	}
	want := []string{
		`f.yar:13: error: syntax error (rule syntax is left out)`,
		`f.yar:10: error: undefined string "$b" (rule broken is left out)`,
		`f.yar:11: error: undefined identifier "broken" (rule needs is left out)`,
	}
	slices.Sort(reported)
	slices.Sort(want)
	if !slices.Equal(reported, want) {
		t.Errorf("reported\n%s\nwant\n%s", strings.Join(reported, "\n"), strings.Join(want, "\n"))
	}
	if got := names(t, scanner(t, r), []byte("ABCD"), Externals{}); got != "first second last" {
		t.Errorf("matched %q", got)
	}
	// A file of nothing but broken rules ends at a bound.
	if _, problems, err := Compile([]Source{{Name: "g.yar", Text: strings.Repeat("rule x { condition: $b }\n", 1000)}}); err == nil || len(problems) > maxRepairs+1 {
		t.Errorf("%v, %d problems", err, len(problems))
	}
}

// TestSets: each kind of content meets the rules made for it and the users'.
func TestSets(t *testing.T) {
	r, _ := compileAll(t,
		Source{Name: "b", Namespace: "x", For: Binary, Text: "rule forBinary { condition: true }"},
		Source{Name: "t", Namespace: "x", For: Text, Text: "rule forText { condition: true }"},
		Source{Name: "u", Namespace: "u", Text: "private rule helper { condition: true } rule forAll { condition: helper }"},
	)
	s := scanner(t, r)
	if got := names(t, s, []byte("x"), Externals{IsText: true}); got != "forText forAll" {
		t.Errorf("text: %q", got)
	}
	if got := names(t, s, []byte("x"), Externals{IsELF: true}); got != "forBinary forAll" {
		t.Errorf("binary: %q", got)
	}
	if n := len(r.List()); n != 3 {
		t.Errorf("%d rules in the list", n)
	}
	only, _ := compileAll(t, Source{Name: "t", Namespace: "x", For: Text, Text: "rule forText { condition: true }"})
	if got := names(t, scanner(t, only), []byte("x"), Externals{IsELF: true}); got != "" {
		t.Errorf("no rules for it: %q", got)
	}
}

// TestExternals: each field arrives under its name, and none of one scan stays for
// the next.
func TestExternals(t *testing.T) {
	e := Externals{
		Filename: "f", Filepath: "/d/f", Extension: ".x", Filetype: "elf", Owner: "pkg",
		IsELF: true, IsScript: true, IsText: true, IsMemory: true,
		ELFType: "pie", ELFMachine: "x86_64", ELFSections: 7, ELFSegments: 9, ELFStripped: true, ELFStatic: true, ELFRWX: true, ELFOverlay: 1 << 40, ELFExports: "readdir",
		IsGo: true, GoModule: "m", GoPackage: "m/cmd", Entropy: 7.25,
	}
	var b strings.Builder
	var want []string
	for i, c := range []string{
		`filename == "f"`, `filepath == "/d/f"`, `extension == ".x"`, `filetype == "elf"`, `owner == "pkg"`,
		"is_elf", "is_script", "is_text", "is_memory", `elf_type == "pie"`, `elf_machine == "x86_64"`, "elf_sections == 7", "elf_segments == 9",
		"elf_stripped", "elf_static", "elf_rwx", "elf_overlay == 1099511627776", `elf_exports contains "readdir"`, "is_go", `go_module == "m"`, `go_package == "m/cmd"`, "entropy > 7.2 and entropy < 7.3",
	} {
		fmt.Fprintf(&b, "rule r%d { condition: %s }\n", i, c)
		want = append(want, fmt.Sprintf("r%d", i))
	}
	if len(want) != variableCount {
		t.Errorf("%d variables are looked at, there are %d", len(want), variableCount)
	}
	r, _ := compileAll(t, Source{Name: "x", Namespace: "x", Text: b.String()})
	s := scanner(t, r)
	for range 2 {
		if got := names(t, s, []byte("x"), e); got != strings.Join(want, " ") {
			t.Errorf("set: %q", got)
		}
		if got := names(t, s, []byte("x"), Externals{}); got != "" {
			t.Errorf("unset: %q", got)
		}
	}
}

// TestPlaces: all places of a match are given, up to the limits.
func TestPlaces(t *testing.T) {
	r, _ := compileAll(t, Source{Name: "x", Namespace: "x", Text: `rule x { meta: level = "high" number = 3 strings: $a = "needle" $b = "other" condition: #a > 2 and $b }`})
	s := scanner(t, r)
	buf := []byte("needle other needle needle")
	m, err := s.Scan(buf, Externals{})
	if err != nil || len(m) != 1 {
		t.Fatalf("%v, %v", m, err)
	}
	var got []string
	for _, x := range m[0].Strings {
		got = append(got, fmt.Sprintf("%s@%d=%s", x.Name, x.Offset, x.Data))
	}
	if want := "$a@0=needle $a@13=needle $a@20=needle $b@7=other"; strings.Join(got, " ") != want {
		t.Errorf("places %q, want %q", got, want)
	}
	if m[0].Meta["level"] != "high" || m[0].Meta["number"] != "3" {
		t.Errorf("meta %v", m[0].Meta)
	}
	m, err = s.Scan(bytes.Repeat([]byte("needle other "), 100_000), Externals{})
	if err != nil || len(m) != 1 || len(m[0].Strings) != 2*maxPlaces {
		t.Errorf("flood: %v, %d places", err, len(m[0].Strings))
	}
	m, err = s.Scan(append(make([]byte, secondPass), buf...), Externals{})
	if err != nil || len(m) != 1 || len(m[0].Strings) < 2 {
		t.Errorf("large: %v, %d rules", err, len(m))
	}
}

// TestVariablesAreDocumented keeps docs/rules.md in step.
func TestVariablesAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range variableNames {
		if !bytes.Contains(b, []byte("\n| `"+n+"` |")) {
			t.Errorf("docs/rules.md does not tell of %s", n)
		}
	}
}

func TestManyScanners(t *testing.T) {
	r, _ := compileAll(t, Source{Name: "x", Namespace: "x", Text: `rule x { strings: $a = "needle" condition: $a and filename == "7" }`})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s, err := r.NewScanner(time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for i := range 50 {
				m, err := s.Scan([]byte("a needle"), Externals{Filename: fmt.Sprint(i % 10)})
				if err != nil || (len(m) == 1) != (i%10 == 7) {
					t.Errorf("goroutine %d, scan %d: %v, %v", g, i, m, err)
				}
			}
		}()
	}
	wg.Wait()
}

// TestFaultsAreGo: a fault of Go code is a panic of Go, also while others scan: YARA's own
// handlers of signals would take it, and spin or end the process.
func TestFaultsAreGo(t *testing.T) {
	r, _ := compileAll(t, Source{Name: "a.yar", Namespace: "a", Text: `rule a { strings: $a = /a[a-z]{1,40}b[0-9]/ $b = "abcd" condition: $a or $b }`})
	buf := bytes.Repeat([]byte("abcdefgh"), 1<<12) // with matches: they are looked for again
	stop := make(chan struct{})
	var scans sync.WaitGroup
	for range 3 {
		s := scanner(t, r)
		scans.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = s.Scan(buf, Externals{})
				}
			}
		})
	}
	fault := func() (err any) {
		defer func() { err = recover() }()
		var p *[1 << 10]int
		p[len(buf)%7]++
		return nil
	}
	for i := range 20_000 {
		if fault() == nil {
			t.Fatalf("fault %d is no panic", i)
		}
	}
	close(stop)
	scans.Wait()
}

// TestBrokenPack: of one file with many rules each that does not compile is left out alone,
// however many they are.
func TestBrokenPack(t *testing.T) {
	var b strings.Builder
	for i := range 400 {
		fmt.Fprintf(&b, "rule good_%d { strings: $a = \"marker%d\" condition: $a }\n", i, i)
		fmt.Fprintf(&b, "import \"nope\"\nrule bad_%d {\n condition: unknown_%d == 1\n}\n", i, i)
	}
	start := time.Now()
	r, problems := compileAll(t, Source{Name: "pack.yar", Namespace: "p", Text: b.String()})
	defer r.Close()
	if n := len(r.List()); n != 400 {
		t.Errorf("%d rules in force, want 400", n)
	}
	if len(problems) != maxRepairs+1 || !strings.Contains(problems[maxRepairs].Text, "201 more") {
		t.Errorf("%d problems, the last of them %v", len(problems), problems[len(problems)-1])
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("took %s", d)
	}
}
