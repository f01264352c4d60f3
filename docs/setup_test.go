package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tryRE is the block of README.md with the commands for a bare machine.
var tryRE = regexp.MustCompile("(?s)\n## Try it\n+```sh\n(.*?)```")

// tryCommands gives the commands under "Try it", without their comments.
func tryCommands(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := tryRE.FindSubmatch(page)
	if m == nil {
		t.Fatal("README.md has no block of commands under 'Try it'")
	}
	var list []string
	for line := range strings.Lines(string(m[1])) {
		command, _, _ := strings.Cut(line, "#")
		list = append(list, strings.TrimSpace(command))
	}
	return list
}

// TestTryIt: the two commands of README.md set all up, make included, before they leave
// the job to make, and the continuous integration runs the second of them.
func TestTryIt(t *testing.T) {
	commands := tryCommands(t)
	if len(commands) != 2 {
		t.Fatalf("README.md names %d commands under 'Try it', not two: %q", len(commands), commands)
	}
	const demo, test = "setup make demo\nmake demo\n", "setup make test\nmake test\n"
	for _, c := range []struct{ name, command, want string }{
		{"demo", commands[0], demo},
		{"test", commands[1], test},
		{"continuous integration", ".ci/run", test},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := dryRun(t, c.command); got != c.want {
				t.Errorf("%s does\n%swant\n%s", c.command, got, c.want)
			}
		})
	}
}

// dryRun runs a command in a directory that has the .ci directory, but with a setup and
// a make that only say how they were called, and gives what they said. There is no make
// before setup has run.
func dryRun(t *testing.T, command string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, ".ci"), os.DirFS("../.ci")); err != nil {
		t.Fatal(err)
	}
	const (
		setup = "#!/bin/sh\necho setup \"$@\"\nchmod +x bin/make\n"
		mk    = "#!/bin/sh\necho make \"$@\"\n"
	)
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".ci", "setup"), []byte(setup), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "make"), []byte(mk), 0o644); err != nil {
		t.Fatal(err)
	}
	// Links to the few commands that the scripts use; any other make is out of sight.
	for _, name := range []string{"sh", "dirname", "chmod"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("needs %s", name)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(filepath.Join(bin, "sh"), "-c", command)
	c.Dir = dir
	c.Env = []string{"PATH=" + bin}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	return string(out)
}
