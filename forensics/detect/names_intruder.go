package detect

import (
	"net/netip"
	"net/url"
	"strings"

	"icecore/forensics/model"
)

func namesIntruder() Analysis {
	return Analysis{
		Name: "names_intruder", Level: Medium, Phase: PhaseExecution, Techniques: []string{"T1105"},
		Title:          model.Msg("names_intruder.about"),
		Description:    model.Msg("names_intruder.about.text"),
		FalsePositives: model.Msg("names_intruder.benign"),
		run:            (*collection).intruders,
	}
}

// maxFindings bounds the findings that an image with very many lines of one kind
// gives.
const maxFindings = 10_000

// intruders raises what names the intruder: an address from which a password was
// guessed and then accepted, or the pool of a miner that was found. What alone is
// odd is then part of the same story.
func (c *collection) intruders(a *Analysis) {
	hosts := c.attackerHosts()
	if len(hosts) == 0 {
		return
	}
	proof := make(map[string]bool)
	for i := range c.findings {
		f := &c.findings[i]
		for _, id := range f.Records {
			proof[id] = true
		}
		if f.Level < Low || f.Level >= High || f.Rule == guessing().Name {
			continue
		}
		if h := names(c.byID[f.Records[0]], hosts); h != "" {
			f.Level++
			f.Details = append(f.Details, hosts[h])
		}
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		h := names(rec, hosts)
		if h == "" || proof[rec.ID] || len(c.findings) > maxFindings {
			continue
		}
		f := c.found(a, rec)
		f.Message, f.Details = model.Msg("names_intruder.title", "host", h), []model.Message{hosts[h]}
		f.Add("names_intruder.alone")
		if rec.Source.State == model.Deleted {
			f.Add("finding.deleted")
		}
		c.add(f)
	}
}

// attackerHosts gives the hosts that belong to the intruder, and how that is known.
func (c *collection) attackerHosts() map[string]model.Message {
	hosts := make(map[string]model.Message)
	for i := range c.findings {
		f := &c.findings[i]
		if f.Level < High {
			continue
		}
		for _, id := range f.Records {
			rec := c.byID[id]
			switch {
			case f.Rule == guessedPassword().Name:
				if h := hostOf(rec.Get("address")); h != "" {
					hosts[h] = model.Msg("names_intruder.guessed", "host", h)
				}
			case rec.Kind == model.MinerConfig:
				if h := hostOf(rec.Get("pool")); h != "" && hosts[h].IsZero() {
					hosts[h] = model.Msg("names_intruder.pool", "host", h)
				}
			}
		}
	}
	return hosts
}

// names gives the one of some hosts that a record names in a URL.
func names(rec *model.Record, hosts map[string]model.Message) string {
	if rec.Kind == model.MinerConfig || rec.Kind == model.YARAMatch {
		return ""
	}
	for _, u := range rec.List("urls") {
		if h := hostOf(u); !hosts[h].IsZero() {
			return h
		}
	}
	return ""
}

// hostOf gives the host of a URL or of host:port, in lower case; an address in the
// form in which the others are written.
func hostOf(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String()
	}
	if !strings.Contains(s, "://") {
		s = "x://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	h := strings.ToLower(u.Hostname())
	if a, err := netip.ParseAddr(h); err == nil {
		return a.Unmap().String()
	}
	return h
}
