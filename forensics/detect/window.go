package detect

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"icecore/forensics/model"
)

const (
	sessionLeft = time.Hour // of a session whose end no log states
	maxWindows  = 64        // that are kept
	maxProofs   = 20        // reasons that one window names
	maxPresence = 20_000    // moments that are weighed
	maxOfWindow = 1000      // proofs that one window rests on
	// copiedShare is the share of a host's files from which on their times are those of an
	// installation or a copy, and say nothing of an intruder.
	copiedShare = 4 // one in so many
)

// margins are how long a window lasts before and after what proves it. A narrower one is
// taken where the files of the system itself came within the wider: a server that was hit
// minutes after it was installed.
var margins = []struct{ before, after time.Duration }{
	{5 * time.Minute, 10 * time.Minute}, {30 * time.Second, time.Minute}, {2 * time.Second, 5 * time.Second},
}

// proof is what a window rests on.
type proof struct {
	rule, record string  // of the finding; no rule: a record alone
	file         fileRef // that the proof is; the zero value: a log states it
}

// fileRef is a file by its inode.
type fileRef struct {
	volume  string
	inode   uint64
	version uint32
}

func refOf(s *model.Source) fileRef { return fileRef{s.Volume, s.Inode, s.Version} }

// window is a window while it is worked on.
type window struct {
	model.Window

	proofs []proof
}

// findWindows finds when an intruder was present: the sessions of logins that are proven
// to be theirs, the minutes around what was dropped, and what names their address.
//
// Where the findings do not make the server a compromised one, there is none: one claim
// alone, which may be wrong, must not raise others.
func (c *collection) findWindows() {
	if !c.proven() {
		return
	}
	var list []window
	for moments, n := c.payloads(), 0; n < len(margins) && len(moments) > 0; n++ {
		wide := slices.Clone(moments)
		for i := range wide {
			wide[i].From, wide[i].Until = wide[i].From.Add(-margins[n].before), wide[i].Until.Add(margins[n].after)
			wide[i].Why, wide[i].Records, wide[i].proofs = slices.Clone(wide[i].Why), slices.Clone(wide[i].Records), slices.Clone(wide[i].proofs)
		}
		kept := merge(wide)
		if c.in.Files != nil {
			kept = c.withoutCopies(kept)
		}
		list = append(list, kept...)
		hosts := byHost(kept)
		moments = slices.DeleteFunc(moments, func(w window) bool { return index(hosts[w.Host], w.From.Unix()) != nil })
	}
	list = append(list, c.sessions()...)
	list = merge(list)
	if len(list) > maxWindows {
		// What most rests on stays.
		slices.SortStableFunc(list, func(a, b window) int { return len(b.proofs) - len(a.proofs) })
		c.windowsCut = len(list) - maxWindows
		list = list[:maxWindows]
	}
	slices.SortStableFunc(list, func(a, b window) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Host, b.Host))
	})
	for i := range list {
		list[i].ID = fmt.Sprintf("W-%02d", i+1)
	}
	c.windows = list
}

// proven says whether the findings make the server a compromised one.
func (c *collection) proven() bool {
	w := weights{}
	for i := range c.findings {
		f := c.findings[i].Finding
		f.Level = c.findings[i].rests() // no rule of the user's makes a window
		w.add(&f)
	}
	return w.compromised()
}

// machine gives the host that runs what lies in a container or chroot: both have their
// accounts and packages, and one clock and one intruder.
func (c *collection) machine(host string) string {
	if c.in.Machine == nil {
		return host
	}
	return c.in.Machine(host)
}

// payloads gives the minutes around what findings of level high and above prove: when a
// file came, or a log states it.
func (c *collection) payloads() []window {
	var out []window
	for i := range c.findings {
		f := &c.findings[i]
		if f.rests() < High || len(out) > maxPresence {
			continue
		}
		rec := c.byID[f.Records[0]]
		switch {
		case f.Rule == guessedPassword().Name || f.Rule == guessedPasswordSpread().Name || rec.Source.Host == "":
		case rec.Kind.IsLog():
			if !repeated(rec.Kind) && stated(f.When) {
				out = append(out, c.around(f, rec, f.When.Time, model.Msg("window.logged", "title", f.Message, "path", rec.Source.InHost())))
			}
		default:
			changed, created := rec.Time("changed"), rec.Time("created")
			why := model.Msg("window.dropped", "title", f.Message, "path", rec.Source.InHost())
			switch {
			case !changed.IsZero():
				out = append(out, c.around(f, rec, changed, why))
			case stated(f.When):
				out = append(out, c.around(f, rec, f.When.Time, why))
			}
			// Of a file that is edited in place only the change is theirs: what was made
			// long before came with the system.
			if !created.IsZero() && (rec.Kind == model.YARAMatch || rec.Kind == model.FileNotable) && rec.Get("owner") == "" && rec.Get("what") != "immutable" {
				out = append(out, c.around(f, rec, created, why))
			}
		}
	}
	return slices.DeleteFunc(out, func(w window) bool { return w.From.IsZero() })
}

// repeated says whether the records of a kind state what the system does again and again
// once it is set up: no sign of somebody's presence.
func repeated(k model.Kind) bool {
	switch k {
	case model.CronRun, model.UnitStarted, model.AuthFailures, model.LoginFailures, model.LogCoverage, model.JournalProgram:
		return true
	}
	return false
}

// stated says whether a log states a moment, its year and zone perhaps not.
func stated(w model.When) bool { return !w.IsZero() && w.Basis == "" && w.Meaning != model.AtLatest }

// around gives a moment as a window that is yet without minutes around it; the zero window
// where it cannot be.
func (c *collection) around(f *Finding, rec *model.Record, at time.Time, why model.Message) window {
	if !c.possible(at) {
		return window{}
	}
	p := proof{rule: f.Rule, record: rec.ID}
	if !rec.Kind.IsLog() {
		p.file = refOf(&rec.Source)
	}
	return window{Window: model.Window{
		Host: c.machine(rec.Source.Host), From: at, Until: at,
		Why: []model.Message{why}, Records: []string{rec.ID},
	}, proofs: []proof{p}}
}

// possible says whether a moment is one that the server can have seen.
func (c *collection) possible(t time.Time) bool {
	return t.Year() >= 1990 && (c.in.SnapshotTime.IsZero() || !t.After(c.in.SnapshotTime.Add(time.Hour)))
}

// merge joins windows of a host that overlap.
func merge(list []window) []window {
	slices.SortStableFunc(list, func(a, b window) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), a.From.Compare(b.From))
	})
	var out []window
	for i := range list {
		w := &list[i]
		if n := len(out) - 1; n >= 0 && out[n].Host == w.Host && !w.From.After(out[n].Until) {
			out[n].join(w)
			continue
		}
		out = append(out, *w)
	}
	return out
}

func (w *window) join(o *window) {
	if o.Until.After(w.Until) {
		w.Until = o.Until
	}
	w.Account, w.Address = cmp.Or(w.Account, o.Account), cmp.Or(w.Address, o.Address)
	for _, m := range o.Why {
		if len(w.Why) < maxProofs && !slices.ContainsFunc(w.Why, m.Equal) {
			w.Why = append(w.Why, m)
		}
	}
	for _, r := range o.Records {
		if len(w.Records) < maxListed {
			w.Records = union(w.Records, []string{r})
		}
	}
	for _, p := range o.proofs {
		if len(w.proofs) < maxOfWindow && !slices.Contains(w.proofs, p) {
			w.proofs = append(w.proofs, p)
		}
	}
}

// index finds the window that holds a moment among disjoint ones of a host, in order.
func index(list []*window, sec int64) *window {
	i, found := slices.BinarySearchFunc(list, sec, func(w *window, s int64) int { return cmp.Compare(w.From.Unix(), s) })
	if !found {
		i--
	}
	if i < 0 || sec > list[i].Until.Unix() || sec == 0 {
		return nil
	}
	return list[i]
}

// byHost gives the windows of each host in order.
func byHost(list []window) map[string][]*window {
	out := make(map[string][]*window)
	for i := range list {
		out[list[i].Host] = append(out[list[i].Host], &list[i])
	}
	for _, l := range out {
		slices.SortFunc(l, func(a, b *window) int { return a.From.Compare(b.From) })
	}
	return out
}

// withoutCopies leaves out windows in which a good part of all files of the host came: a
// server that was copied or restored as files has its times from then.
func (c *collection) withoutCopies(list []window) []window {
	hosts := byHost(list)
	total, within := make(map[string]int), make(map[*window]int)
	c.in.Files(func(f *FileTimes) bool {
		l := hosts[f.Host]
		if l == nil || f.State != model.Live || f.dir() {
			return true
		}
		total[f.Host]++
		w := index(l, f.Changed)
		if w != nil {
			within[w]++
		}
		if v := index(l, f.Created); v != nil && v != w {
			within[v]++
		}
		return true
	})
	var out []window
	for i := range list {
		if w := &list[i]; within[w]*copiedShare < total[w.Host] {
			out = append(out, *w)
		}
	}
	return out
}

// own says whether a window rests on nothing but a file.
func (w *window) own(file fileRef) bool {
	return !slices.ContainsFunc(w.proofs, func(p proof) bool { return p.file != file })
}

// nameWindows gives the windows the numbers of the findings that prove them, once these
// have theirs.
func (c *collection) nameWindows(findings []model.Finding) []model.Window {
	byProof := make(map[proof]string)
	for i := range findings {
		if f := &findings[i]; f.Level >= High {
			byProof[proof{rule: f.Rule, record: f.Records[0]}] = f.ID
		}
	}
	out := make([]model.Window, 0, len(c.windows))
	for i := range c.windows {
		w := &c.windows[i]
		for _, p := range w.proofs {
			if id := byProof[proof{rule: p.rule, record: p.record}]; id != "" && len(w.Findings) < maxListed {
				w.Findings = union(w.Findings, []string{id})
			}
		}
		slices.Sort(w.Findings)
		out = append(out, w.Window)
	}
	return out
}
