package inventory

import (
	"strings"

	"icecore/forensics/model"
)

func containerList() List {
	return List{
		Name: "containers", Doc: "Containers as their engines state them, and other systems within the server: roots of containers that no engine states, chroots, systems that could be booted.",
		Columns: []Column{
			{Name: "name", Doc: "of the container, as its engine has it"},
			{Name: "id", Doc: "of the container", Hidden: true},
			{Name: "engine", Doc: "docker, containerd, podman, ...; of what no engine states: container, root (a chroot), system"},
			{Name: "image", Doc: "the image that it was made of"},
			{Name: "command", Doc: "entrypoint and arguments"},
			{Name: "state", Doc: "running, exited, created, ..."},
			{Name: "restart", Doc: "the restart policy", Hidden: true},
			{Name: "autostart", Type: model.Bool, Doc: "its engine starts it at boot"},
			{Name: "privileged", Type: model.Bool, Doc: "all devices and capabilities", Hidden: true},
			{Name: "risks", Type: model.List, Doc: "ways to the host: privileged, host_pid, docker_socket_mounted, ..."},
			{Name: "mounts", Type: model.List, Doc: "SOURCE:DESTINATION", Hidden: true},
			{Name: "environment", Type: model.List, Doc: "NAME=VALUE", Hidden: true},
			{Name: "user", Doc: "that the command runs as, where it is named", Hidden: true},
			{Name: "created", Doc: "when the engine made it, UTC"},
			{Name: "started", Doc: "when it last started, UTC", Hidden: true},
			{Name: "own_host", Doc: "the host that its files are, as sources name it", Hidden: true},
			{Name: "root", Type: model.Path, Doc: "its root directory, the uppermost layer", Hidden: true},
			{Name: "os", Doc: "PRETTY_NAME of os-release(5)", Hidden: true},
		},
		rows: containerRows,
	}
}

func containerRows(in *Input) []Row {
	hosts := in.Analysis.Hosts
	stated := make(map[int]bool) // hosts that a record states
	var out []Row
	for _, r := range in.live(model.ContainerAutostart, model.ContainerManual) {
		var h model.Host
		if i := hostOf(hosts, r); i > 0 {
			h, stated[i] = hosts[i], true
		}
		root := h.Root
		if layers := r.List("layers"); root == "" && len(layers) > 0 {
			root = layers[0]
		}
		out = append(out, Row{[]Cell{
			one(r.Get("container")), one(r.Get("container_id")), one(r.Get("engine")), one(r.Get("image")), one(r.Get("command")), one(r.Get("state")),
			one(r.Get("restart_policy")), yes(r.Kind == model.ContainerAutostart), yes(r.Is("privileged")), r.List("risky"), r.List("mounts"),
			r.List("environment"), one(r.Get("user")), moment(r.Time("container_created")), moment(r.Time("container_started")), one(h.ID), one(root), one(h.OS),
		}, r.Source})
	}
	for i := range hosts {
		if i == 0 || stated[i] {
			continue // the server itself
		}
		h := &hosts[i]
		src := model.Source{Host: hosts[0].ID, Volume: h.Volume, Path: h.Root, DiskOffset: -1}
		row := make([]Cell, len(containerList().Columns))
		row[0], row[2], row[3], row[15], row[16], row[17] = one(h.Name), one(h.Kind), one(h.Image), one(h.ID), one(h.Root), one(h.OS)
		out = append(out, Row{row, src})
	}
	return out
}

// hostOf gives the host that the files of a container are, 0 where it is none.
func hostOf(hosts []model.Host, r *model.Record) int {
	for _, layer := range r.List("layers") {
		for i := 1; i < len(hosts); i++ {
			if strings.TrimSuffix(hosts[i].Root, "/") == strings.TrimSuffix(layer, "/") {
				return i
			}
		}
	}
	return 0
}
