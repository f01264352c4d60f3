package forensics

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestComponents: what pip and npm installed is among the packages, with the file that
// was changed since; what lies beside the manifests is not.
func TestComponents(t *testing.T) {
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip(err)
	}
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	const site = "usr/local/lib/python3.11/site-packages/"
	tree := t.TempDir()
	for name, content := range map[string]string{
		"etc/os-release":                             "ID=debian\n",
		"var/lib/dpkg/status":                        "Package: python3-x\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
		"var/lib/dpkg/info/python3-x.list":           "/usr/lib/python3/dist-packages/x-1.egg-info\n",
		"usr/lib/python3/dist-packages/x-1.egg-info": "x",
		site + "six-1.16.0.dist-info/RECORD": "six.py,sha256=" + digest("six") + ",3\nsix2.py,sha256=" + digest("six2") + ",4\n" +
			"../../../bin/six,sha256=" + digest("prog") + ",4\n../../../../../etc/cron.d/x,,\n",
		site + "six.py":                       "six",
		site + "six2.py":                      "SIX2",
		site + "dropped.py":                   "x",
		"usr/local/bin/six":                   "PROGRAM",
		"srv/app/node_modules/a/package.json": `{"name":"a","version":"2.0.0"}`,
		"srv/app/package.json":                `{"name":"app","version":"0.1.0"}`,
	} {
		at := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	disk := filepath.Join(t.TempDir(), "disk.img")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-d", tree, disk, "8M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v\n%s", err, out)
	}
	img, err := Open(context.Background(), disk, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	list := func(verify bool) (rows []string, gaps string) {
		inv, err := ListImage(context.Background(), img, "packages", ListImageOptions{Verify: verify})
		if err != nil {
			t.Fatal(err)
		}
		column := make(map[string]int)
		for i, c := range inv.Columns {
			column[c.Name] = i
		}
		for _, r := range inv.Rows {
			var cells []string
			for _, c := range []string{"package", "version", "manager", "changes"} {
				cells = append(cells, strings.Join(r.Cells[column[c]], ";"))
			}
			rows = append(rows, strings.Join(cells, "|")+" "+r.Source.Path)
		}
		for _, g := range inv.Gaps {
			gaps += g.Source.Path + " " + g.WhyText + "\n"
		}
		return rows, gaps
	}
	rows, gaps := list(false)
	if d := cmp.Diff([]string{
		"python3-x|1|dpkg| /var/lib/dpkg/status",
		"a|2.0.0|npm| /srv/app/node_modules/a/package.json",
		"six|1.16.0|python| /" + site + "six-1.16.0.dist-info/RECORD",
	}, rows); d != "" {
		t.Error(d)
	}
	if !strings.Contains(gaps, "six-1.16.0.dist-info/RECORD") {
		t.Errorf("nothing is said of the path outside of the tree:\n%s", gaps)
	}
	rows, _ = list(true)
	want := "six|1.16.0|python|??5??????   /usr/local/bin/six;??5??????   /" + site + "six2.py /" + site + "six-1.16.0.dist-info/RECORD"
	if got := rows[len(rows)-1]; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
