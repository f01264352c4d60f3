package host

import (
	"regexp"
	"strings"
)

// containerRE matches where the usual container engines keep the root of a
// container: Docker, Podman and CRI-O, containerd, LXC, systemd-nspawn.
var containerRE = regexp.MustCompile(`^/(?:var/lib/docker/(?:overlay2|overlay|aufs/diff|btrfs/subvolumes)/[^/]+/(?:diff|merged|root|upper)|(?:var/lib|home/[^/]+/\.local/share)/containers/storage/overlay/[^/]+/(?:diff|merged)|(?:var/lib/containerd|var/lib/rancher/k3s/agent/containerd)/io\.containerd\.snapshotter\.v1\.[a-z]+/snapshots/[0-9]+/fs|var/lib/(?:lxc|lxd/containers|machines)/[^/]+(?:/rootfs)?)(/.*)$`)

// SplitRoot cuts a path into the root of a container, if it lies in one, and the
// path within.
func SplitRoot(p string) (root, rest string) {
	if len(p) < 20 || !strings.HasPrefix(p, "/var/lib/") && !strings.HasPrefix(p, "/home/") {
		return "", p
	}
	m := containerRE.FindStringSubmatchIndex(p)
	if m == nil {
		return "", p
	}
	return p[:m[2]], p[m[2]:]
}

// RootOf gives the root of the container that a path lies in.
func RootOf(p string) string {
	root, _ := SplitRoot(p)
	return root
}
