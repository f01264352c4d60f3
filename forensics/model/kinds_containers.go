package model

import "slices"

// Kinds of containers.
const (
	ContainerAutostart Kind = "container.autostart"
	ContainerManual    Kind = "container.manual"
)

func containerKinds() []KindInfo {
	const from = "the state of Docker, containerd (Kubernetes, nerdctl), Podman (its quadlets, too), CRI-O, LXC, LXD and Incus, systemd-nspawn, snaps and ostree. Package `host/container`."
	fields := func() []FieldInfo {
		return slices.Concat(
			textField("docker, containerd, podman, cri-o, containers-storage, lxc, lxd, systemd-nspawn, snap, ostree, runc", "engine"),
			textField("its name and id; of a pod's container the name in the pod", "container", "container_id"),
			textField("of containerd: moby, k8s.io, default", "namespace"), textField("the pod, and its namespace in Kubernetes", "pod", "pod_namespace"),
			textField("the name of the image, and its id", "image", "image_id"), textField("as the engine writes it: no, always, unless-stopped, on-failure", "restart_policy"),
			volatile(textField("running, exited, created, paused, ...", "state")), textField("that the command runs as, where it is named", "user"),
			textField("host: without a namespace of its own; else as the engine writes it", "network_mode", "pid_mode"),
			textField("entrypoint and arguments, quoted where a shell would need it", "command"), listField("NAME=VALUE", "environment"),
			yesField("all devices and capabilities", "privileged"), listField("those beyond the default ones, without CAP_", "capabilities"),
			listField("SOURCE:DESTINATION, `:ro` where read-only", "mounts"),
			derived(listField("privileged, host_pid, host_network, strong_capability, host_root_mounted, docker_socket_mounted (of any engine), host_directory_mounted, host_disk_mounted", "risky")),
			volatile(textField("the id of the host that its root is, among the hosts of the analysis", "root")),
			volatile(listField("the directories that make the root, the uppermost first", "layers")),
			volatile(numberField("regular files in the uppermost layer: what differs from the image", "drift_files")),
			volatile(listField("the executable ones, by their paths in the container; the first hundred", "drift_executables")),
			volatile(listField("other files, and keys of databases, that state a part of it", "also_read")),
			command(),
		)
	}
	times := []TimeInfo{
		at("container_created", "when the engine made it"), about("container_started", "when it last started"),
		about("container_finished", "when it last ended"),
	}
	return []KindInfo{
		{
			Kind: ContainerAutostart, Group: GroupContainers, From: from, Role: Autostart, Technique: "T1543.005", Excerpt: []string{"command", "image"},
			Doc:    "A container that its engine starts at boot: its restart policy is always or unless-stopped, or kubelet runs it. Programs are paths on the host, in the layer that has them.",
			Fields: fields(), Times: times,
		},
		{
			Kind: ContainerManual, Group: GroupContainers, From: from, Technique: "T1610", Excerpt: []string{"command", "image"},
			Doc:    "A container that is started by hand, or by something else.",
			Fields: fields(), Times: times,
		},
	}
}
