package origin

import (
	"encoding/hex"
	"encoding/json"
	"strings"
)

// npm lists no files. node_modules/NAME and node_modules/@SCOPE/NAME each hold a package,
// with its own node_modules below it; package.json states name and version.
// node_modules/.package-lock.json is written by npm 7 and later with every package that
// it installed: a package that stands beside them is what `npm ls` calls extraneous.
// pnpm puts packages into node_modules/.pnpm/NAME@VERSION/node_modules.

const maxJSON = 32 << 20

// json reads a file of JSON. encoding/json bounds how deep it may be.
func (l *loader) json(name string, v any) error {
	b, err := l.read(name, maxJSON)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

const modules = "/node_modules/"

// npmName gives the name of the package whose directory it is, empty where npm puts
// none: a package that lies among another one's files is a part of that.
func npmName(dir string) string {
	_, rest, ok := strings.Cut(dir, modules)
	for ok {
		name, after, more := strings.Cut(rest, "/")
		if name == ".pnpm" {
			if _, rest, ok = strings.Cut(after, modules); !ok {
				return ""
			}
			continue
		}
		if strings.HasPrefix(name, "@") && more {
			var sub string
			sub, after, more = strings.Cut(after, "/")
			name += "/" + sub
		}
		switch {
		case name == "" || name[0] == '.' || name[len(name)-1] == '/':
			return ""
		case !more:
			return name
		}
		rest, ok = strings.CutPrefix(after, "node_modules/")
	}
	return ""
}

func isPackageDir(dir, _ string) bool {
	up := parent(dir)
	if strings.HasPrefix(base(up), "@") {
		up = parent(up)
	}
	return base(up) == "node_modules" && npmName(dir) != ""
}

func loadNPMLock(l *loader, m manifest) error {
	var v struct {
		Packages map[string]struct {
			Version, Resolved string
			Link              bool
		}
	}
	if err := l.json(m.path(), &v); err != nil {
		return err
	}
	root := parent(m.dir)
	if l.locks == nil {
		l.locks = make(map[string]bool)
	}
	l.locks[m.dir] = true
	for _, key := range sortedKeys(v.Packages) {
		p := v.Packages[key]
		dir, ok := below(root, key)
		if !ok || p.Link || !strings.HasPrefix(key, "node_modules/") {
			continue
		}
		name := npmName(dir)
		if name == "" {
			continue
		}
		c := Component{Kind: "npm", Name: name, Version: p.Version, Dir: dir, From: p.Resolved}
		if err := l.npmPackage(dir, c); err != nil {
			return err
		}
	}
	comp, err := l.component(Component{Kind: "npm", Name: "node_modules", Dir: m.dir})
	if err != nil {
		return err
	}
	return l.list(comp, m.path(), -1, "", nil)
}

func (l *loader) npmPackage(dir string, c Component) error {
	comp, err := l.component(c)
	if err != nil {
		return err
	}
	up := parent(dir)
	if strings.HasPrefix(base(up), "@") {
		up = parent(up)
	}
	if err := l.region(up, "npm"); err != nil {
		return err
	}
	return l.fill(dir, comp)
}

func loadNPM(l *loader, m manifest) error {
	if n, ok := l.nodes[m.dir]; ok && n.comp >= 0 {
		c := &l.components[n.comp]
		c.Installed = m.came // of the package itself: npm rewrites its list at every change
		return nil
	}
	var v struct {
		Version  string
		Resolved string `json:"_resolved"` // up to npm 6
	}
	err := l.json(m.path(), &v) // one of a type that is not understood has a directory all the same
	c := Component{Kind: "npm", Name: npmName(m.dir), Version: v.Version, Dir: m.dir, From: v.Resolved}
	top, _, _ := strings.Cut(m.dir+"/", modules)
	c.extraneous = l.locks[top+"/node_modules"]
	if e := l.npmPackage(m.dir, c); e != nil {
		return e
	}
	return err
}
