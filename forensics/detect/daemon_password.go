package detect

import "icecore/forensics/model"

func daemonPassword() Analysis {
	return Analysis{
		Name: "daemon_password", Level: Medium, Phase: PhasePersistence, Techniques: []string{"T1098", "T1078.003"},
		Title:          model.Msg("daemon_password.about"),
		Description:    model.Msg("daemon_password.about.text"),
		FalsePositives: model.Msg("daemon_password.benign"),
		run:            (*collection).daemonPasswords,
	}
}

// daemons are accounts that come with a system and that nobody logs in to.
var daemons = map[string]bool{
	"daemon": true, "bin": true, "sys": true, "sync": true, "games": true, "man": true, "lp": true, "mail": true,
	"news": true, "uucp": true, "proxy": true,
	"www-data": true, "backup": true, "list": true, "irc": true, "gnats": true, "nobody": true, "sshd": true,
	"apache": true, "nginx": true, "redis": true,
	"messagebus": true, "systemd-network": true, "systemd-resolve": true, "adm": true, "halt": true, "shutdown": true,
	"operator": true, "ftp": true,
}

// daemonPasswords looks for accounts of daemons that have a password.
func (c *collection) daemonPasswords(a *Analysis) {
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.AccountShadow || r.Has("backup") || r.Get("password") != "set" ||
			!daemons[r.Get("name")] || r.Source.State != model.Live {
			continue
		}
		f := c.found(a, r)
		f.Message = model.Msg("daemon_password.title", "account", r.Get("name"))
		f.Add("daemon_password.unusual")
		if d := r.Get("changed"); d != "" {
			f.Add("daemon_password.changed", "changed", d)
		}
		c.add(f)
	}
}
