package inventory

import (
	"path"
	"slices"
	"strings"

	"icecore/forensics/model"
)

func unitList() List {
	return List{
		Name: "units", Doc: "Unit files of systemd, with drop-ins, aliases and masks, of the system and of users.",
		Extractors: []string{"systemd"},
		Columns: []Column{
			{Name: "unit", Doc: "its name; of a drop-in that of the unit that it changes"},
			{Name: "type", Doc: "service, timer, socket, path, ...", Hidden: true},
			{Name: "state", Doc: "as `systemctl list-unit-files` has it: enabled, disabled, static, indirect, masked, alias; drop-in; overridden: " +
				"a file of that name in a directory of higher priority counts"},
			{Name: "wanted_by", Type: model.List, Doc: "the units whose .wants, .requires or .upholds link to it"},
			{Name: "exec", Type: model.List, Doc: "commands of ExecStart= and the like; of timers and paths the unit that they start; of sockets the addresses; " +
				"of mounts what is mounted, and where; of an alias the target"},
			{Name: "user", Doc: "User=; empty: root, or of a user's unit that user"},
			{Name: "scope", Doc: "`user` for units of users", Hidden: true},
			{Name: "error", Doc: "why systemd would not load it", Hidden: true},
			packageColumn(), modifiedColumn(),
		},
		rows: unitRows,
	}
}

// unitKey names a unit of a host.
type unitKey struct{ host, scope, unit string }

type unitIndex struct {
	wanted  map[unitKey][]string // by which units
	enabled map[unitKey]bool     // by a link that the administrator, or the package for him, made
	// instance marks templates of which an instance is enabled.
	instance map[unitKey]bool
	exec     map[fileKey][]string // the commands of a file
	best     map[unitKey]int      // the highest priority of a file of that name
}

type fileKey struct{ host, volume, path string }

func keyOf(r *model.Record) unitKey { return unitKey{r.Source.Host, r.Get("scope"), r.Get("unit")} }

func fileOf(r *model.Record) fileKey { return fileKey{r.Source.Host, r.Source.Volume, r.Source.Path} }

func indexUnits(in *Input) *unitIndex {
	x := &unitIndex{
		make(map[unitKey][]string), make(map[unitKey]bool), make(map[unitKey]bool), make(map[fileKey][]string), make(map[unitKey]int),
	}
	for _, r := range in.live(model.SystemdEnabled, model.SystemdExec, model.SystemdUnit) {
		switch r.Kind {
		case model.SystemdEnabled:
			for _, k := range linked(r) {
				if by := r.Get("wanted_by"); !slices.Contains(x.wanted[k], by) {
					x.wanted[k] = append(x.wanted[k], by)
				}
				if priority(r.Source.InHost()) >= configured {
					instance := strings.Contains(k.unit, "@.") && k.unit != r.Get("unit")
					x.enabled[k] = x.enabled[k] || !instance
					x.instance[k] = x.instance[k] || instance
				}
			}
		case model.SystemdExec:
			x.exec[fileOf(r)] = append(x.exec[fileOf(r)], r.Get("command"))
		default:
			if !r.Is("dropin") {
				x.best[keyOf(r)] = max(x.best[keyOf(r)], priority(r.Source.InHost()))
			}
		}
	}
	return x
}

// linked gives the units that a link enables: the one that it names, the template of an
// instance, and the one that it leads to.
func linked(r *model.Record) []unitKey {
	k := keyOf(r)
	out := []unitKey{k}
	for _, name := range []string{k.unit, path.Base(r.Get("target"))} {
		k.unit = name
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
		if at, ext := strings.IndexByte(name, '@'), path.Ext(name); at > 0 && at+1 < len(name)-len(ext) {
			k.unit = name[:at+1] + ext
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// configured is the lowest priority of a directory that is not a package's.
const configured = 3

// priority gives the rank of the directory of a unit file, as systemd.unit(5) orders them.
func priority(p string) int {
	switch {
	case strings.HasPrefix(p, "/lib/"):
		return 1
	case strings.HasPrefix(p, "/usr/lib/"), strings.HasPrefix(p, "/usr/share/"):
		return 1
	case strings.HasPrefix(p, "/usr/local/"):
		return 2
	case strings.HasPrefix(p, "/run/"):
		return configured
	case strings.HasPrefix(p, "/etc/"):
		return 4
	}
	return 5 // of a user's home
}

func unitRows(in *Input) []Row {
	x := indexUnits(in)
	var out []Row
	for _, r := range in.live(model.SystemdUnit, model.SystemdAlias) {
		k := keyOf(r)
		exec := x.exec[fileOf(r)]
		state, kind := "alias", r.Get("type")
		if r.Kind == model.SystemdAlias {
			exec, kind = []string{r.Get("target")}, strings.TrimPrefix(path.Ext(k.unit), ".")
		} else {
			state = x.state(r)
			exec = slices.Concat(exec, r.List("triggers"), r.List("listen"), mounted(r))
		}
		out = append(out, Row{[]Cell{
			one(k.unit), one(kind), one(state), x.wanted[k], exec, one(r.Get("user")), one(k.scope), one(r.Get("error")),
			in.owner(&r.Source), moment(r.Time("modified")),
		}, r.Source})
	}
	return out
}

func mounted(r *model.Record) []string {
	if !r.Has("where") {
		return nil
	}
	return []string{r.Get("what") + " " + r.Get("where")}
}

func (x *unitIndex) state(r *model.Record) string {
	k := keyOf(r)
	switch {
	case r.Is("dropin"):
		return "drop-in"
	case priority(r.Source.InHost()) < x.best[k]:
		return "overridden"
	case r.Is("masked"):
		return "masked"
	case x.enabled[k]:
		return "enabled"
	case x.instance[k]:
		return "indirect"
	case r.Has("wanted_by") || r.Has("required_by") || r.Has("alias"):
		return "disabled"
	case r.Has("also"):
		return "indirect"
	}
	return "static"
}
