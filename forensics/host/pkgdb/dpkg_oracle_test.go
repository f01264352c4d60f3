package pkgdb

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// makeDeb builds a package and installs it into a tree, and gives the tree's directory.
const makeDeb = `
mkdir -p p/DEBIAN p/usr/share/k/sub p/etc p/usr/bin
for f in content mode missing type dangling div link sub/x override; do echo $f > p/usr/share/k/$f; done
ln -s content p/usr/share/k/ln; echo prog > p/usr/bin/prog; echo blank > "p/usr/share/k/with blank"
for f in a b c d; do echo $f > p/etc/$f.conf; done
printf 'Package: kinds\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.invalid>\nDescription: x\n' > p/DEBIAN/control
printf '/etc/a.conf\n/etc/b.conf\n/etc/c.conf\n/etc/d.conf\n' > p/DEBIAN/conffiles
(cd p && find usr -type f | xargs -d '\n' md5sum > DEBIAN/md5sums)
dpkg-deb -b --root-owner-group p k.deb >/dev/null
mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates root/var/lib/dpkg/triggers root/usr/bin root/usr/lib
ln -s usr/bin root/bin; ln -s usr/lib root/lib
touch root/var/lib/dpkg/status root/var/lib/dpkg/available
dpkg --root="$PWD/root" --force-all --no-triggers -i k.deb
`

const changeDeb = `
cd root/usr/share/k; echo changed > content; chmod 777 mode; rm missing; rm type; ln -s content type
rm dangling; ln -s nowhere dangling; rm ln; ln -s dir ln; rm -rf sub; touch sub; echo x >> "with blank"
cd ../../..; echo x >> etc/a.conf; rm etc/b.conf; rm etc/c.conf; ln -s d.conf etc/c.conf
dpkg-divert --root="$PWD" --local --rename --add /usr/share/k/div; rm usr/share/k/div.distrib
`

func TestVerifyAgainstDpkg(t *testing.T) {
	need(t, "dpkg", "dpkg-deb", "dpkg-divert")
	if os.Getuid() != 0 {
		t.Skip("dpkg --root needs root")
	}
	dir := t.TempDir()
	run(t, dir, "sh", "-ec", makeDeb)
	root := filepath.Join(dir, "root")
	for _, change := range []string{"", changeDeb} {
		run(t, dir, "sh", "-ec", change)
		db := opened(t, imageOf(t, root))
		var got strings.Builder
		for _, p := range db.Verify(context.Background(), func(d *Difference) error {
			got.WriteString(d.String() + "\n")
			return nil
		}) {
			t.Error(p.Path, p.Err)
		}
		c := exec.Command("dpkg", "--root="+root, "-V")
		c.Env = append(os.Environ(), "LC_ALL=C")
		want, _ := c.Output()
		if d := cmp.Diff(string(want), got.String()); d != "" {
			t.Errorf("%s", d)
		}
		if change != "" && strings.Count(string(want), "\n") != 10 {
			t.Errorf("dpkg found: %s", want)
		}
	}
}

// TestVerifyMore is what dpkg does not look at: a diverted file, and the mode and owner
// that the administrator registered.
func TestVerifyMore(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"usr/bin/a.distrib": "changed", "usr/bin/b": "b", "usr/bin/c": "c", "etc/passwd": "daemon:x:1:1::/:\n", "etc/group": "daemon:x:1:\n",
		"var/lib/dpkg/info/p.list":    "/usr/bin/a\n/usr/bin/b\n/usr/bin/c\n",
		"var/lib/dpkg/info/p.md5sums": "92eb5ffee6ae2fec3ad71c777531578f  usr/bin/b\n92eb5ffee6ae2fec3ad71c777531578f  usr/bin/a\n4a8a08f09d37b73795649038408b5f33  usr/bin/c\n",
		"var/lib/dpkg/diversions":     "/usr/bin/a\n/usr/bin/a.distrib\n:\n",
		"var/lib/dpkg/statoverride":   "daemon root 4755 /usr/bin/b\nroot root 0644 /usr/bin/c\n",
	})
	db := opened(t, imageOf(t, dir))
	var got []string
	db.Verify(context.Background(), func(d *Difference) error {
		got = append(got, d.String())
		if d.Path == "/usr/bin/b" && d.Differs != AttrMode|AttrOwner || d.Changed() != (d.Path != "/usr/bin/b") {
			t.Errorf("%+v", d)
		}
		return nil
	})
	if d := cmp.Diff([]string{"??5??????   /usr/bin/a.distrib", "?M???????   /usr/bin/b"}, got); d != "" {
		t.Error(d)
	}
}
