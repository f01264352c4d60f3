package report

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"icecore/forensics/model"
)

// summary is what the first screen says, taken from an analysis. Texts are escaped.
type summary struct {
	verdict string // COMPROMISED
	since   string // since 2026-11-24 15:32:38 UTC, empty: unknown
	rests   string // the finding of that time, and what of it was inferred
	system  string
	levels  []levelCount // most serious first
	miners  []miner
	pools   []string
	wallets []wallet
	phases  []phase
}

type levelCount struct {
	level string
	n     int
}

// miner is a file that mines, or belongs to what does.
type miner struct {
	path, state, what string
	archived          bool
}

type wallet struct{ address, coin, path string }

// phase is a phase of the intrusion, with the finding that shows it best.
type phase struct {
	name    string
	finding *findingView
	more    int
}

var levelOrder = []string{"critical", "high", "medium", "low", "informational"}

func rank(level string) int { return slices.Index(levelOrder, level) }

// matters says whether a level is medium or above.
func matters(level string) bool { r := rank(level); return 0 <= r && r <= 2 }

func summarize(a *view, w words) *summary {
	v := &a.Verdict
	state := v.State
	if v.inconclusive(&a.Coverage) {
		state = string(model.Inconclusive) // also of an analysis that did not say so itself
	}
	s := &summary{verdict: w.verdict(state), since: w.since(v.Since)}
	if s.since != "" {
		s.rests = strings.TrimSuffix(v.SinceFinding+"; "+w.note(v.Since), "; ")
		s.rests = strings.TrimPrefix(s.rests, "; ")
	}
	s.system = or(a.System.Hostname, w.say("no-hostname")) + ", " + or(a.System.OS, w.say("no-os"))
	counts := make(map[string]int)
	best := make(map[string]*phase)
	var order []string
	for i := range a.Findings {
		f := &a.Findings[i]
		counts[f.Level]++
		if !matters(f.Level) {
			continue
		}
		p := best[f.Phase]
		switch {
		case p == nil:
			best[f.Phase] = &phase{name: w.phase(f.Phase), finding: f}
			order = append(order, f.Phase)
		case better(f, p.finding):
			p.finding = f
			p.more++
		default:
			p.more++
		}
		if f.Phase == string(model.PhaseMining) && f.Source != nil && rank(f.Level) <= 1 &&
			f.Engine == string(model.EngineYARA) {
			s.addMiner(miner{path: f.Source.shown(), state: f.Source.State, what: f.Rule, archived: archived(f.Source)})
		}
	}
	for _, l := range levelOrder {
		if counts[l] > 0 {
			s.levels = append(s.levels, levelCount{l, counts[l]})
		}
	}
	sort.SliceStable(s.miners, func(i, j int) bool { return !s.miners[i].archived && s.miners[j].archived })
	// In the order in which an intrusion goes; a miner is what it comes to.
	flow := []model.Phase{
		model.PhaseAccess,
		model.PhaseExecution,
		model.PhasePersistence,
		model.PhaseMining,
		model.PhaseEvasion,
	}
	place := func(p string) int {
		if i := slices.Index(flow, model.Phase(p)); i >= 0 {
			return i
		}
		return len(flow)
	}
	sort.SliceStable(order, func(i, j int) bool { return place(order[i]) < place(order[j]) })
	for _, o := range order {
		s.phases = append(s.phases, *best[o])
	}
	s.configs(a)
	return s
}

// better says whether a shows a phase better than b: it is more serious, or points
// at a line, or is earlier.
func better(a, b *findingView) bool {
	if x, y := rank(a.Level), rank(b.Level); x != y {
		return x < y
	}
	if x, y := archived(a.Source), archived(b.Source); x != y {
		return y
	}
	line := func(f *findingView) bool { return f.Source != nil && f.Source.Line > 0 && f.Excerpt != "" }
	if x, y := line(a), line(b); x != y {
		return x
	}
	return a.When.Time != "" && (b.When.Time == "" || a.When.Time < b.When.Time)
}

func (s *summary) addMiner(m miner) {
	for _, have := range s.miners {
		if have.path == m.path && have.state == m.state {
			return
		}
	}
	s.miners = append(s.miners, m)
}

// proof gives the records that findings of level medium and above rest on.
func (v *view) proof() map[string]bool {
	out := make(map[string]bool)
	for i := range v.Findings {
		if matters(v.Findings[i].Level) {
			for _, id := range v.Findings[i].Records {
				out[id] = true
			}
		}
	}
	return out
}

// configs gathers pools and wallets of the configurations that a finding rests on.
func (s *summary) configs(a *view) {
	proves := a.proof()
	for i := range a.Records {
		r := &a.Records[i]
		if r.Kind != string(model.MinerConfig) || !proves[r.ID] {
			continue
		}
		pool := field(r, "pool")
		if h := field(r, "host"); h != "" {
			pool = h
			if strings.Contains(h, ":") {
				pool = "[" + h + "]"
			}
			if p := field(r, "port"); p != "" {
				pool += ":" + p
			}
		}
		if pool != "" && field(r, "tls") == "yes" {
			pool += " (TLS)"
		}
		if pool != "" && !slices.Contains(s.pools, pool) {
			s.pools = append(s.pools, pool)
		}
		w := wallet{field(r, "wallet"), field(r, "coin"), r.Source.shown()}
		if w.address != "" && !slices.ContainsFunc(s.wallets, func(x wallet) bool { return x.address == w.address }) {
			s.wallets = append(s.wallets, w)
		}
	}
}

// counts writes how many findings there are: of the levels that matter, or of all.
func (s *summary) counts(w words, all bool) string {
	var parts []string
	n := 0
	for _, l := range s.levels {
		if all || matters(l.level) {
			parts = append(parts, fmt.Sprintf("%d %s", l.n, w.level(l.level)))
			n += l.n
		}
	}
	switch {
	case len(s.levels) == 0:
		return w.say("counts-none")
	case n == 0:
		return w.say("counts-low")
	}
	return w.count("counts", int64(n), "list", strings.Join(parts, ", "))
}

// minerList names the files that mine, by the rule that found them.
func minerList(list []miner, w words) string {
	var rules []string
	paths := make(map[string][]string)
	for _, m := range list {
		if paths[m.what] == nil {
			rules = append(rules, m.what)
		}
		state := ""
		if m.state != model.Live.String() {
			state = " [" + w.state(m.state) + "]"
		}
		paths[m.what] = append(paths[m.what], or(m.path, w.say("unnamed"))+state)
	}
	for i, r := range rules {
		rules[i] = strings.Join(paths[r], ", ") + " (" + r + ")"
	}
	return strings.Join(rules, "; ")
}
