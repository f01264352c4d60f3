package container

import (
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"icecore/forensics/filesystem"
)

// settings calls fn for each line NAME = VALUE of a file of settings, with the section it
// stands in.
func (d *reader) settings(name string, fn func(section, key, value string)) bool {
	b, err := d.file(name, maxFile)
	d.problem(Place{Path: name}, err)
	if err != nil {
		return false
	}
	section := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			section = strings.Trim(line, "[]")
			continue
		}
		if k, v, ok := strings.Cut(line, "="); ok {
			fn(section, strings.TrimSpace(k), strings.TrimSpace(v))
		}
	}
	return true
}

// lxc reads one container of LXC: lxc.container.conf(5), of both ages.
func (d *reader) lxc() error {
	at := d.path("config")
	if !d.regular(at) {
		return nil // a directory of somebody else
	}
	c := Container{Engine: LXC, Name: path.Base(d.root.Dir), ID: path.Base(d.root.Dir), Source: Place{Path: at}}
	ours, mapped, unconfined := false, false, false
	if !d.settings(at, func(_, key, value string) {
		key, is := strings.CutPrefix(key, "lxc.")
		ours = ours || is
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		switch key {
		case "uts.name", "utsname":
			c.Name = value
		case "rootfs.path", "rootfs":
			c.Layers = lxcRoot(value)
		case "start.auto":
			c.Autostart = value == "1"
		case "init.cmd", "execute.cmd", "init_cmd":
			c.Command = strings.Fields(value)
		case "environment":
			c.Env = append(c.Env, value)
		case "idmap", "id_map":
			mapped = true
		case "apparmor.profile", "aa_profile":
			unconfined = value == "unconfined"
		case "cap.keep":
			c.CapAdd = append(c.CapAdd, caps(strings.Fields(value))...)
		case "mount.entry":
			// SOURCE DESTINATION TYPE OPTIONS, as in fstab, the destination in the root.
			if f := strings.Fields(value); len(f) >= 4 && (f[2] == "none" || has(strings.Split(f[3], ","), "bind")) {
				c.Mounts = append(c.Mounts, Mount{f[0], path.Join("/", f[1]), has(strings.Split(f[3], ","), "ro")})
			}
		case "net.0.type", "network.type":
			if value == "none" { // the host's own
				c.NetworkMode = "host"
			}
		case "namespace.keep":
			for _, n := range strings.Fields(value) {
				switch n {
				case "net":
					c.NetworkMode = "host"
				case "pid":
					c.PIDMode = "host"
				}
			}
		}
	}) || !ours {
		return nil
	}
	if len(c.Layers) == 0 && d.exists(d.path("rootfs")) {
		c.Layers = []string{d.path("rootfs")}
	}
	if c.Autostart {
		c.RestartPolicy = "lxc.start.auto"
	}
	// Without a map of users root in it is root, and nothing else holds it then.
	c.Privileged = !mapped && unconfined
	return d.add(c)
}

// lxcRoot gives the directories of a root: dir:PATH, PATH, or overlay:LOWER:UPPER.
func lxcRoot(value string) []string {
	kind, rest, ok := strings.Cut(value, ":")
	if !ok {
		kind, rest = "dir", value
	}
	var out []string
	switch kind {
	case "dir", "btrfs":
		out = []string{rest}
	case "overlay", "overlayfs":
		lower, upper, _ := strings.Cut(rest, ":")
		out = []string{upper, lower}
	}
	for i, p := range out {
		if !path.IsAbs(p) {
			return nil
		}
		out[i] = path.Clean(p)
	}
	return out
}

// lxdInstance is a container in backup.yaml of LXD and Incus.
type lxdInstance struct {
	Name      string                       `yaml:"name"`
	Type      string                       `yaml:"type"`
	Status    string                       `yaml:"status"`
	CreatedAt string                       `yaml:"created_at"`
	LastUsed  string                       `yaml:"last_used_at"`
	Project   string                       `yaml:"project"`
	Config    map[string]string            `yaml:"config"`
	Expanded  map[string]string            `yaml:"expanded_config"`
	Devices   map[string]map[string]string `yaml:"expanded_devices"`
	Own       map[string]map[string]string `yaml:"devices"`
}

// lxd reads one container of LXD or Incus. The databases of both hold the same, but a
// copy of it stands beside each root.
func (d *reader) lxd() error {
	at := d.path("backup.yaml")
	if !d.regular(at) || !d.exists(d.path("rootfs")) && !d.beside("containers") {
		return nil // a name that many programs use
	}
	b, err := d.file(at, maxFile)
	var doc struct {
		Container *lxdInstance `yaml:"container"` // since Incus and LXD 4: instance
		Instance  *lxdInstance `yaml:"instance"`
	}
	if err == nil {
		err = yaml.Unmarshal(b, &doc)
	}
	d.problem(Place{Path: at}, err)
	i := doc.Container
	if i == nil {
		i = doc.Instance
	}
	if err != nil || i == nil {
		return nil
	}
	get := func(key string) string {
		if v := i.Expanded[key]; v != "" {
			return v
		}
		return i.Config[key]
	}
	c := Container{
		Engine: LXD, ID: i.Name, Name: i.Name, Namespace: i.Project, Image: get("image.description"), ImageID: get("volatile.base_image"),
		Created: moment(i.CreatedAt), Started: moment(i.LastUsed), State: strings.ToLower(i.Status), Source: Place{Path: at},
	}
	// It starts at boot if it is set to, or if it ran when the host went down.
	power := strings.ToLower(get("volatile.last_state.power"))
	if c.State == "" {
		c.State = power
	}
	c.RestartPolicy = get("boot.autostart")
	c.Autostart = c.RestartPolicy == "true" || c.RestartPolicy == "" && power == "running"
	c.Privileged = get("security.privileged") == "true"
	for _, list := range []map[string]string{i.Expanded, i.Config} {
		for _, k := range keys(list) {
			if name, ok := strings.CutPrefix(k, "environment."); ok && !has(c.Env, name+"="+list[k]) {
				c.Env = append(c.Env, name+"="+list[k])
			}
		}
	}
	devices := i.Devices
	if len(devices) == 0 {
		devices = i.Own
	}
	for _, dev := range sorted(devices) {
		if dev["type"] == "disk" && dev["source"] != "" {
			c.Mounts = append(c.Mounts, Mount{dev["source"], dev["path"], dev["readonly"] == "true"})
		}
	}
	if d.exists(d.path("rootfs")) {
		c.Layers = []string{d.path("rootfs")}
	}
	return d.add(c)
}

// bundle reads a directory that runc could run, of whoever made it.
func (d *reader) bundle() error {
	at := d.path("config.json")
	if !d.regular(at) {
		if d.exists(d.path("config")) && path.Base(path.Dir(d.root.Dir)) != "lxc" {
			return d.lxc()
		}
		return nil
	}
	var s struct {
		Version string `json:"ociVersion"`
		spec
	}
	if d.json(at, maxFile, &s) != nil || s.Version == "" {
		return nil // config.json is a name that many programs use
	}
	c := Container{Engine: Runc, ID: path.Base(d.root.Dir), Name: path.Base(d.root.Dir), Source: Place{Path: at}}
	s.fill(&c)
	labels(&c, s.Annotations)
	root := s.Root.Path
	if !path.IsAbs(root) {
		root = d.path(root)
	}
	if d.exists(root) {
		c.Layers = []string{path.Clean(root)}
	}
	return d.add(c)
}

// machines reads the containers of systemd-nspawn: directories of /var/lib/machines, with
// the settings of systemd.nspawn(5).
func (d *reader) machines() error {
	up := strings.TrimSuffix(d.root.Dir, "/var/lib/machines") // the root of the host
	wanted := make(map[string]bool)
	for _, target := range []string{"machines.target.wants", "multi-user.target.wants"} {
		for _, unit := range d.list(path.Join(up, "/etc/systemd/system", target), maxEntries) {
			if name, ok := strings.CutPrefix(unit, "systemd-nspawn@"); ok {
				wanted[strings.TrimSuffix(name, ".service")] = true
			}
		}
	}
	entries, err := d.tree.ReadDir(d.root.Dir)
	d.problem(Place{Path: d.root.Dir}, err)
	for n, e := range entries {
		dir := d.path(e.Name)
		if strings.HasPrefix(e.Name, ".") || n > maxEntries || !d.isDir(dir) {
			continue
		}
		c := Container{Engine: Nspawn, ID: e.Name, Name: e.Name, Autostart: wanted[e.Name], Layers: []string{dir}, Source: Place{Path: dir}}
		for _, at := range []string{path.Join(up, "/etc/systemd/nspawn", e.Name+".nspawn"), d.path(e.Name + ".nspawn")} {
			if d.exists(at) && d.settings(at, c.nspawn) {
				c.Source = Place{Path: at}
				break
			}
		}
		if c.Autostart {
			c.RestartPolicy = "machines.target"
		}
		if err := d.add(c); err != nil {
			return err
		}
	}
	return nil
}

// nspawn takes a setting of systemd.nspawn(5).
func (c *Container) nspawn(section, key, value string) {
	switch section + "/" + key {
	case "Exec/Parameters":
		c.Command = strings.Fields(value)
	case "Exec/Environment":
		c.Env = append(c.Env, strings.Fields(value)...)
	case "Exec/WorkingDirectory":
		c.WorkDir = value
	case "Exec/User":
		c.User = value
	case "Exec/Capability":
		c.CapAdd = append(c.CapAdd, caps(strings.Fields(value))...)
		c.Privileged = c.Privileged || value == "all"
	case "Files/Bind", "Files/BindReadOnly":
		p := strings.Split(value, ":")
		m := Mount{strings.TrimPrefix(p[0], "+"), strings.TrimPrefix(p[0], "+"), key == "BindReadOnly"}
		if len(p) > 1 && p[1] != "" {
			m.Destination = p[1]
		}
		c.Mounts = append(c.Mounts, m)
	case "Network/Private":
		if value == "no" || value == "false" || value == "0" {
			c.NetworkMode = "host"
		}
	}
}

// beside says whether the directory of the root has a name.
func (d *reader) beside(name string) bool { return path.Base(path.Dir(d.root.Dir)) == name }

// regular says whether a path is a regular file.
func (d *reader) regular(name string) bool {
	f, err := d.tree.Lookup(name, true)
	if err != nil {
		return false
	}
	in, err := f.Inode()
	return err == nil && in.IsRegular()
}

// isDir says whether a path is a directory.
func (d *reader) isDir(name string) bool {
	f, err := d.tree.Lookup(name, false)
	if err != nil {
		return false
	}
	in, err := f.Inode()
	return err == nil && in.Mode&filesystem.ModeType == filesystem.ModeDir
}
