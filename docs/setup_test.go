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

// link makes links in a directory to the commands that a script may use, so that every
// other one is out of its sight.
func link(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("needs %s", name)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
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
	link(t, bin, "sh", "dirname", "chmod")
	c := exec.Command(filepath.Join(bin, "sh"), "-c", command)
	c.Dir = dir
	c.Env = []string{"PATH=" + bin}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	return string(out)
}

// stubs writes shell scripts under the names of commands.
func stubs(t *testing.T, dir string, scripts map[string]string) {
	t.Helper()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSetup: what is missing is said in one line, and nothing is asked for that the
// build at hand does without.
func TestSetup(t *testing.T) {
	const (
		good    = `case $1 in env) echo go1.99.0 ;; esac`
		old     = `case $1 in env) echo go1.19.8 ;; esac`
		offline = `case $1 in env) echo go1.99.0 ;; *) for m in a b c; do ` +
			`echo "x.go:1:2: example.org/$m@v1.0.0: Get \"https://p/$m\": x509: unknown authority" >&2; done; exit 1 ;; esac`
		broken = `case $1 in env) echo go1.99.0 ;; *) echo "x.go:1:2: expected package" >&2; exit 1 ;; esac`
	)
	cases := []struct {
		name, group, goStub string
		env                 []string
		want, not           string // both parts of the last line of an error; no want: no error
	}{
		{"system's libyara", "build", good, nil, " libyara-dev ", "make "},
		{"bundled YARA", "build", good, []string{"TAGS=yara_bundled"}, " gcc ", "yara"},
		{"without C", "build", good, []string{"CGO_ENABLED=0"}, "", ""},
		{"without C, bundled", "build", good, []string{"CGO_ENABLED=0", "TAGS=yara_bundled"}, "", ""},
		{"static without C", "bundled", good, []string{"CGO_ENABLED=0"}, " gcc", "CGO_ENABLED"},
		{"tests without C", "test", good, []string{"CGO_ENABLED=0"}, " libyara-dev ", "CGO_ENABLED"},
		{"make", "make", good, nil, " make", "gcc"},
		{"no Go", "build", "", nil, "Go is missing", "gcc"},
		{"old Go", "go", old, nil, "Go is too old", "gcc"},
		{"no network", "go", offline, nil, "cannot be downloaded: example.org/a@v1.0.0: Get", "example.org/b"},
		{"broken source", "go", broken, nil, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bin := t.TempDir()
			link(t, bin, "sh", "dirname", "sed", "sort", "tr", "head", "id", "mktemp", "rm")
			if c.goStub != "" {
				stubs(t, bin, map[string]string{"go": c.goStub})
			}
			cmd := exec.Command("../.ci/setup", c.group)
			cmd.Env = append([]string{"PATH=" + bin, "SSL_CERT_FILE=/there"}, c.env...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			err := cmd.Run()
			line := stderr.String()
			if (err != nil) != (c.want != "") || strings.Count(line, "\n") > 1 {
				t.Fatalf("%v, printed %q; want %q", err, line, c.want)
			}
			// The list of packages ends with the line.
			line = strings.ReplaceAll(line, "\n", " ")
			if !strings.Contains(line, c.want) || c.not != "" && strings.Contains(line, c.not) {
				t.Errorf("printed %q; want %q and not %q", line, c.want, c.not)
			}
		})
	}
}

// TestNotShown: where a user cannot make namespaces, the static binary is not shown in an
// empty directory, and that is no failure; where one can, a binary that fails there is.
func TestNotShown(t *testing.T) {
	for _, c := range []struct {
		name, unshare, want string
		fails               bool
	}{
		{"no namespaces", `exit 1`, "; not shown in an empty chroot, which needs root or user namespaces\n", false},
		{"bad binary", `[ "$3" = / ]`, "in an empty directory as the root:\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			bin := t.TempDir()
			link(t, bin, "sh", "mktemp", "rm", "cp", "sed")
			stubs(t, bin, map[string]string{"id": "echo 1000", "unshare": c.unshare, "prog": ""})
			cmd := exec.Command("../.ci/chroot", filepath.Join(bin, "prog"), filepath.Join(bin, "prog"))
			cmd.Env = []string{"PATH=" + bin}
			out, err := cmd.CombinedOutput()
			if (err != nil) != c.fails || !strings.HasSuffix(string(out), c.want) {
				t.Errorf("%v, printed %q; want %q", err, out, c.want)
			}
		})
	}
}
