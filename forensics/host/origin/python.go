package origin

import (
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Of Python, three things are read. NAME-VERSION.dist-info/RECORD is CSV: path relative
// to the directory around dist-info, ALGORITHM=DIGEST in URL-safe base64 without
// padding, size; both are empty for RECORD itself and for bytecode (packaging.python.org,
// "Recording installed projects"). NAME.egg-info/PKG-INFO has installed-files.txt beside
// it, paths relative to egg-info, or only top_level.txt, the names of modules.
// conda-meta/NAME.json states "files" and, with digests, "paths_data".

const maxList = 64 << 20 // bytes of one list of files

// pythonPlace is where a Python package was installed.
type pythonPlace struct {
	site   string // site-packages, dist-packages, or what --target named
	prefix string // above lib, empty for --target
}

// isSite says whether a directory is one that holds nothing but Python packages.
func isSite(dir string) bool {
	b := base(dir)
	return b == "site-packages" || b == "dist-packages"
}

func placeOf(site string) pythonPlace {
	p := pythonPlace{site: site}
	if !isSite(site) {
		return p
	}
	up := parent(site)
	if b := base(up); !strings.HasPrefix(b, "python") && !strings.HasPrefix(b, "pypy") {
		return p
	}
	if up = parent(up); strings.HasPrefix(base(up), "lib") {
		p.prefix = parent(up)
	}
	return p
}

// file gives the path of what a list names, relative to dir, where the package may
// speak of it: in site-packages, and in what below the prefix is for programs and data.
func (p pythonPlace) file(dir, rel string) (name string, inside, ok bool) {
	if rel == "" || len(rel) > maxPath || strings.IndexByte(rel, 0) >= 0 {
		return "", false, false
	}
	if p.prefix == "" && dir == p.site {
		// With --target, programs and data are moved here, and the list is not changed.
		rel = strings.TrimPrefix(rel, "../../")
	}
	name = path.Join(dir, rel)
	if rel[0] == '/' {
		name = path.Clean(rel)
	}
	if isBelow(name, p.site) {
		return name, true, true
	}
	if p.prefix == "" || !isBelow(name, p.prefix) {
		return "", false, false
	}
	first, _, deep := strings.Cut(strings.TrimPrefix(name[len(p.prefix):], "/"), "/")
	switch first {
	case "bin", "share", "include", "etc", "man", "libexec", "sbin":
		return name, false, deep && !systemOwn(p.prefix, first)
	}
	return "", false, false
}

// top is the directory out of which no list may lead.
func (p pythonPlace) top() string {
	if p.prefix != "" {
		return p.prefix
	}
	return p.site
}

// systemOwn says whether a directory below a prefix is one that decides what the system
// runs, of which a list of a language must not speak.
func systemOwn(prefix, first string) bool {
	return prefix == "/" || prefix == "/usr" && (first == "etc" || first == "libexec")
}

func loadRecord(l *loader, m manifest) error {
	info := base(m.dir)
	name, version, _ := strings.Cut(strings.TrimSuffix(info, ".dist-info"), "-")
	at := placeOf(parent(m.dir))
	c := Component{Kind: "python", Name: name, Version: version, Dir: at.site, listed: true, From: l.directURL(m.dir)}
	comp, err := l.component(c)
	if err != nil {
		return err
	}
	if isSite(at.site) {
		if err := l.region(at.site, "python"); err != nil {
			return err
		}
	}
	if err := l.fill(m.dir, comp); err != nil {
		return err
	}
	err = l.record(comp, at)
	if err != nil && !errors.Is(err, errOutside) {
		l.components[comp].listed = false // what it does not name may be what was not read
	}
	return err
}

// directURL reads where a package was installed from, if not from an index.
func (l *loader) directURL(info string) string {
	b, err := l.read(join(info, "direct_url.json"), 64<<10)
	if err != nil {
		return ""
	}
	var v struct {
		URL string `json:"url"`
	}
	_ = json.Unmarshal(b, &v)
	return v.URL
}

func (l *loader) record(comp int32, at pythonPlace) error {
	b, err := l.read(l.at.path(), maxList)
	if err != nil {
		return err
	}
	r := csv.NewReader(strings.NewReader(string(b)))
	r.ReuseRecord, r.FieldsPerRecord, r.LazyQuotes = true, -1, true
	outside := 0
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		name, inside, ok := at.file(at.site, row[0])
		if !ok {
			if !isBelow(path.Join(at.site, row[0]), at.top()) {
				outside++
			}
			continue
		}
		var algorithm string
		var sum []byte
		size := int64(-1)
		if len(row) > 1 {
			algorithm, sum = recordDigest(row[1])
		}
		if len(row) > 2 && row[2] != "" {
			if n, err := strconv.ParseInt(row[2], 10, 64); err == nil && n >= 0 {
				size = n
			}
		}
		add := l.list
		if inside && parent(name) != at.site {
			add = l.own
		}
		if err := add(comp, name, size, algorithm, sum); err != nil {
			return err
		}
	}
	if outside > 0 {
		return fmt.Errorf("%w: %d", errOutside, outside)
	}
	return nil
}

// errOutside says that a manifest names files of which it must not speak.
var errOutside = errors.New("files outside of the tree of the manifest, not believed")

// recordDigest reads sha256=BASE64.
func recordDigest(s string) (algorithm string, sum []byte) {
	algorithm, text, _ := strings.Cut(s, "=")
	if digestLen(algorithm) == 0 || algorithm == "git" || algorithm == "crc32" {
		return "", nil
	}
	sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(sum) != digestLen(algorithm) {
		return "", nil
	}
	return algorithm, sum
}

func inEgg(dir, _ string) bool { return strings.HasSuffix(dir, ".egg-info") || base(dir) == "EGG-INFO" }

func loadEgg(l *loader, m manifest) error {
	info, site := m.dir, parent(m.dir)
	egg := base(info) == "EGG-INFO"
	label := strings.TrimSuffix(base(info), ".egg-info")
	if egg {
		label, site = strings.TrimSuffix(base(site), ".egg"), parent(site)
	}
	if !egg && !isSite(site) && !l.has(join(info, "installed-files.txt")) {
		return nil // the directory of a project's source
	}
	name, version, _ := strings.Cut(label, "-")
	version, _, _ = strings.Cut(version, "-py")
	if version == "" {
		version = l.header(m.path(), "Version: ")
	}
	at := placeOf(site)
	comp, err := l.component(Component{Kind: "python", Name: name, Version: version, Dir: site})
	if err != nil {
		return err
	}
	if egg {
		if err := l.fill(parent(info), comp); err != nil {
			return err
		}
		return l.noList(comp, site)
	}
	if err := l.fill(info, comp); err != nil {
		return err
	}
	if b, err := l.read(join(info, "installed-files.txt"), maxList); err == nil {
		l.components[comp].listed = true
		for line := range strings.SplitSeq(string(b), "\n") {
			if name, inside, ok := at.file(info, strings.TrimSuffix(line, "\r")); ok {
				add := l.list
				if inside && parent(name) != site {
					add = l.own
				}
				if err := add(comp, name, -1, "", nil); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := l.noList(comp, site); err != nil {
		return err
	}
	b, err := l.read(join(info, "top_level.txt"), 1<<20)
	if err != nil {
		return nil
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.Contains(line, "/") || strings.HasPrefix(line, ".") {
			continue
		}
		if err := l.list(comp, join(site, line+".py"), -1, "", nil); err != nil {
			return err
		}
		if err := l.fill(join(site, line), comp); err != nil {
			return err
		}
	}
	return nil
}

// noList says that a package in site-packages names no files: of what lies there and is
// not listed, nothing can be said. The distribution knows the files of its own.
func (l *loader) noList(comp int32, site string) error {
	if !isSite(site) || l.components[comp].Owner != "" {
		return nil
	}
	return l.region(site, unknown)
}

func inSite(dir, _ string) bool { return isSite(dir) }

// loadEggFile takes what distutils and setuptools left as one file: the metadata of a
// package, or the whole of it, zipped.
func loadEggFile(l *loader, m manifest) error {
	name, version, _ := strings.Cut(m.name[:strings.LastIndexByte(m.name, '.')], "-")
	version, _, _ = strings.Cut(version, "-py")
	comp, err := l.component(Component{Kind: "python", Name: name, Version: version, Dir: m.dir})
	if err != nil {
		return err
	}
	if err := l.list(comp, m.path(), -1, "", nil); err != nil {
		return err
	}
	return l.noList(comp, m.dir)
}

// has says whether there is a file.
func (l *loader) has(name string) bool {
	_, err := l.tree.Lookup(name, false)
	return err == nil
}

// header returns the rest of the first line of a file that begins with a text.
func (l *loader) header(name, prefix string) string {
	b, err := l.read(name, 1<<20)
	if err != nil {
		return ""
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return strings.Trim(strings.TrimSpace(rest), `"'`)
		}
	}
	return ""
}

// isPythonLib says whether a directory is that of Python's own modules.
func isPythonLib(dir, _ string) bool {
	b := base(dir)
	return strings.HasPrefix(base(parent(dir)), "lib") && (strings.HasPrefix(b, "python2") || strings.HasPrefix(b, "python3"))
}

// loadPython takes the installation of a Python by the directory of its modules. Where
// its prefix is named by the version (pyenv, uv), the whole of that is its own.
func loadPython(l *loader, m manifest) error {
	short := strings.TrimPrefix(base(m.dir), "python")
	prefix := parent(parent(m.dir))
	version := short
	full, own := versionIn(base(prefix))
	if own = own && strings.HasPrefix(full, short); own {
		version = full
	}
	comp, err := l.component(Component{Kind: "toolchain", Name: "python", Version: version, Dir: m.dir})
	if err != nil {
		return err
	}
	if own {
		l.components[comp].Dir = prefix
		if err := l.fill(prefix, comp); err != nil {
			return err
		}
	}
	for _, name := range []string{"README", "README.txt"} {
		if err := l.list(comp, join(m.dir, "site-packages/"+name), -1, "", nil); err != nil {
			return err
		}
	}
	for _, dir := range []string{m.dir, join(prefix, "include/python"+short), join(prefix, "include/python"+short+"m")} {
		if err := l.fill(dir, comp); err != nil {
			return err
		}
	}
	return nil
}

// loadVenv takes a virtual environment: all in its bin that no package names is
// unlisted, but for what venv itself writes.
func loadVenv(l *loader, m manifest) error {
	version := ""
	for _, key := range []string{"version = ", "version_info = "} {
		if version == "" {
			version = l.header(m.path(), key)
		}
	}
	comp, err := l.component(Component{Kind: "python", Name: "venv", Version: version, Dir: m.dir})
	if err != nil {
		return err
	}
	if err := l.list(comp, m.path(), -1, "", nil); err != nil {
		return err
	}
	return l.region(join(m.dir, "bin"), "venv")
}

func loadConda(l *loader, m manifest) error {
	var v struct {
		Name, Version, Channel string
		Files                  []string
		Data                   struct {
			Paths []struct {
				Path   string `json:"_path"`
				SHA    string `json:"sha256"`
				Placed string `json:"sha256_in_prefix"`
				Size   *int64 `json:"size_in_bytes"`
			}
		} `json:"paths_data"`
	}
	if err := l.json(m.path(), &v); err != nil {
		return err
	}
	if v.Name == "" {
		return nil
	}
	prefix := parent(m.dir)
	c := Component{Kind: "conda", Name: v.Name, Version: v.Version, Dir: prefix, From: v.Channel, listed: true}
	comp, err := l.component(c)
	if err != nil {
		return err
	}
	if err := l.list(comp, m.path(), -1, "", nil); err != nil {
		return err
	}
	stated := make(map[string]bool)
	outside := 0
	for _, p := range v.Data.Paths {
		name, ok := below(prefix, p.Path)
		if !ok {
			outside++
			continue
		}
		stated[p.Path] = true
		text := p.Placed
		if text == "" {
			text = p.SHA
		}
		size := int64(-1)
		if p.Size != nil && (p.Placed == "" || p.Placed == p.SHA) {
			size = *p.Size // else that of the package's file, before its prefix was written into it
		}
		if err := l.own(comp, name, size, "sha256", unhex(text)); err != nil {
			return err
		}
	}
	for _, f := range v.Files {
		name, ok := below(prefix, f)
		if !ok {
			outside++
		} else if !stated[f] {
			if err := l.own(comp, name, -1, "", nil); err != nil {
				return err
			}
		}
	}
	if outside > 0 {
		return fmt.Errorf("%w: %d", errOutside, outside)
	}
	return nil
}
