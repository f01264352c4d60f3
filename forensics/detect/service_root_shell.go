package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

func serviceShell() Analysis {
	return Analysis{
		Name: "service_root_shell", Level: Medium, Phase: PhaseExecution, Techniques: []string{"T1548.003", "T1059.004"},
		Title:          model.Msg("service_root_shell.about"),
		Description:    model.Msg("service_root_shell.about.text"),
		FalsePositives: model.Msg("service_root_shell.benign"),
		run:            (*collection).serviceShells,
	}
}

// rootShells are programs that give whoever starts them through sudo all that root may do.
var rootShells = map[string]bool{
	"sh": true, "bash": true, "dash": true, "zsh": true, "ksh": true, "ash": true, "fish": true, "su": true, "tmux": true, "screen": true,
	"python": true, "python3": true, "perl": true, "ruby": true, "lua": true, "socat": true, "nc": true, "ncat": true,
}

// webAccounts run what the network talks to, and nobody logs in to them.
var webAccounts = map[string]bool{
	"www-data": true, "apache": true, "nginx": true, "http": true, "httpd": true, "wwwrun": true, "www": true, "nobody": true, "daemon": true,
	"tomcat": true, "tomcat8": true, "tomcat9": true, "mysql": true, "redis": true, "memcached": true, "mongodb": true, "games": true,
	"bin": true, "sys": true, "lp": true, "mail": true, "news": true, "uucp": true, "proxy": true, "man": true, "ftp": true, "bind": true, "named": true,
}

// serviceShells looks for accounts of services that got a shell of root by sudo, or by su.
func (c *collection) serviceShells(a *Analysis) {
	stated := make(map[account]int)
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if !webAccounts[rec.Get("user")] || !rootShell(rec) || c.secondary(rec) {
			continue
		}
		who := account{peerOf(rec).host, rec.Get("user")}
		if n, ok := stated[who]; ok {
			c.findings[n].list(rec.ID)
			continue
		}
		stated[who] = len(c.findings)
		f := c.found(a, rec)
		f.Message = model.Msg("service_root_shell.title", "user", rec.Get("user"), "command", rec.Get("command"))
		if rec.Kind == model.AuthSu {
			f.Message = model.Msg("service_root_shell.su", "user", rec.Get("user"))
		}
		c.add(f)
	}
}

// rootShell says whether a log states that somebody got a shell of root.
func rootShell(rec *model.Record) bool {
	switch rec.Kind {
	case model.AuthSu:
		return rec.Get("as") == "root" && rec.Get("result") == "granted"
	case model.AuthSudo:
		if rec.Has("refused") || rec.Get("as") != "root" && rec.Get("as") != "" {
			return false
		}
		words := strings.Fields(rec.Get("command"))
		// A script by its path is what a rule of sudo allows.
		return len(words) > 0 && rootShells[path.Base(words[0])] && (len(words) == 1 || words[1][0] == '-')
	}
	return false
}
