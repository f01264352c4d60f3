package forensics_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics"
	"icecore/forensics/model"
)

// makers put something on a file of 330 MiB that is a volume then.
func makers() map[string][]string {
	return map[string][]string{
		"xfs":    {"mkfs.xfs", "-q", "-f"},
		"btrfs":  {"mkfs.btrfs", "-q", "-f"},
		"LUKS":   {"cryptsetup", "luksFormat", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"},
		"bcache": {"make-bcache", "-B"},
		"f2fs":   {"mkfs.f2fs", "-q"},
		"jfs":    {"mkfs.jfs", "-q"},
		"nilfs2": {"mkfs.nilfs2", "-q", "-f"},
	}
}

// tool skips a test for which a program is missing.
func tool(t *testing.T, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			t.Skipf("no %s", n)
		}
	}
}

// ext4Of makes a filesystem of so many MiB of files.
func ext4Of(t *testing.T, mib int, files map[string]string) string {
	t.Helper()
	tool(t, "mke2fs")
	dir := t.TempDir()
	tree := filepath.Join(dir, "tree")
	for p, text := range files {
		p = filepath.Join(tree, p)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "ext4.raw")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-b", "1024", "-d", tree, name, fmt.Sprintf("%dM", mib)).CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	return name
}

// twoPartitions joins two volumes on a disk with a GPT.
func twoPartitions(t *testing.T, first, second string, types ...string) string {
	t.Helper()
	tool(t, "sfdisk")
	types = append(types, "L", "L")
	name := filepath.Join(t.TempDir(), "disk.raw")
	disk, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	table, at := "label: gpt\n", int64(1<<20)
	var places []int64
	for i, v := range []string{first, second} {
		st, err := os.Stat(v)
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, at)
		table += fmt.Sprintf("start=%d, size=%d, type=%s\n", at/512, st.Size()/512, types[i])
		at += (st.Size() + 1<<20 - 1) &^ (1<<20 - 1)
	}
	if err := disk.Truncate(at + 1<<20); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sfdisk", "-q", name)
	c.Stdin = strings.NewReader(table)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v: %s", err, out)
	}
	for i, v := range []string{first, second} {
		out, err := exec.Command("dd", "if="+v, "of="+name, "bs=1M", fmt.Sprintf("seek=%d", places[i]>>20), "conv=notrunc,sparse", "status=none").CombinedOutput()
		if err != nil {
			t.Fatalf("dd: %v: %s", err, out)
		}
	}
	return name
}

// decides analyses an image and checks what of it decides: the verdict of a disk of which
// nothing above low was found, and that it and the coverage name the volume or place.
func decides(t *testing.T, image string, want model.VerdictState, names ...string) {
	t.Helper()
	a, err := forensics.Analyze(t.Context(), image, forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Verdict.State != want || a.Coverage.Decided() != (want == model.NoIndicators) {
		t.Errorf("%s, decided: %v; want %s", a.Verdict.State, a.Coverage.Decided(), want)
	}
	var all []string
	for _, g := range a.Verdict.NotRead {
		all = append(all, g.WhatText+": "+g.WhyText)
	}
	for _, n := range names {
		if !strings.Contains(strings.Join(all, "\n"), n) {
			t.Errorf("%q is not among what was not read: %q", n, all)
		}
	}
	if want == model.NoIndicators && len(all) > len(names) {
		t.Errorf("%q", all)
	}
}

var (
	bootFiles = map[string]string{"grub/grub.cfg": "set timeout=5\n", "vmlinuz": "kernel"}
	rootFiles = map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/hostname": "h\n", "usr/bin/x": "#!/bin/sh\n",
		"var/lib/dpkg/status": "Package: x\nStatus: install ok installed\nVersion: 1\n", "var/lib/dpkg/info/x.list": "/usr/bin/x\n",
	}
)

// TestRootNotRead: an ext4 /boot is read, the volume beside it, which holds the system, is
// not; and a root filesystem beside a firmware's partition, an empty one or swap is.
func TestRootNotRead(t *testing.T) {
	boot := ext4Of(t, 24, bootFiles)
	for content, args := range makers() {
		t.Run(content, func(t *testing.T) {
			tool(t, args[0])
			system := filepath.Join(t.TempDir(), "system.raw")
			if err := os.WriteFile(system, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(system, 330<<20); err != nil {
				t.Fatal(err)
			}
			c := exec.Command(args[0], append(args[1:], system)...)
			if content == "LUKS" {
				c.Args = append(c.Args, "-")
				c.Stdin = strings.NewReader("password")
			}
			if out, err := c.CombinedOutput(); err != nil {
				t.Skipf("%s: %v: %s", args[0], err, out)
			}
			decides(t, twoPartitions(t, boot, system), model.Inconclusive, "volume p2 ("+content+"): ", "root filesystem: not found")
			if content == "xfs" || content == "LUKS" { // as a data disk: whether it is one is not known
				decides(t, twoPartitions(t, ext4Of(t, 16, rootFiles), system), model.Inconclusive, "volume p2 ("+content+"): ")
			}
		})
	}
	t.Run("what the table of mounts names", func(t *testing.T) {
		tool(t, "mkfs.xfs")
		const uuid = "6a3c0000-0000-4000-8000-00000000000a"
		system := file(t, nil)
		if err := os.Truncate(system, 330<<20); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("mkfs.xfs", "-q", "-L", "logs", "-m", "uuid="+uuid, system).CombinedOutput(); err != nil {
			t.Fatalf("mkfs.xfs: %v: %s", err, out)
		}
		for _, tt := range []struct {
			name, at, options string
			want              model.VerdictState
		}{
			{"UUID=" + uuid, "/var/log", "defaults", model.Inconclusive},
			{"LABEL=logs", "/var/log", "defaults", model.Inconclusive},
			{"/dev/disk/by-uuid/" + uuid, "/home", "defaults,nofail", model.Inconclusive},
			{"UUID=" + uuid, "/srv", "defaults", model.Inconclusive},
			{"UUID=" + uuid, "/srv", "defaults,nofail", model.NoIndicators}, // data
			{"LABEL=logs", "/data", "defaults", model.NoIndicators},
			{"LABEL=logs", "/homes", "defaults", model.NoIndicators},
		} {
			files := map[string]string{"etc/fstab": tt.name + " " + tt.at + " xfs " + tt.options + " 0 0\n"}
			for p, text := range rootFiles {
				files[p] = text
			}
			disk := twoPartitions(t, ext4Of(t, 16, files), system)
			decides(t, disk, tt.want, "mount point "+tt.at+" ("+tt.name+"): volume p2 is not read: an XFS filesystem")
		}
	})
	t.Run("mdraid", func(t *testing.T) {
		for _, at := range []int64{0, 4096} {
			member := make([]byte, 16<<20)
			copy(member[at:], "\xfc\x4e\x2b\xa9\x01\x00\x00\x00")
			decides(t, twoPartitions(t, boot, file(t, member)), model.Inconclusive, "volume p2 (mdraid): ")
		}
	})
	t.Run("LVM2", func(t *testing.T) {
		pv := make([]byte, 16<<20)
		copy(pv[512:], "LABELONE")
		decides(t, twoPartitions(t, boot, file(t, pv)), model.Inconclusive, "volume p2 (LVM2): ")
	})
	t.Run("unknown", func(t *testing.T) {
		decides(t, twoPartitions(t, boot, file(t, bytes.Repeat([]byte{0x9b, 1, 7, 0x5e}, 4<<20))), model.Inconclusive, "volume p2: content not recognised")
	})
	t.Run("boot alone", func(t *testing.T) { decides(t, boot, model.Inconclusive, "root filesystem: not found") })

	root := ext4Of(t, 16, rootFiles)
	t.Run("root", func(t *testing.T) { decides(t, root, model.NoIndicators) })
	t.Run("root and boot", func(t *testing.T) { decides(t, twoPartitions(t, boot, root), model.NoIndicators) })
	t.Run("root and an empty partition", func(t *testing.T) {
		decides(t, twoPartitions(t, root, file(t, make([]byte, 4<<20))), model.NoIndicators)
	})
	t.Run("root and BIOS boot", func(t *testing.T) {
		core := bytes.Repeat([]byte{0x52, 0xe8, 0x28, 1}, 1<<18)
		decides(t, twoPartitions(t, file(t, core), root, "21686148-6449-6E6F-744E-656564454649"), model.NoIndicators)
	})
	t.Run("root and ESP", func(t *testing.T) {
		tool(t, "mkfs.vfat")
		esp := file(t, make([]byte, 8<<20))
		if out, err := exec.Command("mkfs.vfat", esp).CombinedOutput(); err != nil {
			t.Fatalf("mkfs.vfat: %v: %s", err, out)
		}
		decides(t, twoPartitions(t, esp, root, "U"), model.NoIndicators)
	})
	t.Run("root and swap", func(t *testing.T) {
		tool(t, "mkswap")
		swap := file(t, make([]byte, 8<<20))
		if out, err := exec.Command("mkswap", swap).CombinedOutput(); err != nil {
			t.Fatalf("mkswap: %v: %s", err, out)
		}
		decides(t, twoPartitions(t, root, swap), model.NoIndicators)
	})
}

func file(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "volume.raw")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestCutShort: of an image that broke off anywhere, or of which a part is missing, nothing
// is claimed; of one to which something was added it is.
func TestCutShort(t *testing.T) {
	root := ext4Of(t, 24, rootFiles)
	disk := twoPartitions(t, ext4Of(t, 16, bootFiles), root)
	for _, tt := range []struct {
		name, from string
		keep       int64 // bytes; negative: without so many
		want       model.VerdictState
		says       string
	}{
		{"a filesystem, at 600 KiB", root, 600 << 10, model.Inconclusive, "the volume only 614400 bytes"},
		{"half a filesystem", root, 12 << 20, model.Inconclusive, "the volume only 12582912 bytes"},
		{"a filesystem, its last block", root, -1024, model.Inconclusive, "the volume only"},
		{"a filesystem, its last byte", root, -1, model.Inconclusive, "the volume only"},
		{"a disk, in the first partition", disk, 9 << 20, model.Inconclusive, "truncated"},
		{"a disk, in the second partition", disk, 30 << 20, model.Inconclusive, "truncated"},
		{"a disk, its last sector", disk, -512, model.Inconclusive, "it is truncated"},
		{"a filesystem", root, 24 << 20, model.NoIndicators, ""},
		{"a disk", disk, 42 << 20, model.NoIndicators, ""},
		{"a disk that was enlarged", disk, 50 << 20, model.NoIndicators, ""},
		{"a filesystem on a larger disk", root, 30 << 20, model.NoIndicators, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := os.ReadFile(tt.from)
			if err != nil {
				t.Fatal(err)
			}
			cut := file(t, b)
			keep := tt.keep
			if keep < 0 {
				keep += int64(len(b))
			}
			if err := os.Truncate(cut, keep); err != nil {
				t.Fatal(err)
			}
			decides(t, cut, tt.want, tt.says)
		})
	}
	t.Run("a part is missing", func(t *testing.T) {
		dir := t.TempDir()
		f, err := os.Open(root)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := range 6 {
			b, err := io.ReadAll(io.LimitReader(f, 4<<20))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("d.%03d", i)), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		first := filepath.Join(dir, "d.000")
		decides(t, first, model.NoIndicators)
		if err := os.Remove(filepath.Join(dir, "d.003")); err != nil {
			t.Fatal(err)
		}
		decides(t, first, model.Inconclusive, "d.003 is missing, though")
		for i := 3; i < 6; i++ {
			os.Remove(filepath.Join(dir, fmt.Sprintf("d.%03d", i)))
		}
		decides(t, first, model.Inconclusive, "the volume only 12582912 bytes")
	})
}

// TestRootUnreadable: a root filesystem that is there, and whose root directory or inodes
// cannot be read, is none of which something is claimed; where a copy says where they are,
// they are read.
func TestRootUnreadable(t *testing.T) {
	tool(t, "debugfs")
	for _, tt := range []struct {
		name, command string
		mib           int // up to 8 there is one group, and no copy of its descriptor
		want          model.VerdictState
	}{
		{"the root inode cleared", "clri <2>", 16, model.Inconclusive},
		{"the root inode a file", "set_inode_field <2> mode 0100644", 16, model.Inconclusive},
		{"its block out of the filesystem", "set_inode_field <2> block[0] 0", 16, model.Inconclusive},
		{"inode table at block 0", "set_bg 0 inode_table 0", 8, model.Inconclusive},
		{"inode table out of the disk", "set_bg 0 inode_table 7000000", 8, model.Inconclusive},
		{"inode table over the boot block", "set_bg 0 inode_table 1", 8, model.Inconclusive},
		{"inode table out of the disk, with a copy", "set_bg 0 inode_table 7000000", 16, model.NoIndicators},
	} {
		t.Run(tt.name, func(t *testing.T) {
			image := ext4Of(t, tt.mib, rootFiles)
			if out, err := exec.Command("debugfs", "-w", "-R", tt.command, image).CombinedOutput(); err != nil || bytes.Contains(out, []byte("invalid")) {
				t.Fatalf("debugfs: %v: %s", err, out)
			}
			decides(t, image, tt.want)
		})
	}
}

// TestKnownNotRead: logs that are known and not read have a line each kind, and decide
// nothing beside a log of logins that is read; alone, those with logins do.
func TestKnownNotRead(t *testing.T) {
	files := map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "var/log/pacman.log": "[2026-11-12T08:00:00+0000] [ALPM] installed x (1-1)\n", "var/log/empty/pacman.log": "",
		"var/log/nginx/access.log": "x\n", "var/log/nginx/access.log.1": "x\n", "var/log/remote/web1/auth.log": "x\n", "var/log/sshd.log": "x\n", "var/log/yum.log": "",
		"var/lib/dpkg/status": rootFiles["var/lib/dpkg/status"], "var/lib/dpkg/info/x.list": "/usr/bin/x\n",
		"var/log/auth.log": "Nov 12 08:00:31 h sshd[2]: Accepted password for root from 198.51.100.7 port 40010 ssh2\n",
	}
	for _, alone := range []bool{false, true} {
		want := model.NoIndicators
		if alone {
			delete(files, "var/log/auth.log")
			want = model.Inconclusive
		}
		image := ext4Of(t, 8, files)
		decides(t, image, want)
		a, err := forensics.Analyze(t.Context(), image, forensics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range a.Coverage.Gaps {
			if g.Why.ID == "why.unread" {
				got = append(got, g.WhatText+": "+g.WhyText)
			}
		}
		if d := cmp.Diff([]string{
			"volume disk, /var/log/nginx/access.log and 1 more file: logs of a web server: not read by this version",
			"volume disk, /var/log/pacman.log: package log of pacman: not read by this version",
			"volume disk, /var/log/remote/web1/auth.log: logs received from other hosts: not read by this version",
			"volume disk, /var/log/sshd.log: log of logins, by a name that the syslog daemon was configured to use: not read by this version",
		}, got); d != "" {
			t.Errorf("alone: %v: %s", alone, d)
		}
	}
}
