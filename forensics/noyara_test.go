//go:build !cgo

package forensics

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWithoutYARA: a program without YARA says that it did not look, and never that
// nothing was found.
func TestWithoutYARA(t *testing.T) {
	set, err := LoadRules(nil, false)
	if err != nil || set.Available() || !strings.Contains(set.Why(), "without YARA") {
		t.Fatalf("%v, available %v, why %q", err, set.Available(), set.Why())
	}
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("needs mke2fs")
	}
	disk := filepath.Join(t.TempDir(), "disk")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", disk, "8M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	a, err := Analyze(context.Background(), disk, Options{})
	if err != nil {
		t.Fatal(err)
	}
	said := false
	for _, n := range a.Coverage.Gaps {
		said = said || strings.Contains(n.WhatText, "YARA") && strings.Contains(n.WhyText, "without YARA")
	}
	if !said || a.Coverage.BytesScanned != 0 {
		t.Errorf("the coverage does not say it: %+v", a.Coverage)
	}
	if _, err := Analyze(context.Background(), disk, Options{Scan: ScanOptions{YARAOnly: true}}); err == nil || !strings.Contains(err.Error(), "without YARA") {
		t.Errorf("a scan without YARA: %v", err)
	}
}
