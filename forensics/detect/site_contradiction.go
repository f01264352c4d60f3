package detect

import (
	"icecore/forensics/model"
	"icecore/forensics/site"
)

func siteContradiction() Analysis {
	return Analysis{
		Name: "site_contradiction", Level: Medium, Phase: PhaseAccess, Techniques: []string{"T1078"},
		Title:          model.Msg("site.contradiction.about"),
		Description:    model.Msg("site.contradiction.about.text"),
		FalsePositives: model.Msg("site.contradiction.benign"),
		run:            (*collection).contradictSite,
	}
}

// contradictSite raises what the site's profile contradicts: a login from elsewhere, a key or
// an account that is not in it. Logins from one address are one finding.
func (c *collection) contradictSite(a *Analysis) {
	if c.in.Site == nil {
		return
	}
	subject := make(map[string]int, len(c.findings))
	for i := range c.findings {
		for n, id := range c.findings[i].Records {
			if _, ok := subject[id]; !ok || n == 0 {
				subject[id] = i
			}
		}
	}
	raised := make(map[int]bool)
	same := make(map[string]int)
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		what := c.in.Site.Contradicts(rec, LogsIn)
		if what == "" || c.secondary(rec) {
			continue
		}
		said := saysOther(what, rec)
		if n, ok := subject[rec.ID]; ok {
			if f := &c.findings[n]; !raised[n] {
				raised[n] = true
				if f.Level < High {
					f.Level++
				}
				f.Details = append(f.Details, said)
			}
			continue
		}
		key := what + "\x00" + rec.Source.Host + "\x00" + otherValue(what, rec)
		if what == site.OtherAccount {
			key += rec.ID
		}
		if n, ok := same[key]; ok {
			c.findings[n].list(rec.ID)
			continue
		}
		if len(c.findings) > maxFindings {
			return
		}
		f := c.found(a, rec)
		f.Message = said
		same[key] = len(c.findings)
		c.add(f)
	}
}

func saysOther(what string, rec *model.Record) model.Message {
	switch v := otherValue(what, rec); what {
	case site.OtherAddress:
		return model.Msg("site.other.address", "value", v)
	case site.OtherKey:
		return model.Msg("site.other.key", "value", v)
	default:
		return model.Msg("site.other.account", "value", v)
	}
}

func otherValue(what string, rec *model.Record) string {
	switch what {
	case site.OtherAddress:
		return rec.Get("address")
	case site.OtherKey:
		return rec.Get("fingerprint")
	}
	return rec.Get("name")
}

// explainBySite makes informational what the site's profile explains. An owner or an address
// explains no more than medium; a digest, a fingerprint or a whole command anything.
func (c *collection) explainBySite() {
	if c.in.Site == nil {
		return
	}
	for i := range c.findings {
		f := &c.findings[i]
		if f.Level <= Informational || f.Rule == siteContradiction().Name {
			continue
		}
		why := c.explained(f)
		if why == nil || !why.Sure && f.Level > Medium {
			continue
		}
		f.Add("site.explained", "level", f.Level.String(), "file", why.File, "line", why.Line)
		f.Level, f.firm = Informational, min(f.firm, Informational)
	}
}

// explained gives what explains a finding: its subject, and with it each other record of the
// same kind. What contradicts the profile is not explained by another part of it.
func (c *collection) explained(f *Finding) *site.Why {
	subject := c.byID[f.Records[0]]
	var why *site.Why
	for _, id := range f.Records {
		rec := c.byID[id]
		if c.in.Site.Contradicts(rec, LogsIn) != "" {
			return nil
		}
		if rec.Kind != subject.Kind {
			continue
		}
		w := c.in.Site.Explain(rec, func() site.Owner {
			ff := c.lookup(rec.Source.Host, rec.Source.InHost())
			if ff == nil || ff.Inode == nil {
				return site.Owner{}
			}
			return site.Owner{UID: int64(ff.Inode.UID), Package: ff.Owner, Known: true}
		})
		if w == nil {
			return nil
		}
		if why == nil || !w.Sure {
			why = w
		}
	}
	return why
}
