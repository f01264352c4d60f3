package origin

import (
	"fmt"
	"time"

	"icecore/forensics/model"
)

// maxRecords is how many components an inventory holds.
const maxRecords = 50_000

// Records makes the inventory of a host: one record a component, whose source is the
// manifest. The source has the path alone, as the host saw it; image, host and volume are
// for the caller to add. The error says how many there are, where the bound left some out.
func (ix *Index) Records() ([]model.Record, error) {
	var out []model.Record
	n := 0
	for _, c := range ix.Components() {
		if c.part {
			continue
		}
		if n++; n > maxRecords {
			continue
		}
		r := model.Record{Kind: model.Component, Source: model.Source{Path: c.Manifest, DiskOffset: -1}}
		r.Add("manager", c.Kind)
		r.AddText("name", c.Name)
		r.AddText("version", c.Version)
		r.Add("directory", c.Dir)
		r.AddText("installed_from", c.From)
		r.Add("owner", c.Owner)
		if c.Files > 0 {
			r.AddInt("files", int64(c.Files))
		}
		if c.Installed != 0 {
			r.Times = append(r.Times, model.Stamp{What: "installed", Time: time.Unix(c.Installed, 0).UTC()})
		}
		out = append(out, r)
	}
	if n > maxRecords {
		return out, fmt.Errorf("%d components, of which the first %d are listed", n, maxRecords)
	}
	return out, nil
}

// AddTo adds the fields origin and origin_state to a record of a file.
func (o Origin) AddTo(r *model.Record) {
	r.AddText("origin", o.String())
	r.Add("origin_state", string(o.State))
}
