package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"icecore/fixtures"
)

// TestKilled kills the program in the middle of writing a case directory, into a new one
// and into an empty one: nothing has its real name before all is complete.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "image.raw")
	copyFile(t, sample(t, fixtures.Compromised), name, 0o644)
	killed := 0
	for _, existed := range []bool{false, true} {
		// It is killed when this file is seen: in the walk, while the files are written, while
		// they get their names.
		for _, at := range []string{"bodyfile", "timeline.jsonl", "report.html", "icecore.log", "../bodyfile"} {
			out := filepath.Join(dir, "case")
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
			pattern := filepath.Join(dir, ".case.unfinished-*", at)
			if existed {
				if err := os.Mkdir(out, 0o755); err != nil {
					t.Fatal(err)
				}
				pattern = filepath.Join(out, ".case.unfinished-*", at)
			} else if strings.HasPrefix(at, "..") {
				continue // one rename
			}
			cmd := exec.Command("icecore", "analyze", "-q", "-o", "case", "image.raw")
			cmd.Dir = dir
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for tries := 0; tries < 20000; tries++ {
				if m, _ := filepath.Glob(pattern); len(m) > 0 {
					break
				}
				time.Sleep(100 * time.Microsecond)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if cmd.ProcessState.ExitCode() < 0 {
				killed++
			}
			named, _ := filepath.Glob(filepath.Join(out, "[^.]*"))
			hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(pattern), "*"))
			if existed && strings.HasPrefix(at, "..") {
				hidden, _ = filepath.Glob(filepath.Join(out, ".case.unfinished-*", "*"))
			}
			// Once one has its name, all are complete, with or without theirs.
			whole := 0
			for _, f := range append(slices.Clone(named), hidden...) {
				if b, err := os.ReadFile(f); err == nil && hasEnd(filepath.Base(f), b) {
					whole++
				}
			}
			if len(named) > 0 && whole != 6 {
				t.Errorf("killed at %s: %v have their names, and of %v only %d files are complete", at, named, hidden, whole)
			}
			left, _ := filepath.Glob(filepath.Join(dir, ".case.unfinished-*"))
			inside, _ := filepath.Glob(filepath.Join(out, ".case.unfinished-*"))
			left = append(left, inside...)
			for _, l := range left {
				if err := os.RemoveAll(l); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	t.Logf("killed %d of 9 times before the end", killed)
	if killed < 3 {
		t.Errorf("the program was killed before its end only %d times: is the test blind?", killed)
	}
}

// hasEnd says whether a file of a case directory has its end.
func hasEnd(name string, b []byte) bool {
	end := map[string]string{
		"report.html": "</html>\n", "analysis.json": "}\n", "timeline.jsonl": "}\n",
		"icecore.log": "\n", "timeline.csv": "\n", "bodyfile": "\n",
	}[name]
	return end != "" && bytes.HasSuffix(b, []byte(end)) && (name != "icecore.log" ||
		bytes.Contains(b, []byte("msg=done")))
}

// TestCaseDirOnMount writes case directories to filesystems of their own, as an evidence
// disk is one: on the top of it; where there is not room enough; and where nothing can
// be written. The report is shown nevertheless, and nothing is left.
func TestCaseDirOnMount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a filesystem")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "image.raw")
	copyFile(t, sample(t, fixtures.Compromised), name, 0o644)
	mnt := filepath.Join(dir, "mnt")
	if err := os.Mkdir(mnt, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		options, out string
		code         int
		stderr       string
		left         int // files
	}{
		{"size=64m", "mnt", exitDone, "", 6},
		{"size=64m", "mnt/case", exitDone, "", 1},
		{"size=200k", "mnt", exitFailed, "no space left on device", 0},
		{"size=200k", "mnt/case", exitFailed, "no space left on device", 0},
		{"size=4k", "mnt/case", exitFailed, "no space left on device", 0},
		{"size=64m,ro", "mnt/case", exitFailed, "icecore: mnt/case: read-only file system\n", 0},
		{"size=64m,ro", "mnt", exitFailed, "icecore: mnt: read-only file system\n", 0},
	} {
		flags := uintptr(0)
		options, ro := strings.CutSuffix(c.options, ",ro")
		if ro {
			flags = syscall.MS_RDONLY
		}
		if err := syscall.Mount("none", mnt, "tmpfs", flags, options); err != nil {
			t.Skipf("a filesystem cannot be mounted here: %v", err)
		}
		stdout, stderr, code := run(t, dir, "analyze", "-q", "-o", c.out, "--iocs", "iocs.csv", "image.raw")
		if err := os.Remove(filepath.Join(dir, "iocs.csv")); err != nil {
			t.Errorf("%s, -o %s: the indicators: %v", c.options, c.out, err)
		}
		left, err := os.ReadDir(mnt)
		if uerr := syscall.Unmount(mnt, 0); uerr != nil || err != nil {
			t.Fatal(uerr, err)
		}
		if code != c.code || !strings.Contains(string(stderr), c.stderr) || c.stderr == "" && len(stderr) > 0 ||
			strings.Count(string(stderr), "\n") > 1 {
			t.Errorf("%s, -o %s: exit code %d, stderr %q", c.options, c.out, code, stderr)
		}
		if !strings.HasPrefix(string(stdout), "COMPROMISED ") {
			t.Errorf("%s, -o %s: the report is %.60q", c.options, c.out, stdout)
		}
		if len(left) != c.left {
			t.Errorf("%s, -o %s: in the directory are %v, want %d", c.options, c.out, left, c.left)
		}
	}
}
