package pkgdb

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spec is a package with files of each kind, all scriptlets and triggers.
const spec = `
Name: kinds
Epoch: 2
Version: 1.0
Release: 3
Summary: files of each kind
License: MIT
Vendor: Example
BuildArch: noarch
AutoReqProv: no
Provides: config(kinds)
%description
x
%prep
%build
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/kinds %{buildroot}/usr/share/doc/kinds %{buildroot}/usr/lib/kinds/dir %{buildroot}/var/lib/kinds
echo program > %{buildroot}/usr/bin/kinds
for f in caps conflict content mode owner group missing mtime size touched type link2 multi; do echo $f > %{buildroot}/usr/lib/kinds/$f; done
ln -s kinds %{buildroot}/usr/bin/kinds-link
ln -s ../lib/kinds/content %{buildroot}/usr/bin/kinds-moved
ln -s dir %{buildroot}/usr/lib/kinds/dirlink
for f in a b c d; do echo $f > %{buildroot}/etc/kinds/$f.conf; done
echo doc > %{buildroot}/usr/share/doc/kinds/README
echo license > %{buildroot}/usr/share/doc/kinds/LICENSE
echo ghost > %{buildroot}/var/lib/kinds/ghost
echo ghost > %{buildroot}/var/lib/kinds/noghost
echo x > %{buildroot}/usr/lib/kinds/notmtime
echo x > %{buildroot}/usr/lib/kinds/onlysize
echo x > "%{buildroot}/usr/lib/kinds/with blank"
%pre
echo pre $1
%post -p /bin/bash
echo post
# second line
%preun
exit 0
%postun -p /sbin/ldconfig
%pretrans -p <lua>
print("pretrans")
%posttrans
echo posttrans
%verifyscript
exit 0
%triggerin -- bash >= 2.0, zsh
echo triggerin
%triggerun -- bash
echo triggerun
%triggerpostun -p /usr/bin/perl -- bash < 1
print "postun";
%filetriggerin -- /usr/lib /usr/share
echo filetriggerin
%transfiletriggerin -- /usr/share/mime
echo transfiletriggerin
%files
/usr/bin/*
%dir /usr/lib/kinds
/usr/lib/kinds/co*
/usr/lib/kinds/[d-m]*
/usr/lib/kinds/size
/usr/lib/kinds/t*
"/usr/lib/kinds/with blank"
%attr(4755,root,root) /usr/lib/kinds/owner
%verify(not mtime) /usr/lib/kinds/notmtime
%verify(size) /usr/lib/kinds/onlysize
%caps(cap_net_raw=ep) /usr/lib/kinds/caps
%dev(c, 1, 3) %attr(0666,root,root) /usr/lib/kinds/null
%config /etc/kinds/a.conf
%config(noreplace) /etc/kinds/b.conf
%config(missingok) /etc/kinds/c.conf
%config(noreplace) %verify(not md5 size mtime) /etc/kinds/d.conf
%doc /usr/share/doc/kinds/README
%license /usr/share/doc/kinds/LICENSE
%ghost /var/lib/kinds/ghost
%ghost %config(noreplace) /var/lib/kinds/noghost
`

// second shares a directory and a file with the first.
const second = `
Name: other
Version: 5
Release: 1
Summary: another
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
x
%install
mkdir -p %{buildroot}/usr/lib/kinds %{buildroot}/usr/lib/other
echo multi > %{buildroot}/usr/lib/kinds/multi; echo other > %{buildroot}/usr/lib/kinds/conflict
touch -d 2020-01-01 %{buildroot}/usr/lib/kinds/multi
for i in $(seq 40); do echo $i > %{buildroot}/usr/lib/other/$i; done
%files
/usr/lib/kinds/multi
/usr/lib/kinds/conflict
/usr/lib/other
`

// rpmTree installs packages into a tree with a database of the backend, and gives the
// tree's directory.
func rpmTree(t testing.TB, backend string, options ...string) string {
	t.Helper()
	return rpmTreeOf(t, backend, []string{spec, second}, options...)
}

func rpmTreeOf(t testing.TB, backend string, specs []string, options ...string) string {
	t.Helper()
	need(t, "rpm", "rpmbuild")
	if os.Getuid() != 0 {
		t.Skip("rpm --root needs root")
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	write(t, root, map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\n", "etc/group": "root:x:0:\ndaemon:x:1:\n",
		"bin": "-> usr/bin", "usr/bin/.keep": "",
	})
	for i, text := range specs {
		name := filepath.Join(dir, fmt.Sprintf("%d.spec", i))
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, dir, "rpmbuild", "-bb", "--quiet", "--define", "_topdir "+dir+"/top", "--define", "_rpmdir "+dir+"/rpms",
			"--define", "_build_id_links none", "--define", "__os_install_post %{nil}", name)
	}
	files, _ := filepath.Glob(dir + "/rpms/*/*.rpm")
	// One by one: the second replaces a file of the first.
	for _, file := range files {
		run(t, dir, "rpm", append([]string{
			"--root", root, "--dbpath", "/var/lib/rpm", "--define", "_db_backend " + backend, "-i", "--nodeps", "--noscripts",
			"--notriggers", "--replacefiles", file,
		}, options...)...)
	}
	return root
}

// rpmOut is what rpm says of a tree.
func rpmOut(t testing.TB, root, backend string, args ...string) string {
	t.Helper()
	c := exec.Command("rpm", append([]string{"--root", root, "--dbpath", "/var/lib/rpm", "--define", "_db_backend " + backend}, args...)...)
	c.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	out, err := c.Output()
	if err != nil && args[0] != "-Va" && args[0] != "-V" {
		t.Fatalf("rpm %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// packagesFormat and filesFormat are what rpm is asked for, packageLine and fileLine the
// same of ours.
const (
	packagesFormat = `%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} %{ARCH} %{INSTALLTIME} %{VENDOR}|%{LICENSE}|%{SOURCERPM}\n`
	filesFormat    = `[%{=NAME} %{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILESIZES} %{FILEMTIMES} ` +
		`%{FILEFLAGS} %{FILEVERIFYFLAGS} %{FILESTATES} %{FILERDEVS} %{FILELINKTOS} %{FILEDIGESTS}\n]`
)

func packageLine(p *Package) string {
	none := func(s string) string {
		if s == "" {
			return "(none)"
		}
		return s
	}
	return fmt.Sprintf("%s %s %s %d %s|%s|%s\n", p.Name, p.Version, none(p.Arch), p.Installed.Unix(), none(p.Vendor), none(p.License), none(p.Source))
}

func fileLine(p *Package, f *File) string {
	return fmt.Sprintf("%s %s %o %s %s %d %d %d %d %d %d %s %s\n", p.Name, f.Path, f.Mode, f.Owner, f.Group, f.Size, f.Modified,
		uint32(f.Flags), f.verify, f.State, f.Device, f.Link, f.Digest.Hex())
}

// scriptText writes a script as rpm does.
func scriptText(s *Script) string {
	name := map[string]string{
		"pre": "preinstall", "post": "postinstall", "preun": "preuninstall", "postun": "postuninstall",
	}[s.Name]
	if name == "" {
		name = s.Name
	}
	on := ""
	if s.On != nil {
		on = " -- " + strings.Join(s.On, ", ")
	} else if s.Size == 0 {
		return name + " program: " + s.Interpreter + "\n"
	} else {
		on = ":"
	}
	return name + " scriptlet (using " + s.Interpreter + ")" + on + "\n" + string(s.Text) + "\n"
}

// sorted sorts lines.
func sorted(s string) string {
	lines := strings.SplitAfter(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// sameAsRPM compares packages and files of a database with what rpm reads in it.
func sameAsRPM(t *testing.T, db *DB, rpm func(args ...string) string) {
	t.Helper()
	var packages, files strings.Builder
	var p problems
	db.each(context.Background(), parts{files: true}, &p, func(e *entry) error {
		packages.WriteString(packageLine(&e.Package))
		for i := range e.files {
			files.WriteString(fileLine(&e.Package, &e.files[i]))
		}
		return nil
	})
	for _, x := range p.done() {
		t.Errorf("%s: %v", x.Path, x.Err)
	}
	if d := cmp.Diff(sorted(rpm("-qa", "--qf", packagesFormat)), sorted(packages.String())); d != "" {
		t.Errorf("packages: %s", d)
	}
	if d := cmp.Diff(sorted(rpm("-qa", "--qf", filesFormat)), sorted(files.String())); d != "" {
		t.Errorf("files: %s", d)
	}
	var scripts strings.Builder
	db.Scripts(context.Background(), func(s *Script) error {
		scripts.WriteString(scriptText(s))
		return nil
	})
	if d := cmp.Diff(sorted(rpm("-qa", "--scripts")+rpm("-qa", "--triggers")+rpm("-qa", "--filetriggers")), sorted(scripts.String())); d != "" {
		t.Errorf("scripts: %s", d)
	}
	t.Logf("%d packages, %d files", strings.Count(packages.String(), "\n"), strings.Count(files.String(), "\n"))
}

func TestRPMAgainstRPM(t *testing.T) {
	root := rpmTree(t, "sqlite")
	db := opened(t, imageOf(t, root))
	sameAsRPM(t, db, func(args ...string) string { return rpmOut(t, root, "sqlite", args...) })
}

// TestVerifyAgainstRPM changes files of each kind in each way, and compares with what
// rpm --verify says, line for line.
func TestVerifyAgainstRPM(t *testing.T) {
	root := rpmTree(t, "sqlite", "--excludedocs")
	verify := func() (got, want string) {
		db := opened(t, imageOf(t, root))
		var b strings.Builder
		for _, p := range db.Verify(context.Background(), func(d *Difference) error {
			b.WriteString(d.String() + "\n")
			return nil
		}) {
			t.Error(p.Path, p.Err)
		}
		return b.String(), rpmOut(t, root, "sqlite", "-Va", "--nodeps", "--noscripts")
	}
	got, want := verify()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("as installed: %s", d)
	}
	run(t, "", "sh", "-ec", `cd "$1/usr/lib/kinds"
		echo changed > content; printf 'siz2\n' > size; touch -d 2001-01-01 mtime notmtime
		chmod 777 mode; chown 1:0 owner; chgrp 4242 group; rm missing; rm type; mkdir type
		rm touched; ln -s content touched; rm dirlink; mkdir dirlink; echo yy > onlysize; chmod 600 onlysize
		rmdir dir; ln -s /usr/lib/other dir; ln -sfn other ../../bin/kinds-link; chown -h 1:1 ../../bin/kinds-moved
		rm null; echo x > null; rm caps; cp size caps; touch -d 2020-02-02 multi; rm "with blank"
		cd "$1/etc/kinds"; echo x >> a.conf; rm b.conf c.conf; echo xx > d.conf
		mkdir -p "$1/var/lib/kinds"; ln -s nowhere "$1/var/lib/kinds/ghost"; echo x > "$1/var/lib/kinds/noghost"; chmod 600 "$1/var/lib/kinds/noghost"
		rm -rf "$1/usr/lib/other"; echo x > "$1/usr/lib/other"`, "sh", root)
	got, want = verify()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("changed: %s", d)
	}
	if n := strings.Count(want, "\n"); n < 60 {
		t.Errorf("rpm found only %d differences", n)
	}
	t.Logf("%s", want)
}

// vectors gives the directory of real databases that the module go-rpmdb brings.
func vectors(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/knqyf263/go-rpmdb").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "pkg", "testdata")
	if _, serr := os.Stat(dir); err != nil || serr != nil {
		t.Skipf("the module github.com/knqyf263/go-rpmdb is not there: %v, %v", err, serr)
	}
	return dir
}

// TestRealDatabases reads databases of real systems, CentOS 5 to 8, one of a big-endian
// machine, Fedora, CBL-Mariner and SUSE.
func TestRealDatabases(t *testing.T) {
	need(t, "rpm")
	dir := vectors(t)
	for _, name := range []string{
		"centos5-plain/Packages", "centos7-plain/Packages", "libuuid/Packages", "ubi8-s390x/Packages", "fedora35/rpmdb.sqlite",
		"cbl-mariner-2.0/rpmdb.sqlite", "sle15-bci/Packages.db",
	} {
		t.Run(filepath.Dir(name), func(t *testing.T) {
			name = filepath.Join(dir, name)
			root := t.TempDir()
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			write(t, root, map[string]string{"var/lib/rpm/" + filepath.Base(name): string(b)})
			db := opened(t, imageOf(t, root))
			backend := map[string]string{"Packages": "bdb_ro", "rpmdb.sqlite": "sqlite"}[filepath.Base(name)]
			if backend == "" {
				if len(db.Packages()) < 10 || len(db.index.records) < 1000 {
					t.Errorf("%d packages, %d files", len(db.Packages()), len(db.index.records))
				}
				return
			}
			sameAsRPM(t, db, func(args ...string) string {
				args = append([]string{"--dbpath", root + "/var/lib/rpm", "--define", "_db_backend " + backend}, args...)
				c := exec.Command("rpm", args...)
				c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
				out, err := c.Output()
				if err != nil {
					t.Fatal(err)
				}
				return string(out)
			})
		})
	}
}
