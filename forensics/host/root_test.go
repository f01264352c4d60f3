package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A volume holds a root filesystem if one of the directories stands at its top and holds
// something. What holds none of them is a data disk, or /boot.
func TestRootGap(t *testing.T) {
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("no mke2fs (package e2fsprogs)")
	}
	for name, tt := range map[string]struct {
		files []string
		none  bool
	}{
		"debian":          {[]string{"etc/passwd", "usr/bin/true", "var/log/syslog"}, false},
		"one file":        {[]string{"etc/rc.local"}, false},
		"etc wiped":       {[]string{"etc/", "var/log/wtmp"}, false},
		"stateless":       {[]string{"usr/lib/os-release"}, false},
		"ostree":          {[]string{"ostree/deploy/fedora/deploy/00.0/etc/passwd"}, false},
		"boot":            {[]string{"grub/grub.cfg", "vmlinuz"}, true},
		"var":             {[]string{"log/auth.log", "lib/dpkg/status"}, true},
		"home":            {[]string{"ana/etc/passwd"}, true},
		"only the mounts": {[]string{"etc/", "usr/", "var/"}, true},
		"nothing":         {nil, true},
	} {
		dir := t.TempDir()
		tree := filepath.Join(dir, "tree")
		if err := os.MkdirAll(tree, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, f := range tt.files {
			p := filepath.Join(tree, f)
			if err := os.MkdirAll(filepath.Dir(filepath.Join(p, "x")), 0o755); err != nil {
				t.Fatal(err)
			}
			if f[len(f)-1] == '/' {
				continue
			}
			if err := os.Remove(p); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		image := filepath.Join(dir, "disk.raw")
		if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-d", tree, image, "8M").CombinedOutput(); err != nil {
			t.Fatalf("mke2fs: %v: %s", err, out)
		}
		img, err := Open(t.Context(), image, OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if g, none := img.RootGap(); none != tt.none || none != g.Bears() {
			t.Errorf("%s: no root filesystem: %v, want %v", name, none, tt.none)
		}
		img.Close()
	}
}
