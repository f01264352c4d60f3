// Package docs_test keeps the documentation true: its links lead somewhere, the
// commands that it names exist, and its sessions print what they say.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"icecore/fixtures"
)

var update = flag.Bool("update", false, "write what the sessions print into the documentation")

// pages gives the paths of all pages, relative to this directory.
func pages(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("*.md")
	if err != nil || len(list) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	return append(list, "../README.md")
}

var (
	linkRE    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenceRE   = regexp.MustCompile("(?ms)^```.*?^```$")
	headingRE = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notWordRE = regexp.MustCompile(`[^\pL\pN _-]`)
)

// anchor gives the name that a heading gets.
func anchor(heading string) string {
	return strings.ReplaceAll(notWordRE.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// TestLinks: every link inside the repository resolves, its heading too.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range linkRE.FindAllStringSubmatch(fenceRE.ReplaceAllString(string(b), ""), -1) {
			target, heading, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			name := page
			if target != "" {
				name = filepath.Join(filepath.Dir(page), target)
			}
			text, err := os.ReadFile(name)
			if info, statErr := os.Stat(name); statErr == nil && info.IsDir() && heading == "" {
				continue
			}
			if err != nil {
				t.Errorf("%s: the link %s has no target", page, m[1])
				continue
			}
			if heading == "" {
				continue
			}
			found := false
			for _, h := range headingRE.FindAllStringSubmatch(string(text), -1) {
				found = found || anchor(h[1]) == heading
			}
			if !found {
				t.Errorf("%s: the link %s leads to no heading", page, m[1])
			}
		}
	}
}

// icecore compiles the program into a directory and returns it.
func icecore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "icecore"), "icecore/cmd/icecore").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

var (
	// A line of prose can begin with the name of the program, too.
	commandRE = regexp.MustCompile("(?m)(?:`|\\$ |    )icecore ([a-z]+)")
	targetRE  = regexp.MustCompile("(?m)(?:^|`|\\$ |    )make ([a-z]+)")
)

// TestNames: every subcommand and make target that a page names exists.
func TestNames(t *testing.T) {
	program := filepath.Join(icecore(t), "icecore")
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, page := range pages(t) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range commandRE.FindAllStringSubmatch(string(b), -1) {
			if _, seen := known[m[1]]; !seen {
				known[m[1]] = exec.Command(program, "help", m[1]).Run() == nil
			}
			if !known[m[1]] {
				t.Errorf("%s names the command 'icecore %s', which does not exist", page, m[1])
			}
		}
		for _, m := range targetRE.FindAllStringSubmatch(string(b), -1) {
			if !bytes.Contains(makefile, []byte("\n"+m[1]+":")) {
				t.Errorf("%s names the target 'make %s', which does not exist", page, m[1])
			}
		}
	}
}

var sessionRE = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// screenRE is the block of README.md that shows what an analysis prints.
var screenRE = regexp.MustCompile("(?s)```text\n\\$ (icecore analyze [^\n]*)\n(.*?)```")

// firstScreen checks that the first page shows what icecore prints of the sample, up to
// the line about the coverage, byte for byte.
func firstScreen(t *testing.T, samples, path string) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := screenRE.FindSubmatch(page)
	if m == nil {
		t.Fatal("README.md has no block with the output of icecore analyze")
	}
	out := session(string(m[1]), samples, path)
	head, _, ok := strings.Cut(out, "\nCoverage ")
	if !ok {
		t.Fatalf("no line about the coverage in %q", out)
	}
	line, _, _ := strings.Cut(out[len(head)+1:], "\n")
	want := head + "\n" + line + "\n"
	if string(m[2]) == want {
		return
	}
	if *update {
		page = bytes.Replace(page, m[2], []byte(want), 1)
		if err := os.WriteFile("../README.md", page, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	was, is := strings.Split(string(m[2]), "\n"), strings.Split(want, "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || was[i] != is[i] {
			t.Fatalf("README.md: line %d of the output should be as in\n%s\n(go test ./docs -update writes it)", i+1, want)
		}
	}
}

// TestSessions runs the blocks marked console: what follows a line that begins with
// "$ " is what the command prints, to both outputs, and its exit code if it is not 0.
// The sessions of a page run one after the other in one directory that holds the samples.
func TestSessions(t *testing.T) {
	for _, tool := range []string{"bash", "e2fsck", "strace"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	if tool := fixtures.Missing(); tool != "" {
		t.Skipf("needs %s: apt-get install e2fsprogs gdisk dosfstools", tool)
	}
	// Numbers of inodes and places of blocks are those that this version gives.
	const version = "mke2fs 1.47.0"
	if out, err := exec.Command("mke2fs", "-V").CombinedOutput(); err != nil || !bytes.Contains(out, []byte(version)) {
		t.Skipf("needs %s, as Debian 12 has it", version)
	}
	samples := t.TempDir()
	for _, s := range fixtures.Samples() {
		if err := fixtures.Build(t.Context(), s, filepath.Join(samples, s+".img")); err != nil {
			t.Fatal(err)
		}
	}
	path := icecore(t) + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin"
	t.Run("first screen", func(t *testing.T) { firstScreen(t, samples, path) })
	for _, page := range pages(t) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for _, s := range fixtures.Samples() {
			if err := os.Link(filepath.Join(samples, s+".img"), filepath.Join(dir, s+".img")); err != nil {
				t.Fatal(err)
			}
		}
		got := sessionRE.ReplaceAllFunc(b, func(block []byte) []byte {
			var out strings.Builder
			out.WriteString("```console\n")
			for line := range strings.Lines(string(sessionRE.FindSubmatch(block)[1])) {
				if command, ok := strings.CutPrefix(line, "$ "); ok {
					out.WriteString(line)
					out.WriteString(session(command, dir, path))
				}
			}
			out.WriteString("```")
			return []byte(out.String())
		})
		if bytes.Equal(got, b) {
			continue
		}
		if *update {
			if err := os.WriteFile(page, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		was, is := strings.Split(string(b), "\n"), strings.Split(string(got), "\n")
		for i := range is {
			if i >= len(was) || was[i] != is[i] {
				t.Errorf("%s: line %d should be %q (go test ./docs -update writes it)", page, i+1, is[i])
				break
			}
		}
	}
}

func session(command, dir, path string) string {
	c := exec.Command("bash", "-c", command)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+path, "LC_ALL=C.UTF-8", "COLUMNS=100", "NO_COLOR=1", "GOFLAGS=-trimpath -buildvcs=false")
	out, err := c.CombinedOutput()
	text := string(out)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if c.ProcessState == nil {
		return text + fmt.Sprintf("[%v]\n", err)
	}
	if code := c.ProcessState.ExitCode(); code != 0 {
		text += fmt.Sprintf("[exit %d]\n", code)
	}
	return text
}
