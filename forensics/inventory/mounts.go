package inventory

import "icecore/forensics/model"

// Mount is one thing that the system mounts.
type Mount struct {
	What, Where, Type string
	Options           []string
	Volume            string // of the images that holds it; empty: none does
	By                string // what asks for it: fstab, a unit
	Source            model.Source
}

func mountList() List {
	return List{
		Name: "mounts", Doc: "What the system mounts: fstab(5) and mount units.",
		Extractors: []string{"systemd"},
		Columns: []Column{
			{Name: "where", Doc: "the mount point"},
			{Name: "what", Doc: "the device, share or directory, as configured"},
			{Name: "type", Doc: "of the filesystem, as configured"},
			{Name: "options", Type: model.List, Doc: "as configured"},
			{Name: "volume", Doc: "the volume that it means; empty: none of the images"},
			{Name: "by", Doc: "fstab, or the unit"},
		},
		rows: mountRows,
	}
}

func mountRows(in *Input) []Row {
	list := in.Mounts
	for _, r := range in.live(model.SystemdUnit) {
		if r.Get("type") == "mount" && r.Has("where") && !r.Is("dropin") {
			list = append(list, Mount{What: r.Get("what"), Where: r.Get("where"), By: r.Get("unit"), Source: r.Source})
		}
	}
	out := make([]Row, 0, len(list))
	for i := range list {
		m := &list[i]
		out = append(out, Row{[]Cell{one(m.Where), one(m.What), one(m.Type), m.Options, one(m.Volume), one(m.By)}, m.Source})
	}
	return out
}
