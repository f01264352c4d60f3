package container

import (
	"time"

	"icecore/forensics/shell"
)

// Engine names what runs a container.
type Engine string

// The engines.
const (
	Docker     Engine = "docker"
	Containerd Engine = "containerd"
	Podman     Engine = "podman"
	CRIO       Engine = "cri-o"
	Storage    Engine = "containers-storage" // Buildah, or a container that neither Podman nor CRI-O claims
	LXC        Engine = "lxc"
	LXD        Engine = "lxd" // Incus, too
	Nspawn     Engine = "systemd-nspawn"
	Snap       Engine = "snap"
	OSTree     Engine = "ostree"
	Runc       Engine = "runc" // a bundle that none of the others claims
)

// Container is what an engine says of one container, or of another root of its own.
type Container struct {
	Engine    Engine
	ID        string
	Name      string
	Namespace string // of containerd: k8s.io, moby, default
	Pod       string // of Kubernetes, or of Podman
	PodSpace  string // the pod's namespace in Kubernetes
	Image     string // by name
	ImageID   string
	Command   []string // entrypoint and arguments
	Env       []string // NAME=VALUE
	WorkDir   string
	User      string

	Privileged  bool
	CapAdd      []string // without CAP_
	NetworkMode string   // host, or as the engine writes it
	PIDMode     string
	IPCMode     string
	// RestartPolicy is as the engine writes it: no, always, unless-stopped, on-failure.
	RestartPolicy string
	// Autostart says that the engine, or what drives it, starts the container at boot.
	Autostart bool
	Mounts    []Mount

	Created, Started, Finished time.Time // zero: unknown
	State                      string    // running, exited, created, paused, ...; empty: unknown

	// Layers are the directories in the tree that make the root, the uppermost (which the
	// container writes) first. One alone where the driver keeps whole roots.
	Layers []string
	// Source is where the engine says most of it, Others what else was read.
	Source Place
	Others []Place
	// Root is the state directory in which it was found.
	Root string

	// Facts are those of the command; [ReadAll] fills them. Programs are paths in the tree
	// where the root has the program.
	Facts shell.Facts
	// Drift is what the uppermost layer holds, of a root of several.
	Drift Drift
}

// Mount is a directory or file of the host that a container sees.
type Mount struct {
	Source      string // path on the host, or the name of a volume
	Destination string // path in the container
	ReadOnly    bool
}

// Place is a file in the tree and, of a database, the key within.
type Place struct {
	Path   string
	Member string // "v1/k8s.io/containers/ID"; empty: the whole file
}

// Image is an image that an engine holds, whether a container is made of it or not.
type Image struct {
	Engine  Engine
	ID      string
	Names   []string
	Created time.Time
	Command []string
	Env     []string
	// Layers are the directories in the tree, the uppermost first.
	Layers []string
	Source Place
	Root   string // the state directory
}

// Snapshot is a snapshot of containerd that is written to and that no container claims: of
// a build, of a container of Docker that does not run, or of one whose entry is gone.
type Snapshot struct {
	Namespace, Key string
	Layers         []string // as those of a container
	Source         Place
	Root           string // the state directory
}

// Problem is what could not be read, or not as a whole.
type Problem struct {
	Place
	Why string
	Cut bool // a bound of ours, not a fault of the file
}

// Result is what was read of state directories.
type Result struct {
	Containers []Container
	Images     []Image
	Snapshots  []Snapshot
	Problems   []Problem
}
