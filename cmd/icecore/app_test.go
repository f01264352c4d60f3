package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"icecore/forensics"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// TestReaches: --fail-on means the level itself, too.
func TestReaches(t *testing.T) {
	for _, c := range []struct {
		failOn   string
		findings []model.Level
		want     bool
	}{
		{"high", []model.Level{model.Medium, model.High}, true},
		{"high", []model.Level{model.Critical, model.Low}, true},
		{"high", []model.Level{model.Medium, model.Low}, false},
		{"critical", []model.Level{model.Critical}, true},
		{"critical", []model.Level{model.High}, false},
		{"informational", []model.Level{model.Informational}, true},
		{"informational", nil, false},
		{"", []model.Level{model.Critical}, false},
	} {
		least, err := levelOf(c.failOn)
		if err != nil {
			t.Fatal(err)
		}
		an := &forensics.Analysis{}
		for _, l := range c.findings {
			an.Findings = append(an.Findings, model.Finding{Level: l})
		}
		if got := reaches(an, least); got != c.want {
			t.Errorf("--fail-on %s, %v: %v", c.failOn, c.findings, got)
		}
	}
	var usage usageError
	for _, bad := range []string{"dreadful", "none", "High"} {
		if _, err := levelOf(bad); !errors.As(err, &usage) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, l := range levels {
		if _, err := levelOf(l); err != nil {
			t.Error(err)
		}
	}
}

// TestColor: NO_COLOR and --no-color win over CLICOLOR_FORCE, which wins over what the
// output is.
func TestColor(t *testing.T) {
	for _, c := range []struct {
		noColor, force, term string
		flag, want           bool
	}{
		{"", "", "xterm", false, false}, // no terminal
		{"", "1", "xterm", false, true},
		{"", "1", "dumb", false, true},
		{"", "0", "xterm", false, false},
		{"1", "1", "xterm", false, false},
		{"", "1", "xterm", true, false},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("CLICOLOR_FORCE", c.force)
		t.Setenv("TERM", c.term)
		if got := (&app{out: io.Discard, noColor: c.flag}).color(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestColumns: the flag wins over the environment; both have bounds.
func TestColumns(t *testing.T) {
	for _, c := range []struct {
		flag int
		env  string
		want int
	}{
		{0, "", 100},
		{0, "80", 80},
		{0, "40", 40},
		{0, "10", 40},
		{0, "500", 500},
		{0, "100000", 500},
		{0, "x", 100},
		{0, "-5", 100},
		{0, "0", 100},
		{120, "80", 120},
		{20, "80", 40},
		{1000, "80", 1000},
	} {
		t.Setenv("COLUMNS", c.env)
		if got := (&app{out: io.Discard, width: c.flag}).columns(); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	for s, want := range map[string]string{
		"2026-03-01": "2026-03-01T00:00:00Z", "2026-03-01T12:30": "2026-03-01T12:30:00Z",
		"2026-03-01 12:30:05":       "2026-03-01T12:30:05Z",
		"2026-03-01T12:00:00+08:00": "2026-03-01T04:00:00Z", "2026-03-01T12:00:00.5Z": "2026-03-01T12:00:00.5Z",
	} {
		if got, err := parseTime("--from", s); err != nil || got.Format(time.RFC3339Nano) != want ||
			got.Location() != time.UTC {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if got, err := parseTime("--from", ""); err != nil || !got.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseTime("--to", "2026-13-01"); err == nil ||
		!strings.HasPrefix(err.Error(), `--to "2026-13-01": want a time like`) {
		t.Errorf("%v", err)
	}
}

// TestLine: what a hint offers can be pasted into a shell, and holds nothing that a
// terminal obeys.
func TestLine(t *testing.T) {
	for want, args := range map[string][]string{
		"icecore cat disk.raw /etc/passwd": {"icecore", "cat", "disk.raw", "/etc/passwd"},
		"icecore 'a b' '$(reboot)' ''":     {"icecore", "a b", "$(reboot)", ""},
		`icecore 'it'\''s'`:                {"icecore", "it's"},
		`icecore '\x1b[2J'`:                {"icecore", "\x1b[2J"},
	} {
		if got := line(args); got != want {
			t.Errorf("%q: %s, want %s", args, got, want)
		}
	}
}

// TestHoles: a file gets holes for zeros, and its whole size.
func TestHoles(t *testing.T) {
	for _, c := range []struct{ zeros, data, tail int }{
		{0, 10, 0},
		{holePiece, 10, 0},
		{3 * holePiece, 5, 2*holePiece + 17},
		{holePiece - 1, 1, 0},
		{0, 0, holePiece * 2},
		{0, holePiece, holePiece},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := append(append(make([]byte, c.zeros), bytes.Repeat([]byte("x"), c.data)...), make([]byte, c.tail)...)
		h := &holes{f: emptyFile(f)}
		for rest := want; len(rest) > 0; {
			n := min(len(rest), holePiece+1000)
			if k, err := h.Write(rest[:n]); err != nil || k != n {
				t.Fatal(k, err)
			}
			rest = rest[n:]
		}
		if err := h.finish(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%+v: %d bytes, want %d: %v", c, len(got), len(want), err)
		}
		if len(want) > 0 && emptyFile(f) != nil {
			t.Error("a file with content is taken for an empty one")
		}
	}
	if emptyFile(io.Discard) != nil {
		t.Error("what is no file is taken for one")
	}
}

// TestSwapped: a hint where the arguments are in the other order, and none where they are
// not.
func TestSwapped(t *testing.T) {
	root := (&app{}).root()
	for want, args := range map[string][]string{
		"":                                {"nonsense", "image"},
		"icecore analyze disk.raw":        {"disk.raw", "analyze"},
		"icecore analyze --all disk.raw":  {"--all", "disk.raw", "analyze"},
		"icecore rules disk.raw list":     {"disk.raw", "rules", "list"},
		"icecore analyze disk.raw -o out": {"disk.raw", "analyze", "-o", "out"},
	} {
		got := ""
		if err := swappedCommand(root, args); err != nil {
			_, got, _ = strings.Cut(err.Error(), ": ")
		}
		if got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
	if err := swappedCommand(root, []string{"analyze", "scan"}); err != nil {
		t.Errorf("an image may have the name of a command: %v", err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "disk.raw")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		err  error
		hint bool
	}{
		{[]string{"/etc/passwd", file}, forensics.ErrNotImage, true},
		{[]string{"/no/such", file}, os.ErrNotExist, true},
		{[]string{"/etc/passwd", dir}, forensics.ErrNotImage, false},
		{[]string{"/etc/passwd", file + ".gone"}, forensics.ErrNotImage, false},
		{[]string{"/etc/passwd", file}, forensics.ErrTruncated, false},
		{[]string{"/etc/passwd"}, forensics.ErrNotImage, false},
	} {
		err := swappedPath("icecore cat", c.args, c.err)
		if !errors.Is(err, c.err) || strings.Contains(err.Error(),
			"(the image comes first: icecore cat "+file+" "+c.args[0]+")") != c.hint {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}

// troubled is a filesystem on which much is wrong.
type troubled struct {
	filesystem.FS
	n int
}

func (f troubled) Problems() []filesystem.Problem {
	out := make([]filesystem.Problem, f.n)
	for i := range out {
		out[i] = filesystem.Problem{What: fmt.Sprintf("inode %d\x1b", i), Why: "is wrong"}
	}
	return out
}

// TestProblems: the first five problems of a volume are listed, and how many more there
// are.
func TestProblems(t *testing.T) {
	for n, lines := range map[int]int{0: 0, 1: 1, 5: 5, 6: 6, 100: 6} {
		var b bytes.Buffer
		v := &forensics.Volume{FS: troubled{n: n}}
		v.ID = "p1"
		(&app{err: &b}).problems(v)
		if got := strings.Count(b.String(), "\n"); got != lines ||
			(n > 5) != strings.Contains(b.String(), fmt.Sprintf("volume p1: %d more problems; 'icecore info --problems'",
				n-5)) {
			t.Errorf("%d problems:\n%s", n, b.String())
		}
		if n > 0 && !strings.HasPrefix(b.String(), `icecore: volume p1: inode 0\x1b: is wrong`) {
			t.Errorf("%s", b.String())
		}
	}
}
