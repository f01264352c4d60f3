package detect

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/model"
)

// pamStack goes through the authentication stack of a service as Linux-PAM does
// (pam.conf(5), libpam's dispatch), for somebody who has neither password nor key, and
// finds what lets them in.
type pamStack struct {
	lines map[string][]*model.Record // of the auth stack, by service, in the order of the file
	steps int                        // taken, of maxPAMSteps
}

// pamModule is a line of a stack that is not an include, with how deep in substacks it
// stands.
type pamModule struct {
	rec     *model.Record
	module  string
	args    []string
	actions map[string]string // what follows of a result: ok, done, bad, die, ignore, reset, a number
	level   int
	unknown bool // a file that is not there, or too deep: PAM refuses such a stack
}

const (
	maxPAMDepth   = 8
	maxPAMModules = 200
	maxPAMSteps   = 20_000
)

// modules gives the stack of a service with what it includes.
func (s *pamStack) modules(service string, level, depth int) []pamModule {
	var out []pamModule
	for _, r := range s.lines[service] {
		control, module := r.Get("control"), r.Get("module")
		if control == "include" || control == "substack" {
			name, inner := path.Base(module), level
			if control == "substack" {
				inner++
			}
			if s.lines[name] == nil || depth == maxPAMDepth || len(out) > maxPAMModules {
				out = append(out, pamModule{rec: r, actions: pamActions("required"), level: level, unknown: true})
				continue
			}
			out = append(out, s.modules(name, inner, depth+1)...)
			continue
		}
		out = append(out, pamModule{rec: r, module: strings.TrimSuffix(path.Base(module), ".so"), args: r.List("arguments"), actions: pamActions(control), level: level})
	}
	return out[:min(len(out), maxPAMModules)]
}

// pamActions reads a control: one of the four words, or [result=action ...].
func pamActions(control string) map[string]string {
	switch control {
	case "required":
		return map[string]string{"success": "ok", "ignore": "ignore", "default": "bad"}
	case "requisite":
		return map[string]string{"success": "ok", "ignore": "ignore", "default": "die"}
	case "sufficient", "binding":
		return map[string]string{"success": "done", "default": "ignore"}
	case "optional":
		return map[string]string{"success": "ok", "default": "ignore"}
	}
	out := map[string]string{"default": "bad"} // of a result that the control does not name
	for _, w := range strings.FieldsFunc(strings.Trim(control, "[]"), func(c rune) bool { return c == ' ' || c == ',' || c == '\t' }) {
		if name, action, ok := strings.Cut(w, "="); ok {
			out[name] = action
		}
	}
	return out
}

// door is a way through a stack: the line that opens it, and the conditions under which.
type door struct {
	opens      *model.Record
	conditions []*model.Record
}

// better says whether a way asks for less than another one.
func (d *door) better(than *door) bool {
	return than == nil || len(d.conditions) < len(than.conditions)
}

// open gives the way through a stack that asks for least; nil where there is none.
func (s *pamStack) open(service string) *door {
	list := s.modules(service, 0, 0)
	var best *door
	s.walk(list, 0, pamState{service: service}, &best)
	return best
}

// pamState is where libpam stands in a stack. A stack that no module has decided is refused
// in the end.
type pamState struct {
	service    string
	positive   bool // a module succeeded, and none failed before
	negative   bool
	opens      *model.Record
	conditions []*model.Record
}

func (s *pamStack) walk(list []pamModule, i int, st pamState, best **door) {
	if s.steps++; s.steps > maxPAMSteps || *best != nil && len(st.conditions) >= len((*best).conditions) && len((*best).conditions) == 0 {
		return
	}
	if i >= len(list) {
		if st.positive && !st.negative {
			if d := (&door{st.opens, st.conditions}); d.better(*best) {
				*best = d
			}
		}
		return
	}
	m := &list[i]
	if m.unknown {
		return
	}
	for _, result := range pamResults(m, st.service) {
		next := st
		if result.condition {
			next.conditions = append(slices.Clip(st.conditions), m.rec)
		}
		s.act(list, i, next, result.name, best)
	}
}

// act does what the control of a module says of a result, and goes on.
func (s *pamStack) act(list []pamModule, i int, st pamState, result string, best **door) {
	m := &list[i]
	action, named := m.actions[result]
	if !named {
		action = m.actions["default"]
	}
	if n, err := strconv.Atoi(action); err == nil && n > 0 {
		j := i + 1
		for ; n > 0 && j < len(list); n-- {
			for j++; j < len(list) && list[j].level > m.level; j++ { // a substack is one line
			}
		}
		if n > 0 {
			return // a jump beyond the end is refused
		}
		s.walk(list, j, st, best)
		return
	}
	// What ends a substack ends only that.
	end := len(list)
	if m.level > 0 {
		for end = i + 1; end < len(list) && list[end].level >= m.level; end++ {
		}
	}
	good := result == "success"
	switch action {
	case "ok", "done":
		if !st.negative && result != "ignore" {
			if good && !st.positive || st.opens == nil {
				st.opens = m.rec
			}
			st.positive, st.negative = good, !good
		}
		if action == "done" && (st.positive || result == "fail") {
			if good {
				st.opens = m.rec
			}
			s.walk(list, end, st, best)
			return
		}
	case "bad":
		st.negative, st.positive = true, false
	case "die":
		return
	case "reset":
		st = pamState{service: st.service, conditions: st.conditions}
	}
	s.walk(list, i+1, st, best)
}

// pamResult is what a module may say to somebody without a password or key.
type pamResult struct {
	name      string // success, fail, ignore
	condition bool   // only for some, of whom the line says who
}

var (
	pamFails   = []pamResult{{"fail", false}}
	pamPasses  = []pamResult{{"success", false}}
	pamSilent  = []pamResult{{"ignore", false}}
	pamDepends = []pamResult{{"fail", false}, {"success", true}}
	pamEither  = []pamResult{{"fail", false}, {"success", false}}
)

// pamResults says what a module does with somebody who knows nothing. A module that is not
// known here asks for something.
func pamResults(m *pamModule, service string) []pamResult {
	has := func(arg string) bool { return slices.Contains(m.args, arg) }
	switch m.module {
	case "pam_permit":
		return pamPasses
	case "pam_env", "pam_faildelay", "pam_warn", "pam_echo", "pam_keyinit", "pam_umask", "pam_mail", "pam_motd", "pam_lastlog", "pam_issue",
		"pam_cap", "pam_group", "pam_ecryptfs", "pam_gnome_keyring", "pam_kwallet", "pam_kwallet5", "pam_mount", "pam_limits", "pam_ssh_agent_auth",
		"pam_selinux", "pam_loginuid", "pam_systemd", "pam_console", "pam_securetty":
		return pamSilent
	case "pam_nologin":
		if has("successok") {
			return pamPasses
		}
		return pamSilent
	case "pam_shells", "pam_tally", "pam_tally2", "pam_debug":
		return pamPasses
	case "pam_faillock":
		if has("preauth") {
			return pamPasses
		}
		return pamFails
	case "pam_localuser", "pam_usertype":
		return pamEither
	case "pam_rootok":
		if ofDaemon(service) {
			return pamPasses // who asks is the daemon, which is root
		}
		return pamFails
	case "pam_wheel":
		if has("trust") {
			return pamDepends
		}
		return pamEither
	case "pam_succeed_if", "pam_listfile", "pam_access", "pam_time", "pam_rhosts", "pam_rhosts_auth", "pam_userdb_none", "pam_geoip", "pam_abl":
		return pamDepends
	case "pam_exec", "pam_script":
		if has("expose_authtok") {
			return pamFails
		}
		return pamDepends
	}
	return pamFails
}

// ofDaemon says whether a service is asked for by a program that runs as root for whoever
// connects.
func ofDaemon(service string) bool {
	for _, p := range []string{"sshd", "ssh", "login", "remote", "vsftpd", "proftpd", "pure-ftpd", "ftp", "dovecot", "imap", "pop3", "smtp", "cockpit", "gdm-password", "lightdm", "sddm", "xrdp", "sudo", "polkit", "webmin", "telnet", "rlogin", "rsh", "rexec"} {
		if service == p || strings.HasPrefix(service, p+"-") || service == p+"d" {
			return true
		}
	}
	return false
}
