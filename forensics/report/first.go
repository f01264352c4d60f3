package report

import (
	"fmt"
	"slices"
	"strings"
)

const (
	firstLines = 23 // of the first screen: one of 24 is left for the prompt
	firstGaps  = 3  // coverage gaps that the first screen names
)

// first is the first screen. Where there is too much for it, the places of the phases
// that come last give way.
func (t *screen) first() {
	a, s := t.a, t.s
	quiet := a.Verdict.quiet()
	top := t.headline()
	top = append(top, t.bearing()...)
	top = append(top, "")
	if quiet {
		top = append(top, t.nothing(firstLines-len(top)-2)...)
	}
	top = append(top, t.names()...)
	if !quiet && len(s.miners)+len(s.pools)+len(s.wallets) == 0 {
		top = append(top, t.labelled(t.say("label.miners"), t.say("no-miners"), 1)...)
	}
	bottom := append([]string{""}, t.labelled(t.say("label.coverage"), t.gaps(), 2)...)
	if len(s.phases) > 0 {
		top = append(top, "")
		room := firstLines - len(top) - len(bottom) - len(s.phases)
		for i := range s.phases {
			lines := t.phaseLines(&s.phases[i])
			if room--; room < 0 {
				lines = lines[:1]
			}
			top = append(top, lines...)
		}
	}
	for _, l := range slices.Concat(top, bottom) {
		t.line(l)
	}
}

// headline says what the verdict is, since when, and of which server.
func (t *screen) headline() []string {
	a, s := t.a, t.s
	rest := ""
	if s.since != "" {
		rest = " " + s.since + optional(" (", s.rests, ")")
	}
	paint := t.paint.level(a.Verdict.State)
	switch {
	case a.Verdict.inconclusive(&a.Coverage):
		paint, rest = t.paint.warn, t.say("inconclusive")
	case a.Verdict.quiet():
		paint = t.paint.good
	}
	sub := s.system
	if a.Snapshot.TakenAt.Time != "" {
		sub += "; " + t.say("snapshot", "time", t.clock(a.Snapshot.TakenAt))
	}
	return []string{
		paint(s.verdict) + t.paint.bold(fit(rest, t.width-cellWidth(s.verdict))),
		fit(sub, t.width),
		fit(s.counts(t.words, false)+"; "+t.count("files-read", a.Coverage.Files), t.width),
	}
}

// bearing names what was not read and bears on the verdict.
func (t *screen) bearing() []string {
	gaps := t.a.Coverage.bearing()
	var out []string
	for i, g := range gaps {
		if i == firstGaps-1 && len(gaps) > firstGaps {
			out = append(out, strings.Repeat(" ", labelColumn)+t.count("more-gaps", int64(len(gaps)-i)))
			break
		}
		label := ""
		if i == 0 {
			label = t.say("label.not-read")
		}
		out = append(out, t.paint.warn(pad(label, labelColumn))+fit(g.What+": "+g.Why, t.width-labelColumn))
	}
	return out
}

// names are the miners, pools and wallets.
func (t *screen) names() []string {
	s := t.s
	var out []string
	if len(s.miners) > 0 {
		out = append(out, t.labelled(t.say("label.miners"), minerList(s.miners, t.words), 2)...)
	}
	if len(s.pools) > 0 {
		out = append(out, t.labelled(t.say("label.pools"), strings.Join(s.pools, ", "), 1)...)
	}
	if len(s.wallets) > 0 {
		out = append(out, t.wallet(s.wallets[0])...)
	}
	if n := len(s.wallets) - 1; n > 0 {
		out = append(out, t.labelled("", t.count("more-wallets", int64(n)), 1)...)
	}
	return out
}

// wallet writes a wallet, which is not broken: the coin stands before it where the line
// is too short for both.
func (t *screen) wallet(w wallet) []string {
	label := t.say("label.wallet")
	if s := w.address + optional(" (", w.coin, ")"); labelColumn+cellWidth(s) <= t.width {
		return t.labelled(label, s, 2)
	}
	return t.labelled(label, or(w.coin, t.say("no-coin"))+" "+w.address, 2)
}

// nothing says what an analysis without indicators looked at, in at most so many lines.
func (t *screen) nothing(most int) []string {
	a := t.a
	if a.Coverage.Files == 0 {
		return wrap(t.say("nothing-read"), t.width)
	}
	out := wrap(
		t.say(
			"nothing",
			"files",
			grouped(a.Coverage.Files),
			"nf",
			a.Coverage.Files,
			"records",
			grouped(a.records()),
			"nr",
			a.records(),
		),
		t.width,
	)
	if len(a.Kinds) == 0 {
		return out
	}
	var parts []string
	for k, n := range a.Kinds {
		parts = append(parts, fmt.Sprintf("%s %s", grouped(int64(n)), k))
	}
	slices.SortFunc(parts, func(a, b string) int { return strings.Compare(afterBlank(a), afterBlank(b)) })
	out = append(out, "")
	return append(
		out,
		t.labelled(t.say("label.records"), strings.Join(parts, ", "), max(1, min(8, most-len(out))))...)
}

func afterBlank(s string) string { _, s, _ = strings.Cut(s, " "); return s }

// phaseLines are two: when and what, then where and the proof.
func (t *screen) phaseLines(p *phase) []string {
	f := p.finding
	more := ""
	if p.more > 0 {
		more = fmt.Sprintf(" (+%d)", p.more)
	}
	left := pad(p.name, t.phaseColumn())
	when := t.shortTime(f.When)
	room := t.width - cellWidth(left) - cellWidth(when)
	if n := cellWidth(more); room > 3*n {
		room -= n
	} else {
		more = ""
	}
	return []string{
		t.paint.mark(left) + when + t.paint.level(f.Level)(fit(f.Title, room)) + t.paint.dim(more),
		"  " + t.paint.dim(
			f.ID,
		) + "  " + fit(
			t.where(f.Source)+optional("  ", excerpt(f), ""),
			t.width-4-cellWidth(f.ID),
		),
	}
}

// phaseColumn is the width of the names of the phases.
func (t *screen) phaseColumn() int {
	n := 0
	for i := range t.s.phases {
		n = max(n, cellWidth(t.s.phases[i].name))
	}
	return n + 2
}

// shortTime writes a time to the minute; if one of the phases has an upper bound, the
// others leave room for its word.
func (t *screen) shortTime(v whenView) string {
	by := t.say("by-short") + " "
	column := len("2006-01-02 15:04")
	late := slices.ContainsFunc(
		t.s.phases,
		func(p phase) bool { return p.finding.When.Late && p.finding.When.Time != "" },
	)
	s := t.say("no-time")
	if v.Time != "" {
		s = stamped(v.Time)
		s = s[:min(column, len(s))]
		switch {
		case v.Late:
			s = by + s
		case late:
			s = strings.Repeat(" ", cellWidth(by)) + s
		}
	}
	if late {
		column += cellWidth(by)
	}
	return pad(s, column+2)
}

// gaps says in one line how much was read.
func (t *screen) gaps() string {
	n := len(t.a.Coverage.Gaps)
	if n == 0 {
		return t.read() + "; " + t.say("gaps-none")
	}
	return t.read() + "; " + t.count("gaps-some", int64(n))
}

func (t *screen) read() string {
	c := t.a.Coverage
	return t.count("read", c.Files, "bytes", Bytes(c.BytesScanned))
}

// excerpt is the proof of a finding in one line.
func excerpt(f *findingView) string {
	return strings.Join(strings.Fields(f.Excerpt), " ")
}
