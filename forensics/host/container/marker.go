package container

import (
	"path"
	"strings"
)

// Kind is a layout of a state directory.
type Kind string

// The kinds of state directories.
const (
	DockerRoot     Kind = "docker"     // data-root of dockerd
	ContainerdRoot Kind = "containerd" // root of containerd
	StorageRoot    Kind = "storage"    // graphroot of containers/storage
	PodmanState    Kind = "podman"     // static directory of libpod, with its database
	Bundle         Kind = "bundle"     // a directory with config.json and rootfs, as runc runs it
	LXCContainer   Kind = "lxc"        // one container of LXC
	LXDContainer   Kind = "lxd"        // one container of LXD or Incus
	MachinesDir    Kind = "machines"   // /var/lib/machines of one host
	SnapDir        Kind = "snap"       // /var/lib/snapd
	OSTreeDir      Kind = "ostree"     // /ostree
	QuadletDir     Kind = "quadlet"    // files of which Podman's generator makes services
)

// A Root is a state directory.
type Root struct {
	Kind Kind
	Dir  string // path in the tree
}

// Match knows a state directory by the path of a file or directory in it. It looks at the
// path alone, so that the walk can ask it about each: what the path promises and the
// content does not keep, [Read] leaves out. Many paths lie in one root: the caller keeps
// each once.
func Match(name string) (Root, bool) {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	if base == "" {
		return Root{}, false
	}
	switch base {
	case "config.v2.json": // DIR/containers/ID/config.v2.json
		return below(DockerRoot, dir, func(p []string) bool { return p[0] == "containers" && isID(p[1]) })
	case "repositories.json": // DIR/image/DRIVER/repositories.json
		return below(DockerRoot, dir, func(p []string) bool { return p[0] == "image" })
	case "meta.db": // DIR/io.containerd.metadata.v1.bolt/meta.db
		if path.Base(dir) == metadataPlugin {
			return root(ContainerdRoot, path.Dir(dir))
		}
	case "metadata.db": // DIR/io.containerd.snapshotter.v1.overlayfs/metadata.db
		if strings.HasPrefix(path.Base(dir), snapshotterPlugin) {
			return root(ContainerdRoot, path.Dir(dir))
		}
	case "containers.json", "volatile-containers.json": // DIR/overlay-containers/containers.json
		if strings.HasSuffix(dir, "-containers") {
			return root(StorageRoot, path.Dir(dir))
		}
	case "layers.json", "volatile-layers.json": // DIR/overlay-layers/layers.json
		if strings.HasSuffix(dir, "-layers") {
			return root(StorageRoot, path.Dir(dir))
		}
	case "storage.lock":
		return root(StorageRoot, dir)
	case "bolt_state.db": // DIR/libpod/bolt_state.db
		if path.Base(dir) == "libpod" {
			return root(PodmanState, path.Dir(dir))
		}
	case "db.sql":
		return root(PodmanState, dir)
	case "config": // /var/lib/lxc/NAME/config, ~/.local/share/lxc/NAME/config
		if path.Base(path.Dir(dir)) == "lxc" {
			return root(LXCContainer, dir)
		}
	case "backup.yaml":
		return root(LXDContainer, dir)
	case "rootfs":
		return root(Bundle, dir)
	case "state.json":
		if path.Base(dir) == "snapd" {
			return root(SnapDir, dir)
		}
	}
	switch {
	case strings.HasSuffix(base, ".nspawn") && strings.HasSuffix(dir, "/systemd/nspawn"):
		return root(MachinesDir, "/var/lib/machines")
	case path.Base(dir) == "machines" && strings.HasSuffix(dir, "/var/lib/machines") && base[0] != '.':
		return root(MachinesDir, dir)
	case strings.HasSuffix(base, ".container") && isQuadlet(dir):
		return root(QuadletDir, dir)
	case strings.HasSuffix(base, ".origin") && path.Base(dir) == "deploy":
		// DIR/deploy/NAME/deploy/HASH.N.origin
		return below(OSTreeDir, path.Dir(dir), func(p []string) bool { return p[0] == "deploy" })
	}
	return Root{}, false
}

func root(k Kind, dir string) (Root, bool) {
	if dir == "" {
		dir = "/"
	}
	return Root{k, dir}, true
}

// below gives the root two components above dir, if those two are right.
func below(k Kind, dir string, right func([]string) bool) (Root, bool) {
	up := path.Dir(dir)
	if up == "/" || up == "." || !right([]string{path.Base(up), path.Base(dir)}) {
		return Root{}, false
	}
	return root(k, path.Dir(up))
}

// isID says whether a name is a container's id as Docker makes them: 64 hex digits.
func isID(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
