package events

import (
	"net/netip"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/syslog"
)

// The methods of logins that give no shell, or a panel. Detection weighs them by these.
const (
	methodWebmin = "webmin" // Webmin and Usermin: whoever is in there has root
	methodFTP    = "ftp"
	methodMail   = "mail" // IMAP, POP3, SMTP
)

// serviceLogin is what a message of such a service states.
type serviceLogin struct {
	method, user, address string
	ok                    bool // the login was accepted
}

// serviceMessage reads the messages of Webmin's miniserv.pl, vsftpd, ProFTPD, Pure-FTPd,
// Dovecot's login-common and Postfix' smtpd. It is false for all others.
func serviceMessage(tag, msg string) (s serviceLogin, is bool) {
	switch {
	case tag == "webmin" || tag == "usermin" || tag == "perl" && strings.Contains(msg, " login as "):
		s.method = methodWebmin
		rest, ok := strings.CutPrefix(msg, "Successful login as ")
		if s.ok = ok; !ok {
			if _, rest, ok = strings.Cut(msg, "login as "); !ok || !strings.HasPrefix(msg, "Invalid ") && !strings.HasPrefix(msg, "Non-existent ") {
				return s, false
			}
		}
		s.user, s.address, _ = userFrom(rest)
	case tag == "vsftpd":
		// [pid 2] [USER] OK LOGIN: Client "ADDRESS"
		s.method = methodFTP
		at := strings.LastIndex(msg, ` LOGIN: Client "`)
		if at < 0 {
			return s, false
		}
		head, tail := msg[:at], msg[at+len(` LOGIN: Client "`):]
		var anonymous bool
		s.address, tail, _ = strings.Cut(tail, `"`)
		anonymous = strings.HasPrefix(tail, ", anon ")
		user, failed := strings.CutSuffix(head, " FAIL")
		if !failed {
			if user, s.ok = strings.CutSuffix(head, " OK"); !s.ok || anonymous {
				return s, false
			}
		}
		if _, u, ok := strings.Cut(user, "] ["); ok {
			user = u
		}
		s.user = strings.TrimSuffix(strings.TrimPrefix(user, "["), "]")
	case tag == "proftpd":
		// host (name[ADDRESS]) - USER name (Login failed): Incorrect password
		s.method = methodFTP
		head, rest, ok := strings.Cut(msg, " - USER ")
		open := strings.LastIndexByte(head, '[')
		if !ok || open < 0 {
			return s, false
		}
		s.address, _, _ = strings.Cut(head[open+1:], "]")
		switch {
		case strings.HasSuffix(rest, ": Login successful."), strings.HasSuffix(rest, ": Login successful"):
			s.user, s.ok = rest[:strings.LastIndex(rest, ": Login")], true
		case strings.Contains(rest, " (Login failed)"), strings.Contains(rest, ": no such user"):
			s.user, _, _ = strings.Cut(strings.Replace(rest, ": no such user", " (", 1), " (")
		default:
			return s, false
		}
	case tag == "pure-ftpd":
		// (?@ADDRESS) [WARNING] Authentication failed for user [name]
		s.method = methodFTP
		who, rest, _ := strings.Cut(msg, ") ")
		var ok bool
		if _, s.address, ok = strings.Cut(who, "@"); !ok {
			return s, false
		}
		if _, user, ok := strings.Cut(rest, "Authentication failed for user ["); ok {
			s.user = strings.TrimSuffix(user, "]")
		} else if user, ok := strings.CutSuffix(rest, " is now logged in"); ok {
			s.user, s.ok = strings.TrimPrefix(user, "[INFO] "), true
		} else {
			return s, false
		}
	case tag == "dovecot":
		// imap-login: Login: user=<name>, method=PLAIN, rip=ADDRESS, lip=...
		s.method = methodMail
		_, rest, ok := strings.Cut(msg, "-login: ")
		if !ok {
			return s, false
		}
		s.ok = strings.HasPrefix(rest, "Login: user=<") || strings.HasPrefix(rest, "Logged in: user=<")
		if !s.ok && !strings.Contains(rest, "(auth failed, ") {
			return s, false
		}
		_, rest, _ = strings.Cut(rest, "user=<")
		s.user, rest, _ = strings.Cut(rest, ">, ")
		_, rest, ok = strings.Cut(rest, "rip=")
		if !ok {
			return s, false
		}
		s.address, _, _ = strings.Cut(rest, ",")
	case strings.HasPrefix(tag, "postfix/") && strings.HasSuffix(tag, "smtpd"):
		s.method = methodMail
		if rest, ok := strings.CutPrefix(msg, "warning: "); ok && strings.Contains(rest, " authentication failed") && strings.Contains(rest, "]: SASL ") {
			_, rest, _ = strings.Cut(rest, "[")
			s.address, rest, _ = strings.Cut(rest, "]")
			if _, user, ok := strings.Cut(rest, "sasl_username="); ok {
				s.user = user
			}
			break
		}
		_, user, ok := strings.Cut(msg, ", sasl_username=")
		_, rest, client := strings.Cut(msg, ": client=")
		if !ok || !client {
			return s, false
		}
		_, rest, _ = strings.Cut(rest, "[")
		s.address, _, _ = strings.Cut(rest, "]")
		s.user, _, _ = strings.Cut(user, ",")
		s.ok = true
	default:
		return s, false
	}
	a, err := netip.ParseAddr(s.address)
	if err != nil {
		return s, false
	}
	s.address = a.Unmap().String()
	return s, true
}

// service reads a message of a service. Of mail and FTP servers, where clients log in
// all day, an accepted login is an event only after guesses from there.
func (p *Parser) service(e *syslog.Entry) {
	msg, times := unrepeat(string(e.Message))
	s, is := serviceMessage(string(e.Tag), msg)
	if !is {
		return
	}
	if !s.ok {
		p.fail(e, failure{user: s.user, address: s.address, hint: failedLine, times: times})
		return
	}
	open := p.fails.open["a"+s.address]
	if s.method != methodWebmin && !p.guessers.known(s.address) && (open == nil || open.count < telling) {
		return
	}
	r := p.record(e, model.AuthLogin)
	r.Add("method", s.method)
	r.Add("user", s.user)
	r.Add("address", s.address)
	r.Add("pid", string(e.PID))
	p.emitLogin(r)
}
