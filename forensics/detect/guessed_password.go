package detect

import (
	"slices"
	"time"

	"icecore/forensics/model"
)

const (
	guessesBefore = 10             // failed logins that make a following login suspect
	guessWindow   = 24 * time.Hour // within which they count
	surelyGuessed = 50             // failures that no forgetful user makes
	triedNames    = 3              // so many names nobody tries by mistake
)

func guessedPassword() Analysis {
	return Analysis{
		Name: "guessed_password", Level: Critical, Phase: PhaseAccess, Techniques: []string{"T1110.001", "T1078"},
		Title:          model.Msg("guessed_password.about"),
		Description:    model.Msg("guessed_password.about.text"),
		FalsePositives: model.Msg("guessed_password.benign"),
		run:            (*collection).logins,
	}
}

// logins looks for accepted logins from an address that had failed often just
// before. How sure it is that a password was guessed depends on how many were
// tried, for how many names, and whether the address was one of those that log in
// there anyway.
func (c *collection) logins(a *Analysis) {
	failed := c.failures()
	type who struct {
		peer
		user string
	}
	stated := make(map[who][]time.Time)
	known := make(map[peer]time.Time) // first accepted login
	for _, l := range c.accepted() {
		since, before := known[l.peer]
		if !before {
			known[l.peer] = l.at.Time
		}
		guesses := failed[l.peer]
		if guesses == nil {
			continue
		}
		count, users, first, recs := guesses.before(l.at.Time)
		if count < guessesBefore {
			continue
		}
		// The first login says how they came in. The second source of the same
		// login may be some seconds off.
		again := false
		for _, old := range stated[who{l.peer, l.user}] {
			again = again || l.at.Time.Sub(old) < guessWindow
		}
		if again {
			continue
		}
		stated[who{l.peer, l.user}] = append(stated[who{l.peer, l.user}], l.at.Time)
		f := c.found(a, l.rec)
		f.When = l.at
		f.Add("guessed_password.attempts", "count", count, "address", l.address, "since", first, "method", l.method)
		ordinary := before && since.Before(first)
		if ordinary {
			f.Add("guessed_password.known", "since", since)
		}
		switch {
		case byKey(l.method):
			// A key is not guessed: the address may be shared.
			f.Level, f.Message = Medium, model.Msg("guessed_password.title.key", "user", l.user, "address", l.address)
			if ordinary {
				f.Level = Low
			}
		case ordinary:
			f.Level, f.Message = Medium, model.Msg("guessed_password.title.known", "user", l.user, "address", l.address)
			if users <= 1 && (count < surelyGuessed || steady(guesses.recs)) {
				f.Level = Low // one who forgot the password, or a program that still has the old one
			}
		case l.method == "ftp" || l.method == "mail":
			// What is behind it is a mailbox or a directory, no shell.
			f.Level, f.Message = Medium, model.Msg("guessed_password.title", "user", l.user, "address", l.address)
		case users <= 1 && steady(guesses.recs):
			f.Level, f.Message = Medium, model.Msg("guessed_password.title", "user", l.user, "address", l.address)
			f.Add("guessed_password.steady")
		default:
			f.Level, f.Message = High, model.Msg("guessed_password.title", "user", l.user, "address", l.address)
			if count >= surelyGuessed || users >= triedNames {
				f.Level = Critical
			}
		}
		f.Records = append(f.Records, recs...)
		if f.Level >= High && !c.guesses[l.peer] {
			c.guesses[l.peer] = true
			f.lines = append(f.lines, model.StoryLine{
				When:    model.When{Time: first, Meaning: l.at.Meaning, Inferred: l.at.Inferred},
				Phase:   PhaseAccess,
				Message: model.Msg("guessed_password.begins", "address", l.address, "count", count),
			})
		}
		c.add(f)
	}
}

// steady says whether failures come one by one at even intervals of a minute or more: a
// program does that which has an old password, and one that guesses so slowly that nobody
// notices.
func steady(recs []*model.Record) bool {
	const least = 6
	if len(recs) < least {
		return false
	}
	times := make([]time.Time, 0, len(recs))
	for _, r := range recs {
		if number(r.Get("count")) > 2 {
			return false
		}
		times = append(times, r.Time("first"))
	}
	slices.SortFunc(times, time.Time.Compare)
	step := times[1].Sub(times[0])
	if step < time.Minute {
		return false
	}
	for i := 2; i < len(times); i++ {
		if d := times[i].Sub(times[i-1]) - step; d > step/10 || d < -step/10 {
			return false
		}
	}
	return true
}
