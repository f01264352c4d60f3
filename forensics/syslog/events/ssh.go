package events

import (
	"strconv"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/syslog"
)

// unrepeat takes rsyslog's "message repeated N times: [ text]" apart.
func unrepeat(msg string) (string, int64) {
	rest, ok := strings.CutPrefix(msg, "message repeated ")
	if !ok {
		return msg, 1
	}
	n, text, ok := strings.Cut(rest, " times: [ ")
	if !ok {
		return msg, 1
	}
	times, err := strconv.ParseInt(n, 10, 32)
	if err != nil || times < 1 {
		times = 1
	}
	return strings.TrimSuffix(text, "]"), min(times, maxRepeated)
}

// ssh reads the messages of OpenSSH's sshd. The name of the user was chosen by
// the peer and may hold anything, so what stands behind it is read from the end.
func (p *Parser) ssh(e *syslog.Entry) {
	msg, times := unrepeat(string(e.Message))
	msg = strings.TrimPrefix(msg, "error: ")
	switch {
	case strings.HasPrefix(msg, "Accepted "):
		p.accepted(e, msg)
	case strings.HasPrefix(msg, "Failed "):
		// Failed METHOD for [invalid user] USER from ADDRESS port PORT ssh2
		method, rest, ok := strings.Cut(msg[len("Failed "):], " for ")
		// A client tries each of its keys, and "none" first, in every login.
		if !ok || method == "publickey" || method == "none" || strings.Contains(method, " ") {
			return
		}
		user, address, _ := userFrom(strings.TrimPrefix(rest, "invalid user "))
		p.fail(e, failure{user: user, address: address, hint: failedLine, times: times})
	case strings.HasPrefix(msg, "Invalid user "), strings.HasPrefix(msg, "Illegal user "):
		user, address, _ := userFrom(msg[len("Invalid user "):])
		p.fail(e, failure{user: user, address: address, hint: invalidLine, times: times})
	case strings.HasPrefix(msg, "maximum authentication attempts exceeded for "):
		user, address, _ := userFrom(strings.TrimPrefix(msg[len("maximum authentication attempts exceeded for "):], "invalid user "))
		p.fail(e, failure{user: user, address: address, hint: limitLine, times: 1})
	case strings.HasPrefix(msg, "subsystem request for "):
		rest := msg[len("subsystem request for "):]
		r := p.record(e, model.AuthSftp)
		subsystem, user, _ := strings.Cut(rest, " by user ")
		subsystem, _, _ = strings.Cut(subsystem, " ")
		r.Add("user", user)
		r.Add("subsystem", subsystem)
		r.Add("pid", string(e.PID))
		p.emitRecord(r)
	}
}

// accepted reads "Accepted METHOD for USER from ADDRESS port PORT ssh2[: TYPE
// FINGERPRINT]".
func (p *Parser) accepted(e *syslog.Entry, msg string) {
	method, rest, ok := strings.Cut(msg[len("Accepted "):], " for ")
	if !ok {
		return
	}
	key := ""
	for _, end := range []string{" ssh2: ", " ssh: "} {
		if i := strings.LastIndex(rest, end); i >= 0 {
			rest, key = rest[:i], rest[i+len(end):]
			break
		}
	}
	user, address, port := userFrom(rest)
	if address == "" {
		return
	}
	r := p.record(e, model.AuthLogin)
	r.Add("method", method)
	r.Add("user", user)
	r.Add("address", address)
	r.Add("port", port)
	if i := strings.Index(key, "SHA256:"); i >= 0 {
		key, _, _ = strings.Cut(key[i:], " ")
		r.Add("fingerprint", strings.TrimSuffix(key, ","))
	} else if f := strings.Fields(key); len(f) > 1 {
		r.Add("fingerprint", f[1]) // MD5, of servers before 2015
	}
	r.Add("pid", string(e.PID))
	p.emitLogin(r)
}

// userFrom reads "USER from ADDRESS[ port PORT ...]".
func userFrom(s string) (user, address, port string) {
	i := strings.LastIndex(s, " from ")
	if i < 0 {
		if rest, ok := strings.CutPrefix(s, "from "); ok { // the name is empty
			s, i = " from "+rest, 0
		} else {
			return "", "", ""
		}
	}
	user = s[:i]
	f := strings.Fields(s[i+len(" from "):])
	if len(f) > 0 {
		address = f[0]
	}
	if len(f) > 2 && f[1] == "port" {
		port = f[2]
	}
	return user, address, port
}

// dropbear reads the messages of Dropbear's svr-auth*.c.
func (p *Parser) dropbear(e *syslog.Entry) {
	msg, times := unrepeat(string(e.Message))
	i := strings.LastIndex(msg, " from ")
	if i < 0 {
		return
	}
	address, port := msg[i+len(" from "):], ""
	if j := strings.LastIndexByte(address, ':'); j > 0 {
		address, port = address[:j], address[j+1:]
	}
	user := ""
	if a, b := strings.IndexByte(msg[:i], '\''), strings.LastIndexByte(msg[:i], '\''); a >= 0 && b > a {
		user = msg[a+1 : b]
	}
	switch {
	case strings.HasPrefix(msg, "Password auth succeeded for "), strings.HasPrefix(msg, "Pubkey auth succeeded for "):
		r := p.record(e, model.AuthLogin)
		r.Add("method", map[bool]string{true: "password", false: "publickey"}[msg[1] == 'a'])
		r.Add("user", user)
		r.Add("address", address)
		r.Add("port", port)
		r.Add("pid", string(e.PID))
		p.emitLogin(r)
	case strings.HasPrefix(msg, "Bad password attempt for "), strings.HasPrefix(msg, "Bad PAM password attempt for "):
		p.fail(e, failure{user: user, address: address, hint: failedLine, times: times})
	case strings.HasPrefix(msg, "Login attempt for nonexistent user"):
		p.fail(e, failure{user: user, address: address, hint: failedLine, times: times})
	}
}
