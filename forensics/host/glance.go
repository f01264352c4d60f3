package host

import (
	"errors"
	"io/fs"

	"icecore/forensics/filesystem"
)

// Glance marks where the servers themselves stand, without a walk: at the root of a
// volume, or as a deployment of ostree. Containers are not looked for.
func (img *Image) Glance() *Marks {
	m := &Marks{}
	for _, v := range img.Volumes {
		if v.FS == nil {
			continue
		}
		t := single{v}
		roots := []string{""}
		for _, name := range dirs(t, "/ostree/deploy") {
			for _, d := range dirs(t, "/ostree/deploy/"+name+"/deploy") {
				roots = append(roots, "/ostree/deploy/"+name+"/deploy/"+d)
			}
		}
		for _, r := range roots {
			for _, p := range []string{"/etc/os-release", "/usr/lib/os-release", "/etc/passwd", "/bin/sh", "/usr/bin/sh"} {
				// A link may lead to where nothing is read: it says enough.
				if _, err := t.Lookup(r+p, false); err == nil || !errors.Is(err, fs.ErrNotExist) {
					m.See(v, r+p)
				}
			}
		}
	}
	return m
}

func dirs(t filesystem.Tree, dir string) (out []string) {
	list, err := t.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range list {
		if (e.Type == filesystem.ModeDir || e.Type == 0) && len(out) < maxHosts {
			out = append(out, e.Name)
		}
	}
	return out
}
