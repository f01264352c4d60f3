package detect

import (
	"path"

	"icecore/forensics/model"
)

func loginRecordsZeroed() Analysis {
	return Analysis{
		Name: "login_records_zeroed", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.002"},
		Title:          model.Msg("login_records_zeroed.title"),
		Description:    model.Msg("login_records_zeroed.about"),
		FalsePositives: model.Msg("login_records_zeroed.benign"),
		run:            (*collection).zeroedLogins,
	}
}

// zeroedLogins looks for records of logins that were overwritten with zeros. An empty
// file has none, and lastlog is sparse: its zeros are users who never logged in.
func (c *collection) zeroedLogins(a *Analysis) {
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.LogCoverage || path.Base(r.Source.InHost()) == "lastlog" {
			continue
		}
		n := number(r.Get("zeroed"))
		if n == 0 {
			continue
		}
		f := c.found(a, r)
		f.Message = model.Msg("login_records_zeroed.title")
		f.Add("login_records_zeroed.records", "count", n)
		f.When = model.When{}
		c.add(f)
	}
}
