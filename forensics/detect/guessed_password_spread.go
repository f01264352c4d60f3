package detect

import (
	"cmp"
	"slices"
	"time"

	"icecore/forensics/model"
)

const (
	manySpread      = 50 // failures of one name
	spreadAddresses = 5  // from so many addresses
	spreadWindow    = time.Hour
)

func guessedPasswordSpread() Analysis {
	return Analysis{
		Name: "guessed_password_spread", Level: Medium, Phase: PhaseAccess, Techniques: []string{"T1110.003", "T1078"},
		Title:          model.Msg("guessed_password_spread.about"),
		Description:    model.Msg("guessed_password_spread.about.text"),
		FalsePositives: model.Msg("guessed_password_spread.benign"),
		run:            (*collection).spreadGuesses,
	}
}

// spreadGuesses looks for an accepted password where the guesses came from many
// addresses, a few from each, and none from that which then logged in: an army of
// guessers shares its work, and reports.
func (c *collection) spreadGuesses(a *Analysis) {
	users := c.guessesByUser()
	known, stated := make(map[peer]bool), make(map[account]bool)
	for _, l := range c.accepted() {
		if known[l.peer] || byKey(l.method) || l.rec.Kind != model.AuthLogin || c.guesses[l.peer] {
			known[l.peer] = true
			continue
		}
		known[l.peer] = true
		who := account{l.host, l.user}
		before := users[who]
		if before == nil || stated[who] {
			continue
		}
		before.within(l.at.Time.Add(-spreadWindow), l.at.Time)
		count, addresses := before.count, before.addresses
		if count < manySpread || len(addresses) < spreadAddresses {
			continue
		}
		stated[who] = true
		f := c.found(a, l.rec)
		f.When = l.at
		f.Message = model.Msg("guessed_password_spread.title", "user", l.user, "address", l.address)
		f.Add("guessed_password_spread.attempts", "count", count, "user", l.user, "addresses", len(addresses))
		for _, g := range before.list[before.from:min(before.to, before.from+maxListed)] {
			f.Records = append(f.Records, g.rec.ID)
		}
		c.add(f)
	}
}

// guessesByUser gives the failed logins by the name that was tried; none where all
// together are too few.
func (c *collection) guessesByUser() map[account]*guesses {
	users := make(map[account]*guesses)
	total := 0
	for _, a := range c.failures() {
		for _, r := range a.recs {
			total += number(r.Get("count"))
			g := guess{r, r.Time("last"), number(r.Get("count")), r.Get("address")}
			for _, u := range r.List("users") {
				who := account{a.host, u}
				if users[who] == nil {
					users[who] = &guesses{addresses: make(map[string]int)}
				}
				if l := users[who].list; len(l) == 0 || l[len(l)-1].rec != r {
					users[who].list = append(l, g)
				}
			}
		}
	}
	if total < manySpread {
		return nil
	}
	for _, g := range users {
		g.sort()
	}
	return users
}

// account is a user's name on a host.
type account struct{ host, user string }

// guess is a record of failed logins from one address.
type guess struct {
	rec     *model.Record
	at      time.Time
	count   int
	address string
}

// guesses are those of one user's password, of which a window that moves on is
// counted: an image can hold millions of guesses, and of logins.
type guesses struct {
	list      []guess
	from, to  int // the window
	count     int // failed logins in it
	addresses map[string]int
}

func (g *guesses) sort() {
	slices.SortFunc(g.list, func(a, b guess) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rec.ID, b.rec.ID))
	})
}

// within moves the window to the guesses of a time, both ends included. Neither end
// moves back: logins come in the order of their seconds, so they are at most that
// much off.
func (g *guesses) within(from, to time.Time) {
	for ; g.to < len(g.list) && !g.list[g.to].at.After(to); g.to++ {
		g.count += g.list[g.to].count
		g.addresses[g.list[g.to].address]++
	}
	for ; g.from < g.to && g.list[g.from].at.Before(from); g.from++ {
		old := g.list[g.from]
		g.count -= old.count
		if g.addresses[old.address]--; g.addresses[old.address] == 0 {
			delete(g.addresses, old.address)
		}
	}
}
