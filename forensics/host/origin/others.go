package origin

import (
	"errors"
	"fmt"
	"strings"

	"icecore/forensics/filesystem"
)

// Perl's .packlist (ExtUtils::Packlist) holds absolute paths, each with key=value behind
// it. The Google Cloud CLI and what is made like it keep .install/NAME.manifest, paths
// relative to the directory around it. Maven's local repository has
// GROUP/ARTIFACT/VERSION with _remote.repositories, and FILE.sha1 beside each file that
// was fetched. A JDK has release with JAVA_VERSION, Node.js include/node/node_version.h.
// Homebrew keeps Cellar/NAME/VERSION/INSTALL_RECEIPT.json, snapd snaps/NAME_REVISION.snap,
// Flatpak app/ID/ARCH/BRANCH/COMMIT/deploy.

func loadPacklist(l *loader, m manifest) error {
	prefix, _, ok := strings.Cut(m.dir, "/lib")
	_, module, auto := strings.Cut(m.dir, "/auto/")
	if !ok || !auto || prefix == "" {
		return nil
	}
	b, err := l.read(m.path(), maxList)
	if err != nil {
		return err
	}
	comp, err := l.component(Component{Kind: "cpan", Name: strings.ReplaceAll(module, "/", "::"), Dir: m.dir})
	if err != nil {
		return err
	}
	if err := l.list(comp, m.path(), -1, "", nil); err != nil {
		return err
	}
	outside := 0
	for line := range strings.SplitSeq(string(b), "\n") {
		name, _, _ := strings.Cut(line, " ")
		if name == "" {
			continue
		}
		at, ok := below(prefix, name)
		if ok {
			rest := at[len(prefix):]
			ok = strings.HasPrefix(rest, "/bin/") || strings.HasPrefix(rest, "/share/") || strings.HasPrefix(rest, "/man/") ||
				strings.HasPrefix(rest, "/lib") && strings.Contains(parent(rest), "/perl")
		}
		if !ok {
			outside++
		} else if err := l.list(comp, at, -1, "", nil); err != nil {
			return err
		}
	}
	if outside > 0 {
		return fmt.Errorf("%w: %d", errOutside, outside)
	}
	return nil
}

func loadInstallManifest(l *loader, m manifest) error {
	root := parent(m.dir)
	if standard[root] {
		return nil
	}
	b, err := l.read(m.path(), maxList)
	if err != nil {
		return err
	}
	name, version := base(root)+"/"+strings.TrimSuffix(m.name, ".manifest"), l.firstWord(join(root, "VERSION"))
	comp, err := l.component(Component{Kind: "vendor", Name: name, Version: version, Dir: root})
	if err != nil {
		return err
	}
	if err := l.fill(m.dir, comp); err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if at, ok := below(root, strings.TrimSuffix(line, "\r")); ok {
			if err := l.list(comp, at, -1, "", nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstWord returns the first line of a short file that states a version.
func (l *loader) firstWord(name string) string {
	b, err := l.read(name, 4096)
	if err != nil {
		return ""
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		line = strings.TrimSpace(line)
		if _, value, ok := strings.Cut(line, "="); ok {
			line = strings.Trim(strings.TrimSpace(value), `"`)
		}
		if line == "" {
			continue
		}
		if v, ok := versionIn(line); ok && len(line) < 64 {
			return v
		}
		return ""
	}
	return ""
}

func loadMaven(l *loader, m manifest) error {
	version := base(m.dir)
	artifact := parent(m.dir)
	name := base(artifact)
	if _, group, ok := strings.Cut(parent(artifact), "/repository/"); ok {
		name = strings.ReplaceAll(group, "/", ".") + ":" + name
	}
	comp, err := l.component(Component{Kind: "maven", Name: name, Version: version, Dir: m.dir})
	if err != nil {
		return err
	}
	if err := l.fill(m.dir, comp); err != nil {
		return err
	}
	list, err := l.tree.ReadDir(m.dir)
	if err != nil {
		return err
	}
	for i, e := range list {
		if i >= 1000 {
			return errors.New("more than 1000 files of one version: the rest is not read")
		}
		file, ok := strings.CutSuffix(e.Name, ".sha1")
		if !ok || e.Type != 0 && e.Type != filesystem.ModeRegular {
			continue
		}
		b, err := l.read(join(m.dir, e.Name), 4096)
		if err != nil {
			return err
		}
		sum, _, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
		if err := l.own(comp, join(m.dir, file), -1, "sha1", unhex(sum)); err != nil {
			return err
		}
	}
	return nil
}

func loadJDK(l *loader, m manifest) error {
	if standard[m.dir] || !l.has(join(m.dir, "bin/java")) {
		return nil
	}
	version := l.header(m.path(), "JAVA_VERSION=")
	if version == "" {
		return nil
	}
	c := Component{Kind: "toolchain", Name: "jdk", Version: version, Dir: m.dir, From: l.header(m.path(), "IMPLEMENTOR=")}
	comp, err := l.component(c)
	if err != nil {
		return err
	}
	return l.fill(m.dir, comp)
}

func loadNode(l *loader, m manifest) error {
	if base(parent(m.dir)) != "include" {
		return nil
	}
	prefix := parent(parent(m.dir))
	var version []string
	for _, part := range []string{"MAJOR", "MINOR", "PATCH"} {
		version = append(version, l.header(m.path(), "#define NODE_"+part+"_VERSION "))
	}
	comp, err := l.component(Component{Kind: "toolchain", Name: "node", Version: strings.Join(version, "."), Dir: prefix})
	if err != nil {
		return err
	}
	for _, name := range []string{"bin/node", "share/man/man1/node.1"} {
		if err := l.list(comp, join(prefix, name), -1, "", nil); err != nil {
			return err
		}
	}
	if err := l.fill(m.dir, comp); err != nil {
		return err
	}
	return l.fill(prefix, comp)
}

func loadBrew(l *loader, m manifest) error {
	formula := parent(m.dir)
	if base(parent(formula)) != "Cellar" {
		return nil
	}
	comp, err := l.component(Component{Kind: "homebrew", Name: base(formula), Version: base(m.dir), Dir: m.dir})
	if err != nil {
		return err
	}
	return l.fill(m.dir, comp)
}

func loadSnap(l *loader, m manifest) error {
	if base(parent(m.dir)) != "snapd" {
		return nil
	}
	name, revision, _ := strings.Cut(strings.TrimSuffix(m.name, ".snap"), "_")
	comp, err := l.component(Component{Kind: "snap", Name: name, Version: "revision " + revision, Dir: m.dir})
	if err != nil {
		return err
	}
	return l.list(comp, m.path(), -1, "", nil)
}

func loadSnapYAML(l *loader, m manifest) error {
	root := parent(m.dir)
	name := l.header(m.path(), "name: ")
	if name == "" || standard[root] {
		return nil
	}
	comp, err := l.component(Component{Kind: "snap", Name: name, Version: l.header(m.path(), "version: "), Dir: root})
	if err != nil {
		return err
	}
	return l.fill(root, comp)
}

// inFlatpak says whether a directory is flatpak/app/ID/ARCH/BRANCH/COMMIT, or of a runtime.
func inFlatpak(dir, _ string) bool {
	for range 4 {
		dir = parent(dir)
	}
	b := base(dir)
	return (b == "app" || b == "runtime") && base(parent(dir)) == "flatpak"
}

func loadFlatpak(l *loader, m manifest) error {
	branch := parent(m.dir)
	c := Component{Kind: "flatpak", Name: base(parent(parent(branch))), Version: base(branch), Dir: m.dir}
	c.From = "commit " + base(m.dir)
	comp, err := l.component(c)
	if err != nil {
		return err
	}
	return l.fill(m.dir, comp)
}
