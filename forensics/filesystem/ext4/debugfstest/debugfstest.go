// Package debugfstest runs debugfs(8) of e2fsprogs for tests: it makes images that no
// other tool makes, and shows what stands in them without a mount.
package debugfstest

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// Run runs commands on an image, which write says may be changed, and gives their
// output and complaints. It ends the test if debugfs fails.
func Run(t testing.TB, img string, write bool, commands ...string) (stdout, stderr string) {
	t.Helper()
	args := []string{"-f", "-", img}
	if write {
		args = append([]string{"-w"}, args...)
	}
	cmd := exec.Command("debugfs", args...)
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil {
		t.Fatalf("debugfs: %v\n%s", err, bad.String())
	}
	return out.String(), bad.String()
}
