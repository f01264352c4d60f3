package container

import (
	"path"
	"strings"
)

// ostree reads the deployments of ostree: DIR/deploy/NAME/deploy/CHECKSUM.N, each a root
// whose /var is DIR/deploy/NAME/var.
func (d *reader) ostree() error {
	for _, name := range d.list(d.path("deploy"), 1000) {
		at := d.path("deploy", name, "deploy")
		for _, id := range d.list(at, 1000) {
			dir := path.Join(at, id)
			if strings.HasSuffix(id, ".origin") || !d.isDir(dir) {
				continue
			}
			c := Container{
				Engine: OSTree, ID: id, Name: name, Layers: []string{dir}, Source: Place{Path: dir + ".origin"},
				Mounts: []Mount{{d.path("deploy", name, "var"), "/var", false}},
			}
			d.settings(dir+".origin", func(section, key, value string) {
				if section == "origin" && (key == "refspec" || key == "container-image-reference") {
					c.Image = value
				}
			})
			if err := d.add(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// snaps reads what snapd has installed. A snap is an image of a filesystem, and so has no
// directory of its own.
func (d *reader) snaps() error {
	at := d.path("state.json")
	var state struct {
		Data struct {
			Snaps map[string]struct {
				Active  bool   `json:"active"`
				Current string `json:"current"`
			} `json:"snaps"`
		} `json:"data"`
	}
	if d.json(at, maxBigFile, &state) != nil {
		return d.ctx.Err()
	}
	for _, name := range keys(state.Data.Snaps) {
		s := state.Data.Snaps[name]
		c := Container{Engine: Snap, ID: name, Name: name, ImageID: s.Current, State: "disabled", Source: Place{Path: at}}
		if s.Active {
			c.State = "active"
		}
		if isName(name) && isName(s.Current) {
			c.Image = d.path("snaps", name+"_"+s.Current+".snap")
		}
		if err := d.add(c); err != nil {
			return err
		}
	}
	return nil
}
