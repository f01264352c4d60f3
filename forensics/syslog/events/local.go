package events

import (
	"regexp"
	"strconv"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/shell"
	"icecore/forensics/syslog"
)

// pam reads the messages that pam_unix(8) and libpam write in the name of a
// program.
func (p *Parser) pam(e *syslog.Entry) {
	msg, times := unrepeat(string(e.Message))
	if n, rest, ok := morePAM(msg); ok {
		// libpam's "PAM 2 more authentication failures; logname= ..." at the
		// end of a connection, behind pam_unix's line on the first.
		p.pamFailure(e, "", rest, n, true)
		return
	}
	module, rest, ok := strings.Cut(msg, "): ")
	if !ok || !strings.HasPrefix(module, "pam_") {
		return
	}
	_, service, ok := strings.Cut(module, "(")
	if !ok {
		return
	}
	service, step, _ := strings.Cut(service, ":")
	switch step {
	case "auth":
		if fields, ok := strings.CutPrefix(rest, "authentication failure; "); ok && strings.HasPrefix(module, "pam_unix(") {
			p.pamFailure(e, service, fields, times, false)
		}
	case "session":
		p.session(e, service, rest)
	}
}

func morePAM(msg string) (n int64, fields string, ok bool) {
	msg = strings.TrimPrefix(msg, "error: ")
	rest, ok := strings.CutPrefix(msg, "PAM ")
	if !ok {
		return 0, "", false
	}
	number, rest, _ := strings.Cut(rest, " more authentication failure")
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 1 {
		return 0, "", false
	}
	_, fields, ok = strings.Cut(rest, "; ")
	return n, fields, ok
}

// pamFailure reads "logname= uid=0 euid=0 tty=ssh ruser= rhost=ADDRESS  user=NAME".
func (p *Parser) pamFailure(e *syslog.Entry, service, fields string, times int64, summary bool) {
	x := failure{service: service, hint: pamLine, times: times, summary: summary}
	_, rest, ok := strings.Cut(fields, "rhost=")
	if !ok {
		return
	}
	x.address, rest, _ = strings.Cut(rest, " ")
	if _, user, ok := strings.Cut(" "+rest, " user="); ok {
		x.user = user
	}
	p.fail(e, x)
}

// session reads "session opened for user root(uid=0) by deploy(uid=1000)".
func (p *Parser) session(e *syslog.Entry, service, msg string) {
	if service == "cron" || service == "crond" || service == "systemd-user" || service == "sudo" {
		return
	}
	rest, ok := strings.CutPrefix(msg, "session ")
	if !ok {
		return
	}
	action, rest, ok := strings.Cut(rest, " for user ")
	if !ok || action != "opened" && action != "closed" {
		return
	}
	user, by, _ := strings.Cut(rest, " by ")
	name, uid, _ := strings.Cut(strings.TrimSuffix(user, ")"), "(uid=")
	if name != "root" && uid != "0" {
		return
	}
	by, _, _ = strings.Cut(by, "(uid=")
	r := p.record(e, model.AuthSession)
	r.Add("action", action)
	r.Add("user", name)
	r.Add("uid", uid)
	r.Add("service", service)
	r.Add("by", by)
	r.Add("pid", string(e.PID))
	p.emitRecord(r)
}

// sudo reads "USER : [why refused ; ]TTY=x ; PWD=x ; USER=x ; COMMAND=x".
func (p *Parser) sudo(e *syslog.Entry) {
	user, rest, ok := strings.Cut(string(e.Message), " : ")
	if !ok {
		return
	}
	before, command, ok := strings.Cut(rest, "COMMAND=")
	if !ok {
		return
	}
	r := p.record(e, model.AuthSudo)
	r.Add("user", strings.TrimSpace(user))
	var refused []string
	var as, tty, pwd string
	for i, part := range strings.Split(before, " ; ") {
		part = strings.TrimSpace(part)
		k, v, ok := strings.Cut(part, "=")
		switch {
		case ok && k == "USER":
			as = v
		case ok && k == "TTY":
			tty = v
		case ok && k == "PWD":
			pwd = v
		case i == 0 && part != "" && !strings.Contains(k, "="):
			refused = append(refused, part)
		}
	}
	r.Add("as", as)
	r.Add("tty", tty)
	r.Add("pwd", pwd)
	r.Add("refused", strings.Join(refused, "; "))
	r.Add("command", command)
	f := shell.Analyze(loggedCommand(command))
	f.AddTo(&r)
	p.emitRecord(r)
}

// loggedCommand gives a command as it was typed: sudo logs the arguments with blanks
// between them and, before 1.9.13, without the quotes around the script of a shell.
func loggedCommand(command string) string {
	if m := shellScriptRE.FindStringSubmatch(command); m != nil {
		return m[1] + shell.Quote(m[2])
	}
	return command
}

var shellScriptRE = regexp.MustCompile(`(?s)^((?:/[^ ]*/)?(?:ba|da|z|k|a)?sh -[a-z]*c )([^'].*)$`)

// su reads what util-linux ("(to root) deploy on pts/0") and shadow ("Successful
// su for root by deploy") write.
func (p *Parser) su(e *syslog.Entry) {
	msg := string(e.Message)
	result := "granted"
	if rest, ok := strings.CutPrefix(msg, "FAILED "); ok {
		result, msg = "refused", rest
		msg = strings.TrimPrefix(strings.TrimPrefix(msg, "SU "), "su ")
	}
	var as, user, tty string
	if rest, ok := strings.CutPrefix(msg, "(to "); ok {
		as, user, ok = strings.Cut(rest, ") ")
		if !ok {
			return
		}
		if i := strings.LastIndex(user, " on "); i >= 0 {
			user, tty = user[:i], user[i+len(" on "):]
		}
	} else {
		msg = strings.TrimPrefix(msg, "Successful su ")
		rest, ok := strings.CutPrefix(msg, "for ")
		if !ok {
			return
		}
		if as, user, ok = strings.Cut(rest, " by "); !ok {
			return
		}
	}
	r := p.record(e, model.AuthSu)
	r.Add("user", user)
	r.Add("as", as)
	r.Add("tty", tty)
	r.Add("result", result)
	p.emitRecord(r)
}

// console reads login(1): "LOGIN ON tty1 BY deploy", "ROOT LOGIN ON tty1", "FAILED
// LOGIN (1) ON '/dev/tty1' FOR 'root', Authentication failure".
func (p *Parser) console(e *syslog.Entry) {
	msg := string(e.Message)
	if rest, ok := strings.CutPrefix(msg, "FAILED LOGIN "); ok {
		_, user, _ := strings.Cut(rest, " FOR ")
		user, _, _ = strings.Cut(strings.TrimPrefix(user, "'"), "'")
		p.fail(e, failure{user: user, service: "login", hint: failedLine, times: 1})
		return
	}
	user := "root"
	rest, ok := strings.CutPrefix(msg, "ROOT LOGIN ON ")
	if !ok {
		if rest, ok = strings.CutPrefix(msg, "LOGIN ON "); !ok {
			return
		}
		if rest, user, ok = strings.Cut(rest, " BY "); !ok {
			return
		}
	}
	from := ""
	rest, f1, _ := strings.Cut(rest, " FROM ")
	user, f2, _ := strings.Cut(user, " FROM ")
	from = f1 + f2
	r := p.record(e, model.AuthLogin)
	r.Add("method", "console")
	r.Add("user", user)
	r.Add("address", from)
	r.Add("tty", strings.Trim(rest, "'"))
	r.Add("pid", string(e.PID))
	p.emitRecord(r)
}

// account reads the messages of shadow's useradd.c and its siblings.
func (p *Parser) account(e *syslog.Entry) {
	msg := string(e.Message)
	switch {
	case strings.HasPrefix(msg, "new user: "):
		r := p.record(e, model.AuthUseradd)
		keys := []string{"name", "UID", "GID", "home", "shell", "from"}
		values := named(msg[len("new user: "):], keys)
		for i, k := range keys {
			r.Add(strings.ToLower(k), values[i])
		}
		p.emitRecord(r)
	case strings.HasPrefix(msg, "new group: "):
		r := p.record(e, model.AuthGroupadd)
		values := named(msg[len("new group: "):], []string{"name", "GID"})
		r.Add("name", values[0])
		r.Add("gid", values[1])
		p.emitRecord(r)
	case strings.HasPrefix(msg, "delete user '"):
		r := p.record(e, model.AuthUserdel)
		r.Add("name", strings.TrimSuffix(msg[len("delete user '"):], "'"))
		p.emitRecord(r)
	case strings.HasPrefix(msg, "add '"):
		user, rest, ok := strings.Cut(msg[len("add '"):], "' to group '")
		if !ok {
			return
		}
		r := p.record(e, model.AuthUsermod)
		r.Add("user", user)
		r.Add("group", strings.TrimSuffix(rest, "'"))
		r.Add("change", msg)
		p.emitRecord(r)
	case strings.HasPrefix(msg, "user ") && strings.Contains(msg, " to group "):
		user, rest, _ := strings.Cut(msg[len("user "):], " added by ")
		_, group, ok := strings.Cut(rest, " to group ")
		if !ok {
			return
		}
		r := p.record(e, model.AuthUsermod)
		r.Add("user", user)
		r.Add("group", group)
		r.Add("change", msg)
		p.emitRecord(r)
	case strings.HasPrefix(msg, "change user '"), strings.HasPrefix(msg, "lock user '"), strings.HasPrefix(msg, "unlock user '"), strings.HasPrefix(msg, "changed user '"):
		_, user, _ := strings.Cut(msg, "'")
		user, _, _ = strings.Cut(user, "'")
		r := p.record(e, model.AuthUsermod)
		r.Add("user", user)
		r.Add("change", msg)
		p.emitRecord(r)
	}
}

// named reads "key=value, key=value" where values may hold blanks and commas: a
// value ends where the next key begins.
func named(s string, keys []string) []string {
	values := make([]string, len(keys))
	s = ", " + s
	for i, k := range keys {
		_, rest, ok := strings.Cut(s, ", "+k+"=")
		if !ok {
			continue
		}
		end := len(rest)
		for _, next := range keys[i+1:] {
			if j := strings.Index(rest, ", "+next+"="); j >= 0 {
				end = min(end, j)
			}
		}
		values[i] = rest[:end]
		s = rest[end:]
	}
	return values
}

// password reads passwd(1) and chpasswd(8), with PAM and without.
func (p *Parser) password(e *syslog.Entry) {
	msg := string(e.Message)
	var user, by string
	if _, u, ok := strings.Cut(msg, "password changed for "); ok {
		user = u
	} else if rest, ok := strings.CutPrefix(msg, "password for '"); ok {
		user, by, ok = strings.Cut(rest, "' changed by '")
		if !ok {
			return
		}
		by = strings.TrimSuffix(by, "'")
	} else {
		return
	}
	r := p.record(e, model.AuthPasswd)
	r.Add("user", user)
	r.Add("by", by)
	r.Add("service", string(e.Tag))
	p.emitRecord(r)
}
