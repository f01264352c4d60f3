// Package osv reads advisories in the form of the Open Source Vulnerability schema
// (https://ossf.github.io/osv-schema/), and says which of them are about an installed
// package: known malicious releases (MAL-...) and vulnerabilities.
//
// A directory of *.json, a ZIP of them as osv.dev exports it, or one file is read; a short
// list of the best-known malicious releases is embedded (known.json, in the same form).
// Versions are compared as npm, PyPI, RubyGems, Maven, Packagist, Go and crates.io do; of the
// packages of distributions, only listed versions are.
package osv

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed known.json
var known []byte

const (
	maxFile       = 32 << 20 // bytes of one advisory, or list of them
	maxAdvisories = 2_000_000
	maxNamed      = 5 // problems of one path that are named
	maxOf         = 1000
)

// Advisory is one entry.
type Advisory struct {
	ID        string
	Aliases   []string
	Summary   string
	Reference string
	Malicious bool
	Known     bool // of the embedded list
}

// Problem is what could not be read.
type Problem struct{ File, Why string }

// DB is a set of advisories. A nil DB has none. It may be used from several goroutines.
type DB struct {
	Problems []Problem

	packages map[string][]affected // by ecosystem and name
	count    int
	bad      int
}

// affected is one package of an advisory.
type affected struct {
	of       *Advisory
	versions []string
	ranges   [][]event
	all      bool // no version is stated: every one
}

// event is where a range begins or ends.
type event struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

// entry is the form of a file.
type entry struct {
	ID         string   `json:"id"`
	Aliases    []string `json:"aliases"`
	Summary    string   `json:"summary"`
	Withdrawn  string   `json:"withdrawn"`
	References []struct {
		URL string `json:"url"`
	} `json:"references"`
	Affected []struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
		Versions []string `json:"versions"`
		Ranges   []struct {
			Type   string  `json:"type"`
			Events []event `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
}

// Load reads the embedded list, and paths. A path that cannot be read, or that holds no
// advisory, is an error.
func Load(paths []string) (*DB, error) {
	d := &DB{packages: make(map[string][]affected)}
	if err := d.read("known.json", known, true); err != nil {
		return nil, err
	}
	for _, p := range paths {
		before := d.count
		if err := d.load(p); err != nil {
			return nil, err
		}
		if d.count == before {
			why := "no advisory in the form of OSV"
			if len(d.Problems) > 0 {
				why = d.Problems[len(d.Problems)-1].Why
			}
			return nil, fmt.Errorf("%s: %s", p, why)
		}
	}
	return d, nil
}

func (d *DB) load(p string) error {
	d.bad = 0
	if strings.EqualFold(filepath.Ext(p), ".zip") {
		z, err := zip.OpenReader(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		defer z.Close()
		for _, f := range z.File {
			if strings.HasSuffix(f.Name, ".json") {
				d.one(p+"!"+f.Name, func() (io.ReadCloser, error) { return f.Open() })
			}
		}
	} else if err := filepath.WalkDir(p, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("advisories: %w", err)
		}
		if e.Type().IsRegular() && (name == p || strings.EqualFold(filepath.Ext(name), ".json")) {
			d.one(name, func() (io.ReadCloser, error) { return os.Open(name) })
		}
		return nil
	}); err != nil {
		return err
	}
	if more := d.bad - maxNamed; more > 0 {
		d.Problems = append(d.Problems, Problem{p, fmt.Sprintf("%d more files could not be read", more)})
	}
	return nil
}

// one reads one file; what is wrong with it is a problem.
func (d *DB) one(name string, open func() (io.ReadCloser, error)) {
	f, err := open()
	if err == nil {
		var b []byte
		b, err = io.ReadAll(io.LimitReader(f, maxFile+1))
		f.Close()
		if err == nil {
			err = d.read(name, b, false)
		}
	}
	if err == nil {
		return
	}
	if d.bad++; d.bad <= maxNamed {
		d.Problems = append(d.Problems, Problem{name, err.Error()})
	}
}

// read reads one advisory, or a list of them.
func (d *DB) read(name string, b []byte, known bool) error {
	if len(b) > maxFile {
		return fmt.Errorf("larger than %d bytes", maxFile)
	}
	var list []entry
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '[' {
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
	} else {
		var e entry
		if err := json.Unmarshal(b, &e); err != nil {
			return err
		}
		list = []entry{e}
	}
	for i := range list {
		if list[i].ID == "" || len(list[i].Affected) == 0 && list[i].Withdrawn == "" {
			return errors.New("no advisory: it has no id, or affects nothing")
		}
		if err := d.add(&list[i], known); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (d *DB) add(e *entry, known bool) error {
	if e.Withdrawn != "" {
		return nil
	}
	if d.count >= maxAdvisories {
		return fmt.Errorf("more than %d advisories", maxAdvisories)
	}
	d.count++
	a := &Advisory{ID: e.ID, Aliases: e.Aliases, Summary: e.Summary, Known: known, Malicious: known || strings.HasPrefix(e.ID, "MAL-")}
	for _, s := range e.Aliases {
		a.Malicious = a.Malicious || strings.HasPrefix(s, "MAL-")
	}
	if len(e.References) > 0 {
		a.Reference = e.References[0].URL
	}
	for _, x := range e.Affected {
		base, _, _ := strings.Cut(x.Package.Ecosystem, ":")
		t := affected{of: a, versions: x.Versions, all: len(x.Versions) == 0 && len(x.Ranges) == 0}
		for _, r := range x.Ranges {
			if r.Type == "SEMVER" || r.Type == "ECOSYSTEM" {
				t.ranges = append(t.ranges, r.Events)
			}
		}
		k := key(base, x.Package.Name)
		if len(d.packages[k]) < maxOf {
			d.packages[k] = append(d.packages[k], t)
		}
	}
	return nil
}

// key is the place of a package. PyPI's names are one, however they are written.
func key(ecosystem, name string) string {
	e := strings.ToLower(ecosystem)
	switch e {
	case "pypi":
		name = strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))
	case "packagist":
		name = strings.ToLower(name)
	}
	return e + "\x00" + name
}

// ecosystems are those of OSV by icecore's managers.
var ecosystems = map[string][]string{
	"python": {"PyPI"}, "conda": {"PyPI"}, "npm": {"npm"}, "gem": {"RubyGems"}, "composer": {"Packagist"}, "go": {"Go"},
	"cargo": {"crates.io"}, "maven": {"Maven"}, "jenkins": {"Maven"},
	"dpkg": {"Debian", "Ubuntu"}, "rpm": {"Red Hat", "Rocky Linux", "AlmaLinux", "openSUSE"}, "apk": {"Alpine"},
}

// Has says whether any advisory is about a package, of whatever version.
func (d *DB) Has(manager, name string) bool {
	if d == nil {
		return false
	}
	return slices.ContainsFunc(ecosystems[manager], func(e string) bool { return len(d.packages[key(e, name)]) > 0 })
}

// Of returns the advisories about an installed package, malicious ones first, each once.
func (d *DB) Of(manager, name, version string) (out []*Advisory) {
	if d == nil {
		return nil
	}
	for _, e := range ecosystems[manager] {
		for i := range d.packages[key(e, name)] {
			a := &d.packages[key(e, name)][i]
			if !slices.Contains(out, a.of) && a.has(e, version) {
				out = append(out, a.of)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *Advisory) int {
		if a.Malicious != b.Malicious {
			if a.Malicious {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

func (a *affected) has(ecosystem, version string) bool {
	if a.all {
		return true
	}
	plain := plainVersion(ecosystem, version)
	for _, v := range a.versions {
		if v == version || plainVersion(ecosystem, v) == plain {
			return true
		}
	}
	compare := comparer(ecosystem)
	if compare == nil || version == "" {
		return false
	}
	return slices.ContainsFunc(a.ranges, func(events []event) bool { return within(events, plain, compare) })
}

// within evaluates the events of a range as the schema says: in the order of versions.
func within(events []event, version string, compare func(a, b string) int) bool {
	before := func(limit string) bool { return limit == "*" || compare(version, limit) < 0 }
	limits, inside := false, false
	for _, e := range events {
		limits = limits || e.Limit != ""
	}
	if limits && !slices.ContainsFunc(events, func(e event) bool { return e.Limit != "" && before(e.Limit) }) {
		return false
	}
	sorted := slices.Clone(events)
	at := func(e event) string { return e.Introduced + e.Fixed + e.LastAffected }
	slices.SortStableFunc(sorted, func(a, b event) int {
		x, y := at(a), at(b)
		switch {
		case x == y:
			return 0
		case x == "0" || x == "":
			return -1
		case y == "0" || y == "":
			return 1
		}
		return compare(x, y)
	})
	for _, e := range sorted {
		switch {
		case e.Introduced != "" && (e.Introduced == "0" || compare(version, e.Introduced) >= 0):
			inside = true
		case e.Fixed != "" && compare(version, e.Fixed) >= 0:
			inside = false
		case e.LastAffected != "" && compare(version, e.LastAffected) > 0:
			inside = false
		}
	}
	return inside
}
