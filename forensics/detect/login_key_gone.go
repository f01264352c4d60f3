package detect

import (
	"icecore/forensics/model"
	"icecore/forensics/twins"
)

func loginKeyGone() Analysis {
	return Analysis{
		Name: "login_key_gone", Level: Medium, Phase: PhaseAccess, Techniques: []string{"T1098.004", "T1078"},
		Title:          model.Msg("login_key_gone.about"),
		Description:    model.Msg("login_key_gone.about.text"),
		FalsePositives: model.Msg("login_key_gone.benign"),
		run:            (*collection).goneKeys,
	}
}

// authorized are the keys that stand in authorized_keys files, by host and fingerprint.
func (c *collection) authorized() map[account]*model.Record {
	out := make(map[account]*model.Record)
	for i := range c.in.Records {
		if r := &c.in.Records[i]; r.Kind == model.SSHKey && r.Source.State == model.Live && r.Get("fingerprint") != "" {
			k := account{twins.System(r), r.Get("fingerprint")}
			if out[k] == nil {
				out[k] = r
			}
		}
	}
	return out
}

// otherwise says of each host whether sshd takes keys from elsewhere, too: from a command
// or a directory service, or by a certificate.
func (c *collection) otherwise() map[string]bool {
	out := make(map[string]bool)
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.SSHDOption {
			continue
		}
		switch r.Get("option") {
		case "AuthorizedKeysCommand", "authorizedkeyscommand", "TrustedUserCAKeys", "trustedusercakeys":
			out[twins.System(r)] = true
		}
	}
	return out
}

// goneKeys looks for logins by keys that stand in no authorized_keys file any more. Keys
// are replaced on honest servers, too: it is low, unless the key came from an address that
// nobody else ever logged in from, where the keys of other logins do stand.
func (c *collection) goneKeys(a *Analysis) {
	keys, elsewhere := c.authorized(), c.otherwise()
	list := c.accepted()
	stand, others := make(map[string]bool), make(map[peer]bool)
	for _, l := range list {
		print := l.rec.Get("fingerprint")
		switch {
		case print != "" && keys[account{l.host, print}] != nil:
			stand[l.host], others[l.peer] = true, true
		case print == "":
			others[l.peer] = true
		}
	}
	done := make(map[account]bool)
	for _, l := range list {
		k := account{l.host, l.rec.Get("fingerprint")}
		if k.user == "" || keys[k] != nil || done[k] || elsewhere[l.host] || !byKey(l.method) || len(c.findings) > maxFindings {
			continue
		}
		done[k] = true
		f := c.found(a, l.rec)
		f.When = l.at
		f.Message = model.Msg("login_key_gone.title", "user", l.user, "address", l.address)
		f.Add("login_key_gone.key", "fingerprint", k.user)
		if !stand[l.host] || others[l.peer] {
			f.Level = Low
		}
		c.add(f)
	}
}
