// Package container reads what the container engines of a server say of their
// containers: image, command, environment, mounts, privileges, restart policy, and the
// directories of which the root of each is made.
//
// Engines: Docker (overlay2 and the older drivers, rootless, and the containerd image
// store), containerd (Kubernetes, nerdctl), Podman (quadlets, too), CRI-O and others over
// containers/storage, LXC, LXD and Incus, systemd-nspawn, snaps, ostree deployments.
//
// An engine's state directory may be anywhere. [Match] knows one by the paths of files in
// it, [Read] reads one through a tree of paths of the host ([filesystem.Tree]), and
// nothing else. Formats: config.v2.json and layerdb of Docker (github.com/moby/moby,
// daemon and layer), meta.db of containerd (metadata/buckets.go), metadata.db of its
// snapshotters (snapshots/storage), containers.json of containers/storage, and the
// runtime specification of OCI (config.json).
//
// Whoever owned the host wrote these files. Each is read up to a bound, and so are the
// containers of one directory and the bytes kept of them; what was cut off, and what is
// not of its format, is a [Problem].
//
// Not read: what Kubernetes holds in etcd, devicemapper and ZFS (their layers are volumes),
// snapshotters outside of containerd's own directory.
package container
