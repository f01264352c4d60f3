package detect

import (
	"sort"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

// peer is an address from which somebody came to a host.
type peer struct{ host, address string }

func peerOf(r *model.Record) peer { return peer{twins.System(r), r.Get("address")} }

// attempts are the failed logins from one address.
type attempts struct {
	peer
	recs  []*model.Record
	count int
	first time.Time
	last  time.Time
}

// before counts the attempts in the time before t: how many, for how many
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

// failures gives the failed logins by address. The log of sshd and btmp state
// the same attempts: where both do, the log is taken; of the journal and a log in
// text what twins.CountOnce takes. A row that stands in an older state of a log, too,
// counts once.
func (c *collection) failures() map[peer]*attempts {
	if c.failed == nil {
		c.failed = c.countFailures()
	}
	return c.failed
}

func (c *collection) countFailures() map[peer]*attempts {
	out := make(map[peer]*attempts)
	type row struct {
		peer
		count       string
		first, last int64
	}
	for _, kind := range []model.Kind{model.AuthFailures, model.LoginFailures} {
		logged := make(map[peer]bool)
		for a := range out {
			logged[a] = true
		}
		seen := make(map[row]bool)
		rows := make(map[peer][]*model.Record)
		var order []peer
		for _, state := range []model.State{model.Live, model.Orphan, model.Deleted} {
			for i := range c.in.Records {
				r := &c.in.Records[i]
				addr := peerOf(r)
				if r.Kind != kind || r.Source.State != state || addr.address == "" || logged[addr] || twins.Elsewhere(r) {
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
			a := &attempts{peer: addr, recs: c.pairs.CountOnce(rows[addr])}
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
	rec *model.Record
	peer
	user, method string
	at           model.When
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
		case model.AuthLogin:
		case model.LoginSession:
			what = "login"
		default:
			continue
		}
		if s := rec.Stamp(what); !s.Time.IsZero() && rec.Get("address") != "" {
			out = append(out, login{rec, peerOf(rec), rec.Get("user"), rec.Get("method"), s.When()})
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
