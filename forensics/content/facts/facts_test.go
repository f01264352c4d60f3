package facts

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"icecore/forensics/content/engine"
)

const program = `#include <stdio.h>
int main(void) { puts("nothing"); return 0; }
`

const library = `#include <stddef.h>
struct dirent; typedef struct d DIR;
struct dirent *readdir(DIR *d) { return NULL; }
struct dirent *readdir64(DIR *d) { return NULL; }
int harmless(void) { return 1; }
static int kill(int a, int b) { return a + b; }
int use(void) { return kill(1, 2); }
`

// build compiles C as a test wants it and gives the file.
func build(t *testing.T, source string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc")
	}
	dir := t.TempDir()
	src, out := filepath.Join(dir, "a.c"), filepath.Join(dir, "a.out")
	if err := os.WriteFile(src, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := exec.Command("gcc", append([]string{"-w", "-o", out, src}, args...)...).CombinedOutput(); err != nil {
		t.Skipf("gcc %v: %v: %s", args, err, b)
	}
	return out
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestELF(t *testing.T) {
	for _, tc := range []struct {
		name, source string
		args         []string
		change       func([]byte) []byte
		want         engine.Externals // of what is compared below
	}{
		{"pie", program, []string{"-pie", "-fPIE"}, nil, engine.Externals{ELFType: "pie"}},
		{"fixed", program, []string{"-no-pie"}, nil, engine.Externals{ELFType: "exec"}},
		{"static", program, []string{"-static"}, nil, engine.Externals{ELFType: "exec", ELFStatic: true}},
		{"static pie", program, []string{"-static-pie", "-fPIE"}, nil, engine.Externals{ELFType: "pie", ELFStatic: true}},
		{"stripped", program, []string{"-s"}, nil, engine.Externals{ELFType: "pie", ELFStripped: true}},
		{"object", program, []string{"-c"}, nil, engine.Externals{ELFType: "object"}},
		{"library", library, []string{"-shared", "-fPIC"}, nil, engine.Externals{ELFType: "library", ELFExports: "readdir readdir64"}},
		{"library with a name", library, []string{"-shared", "-fPIC", "-Wl,-soname,libx.so", "-s"}, nil, engine.Externals{ELFType: "library", ELFStripped: true, ELFExports: "readdir readdir64"}},
		{"library with the old hash", library, []string{"-shared", "-fPIC", "-Wl,--hash-style=sysv"}, nil, engine.Externals{ELFType: "library", ELFExports: "readdir readdir64"}},
		{"sections taken away", library, []string{"-shared", "-fPIC"}, noSections, engine.Externals{ELFType: "library", ELFStripped: true, ELFOverlay: -1, ELFExports: "readdir readdir64"}},
		{"writable code", program, []string{"-Wl,-N", "-static"}, nil, engine.Externals{ELFType: "exec", ELFStatic: true, ELFRWX: true}},
		{"appended", program, nil, func(b []byte) []byte { return append(b, make([]byte, 1000)...) }, engine.Externals{ELFType: "pie", ELFOverlay: 1000}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := read(t, build(t, tc.source, tc.args...))
			if tc.change != nil {
				b = tc.change(b)
			}
			e := Of("/x/a.out", "elf", "", b, int64(len(b)))
			got := engine.Externals{ELFType: e.ELFType, ELFStatic: e.ELFStatic, ELFStripped: e.ELFStripped, ELFExports: e.ELFExports, ELFRWX: e.ELFRWX, ELFOverlay: e.ELFOverlay}
			if tc.want.ELFOverlay < 0 && e.ELFOverlay > 0 {
				got.ELFOverlay = -1 // as much as the table was long
			}
			if got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
			if !e.IsELF || e.IsText || e.Filename != "a.out" || e.Extension != ".out" || e.Entropy <= 0 || e.Entropy >= 8 {
				t.Errorf("general facts: %+v", e)
			}
		})
	}
}

// noSections zeroes what the header says of the section table, as those do who do
// not want to be looked at.
func noSections(b []byte) []byte {
	copy(b[40:48], make([]byte, 8))
	copy(b[58:64], make([]byte, 6))
	return b
}

func TestGo(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := read(t, exe)
	e := Of(exe, "elf", "", b, int64(len(b)))
	if !e.IsGo || e.GoModule != "icecore" {
		t.Errorf("is_go %v, go_module %q, go_package %q", e.IsGo, e.GoModule, e.GoPackage)
	}
}

func TestMemory(t *testing.T) {
	swap := make([]byte, 3*4096)
	copy(swap[4096-10:], "SWAPSPACE2")
	if e := Of("/swapfile", "data", "", swap, int64(len(swap))); !e.IsMemory || e.IsELF {
		t.Errorf("swap: %+v", e)
	}
	core := make([]byte, 64)
	copy(core, "\x7fELF\x02\x01\x01")
	core[16] = 4
	if e := Of("/core", "core", "", core, 64); !e.IsMemory || e.IsELF || e.ELFType != "core" {
		t.Errorf("core: %+v", e)
	}
	if e := Of("/x", "text", "", []byte("SWAPSPACE2\n"), 11); e.IsMemory || !e.IsText {
		t.Errorf("text: %+v", e)
	}
}

func TestEntropy(t *testing.T) {
	all := make([]byte, 0, 256*7)
	for i := range cap(all) {
		all = append(all, byte(i))
	}
	for _, tc := range []struct {
		b    []byte
		want float64
	}{{nil, 0}, {bytes.Repeat([]byte{7}, 99), 0}, {[]byte("abababab"), 1}, {[]byte("abcdabcdabcd"), 2}, {all, 8}} {
		if got := Entropy(tc.b); math.Abs(got-tc.want) > 1e-12 {
			t.Errorf("Entropy of %d bytes: %v, want %v", len(tc.b), got, tc.want)
		}
	}
}

// FuzzOf demands that no file, however damaged, brings the reader down, and that
// the overlay stays within the file.
func FuzzOf(f *testing.F) {
	exe, err := os.Executable()
	if err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[:min(len(b), 8192)])
	if b, err := os.ReadFile("/bin/true"); err == nil {
		f.Add(b)
	}
	f.Add([]byte("\x7fELF\x01\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := Of("/x", "elf", "", b, int64(len(b)))
		if e.ELFOverlay < 0 || e.ELFOverlay > int64(len(b)) || e.Entropy < 0 || e.Entropy > 8.0001 {
			t.Errorf("overlay %d of %d, entropy %v", e.ELFOverlay, len(b), e.Entropy)
		}
	})
}
