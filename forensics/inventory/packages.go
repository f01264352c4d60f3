package inventory

import (
	"strings"
	"time"

	"icecore/forensics/model"
)

// Package is a package as a package database has it, or a component of another installer.
type Package struct {
	Name, Version, Architecture string
	Manager                     string // dpkg, rpm, apk; python, npm, gem, ...
	Status                      string
	Installed                   time.Time // zero: unknown
	Maintainer                  string
	// Verified says that the files of the package were compared; Changes has one line
	// for each that differs.
	Verified bool
	Changes  []string
	Source   model.Source
}

func packageList() List {
	return List{
		Name: "packages", Doc: "Packages of the package databases, and what pip, npm and other installers brought.",
		Extractors: []string{"dpkg"}, Packages: true,
		Columns: []Column{
			{Name: "package", Doc: "its name"},
			{Name: "version", Doc: "its version"},
			{Name: "architecture", Doc: "its architecture"},
			{Name: "status", Doc: "of dpkg: installed, or what else its database says: `deinstall ok config-files`, ..."},
			{Name: "manager", Doc: "dpkg, rpm, apk; of other installers python, npm, gem, go, ...; vendor: a directory whose files came together"},
			{Name: "installed", Doc: "installed or upgraded, UTC, where the database or its files say so"},
			{Name: "maintainer", Doc: "as the package states it", Hidden: true},
			{Name: "changes", Type: model.List, Doc: "with --verify: files that are not as the package states them, in the lines of `dpkg --verify`, `rpm --verify`, `apk audit`"},
		},
		rows: packageRows,
	}
}

func packageRows(in *Input) []Row {
	list := in.Packages
	if list == nil {
		list = recordedPackages(in)
	}
	out := make([]Row, 0, len(list))
	for i := range list {
		p := &list[i]
		out = append(out, Row{[]Cell{
			one(p.Name), one(p.Version), one(p.Architecture), one(strings.TrimPrefix(p.Status, "install ok ")), one(p.Manager), moment(p.Installed), one(p.Maintainer), p.Changes,
		}, p.Source})
	}
	return out
}

// recordedPackages gives the packages of the records, and when the list of their files
// was written.
func recordedPackages(in *Input) []Package {
	type key struct{ host, name, architecture string }
	lists := make(map[key]time.Time)
	for _, r := range in.live(model.PackageList) {
		lists[key{r.Source.Host, r.Get("package"), r.Get("architecture")}] = r.Time("modified")
	}
	var out []Package
	for _, r := range in.live(model.PackageEntry) {
		p := Package{
			Name: r.Get("package"), Version: r.Get("version"), Architecture: r.Get("architecture"), Manager: r.Get("manager"),
			Status: r.Get("status"), Maintainer: r.Get("maintainer"), Source: r.Source,
		}
		// Only packages of several architectures have theirs in the names of their lists.
		p.Installed = lists[key{r.Source.Host, p.Name, ""}]
		if t, ok := lists[key{r.Source.Host, p.Name, p.Architecture}]; ok {
			p.Installed = t
		}
		if t := r.Time("installed"); !t.IsZero() {
			p.Installed = t
		}
		out = append(out, p)
	}
	for _, r := range in.live(model.Component) {
		if !r.Has("owner") { // else it is a package of the distribution
			out = append(out, ComponentOf(r))
		}
	}
	return out
}

// ComponentOf makes the package of a record origin.component.
func ComponentOf(r *model.Record) Package {
	return Package{
		Name: r.Get("name"), Version: r.Get("version"), Manager: r.Get("manager"), Installed: r.Time("installed"), Source: r.Source,
	}
}
