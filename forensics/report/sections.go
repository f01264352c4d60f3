package report

import (
	"strings"

	"icecore/forensics/model"
)

// findings is the table of all findings.
func (t *screen) findings() {
	a := t.a
	var rows [][]string
	var levels []string
	hidden := 0
	commands := commandsOf(a)
	for i := range a.Findings {
		f := &a.Findings[i]
		if !matters(f.Level) && !t.o.All {
			hidden++
			continue
		}
		what := f.Title
		if f.Description != "" {
			what += "\n" + f.Description
		}
		place := t.where(f.Source)
		if f.Excerpt != "" {
			place += "\n" + keepCommand(excerpt(f), commands[f.ID])
		}
		about := t.level(f.Level) + "\n" + f.ID
		if len(f.Techniques) > 0 {
			about += "\n" + strings.Join(f.Techniques, "\n")
		}
		rows = append(rows, []string{about, what, place})
		levels = append(levels, f.Level)
	}
	t.head("findings")
	switch {
	case len(a.Findings) == 0:
		t.text(t.say("findings-none"))
	case len(rows) == 0:
		t.text(t.count("findings-low", int64(hidden)))
	default:
		t.table([]string{"level", "finding", "evidence"}, rows, func(row, col int, s string) string {
			switch {
			case col == 0 && s == t.level(levels[row]):
				return t.paint.level(levels[row])(s)
			case col == 0:
				return t.paint.dim(s)
			}
			return s
		})
		if hidden > 0 {
			t.text(t.count("findings-hidden", int64(hidden)))
		}
	}
}

const maxConfigs = 50 // configurations of miners that are shown

// configFields are the fields of a configuration that are shown, in their order.
var configFields = []string{"pool", "tls", "wallet", "coin", "user", "worker", "algo", "proxy", "donate_level"}

// miners is the table of miners, and for whom they work. What a package put there and nobody has
// changed mines only if a finding says so: many packages name pools.
func (t *screen) miners() {
	var rows [][]string
	intact, more := 0, 0
	proof := t.a.proof()
	for i := range t.a.Records {
		r := &t.a.Records[i]
		switch {
		case r.Kind != string(model.MinerConfig):
			continue
		case field(r, "package_state") == "intact" && !proof[r.ID]:
			intact++
			continue
		case len(rows) == maxConfigs:
			more++
			continue
		}
		var what []string
		for _, f := range configFields {
			v := field(r, f)
			if v != "" && !(f == "user" && v == field(r, "wallet")) {
				what = append(what, t.known("config", f)+" "+v)
			}
		}
		rows = append(rows, []string{t.where(&r.Source), or(field(r, "program"), "-"), strings.Join(what, "\n")})
	}
	if len(rows) == 0 {
		return
	}
	t.head("miners")
	t.table([]string{"where", "program", "config"}, rows, nil)
	if more > 0 {
		t.text(t.count("miners-more", int64(more)))
	}
	if intact > 0 {
		t.text(t.count("miners-intact", int64(intact)))
	}
}

// story is the table of what happened, in order.
func (t *screen) story() {
	t.head("story")
	if len(t.a.Story) == 0 {
		t.text(t.say("story-none"))
		return
	}
	rows := make([][]string, 0, len(t.a.Story))
	last := ""
	for _, s := range t.a.Story {
		when := or(t.moment(s.When), t.say("unknown"))
		if when == last {
			when = ""
		} else {
			last = when
		}
		rows = append(rows, []string{when, t.phase(s.Phase), s.Text, s.Finding})
	}
	t.table([]string{"time", "phase", "event", "finding"}, rows, nil)
}

const maxGaps = 40 // coverage gaps that are listed

// coverage lists what was read, and what was not.
func (t *screen) coverage() {
	a := t.a
	t.head("coverage")
	t.text(
		t.count(
			"coverage-read",
			int64(len(a.Volumes)),
			"read",
			t.read(),
			"image",
			a.Image.Path,
			"format",
			a.Image.Format,
		),
	)
	listed := make(map[string]string) // why a volume was not read: its line says so already
	for i := range a.Volumes {
		v := &a.Volumes[i]
		listed[v.ID] = v.Reason
		t.item(
			t.say(
				"volume",
				"id",
				v.ID,
				"content",
				or(v.Filesystem, t.say("no-content")),
				"size",
				Bytes(v.Size),
			) + "; " + t.status(
				v,
			),
		)
	}
	minor := len(a.Coverage.Gaps) - len(a.Coverage.minor())
	var rest, apart []string
	for i, g := range a.Coverage.Gaps {
		switch line := g.What + ": " + g.Why; {
		case g.Volume != "" && listed[g.Volume] == g.Why:
		case i < minor:
			rest = append(rest, line)
		default:
			apart = append(apart, line)
		}
	}
	if len(a.Coverage.Gaps) == 0 {
		t.text(t.say("coverage-full"))
	}
	t.gapList("coverage-list", rest)
	t.gapList("coverage-minor", apart)
}

// gapList lists coverage gaps below their heading, if there are any.
func (t *screen) gapList(head string, lines []string) {
	if len(lines) > 0 {
		t.text(t.say(head))
	}
	for i, l := range lines {
		if i == maxGaps {
			t.item(t.count("coverage-more", int64(len(lines)-i)))
			break
		}
		t.item(l)
	}
}

// status says what became of a volume.
func (w words) status(v *model.Volume) string {
	if v.Reason != "" {
		return w.say("volume-unread", "reason", v.Reason)
	}
	s := w.count("volume-files", v.Files) + ", "
	switch j := v.Journal; {
	case j == nil:
		return s + w.say("journal-none")
	case j.Replayed:
		return s + w.count("journal-replayed", int64(j.Transactions))
	case j.Transactions > 0:
		return s + w.count("journal-raw", int64(j.Transactions))
	}
	return s + w.say("journal-clean")
}

// verify says how to go on.
func (t *screen) verify() {
	a := t.a
	t.head("verify")
	for i := range a.Findings {
		if src := a.Findings[i].Source; src != nil {
			t.text(t.say("verify-bytes", "finding", a.Findings[i].ID))
			t.line("  " + a.check(src))
			break
		}
	}
	t.text(t.say("verify-all", "command", keep("icecore analyze --format json")))
	t.text(t.say("verify-case", "command", keep("icecore analyze -o DIR")))
}
