package inventory

import "icecore/forensics/model"

// Mount is one thing that a host mounts.
type Mount struct {
	What, Where, Type string
	Options           []string
	Volume            string // of the images that holds it; empty: none, or a bind mount
	By                string // the file that asks for it, a path of the host
	Inferred          string // from what it was concluded, where no file asks for it
	Source            model.Source
}

func mountList() List {
	return List{
		Name: "mounts", Doc: "What each host mounts: fstab(5), mount units, and what was concluded. Of an analysis.json the source is the volume alone.",
		Extractors: []string{"systemd"},
		Columns: []Column{
			{Name: "where", Type: model.Path, Doc: "the mount point"},
			{Name: "what", Doc: "the device, share or directory, as configured"},
			{Name: "type", Doc: "of the filesystem, as configured"},
			{Name: "options", Type: model.List, Doc: "as configured"},
			{Name: "volume", Doc: "the volume that it means; empty: none of the images, or a bind mount"},
			{Name: "by", Type: model.Path, Doc: "the file that asks for it", Hidden: true},
			{Name: "inferred", Doc: "from what it was concluded, where no file asks for it: superblock, ostree"},
		},
		rows: mountRows,
	}
}

func mountRows(in *Input) []Row {
	list := in.Mounts
	known := make(map[[2]string]bool) // by host and mount point
	for i := range list {
		known[[2]string{list[i].Source.Host, list[i].Where}] = true
	}
	for _, r := range in.live(model.SystemdUnit) {
		if r.Get("type") == "mount" && r.Has("where") && !r.Is("dropin") && !known[[2]string{r.Source.Host, r.Get("where")}] {
			list = append(list, Mount{What: r.Get("what"), Where: r.Get("where"), By: r.Source.InHost(), Source: r.Source})
		}
	}
	out := make([]Row, 0, len(list))
	for i := range list {
		m := &list[i]
		out = append(out, Row{[]Cell{
			one(m.Where), one(m.What), one(m.Type), m.Options, one(m.Volume), one(m.By), one(m.Inferred),
		}, m.Source})
	}
	return out
}
