package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"icecore/fixtures"
	"icecore/forensics/text"
)

// TestProof checks each finding by hand, as its source says: `icecore cat` of the
// inode and `icecore cat` of the disk show the same bytes, and they are those of the
// excerpt.
func TestProof(t *testing.T) {
	img := sample(t, fixtures.Compromised)
	dir := filepath.Dir(img)
	stdout, stderr, code := run(t, dir, "analyze", "--format", "json", img)
	if code != 0 {
		t.Fatalf("%d %s", code, stderr)
	}
	var a struct {
		Findings []struct {
			ID, Rule, Excerpt string
			Source            *struct {
				Volume, Path, State, Member, SHA256 string
				Inode                               uint64
				Version                             uint32
				Offset, Length                      int64
				DiskOffset                          *int64 `json:"disk_offset"`
			}
		}
	}
	if err := json.Unmarshal(stdout, &a); err != nil {
		t.Fatal(err)
	}
	shown, onDisk := 0, 0
	for _, f := range a.Findings {
		s := f.Source
		if s == nil || s.Member != "" {
			continue
		}
		inode := fmt.Sprint(s.Inode)
		if s.Version != 0 {
			inode += fmt.Sprintf("@%d", s.Version)
		}
		args := []string{"cat", img, "--volume", s.Volume, "--inode", inode, "--offset", fmt.Sprint(s.Offset)}
		if s.Length > 0 {
			args = append(args, "--length", fmt.Sprint(s.Length))
		}
		content, stderr, code := run(t, dir, args...)
		if code != 0 || len(content) == 0 {
			t.Errorf("%s: icecore %q: exit code %d, %s", f.ID, args, code, stderr)
			continue
		}
		if st, _, code := run(t, dir, "stat", img, "--volume", s.Volume, "--inode", inode, "--format",
			"json"); code != 0 || s.SHA256 != "" && !bytes.Contains(st, []byte(s.SHA256)) ||
			!bytes.Contains(st, []byte(`"state": "`+s.State+`"`)) {
			t.Errorf("%s: stat of inode %s shows neither the state %s nor the hash %s: %s", f.ID, inode, s.State, s.SHA256, st)
		}
		if s.Length == 0 {
			continue
		}
		// An excerpt may be cut, but it is not of something else.
		if got, want := squeeze(text.Escape(string(content))), squeeze(f.Excerpt); want != "" &&
			!strings.Contains(got, want[:min(len(want), 30)]) && !strings.Contains(want, got[:min(len(got), 30)]) {
			t.Errorf("%s (%s): the excerpt %q, the bytes %q", f.ID, f.Rule, f.Excerpt, content)
		}
		shown++
		if s.DiskOffset == nil {
			continue
		}
		disk, stderr, code := run(t, dir, "cat", img, "--disk-offset", fmt.Sprint(*s.DiskOffset), "--length",
			fmt.Sprint(s.Length))
		if code != 0 || !bytes.Equal(disk, content) {
			t.Errorf("%s: at byte %d of the disk stands %q, in the file %q: %s", f.ID, *s.DiskOffset, disk, content, stderr)
			continue
		}
		onDisk++
	}
	if shown < 15 || onDisk < 15 {
		t.Errorf("only %d findings with an excerpt, %d with a place on the disk", shown, onDisk)
	}
	t.Logf("%d of %d findings show their bytes, %d of them on the disk, too", shown, len(a.Findings), onDisk)
	// The command that the report offers can be pasted.
	stdout, _, _ = run(t, dir, "analyze", img)
	_, after, _ := strings.Cut(string(stdout), " rests on:\n")
	command, _, _ := strings.Cut(strings.TrimSpace(after), "\n")
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil ||
		!bytes.Contains(out, []byte("203.0.113.77")) {
		t.Errorf("%s: %v: %s", command, err, out)
	}
}

// squeeze leaves the letters and digits of a text.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.NewReplacer(`\x0a`, "", `\x09`, "", `\x5c`, "").Replace(s))
}
