package origin

import (
	"strings"
)

// rust-installer, which rustup and the packages of rust-lang.org use, keeps
// lib/rustlib/components, the names of what is installed, and for each of them
// lib/rustlib/manifest-NAME with lines "file:PATH" and "dir:PATH" relative to the prefix.
// Cargo unpacks crates to registry/src/INDEX/NAME-VERSION with .cargo-ok, keeps the
// packages in registry/cache/INDEX, states in .crates2.json which programs `cargo
// install` put into bin, and for vendored crates in .cargo-checksum.json the SHA-256 of
// every file.

func loadRust(l *loader, m manifest) error {
	if base(parent(m.dir)) != "lib" {
		return nil
	}
	prefix := parent(parent(m.dir))
	b, err := l.read(m.path(), 64<<10)
	if err != nil {
		return err
	}
	name := "rust"
	if !standard[prefix] {
		name = base(prefix)
	}
	comp, err := l.component(Component{Kind: "toolchain", Name: name, Version: l.rustVersion(prefix), Dir: prefix})
	if err != nil {
		return err
	}
	if !standard[prefix] {
		l.components[comp].listed = true
		if err := l.fill(prefix, comp); err != nil {
			return err
		}
	}
	if err := l.list(comp, m.path(), -1, "", nil); err != nil {
		return err
	}
	for _, file := range []string{"rust-installer-version", "multirust-channel-manifest.toml", "multirust-config.toml"} {
		if err := l.list(comp, join(m.dir, file), -1, "", nil); err != nil {
			return err
		}
	}
	for part := range strings.FieldsSeq(string(b)) {
		if strings.Contains(part, "/") {
			continue
		}
		if err := l.rustPart(comp, prefix, join(m.dir, "manifest-"+part)); err != nil {
			l.components[comp].listed = false
			return err
		}
	}
	return nil
}

func (l *loader) rustPart(comp int32, prefix, name string) error {
	b, err := l.read(name, maxList)
	if err != nil {
		return err
	}
	if err := l.list(comp, name, -1, "", nil); err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		what, rel, _ := strings.Cut(line, ":")
		at, ok := below(prefix, rel)
		switch {
		case !ok:
			continue
		case what == "file":
			err = l.own(comp, at, -1, "", nil)
		case what == "dir":
			err = l.fillAll(comp, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fillAll says that a directory is filled by a component that does not name what is in it.
func (l *loader) fillAll(comp int32, dir string) error {
	c := l.components[comp]
	c.Dir, c.Files, c.listed, c.part = dir, 0, false, true
	part, err := l.component(c)
	if err != nil {
		return err
	}
	return l.fill(dir, part)
}

// rustVersion finds the version of rustc in the list of a channel, which is too long to be
// read as a whole only for that.
func (l *loader) rustVersion(prefix string) string {
	b, err := l.read(join(prefix, "lib/rustlib/multirust-channel-manifest.toml"), 4<<20)
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), "[pkg.rustc]\nversion = \"")
	version, _, _ := strings.Cut(rest, " ")
	version, _, _ = strings.Cut(version, "\"")
	return version
}

func loadCargo(l *loader, m manifest) error {
	index := parent(m.dir)
	if base(parent(index)) != "src" {
		return nil
	}
	full := base(m.dir)
	name, version := gemName(full)
	comp, err := l.component(Component{Kind: "cargo", Name: name, Version: version, Dir: m.dir, From: base(index)})
	if err != nil {
		return err
	}
	if err := l.region(index, "cargo"); err != nil {
		return err
	}
	if err := l.fill(m.dir, comp); err != nil {
		return err
	}
	return l.list(comp, join(parent(parent(index)), "cache/"+base(index)+"/"+full+".crate"), -1, "", nil)
}

func loadCargoVendored(l *loader, m manifest) error {
	var v struct {
		Files   map[string]string
		Package string
	}
	if err := l.json(m.path(), &v); err != nil {
		return err
	}
	name := base(m.dir)
	version := ""
	if n, v := gemName(name); v != "" {
		name, version = n, v
	} else {
		version = l.header(join(m.dir, "Cargo.toml"), "version = ")
	}
	comp, err := l.component(Component{Kind: "cargo", Name: name, Version: version, Dir: m.dir, listed: true})
	if err != nil {
		return err
	}
	if err := l.own(comp, m.path(), -1, "", nil); err != nil {
		return err
	}
	for _, rel := range sortedKeys(v.Files) {
		at, ok := below(m.dir, rel)
		if !ok {
			return errOutside
		}
		if err := l.own(comp, at, -1, "sha256", unhex(v.Files[rel])); err != nil {
			return err
		}
	}
	return nil
}

func loadCrates(l *loader, m manifest) error {
	var v struct {
		Installs map[string]struct{ Bins []string }
	}
	if err := l.json(m.path(), &v); err != nil {
		return err
	}
	for _, id := range sortedKeys(v.Installs) {
		f := append(strings.Fields(id), "", "", "")
		comp, err := l.component(Component{Kind: "cargo", Name: f[0], Version: f[1], Dir: m.dir, From: strings.Trim(f[2], "()")})
		if err != nil {
			return err
		}
		for _, prog := range v.Installs[id].Bins {
			if prog == "" || strings.Contains(prog, "/") {
				continue
			}
			if err := l.list(comp, join(m.dir, "bin/"+prog), -1, "", nil); err != nil {
				return err
			}
		}
	}
	return nil
}
