// Package events turns log messages into records, wherever they were read: in a text
// log, or in the systemd journal. The messages are those of OpenSSH (auth.c, auth2.c,
// session.c), Dropbear, Linux-PAM (pam_unix), sudo, su and login (util-linux, shadow),
// shadow's useradd family, Debian's cron, cronie
// and BusyBox, and systemd.
//
// Records (all with the stamp logged, unless others are named):
//
//	auth.login     method (also webmin, ftp, mail), user, address, port, fingerprint (SHA256 of the key),
//	               pid: one accepted login
//	auth.failures  address, service (where there is no address), count (attempts),
//	               users (the most frequent ten), user_count, more_users (over the
//	               thousand that are counted);
//	               stamps first and last: attempts from one address with less
//	               than ten minutes between them. Of several lines on one
//	               attempt one counts
//	auth.session   action (opened, closed), user, uid, service, by, pid: sessions
//	               of root and of other users of uid 0, without those of cron
//	               and of sudo, which auth.sudo states
//	auth.sudo      user, as, tty, pwd, refused (why), command, and of the command
//	               programs, urls, traits, decoded (package shell)
//	auth.su        user, as, tty, result (granted, refused)
//	auth.useradd   name, uid, gid, home, shell, from (terminal)
//	auth.groupadd  name, gid
//	auth.userdel   name
//	auth.usermod   user, group, change (the message)
//	auth.passwd    user, by, service: a password was changed
//	auth.sftp      user, subsystem, pid: a file transfer began
//	cron.run       user, command, count (runs), and of the command programs,
//	               urls, traits, decoded; stamps first and last: it ran
//	cron.change    action (replace, delete, reload, ...), user, target: a crontab
//	               was changed, or cron saw that it had been
//	unit.started   unit, description, manager (user), count; stamps first and last
//
// The source of an aggregated record is that of its first message. Memory is bounded
// whatever the log: open series of failures, users of a series, different commands and
// units are all limited; the oldest series is closed first. What was left out is
// counted. The bound of a kind is not first come, first kept where that would hide
// something: a login after guesses, and the guesses, are kept whatever else is there.
package events

import (
	"bytes"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
	"icecore/forensics/text"
)

// Parser turns the messages of one log into records. Make it with [New].
type Parser struct {
	emit  artifact.Emit
	fails *failures
	runs  *tally
	units *tally

	at      origin // of the message at hand
	seen    int64  // messages
	records map[model.Kind]int
	telling map[model.Kind]int // beyond the bound of the kind; see budget.go

	guessers guessers
	leftOut  int64
}

const (
	// maxRecords are the records of one kind from one log. Each kind has its
	// own bound, so that a flood of failures cannot hide the login after it.
	maxRecords = 50_000
	maxField   = 64 << 10
)

// origin is where a record comes from.
type origin struct {
	source model.Source
	more   model.Fields
}

// New begins a log whose records emit takes.
func New(emit artifact.Emit) *Parser {
	return &Parser{emit: emit, records: make(map[model.Kind]int), telling: make(map[model.Kind]int), fails: newFailures(), runs: newTally(maxRuns), units: newTally(maxUnits)}
}

// Add looks at one message. The source is that of the records which it alone gives,
// and of those that begin with it; the fields more are added to them at their end.
// Messages must be given in the order of the log.
func (p *Parser) Add(e *syslog.Entry, source model.Source, more ...model.Field) {
	p.at, p.seen = origin{source, more}, p.seen+1
	e.Message = text.Cut(e.Message, maxField)
	switch serviceOf[string(e.Tag)] {
	case sshService:
		p.ssh(e)
	case dropbearService:
		p.dropbear(e)
	case sudoService:
		p.sudo(e)
	case suService:
		p.su(e)
	case loginService:
		p.console(e)
	case accountService:
		p.account(e)
	case passwordService:
		p.password(e)
	case cronService:
		p.cron(e)
		return
	case managerService:
		p.unit(e, "")
		return
	case otherService:
		p.service(e)
	}
	if ofPAM(e.Message) {
		p.pam(e)
	}
}

// AddUnit is [Parser.Add] for a message of the service manager of which it is known
// what unit it is about.
func (p *Parser) AddUnit(e *syslog.Entry, unit string, source model.Source, more ...model.Field) {
	p.at, p.seen = origin{source, more}, p.seen+1
	p.unit(e, unit)
}

// Concerns says whether a message can tell anything: of all that a system writes,
// few can. It takes the program, and how the message begins.
func Concerns(tag string, message []byte) bool {
	return serviceOf[tag] != noService || ofPAM(message)
}

// Manages says whether a program is the service manager.
func Manages(tag string) bool { return serviceOf[tag] == managerService }

// service is what a program is, by the messages that are known of it.
type service uint8

const (
	noService service = iota
	sshService
	dropbearService
	sudoService
	suService
	loginService
	accountService
	passwordService
	cronService
	managerService
	otherService // Webmin, FTP and mail servers
)

var serviceOf = map[string]service{
	"sshd": sshService, "sshd-session": sshService, "sshd-auth": sshService, "dropbear": dropbearService,
	"sudo": sudoService, "su": suService, "login": loginService,
	"useradd": accountService, "adduser": accountService, "groupadd": accountService, "usermod": accountService, "userdel": accountService,
	"deluser": accountService, "gpasswd": accountService, "chfn": accountService, "chsh": accountService, "newusers": accountService,
	"passwd": passwordService, "chpasswd": passwordService,
	"CRON": cronService, "crond": cronService, "cron": cronService, "CROND": cronService, "/usr/sbin/cron": cronService, "/USR/SBIN/CRON": cronService,
	"/usr/sbin/crond": cronService, "crontab": cronService, "anacron": cronService,
	"systemd": managerService,
	"webmin":  otherService, "usermin": otherService, "vsftpd": otherService, "proftpd": otherService, "pure-ftpd": otherService,
	"dovecot": otherService, "postfix/smtpd": otherService, "postfix/submission/smtpd": otherService, "postfix/smtps/smtpd": otherService,
	"postfix/submissions/smtpd": otherService,
}

// ofPAM says whether a message is one that libpam, or a module of it, writes in the
// name of a program, or may be.
func ofPAM(message []byte) bool {
	for _, start := range [...]string{"pam_", "PAM ", "error: PAM ", "message repeated "} {
		if bytes.HasPrefix(message, []byte(start)) {
			return true
		}
	}
	return false
}

func (p *Parser) record(e *syslog.Entry, kind model.Kind) model.Record {
	r := model.Record{Kind: kind, Source: p.at.source}
	if !e.Time.IsZero() {
		r.Times = []model.Stamp{e.Stamp("logged")}
	}
	return r
}

// emitRecord emits the record of a single event.
func (p *Parser) emitRecord(r model.Record) { p.emitFrom(&p.at, r) }

// emitFrom emits a record that came from there, within the bound of its kind.
func (p *Parser) emitFrom(from *origin, r model.Record) {
	r.AddFields(from.more)
	if p.records[r.Kind]++; p.records[r.Kind] > maxRecords {
		p.leftOut++
		return
	}
	p.emit(r)
}

// Finish gives the records of what is open, in the order in which it began, and the
// number of events that are not among the records.
func (p *Parser) Finish() int64 {
	for _, s := range p.fails.rest() {
		p.closeSeries(s)
	}
	p.emitRuns()
	p.emitUnits()
	return p.leftOut + p.runs.leftOut + p.units.leftOut
}
