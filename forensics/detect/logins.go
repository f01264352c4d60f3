package detect

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"icecore/forensics/artifact"
)

const (
	guessesBefore = 10             // failed logins that make a following login suspect
	guessWindow   = 24 * time.Hour // within which they count
	fewGuesses    = 10             // below that a row of failures is no finding
	manyGuesses   = 100            // from there on it is medium if it was still under way
	stillUnderWay = time.Hour
	maxListed     = 50 // records named by one finding
)

// attempts are the failed logins from one address.
type attempts struct {
	address string
	recs    []*artifact.Record
	count   int
	first   time.Time
	last    time.Time
}

func (a *attempts) before(t time.Time) (count int, first time.Time, recs []string) {
	for _, r := range a.recs {
		f, l := r.Time("first"), r.Time("last")
		if f.IsZero() || f.After(t) || l.Before(t.Add(-guessWindow)) {
			continue
		}
		count += number(r.Get("count"))
		if first.IsZero() || f.Before(first) {
			first = f
		}
		if len(recs) < maxListed {
			recs = append(recs, r.ID)
		}
	}
	return count, first, recs
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
// the same attempts: where both do, the log is taken.
func (c *collection) failures() map[string]*attempts {
	out := make(map[string]*attempts)
	for _, kind := range []string{"auth.failures", "login.failures"} {
		logged := make(map[string]bool)
		for a := range out {
			logged[a] = true
		}
		for i := range c.in.Records {
			r := &c.in.Records[i]
			addr := r.Get("address")
			if r.Kind != kind || addr == "" || logged[addr] {
				continue
			}
			a := out[addr]
			if a == nil {
				a = &attempts{address: addr}
				out[addr] = a
			}
			a.recs = append(a.recs, r)
			a.count += number(r.Get("count"))
			if f := r.Time("first"); a.first.IsZero() || f.Before(a.first) {
				a.first = f
			}
			if l := r.Time("last"); l.After(a.last) {
				a.last = l
			}
		}
	}
	return out
}

// logins looks for accepted logins from an address that had failed often just
// before.
func (c *collection) logins() {
	failed := c.failures()
	type who struct{ address, user string }
	told := make(map[who][]time.Time)
	for _, kind := range []string{"auth.login", "login.session"} {
		for i := range c.in.Records {
			rec := &c.in.Records[i]
			if rec.Kind != kind {
				continue
			}
			what := "logged"
			if kind == "login.session" {
				what = "login"
			}
			addr, user, t := rec.Get("address"), rec.Get("user"), rec.Time(what)
			a := failed[addr]
			if a == nil || addr == "" || t.IsZero() {
				continue
			}
			count, first, recs := a.before(t)
			if count < guessesBefore {
				continue
			}
			again := false
			for _, old := range told[who{addr, user}] {
				if d := t.Sub(old); d < guessWindow && d > -guessWindow {
					again = true
				}
			}
			if again {
				continue // the first login tells how they came in
			}
			told[who{addr, user}] = append(told[who{addr, user}], t)
			f := c.finding(rec)
			f.Engine, f.Rule, f.Phase = EngineAnalysis, "guessed_password", PhaseAccess
			f.Techniques = []string{"T1110.001", "T1078"}
			f.Level = Critical
			f.Time, f.TimeInferred = t, inferred(rec, what)
			f.Title = fmt.Sprintf("Login of %s from %s after its password was guessed", user, addr)
			f.Description = fmt.Sprintf("%d failed logins from %s since %s, then one that was accepted (%s).", count, addr, first.UTC().Format(time.RFC3339), orUnknown(rec.Get("method")))
			switch rec.Get("method") {
			case "publickey", "gssapi-with-mic", "hostbased":
				// A key is not guessed: the address may be shared.
				f.Level = Medium
				f.Title = fmt.Sprintf("Login of %s by key from %s, from where passwords were guessed", user, addr)
			}
			f.Records = append(f.Records, recs...)
			c.findings = append(c.findings, f)
		}
	}
}

func inferred(r *artifact.Record, what string) string {
	for _, s := range r.Times {
		if s.What == what {
			return s.Inferred
		}
	}
	return ""
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
		if a.count >= fewGuesses {
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
			c.findings = append(c.findings, f)
			continue
		}
		quiet = append(quiet, a)
	}
	if len(quiet) > 0 {
		c.findings = append(c.findings, c.guessed(quiet))
	}
}

func (c *collection) guessed(list []*attempts) Finding {
	f := c.finding(list[0].recs[0])
	f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "guessing", Low, PhaseAccess
	f.Techniques = []string{"T1110.001"}
	f.Time, f.TimeInferred = list[0].first, inferred(list[0].recs[0], "first")
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
