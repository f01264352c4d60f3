package container

import (
	"strings"
)

// dockerConfig is config.v2.json.
type dockerConfig struct {
	ID, Name, Image, Driver, Path string
	Args                          []string
	Created                       string
	State                         struct {
		Running, Paused, Restarting, Dead, RemovalInProgress bool
		StartedAt, FinishedAt                                string
	}
	Config struct {
		Image, User, WorkingDir string
		Env                     []string
		Labels                  map[string]string
	}
	MountPoints map[string]struct {
		Source, Destination, Name string
		RW                        bool
	}
}

// dockerHost is hostconfig.json.
type dockerHost struct {
	NetworkMode, PidMode, IpcMode string
	RestartPolicy                 struct{ Name string }
	Privileged                    bool
	CapAdd                        []string
	Binds                         []string
	Mounts                        []struct {
		Source, Target string
		ReadOnly       bool
	}
	AutoRemove bool
}

// docker reads a data-root of dockerd.
func (d *reader) docker() error {
	layers := &dockerLayers{d: d}
	for _, id := range d.list(d.path("containers"), maxEntries) {
		if err := d.dockerContainer(id, layers); err != nil {
			return err
		}
	}
	return layers.images()
}

func (d *reader) dockerContainer(id string, layers *dockerLayers) error {
	at := d.path("containers", id, "config.v2.json")
	var c dockerConfig
	if d.json(at, maxFile, &c) != nil {
		return d.ctx.Err()
	}
	out := Container{
		Engine: Docker, ID: id, Name: strings.TrimPrefix(c.Name, "/"),
		Image: c.Config.Image, ImageID: c.Image, Env: c.Config.Env, User: c.Config.User, WorkDir: c.Config.WorkingDir,
		Created: moment(c.Created), Started: moment(c.State.StartedAt), Finished: moment(c.State.FinishedAt),
		State: dockerState(&c), Source: Place{Path: at},
	}
	if c.Path != "" {
		out.Command = append([]string{c.Path}, c.Args...)
	}
	for _, m := range sorted(c.MountPoints) {
		src := m.Source
		if src == "" {
			src = m.Name
		}
		out.Mounts = append(out.Mounts, Mount{src, m.Destination, !m.RW})
	}
	labels(&out, c.Config.Labels)
	var h dockerHost
	host := d.path("containers", id, "hostconfig.json")
	if d.json(host, maxFile, &h) == nil {
		out.Others = append(out.Others, Place{Path: host})
		out.Privileged, out.CapAdd = h.Privileged, caps(h.CapAdd)
		out.NetworkMode, out.PIDMode, out.IPCMode = h.NetworkMode, h.PidMode, h.IpcMode
		out.RestartPolicy = h.RestartPolicy.Name
		h.mounts(&out)
	}
	out.Autostart = restarts(&out)
	if err := d.ctx.Err(); err != nil {
		return err
	}
	layers.of(&out, c.Driver)
	return d.add(out)
}

// mounts adds those that hostconfig.json alone names: config.v2.json has them once the
// container was created.
func (h *dockerHost) mounts(c *Container) {
	seen := make(map[string]bool)
	for _, m := range c.Mounts {
		seen[m.Destination] = true
	}
	add := func(m Mount) {
		if !seen[m.Destination] {
			seen[m.Destination] = true
			c.Mounts = append(c.Mounts, m)
		}
	}
	for _, b := range h.Binds { // SOURCE:DESTINATION[:OPTIONS]
		if p := strings.Split(b, ":"); len(p) >= 2 {
			ro := len(p) > 2 && has(strings.Split(p[2], ","), "ro")
			add(Mount{p[0], p[1], ro})
		}
	}
	for _, m := range h.Mounts {
		add(Mount{m.Source, m.Target, m.ReadOnly})
	}
}

func dockerState(c *dockerConfig) string {
	s := c.State
	switch {
	case s.Paused:
		return "paused"
	case s.Restarting:
		return "restarting"
	case s.Running:
		return "running"
	case s.RemovalInProgress:
		return "removing"
	case s.Dead:
		return "dead"
	case moment(s.StartedAt).IsZero():
		return "created"
	}
	return "exited"
}

// restarts says whether dockerd starts a container at boot. One with unless-stopped that
// ran when the host went down is started; one that was stopped by hand is not, which its
// state does not tell from one that ended: it counts as started.
func restarts(c *Container) bool {
	return c.RestartPolicy == "always" || c.RestartPolicy == "unless-stopped"
}
