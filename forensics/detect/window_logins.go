package detect

import (
	"slices"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

// sessions gives the sessions of logins that are proven to be an intruder's: by a guessed
// password, from an address that is theirs, or by a key that is. What names their address
// is a moment of their presence, too.
func (c *collection) sessions() []window {
	addresses, keys, proofs := c.theirs()
	if len(addresses) == 0 && len(keys) == 0 && len(proofs) == 0 {
		return nil
	}
	ends := c.logouts()
	var out []window
	for _, l := range c.accepted() {
		if len(out) > maxPresence || !c.possible(l.at.Time) {
			break
		}
		p, guessed := proofs[l.rec.ID]
		why := model.Msg("window.guessed", "address", l.address, "user", l.user)
		print := l.rec.Get("fingerprint")
		switch {
		case guessed:
		case addresses[l.peer]:
			p, why = proof{record: l.rec.ID}, model.Msg("window.address", "address", l.address, "user", l.user)
		case print != "" && keys[print]:
			p, why = proof{record: l.rec.ID}, model.Msg("window.key", "address", l.address, "user", l.user, "fingerprint", print)
		default:
			continue
		}
		out = append(out, window{Window: model.Window{
			Host: c.machine(l.rec.Source.Host), From: l.at.Time, Until: c.end(ends, &l), Account: l.user, Address: l.address,
			Why: []model.Message{why}, Records: []string{l.rec.ID},
		}, proofs: []proof{p}})
	}
	return append(out, c.named()...)
}

// theirs gives the addresses and keys that are an intruder's, and the logins that findings
// prove.
func (c *collection) theirs() (addresses map[peer]bool, keys map[string]bool, proofs map[string]proof) {
	addresses, keys, proofs = make(map[peer]bool), make(map[string]bool), make(map[string]proof)
	for i := range c.findings {
		f := &c.findings[i]
		if f.Level < High {
			continue
		}
		rec := c.byID[f.Records[0]]
		switch {
		case rec.Kind == model.AuthLogin || rec.Kind == model.LoginSession:
			addresses[peerOf(rec)] = true
			proofs[rec.ID] = proof{rule: f.Rule, record: rec.ID}
		case rec.Kind == model.SSHKey && rec.Get("fingerprint") != "":
			keys[rec.Get("fingerprint")] = true
		}
	}
	for _, l := range c.accepted() {
		if print := l.rec.Get("fingerprint"); print != "" && keys[print] {
			addresses[l.peer] = true
		}
	}
	return addresses, keys, proofs
}

// named gives the minutes around what names an intruder's address, as far as a log states
// when it was.
func (c *collection) named() []window {
	hosts := c.attackerHosts()
	if len(hosts) == 0 {
		return nil
	}
	var out []window
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		h := names(rec, hosts)
		if h == "" || !rec.Kind.IsLog() || repeated(rec.Kind) || len(out) > maxPresence || twins.Elsewhere(rec) {
			continue
		}
		if w := rec.When(); stated(w) && c.possible(w.Time) {
			out = append(out, window{Window: model.Window{
				Host: c.machine(rec.Source.Host), From: w.Time.Add(-margins[0].before), Until: w.Time.Add(margins[0].after),
				Why: []model.Message{model.Msg("window.names", "host", h, "path", rec.Source.InHost())}, Records: []string{rec.ID},
			}, proofs: []proof{{record: rec.ID}}})
		}
	}
	return out
}

// session is a session as a log states it.
type session struct{ host, key string }

// logouts gives the ends of sessions, as wtmp and the logs of authentication state them.
type logouts struct {
	wtmp   map[peer][]*model.Record    // login.session by address
	closed map[session][]*model.Record // auth.session, by the process
}

func (c *collection) logouts() *logouts {
	out := &logouts{make(map[peer][]*model.Record), make(map[session][]*model.Record)}
	for i := range c.in.Records {
		switch r := &c.in.Records[i]; r.Kind {
		case model.LoginSession:
			out.wtmp[peerOf(r)] = append(out.wtmp[peerOf(r)], r)
		case model.AuthSession:
			if r.Get("action") == "closed" && r.Get("pid") != "" {
				k := session{twins.System(r), r.Get("pid") + " " + r.Get("user")}
				out.closed[k] = append(out.closed[k], r)
			}
		}
	}
	for _, l := range out.wtmp {
		slices.SortStableFunc(l, func(a, b *model.Record) int { return a.Time("login").Compare(b.Time("login")) })
	}
	return out
}

// session gives the entry of wtmp about a login, nil where there is none: of the same
// account and address, within a minute.
func (l *logouts) session(from peer, user string, at time.Time) *model.Record {
	list := l.wtmp[from]
	i, _ := slices.BinarySearchFunc(list, at.Add(-time.Minute), func(r *model.Record, t time.Time) int { return r.Time("login").Compare(t) })
	for n := 0; i < len(list) && n < maxListed; i, n = i+1, n+1 {
		if list[i].Time("login").Sub(at) > time.Minute {
			return nil
		}
		if list[i].Get("user") == user {
			return list[i]
		}
	}
	return nil
}

// end says when the session of a login ended; an hour after it where nothing states that.
func (c *collection) end(ends *logouts, l *login) time.Time {
	at := l.at.Time
	if r := ends.session(l.peer, l.user, at); r != nil {
		if t := r.Time("logout"); t.After(at) {
			return t
		}
		if r.Get("ended") == "open" && c.in.SnapshotTime.After(at) {
			return c.in.SnapshotTime
		}
	}
	closed := ends.closed[session{l.host, l.rec.Get("pid") + " " + l.user}]
	for _, r := range closed[:min(len(closed), maxPresence/10)] {
		if t := r.Time("logged"); t.After(at) && t.Sub(at) < 30*24*time.Hour {
			return t
		}
	}
	until := at.Add(sessionLeft)
	if !c.in.SnapshotTime.IsZero() && until.After(c.in.SnapshotTime) && c.in.SnapshotTime.After(at) {
		until = c.in.SnapshotTime
	}
	return until
}
