package inventory

import "icecore/forensics/model"

func containerList() List {
	return List{
		Name: "containers", Doc: "Systems within the server: containers, chroots.",
		Columns: []Column{
			{Name: "id", Doc: "of the host, as sources name it"},
			{Name: "root", Doc: "its root directory on its volume"},
			{Name: "hostname", Doc: "its host name"},
			{Name: "os", Doc: "PRETTY_NAME of os-release(5)"},
		},
		rows: containerRows,
	}
}

func containerRows(in *Input) []Row {
	var out []Row
	for i := range in.Analysis.Hosts {
		h := &in.Analysis.Hosts[i]
		if i == 0 {
			continue // the server itself
		}
		src := model.Source{Host: h.ID, Volume: h.Volume, Path: h.Root, DiskOffset: -1}
		out = append(out, Row{[]Cell{one(h.ID), one(h.Root), one(h.Hostname), one(h.OS)}, src})
	}
	return out
}
