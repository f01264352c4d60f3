package docs_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clone copies the work tree, without what git ignores, into a new directory.
func clone(t *testing.T) string {
	t.Helper()
	c := exec.Command("git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z")
	c.Dir = ".."
	out, err := c.Output()
	if err != nil {
		t.Skipf("needs a work tree of git: %v", err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if err := copyFile(filepath.Join("..", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if os.IsNotExist(err) {
		return nil // deleted, and not committed yet
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, info.Mode().Perm())
}

// addition is what somebody adds to the tree: new files, and lines in files that stand.
type addition struct {
	files map[string]string // path -> content
	edits map[string][]hunk // path -> in order
}

// hunk is a piece of a change: lines with "+" are added, those with "-" taken away, and
// those with " " are to be found.
type hunk []string

// apply writes an addition into a tree. It returns how many lines each edit of a file
// adds, and fails if the lines that a hunk stands on are not found exactly once.
func (a *addition) apply(top string) (added map[string]int, err error) {
	for name, text := range a.files {
		p := filepath.Join(top, name)
		if _, err := os.Lstat(p); err == nil {
			return nil, fmt.Errorf("%s is there already", name)
		}
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	added = make(map[string]int)
	for name, hunks := range a.edits {
		p := filepath.Join(top, name)
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		for _, h := range hunks {
			var before, after strings.Builder
			for _, l := range h {
				if l[0] != '+' {
					before.WriteString(l[1:] + "\n")
				}
				if l[0] != '-' {
					after.WriteString(l[1:] + "\n")
				}
				if l[0] == '+' {
					added[name]++
				}
			}
			// Whole lines only: a line that is the end of another does not count.
			old, want := append([]byte("\n"), b...), []byte("\n"+before.String())
			if n := bytes.Count(old, want); n != 1 {
				return nil, fmt.Errorf("%s: these lines are there %d times, not once:\n%s", name, n, before.String())
			}
			b = bytes.Replace(old, want, []byte("\n"+after.String()), 1)[1:]
		}
		if err := os.WriteFile(p, b, 0o644); err != nil {
			return nil, err
		}
	}
	return added, nil
}

// parseHunks reads the lines of a change; a line "@@" begins another piece of the file.
func parseHunks(text string) ([]hunk, error) {
	var out []hunk
	var h hunk
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		switch {
		case l == "@@":
			out, h = append(out, h), nil
		case l == "":
			h = append(h, " ")
		case strings.ContainsAny(l[:1], " +-"):
			h = append(h, l)
		default:
			return nil, fmt.Errorf("a line of a change begins with none of +, - and blank: %q", l)
		}
	}
	return append(out, h), nil
}

// compile builds the program of a tree and returns the directory it is in. It shares the
// build cache with the build of the tree around it.
func compile(t *testing.T, top string) string {
	t.Helper()
	bin := t.TempDir()
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(bin, "icecore"), "./cmd/icecore")
	c.Dir = top
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}
