package detect

import "icecore/forensics/model"

// passwords adds to the findings about accounts that they can log in by password: the
// line in shadow.
func (c *collection) passwords() {
	type account struct{ volume, name string }
	passwords := make(map[account]*model.Record)
	for i := range c.in.Records {
		if r := &c.in.Records[i]; r.Kind == model.AccountShadow && !r.Has("backup") && r.Source.State == model.Live {
			passwords[account{r.Source.Volume, r.Get("name")}] = r
		}
	}
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		if rec.Kind != model.AccountUser || f.Level < Medium {
			continue
		}
		if s := passwords[account{rec.Source.Volume, rec.Get("name")}]; s != nil && s.Get("password") == "set" {
			f.Records = append(f.Records, s.ID)
			f.Add("account.password", "changed", s.Get("changed"))
		}
	}
}
