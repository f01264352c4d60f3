package pkgdb

import (
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// small is a dpkg database of a few packages.
var small = map[string]string{
	"bin": "-> usr/bin", "lib": "-> usr/lib", "usr/bin/ldd": "x", "usr/lib/x/libc.so.6": "x", "var/run": "-> /run", "run/x": "",
	"var/lib/dpkg/status": "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\nMaintainer: G <g@x>\n" +
		"Conffiles:\n /etc/ld.so.conf 33333333333333333333333333333333\n /etc/old 44444444444444444444444444444444 obsolete\n\n" +
		"Package: libc-bin\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n\n" +
		"Package: myldd\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n" +
		"Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n",
	"var/lib/dpkg/info/libc6:amd64.list": "/.\n/lib\n/lib/x/libc.so.6\n/lib/foo\n/usr/share\n/etc/ld.so.conf\n/etc/old\n/var/run/nscd\n",
	"var/lib/dpkg/info/libc-bin.list":    "/usr/share\n/usr/bin/ldd\n",
	"var/lib/dpkg/info/myldd.list":       "/usr/bin/ldd\n",
	"var/lib/dpkg/info/loose.list":       "/opt/loose\n",
	"var/lib/dpkg/info/libc6:amd64.md5sums": "00112233445566778899aabbccddeeff  lib/x/libc.so.6\nbad line\n00  x\n" +
		"zz112233445566778899aabbccddeeff  lib/y\n",
	"var/lib/dpkg/info/libc-bin.md5sums": "11111111111111111111111111111111  usr/bin/ldd\n",
	"var/lib/dpkg/info/myldd.md5sums":    "22222222222222222222222222222222  usr/bin/ldd\n",
	"var/lib/dpkg/info/myldd.postinst":   "#!/bin/sh\nexit 0\n",
	"var/lib/dpkg/info/myldd.triggers":   "interest-noawait /usr/lib\n",
	"var/lib/dpkg/diversions":            "/usr/bin/ldd\n/usr/bin/ldd.orig\nmyldd\n/lib/foo\n/lib/foo.local\n:\n",
	"var/lib/dpkg/statoverride":          "root daemon 4755 /usr/share\n",
	"var/lib/dpkg/alternatives/awk":      "auto\n/usr/bin/awk\nawk.1.gz\n/usr/share/man/man1/awk.1.gz\n\n/usr/bin/mawk\n5\n/usr/share/man/man1/mawk.1.gz\n\n",
	"etc/alternatives/awk":               "-> /usr/bin/mawk",
}

func TestDpkg(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, small)
	db := opened(t, imageOf(t, dir))
	if !db.Known() || len(db.Packages()) != 5 {
		t.Errorf("known %v, packages %v", db.Known(), db.Packages())
	}
	for _, tt := range []struct{ path, pkg, sum string }{
		{"/lib/x/libc.so.6", "libc6", "00112233445566778899aabbccddeeff"},
		{"/usr/lib/x/libc.so.6", "libc6", "00112233445566778899aabbccddeeff"},
		{"/usr/share", "libc6", ""},
		{"/usr/bin/ldd", "myldd", "22222222222222222222222222222222"},
		{"/bin/ldd", "myldd", "22222222222222222222222222222222"},
		{"/usr/bin/ldd.orig", "libc-bin", "11111111111111111111111111111111"},
		{"/usr/lib/foo.local", "libc6", ""},
		{"/usr/lib/foo", "", ""},
		{"/run/nscd", "libc6", ""},
		{"/opt/loose", "", ""},
		{"/etc/ld.so.conf", "libc6", "33333333333333333333333333333333"},
		{"/sbin/ldd", "", ""},
		{"/usr/bin/.sshd-agent", "", ""},
		{"", "", ""},
	} {
		name := ""
		pkg, ok := db.Owner(tt.path)
		if ok {
			name = pkg.Name
		}
		f, _ := db.File(tt.path)
		if name != tt.pkg || f.Digest.Hex() != tt.sum {
			t.Errorf("%s: %q %q, want %q %q", tt.path, name, f.Digest.Hex(), tt.pkg, tt.sum)
		}
	}
	if f, ok := db.File("/usr/share"); !ok || f.Mode != 0o4755 || f.Group != "daemon" || !f.Has(PermKnown|OwnerKnown) {
		t.Errorf("statoverride: %+v", f)
	}
	if f, _ := db.File("/etc/old"); !f.Is(Config) || !f.Is(Obsolete) {
		t.Errorf("conffile: %+v", f)
	}
	if a, ok := db.Alternative("/usr/bin/awk"); !ok || a.Current != "/usr/bin/mawk" || len(a.Choices) != 1 || a.Manual {
		t.Errorf("alternative: %+v", a)
	}
	if _, ok := db.Alternative("/etc/alternatives/awk.1.gz"); !ok {
		t.Error("the manual page does not belong to the alternative")
	}
	length := int64(strings.Index(small["var/lib/dpkg/status"], "\n\n"))
	if p := db.Packages()[0]; p.Name != "libc6" || p.Place.Line != 1 || p.Place.Length != length || p.Installed.IsZero() {
		t.Errorf("%+v", p)
	}
}

// TestNoLinks: where /bin is a directory of its own, what lies in /usr/bin is another file.
func TestNoLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"bin/ls": "x", "usr/bin/ls": "x", "var/lib/dpkg/info/coreutils.list": "/bin/ls\n"})
	db := opened(t, imageOf(t, dir))
	if _, ok := db.Owner("/bin/ls"); !ok {
		t.Error("/bin/ls has no owner")
	}
	if p, ok := db.Owner("/usr/bin/ls"); ok {
		t.Errorf("/usr/bin/ls is of %s", p.Name)
	}
}

func TestDistroless(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"var/lib/dpkg/status.d/base":         "Package: base-files\nVersion: 12\nArchitecture: amd64\n",
		"var/lib/dpkg/status.d/base.md5sums": "00112233445566778899aabbccddeeff  etc/os-release\n",
	})
	db := opened(t, imageOf(t, dir))
	f, ok := db.File("/etc/os-release")
	if !ok || f.Package.Name != "base-files" || f.Package.Version != "12" || f.Digest.Hex() != "00112233445566778899aabbccddeeff" {
		t.Errorf("%+v", f)
	}
}

// TestLongLines: a line that is too long costs itself, and says so.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", artifact.MaxLine+1)
	db, problems := Open(t.Context(), memoryTree{newMemory(map[string]string{
		"var/lib/dpkg/status":         "Package: a\nDescription: " + long + "\nVersion: 1\n\nPackage: b\nVersion: 2\n",
		"var/lib/dpkg/info/a.list":    "/" + long + "\n/usr/bin/a\n",
		"var/lib/dpkg/info/a.md5sums": long + "\n00112233445566778899aabbccddeeff  usr/bin/a\n",
	})})
	if f, ok := db.File("/usr/bin/a"); !ok || f.Package.Version != "1" || !f.Has(DigestKnown) || len(db.Packages()) != 2 {
		t.Errorf("%+v", f)
	}
	if len(problems) != 3 {
		t.Errorf("%v", problems)
	}
	for _, p := range problems {
		if !strings.Contains(p.Err.Error(), "longer than") || !artifact.IsCut(p.Err) {
			t.Errorf("%v", p)
		}
	}
}

func TestNone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"etc/passwd": "x"})
	db := opened(t, imageOf(t, dir))
	if _, ok := db.Owner("/etc/passwd"); ok || db.Known() || len(db.Managers()) != 0 {
		t.Errorf("%+v", db)
	}
}

// TestThisSystem asks dpkg about the system that runs the tests.
func TestThisSystem(t *testing.T) {
	need(t, "dpkg-query", "cp")
	dir := t.TempDir()
	write(t, dir, map[string]string{"usr/bin/x": "", "usr/sbin/x": "", "usr/lib/x": "", "usr/lib64/x": "", "var/lib/x": ""})
	for _, d := range []string{"bin", "sbin", "lib", "lib64"} {
		write(t, dir, map[string]string{d: "-> usr/" + d})
	}
	run(t, dir, "cp", "-a", "/var/lib/dpkg", "var/lib/")
	db := opened(t, imageOf(t, dir))
	got := make(map[string]bool)
	for _, p := range db.Packages() {
		got[p.Name+" "+p.Version+" "+p.Arch+" "+p.Status+" "+p.Maintainer] = true
	}
	want := strings.Split(strings.TrimSpace(run(t, "", "dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture} ${Status} ${Maintainer}\n")), "\n")
	for _, w := range want {
		if !got[w] {
			t.Errorf("missing: %s", w)
		}
	}
	var sample []string
	for i, p := range strings.Split(run(t, "", "sh", "-c", "cat /var/lib/dpkg/info/*.list"), "\n") {
		// Of a directory that many packages share not all are kept.
		if st, err := os.Lstat(p); i%97 == 5 && err == nil && st.Mode().IsRegular() {
			sample = append(sample, p)
		}
	}
	sample = sample[:min(len(sample), 1000)]
	out, _ := exec.Command("dpkg", append([]string{"-S", "--"}, sample...)...).Output()
	checked := 0
	for _, l := range strings.Split(string(out), "\n") {
		pkgs, p, ok := strings.Cut(l, ": ")
		if !ok || strings.HasPrefix(l, "diversion ") {
			continue
		}
		pkg, found := db.Owner(p)
		for _, w := range strings.Split(pkgs, ", ") {
			name, _ := cutName(w)
			found = found && slices.ContainsFunc(db.Claims(p), func(f File) bool { return f.Package.Name == name })
		}
		if !found {
			t.Errorf("%s: %v, dpkg says %q", p, pkg, pkgs)
		}
		checked++
	}
	t.Logf("%d packages, %d paths agree with dpkg", len(want), checked)
	if checked < len(sample)/2 {
		t.Errorf("of %d paths only %d were answered by dpkg", len(sample), checked)
	}
}

// holes is a file of which little is stored.
type holes struct {
	filesystem.File
	size int64
	exts []filesystem.Extent
	data map[int64]string
}

func (h holes) Size() int64                           { return h.size }
func (h holes) Extents() ([]filesystem.Extent, error) { return h.exts, nil }
func (h holes) ReadAt(b []byte, off int64) (int, error) {
	for at, s := range h.data {
		if off >= at && off < at+int64(len(s)) {
			return copy(b, s[off-at:]), nil
		}
	}
	return 0, io.ErrUnexpectedEOF // a hole was read
}

func TestStored(t *testing.T) {
	const far = 5 << 40
	h := holes{
		size: 16 << 40, data: map[int64]string{0: "abc", far: "defg"},
		exts: []filesystem.Extent{{Length: 3}, {Logical: far, Length: 4}, {Logical: far + 4, Length: 1 << 40, Unwritten: true}},
	}
	s := storedOf(h)
	b, err := io.ReadAll(s)
	if string(b) != "abcdefg" || err != nil || s.offset(2) != 2 || s.offset(3) != far || s.offset(6) != far+3 {
		t.Errorf("%q, %v, %d %d", b, err, s.offset(2), s.offset(6))
	}
	h.exts = nil // not known
	if s := storedOf(h); s.size != h.size {
		t.Errorf("%d bytes", s.size)
	}
	if s := storedOf(holes{size: 5, data: map[int64]string{0: "12345"}, exts: []filesystem.Extent{{Length: 5}}}); s.size != 5 || len(s.pieces) != 1 {
		t.Errorf("%+v", s.pieces)
	}
}
