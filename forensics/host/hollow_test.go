package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"icecore/forensics/model"
)

// TestHollow: an image of the metadata alone decides, as e2image(8) makes it in each of its
// ways; one with the content does not, nor does a disk with some files of zeros.
func TestHollow(t *testing.T) {
	for _, p := range []string{"mke2fs", "e2image"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("no %s (package e2fsprogs)", p)
		}
	}
	zeros, text := strings.Repeat("\x00", 10_000), strings.Repeat("some text\n", 1000)
	system := map[string]string{"etc/hostname": "h\n", "etc/passwd": text, "usr/bin/true": "\x7fELF" + zeros, "var/log/auth.log": text}
	data := make(map[string]string)
	for i := range 30 {
		data[fmt.Sprintf("photos/%d/%d.jpg", i%3, i)] = text
	}
	laid := map[string]string{"disk-a.img": zeros, "disk-b.img": zeros, "vm/swap.img": zeros, "notes": text}
	wiped := map[string]string{"etc/hostname": "h\n", "etc/passwd": text, "usr/bin/true": "\x7fELF" + zeros, "var/log/auth.log": zeros, "var/log/wtmp": zeros, "var/log/btmp": zeros}
	late := map[string]string{"etc/a": strings.Repeat(zeros, 3) + "x", "etc/b": zeros + text + zeros, "etc/c": "x" + zeros}
	for name, tt := range map[string]struct {
		tree map[string]string
		args []string // of e2image; nil: the disk itself
		fs   string
		want bool
	}{
		"the disk":                {system, nil, "ext4", false},
		"metadata, raw":           {system, []string{"-r"}, "ext4", true},
		"metadata, qcow2":         {system, []string{"-Q"}, "ext4", true},
		"metadata of ext2":        {system, []string{"-r"}, "ext2", true},
		"with content, raw":       {system, []string{"-ra"}, "ext4", false},
		"with content, qcow2":     {system, []string{"-Qa"}, "ext4", false},
		"metadata of a data disk": {data, []string{"-r"}, "ext4", true},
		"a data disk":             {data, nil, "ext4", false},
		"images not yet written":  {laid, nil, "ext4", false},
		"logs wiped":              {wiped, nil, "ext4", false},
		"zeros first":             {late, nil, "ext4", false},
		"nothing":                 {nil, nil, "ext4", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tree := filepath.Join(dir, "tree")
			if err := os.Mkdir(tree, 0o755); err != nil {
				t.Fatal(err)
			}
			for p, text := range tt.tree {
				p = filepath.Join(tree, p)
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			image := filepath.Join(dir, "disk.raw")
			if out, err := exec.Command("mke2fs", "-q", "-t", tt.fs, "-b", "1024", "-d", tree, image, "16M").CombinedOutput(); err != nil {
				t.Fatalf("mke2fs: %v: %s", err, out)
			}
			if tt.args != nil {
				made := filepath.Join(dir, "made")
				if out, err := exec.Command("e2image", append(tt.args, image, made)...).CombinedOutput(); err != nil {
					t.Fatalf("e2image: %v: %s", err, out)
				}
				image = made
			}
			img, err := Open(t.Context(), image, OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer img.Close()
			gaps := img.HollowGaps()
			if (len(gaps) > 0) != tt.want || len(gaps) > 0 && (gaps[0].Weight != model.Decisive || gaps[0].Source.Volume != "disk") {
				t.Errorf("%+v, want one: %v", gaps, tt.want)
			}
		})
	}
}
