package detect

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/model"
)

func sudoDaemonUser() Analysis {
	return Analysis{
		Name: "sudo_daemon_user", Level: Medium, Phase: PhasePersistence, Techniques: []string{"T1548.003"},
		Title:          model.Msg("sudo_daemon_user.about"),
		Description:    model.Msg("sudo_daemon_user.about.text"),
		FalsePositives: model.Msg("sudo_daemon_user.benign"),
		run:            (*collection).sudoDaemons,
	}
}

// identities are the accounts and groups of one host, by name and by number.
type identities struct {
	users, groups map[string]*model.Record // by name
	byUID, byGID  map[string]string        // names
	aliases       map[string][]string      // of users in sudoers
}

// identitiesOf gives those of every host, as the present files state them.
func (c *collection) identitiesOf() map[string]*identities {
	out := make(map[string]*identities)
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Source.State != model.Live || r.Is("backup") || !slices.Contains([]model.Kind{model.AccountUser, model.AccountGroup, model.SudoAlias}, r.Kind) {
			continue
		}
		h := out[r.Source.Host]
		if h == nil {
			h = &identities{make(map[string]*model.Record), make(map[string]*model.Record), make(map[string]string), make(map[string]string), make(map[string][]string)}
			out[r.Source.Host] = h
		}
		name := r.Get("name")
		switch {
		case r.Kind == model.AccountUser && h.users[name] == nil:
			h.users[name] = r
			if h.byUID[r.Get("uid")] == "" {
				h.byUID[r.Get("uid")] = name
			}
		case r.Kind == model.AccountGroup && h.groups[name] == nil:
			h.groups[name] = r
			if h.byGID[r.Get("gid")] == "" {
				h.byGID[r.Get("gid")] = name
			}
		case r.Kind == model.SudoAlias && r.Get("type") == "User":
			h.aliases[name] = r.List("members")
		}
	}
	return out
}

// service says whether a name of sudoers stands for the account or the group of a service:
// one that comes with the system, or a system account that nobody logs in to. It gives the
// name.
func (h *identities) service(who string, depth int) (string, bool) {
	if depth == 0 || strings.HasPrefix(who, "!") {
		return "", false
	}
	name := strings.Trim(who, `"`)
	if group, ok := strings.CutPrefix(name, "%"); ok {
		if n, ok := strings.CutPrefix(group, "#"); ok {
			group = h.byGID[canonical(n)]
		}
		return group, daemons[group] && group != "adm" && group != "operator" && group != "sys"
	}
	if n, ok := strings.CutPrefix(name, "#"); ok {
		if name = h.byUID[canonical(n)]; name == "" {
			return "", false
		}
	}
	for _, m := range h.aliases[name] {
		if n, ok := h.service(m, depth-1); ok {
			return n, true
		}
	}
	if daemons[name] {
		return name, true
	}
	r := h.users[name]
	return name, r != nil && isSystem(r) && !LogsIn(r.Get("shell"))
}

// canonical gives a number as it is written without zeros in front.
func canonical(s string) string {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return s
	}
	return strconv.FormatUint(n, 10)
}

const firstUser = 1000 // the first uid of people; 500 on older systems of Red Hat

// isSystem says whether an account has the number of one that belongs to the system.
func isSystem(r *model.Record) bool {
	n, err := strconv.ParseUint(r.Get("uid"), 10, 32)
	return err == nil && n > 0 && (n < firstUser || n == 65534)
}

// LogsIn says whether a shell of passwd is one that takes commands: not nologin, false or a
// program such as sync. None is /bin/sh.
func LogsIn(shell string) bool {
	switch path.Base(strings.TrimSpace(shell)) {
	case "nologin", "false", "true", "sync", "halt", "shutdown", "git-shell", "noshell", "null", "scponly", "rssh", "sftp-server", "uuidd":
		return false
	}
	return true
}

// sudoDaemons looks for rules that let a service become root without a password.
func (c *collection) sudoDaemons(a *Analysis) {
	hosts := c.identitiesOf()
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.SudoRule || r.Source.State != model.Live || !r.Is("nopasswd") || r.Has("ignored") || !slices.ContainsFunc(r.List("commands"), everything) {
			continue
		}
		h := hosts[r.Source.Host]
		if h == nil {
			h = &identities{}
		}
		for _, who := range r.List("who") {
			name, ok := h.service(who, 4)
			if !ok {
				continue
			}
			f := c.found(a, r)
			f.Message = model.Msg("sudo_daemon_user.title", "account", name)
			f.Add("sudo_daemon_user.why")
			c.merge(r.ID, &f)
			break
		}
	}
}

// everything says whether a command of a rule is as much as all of them.
func everything(command string) bool {
	if command == "ALL" {
		return true
	}
	program, _, _ := strings.Cut(command, " ")
	switch path.Base(program) {
	case "bash", "sh", "dash", "zsh", "ksh", "su":
		return !strings.Contains(command, " ") || strings.HasSuffix(command, " -") || strings.HasSuffix(command, " *")
	}
	return false
}
