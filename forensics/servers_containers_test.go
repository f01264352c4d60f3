package forensics_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures/servers"
	"icecore/forensics/detect"
)

const layerID = "3f2a9c11b7e0448d9a6c5b1f0e7d2a8834c61f5e9b0a7d3c2f18e6b5a4d39c70"

// container is the tree of a container: an operating system without what boots it.
func container(files servers.Tree) servers.Tree {
	return servers.Debian().With(servers.Tree{
		"/etc/hostname": "3f2a9c11b7e0\n", "/etc/os-release": "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\n",
	}, files).Without("/etc/fstab")
}

// checkContainer puts a container's root on a server and expects of it what is found
// where it is the root of a disk; and of its honest twin nothing.
func checkContainer(t *testing.T, arrange layout) {
	t.Helper()
	want := claims(served(t, made(t, servers.Volume{Tree: container(servers.Planted())})))
	image := made(t, arrange(container(servers.Planted()))...)
	a := served(t, image)
	if diff := cmp.Diff(want, claims(a)); diff != "" {
		t.Errorf("findings, - as the root of a disk, + as a container:\n%s%s", diff, gaps(a))
	}
	for i := range a.Findings {
		if a.Findings[i].Source.Host == "" {
			t.Errorf("%s belongs to no host", a.Findings[i].Source.InHost())
		}
	}
	checkPlaces(t, image, a, servers.Planted())
	twin := served(t, made(t, arrange(container(servers.Benign()))...))
	for i := range twin.Findings {
		if f := &twin.Findings[i]; f.Level > detect.Low {
			t.Errorf("the honest twin: %s %s at %s: %s", f.Level, f.Rule, f.Source.InHost(), f.Title)
		}
	}
}

// at puts the root of a container below a directory of an honest server.
func at(dir string, more ...servers.Tree) layout {
	return func(root servers.Tree) []servers.Volume {
		return []servers.Volume{{Tree: servers.Debian().With(servers.Benign(), root.Below(dir)).With(more...)}}
	}
}

// TestServerContainers: a directory that holds the tree of an operating system is a host
// of its own, wherever it lies.
func TestServerContainers(t *testing.T) {
	const containerd = "/io.containerd.snapshotter.v1."
	for _, c := range []struct {
		name string
		do   layout
	}{
		{"Docker overlay2", at("/var/lib/docker/overlay2/" + layerID + "/diff")},
		{"Docker vfs", at("/var/lib/docker/vfs/dir/" + layerID)},
		{"Docker btrfs", at("/var/lib/docker/btrfs/subvolumes/" + layerID)},
		{"Docker devicemapper", at("/var/lib/docker/devicemapper/mnt/" + layerID + "/rootfs")},
		{"Docker with a moved data-root", at("/mnt/ssd/docker/overlay2/"+layerID+"/diff", servers.Tree{"/etc/docker/daemon.json": `{"data-root": "/mnt/ssd/docker"}`})},
		{"Docker moved, unnamed", at("/data/containers/overlay2/" + layerID + "/diff")},
		{"Docker vfs moved", at("/data/docker/vfs/dir/" + layerID)},
		{"rootless Docker", at("/home/ana/.local/share/docker/overlay2/" + layerID + "/diff")},
		{"rootless Docker, fuse-overlayfs", at("/home/ana/.local/share/docker/fuse-overlayfs/" + layerID + "/diff")},
		{"rootless Docker of a home of passwd", at("/srv/ci/.local/share/docker/overlay2/" + layerID + "/diff")},
		{"Podman", at("/var/lib/containers/storage/overlay/" + layerID + "/diff")},
		{"rootless Podman", at("/home/ana/.local/share/containers/storage/overlay/" + layerID + "/diff")},
		{"Podman vfs", at("/var/lib/containers/storage/vfs/dir/" + layerID)},
		{"containerd overlayfs", at("/var/lib/containerd" + containerd + "overlayfs/snapshots/7/fs")},
		{"containerd native", at("/var/lib/containerd" + containerd + "native/snapshots/7")},
		{"Docker 29", at("/var/lib/docker/containerd/daemon" + containerd + "overlayfs/snapshots/12/fs")},
		{"k3s", at("/var/lib/rancher/k3s/agent/containerd" + containerd + "overlayfs/snapshots/7/fs")},
		{"LXC", at("/var/lib/lxc/web/rootfs")},
		{"LXC of a user", at("/home/ana/.local/share/lxc/web/rootfs")},
		{"LXD", at("/var/lib/lxd/containers/web/rootfs")},
		{"LXD pool", at("/var/lib/lxd/storage-pools/default/containers/web/rootfs")},
		{"LXD snap", at("/var/snap/lxd/common/lxd/storage-pools/default/containers/web/rootfs")},
		{"Incus", at("/var/lib/incus/storage-pools/default/containers/web/rootfs")},
		{"nspawn", at("/var/lib/machines/web")},
		{"chroot in srv", at("/srv/jail")},
		{"chroot in opt", at("/opt/chroots/bullseye")},
		{"chroot in a home", at("/home/ana/rootfs")},
		{"chroot at the top", at("/jail")},
		{"chroot hidden", at("/usr/lib/.cache/.r")},
		{"deep", at("/srv/a/b/c/d/e/f/g/h/i/j/k")},
		{"a name in other bytes", at("/srv/\xff\x01 j")},
		{"on a volume of its own", func(root servers.Tree) []servers.Volume {
			host := servers.Debian().With(servers.Benign(), servers.Tree{"/etc/fstab": "LABEL=docker /var/lib/docker ext4 defaults 0 2\n"})
			return []servers.Volume{{Tree: host}, {Tree: root.Below("/overlay2/" + layerID + "/diff"), Label: "docker"}}
		}},
		{"behind a link", func(root servers.Tree) []servers.Volume {
			return []servers.Volume{{Tree: servers.Debian().With(servers.Benign(), root.Below("/var/lib/docker/overlay2/"+layerID+"/diff")).
				Link("/var/lib/docker", "/data/docker", "/data/docker")}}
		}},
		{"with links inside", func(root servers.Tree) []servers.Volume {
			root = root.Link("/var/log", "/data/log", "/data/log").Link("/etc/cron.d", "../../../../../opt/c", "/opt/c").Link("/home", "data/home", "/data/home")
			return []servers.Volume{{Tree: servers.Debian().With(servers.Benign(), root.Below("/srv/jail"))}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { checkContainer(t, c.do) })
	}
}

// TestServerNestedContainers: containers in containers, and two beside each other, are
// hosts each.
func TestServerNestedContainers(t *testing.T) {
	for _, c := range []struct {
		name  string
		tree  servers.Tree
		times int
	}{
		{"two", container(servers.Planted()).Below("/var/lib/lxc/a/rootfs").With(container(servers.Planted()).Below("/var/lib/lxc/b/rootfs")), 2},
		{"nested", container(servers.Planted()).With(container(servers.Planted()).Below("/var/lib/docker/vfs/dir/" + layerID)).Below("/var/lib/lxc/a/rootfs"), 2},
		{"and the server itself", container(servers.Planted()).Below("/srv/jail").With(servers.Planted()), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := served(t, made(t, servers.Volume{Tree: servers.Debian().With(servers.Benign(), c.tree)}))
			var want []string
			for range c.times {
				want = append(want, plantedClaims(t)...)
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, claims(a)); diff != "" {
				t.Errorf("- expected, + found:\n%s%s", diff, gaps(a))
			}
			hosts := make(map[string]int)
			for i := range a.Findings {
				hosts[a.Findings[i].Source.Host]++
			}
			if len(hosts) != c.times {
				t.Errorf("findings by host: %v", hosts)
			}
		})
	}
}

// overlay lays the files of the container over an image's layer, as Docker's overlay2
// writes it down.
func overlay(root, upper servers.Tree) servers.Tree {
	const id, lower = layerID, "90c61f5e9b0a7d3c2f18e6b5a4d39c703f2a9c11b7e0448d9a6c5b1f0e7d2a88"
	d := "/var/lib/docker/"
	return servers.Debian().With(servers.Benign(),
		root.Below(d+"overlay2/"+lower+"/diff"),
		upper.Below(d+"overlay2/"+id+"/diff"),
		servers.Tree{
			d + "overlay2/" + lower + "/link":                                             "AAAAAAAAAAAAAAAAAAAAAAAAAA",
			d + "overlay2/" + lower + "/committed":                                        "",
			d + "overlay2/l/AAAAAAAAAAAAAAAAAAAAAAAAAA":                                   "-> ../" + lower + "/diff",
			d + "overlay2/" + id + "/link":                                                "BBBBBBBBBBBBBBBBBBBBBBBBBB",
			d + "overlay2/" + id + "/lower":                                               "l/AAAAAAAAAAAAAAAAAAAAAAAAAA",
			d + "overlay2/" + id + "/work/work/":                                          "",
			d + "overlay2/l/BBBBBBBBBBBBBBBBBBBBBBBBBB":                                   "-> ../" + id + "/diff",
			d + "image/overlay2/layerdb/mounts/" + strings.Repeat("c0", 32) + "/mount-id": id,
			d + "containers/" + strings.Repeat("c0", 32) + "/config.v2.json":              fmt.Sprintf(`{"ID":%q,"Name":"/shop","Driver":"overlay2","Path":"nginx","Args":["-g","daemon off;"],"Config":{"Hostname":"c0c0c0c0c0c0","Image":"nginx:1.25","Env":["PATH=/usr/bin"]},"State":{"Running":true}}`, strings.Repeat("c0", 32)),
			d + "containers/" + strings.Repeat("c0", 32) + "/hostconfig.json":             `{"Binds":null,"NetworkMode":"default","RestartPolicy":{"Name":"no"},"Privileged":false}`,
		})
}

// TestServerOverlay: what an upper layer adds to its image is found in the container,
// with the accounts and the zone of the image below; and what it covers or deletes is
// not there.
func TestServerOverlay(t *testing.T) {
	t.Run("added by the upper layer", func(t *testing.T) {
		want := claims(served(t, made(t, servers.Volume{Tree: container(servers.Planted())})))
		image := made(t, servers.Volume{Tree: overlay(container(nil), servers.Planted())})
		a := served(t, image)
		if diff := cmp.Diff(want, claims(a)); diff != "" {
			t.Errorf("- expected, + found:\n%s%s", diff, gaps(a))
		}
		checkPlaces(t, image, a, servers.Planted())
	})
	t.Run("covered by the upper layer", func(t *testing.T) {
		// The table of the image is hidden below that of the container: cron reads the
		// upper one. What lies below is found where it lies, if at all, but not as the
		// container's.
		a := served(t, made(t, servers.Volume{Tree: overlay(container(servers.Planted()), servers.Benign())}))
		for i := range a.Findings {
			if f := &a.Findings[i]; f.Source.InHost() == "/etc/cron.d/upd" && f.Level > detect.Low {
				t.Errorf("%s %s at %s: %s", f.Level, f.Rule, f.Source.Path, f.Title)
			}
		}
	})
	t.Run("deleted by the upper layer", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("needs root, to make the device that stands for a deleted file")
		}
		dir := t.TempDir()
		if err := overlay(container(servers.Tree{"/etc/cron.d/upd": servers.Planted()["/etc/cron.d/upd"]}), servers.Tree{"/etc/cron.d/": ""}).Write(dir); err != nil {
			t.Fatal(err)
		}
		whiteout := filepath.Join(dir, "var/lib/docker/overlay2", layerID, "diff/etc/cron.d/upd")
		if out, err := exec.Command("mknod", whiteout, "c", "0", "0").CombinedOutput(); err != nil {
			t.Skipf("mknod: %v: %s", err, out)
		}
		a := served(t, made(t, servers.Volume{Dir: dir}))
		for i := range a.Findings {
			if f := &a.Findings[i]; f.Level > detect.Low && f.Source.InHost() == "/etc/cron.d/upd" {
				t.Errorf("%s %s at %s: %s", f.Level, f.Rule, f.Source.Path, f.Title)
			}
		}
	})
}
