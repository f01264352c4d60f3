package forensics_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures/servers"
)

// TestServerTwoSystems: two systems on one disk are two hosts, each with its own mounts.
func TestServerTwoSystems(t *testing.T) {
	other := func(files servers.Tree) servers.Tree {
		return servers.Debian().With(files, servers.Tree{"/etc/hostname": "db02\n", "/etc/machine-id": strings.Repeat("1e", 16) + "\n"})
	}
	one, onRoot := servers.Debian().With(servers.Planted(), servers.Tree{"/etc/fstab": "LABEL=a / ext4\nLABEL=avar /var ext4\n"}).Split("/var")
	two, twoRoot := other(servers.Benign()).With(servers.Tree{"/etc/fstab": "LABEL=b / ext4\nLABEL=bvar /var ext4\n"}).Split("/var")
	image := made(t, servers.Volume{Tree: onRoot, Label: "a"}, servers.Volume{Tree: twoRoot, Label: "b"},
		servers.Volume{Tree: two[0], Label: "bvar"}, servers.Volume{Tree: one[0], Label: "avar"})
	a := served(t, image)
	if diff := cmp.Diff(plantedClaims(t), claims(a)); diff != "" {
		t.Errorf("findings, - of one system, + of it beside an honest one:\n%s%s", diff, gaps(a))
	}
	hosts := make(map[string]bool)
	for i := range a.Findings {
		hosts[a.Findings[i].Source.Host] = true
	}
	if len(hosts) != 1 {
		t.Errorf("the findings of one system belong to the hosts %v", hosts)
	}

	// Both are hijacked: everything is found twice.
	one, onRoot = servers.Debian().With(servers.Planted(), servers.Tree{"/etc/fstab": "LABEL=a / ext4\nLABEL=avar /var ext4\n"}).Split("/var")
	two, twoRoot = other(servers.Planted()).With(servers.Tree{"/etc/fstab": "LABEL=b / ext4\nLABEL=bvar /var ext4\n"}).Split("/var")
	a = served(t, made(t, servers.Volume{Tree: onRoot, Label: "a"}, servers.Volume{Tree: one[0], Label: "avar"},
		servers.Volume{Tree: twoRoot, Label: "b"}, servers.Volume{Tree: two[0], Label: "bvar"}))
	want := slices.Sorted(slices.Values(append(slices.Clone(plantedClaims(t)), plantedClaims(t)...)))
	if diff := cmp.Diff(want, claims(a)); diff != "" {
		t.Errorf("both hijacked: - expected, + found:\n%s%s", diff, gaps(a))
	}
}

// TestServerRescue: a rescue system beside the real one takes nothing from it.
func TestServerRescue(t *testing.T) {
	rescue := servers.Debian().With(servers.Tree{"/etc/hostname": "rescue\n", "/etc/fstab": "LABEL=rescue / ext4\n", "/home/": ""}).Without("/home/ana")
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprint("first ", first), func(t *testing.T) {
			checkLayout(t, func(files servers.Tree) []servers.Volume {
				v := separate(table(func(n int, _ string) string { return "UUID=" + servers.UUID(fmt.Sprint(n)) }, "defaults"))(files)
				r := servers.Volume{Tree: rescue, Label: "rescue"}
				if first {
					return append([]servers.Volume{r}, v...)
				}
				return append(v, r)
			})
		})
	}
	t.Run("mounts the real one", func(t *testing.T) {
		checkLayout(t, func(files servers.Tree) []servers.Volume {
			r := rescue.With(servers.Tree{"/etc/fstab": "LABEL=rescue / ext4\nLABEL=real /mnt ext4 noauto\n"})
			return []servers.Volume{{Tree: r, Label: "rescue"}, {Tree: servers.Debian().With(files), Label: "real"}}
		})
	})
}

// TestServerBoot: what lies beside the root and is no part of the server's state takes
// nothing away: a boot partition, a partition with data that nothing mounts.
func TestServerBeside(t *testing.T) {
	boot := servers.Tree{"/grub/grub.cfg": "set timeout=5\n", "/vmlinuz-6.1": "x"}
	t.Run("boot", func(t *testing.T) {
		checkLayout(t, func(files servers.Tree) []servers.Volume {
			return []servers.Volume{{Tree: boot, Label: "boot"}, {Tree: servers.Debian().With(files, servers.Tree{"/etc/fstab": "LABEL=boot /boot ext4\n", "/boot/": ""})}}
		})
	})
	// A volume that no host mounts is still looked at by content.
	tree := servers.Debian()
	data := servers.Tree{"/backup/.x/config.json": servers.Planted()["/srv/www/.cache/.x/config.json"]}
	a := served(t, made(t, servers.Volume{Tree: tree}, servers.Volume{Tree: data, Label: "data"}))
	if got := strings.Join(claims(a), "\n"); !strings.Contains(got, "/backup/.x/config.json") {
		t.Errorf("nothing is found on a volume that nothing mounts:\n%s", got)
	}
}

// TestServerOSTree: the system of an ostree deployment lies below /ostree/deploy, its
// /var beside it.
func TestServerOSTree(t *testing.T) {
	checkLayout(t, func(files servers.Tree) []servers.Volume {
		tree := servers.Debian().With(files).Link("/home", "var/home", "/var/home").Link("/root", "var/roothome", "/var/roothome").
			With(servers.Tree{"/usr/lib/ostree-boot/": "", "/sysroot/": "", "/ostree": "-> sysroot/ostree"})
		parts, rest := tree.Split("/var")
		deploy := "/ostree/deploy/fcos/deploy/" + strings.Repeat("ab", 32) + ".0"
		return []servers.Volume{{Tree: rest.Below(deploy).With(parts[0].Below("/ostree/deploy/fcos/var"), servers.Tree{
			"/boot/": "", deploy + ".origin": "[origin]\nrefspec=fedora:stable\n",
			"/ostree/boot.1": "-> boot.1.1", "/ostree/boot.1.1/fcos/x/0": "-> ../../../deploy/fcos/deploy/" + strings.Repeat("ab", 32) + ".0",
		})}}
	})
}
