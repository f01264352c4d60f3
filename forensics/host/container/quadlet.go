package container

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"icecore/forensics/artifact/unitfile"
)

// quadlets reads the files NAME.container of a directory, of which Podman's generator makes
// services: podman-systemd.unit(5). Podman's own files know a container of one only while
// it runs.
func (d *reader) quadlets() error {
	for _, n := range d.list(d.root.Dir, maxEntries) {
		name, ok := strings.CutSuffix(n, ".container")
		if !ok || !d.regular(d.path(n)) {
			continue
		}
		at := d.path(n)
		b, err := d.file(at, maxFile)
		c := Container{Engine: Podman, ID: n, Name: "systemd-" + name, Source: Place{Path: at}}
		var entry []string
		if err == nil {
			err = unitfile.Parse(bytes.NewReader(b), func(u unitfile.Directive) error {
				if u.Section == "Container" && u.Name == "Entrypoint" {
					entry = unitfile.Words(u.Value)
				}
				c.quadlet(u)
				return nil
			})
		}
		d.problem(Place{Path: at}, err)
		if err != nil && c.Image == "" {
			continue
		}
		c.Command = slices.Concat(entry, c.Command)
		if err := d.add(c); err != nil {
			return err
		}
	}
	return nil
}

// quadlet takes a setting.
func (c *Container) quadlet(u unitfile.Directive) {
	switch u.Section + "/" + u.Name {
	case "Install/WantedBy", "Install/RequiredBy", "Install/UpheldBy":
		c.Autostart = true
	case "Service/Restart":
		c.RestartPolicy = u.Value
	case "Container/Image":
		c.Image = u.Value
	case "Container/ContainerName":
		c.Name = u.Value
	case "Container/Exec":
		c.Command = unitfile.Words(u.Value)
	case "Container/Environment":
		c.Env = append(c.Env, unitfile.Words(u.Value)...)
	case "Container/User":
		c.User = u.Value
	case "Container/WorkingDir":
		c.WorkDir = u.Value
	case "Container/Pod":
		c.Pod = u.Value
	case "Container/Network":
		if u.Value == "host" {
			c.NetworkMode = "host"
		}
	case "Container/AddCapability":
		c.CapAdd = append(c.CapAdd, caps(strings.Fields(u.Value))...)
	case "Container/Volume": // SOURCE:DESTINATION[:OPTIONS]
		if p := strings.Split(u.Value, ":"); len(p) > 1 {
			c.Mounts = append(c.Mounts, Mount{p[0], p[1], len(p) > 2 && has(strings.Split(p[2], ","), "ro")})
		}
	case "Container/Mount": // type=bind,source=/,destination=/host
		c.mountOption(u.Value)
	case "Container/PodmanArgs":
		c.podmanArgs(unitfile.Words(u.Value))
	}
}

// mountOption reads a value of --mount.
func (c *Container) mountOption(value string) {
	var m Mount
	for _, o := range strings.Split(value, ",") {
		k, v, _ := strings.Cut(o, "=")
		switch k {
		case "source", "src":
			m.Source = v
		case "destination", "dst", "target":
			m.Destination = v
		case "ro", "readonly":
			m.ReadOnly = v != "false"
		}
	}
	if m.Source != "" {
		c.Mounts = append(c.Mounts, m)
	}
}

// podmanArgs reads options of podman run, as far as they open a way to the host.
func (c *Container) podmanArgs(args []string) {
	for i, a := range args {
		name, value, ok := strings.Cut(a, "=")
		if !ok && i+1 < len(args) {
			value = args[i+1]
		}
		switch name {
		case "--privileged":
			c.Privileged = !ok || value == "true"
		case "--pid":
			c.PIDMode = value
		case "--network", "--net":
			c.NetworkMode = value
		case "--cap-add":
			c.CapAdd = append(c.CapAdd, caps(strings.Split(value, ","))...)
		case "-v", "--volume":
			c.quadlet(unitfile.Directive{Section: "Container", Name: "Volume", Value: value})
		case "--mount":
			c.mountOption(value)
		case "-e", "--env":
			c.Env = append(c.Env, value)
		}
	}
}

// isQuadlet says whether a directory is one in which Podman's generator looks.
func isQuadlet(dir string) bool {
	return path.Base(dir) == "systemd" && path.Base(path.Dir(dir)) == "containers" || strings.Contains(dir, "/containers/systemd/")
}
