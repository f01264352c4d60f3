package inventory

import (
	"path"
	"slices"

	"icecore/forensics/model"
)

func listenerList() List {
	return List{
		Name: "listeners", Doc: "Addresses and ports that servers are configured to listen on. A service that is not enabled is listed, too.",
		Extractors: []string{"listeners", "systemd"},
		Columns: []Column{
			{Name: "service", Doc: "the server: sshd, nginx, apache, redis, mysql, postgresql, docker, ...; of a socket unit its name"},
			{Name: "address", Doc: "as configured; `*` where none is given: all"},
			{Name: "port", Doc: "number, or the name of it in services(5)"},
			{Name: "protocol", Doc: "tcp, udp"},
			{Name: "exposed", Type: model.Bool, Doc: "the address means all interfaces"},
			{Name: "enabled", Type: model.Bool, Doc: "of socket units and services of xinetd: it is enabled; empty: not known"},
			{Name: "default", Type: model.Bool, Doc: "the port is the server's default: no line configures it", Hidden: true},
			modifiedColumn(),
		},
		rows: listenerRows,
	}
}

func listenerRows(in *Input) []Row {
	type key struct{ host, service string }
	configured := make(map[key]bool)
	units := indexUnits(in)
	list := in.live(model.Listener)
	for _, r := range list {
		if !r.Is("default") {
			configured[key{r.Source.Host, r.Get("service")}] = true
		}
	}
	var out []Row
	for _, r := range list {
		// Another file of the server may configure the port.
		if r.Is("default") && configured[key{r.Source.Host, r.Get("service")}] {
			continue
		}
		enabled := one(r.Get("enabled"))
		if unit := r.Get("service"); path.Ext(unit) == ".socket" {
			enabled = yes(slices.ContainsFunc([]string{"", "user"}, func(scope string) bool {
				return len(units.wanted[unitKey{r.Source.Host, scope, unit}]) > 0
			}))
		}
		out = append(out, Row{[]Cell{
			one(r.Get("service")), one(r.Get("address")), one(r.Get("port")), one(r.Get("protocol")), yes(r.Is("exposed")), enabled,
			yes(r.Is("default")), moment(r.Time("modified")),
		}, r.Source})
	}
	return out
}
