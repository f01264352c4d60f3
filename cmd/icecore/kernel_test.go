package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"icecore/fixtures"
)

// TestListingAgainstKernel mounts copies of images and compares, line for line, what
// the kernel shows with `icecore ls -R --hash --format jsonl` of the originals:
// the sample, of which the journal must be replayed; a tree of hostile names, device
// nodes, pipes, sockets, sparse files and hard links; and where ICECORE_LAB names a
// directory with gen2.raw and gen4.raw, those.
func TestListingAgainstKernel(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount")
	}
	need(t, "mount", "umount", "losetup", "mke2fs")
	dir := t.TempDir()
	tree := filepath.Join(dir, "tree")
	if err := hostileTree(tree); err != nil {
		t.Fatal(err)
	}
	oddFiles(t, filepath.Join(tree, "odd"))
	hostile := filepath.Join(dir, "hostile.img")
	if err := mke2fs(hostile, tree); err != nil {
		t.Fatal(err)
	}
	images := map[string]string{"hostile": hostile, "sample": sample(t, fixtures.Compromised)}
	if lab := os.Getenv("ICECORE_LAB"); lab != "" {
		images["gen2"], images["gen4"] = filepath.Join(lab, "gen2.raw"), filepath.Join(lab, "gen4.raw")
	} else {
		t.Log("ICECORE_LAB is not set: without the large images")
	}
	for name, img := range images {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, dir, "ls", "-R", "--hash", "--format", "jsonl", img)
			if code != 0 || len(stderr) > 0 {
				t.Fatalf("exit code %d, stderr %s", code, stderr)
			}
			want := kernelListing(t, img)
			got := strings.Split(strings.TrimSuffix(string(stdout), "\n"), "\n")
			for i := range max(len(got), len(want)) {
				switch {
				case i >= len(got):
					t.Fatalf("line %d is missing: %s", i, want[i])
				case i >= len(want):
					t.Fatalf("line %d is too much: %s", i, got[i])
				case got[i] != want[i]:
					t.Fatalf("line %d:\n%s\nthe kernel shows\n%s", i, got[i], want[i])
				}
			}
			if len(got) < 20 {
				t.Errorf("only %d lines", len(got))
			}
			t.Logf("%d lines are the same", len(got))
		})
	}
}

// oddFiles makes one of each kind of file.
func oddFiles(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o1777); err != nil {
		t.Fatal(err)
	}
	at := func(n string) string { return filepath.Join(dir, n) }
	sparse, err := os.Create(at("sparse"))
	if err != nil {
		t.Fatal(err)
	}
	defer sparse.Close()
	_, werr := sparse.WriteAt([]byte("end"), 5<<20)
	for _, err := range []error{
		werr, unix.Mknod(at("null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))),
		unix.Mknod(at("big"), unix.S_IFBLK|0o600, int(unix.Mkdev(259, 70000))),
		unix.Mknod(at("socket"), unix.S_IFSOCK|0o755, 0), unix.Mkfifo(at("pipe"), 0o640),
		os.Symlink(strings.Repeat("long/", 30), at("slow")), os.Symlink("fast", at("fast")),
		os.WriteFile(at("empty"), nil, 0o000), os.Link(at("empty"), at("hard")), os.Chown(at("pipe"), 70000, 4000000000),
		unix.UtimesNanoAt(unix.AT_FDCWD, at("empty"), []unix.Timespec{
			{Sec: -2000000000, Nsec: 5},
			{Sec: 10000000000, Nsec: 999999999},
		}, 0),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// kernelListing mounts a copy of an image and lists it.
func kernelListing(t *testing.T, img string) []string {
	t.Helper()
	stdout, _, _ := run(t, "/", "info", "--format", "json", img)
	offset := "0"
	if _, after, ok := strings.Cut(string(stdout), `"filesystem": "ext4"`); ok { // the fields before it hold the place
		before := strings.TrimSuffix(string(stdout), after)
		i := strings.LastIndex(before, `"offset": `)
		offset, _, _ = strings.Cut(before[i+len(`"offset": `):], ",")
	}
	dir := t.TempDir()
	copied, mnt := filepath.Join(dir, "copy"), filepath.Join(dir, "mnt")
	if out, err := exec.Command("cp", "--sparse=always", img, copied).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	// The loop device can be written, so that the kernel recovers the journal.
	out, err := exec.Command("losetup", "-f", "--show", "-o", offset, copied).Output()
	if err != nil {
		t.Skipf("no loop device: %v", err)
	}
	dev := strings.TrimSpace(string(out))
	defer func() { _ = exec.Command("losetup", "-d", dev).Run() }()
	if err := os.Mkdir(mnt, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "ext4", "-o", "ro", dev, mnt).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	defer func() { _ = exec.Command("umount", mnt).Run() }()
	type row struct{ key, line string }
	var rows []row
	var walk func(string)
	walk = func(rel string) {
		entries, err := os.ReadDir(mnt + rel)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			p := rel + "/" + e.Name()
			var st syscall.Stat_t
			if err := syscall.Lstat(mnt+p, &st); err != nil {
				t.Fatal(err)
			}
			types := map[uint32]string{
				syscall.S_IFREG: "file", syscall.S_IFDIR: "dir", syscall.S_IFLNK: "symlink",
				syscall.S_IFCHR: "char", syscall.S_IFBLK: "block", syscall.S_IFIFO: "fifo", syscall.S_IFSOCK: "socket",
			}
			typ := types[st.Mode&syscall.S_IFMT]
			l := fmt.Sprintf(`{"path": %s, "type": "%s", "mode": "%04o", "uid": %d, "gid": %d, `+
				`"size": %d, "nlink": %d, "inode": %d, "mtime": %s, "ctime": %s, "atime": %s`,
				quoted(shown(p)), typ, st.Mode&0o7777, st.Uid, st.Gid, st.Size, st.Nlink, st.Ino, nanoseconds(st.Mtim),
				nanoseconds(st.Ctim), nanoseconds(st.Atim))
			switch typ {
			case "symlink":
				target, err := os.Readlink(mnt + p)
				if err != nil {
					t.Fatal(err)
				}
				l += `, "target": ` + quoted(shown(target))
			case "char", "block":
				l += fmt.Sprintf(`, "rdev": "%d:%d"`, unix.Major(st.Rdev), unix.Minor(st.Rdev))
			case "file":
				l += fmt.Sprintf(`, "sha256": "%s"`, sumOf(t, mnt+p))
			}
			rows = append(rows, row{shown(p), l + "}"})
			if typ == "dir" {
				walk(p)
			}
		}
	}
	walk("")
	sort.Slice(rows, func(i, j int) bool { return rows[i].key < rows[j].key })
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = r.line
	}
	return lines
}

// nanoseconds writes a time without a sum that could overflow.
func nanoseconds(ts syscall.Timespec) string {
	sec, nsec := ts.Sec, ts.Nsec
	if sec < 0 && nsec > 0 {
		sec, nsec = sec+1, nsec-1e9
	}
	s := fmt.Sprintf("%d%09d", sec, max(nsec, -nsec))
	if sec == 0 && nsec < 0 {
		s = "-" + s
	}
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(strings.TrimPrefix(s, "-"), "0")
	if s == "" {
		return "0"
	}
	if neg {
		s = "-" + s
	}
	return s
}

func sumOf(t *testing.T, name string) string {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// shown is the rule for names, written again: a byte that is not part of a printable
// character, and the backslash, as \xNN.
func shown(s string) string {
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || r == '\\' || !unicode.IsPrint(r) {
			for _, c := range []byte(s[:n]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		} else {
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// quoted writes a text of printable characters as JSON.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
