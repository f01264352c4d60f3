package forensics_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures/servers"
	"icecore/forensics"
)

// servedAll analyses the images of one server that has several disks.
func servedAll(t *testing.T, images ...string) *forensics.Analysis {
	t.Helper()
	rules := filepath.Join(t.TempDir(), "server.yar")
	if err := os.WriteFile(rules, []byte(serverRules), 0o600); err != nil {
		t.Fatal(err)
	}
	o := forensics.Options{Rules: forensics.RuleOptions{YARA: []string{rules}, NoBuiltin: true}}
	a, err := forensics.AnalyzeAll(t.Context(), images, o)
	if err != nil {
		t.Fatal(err)
	}
	return withoutTimes(a)
}

// TestServerImages puts /home and /var on a second disk, which is an image of its own.
func TestServerImages(t *testing.T) {
	for _, c := range []struct{ name, fstab string }{
		{"UUID", "UUID=" + servers.UUID("1") + " / ext4\nUUID=" + servers.UUID("2") + " /home ext4\nUUID=" + servers.UUID("3") + " /var ext4\n"},
		{"LABEL", "LABEL=home /home ext4\nLABEL=var /var ext4\n"},
		{"names of sd", "/dev/sda1 / ext4\n/dev/sdb1 /home ext4\n/dev/sdb2 /var ext4\n"},
		{"names of virtio", "/dev/vda1 / ext4\n/dev/vdb1 /home ext4\n/dev/vdb2 /var ext4\n"},
		{"names of NVMe", "/dev/nvme0n1p1 / ext4\n/dev/nvme1n1p1 /home ext4\n/dev/nvme1n1p2 /var ext4\n"},
		{"root on the second", "/dev/sdb1 / ext4\n/dev/sda1 /home ext4\n/dev/sda2 /var ext4\n"},
		{"mixed", "/dev/sda1 / ext4\nLABEL=home /home ext4\n/dev/disk/by-uuid/" + servers.UUID("3") + " /var ext4\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			images := func(files servers.Tree) []string {
				parts, rest := servers.Debian().With(files, servers.Tree{"/etc/fstab": c.fstab}).Split("/home", "/var")
				return []string{
					made(t, servers.Volume{Tree: rest, UUID: servers.UUID("1")}),
					made(t, servers.Volume{Tree: parts[0], UUID: servers.UUID("2"), Label: "home"}, servers.Volume{Tree: parts[1], UUID: servers.UUID("3"), Label: "var"}),
				}
			}
			planted := images(servers.Planted())
			turned := slices.Clone(planted)
			slices.Reverse(turned)
			for _, list := range [][]string{planted, turned} {
				a := servedAll(t, list...)
				if diff := cmp.Diff(plantedClaims(t), claims(a)); diff != "" {
					t.Errorf("findings, - of one filesystem, + of two images:\n%s%s", diff, gaps(a))
				}
				checkImages(t, a, list)
				if strings.HasPrefix(c.name, "names") || c.name == "root on the second" {
					break // the order of the images is that of the disks
				}
			}
			if got := claims(servedAll(t, images(servers.Benign())...)); len(got) > 0 {
				t.Errorf("the honest twin:\n%s", strings.Join(got, "\n"))
			}
			// Without the second image, its mounts are gaps.
			alone := served(t, planted[0])
			if !gapAbout(alone, "/var") || !gapAbout(alone, "/home") {
				t.Errorf("the second image was not given, and no gap says so:\n%s", gaps(alone))
			}
		})
	}
}

// checkImages reads what each finding points to, by image, volume and path.
func checkImages(t *testing.T, a *forensics.Analysis, images []string) {
	t.Helper()
	img, err := forensics.OpenAll(t.Context(), images, forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	checkOpened(t, img, a, servers.Planted())
	ids := make(map[string]bool)
	for i := range a.Findings {
		ids[a.Findings[i].Source.Image] = true
	}
	if len(ids) != 2 {
		t.Errorf("the sources name the images %v", ids)
	}
}
