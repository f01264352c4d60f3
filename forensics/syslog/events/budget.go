package events

import "icecore/forensics/model"

// Bounds of what is kept beyond the records of a kind because it may prove something.
const (
	maxTelling  = 10_000 // records of a kind
	maxGuessers = 50_000 // addresses of one generation
	maxLate     = 10_000 // series of one generation
	telling     = 10     // failures from which on a series may be guessing that came to something
)

// guessers remembers the addresses from which passwords were guessed, and the series of
// theirs for which there was no room: a login from there may still come. Of each there are
// two generations, the older of which is forgotten when the younger is full.
type guessers struct {
	seen [2]map[string]bool
	late [2]map[string][]pending
}

// pending is a record that is kept if a login tells that it matters.
type pending struct {
	from   origin
	record model.Record
}

// closed notes a series that has ended.
func (g *guessers) closed(address string) {
	if address == "" {
		return
	}
	if len(g.seen[0]) >= maxGuessers {
		g.seen[0], g.seen[1] = nil, g.seen[0]
	}
	if g.seen[0] == nil {
		g.seen[0] = make(map[string]bool)
	}
	g.seen[0][address] = true
}

// hold keeps the record of a series for a login to come.
func (g *guessers) hold(address string, p pending) {
	if len(g.late[0]) >= maxLate {
		g.late[0], g.late[1] = nil, g.late[0]
	}
	if g.late[0] == nil {
		g.late[0] = make(map[string][]pending)
	}
	if l := g.late[0][address]; len(l) < 16 {
		g.late[0][address] = append(l, p)
	}
}

// take gives what was held of an address.
func (g *guessers) take(address string) []pending {
	var out []pending
	for i := range g.late {
		out = append(g.late[i][address], out...)
		delete(g.late[i], address)
	}
	return out
}

func (g *guessers) known(address string) bool { return g.seen[0][address] || g.seen[1][address] }

// emitFailures emits the record of a series of failures. Beyond the bound of its kind, it
// is kept if somebody logged in from there, or held until somebody does.
func (p *Parser) emitFailures(s *series, r model.Record) {
	if s.count >= telling {
		p.guessers.closed(s.address)
	}
	if p.records[r.Kind] < maxRecords || s.count < telling {
		p.emitFrom(&s.from, r)
		return
	}
	r.AddFields(s.from.more)
	if s.proved {
		p.emitTelling(r)
		return
	}
	p.guessers.hold(s.address, pending{s.from, r})
	p.leftOut++
}

// emitLogin emits the record of an accepted login. The failures before it that had no room
// are emitted, too, and the login itself whatever else is in the log: one after guesses is
// what the others may have been made to hide.
func (p *Parser) emitLogin(r model.Record) {
	address := r.Get("address")
	guessed := address != "" && p.guessers.known(address)
	if s := p.fails.open["a"+address]; s != nil && address != "" {
		s.proved = true
		guessed = guessed || s.count >= telling
	}
	for _, late := range p.guessers.take(address) {
		p.leftOut--
		p.emitTelling(late.record)
	}
	if !guessed || p.records[r.Kind] < maxRecords {
		p.emitRecord(r)
		return
	}
	r.AddFields(p.at.more)
	p.emitTelling(r)
}

// emitTelling emits a record for which the bound of its kind has no room.
func (p *Parser) emitTelling(r model.Record) {
	if p.telling[r.Kind]++; p.telling[r.Kind] > maxTelling {
		p.leftOut++
		return
	}
	p.emit(r)
}
