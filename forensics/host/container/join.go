package container

import "slices"

// join makes one of what two state directories say of the same container. containerd runs
// those of Docker, in the namespace moby, and with its image store holds their snapshots;
// containers/storage holds the layers of those of Podman, whose own database says the rest.
// What one side alone knows stays: its entry may have outlived the other one, which people
// are shown.
func (r *Result) join() {
	r.joinInto(Docker, Containerd)
	r.joinInto(Podman, Storage, Podman)
	byID := r.ids(Docker)
	r.Snapshots = slices.DeleteFunc(r.Snapshots, func(s Snapshot) bool {
		i, ok := byID[s.Key]
		if !ok || len(r.Containers[i].Layers) > 0 {
			return false
		}
		r.Containers[i].Layers, r.Containers[i].Root = s.Layers, s.Root
		r.Containers[i].Others = append(r.Containers[i].Others, s.Source)
		return true
	})
}

// ids gives where the first container of an engine with each id stands, of those of which
// the engine itself says most.
func (r *Result) ids(e Engine) map[string]int {
	out := make(map[string]int)
	for i := range r.Containers {
		c := &r.Containers[i]
		if _, ok := out[c.ID]; c.Engine == e && (!ok || c.Source.Member != "") { // of two databases the newer one
			out[c.ID] = i
		}
	}
	return out
}

// joinInto adds what other engines say of a container to what its own engine says.
func (r *Result) joinInto(e Engine, others ...Engine) {
	byID := r.ids(e)
	if len(byID) == 0 {
		return
	}
	gone := make([]bool, len(r.Containers))
	for n := range r.Containers {
		c := &r.Containers[n]
		i, ok := byID[c.ID]
		if !ok || i == n || !slices.Contains(others, c.Engine) {
			continue
		}
		to := &r.Containers[i]
		to.Others = append(append(to.Others, c.Source), c.Others...)
		if len(to.Layers) == 0 {
			to.Layers, to.Root = c.Layers, c.Root
		}
		gone[n] = true
	}
	n := -1
	r.Containers = slices.DeleteFunc(r.Containers, func(Container) bool { n++; return gone[n] })
}
