package detect

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

const (
	guessesBefore = 10             // failed logins that make a following login suspect
	guessWindow   = 24 * time.Hour // within which they count
	fewGuesses    = 10             // below that a row of failures is no finding
	manyGuesses   = 100            // from there on it is medium if it was still under way
	stillUnderWay = time.Hour
	surelyGuessed = 50 // failures that no forgetful user makes

	manySpread      = 50 // failures of one name
	spreadAddresses = 5  // from so many addresses
	spreadWindow    = time.Hour
)

// attempts are the failed logins from one address.
type attempts struct {
	address string
	recs    []*artifact.Record
	count   int
	first   time.Time
	last    time.Time
}

// before tells of the attempts in the time before t: how many, for how many
// names (the most that one row has), since when.
func (a *attempts) before(t time.Time) (count, users int, first time.Time, recs []string) {
	for _, r := range a.recs {
		f, l := r.Time("first"), r.Time("last")
		if f.IsZero() || f.After(t) || l.Before(t.Add(-guessWindow)) {
			continue
		}
		count += number(r.Get("count"))
		users = max(users, number(r.Get("user_count")))
		if first.IsZero() || f.Before(first) {
			first = f
		}
		if len(recs) < maxListed {
			recs = append(recs, r.ID)
		}
	}
	return count, users, first, recs
}

func number(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<40 {
			return n
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// failures gives the failed logins by address. The log of sshd and btmp tell of
// the same attempts: where both do, the log is taken; of the journal and a log in
// text what countOnce takes. A row that stands in an older state of a log, too,
// counts once.
func (c *collection) failures() map[string]*attempts {
	if c.failed == nil {
		c.failed = c.countFailures()
	}
	return c.failed
}

func (c *collection) countFailures() map[string]*attempts {
	out := make(map[string]*attempts)
	type row struct {
		address, count string
		first, last    int64
	}
	for _, kind := range []model.Kind{model.AuthFailures, model.LoginFailures} {
		logged := make(map[string]bool)
		for a := range out {
			logged[a] = true
		}
		seen := make(map[row]bool)
		rows := make(map[string][]*artifact.Record)
		var order []string
		for _, state := range []filesystem.State{filesystem.Live, filesystem.Orphan, filesystem.Deleted} {
			for i := range c.in.Records {
				r := &c.in.Records[i]
				addr := r.Get("address")
				if r.Kind != kind || r.Source.State != state || addr == "" || logged[addr] || elsewhere(r) {
					continue
				}
				k := row{addr, r.Get("count"), r.Time("first").UnixNano(), r.Time("last").UnixNano()}
				if seen[k] {
					continue
				}
				seen[k] = true
				if rows[addr] == nil {
					order = append(order, addr)
				}
				rows[addr] = append(rows[addr], r)
			}
		}
		for _, addr := range order {
			a := &attempts{address: addr, recs: c.countOnce(rows[addr])}
			for _, r := range a.recs {
				a.count += number(r.Get("count"))
				if f := r.Time("first"); a.first.IsZero() || f.Before(a.first) {
					a.first = f
				}
				if l := r.Time("last"); l.After(a.last) {
					a.last = l
				}
			}
			out[addr] = a
		}
	}
	return out
}

// login is an accepted login.
type login struct {
	rec                   *artifact.Record
	address, user, method string
	at                    model.When
}

// accepted gives the accepted logins in the order of time.
func (c *collection) accepted() []login {
	var out []login
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		// What somebody else wrote in sshd's name is no login.
		if c.secondary(rec) || rec.Has("sender") {
			continue
		}
		what := "logged"
		switch rec.Kind {
		case "auth.login":
		case "login.session":
			what = "login"
		default:
			continue
		}
		if s := rec.Stamp(what); !s.Time.IsZero() && rec.Get("address") != "" {
			out = append(out, login{rec, rec.Get("address"), rec.Get("user"), rec.Get("method"), logged(s)})
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		if d := out[i].at.Time.Truncate(time.Second).Compare(out[j].at.Time.Truncate(time.Second)); d != 0 {
			return d < 0
		}
		// The log of sshd says more than wtmp, a live log more than what is
		// left of a deleted one.
		a, b := out[i].rec, out[j].rec
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		return a.Source.State < b.Source.State
	})
	return out
}

func byKey(method string) bool {
	return method == "publickey" || method == "gssapi-with-mic" || method == "hostbased"
}

// logins looks for accepted logins from an address that had failed often just
// before. How sure it is that a password was guessed depends on how many were
// tried, for how many names, and whether the address was one of those that log in
// there anyway.
func (c *collection) logins() {
	failed := c.failures()
	type who struct{ address, user string }
	told := make(map[who][]time.Time)
	known := make(map[string]time.Time) // address: first accepted login
	for _, l := range c.accepted() {
		since, before := known[l.address]
		if !before {
			known[l.address] = l.at.Time
		}
		a := failed[l.address]
		if a == nil {
			continue
		}
		count, users, first, recs := a.before(l.at.Time)
		if count < guessesBefore {
			continue
		}
		// The first login tells how they came in. The second source of the same
		// login may be some seconds off.
		again := false
		for _, old := range told[who{l.address, l.user}] {
			again = again || l.at.Time.Sub(old) < guessWindow
		}
		if again {
			continue
		}
		told[who{l.address, l.user}] = append(told[who{l.address, l.user}], l.at.Time)
		f := c.finding(l.rec)
		f.Engine, f.Rule, f.Phase = EngineAnalysis, "guessed_password", PhaseAccess
		f.Techniques = []string{"T1110.001", "T1078"}
		f.When = l.at
		f.Title = fmt.Sprintf("Login of %s from %s after its password was guessed", l.user, l.address)
		f.Description = fmt.Sprintf("%d failed logins from %s since %s, then one that was accepted (%s).", count, l.address, first.UTC().Format(time.RFC3339), orUnknown(l.method))
		ordinary := before && since.Before(first)
		switch {
		case byKey(l.method):
			// A key is not guessed: the address may be shared.
			f.Level, f.Title = Medium, fmt.Sprintf("Login of %s by key from %s, from where passwords were guessed", l.user, l.address)
			if ordinary {
				f.Level = Low
			}
		case ordinary:
			f.Level, f.Title = Medium, fmt.Sprintf("Login of %s from %s after many failed ones", l.user, l.address)
			f.Description += fmt.Sprintf(" The address had logged in before, first %s: its user may have forgotten the password.", since.UTC().Format(time.RFC3339))
		case count >= surelyGuessed || users >= 3:
			f.Level = Critical
		default:
			f.Level = High
		}
		f.Records = append(f.Records, recs...)
		if f.Level >= High {
			c.guesses[l.address] = true
			f.lines = append(f.lines, model.StoryLine{When: model.When{Time: first, Meaning: l.at.Meaning, Inferred: l.at.Inferred}, Phase: PhaseAccess, Text: fmt.Sprintf("Password guessing from %s begins (%d failed logins until one was accepted)", l.address, count)})
		}
		c.add(f)
	}
}

// spreadGuesses looks for an accepted password where the guesses came from many
// addresses, a few from each, and none from that which then logged in: an army of
// guessers shares its work, and reports.
func (c *collection) spreadGuesses() {
	users := make(map[string]*guesses)
	total := 0
	for _, a := range c.failures() {
		for _, r := range a.recs {
			total += number(r.Get("count"))
			g := guess{r, r.Time("last"), number(r.Get("count")), r.Get("address")}
			for _, u := range r.List("users") {
				if users[u] == nil {
					users[u] = &guesses{addresses: make(map[string]int)}
				}
				if l := users[u].list; len(l) == 0 || l[len(l)-1].rec != r {
					users[u].list = append(l, g)
				}
			}
		}
	}
	if total < manySpread {
		return
	}
	for _, g := range users {
		g.sort()
	}
	known, told := make(map[string]bool), make(map[string]bool)
	for _, l := range c.accepted() {
		if known[l.address] || byKey(l.method) || l.rec.Kind != "auth.login" || c.guesses[l.address] {
			known[l.address] = true
			continue
		}
		known[l.address] = true
		before := users[l.user]
		if before == nil || told[l.user] {
			continue
		}
		before.within(l.at.Time.Add(-spreadWindow), l.at.Time)
		count, addresses := before.count, before.addresses
		if count < manySpread || len(addresses) < spreadAddresses {
			continue
		}
		told[l.user] = true
		f := c.finding(l.rec)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "guessed_password_spread", Medium, PhaseAccess
		f.Techniques = []string{"T1110.003", "T1078"}
		f.When = l.at
		f.Title = fmt.Sprintf("Login of %s from %s, while its password was guessed from %d other addresses", l.user, l.address, len(addresses))
		f.Description = fmt.Sprintf("%d failed logins of %s from %d addresses within the hour before, then one by password from an address that had never logged in.", count, l.user, len(addresses))
		for _, g := range before.list[before.from:min(before.to, before.from+maxListed)] {
			f.Records = append(f.Records, g.rec.ID)
		}
		c.add(f)
	}
}

// guess is a record of failed logins from one address.
type guess struct {
	rec     *artifact.Record
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

func orUnknown(method string) string {
	if method == "" {
		return "by a method that is not told"
	}
	return "by " + method
}

// guessing tells of addresses from which passwords were guessed, whether or not
// one was right. Every server on the internet sees that: it is low, unless it was
// massive and under way when the snapshot was taken.
func (c *collection) guessing() {
	var all []*attempts
	for _, a := range c.failures() {
		if a.count >= fewGuesses && !c.guesses[a.address] {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].count != all[j].count {
			return all[i].count > all[j].count
		}
		return all[i].address < all[j].address
	})
	var quiet []*attempts
	for _, a := range all {
		if a.count >= manyGuesses && !c.in.SnapshotTime.IsZero() && c.in.SnapshotTime.Sub(a.last) < stillUnderWay {
			f := c.guessed([]*attempts{a})
			f.Level = Medium
			f.Title = "Passwords are being guessed from " + a.address
			c.add(f)
			continue
		}
		quiet = append(quiet, a)
	}
	if len(quiet) > 0 {
		c.add(c.guessed(quiet))
	}
}

func (c *collection) guessed(list []*attempts) Finding {
	f := c.finding(list[0].recs[0])
	f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "guessing", Low, PhaseAccess
	f.Techniques = []string{"T1110.001"}
	f.When = logged(list[0].recs[0].Stamp("first"))
	f.When.Time = list[0].first
	f.Records = nil
	count := 0
	first, last := list[0].first, list[0].last
	var names []string
	for _, a := range list {
		count += a.count
		if a.first.Before(first) {
			first = a.first
		}
		if a.last.After(last) {
			last = a.last
		}
		if len(names) < 5 {
			names = append(names, fmt.Sprintf("%s (%d)", a.address, a.count))
		}
		for _, r := range a.recs {
			if len(f.Records) < maxListed {
				f.Records = append(f.Records, r.ID)
			}
		}
	}
	more := ""
	if len(list) > len(names) {
		more = fmt.Sprintf(" and %d more", len(list)-len(names))
	}
	f.Title = fmt.Sprintf("Passwords were guessed from %d address(es)", len(list))
	if len(list) == 1 {
		f.Title = "Passwords were guessed from " + list[0].address
	}
	f.Description = fmt.Sprintf("%d failed logins between %s and %s, from %s%s.", count, first.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339), strings.Join(names, ", "), more)
	return f
}
