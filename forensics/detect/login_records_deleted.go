package detect

import "icecore/forensics/model"

func loginRecordsDeleted() Analysis {
	return Analysis{
		Name: "login_records_deleted", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.002"},
		Title:          model.Msg("login_records_deleted.title"),
		Description:    model.Msg("login_records_deleted.about"),
		FalsePositives: model.Msg("login_records_deleted.benign"),
		run:            (*collection).deletedLogins,
	}
}

// deletedLogins looks for rows that are missing among those of wtmpdb, which are numbered
// through: rotation takes the oldest alone.
func (c *collection) deletedLogins(a *Analysis) {
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.LogCoverage {
			continue
		}
		n := number(r.Get("deleted_rows"))
		if n == 0 {
			continue
		}
		f := c.found(a, r)
		f.Message = model.Msg("login_records_deleted.title")
		f.Add("login_records_deleted.records", "count", n)
		f.When = model.When{}
		c.add(f)
	}
}
