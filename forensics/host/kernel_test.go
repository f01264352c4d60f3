package host_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures/servers"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// mountAll lets the kernel and mount(8) mount a server as its own /etc/fstab says, in a
// mount namespace of its own, and prints what then stands where: type, inode and path of
// each file, and for each symbolic link where it leads. The tools are those of this
// machine, bound into the server at /.tools, and are not shown.
const mountAll = `
set -e
mount --make-rprivate /
D=$1
mount -t ext4 "$2" "$D"
mount --rbind /dev "$D/dev"; mount -t proc proc "$D/proc"; mount -t sysfs sysfs "$D/sys"; mount --bind / "$D/.tools"
LD=$(realpath "$(ldd /usr/bin/find | sed -n 's/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\).*/\1/p')")
IN="/.tools$LD --library-path /.tools$(dirname "$LD"):/.tools/usr/lib/x86_64-linux-gnu:/.tools/usr/lib64:/.tools/usr/lib"
chroot "$D" $IN "/.tools$(realpath /bin/mount)" -a >&2 || echo "mount -a: exit code $?" >&2
chroot "$D" $IN "/.tools$(realpath /usr/bin/find)" / \( -path /.tools -o -path /proc -o -path /dev -o -path /sys \) -prune \
	-o -links +0 -printf '%y %i %p\0' -type l -exec $IN "/.tools$(realpath /usr/bin/realpath)" -ez -- {} \; 2>/dev/null || true
`

// kernelSees gives the lines of mountAll, sorted.
func kernelSees(t *testing.T, image string, volumes int) []string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount")
	}
	for _, tool := range []string{"unshare", "losetup", "mount", "chroot", "realpath", "find", "ldd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	// mount(8) opens every loop device of the machine to find a label: not while others
	// compare what their own devices show.
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "icecore-loop-devices"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Skip(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Skip(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.raw")
	if out, err := exec.Command("cp", "--sparse=always", image, copied).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	first := ""
	for i := range volumes {
		at := fmt.Sprint(1<<20 + i*24<<20)
		out, err := exec.Command("losetup", "-f", "--show", "-o", at, "--sizelimit", fmt.Sprint(24<<20), copied).Output()
		if err != nil {
			t.Skipf("no loop device: %v", err)
		}
		dev := strings.TrimSpace(string(out))
		t.Cleanup(func() { _ = exec.Command("losetup", "-d", dev).Run() })
		if i == 0 {
			first = dev
		}
	}
	var problems strings.Builder
	cmd := exec.Command("unshare", "-m", "sh", "-c", mountAll, "sh", t.TempDir(), first)
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil || len(out) == 0 {
		t.Skipf("mount: %v: %s", err, problems.String())
	}
	if problems.Len() > 0 {
		t.Log(problems.String())
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if strings.HasPrefix(line, "/") {
			lines[len(lines)-1] += " -> " + line
			continue
		}
		lines = append(lines, line)
	}
	return shownLines(lines)
}

// shownLines leaves out the directories in which the kernel's view has what no disk holds.
func shownLines(lines []string) []string {
	lines = slices.DeleteFunc(lines, func(l string) bool {
		_, p, _ := strings.Cut(l, " /")
		for _, d := range []string{".tools", "proc", "dev", "sys", "run"} {
			if p == d || strings.HasPrefix(p, d+"/") {
				return true
			}
		}
		return false
	})
	slices.Sort(lines)
	return lines
}

// hostSees gives the same lines as the host has them.
func hostSees(t *testing.T, image string) []string {
	t.Helper()
	img, err := host.Open(t.Context(), image, host.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	hosts, err := host.Find(context.Background(), img, img.Glance())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range hosts.Gaps {
		t.Logf("gap: %v %v", g.What, g.Why)
	}
	h := hosts.List[0]
	var lines []string
	var walk func(p string)
	see := func(p string) bool {
		found, err := h.Lookup(p, false)
		if err != nil {
			t.Errorf("%q: %v", p, err)
			return false
		}
		in, err := found.Inode()
		if err != nil {
			t.Errorf("%q: %v", p, err)
			return false
		}
		line := fmt.Sprintf("%s %d %s", map[uint16]string{
			filesystem.ModeDir: "d", filesystem.ModeSymlink: "l", filesystem.ModeRegular: "f",
		}[in.Mode&filesystem.ModeType], in.Inode, p)
		if in.Mode&filesystem.ModeType == filesystem.ModeSymlink {
			switch target, err := h.Lookup(p, true); {
			case err == nil:
				line += " -> " + target.Path
			case !errors.Is(err, fs.ErrNotExist) && !strings.Contains(err.Error(), "links"):
				t.Errorf("%q: %v", p, err)
			}
		}
		lines = append(lines, line)
		return in.IsDir()
	}
	walk = func(p string) {
		list, err := h.ReadDir(p)
		if err != nil {
			t.Errorf("%q: %v", p, err)
			return
		}
		for _, e := range list {
			if name := strings.TrimSuffix(p, "/") + "/" + e.Name; see(name) && strings.Count(name, "/") < 30 {
				walk(name)
			}
		}
	}
	see("/")
	walk("/")
	return shownLines(lines)
}

// TestTreeAsMounted compares each path of a server, and where each link leads, with what
// the kernel shows after mount(8) has mounted what /etc/fstab names.
func TestTreeAsMounted(t *testing.T) {
	if tool := servers.Missing(); tool != "" {
		t.Skipf("needs %s", tool)
	}
	links := servers.Tree{
		"/srv/abs": "-> /var/log", "/srv/rel": "-> ../var/log/auth.log", "/srv/up": "-> ../../../../../../etc", "/srv/dot": "-> .", "/srv/none": "-> /nowhere",
		"/srv/loop1": "-> loop2", "/srv/loop2": "-> /srv/loop1", "/var/log/home": "-> /home/ana/../..", "/home/ana/logs": "-> /srv/abs/../spool", "/var/back": "-> ../srv",
		"/home/ana/deep": "-> ///var//.//log/./auth.log", "/srv/through": "-> rel/x", "/srv/dotdot": "-> ..",
	}
	for _, c := range []struct {
		name, fstab string
		points      []string // of the volumes, which have the labels v2, v3, ...
		more        servers.Tree
	}{
		{"one volume", "LABEL=v1 / ext4 defaults\n", nil, nil},
		{"four volumes", "LABEL=v1 / ext4\nLABEL=v2 /home ext4\nLABEL=v3 /var ext4\nLABEL=v4 /var/log ext4\n", []string{"/home", "/var", "/var/log"}, nil},
		{"by UUID", "UUID=u2 /var ext4\n\tUUID=\"u3\" \t /home ext4\n", []string{"/var", "/home"}, nil},
		{"escapes and slashes", "LABEL=v2 /srv/my\\040data/ ext4\nLABEL=v3 //var ext4\n", []string{"/srv/my data", "/var"}, servers.Tree{"/srv/my data/x": "1"}},
		{
			"bind", "LABEL=v2 /data ext4\n/data/log /var/log none bind\n/data/h /home none rw,bind\n",
			[]string{"/data"},
			servers.Tree{"/data/log/auth.log": "x", "/data/h/ana/.profile": "x", "/data/h/bob/y": "x"},
		},
		{"bind does not show what is mounted below", "LABEL=v2 /var ext4\nLABEL=v3 /var/log ext4\n/var /mnt none bind\n", []string{"/var", "/var/log"}, nil},
		{"rbind shows it", "LABEL=v2 /var ext4\nLABEL=v3 /var/log ext4\n/var /mnt none rbind\n", []string{"/var", "/var/log"}, nil},
		{"rbind through a link", "LABEL=v2 /var ext4\nLABEL=v3 /var/log ext4\n/srv/v /mnt none rbind\n", []string{"/var", "/var/log"}, servers.Tree{"/srv/v": "-> ../var"}},
		{"bind of a bind", "/var/log /mnt none bind\n/mnt /srv none bind\n", nil, nil},
		{"bind of a file", "/etc/passwd /etc/shadow none bind\n/etc/group /var/log/auth.log none bind\n", nil, nil},
		{"volume on a bind", "/srv/v /var none bind\nLABEL=v2 /var/log ext4\n", []string{"/var/log"}, servers.Tree{"/srv/v/log/": "", "/srv/v/lib/x": "1"}},
		{"two at one place", "LABEL=v2 /mnt ext4\nLABEL=v3 /mnt ext4\n", []string{"/srv/a", "/srv/b"}, servers.Tree{"/srv/a/one": "1", "/srv/b/two": "2"}},
		{"the same twice", "LABEL=v2 /mnt ext4\nLABEL=v2 /opt ext4\n", []string{"/srv/a"}, servers.Tree{"/srv/a/one": "1", "/opt/": ""}},
		{"at a link", "LABEL=v2 /var/lib/link ext4\n", []string{"/srv/a"}, servers.Tree{"/srv/a/one": "1", "/var/lib/link": "-> ../../mnt"}},
		{"through a link", "LABEL=v2 /lnk/sub ext4\n/lnk/sub /mnt none bind\n", []string{"/srv/a"}, servers.Tree{"/srv/a/one": "1", "/lnk": "-> opt/x", "/opt/x/sub/": ""}},
		{"a link on a volume leads back", "LABEL=v2 /var ext4\n", []string{"/var"}, servers.Tree{"/var/mail": "-> ../srv/mail", "/srv/mail/": "", "/var/top": "-> /", "/var/out": "-> ../../.."}},
		{"hides what lies below", "LABEL=v2 /home ext4\n", []string{"/srv/h"}, servers.Tree{"/srv/h/bob/x": "1"}},
		{"swap, tmpfs, noauto, nonsense", "/swapfile none swap sw 0 0\n#LABEL=v2 /opt ext4\nnonsense\n\nLABEL=v2 /mnt ext4 defaults,noatime 0 0\n", []string{"/srv/a"}, servers.Tree{"/srv/a/one": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The kernel looks for a label on all devices of the machine: those of another run of
			// this test must have others.
			label, uuid := fmt.Sprintf("%dv", os.Getpid()), fmt.Sprintf("%08x-0000-4000-8000-00000000000", os.Getpid())
			fstab := strings.NewReplacer("LABEL=v", "LABEL="+label, "UUID=u", "UUID="+uuid, "UUID=\"u", "UUID=\""+uuid).Replace(c.fstab)
			tree := servers.Debian().With(servers.Planted(), links, servers.Tree{"/etc/fstab": fstab, "/.tools/": ""}, c.more)
			parts, rest := tree.Split(c.points...)
			var volumes []servers.Volume
			for i, p := range append([]servers.Tree{rest}, parts...) {
				digit := fmt.Sprint(i + 1)
				volumes = append(volumes, servers.Volume{Tree: p, Label: label + digit, UUID: uuid + digit})
			}
			image := filepath.Join(t.TempDir(), "disk.raw")
			if err := servers.Disk(t.Context(), image, volumes...); err != nil {
				t.Fatal(err)
			}
			want := kernelSees(t, image, len(volumes))
			if got := hostSees(t, image); !cmp.Equal(want, got) {
				t.Errorf("- the kernel, + the host:\n%s", cmp.Diff(want, got))
			}
		})
	}
}
