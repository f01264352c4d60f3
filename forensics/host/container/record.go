package container

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

// Record gives the record of a container. Of its source, the path in the tree (HostPath)
// and the member are set; what volume and inode that is, the caller knows.
func (c *Container) Record() model.Record {
	r := model.Record{
		Kind:   model.ContainerManual,
		Source: model.Source{Path: c.Source.Path, HostPath: c.Source.Path, Member: c.Source.Member, DiskOffset: -1},
	}
	if c.Autostart {
		r.Kind = model.ContainerAutostart
	}
	for _, f := range []model.Field{
		model.Named("engine", string(c.Engine)), model.Named("container", c.Name), model.Named("container_id", c.ID),
		model.Named("namespace", c.Namespace), model.Named("pod", c.Pod), model.Named("pod_namespace", c.PodSpace),
		model.Named("image", c.Image), model.Named("image_id", c.ImageID), model.Named("restart_policy", c.RestartPolicy),
		model.Named("state", c.State), model.Named("user", c.User),
		model.Named("network_mode", c.NetworkMode), model.Named("pid_mode", c.PIDMode),
	} {
		r.Add(f.Name, f.Text())
	}
	r.AddText("command", quoted(c.Command))
	r.AddList("environment", c.Env)
	r.AddBool("privileged", c.Privileged)
	r.AddList("capabilities", c.CapAdd)
	mounts := make([]string, len(c.Mounts))
	for i, m := range c.Mounts {
		mounts[i] = m.Source + ":" + m.Destination
		if m.ReadOnly {
			mounts[i] += ":ro"
		}
	}
	r.AddList("mounts", mounts)
	r.AddList("risky", c.Risky())
	r.AddList("layers", c.Layers)
	if len(c.Layers) > 1 {
		r.AddInt("drift_files", int64(c.Drift.Files))
		r.AddList("drift_executables", c.Drift.Executables)
	}
	others := make([]string, len(c.Others))
	for i, o := range c.Others {
		others[i] = o.Path
		if o.Member != "" {
			others[i] += " " + o.Member
		}
	}
	r.AddList("also_read", others)
	c.Facts.AddTo(&r)
	for _, s := range []model.Stamp{
		{What: "container_created", Time: c.Created},
		{What: "container_started", Time: c.Started},
		{What: "container_finished", Time: c.Finished},
	} {
		if !s.Time.IsZero() {
			r.Times = append(r.Times, s)
		}
	}
	return r
}

// strongCaps are capabilities that alone open a way to the host.
var strongCaps = []string{"SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF", "ALL"}

// sockets are those by which a program starts containers, and so becomes root.
var sockets = []string{"docker.sock", "containerd.sock", "podman.sock", "crio.sock", "dockershim.sock"}

// hostDirs are directories of the host that make root of who writes them.
var hostDirs = []string{"/etc", "/root", "/usr", "/boot", "/var", "/home", "/bin", "/sbin", "/lib", "/var/spool/cron", "/etc/cron.d", "/root/.ssh"}

// Risky says what of a container lets it out: none of it is unusual by itself.
func (c *Container) Risky() []string {
	var out []string
	add := func(is bool, what string) {
		if is && !has(out, what) {
			out = append(out, what)
		}
	}
	add(c.Privileged, "privileged")
	add(c.PIDMode == "host", "host_pid")
	add(c.NetworkMode == "host", "host_network")
	for _, n := range c.CapAdd {
		add(!c.Privileged && has(strongCaps, n), "strong_capability")
	}
	for _, m := range c.Mounts {
		if !path.IsAbs(m.Source) {
			continue
		}
		src := path.Clean(m.Source)
		add(src == "/", "host_root_mounted")
		add(has(sockets, path.Base(src)) || src == "/run" || src == "/var/run", "docker_socket_mounted")
		add(!m.ReadOnly && has(hostDirs, src), "host_directory_mounted")
		add(!m.ReadOnly && strings.HasPrefix(src, "/dev/") && isDisk(path.Base(src)), "host_disk_mounted")
	}
	return out
}

// isDisk says whether a device is one of the host's disks.
func isDisk(name string) bool {
	for _, p := range []string{"sd", "vd", "xvd", "nvme", "dm-", "mapper"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
