package systemd

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact/artifacttest"

	"github.com/google/go-cmp/cmp"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/systemd/system/x.service", "/etc/systemd/system/x.service.d/y.conf", "/etc/systemd/system/x.timer", "/etc/systemd/system/a.target.wants/x.service", "/etc/systemd/system-generators/x", "/home/u/.config/systemd/user/x.path", "/var/lib/systemd/timers/stamp-x.timer")
}

// TestUnitsOfThisSystem: packaged units do nothing that an intruder's do.
func TestUnitsOfThisSystem(t *testing.T) {
	n := 0
	for _, g := range []string{"/usr/lib/systemd/system/*.service", "/usr/lib/systemd/user/*.service", "/usr/lib/systemd/system/*.timer"} {
		names, _ := filepath.Glob(g)
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil || len(b) == 0 {
				continue
			}
			records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: name, Text: string(b)})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			n++
			for _, r := range records {
				for _, trait := range strings.Split(r.Get("traits"), ",") {
					switch trait {
					case "", "background", "fetch":
					default:
						t.Errorf("%s: %s", name, artifacttest.Line(r))
					}
				}
			}
		}
	}
	if n == 0 {
		t.Skip("this system has no units of systemd")
	}
	t.Logf("%d units", n)
}

func TestRan(t *testing.T) {
	at := time.Date(2026, 11, 19, 3, 0, 1, 0, time.UTC)
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/lib/systemd/timers/stamp-nightly.timer", Mtime: at})
	if err != nil || len(records) != 1 || !records[0].Time("last").Equal(at) || records[0].Get("unit") != "nightly.timer" {
		t.Errorf("%+v, %v", records, err)
	}
}

// TestExpansion: variables that name each other, or stand in a command a million times,
// must not need more memory than the file has any business with.
func TestExpansion(t *testing.T) {
	text := "[Service]\nEnvironment=A=" + strings.Repeat("x", 200_000) + "\nExecStart=/bin/a " + strings.Repeat("${A}", 100_000) + "\n"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/systemd/system/x.service", Text: text})
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 256<<20 || err == nil || !strings.Contains(err.Error(), "longer than 1048576 bytes") || len(records) != 2 {
		t.Errorf("%d MiB, %d records, %v", n>>20, len(records), err)
	}
}

// TestLastValue: of a directive that stands more than once, the last one counts.
func TestLastValue(t *testing.T) {
	text := "[Service]\nUser=nobody\nWorkingDirectory=/srv\nRootDirectory=/jail\nExecStart=./run\nExecStart=/bin/b\n" +
		"User=root\nWorkingDirectory=/tmp/.x\nRootDirectory=/tmp/j\n"
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/systemd/system/x.service", Text: text})
	if err != nil || len(records) != 3 {
		t.Fatalf("%s%v", artifacttest.Lines(records), err)
	}
	if r := records[0]; r.Get("user") != "root" || r.Get("working_directory") != "/tmp/.x" || r.Get("root_directory") != "/tmp/j" {
		t.Error(artifacttest.Plain(r))
	}
	if r := records[1]; r.Get("user") != "root" || !r.Contains("traits", "temp_exec") || !r.Contains("programs", "/tmp/.x/run") {
		t.Error(artifacttest.Plain(r))
	}
	if r := records[2]; !r.Contains("programs", "/tmp/j/bin/b") {
		t.Error(artifacttest.Plain(r))
	}
}

// TestVariables: how systemd puts them into a command.
func TestVariables(t *testing.T) {
	u := &unit{env: []string{"A=a b", "B=${A}", "A=x y", "P=%h"}}
	for _, tt := range []struct{ args, want string }{
		{"/bin/e|$A|${A}|-${A}-${B}", "'/bin/e' 'x' 'y' 'x y' '-x y-${A}'"},
		{"$A|$A", "'$A' 'x' 'y'"},
		{"/bin/e|$$A|$${A}|$C|${C}|${A|a$A|$", "'/bin/e' '$A' '${A}' '$C' '${C}' '${A' 'a$A' '$'"},
		{"/bin/e|%h/x|%%h", "'/bin/e' '~/x' '%h'"},
	} {
		got := u.line(strings.Split(tt.args, "|"))
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.args, got, tt.want)
		}
	}
}

// TestInstall: names that stand in one directive are items of a list.
func TestInstall(t *testing.T) {
	text := "[Install]\nWantedBy=multi-user.target  default.target\nUpheldBy=a.service\nAlias=b.service c.service\n" +
		"[Unit]\nDocumentation=man:a(1) https://example.com\n[Service]\nEnvironmentFile=/etc/default/a b\n"
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/systemd/system/x.service", Text: text})
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	for name, want := range map[string][]string{
		"wanted_by": {"multi-user.target", "default.target", "a.service"}, "alias": {"b.service", "c.service"},
		"documentation": {"man:a(1)", "https://example.com"}, "environment_file": {"/etc/default/a b"},
	} {
		if d := cmp.Diff(want, records[0].List(name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestManyVariables: variables over the bound are counted.
func TestManyVariables(t *testing.T) {
	for n, want := range map[int]string{maxVariables: "", maxVariables + 3: "3 variables were not read: more than 100"} {
		text := "[Service]\n" + strings.Repeat("Environment=A=b\n", n) + "ExecStart=/bin/a\n"
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/systemd/system/x.service", Text: text})
		if len(records) != 2 || err != nil && err.Error() != want || (err == nil) != (want == "") {
			t.Errorf("%d: %d records, %v", n, len(records), err)
		}
	}
}
