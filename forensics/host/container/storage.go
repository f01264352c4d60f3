package container

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// storage is what containers/storage keeps of one driver: three lists in JSON, each with a
// second one of what does not outlive a reboot.
type storage struct {
	d      *reader
	driver string
	layers map[string]string // the layer below each
	images map[string]storedImage
}

// storedContainer is an entry of containers.json.
type storedContainer struct {
	ID       string   `json:"id"`
	Names    []string `json:"names"`
	Image    string   `json:"image"`
	Layer    string   `json:"layer"`
	Metadata string   `json:"metadata"` // JSON of the engine
	Created  string   `json:"created"`
}

// storedImage is an entry of images.json.
type storedImage struct {
	ID      string   `json:"id"`
	Names   []string `json:"names"`
	Layer   string   `json:"layer"`
	Created string   `json:"created"`
}

// storedMetadata is what Podman and CRI-O keep in an entry. Only CRI-O has pods there.
type storedMetadata struct {
	ImageName     string `json:"image-name"`
	ImageID       string `json:"image-id"`
	Name          string `json:"name"`
	Pod           string `json:"pod-name"`
	PodID         string `json:"pod-id"`
	ContainerName string `json:"container-name"`
}

// storageDirs says for each driver where a layer's files lie, and whether a directory is a
// whole root of its own.
var storageDirs = map[string]struct {
	dir   func(id string) string
	whole bool
}{
	"overlay": {func(id string) string { return "overlay/" + id + "/diff" }, false},
	"aufs":    {func(id string) string { return "aufs/diff/" + id }, false},
	"vfs":     {func(id string) string { return "vfs/dir/" + id }, true},
	"btrfs":   {func(id string) string { return "btrfs/subvolumes/" + id }, true},
}

// storage reads a graphroot.
func (d *reader) storage() error {
	for _, n := range d.list(d.root.Dir, 1000) {
		driver, ok := strings.CutSuffix(n, "-containers")
		if !ok || !isName(driver) {
			continue
		}
		s := &storage{d: d, driver: driver, layers: make(map[string]string), images: make(map[string]storedImage)}
		if err := s.read(); err != nil {
			return err
		}
	}
	return nil
}

// lists calls fn for each entry of a list and of its second one.
func lists[T any](d *reader, driver, what string, fn func(T, string) error) error {
	for _, name := range []string{what + ".json", "volatile-" + what + ".json"} {
		at := d.path(driver+"-"+what, name)
		if err := jsonList(d, at, func(x T) error { return fn(x, at) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *storage) read() error {
	type layer struct {
		ID     string `json:"id"`
		Parent string `json:"parent"`
	}
	err := lists(s.d, s.driver, "layers", func(l layer, _ string) error {
		s.layers[l.ID] = l.Parent
		return nil
	})
	if err != nil {
		return err
	}
	if err = lists(s.d, s.driver, "images", s.image); err != nil {
		return err
	}
	return lists(s.d, s.driver, "containers", s.container)
}

// chain gives the directories of a layer and of those below it.
func (s *storage) chain(id string) []string {
	dirs, ok := storageDirs[s.driver]
	var out []string
	for ok && isName(id) && len(out) <= maxDepth {
		out = append(out, s.d.path(dirs.dir(id)))
		if dirs.whole {
			break
		}
		id = s.layers[id]
	}
	return out
}

func (s *storage) image(i storedImage, at string) error {
	s.images[i.ID] = i
	out := Image{
		Engine: Storage, ID: i.ID, Names: i.Names, Created: moment(i.Created), Layers: s.chain(i.Layer), Source: Place{Path: at},
	}
	// The configuration is a file that is named after its digest, which the image is, too.
	var c dockerImage
	if isName(i.ID) && s.d.json(s.d.path(s.driver+"-images", i.ID, bigData("sha256:"+i.ID)), maxFile, &c) == nil {
		out.Command, out.Env = slices.Concat(c.Config.Entrypoint, c.Config.Cmd), c.Config.Env
	}
	return s.d.addImage(out)
}

func (s *storage) container(c storedContainer, at string) error {
	d := s.d
	out := Container{Engine: Storage, ID: c.ID, ImageID: c.Image, Created: moment(c.Created), Layers: s.chain(c.Layer), Source: Place{Path: at}}
	if len(c.Names) > 0 {
		out.Name = c.Names[0]
	}
	if i := s.images[c.Image]; len(i.Names) > 0 {
		out.Image = i.Names[0]
	}
	var m storedMetadata
	if c.Metadata != "" {
		if err := json.Unmarshal([]byte(c.Metadata), &m); err != nil {
			d.problem(Place{Path: at}, fmt.Errorf("metadata of the container %s: no valid JSON: %w", c.ID, err))
		}
	}
	if m.ImageName != "" {
		out.Image = m.ImageName
	}
	if m.Pod != "" || m.PodID != "" {
		out.Engine, out.Pod = CRIO, m.Pod
		if m.ContainerName != "" {
			out.Name = m.ContainerName
		}
	}
	if isName(c.ID) {
		userdata := d.path(s.driver+"-containers", c.ID, "userdata")
		var sp spec
		if at := path.Join(userdata, "config.json"); d.json(at, maxFile, &sp) == nil {
			sp.fill(&out)
			out.Others = append(out.Others, Place{Path: at})
			out.engineOf(&sp)
			labels(&out, sp.Annotations)
		}
		out.crioState(d, path.Join(userdata, "state.json"))
	}
	if out.Engine == CRIO {
		out.Autostart = true // kubelet starts its pods whenever it starts itself
	}
	return d.add(out)
}

// engineOf says who made a container, by the annotations that it set.
func (c *Container) engineOf(s *spec) {
	for a := range s.Annotations {
		switch {
		case strings.HasPrefix(a, "io.podman."):
			c.Engine = Podman
		case strings.HasPrefix(a, "io.kubernetes.cri-o.") && c.Engine == Storage && a != "io.kubernetes.cri-o.TTY":
			c.Engine = CRIO // TTY is Podman's, too
		}
	}
	for a, to := range map[string]*string{"ImageName": &c.Image, "ImageRef": &c.ImageID} {
		if v := s.Annotations["io.kubernetes.cri-o."+a]; v != "" && c.Engine == CRIO {
			*to = v
		}
	}
}

// crioState reads the state that CRI-O keeps beside the specification.
func (c *Container) crioState(d *reader, at string) {
	var s struct {
		Status   string `json:"status"`
		Started  string `json:"started"`
		Finished string `json:"finished"`
	}
	if c.Engine != CRIO || d.json(at, maxFile, &s) != nil {
		return
	}
	c.State, c.Started, c.Finished = s.Status, moment(s.Started), moment(s.Finished)
	if c.State == "stopped" {
		c.State = "exited"
	}
	c.Others = append(c.Others, Place{Path: at})
}
