package inventory

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/artifact/systemd"
	"icecore/forensics/model"
)

// unitFiles are a tree of units: content, or the target of a link behind an arrow.
var unitFiles = map[string]string{
	"/usr/lib/systemd/system/a.service":                         "[Service]\nExecStart=/bin/a\nExecStart=/bin/a2\nType=oneshot\nUser=www\n[Install]\nWantedBy=multi-user.target\n",
	"/etc/systemd/system/multi-user.target.wants/a.service":     "-> /usr/lib/systemd/system/a.service",
	"/etc/systemd/system/a.service.d/x.conf":                    "[Service]\nExecStartPre=/tmp/x\n",
	"/usr/lib/systemd/system/b.service":                         "[Service]\nExecStart=/bin/b\n[Install]\nWantedBy=multi-user.target\n",
	"/usr/lib/systemd/system/c.service":                         "[Service]\nExecStart=/bin/c\n",
	"/usr/lib/systemd/system/multi-user.target.wants/c.service": "-> ../c.service",
	"/usr/lib/systemd/system/d.service":                         "[Service]\nExecStart=/bin/d\n[Install]\nWantedBy=multi-user.target\n",
	"/etc/systemd/system/d.service":                             "-> /dev/null",
	"/usr/lib/systemd/system/e.timer":                           "[Timer]\nOnBootSec=1\n[Install]\nWantedBy=timers.target\n",
	"/etc/systemd/system/timers.target.wants/e.timer":           "-> /lib/systemd/system/e.timer",
	"/usr/lib/systemd/system/f@.service":                        "[Service]\nExecStart=/bin/f %i\n[Install]\nWantedBy=multi-user.target\n",
	"/etc/systemd/system/multi-user.target.wants/f@one.service": "-> /usr/lib/systemd/system/f@.service",
	"/usr/lib/systemd/system/g.service":                         "[Service]\nExecStart=/bin/g\n",
	"/etc/systemd/system/g.service":                             "[Service]\nExecStart=/opt/g\n[Install]\nWantedBy=multi-user.target\n",
	"/usr/lib/systemd/system/h.socket":                          "[Socket]\nListenStream=8080\n[Install]\nWantedBy=sockets.target\n",
	"/usr/lib/systemd/system/i.service":                         "[Service]\nExecStart=/bin/i\n[Install]\nAlso=h.socket\n",
	"/usr/lib/systemd/system/j.service":                         "-> a.service",
	"/usr/lib/systemd/system/srv-data.mount":                    "[Mount]\nWhat=/dev/sdb1\nWhere=/srv/data\n",
	"/usr/lib/systemd/user/u.service":                           "[Service]\nExecStart=/bin/u\n",
	"/usr/lib/systemd/system/multi-user.target":                 "[Unit]\nDescription=x\n",
	"/usr/lib/systemd/system/k.service":                         "[Service]\nExecStart=/bin/k\n[Install]\nRequiredBy=b.service\n",
	"/etc/systemd/system/b.service.requires/k.service":          "-> /usr/lib/systemd/system/k.service",
}

func unitRecords(t *testing.T, dir string) []model.Record {
	t.Helper()
	for name, content := range unitFiles {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, link := strings.CutPrefix(content, "-> "); link {
			err = os.Symlink(target, p)
		} else {
			err = os.WriteFile(p, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("usr/lib", filepath.Join(dir, "lib")); err != nil { // as merged systems have it
		t.Fatal(err)
	}
	var out []model.Record
	for _, f := range artifacttest.Files(t, dir) {
		if f.Path == "/lib" {
			continue
		}
		list, err := artifacttest.Extract(t, systemd.Extractor{}, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			r.Source.Path, r.Source.Volume, r.Source.Host = f.Path, "p1", "h1"
			out = append(out, r)
		}
	}
	return out
}

// TestSystemctl: the state of each unit is that which systemctl list-unit-files has.
func TestSystemctl(t *testing.T) {
	needs(t, "systemctl")
	dir := t.TempDir()
	in := &Input{Analysis: &model.Analysis{Records: unitRecords(t, dir)}}
	cmd := exec.Command("systemctl", "--root="+dir, "list-unit-files", "--no-legend", "--no-pager", "--full")
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_COLORS=0")
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("systemctl: %v", err)
	}
	var want, got []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if _, ours := unitFiles["/usr/lib/systemd/system/"+f[0]]; ours || f[0] == "g.service" {
			want = append(want, f[0]+" "+f[1])
		}
	}
	for _, l := range lines(t, "units", in) {
		f := strings.Split(l, "|")
		if f[2] != "drop-in" && f[2] != "overridden" && f[0] != "u.service" {
			got = append(got, f[0]+" "+f[2])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" || len(want) != 13 {
		t.Errorf("%d units:\n%s\n%s", len(want), d, out)
	}
}

// TestUnits: what a unit runs, who wants it, and which file of a name counts.
func TestUnits(t *testing.T) {
	in := &Input{Analysis: &model.Analysis{Records: unitRecords(t, t.TempDir())}}
	got := lines(t, "units", in)
	for _, want := range []string{
		"a.service|service|enabled|multi-user.target|/bin/a,/bin/a2|www",
		"a.service|service|drop-in|multi-user.target|/tmp/x",
		"b.service|service|disabled||/bin/b",
		"c.service|service|static|multi-user.target|/bin/c",
		"d.service|service|masked",
		"d.service|service|overridden||/bin/d",
		"e.timer|timer|enabled|timers.target|e.service",
		"f@.service|service|indirect|multi-user.target|/bin/f %i",
		"g.service|service|disabled||/opt/g",
		"g.service|service|overridden||/bin/g",
		"h.socket|socket|disabled||8080",
		"j.service|service|alias||a.service",
		"srv-data.mount|mount|static||/dev/sdb1 /srv/data",
		"u.service|service|static||/bin/u||user",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no row %s", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(got, "\n"))
	}
	if got, want := lines(t, "mounts", in), []string{"/srv/data|/dev/sdb1||||/usr/lib/systemd/system/srv-data.mount"}; !slices.Equal(got, want) {
		t.Errorf("mounts: %q", got)
	}
	in.Mounts = []Mount{{What: "UUID=x", Where: "/var", Type: "ext4", Options: []string{"defaults"}, Volume: "p2", By: "/etc/fstab", Source: model.Source{Host: "h1"}}, {What: "/dev/sdb1", Where: "/srv/data", Volume: "p3", Source: model.Source{Host: "h1"}}}
	if got := lines(t, "mounts", in); len(got) != 2 || got[0] != "/var|UUID=x|ext4|defaults|p2|/etc/fstab" || got[1] != "/srv/data|/dev/sdb1|||p3" {
		t.Errorf("mounts: %q", got)
	}
}
