package container

import "slices"

// join makes one of what two engines say of the same container: containerd runs those of
// Docker, in the namespace moby, and with its image store holds their snapshots. What
// containerd alone knows stays: its entry may have outlived the one that Docker shows.
func (r *Result) join() {
	docker := make(map[string]int)
	for i := range r.Containers {
		if r.Containers[i].Engine == Docker {
			docker[r.Containers[i].ID] = i
		}
	}
	if len(docker) == 0 {
		return
	}
	r.Containers = slices.DeleteFunc(slices.Clone(r.Containers), func(c Container) bool {
		i, ok := docker[c.ID]
		if !ok || c.Engine != Containerd {
			return false
		}
		d := &r.Containers[i]
		d.Others = append(d.Others, c.Source)
		if len(d.Layers) == 0 {
			d.Layers = c.Layers
		}
		return true
	})
	for i := range r.Containers {
		if r.Containers[i].Engine == Docker {
			docker[r.Containers[i].ID] = i
		}
	}
	r.Snapshots = slices.DeleteFunc(r.Snapshots, func(s Snapshot) bool {
		i, ok := docker[s.Key]
		if !ok || len(r.Containers[i].Layers) > 0 {
			return false
		}
		r.Containers[i].Layers = s.Layers
		r.Containers[i].Others = append(r.Containers[i].Others, s.Source)
		return true
	})
}
