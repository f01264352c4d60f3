package container

import (
	"slices"
	"strings"
)

// spec is config.json of OCI's runtime specification, as far as it is asked.
type spec struct {
	Process struct {
		Args []string `json:"args"`
		Env  []string `json:"env"`
		Cwd  string   `json:"cwd"`
		User struct {
			Username string `json:"username"`
		} `json:"user"`
		Capabilities struct {
			Bounding []string `json:"bounding"`
		} `json:"capabilities"`
	} `json:"process"`
	Root struct {
		Path string `json:"path"`
	} `json:"root"`
	Hostname string `json:"hostname"`
	Mounts   []struct {
		Destination string   `json:"destination"`
		Type        string   `json:"type"`
		Source      string   `json:"source"`
		Options     []string `json:"options"`
	} `json:"mounts"`
	Annotations map[string]string `json:"annotations"`
	Linux       *struct {
		Resources struct {
			Devices []struct {
				Allow  bool   `json:"allow"`
				Type   string `json:"type"`
				Access string `json:"access"`
				Major  *int64 `json:"major"`
			} `json:"devices"`
		} `json:"resources"`
		Namespaces []struct {
			Type string `json:"type"`
			Path string `json:"path"`
		} `json:"namespaces"`
		MaskedPaths []string `json:"maskedPaths"`
	} `json:"linux"`
}

// defaultCaps are those that engines give a container that asks for none.
var defaultCaps = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

// strong are capabilities that no engine gives but to a privileged container, taken
// together.
var strong = []string{"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "SYS_BOOT"}

// fill sets what the specification says of a container.
func (s *spec) fill(c *Container) {
	p := &s.Process
	c.Command, c.Env, c.WorkDir = p.Args, p.Env, p.Cwd
	if c.User == "" {
		c.User = p.User.Username
	}
	for _, n := range caps(p.Capabilities.Bounding) {
		if !has(defaultCaps, n) {
			c.CapAdd = append(c.CapAdd, n)
		}
	}
	for _, m := range s.Mounts {
		if m.Type == "bind" || m.Type == "none" || m.Type == "" || has(m.Options, "rbind") || has(m.Options, "bind") {
			c.Mounts = append(c.Mounts, Mount{m.Source, m.Destination, has(m.Options, "ro")})
		}
	}
	if s.Linux == nil {
		return
	}
	c.NetworkMode, c.PIDMode, c.IPCMode = s.namespace("network"), s.namespace("pid"), s.namespace("ipc")
	c.Privileged = s.privileged()
}

// namespace says whether a container has a namespace of its own: host if it has none.
func (s *spec) namespace(typ string) string {
	for _, n := range s.Linux.Namespaces {
		if n.Type == typ {
			if n.Path == "/proc/1/ns/"+nsFile(typ) {
				return "host"
			}
			return ""
		}
	}
	return "host"
}

func nsFile(typ string) string {
	if typ == "network" {
		return "net"
	}
	return typ
}

// privileged says whether a container has what the option of that name gives: the
// specification has no word for it. All devices, and capabilities that together are the
// kernel.
func (s *spec) privileged() bool {
	if strings.EqualFold(s.Annotations["io.podman.annotations.privileged"], "true") ||
		strings.EqualFold(s.Annotations["io.kubernetes.cri-o.Privileged"], "true") {
		return true
	}
	all := false
	for _, d := range s.Linux.Resources.Devices {
		if d.Type == "" || d.Type == "a" {
			all = d.Allow && strings.Contains(d.Access, "w") // the last one counts
		}
	}
	have := caps(s.Process.Capabilities.Bounding)
	missing := slices.ContainsFunc(strong, func(c string) bool { return !has(have, c) })
	return all && !missing
}
