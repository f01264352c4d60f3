package pkgdb

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

const (
	dpkgDir   = "/var/lib/dpkg"
	dpkgInfo  = dpkgDir + "/info/"
	maxStatus = 1 << 30 // bytes
)

// dpkgScripts are the scripts of a package, and what starts its postinst besides.
var dpkgScripts = []string{"preinst", "postinst", "prerm", "postrm", "config", "triggers"}

// dpkgDB is the database of dpkg.
type dpkgDB struct {
	tree filesystem.Tree
	// info are the file names of dpkg's info directory, without their extension.
	info map[string][]string
	// order is that of the names, by which lists without a paragraph are read.
	order []string
}

// findDpkg finds the databases of dpkg.
func findDpkg(tree filesystem.Tree, p *problems) []backend {
	var out []backend
	names, err := tree.ReadDir(strings.TrimSuffix(dpkgInfo, "/"))
	if err != nil && !absent(err) {
		p.add(dpkgInfo, err)
	}
	if len(names) > 0 || isFile(tree, dpkgDir+"/status") {
		d := &dpkgDB{tree: tree, info: make(map[string][]string)}
		for _, e := range names {
			ext := path.Ext(e.Name)
			name := strings.TrimSuffix(e.Name, ext)
			if ext == "" || name == "" {
				continue
			}
			if _, ok := d.info[name]; !ok {
				d.order = append(d.order, name)
			}
			d.info[name] = append(d.info[name], ext[1:])
		}
		out = append(out, d)
	}
	names, err = tree.ReadDir(dpkgDir + "/status.d")
	if err != nil && !absent(err) {
		p.add(dpkgDir+"/status.d", err)
	}
	if len(names) > 0 {
		d := &statusDir{tree: tree}
		for _, e := range names {
			d.names = append(d.names, e.Name)
		}
		out = append(out, d)
	}
	return out
}

func (d *dpkgDB) manager() Manager { return Dpkg }
func (d *dpkgDB) place() string    { return dpkgDir }

// paragraph is one of the status file.
type paragraph struct {
	Package
	conffiles []conffile
}

type conffile struct {
	path     string
	digest   Digest
	obsolete bool
}

// each implements backend. A package of which only files are in the info directory is
// given, too: dpkg does not know it, but a rule that asks who owns a path does.
func (d *dpkgDB) each(ctx context.Context, want parts, fn func(*entry) error) error {
	given := make(map[string]bool)
	var bad []error
	var stop error // what ends the reading
	give := func(p *paragraph, name string) error {
		if name != "" {
			given[name] = true
		}
		e := &entry{Package: p.Package}
		if name != "" && want.files {
			if err := d.files(ctx, name, p, e); err != nil && len(bad) < maxProblems {
				bad = append(bad, err)
			}
		}
		if name != "" && want.scripts {
			d.scripts(name, e, &bad)
		}
		if stop = ctx.Err(); stop == nil {
			stop = fn(e)
		}
		return stop
	}
	err := eachParagraph(ctx, d.tree, dpkgDir+"/status", func(p *paragraph) error {
		name := p.Name
		if _, ok := d.info[name+":"+p.Arch]; ok {
			name += ":" + p.Arch
		} else if _, ok := d.info[name]; !ok || given[name] {
			name = ""
		}
		return give(p, name)
	})
	if err != nil && !absent(err) {
		bad = append(bad, err)
	}
	for _, name := range d.order {
		if stop != nil || ctx.Err() != nil {
			break
		}
		file := d.evidence(name)
		if given[name] || file == "" {
			continue
		}
		p := &paragraph{}
		p.Manager = Dpkg
		p.Name, p.Arch = cutName(name)
		p.Place = Place{Path: file}
		if err := give(p, name); err != nil {
			bad = append(bad, err)
		}
	}
	return errors.Join(bad...)
}

// evidence gives the file by which a package is there: its list, or else a script.
func (d *dpkgDB) evidence(name string) string {
	for _, ext := range append([]string{"list"}, dpkgScripts...) {
		if d.has(name, ext) {
			return dpkgInfo + name + "." + ext
		}
	}
	return ""
}

func (d *dpkgDB) has(name, ext string) bool {
	for _, e := range d.info[name] {
		if e == ext {
			return true
		}
	}
	return false
}

// eachParagraph reads the paragraphs of a status file (deb-status).
func eachParagraph(ctx context.Context, tree filesystem.Tree, name string, fn func(*paragraph) error) error {
	p := &paragraph{}
	n := 0
	flush := func() error {
		defer func() { p = &paragraph{} }()
		if p.Name == "" {
			return nil
		}
		return fn(p)
	}
	conffiles := false
	err := eachLine(tree, name, maxStatus, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(l.Text) == 0 {
			return flush()
		}
		if p.Name != "" {
			p.Place.Length = l.Offset + int64(len(l.Text)) - p.Place.Offset
		}
		if l.Text[0] == ' ' || l.Text[0] == '\t' {
			if conffiles && len(p.conffiles) < maxPackages {
				if c, ok := parseConffile(l.Head(maxValue)); ok {
					p.conffiles = append(p.conffiles, c)
				}
			}
			return nil
		}
		key, value, _ := strings.Cut(l.Head(maxValue), ":")
		value = strings.TrimSpace(value)
		conffiles = false
		switch strings.ToLower(key) {
		case "package":
			if err := flush(); err != nil {
				return err
			}
			if n++; n > maxPackages {
				return errTooManyPackages
			}
			p.Manager, p.Name = Dpkg, value
			p.Place = Place{Path: name, Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}
		case "version":
			p.Version = value
		case "architecture":
			p.Arch = value
		case "status":
			p.Status = value
		case "maintainer":
			p.Maintainer = value
		case "source":
			p.Source = value
		case "conffiles":
			conffiles = true
		}
		return nil
	})
	if ferr := flush(); err == nil {
		err = ferr
	}
	return err
}

// parseConffile reads " /etc/x 0123... obsolete".
func parseConffile(line string) (conffile, bool) {
	f := strings.Fields(line)
	if len(f) < 2 || f[0][0] != '/' {
		return conffile{}, false
	}
	c := conffile{path: f[0], digest: newDigest("md5", f[1])}
	for _, word := range f[2:] {
		c.obsolete = c.obsolete || word == "obsolete"
	}
	return c, true
}

// files reads the file list of a package and the sums of its files.
func (d *dpkgDB) files(ctx context.Context, name string, p *paragraph, e *entry) error {
	list := dpkgInfo + name + ".list"
	if found, err := d.tree.Lookup(list, true); err == nil {
		e.listPlace = Place{Path: list}
		if in, err := found.Inode(); err == nil {
			e.Installed = in.Mtime.Time()
		}
	}
	var bad error
	if d.has(name, "list") {
		bad = eachLine(d.tree, list, maxList, func(l artifact.Line) error {
			if l.Number&0xfff == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if len(l.Text) < 2 || l.Text[0] != '/' || l.Cut || string(l.Text) == "/." {
				return nil
			}
			if len(e.files) >= maxPaths {
				return fmt.Errorf("line %d: more than %d paths", l.Number, maxPaths)
			}
			e.files = append(e.files, File{Path: string(l.Text)})
			return nil
		})
		if bad != nil && !artifact.Ended(bad) {
			return bad
		}
	}
	at := make(map[string]int, len(e.files))
	for i := range e.files {
		at[unmerged(e.files[i].Path)] = i
	}
	for _, c := range p.conffiles {
		i, ok := at[unmerged(c.path)]
		if !ok {
			continue
		}
		f := &e.files[i]
		f.Flags |= Config
		if c.obsolete {
			f.Flags |= Obsolete
		}
		if !c.digest.IsZero() {
			f.Digest, f.Known = c.digest, f.Known|DigestKnown
		}
	}
	if !d.has(name, "md5sums") {
		return bad
	}
	return errors.Join(bad, eachSum(ctx, d.tree, dpkgInfo+name+".md5sums", func(p string, digest Digest) error {
		if i, ok := at[unmerged(p)]; ok && !e.files[i].Is(Config) {
			e.files[i].Digest, e.files[i].Known = digest, e.files[i].Known|DigestKnown
		}
		return nil
	}))
}

// unmerged writes a path of a package that was made for a system with a merged /usr as
// one made for a system without; both kinds name a file alike so.
func unmerged(p string) string {
	const usr = "/usr"
	if !strings.HasPrefix(p, usr+"/") {
		return p
	}
	rest := p[len(usr):]
	for _, d := range [...]string{"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"} {
		if strings.HasPrefix(rest, d) {
			return rest
		}
	}
	return p
}

// eachSum reads deb-md5sums(5): 32 hex digits, two blanks, the path without its first
// slash.
func eachSum(ctx context.Context, tree filesystem.Tree, name string, fn func(path string, d Digest) error) error {
	return eachLine(tree, name, maxList, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		sum, p, ok := strings.Cut(string(l.Text), "  ")
		if !ok || len(sum) != 32 || l.Cut {
			return nil
		}
		d := newDigest("md5", sum)
		if d.IsZero() {
			return nil
		}
		return fn("/"+strings.TrimPrefix(strings.TrimPrefix(p, "./"), "/"), d)
	})
}

// scripts reads the scripts of a package.
func (d *dpkgDB) scripts(name string, e *entry, bad *[]error) {
	for _, ext := range dpkgScripts {
		if !d.has(name, ext) {
			continue
		}
		s, err := readScript(d.tree, dpkgInfo+name+"."+ext)
		if err != nil {
			if len(*bad) < maxProblems {
				*bad = append(*bad, err)
			}
			continue
		}
		s.Name = ext
		if ext != "triggers" {
			s.Interpreter = interpreter(s.Text)
		}
		e.scripts = append(e.scripts, s)
	}
}

// statusDir is the database of an image that was built without dpkg: a paragraph a file,
// and the sums beside it.
type statusDir struct {
	tree  filesystem.Tree
	names []string
}

func (d *statusDir) manager() Manager { return Dpkg }
func (d *statusDir) place() string    { return dpkgDir + "/status.d" }

func (d *statusDir) each(ctx context.Context, want parts, fn func(*entry) error) error {
	sums := make(map[string]bool)
	for _, name := range d.names {
		if strings.HasSuffix(name, ".md5sums") {
			sums[strings.TrimSuffix(name, ".md5sums")] = true
		}
	}
	var bad []error
	var stop error // what ends the reading
	for _, name := range d.names {
		file := d.place() + "/" + name
		if strings.HasSuffix(name, ".md5sums") || !isFile(d.tree, file) {
			continue
		}
		err := eachParagraph(ctx, d.tree, file, func(p *paragraph) error {
			e := &entry{Package: p.Package}
			if sums[name] && want.files {
				err := eachSum(ctx, d.tree, file+".md5sums", func(path string, digest Digest) error {
					e.files = append(e.files, File{Path: path, Digest: digest, Known: DigestKnown})
					return nil
				})
				if err != nil && len(bad) < maxProblems {
					bad = append(bad, err)
				}
				sums[name] = false // a second paragraph has no files of its own
			}
			stop = fn(e)
			return stop
		})
		if ctx.Err() != nil || stop != nil {
			return errors.Join(append(bad, err, ctx.Err())...)
		}
		if err != nil && len(bad) < maxProblems {
			bad = append(bad, err)
		}
	}
	return errors.Join(bad...)
}
