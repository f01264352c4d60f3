package container

import (
	"maps"
	"slices"
	"strings"
)

// labels reads names from the labels that Kubernetes, CRI, nerdctl and Compose set.
func labels(c *Container, l map[string]string) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := l[n]; v != "" {
				return v
			}
		}
		return ""
	}
	c.Pod = first("io.kubernetes.pod.name", "io.kubernetes.cri.sandbox-name")
	c.PodSpace = first("io.kubernetes.pod.namespace", "io.kubernetes.cri.sandbox-namespace")
	if n := first("io.kubernetes.container.name", "io.kubernetes.cri.container-name", "nerdctl/name"); n != "" {
		c.Name = n
	} else if c.Name == "" && c.Pod != "" && l["io.cri-containerd.kind"] == "sandbox" {
		c.Name = "POD"
	}
	if c.RestartPolicy == "" {
		c.RestartPolicy = first("containerd.io/restart.policy")
	}
	if c.Engine == Containerd && l["containerd.io/restart.status"] == "running" { // containerd's restart monitor
		c.Autostart = true
	}
}

// caps gives capabilities without their prefix, in capitals.
func caps(list []string) []string {
	out := make([]string, 0, len(list))
	for _, c := range list {
		out = append(out, strings.TrimPrefix(strings.ToUpper(c), "CAP_"))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func has(list []string, s string) bool { return slices.Contains(list, s) }

// sorted gives the values of a map in the order of its keys.
func sorted[V any](m map[string]V) []V {
	var out []V
	for _, k := range keys(m) {
		out = append(out, m[k])
	}
	return out
}

// keys gives those of a map, sorted.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
