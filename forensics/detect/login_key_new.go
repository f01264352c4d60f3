package detect

import (
	"time"

	"icecore/forensics/model"
)

const (
	usedAtOnce = 2 * time.Minute // between the writing of a key and a login by it
	sameVisit  = time.Hour       // a password login from there before it: ssh-copy-id
)

func loginKeyNew() Analysis {
	return Analysis{
		Name: "login_key_new", Level: Medium, Phase: PhaseAccess, Techniques: []string{"T1098.004", "T1078"},
		Title:          model.Msg("login_key_new.about"),
		Description:    model.Msg("login_key_new.about.text"),
		FalsePositives: model.Msg("login_key_new.benign"),
		run:            (*collection).newKeys,
	}
}

// newKeys looks for keys that were written a moment before somebody logged in by them for
// the first time, and not by somebody who had logged in from there: ssh-copy-id(1) asks
// for the password.
func (c *collection) newKeys(a *Analysis) {
	keys := c.authorized()
	seen, last := make(map[account]bool), make(map[peer]time.Time)
	for _, l := range c.accepted() {
		k := account{l.host, l.rec.Get("fingerprint")}
		first := k.user != "" && !seen[k]
		if k.user != "" {
			seen[k] = true
		}
		before, came := last[l.peer]
		if k.user == "" {
			last[l.peer] = l.at.Time
		}
		key := keys[k]
		if !first || key == nil || came && l.at.Time.Sub(before) < sameVisit || len(c.findings) > maxFindings {
			continue
		}
		written := key.Time("changed")
		if d := l.at.Time.Sub(written); written.IsZero() || d < 0 || d > usedAtOnce {
			continue
		}
		f := c.found(a, key)
		f.When = model.When{Time: written, Meaning: model.Inferred, Basis: "changed"}
		f.Records = append(f.Records, l.rec.ID)
		f.Message = model.Msg("login_key_new.title", "user", l.user, "address", l.address)
		f.Add("login_key_new.times", "written", written, "login", l.at.Time, "fingerprint", k.user)
		c.add(f)
	}
}
