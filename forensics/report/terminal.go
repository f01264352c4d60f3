package report

import (
	"bytes"
	"fmt"
	"icecore/forensics/model"
	"io"
	"sort"
	"strings"

	"github.com/fatih/color"
)

// Terminal writes the report for a screen.
func Terminal(w io.Writer, an *model.Analysis, o Options) error {
	a := viewOf(an)
	t := &screen{a: a, s: summarise(a), o: o, width: o.Width}
	if t.width <= 0 {
		t.width = defaultWidth
	}
	t.paint = newPalette(o.Color)
	t.first()
	t.findings()
	t.mining()
	t.story()
	t.coverage()
	t.next()
	if t.err != nil {
		return t.err
	}
	_, err := w.Write(t.b.Bytes())
	return err
}

type screen struct {
	a     *view
	s     *summary
	o     Options
	width int
	paint palette
	b     bytes.Buffer
	err   error
}

// palette holds the colours; all are plain where colours are off.
type palette struct {
	bold, dim, alarm, warn, good, mark func(string) string
}

func newPalette(on bool) palette {
	style := func(attr ...color.Attribute) func(string) string {
		c := color.New(attr...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return func(s string) string {
			if !on || s == "" {
				return s
			}
			return c.Sprint(s)
		}
	}
	return palette{
		bold: style(color.Bold), dim: style(color.Faint), alarm: style(color.FgRed, color.Bold), warn: style(color.FgYellow, color.Bold), good: style(color.FgGreen, color.Bold), mark: style(color.FgCyan),
	}
}

func (p palette) level(l string) func(string) string {
	switch l {
	case "critical", "high", "compromised":
		return p.alarm
	case "medium", "suspicious":
		return p.warn
	}
	return p.bold
}

func (t *screen) line(s string) {
	t.b.WriteString(strings.TrimRight(s, " "))
	t.b.WriteByte('\n')
}

// text writes a sentence, wrapped.
func (t *screen) text(s string) {
	for _, l := range wrap(s, t.width) {
		t.line(l)
	}
}

func (t *screen) head(title string) {
	t.line("")
	t.line(t.paint.bold(title))
}

// labelled writes a value behind a label, wrapped to at most max lines.
func (t *screen) labelled(label, value string, most int) {
	const column = 10
	lines := wrap(value, t.width-column)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = fit(lines[most-1]+"…", t.width-column)
	}
	for i, l := range lines {
		if i == 0 {
			t.line(t.paint.bold(pad(label, column)) + l)
		} else {
			t.line(strings.Repeat(" ", indent(column, cellWidth(l), t.width)) + l)
		}
	}
}

// wallet writes a wallet, which is not broken: the coin stands before it where the line
// is too short for both.
func (t *screen) wallet(w wallet) {
	const column = 10
	if s := w.address + optional(" (", w.coin, ")"); column+cellWidth(s) <= t.width {
		t.labelled("Wallet", s, 2)
		return
	}
	t.labelled("Wallet", or(w.coin, "unknown coin")+" "+w.address, 2)
}

// first is the first screen: at most 23 lines of 80 columns.
func (t *screen) first() {
	a, s := t.a, t.s
	headline := s.verdict
	rest := ""
	if s.since != "" {
		rest = " since " + s.since
		if s.note != "" {
			rest += " (" + inferred(s.note) + ")"
		}
	}
	paint := t.paint.level(a.Verdict.State)
	if a.Verdict.State == "no-indicators" {
		paint = t.paint.good
	}
	t.line(paint(headline) + t.paint.bold(fit(rest, t.width-cellWidth(headline))))
	sub := s.system
	if a.Snapshot.TakenAt != "" {
		sub += "; snapshot of " + clock(a.Snapshot.TakenAt)
	}
	t.line(fit(sub, t.width))
	t.line(fit(fmt.Sprintf("%s; %s files read", s.counts(false), grouped(a.Coverage.Files)), t.width))
	t.line("")
	if a.Verdict.State == "no-indicators" {
		t.nothing()
	}
	if len(s.miners) > 0 {
		t.labelled("Mines", minerList(s.miners), 2)
	}
	if len(s.pools) > 0 {
		t.labelled("Pool", strings.Join(s.pools, ", "), 1)
	}
	for i, w := range s.wallets {
		if i == 1 {
			t.labelled("", fmt.Sprintf("and %s, below", plural(len(s.wallets)-1, "more wallet", "more wallets")), 1)
			break
		}
		t.wallet(w)
	}
	if a.Verdict.State != "no-indicators" && len(s.miners)+len(s.pools)+len(s.wallets) == 0 {
		t.labelled("Mines", "no miner, pool or wallet was found", 1)
	}
	if len(s.phases) > 0 {
		t.line("")
	}
	for i := range s.phases {
		t.phase(&s.phases[i])
	}
	t.line("")
	n := len(a.Coverage.NotRead)
	switch n {
	case 0:
		t.labelled("Coverage", t.read()+"; nothing was left out", 1)
	default:
		t.labelled("Coverage", fmt.Sprintf("%s; %s not read (the reasons: at the end)", t.read(), plural(n, "place", "places")), 2)
	}
}

func (t *screen) read() string {
	c := t.a.Coverage
	return fmt.Sprintf("%s files, %s of them by YARA", grouped(c.Files), Bytes(c.BytesScanned))
}

// nothing says what an analysis without indicators looked at.
func (t *screen) nothing() {
	a := t.a
	msg := fmt.Sprintf("Nothing above low was found in %s files and %s records. That is no proof that the server is clean: it says that what icecore looks for is not there, as far as it could read.", grouped(a.Coverage.Files), grouped(a.records()))
	if a.Coverage.Files == 0 {
		msg = "No file was read, so nothing could be found. See below why."
	}
	t.text(msg)
	kinds := a.Kinds
	if len(kinds) > 0 {
		names := make([]string, 0, len(kinds))
		for k := range kinds {
			names = append(names, k)
		}
		sort.Strings(names)
		parts := make([]string, len(names))
		for i, k := range names {
			parts[i] = fmt.Sprintf("%s %s", grouped(int64(kinds[k])), k)
		}
		t.line("")
		t.labelled("Records", strings.Join(parts, ", "), 8)
	}
}

// phase writes two lines: when and what, then where and the proof.
func (t *screen) phase(p *phase) {
	const column = 13
	f := p.finding
	more := ""
	if p.more > 0 {
		more = fmt.Sprintf(" (+%d)", p.more)
	}
	when := pad("time unknown", 18)
	if f.Time != "" {
		when = pad(moment(f.Time)[:len("2006-01-02 15:04")], 18)
	}
	room := t.width - column - 18 - cellWidth(more)
	t.line(t.paint.mark(pad(p.name, column)) + when + t.paint.level(f.Level)(fit(f.Title, room)) + t.paint.dim(more))
	t.line("  " + t.paint.dim(f.ID) + "  " + fit(where(f.Source)+optional("  ", excerpt(f), ""), t.width-4-cellWidth(f.ID)))
}

// excerpt is the proof of a finding in one line.
func excerpt(f *findingView) string {
	return strings.Join(strings.Fields(f.Excerpt), " ")
}

func inferred(s string) string {
	if strings.HasPrefix(s, "from ") {
		return s
	}
	return s + " inferred"
}

// minerList names the files that mine, by the rule that found them.
func minerList(list []miner) string {
	var rules []string
	paths := make(map[string][]string)
	for _, m := range list {
		if paths[m.what] == nil {
			rules = append(rules, m.what)
		}
		paths[m.what] = append(paths[m.what], or(m.path, "without a name")+optional(" [", strings.TrimPrefix(m.state, "live"), "]"))
	}
	for i, r := range rules {
		rules[i] = strings.Join(paths[r], ", ") + " (" + r + ")"
	}
	return strings.Join(rules, "; ")
}

func optional(before, s, after string) string {
	if s == "" {
		return ""
	}
	return before + s + after
}

// findings is the table of all findings.
func (t *screen) findings() {
	a := t.a
	var rows [][]string
	var levels []string
	hidden := 0
	commands := commandsOf(a)
	for i := range a.Findings {
		f := &a.Findings[i]
		if rank(f.Level) > 2 && !t.o.All {
			hidden++
			continue
		}
		what := f.Title
		if f.Description != "" {
			what += "\n" + f.Description
		}
		place := where(f.Source)
		if f.Excerpt != "" {
			place += "\n" + keepCommand(excerpt(f), commands[f.ID])
		}
		about := f.Level + "\n" + f.ID
		if len(f.Techniques) > 0 {
			about += "\n" + strings.Join(f.Techniques, "\n")
		}
		rows = append(rows, []string{about, what, place})
		levels = append(levels, f.Level)
	}
	t.head("FINDINGS")
	switch {
	case len(a.Findings) == 0:
		t.text("None: no rule and no analysis found anything to tell.")
	case len(rows) == 0:
		t.text(fmt.Sprintf("None above low. --all shows the %s.", plural(hidden, "finding of a lower level", "findings of lower levels")))
	default:
		t.table([]string{"level", "what", "where, and what stands there"}, rows, func(row, col int, s string) string {
			switch {
			case col == 0 && s == levels[row]:
				return t.paint.level(s)(s)
			case col == 0:
				return t.paint.dim(s)
			}
			return s
		})
		if hidden > 0 {
			t.text(fmt.Sprintf("--all shows %s, too.", plural(hidden, "finding of a lower level", "findings of lower levels")))
		}
	}
}

// mining is the table of what mines, for whom.
func (t *screen) mining() {
	var rows [][]string
	for i := range t.a.Records {
		r := &t.a.Records[i]
		if r.Kind != "miner.config" {
			continue
		}
		var what []string
		for _, f := range []string{"pool", "tls", "wallet", "coin", "user", "worker", "algorithm", "proxy", "donate_level"} {
			v := field(r, f)
			if v != "" && !(f == "user" && v == field(r, "wallet")) {
				what = append(what, f+" "+v)
			}
		}
		rows = append(rows, []string{where(&r.Source), or(field(r, "program"), "-"), strings.Join(what, "\n")})
		if len(rows) == 50 {
			break
		}
	}
	if len(rows) == 0 {
		return
	}
	t.head("WHAT MINES, AND FOR WHOM")
	t.table([]string{"where", "program", "what it names"}, rows, nil)
}

// story is the table of what happened, in order.
func (t *screen) story() {
	t.head("STORY (times in UTC)")
	if len(t.a.Story) == 0 {
		t.text("None: no finding is medium or above, so there is nothing to tell.")
		return
	}
	rows := make([][]string, 0, len(t.a.Story))
	last := ""
	for _, s := range t.a.Story {
		when := or(moment(s.Time), "unknown")
		if when == last {
			when = ""
		} else {
			last = when
		}
		rows = append(rows, []string{when, or(phaseNames[s.Phase], s.Phase), s.Text, s.Finding})
	}
	t.table([]string{"time", "phase", "what happened", "finding"}, rows, nil)
}

// coverage lists what was not read.
func (t *screen) coverage() {
	a := t.a
	t.head("COVERAGE")
	t.text(fmt.Sprintf("%s, from %s of %s (%s)", t.read(), plural(len(a.Volumes), "volume", "volumes"), a.Image.Path, a.Image.Format))
	told := make(map[string]bool) // what the list of volumes says already
	for _, v := range a.Volumes {
		s := fmt.Sprintf("%s: %s, %s", v.ID, or(v.Filesystem, "unknown content"), Bytes(v.Size))
		switch {
		case v.Reason != "":
			s += "; " + v.Reason
			told["volume "+v.ID+optional(" (", v.Filesystem, ")")+"\x00"+v.Reason] = true
		case v.Journal == nil:
			s += fmt.Sprintf("; %s files, no journal", grouped(v.Files))
		case v.Journal.Replayed:
			s += fmt.Sprintf("; %s files, journal replayed (%s)", grouped(v.Files), plural(v.Journal.Transactions, "transaction", "transactions"))
		case v.Journal.Transactions > 0:
			s += fmt.Sprintf("; %s files, journal NOT replayed (%s)", grouped(v.Files), plural(v.Journal.Transactions, "transaction", "transactions"))
		default:
			s += fmt.Sprintf("; %s files, journal clean", grouped(v.Files))
		}
		t.item(s)
	}
	var rest []string
	for _, n := range a.Coverage.NotRead {
		if !told[n.What+"\x00"+n.Why] {
			rest = append(rest, n.What+": "+n.Why)
		}
	}
	if len(rest) == 0 {
		t.text("Of what could be opened, nothing was left out.")
		return
	}
	t.text("Not read, or not as it should be:")
	const shown = 40
	for i, n := range rest {
		if i == shown {
			t.item(fmt.Sprintf("and %s more; --format json lists all", grouped(int64(len(rest)-shown))))
			break
		}
		t.item(n)
	}
}

func (t *screen) item(s string) {
	for i, l := range wrap(s, t.width-4) {
		if i == 0 {
			t.line("  " + l)
		} else {
			t.line("    " + l)
		}
	}
}

// next says how to go on.
func (t *screen) next() {
	a := t.a
	t.head("CHECK IT")
	for i := range a.Findings {
		if src := a.Findings[i].Source; src != nil {
			t.text("The bytes that " + a.Findings[i].ID + " rests on:")
			t.line("  " + check(a.Image.Path, src))
			break
		}
	}
	t.text("Everything, with hashes and offsets: " + keep("icecore analyze --format json"))
	t.text("A case folder with a page to print and timelines: " + keep("icecore analyze -o DIR"))
}

func (t *screen) table(header []string, rows [][]string, paint func(row, col int, s string) string) {
	if err := table(&t.b, header, rows, t.width, paint); err != nil && t.err == nil {
		t.err = err
	}
}

// fit cuts a text to width columns, with an ellipsis where something was cut.
func fit(s string, width int) string {
	if cut, _ := cuts(s, width); cut == len(s) {
		return s
	}
	cut, _ := cuts(s, max(1, width-1))
	return s[:cut] + "…"
}

func pad(s string, width int) string {
	if n := width - cellWidth(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s + " "
}
