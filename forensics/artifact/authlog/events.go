package authlog

import (
	"bytes"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
	"icecore/forensics/text"
)

// Events turns the messages of one log into records, wherever they were read: in a
// text, or in the journal. Make it with [NewEvents].
type Events struct {
	emit  artifact.Emit
	fails *failures
	runs  *tally
	units *tally

	at      origin // of the message at hand
	seen    int64  // messages
	records map[model.Kind]int
	leftOut int64
}

// origin is where a record comes from.
type origin struct {
	source artifact.Source
	more   model.Fields
}

// NewEvents begins a log whose records emit takes.
func NewEvents(emit artifact.Emit) *Events {
	return &Events{emit: emit, records: make(map[model.Kind]int), fails: newFailures(), runs: newTally(maxRuns), units: newTally(maxUnits)}
}

// Add looks at one message. The source is that of the records which it alone gives,
// and of those that begin with it; the fields more are added to them at their end.
// Messages must be given in the order of the log.
func (p *Events) Add(e *syslog.Entry, source artifact.Source, more ...model.Field) {
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
	}
	if ofPAM(e.Message) {
		p.pam(e)
	}
}

// AddUnit is [Events.Add] for a message of the service manager of which it is known
// what unit it is about.
func (p *Events) AddUnit(e *syslog.Entry, unit string, source artifact.Source, more ...model.Field) {
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

func (p *Events) record(e *syslog.Entry, kind model.Kind) artifact.Record {
	r := artifact.Record{Kind: kind, Source: p.at.source}
	if !e.Time.IsZero() {
		r.Times = []artifact.Stamp{e.Stamp("logged")}
	}
	return r
}

// give emits the record of a single event.
func (p *Events) give(r artifact.Record) { p.giveFrom(&p.at, r) }

// giveFrom emits a record that came from there, within the bound of its kind.
func (p *Events) giveFrom(from *origin, r artifact.Record) {
	r.AddFields(from.more)
	if p.records[r.Kind]++; p.records[r.Kind] > maxRecords {
		p.leftOut++
		return
	}
	p.emit(r)
}

// Finish gives the records of what is open, in the order in which it began, and the
// number of events that are not among the records.
func (p *Events) Finish() int64 {
	for _, s := range p.fails.rest() {
		p.closeSeries(s)
	}
	p.emitRuns()
	p.emitUnits()
	return p.leftOut + p.runs.leftOut + p.units.leftOut
}
