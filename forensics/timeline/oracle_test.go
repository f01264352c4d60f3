package timeline_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"icecore/forensics"
	"icecore/forensics/filesystem"
	"icecore/forensics/timeline"
)

// TestAgainstFLS compares a bodyfile with what fls(1) of The Sleuth Kit writes of the
// same image: a tree made here by mke2fs, and where ICECORE_LAB names a directory with
// gen4.raw, that.
func TestAgainstFLS(t *testing.T) {
	if _, err := exec.LookPath("fls"); err != nil {
		t.Skip("fls (sleuthkit) is not installed")
	}
	t.Run("tree", func(t *testing.T) {
		mke2fs, err := exec.LookPath("mke2fs")
		if err != nil {
			if mke2fs = "/sbin/mke2fs"; !exists(mke2fs) {
				t.Skip("mke2fs is not installed")
			}
		}
		dir := t.TempDir()
		tree := filepath.Join(dir, "tree")
		for _, name := range []string{"a", "deep/er/and/deeper/file", "with space", "ünïcode", "setuid"} {
			p := filepath.Join(tree, name)
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, []byte(name), 0o640); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range []error{os.Symlink("a", filepath.Join(tree, "link")), os.Link(filepath.Join(tree, "a"), filepath.Join(tree, "hard")), os.Chmod(filepath.Join(tree, "setuid"), os.ModeSetuid|0o711)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		img := filepath.Join(dir, "disk.img")
		if out, err := exec.Command(mke2fs, "-q", "-F", "-t", "ext4", "-d", tree, img, "8M").CombinedOutput(); err != nil {
			t.Fatalf("mke2fs: %v: %s", err, out)
		}
		compareFLS(t, img, "0", 8)
	})
	t.Run("lab", func(t *testing.T) {
		img := filepath.Join(os.Getenv("ICECORE_LAB"), "gen4.raw")
		if os.Getenv("ICECORE_LAB") == "" || !exists(img) {
			t.Skip("ICECORE_LAB names no directory with gen4.raw")
		}
		compareFLS(t, img, "262144", 20_000)
	})
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func compareFLS(t *testing.T, name, sector string, least int) {
	img, err := forensics.Open(context.Background(), name, forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	var b bytes.Buffer
	body := timeline.NewBody(&b)
	err = img.EachFile(
		context.Background(),
		"",
		filesystem.WalkOptions{Targets: true},
		func(_ *forensics.Volume, e *filesystem.Entry) error { return body.Entry(e) },
	)
	if err == nil {
		err = body.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := exec.Command("fls", "-o", sector, "-r", "-m", "/", name).Output()
	if err != nil {
		t.Fatalf("fls: %v", err)
	}
	// fls tells no root directory; it tells names that were deleted, and inodes
	// without a name, in a directory of its own; and it leaves out the targets of links
	// that stand in a block.
	ours, want := lines(b.String()), lines(string(theirs))
	delete(ours, "/")
	same := 0
	for n, l := range want {
		if strings.Contains(n, "(deleted") || strings.HasPrefix(n, "/$OrphanFiles") {
			continue
		}
		if strings.ContainsAny(n, `^\`) || !utf8.ValidString(n) { // it shows those as they are
			continue
		}
		bare, _, _ := strings.Cut(n, " -> ")
		got, ok := ours[bare]
		switch {
		case !ok:
			t.Errorf("fls has %s, the bodyfile has not", l)
		case got != l:
			t.Errorf("%s: got\n%s\nfls\n%s", n, got, l)
		default:
			same++
		}
		delete(ours, bare)
		if t.Failed() && same > 100 {
			t.FailNow()
		}
	}
	for n := range ours {
		if !strings.ContainsAny(n, `\`) {
			t.Errorf("the bodyfile has %q, fls has not", n)
		}
	}
	if same < least {
		t.Errorf("only %d lines were compared", same)
	}
	t.Logf("%d lines are the same", same)
}

// lines gives the lines of a bodyfile by name, without the targets of links. Of the
// same name there can be one live line only.
func lines(s string) map[string]string {
	out := make(map[string]string)
	for _, l := range strings.Split(strings.TrimSpace(s), "\n") {
		f := strings.Split(l, "|")
		if len(f) != 11 {
			continue
		}
		n, _, _ := strings.Cut(f[1], " -> ")
		f[1] = n
		// The first letter of the mode is the type that the directory states.
		out[n] = strings.Join(f, "|")
	}
	return out
}
