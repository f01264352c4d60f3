package systemd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	oracle "github.com/coreos/go-systemd/v22/unit"
	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/systemd/system/x.service", "/etc/systemd/system/x.service.d/y.conf", "/etc/systemd/system/x.timer", "/etc/systemd/system/a.target.wants/x.service", "/etc/systemd/system-generators/x", "/home/u/.config/systemd/user/x.path", "/var/lib/systemd/timers/stamp-x.timer")
}

// TestParser compares what is read of the units of this system, and of those of
// testdata, with what go-systemd reads.
func TestParser(t *testing.T) {
	var files []string
	for _, g := range []string{"/usr/lib/systemd/system/*", "/lib/systemd/system/*", "/etc/systemd/system/*", "/usr/lib/systemd/user/*", "testdata/etc/systemd/system/*", "testdata/etc/systemd/user/*"} {
		names, _ := filepath.Glob(g)
		files = append(files, names...)
	}
	n, options := 0, 0
	flat := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\\\n", " ")), " ") }
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil || !unitTypes[filepath.Ext(name)] || strings.Contains(name, "badsection") {
			continue
		}
		// It gives up at long lines, lines without an assignment, and comments
		// in between.
		list, err := oracle.DeserializeOptions(bytes.NewReader(b))
		if err != nil {
			t.Logf("%s: go-systemd: %v", name, err)
			continue
		}
		var want, got []string
		for _, o := range list {
			want = append(want, o.Section+"."+o.Name+"="+flat(o.Value))
		}
		_ = Parse(bytes.NewReader(b), func(d Directive) error {
			got = append(got, d.Section+"."+d.Name+"="+flat(d.Value))
			return nil
		})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		n, options = n+1, options+len(list)
	}
	if n < 5 {
		t.Errorf("only %d units compared", n)
	}
	t.Logf("%d units, %d options", n, options)
}

func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  []Command
	}{
		{"/bin/a b", []Command{{"", "/bin/a b", []string{"/bin/a", "b"}, ""}}},
		{"-+/bin/a", []Command{{"-+", "/bin/a", []string{"/bin/a"}, ""}}},
		{"@/bin/a sshd: x", []Command{{"@", "/bin/a sshd: x", []string{"/bin/a", "x"}, "sshd:"}}},
		{"/bin/a ; /bin/b", []Command{{"", "/bin/a", []string{"/bin/a"}, ""}, {"", "/bin/b", []string{"/bin/b"}, ""}}},
		{`/bin/a \; b`, []Command{{"", `/bin/a \; b`, []string{"/bin/a", ";", "b"}, ""}}},
		{`/bin/sh -c "a ; b 'c'"`, []Command{{"", `/bin/sh -c "a ; b 'c'"`, []string{"/bin/sh", "-c", "a ; b 'c'"}, ""}}},
		{`/bin/a "b\"c" d\x20e f\sg \101`, []Command{{"", `/bin/a "b\"c" d\x20e f\sg \101`, []string{"/bin/a", `b"c`, "d e", "f g", "A"}, ""}}},
		{"-", nil},
		{"", nil},
		{" ; ", nil},
	} {
		if d := cmp.Diff(tt.want, Commands(tt.value)); d != "" {
			t.Errorf("%q: %s", tt.value, d)
		}
	}
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
