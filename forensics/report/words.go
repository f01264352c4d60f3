package report

import (
	"cmp"
	"strings"
	"time"

	"icecore/forensics/message"
	"icecore/forensics/model"
)

// words are the fixed texts of reports in one language: those messages of the
// catalogue whose ids begin with "report.".
type words struct{ c *message.Catalogue }

func wordsOf(lang string) (words, error) {
	c, err := message.For(cmp.Or(lang, "en"))
	return words{c}, err
}

// say gives a text with its parameters, pairs of name and value, which are escaped.
func (w words) say(id string, pairs ...any) string {
	m := model.Message{ID: "report." + id, Params: make(model.Params)}
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := pairs[i].(string); ok {
			m.Params[name] = model.ValueOf(pairs[i+1])
		}
	}
	return w.c.Text(m)
}

// count is say with the number n, as {n|one|many} and {count} of the text want it.
func (w words) count(id string, n int64, pairs ...any) string {
	return w.say(id, append([]any{"n", n, "count", grouped(n)}, pairs...)...)
}

// known gives the text of a value, or the value itself where the catalogue has none: an
// analysis of a later version may hold such.
func (w words) known(id, value string) string {
	if _, ok := w.c.Template("report." + id + "." + value); !ok {
		return value
	}
	return w.say(id + "." + value)
}

func (w words) phase(p string) string { return w.known("phase", or(p, "other")) }
func (w words) level(l string) string { return w.known("level", l) }
func (w words) state(s string) string { return w.known("state", s) }

func (w words) verdict(state string) string {
	if s := w.known("verdict", state); s != state {
		return s
	}
	return strings.ToUpper(state)
}

// moment writes a time to the second, and that it is an upper bound where it is one;
// empty where it is unknown.
func (w words) moment(v whenView) string {
	switch {
	case v.Time == "":
		return ""
	case v.Late:
		return w.say("by", "time", stamped(v.Time))
	}
	return stamped(v.Time)
}

// clock is moment with the zone.
func (w words) clock(v whenView) string {
	if v.Time == "" {
		return ""
	}
	return w.say("utc", "time", w.moment(v))
}

// since writes the time of a verdict.
func (w words) since(v whenView) string {
	if v.Late || v.Time == "" {
		return w.clock(v)
	}
	return w.say("since", "time", w.clock(v))
}

// note says what a time was taken from and what of it was inferred, empty for one that a
// log states.
func (w words) note(v whenView) string {
	var out []string
	if v.Basis != "" {
		if _, ok := w.c.Template("report.basis." + v.Basis); ok {
			out = append(out, w.say("basis."+v.Basis))
		} else {
			out = append(out, w.say("basis.other", "what", v.Basis))
		}
	}
	if v.Inferred != "" {
		out = append(out, w.say("inferred", "what", v.Inferred))
	}
	return strings.Join(out, "; ")
}

// stamped writes a time of an analysis to the second, without its zone.
func stamped(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// where names the place of a source as compilers do: path:line.
func (w words) where(src *sourceView) string {
	if src == nil {
		return ""
	}
	p := src.place()
	if archived(src) {
		p += " (" + w.say("member", "member", src.Member) + ")"
	}
	if src.State != model.Live.String() {
		p += " [" + w.state(src.State) + "]"
	}
	return p
}
