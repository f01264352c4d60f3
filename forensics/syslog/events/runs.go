package events

import (
	"regexp"
	"sort"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/shell"
	"icecore/forensics/syslog"
)

const (
	maxRuns  = 4096    // different cron commands of one log
	maxUnits = 4096    // different units of one log
	maxKeys  = 4 << 20 // bytes of their names
)

// count is how often something was seen, and when.
type count struct {
	parts       [3]string
	from        origin
	seen        int64 // before it
	first, last model.Stamp
	n           int64
}

// tally counts a bounded number of different things.
type tally struct {
	seen    map[string]*count
	max     int
	bytes   int
	leftOut int64 // things seen that are not counted
}

func newTally(limit int) *tally { return &tally{seen: make(map[string]*count), max: limit} }

func (t *tally) add(p *Parser, e *syslog.Entry, parts [3]string) {
	key := parts[0] + "\x00" + parts[1] + "\x00" + parts[2]
	c := t.seen[key]
	if c == nil {
		if len(t.seen) >= t.max || t.bytes+len(key) > maxKeys {
			t.leftOut++
			return
		}
		t.bytes += len(key)
		c = &count{parts: parts, from: p.at, seen: p.seen, first: e.Stamp("first"), last: e.Stamp("last")}
		t.seen[key] = c
	}
	c.n++
	if e.Time.Before(c.first.Time) {
		c.first = e.Stamp("first")
	}
	if e.Time.After(c.last.Time) {
		c.last = e.Stamp("last")
	}
}

// list gives what was counted in the order of the log.
func (t *tally) list() []*count {
	out := make([]*count, 0, len(t.seen))
	for _, c := range t.seen {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].seen < out[j].seen })
	return out
}

func (c *count) record(kind model.Kind) model.Record {
	r := model.Record{Kind: kind, Source: c.from.source}
	if !c.first.Time.IsZero() {
		r.Times = []model.Stamp{c.first, c.last}
	}
	return r
}

// cron reads "(user) CMD (command)" and "(user) REPLACE (user)"; of BusyBox "USER
// name pid 1 cmd command".
func (p *Parser) cron(e *syslog.Entry) {
	if m := busyboxRun.FindSubmatch(e.Message); m != nil {
		p.runs.add(p, e, [3]string{string(m[1]), strings.TrimSpace(string(m[2]))})
		return
	}
	rest, ok := strings.CutPrefix(string(e.Message), "(")
	if !ok {
		return
	}
	user, rest, ok := strings.Cut(rest, ") ")
	if !ok {
		return
	}
	verb, target, ok := strings.Cut(rest, " (")
	target = strings.TrimSuffix(target, ")")
	if !ok {
		return
	}
	switch verb {
	case "CMD":
		p.runs.add(p, e, [3]string{user, strings.TrimSpace(target)})
	case "REPLACE", "DELETE", "RELOAD", "BEGIN EDIT", "END EDIT", "ORPHAN":
		r := p.record(e, model.CronChange)
		r.Add("action", strings.ToLower(verb))
		r.Add("user", user)
		r.Add("target", target)
		p.emitRecord(r)
	}
}

var busyboxRun = regexp.MustCompile(`^USER ([^ ]+) pid +[0-9]+ cmd (.*)$`)

func (p *Parser) emitRuns() {
	for _, c := range p.runs.list() {
		r := c.record(model.CronRun)
		r.Add("user", c.parts[0])
		r.Add("command", c.parts[1])
		r.AddInt("count", c.n)
		f := shell.Analyze(c.parts[1])
		f.AddTo(&r)
		r.AddFields(c.from.more)
		p.emit(r)
	}
}

// unit reads systemd's "Started UNIT - DESCRIPTION." and, of a version before 250,
// "Started DESCRIPTION.". A unit that runs once and ends is "Finished" instead.
func (p *Parser) unit(e *syslog.Entry, about string) {
	msg := string(e.Message)
	rest, ok := strings.CutPrefix(msg, "Started ")
	if !ok {
		if rest, ok = strings.CutPrefix(msg, "Finished "); !ok {
			return
		}
	}
	rest = strings.TrimSuffix(rest, ".")
	unit, description, ok := strings.Cut(rest, " - ")
	if !ok || strings.Contains(unit, " ") {
		unit, description = "", rest
		if i := strings.LastIndexByte(rest, '.'); i > 0 && !strings.Contains(rest, " ") && i < len(rest)-1 {
			unit, description = rest, ""
		}
	}
	if about != "" {
		unit, description = about, strings.TrimPrefix(strings.TrimPrefix(rest, about), " - ")
	}
	// Each login is a unit of its own; logins come from others.
	if strings.HasPrefix(unit, "session-") && strings.HasSuffix(unit, ".scope") || unit == "" && strings.HasPrefix(rest, "Session ") {
		return
	}
	manager := ""
	if len(e.PID) > 0 && string(e.PID) != "1" {
		manager = "user"
	}
	p.units.add(p, e, [3]string{unit, description, manager})
}

func (p *Parser) emitUnits() {
	for _, c := range p.units.list() {
		r := c.record(model.UnitStarted)
		r.Add("unit", c.parts[0])
		r.Add("description", c.parts[1])
		r.Add("manager", c.parts[2])
		r.AddInt("count", c.n)
		r.AddFields(c.from.more)
		p.emit(r)
	}
}
