package origin

import (
	"regexp"
	"slices"
	"strings"
)

// RubyGems keeps specifications/NAME-VERSION.gemspec (those of gems that come with Ruby
// in specifications/default), the files in gems/NAME-VERSION, what it compiled in
// extensions/PLATFORM/RUBY/NAME-VERSION, and the package in cache. The installed
// gemspec names no files, but its executables, which stand in bin. Composer keeps
// vendor/composer/installed.json with "install-path" relative to itself.

func inSpecifications(dir, _ string) bool {
	return base(dir) == "specifications" || strings.HasSuffix(dir, "/specifications/default")
}

// gemName splits NAME-VERSION, where a name may hold hyphens and digits, and a version
// may be followed by a platform.
func gemName(s string) (name, version string) {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '-' && s[i+1] >= '0' && s[i+1] <= '9' {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

var executablesRE = regexp.MustCompile(`(?m)^\s*s\.executables = \[([^\]]*)\]`)

func loadGem(l *loader, m manifest) error {
	full := strings.TrimSuffix(m.name, ".gemspec")
	name, version := gemName(full)
	home, byRuby := strings.CutSuffix(m.dir, "/default")
	home = parent(home)
	dir := join(home, "gems/"+full)
	comp, err := l.component(Component{Kind: "gem", Name: name, Version: version, Dir: dir})
	if err != nil {
		return err
	}
	if err := l.list(comp, m.path(), -1, "", nil); err != nil || byRuby {
		return err
	}
	if err := l.region(join(home, "gems"), "gem"); err != nil {
		return err
	}
	if err := l.fill(dir, comp); err != nil {
		return err
	}
	if err := l.list(comp, join(home, "cache/"+full+".gem"), -1, "", nil); err != nil {
		return err
	}
	if standard[home] {
		return nil
	}
	b, err := l.read(m.path(), 1<<20)
	if err != nil {
		return err
	}
	if x := executablesRE.FindSubmatch(b); x != nil {
		for word := range strings.FieldsFuncSeq(string(x[1]), func(r rune) bool { return r == ',' || r == ' ' }) {
			prog := strings.Trim(strings.TrimSuffix(word, ".freeze"), `"'`)
			if prog == "" || strings.Contains(prog, "/") {
				continue
			}
			if err := l.list(comp, join(home, "bin/"+prog), -1, "", nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadRuby takes the installation of a Ruby by its rbconfig.rb, which stands in
// lib/ruby/VERSION/PLATFORM. Where its prefix is named by the version (rbenv, RVM), the
// whole of that is its own.
func loadRuby(l *loader, m manifest) error {
	lib := parent(m.dir)
	ruby := parent(lib)
	if base(ruby) != "ruby" || base(parent(ruby)) != "lib" {
		return nil
	}
	prefix, version := parent(parent(ruby)), base(lib)
	full, own := versionIn(base(prefix))
	if own {
		version = full
	}
	comp, err := l.component(Component{Kind: "toolchain", Name: "ruby", Version: version, Dir: lib})
	if err != nil {
		return err
	}
	if own {
		l.components[comp].Dir = prefix
		if err := l.fill(prefix, comp); err != nil {
			return err
		}
	}
	return l.fill(lib, comp)
}

// inExtensions says whether a directory is extensions/PLATFORM/RUBY/NAME-VERSION.
func inExtensions(dir, _ string) bool { return base(parent(parent(parent(dir)))) == "extensions" }

func loadGemExtension(l *loader, m manifest) error {
	home := parent(parent(parent(parent(m.dir))))
	n, ok := l.nodes[join(home, "gems/"+base(m.dir))]
	if !ok || n.comp < 0 {
		return nil
	}
	return l.fill(m.dir, n.comp)
}

type composerPackage struct {
	Name, Version string
	Path          string `json:"install-path"`
	Source        struct{ URL string }
}

func loadComposer(l *loader, m manifest) error {
	vendor := parent(m.dir)
	var v struct{ Packages []composerPackage }
	if err := l.json(m.path(), &v); err != nil {
		// Composer 1 wrote the packages alone.
		if l.json(m.path(), &v.Packages) != nil {
			return err
		}
	}
	root := parent(vendor)
	if standard[root] {
		root = vendor
	}
	if err := l.region(vendor, "composer"); err != nil {
		return err
	}
	own, err := l.component(Component{Kind: "composer", Name: "autoload", Dir: vendor})
	if err != nil {
		return err
	}
	if err := l.fill(m.dir, own); err != nil {
		return err
	}
	if err := l.list(own, join(vendor, "autoload.php"), -1, "", nil); err != nil {
		return err
	}
	outside := false
	for _, p := range v.Packages {
		dir, ok := below(vendor, p.Name)
		if p.Path != "" {
			dir, _ = below(m.dir, p.Path)
			ok = strings.HasPrefix(p.Path, "../") && isBelow(dir, root) && dir != vendor
		}
		if !ok {
			outside = true
			continue
		}
		comp, err := l.component(Component{Kind: "composer", Name: p.Name, Version: p.Version, Dir: dir, From: p.Source.URL})
		if err != nil {
			return err
		}
		if err := l.fill(dir, comp); err != nil {
			return err
		}
	}
	if outside {
		return errOutside
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
