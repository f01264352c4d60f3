package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// source makes values that an intruder, a broken disk or a careless caller could bring
// about.
type source struct{ *rand.Rand }

var hostile = []string{
	"", "a", "/etc/cron.d/x", `\`, `\x41`, `\\x41`, "\x00", "\x1b[2J", "\xff\xfe", "é", "e\u0301", "\u202e", "\u2028", "中文\xe4\xb8", "\"", "<script>", "&amp;", "\t\n\r", "\u007f",
	"a,b", `{"a":null}`, "null", "[", "\U000E0041", "\ufeff", "\U0001F600", "0", "-0", "1e3", "yes", "no",
}

func (r source) text() string {
	out := ""
	for range r.IntN(3) {
		out += hostile[r.IntN(len(hostile))]
	}
	if r.IntN(4) == 0 {
		b := make([]byte, r.IntN(12))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		out += string(b)
	}
	return out
}

func (r source) texts() []string {
	out := make([]string, r.IntN(4))
	for i := range out {
		out[i] = r.text()
	}
	return out
}

func (r source) number() int64 {
	return []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt32 + 1, r.Int64()}[r.IntN(7)]
}

func (r source) time() time.Time {
	switch r.IntN(5) {
	case 0:
		return time.Time{}
	case 1:
		return time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	case 2:
		return time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Unix(r.Int64N(4e9)-1e9, r.Int64N(1e9)).UTC()
}

// one returns one of the values, or none.
func one[T any](r source, list ...T) (none T) {
	if n := r.IntN(len(list) + 1); n > 0 {
		return list[n-1]
	}
	return none
}

func (r source) when() When {
	return When{r.time(), one(r, Exact, AtLatest, Inferred), one(r, "year", "year, zone"), one(r, "changed")}
}

func (r source) source() Source {
	return Source{
		Image: one(r, "i1"), Host: one(r, "h1"), Volume: "p1", Path: r.text(), Inode: r.Uint64(), Version: r.Uint32(), State: State(r.IntN(3)), Line: int(r.number()),
		Offset: r.number(), Length: r.number(), DiskOffset: max(r.number(), -1), SHA256: one(r, "00"), Member: r.text(),
	}
}

func (r source) message(depth int) Message {
	m := Message{ID: "x.y"}
	for range r.IntN(5) {
		values := []any{r.text(), r.number(), r.texts(), r.time(), Message{}}
		if depth > 0 {
			values[4] = r.message(depth - 1)
		}
		if m.Params == nil {
			m.Params = make(Params)
		}
		m.Params[string(rune('a'+r.IntN(26)))] = ValueOf(values[r.IntN(len(values))])
	}
	return m
}

func (r source) record() Record {
	kinds := append(Kinds(), KindInfo{Kind: "later.kind"})
	info := kinds[r.IntN(len(kinds))]
	out := Record{ID: "R-000001", Name: "n-1~2", Kind: info.Kind, Source: r.source()}
	for range r.IntN(3) {
		if t := r.time(); !t.IsZero() {
			out.Times = append(out.Times, Stamp{"modified", t, one(r, "year")})
		}
	}
	for _, f := range info.Fields {
		switch f.Type {
		case List:
			out.AddList(f.Name, r.texts())
		case Number:
			if r.IntN(4) == 0 {
				out.Add(f.Name, r.text())
			}
			out.AddInt(f.Name, r.number())
		case Bool:
			out.AddBool(f.Name, r.IntN(2) == 0)
		default:
			out.Add(f.Name, r.text())
		}
	}
	out.AddInt("later_number", r.number())
	out.AddList("later_list", r.texts())
	return out
}

func many[T any](r source, fn func() T) []T {
	out := make([]T, r.IntN(4))
	for i := range out {
		out[i] = fn()
	}
	return out
}

// analysis makes a random analysis.
func (r source) analysis() *Analysis {
	return numbered(&Analysis{
		Schema: SchemaName, Tool: Tool{r.text(), r.text(), Rules{"00", ""}},
		Image:    Image{"i1", r.text(), r.text(), r.number(), many(r, func() ImageFile { return ImageFile{r.text(), r.number(), one(r, "00")} })},
		Snapshot: Snapshot{r.time(), r.text()},
		Volumes: many(r, func() Volume {
			return Volume{"p1", "i1", r.text(), r.number(), r.number(), r.text(), r.text(), r.text(), r.text(), one(r, &Journal{true, 3, r.time()}), r.number(), r.text()}
		}),
		Others: many(r, func() Image { return Image{"i2", r.text(), r.text(), r.number(), nil} }),
		Hosts: many(r, func() Host {
			return Host{"h1", "server", r.text(), r.text(), "p1", r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), many(r, func() Mount {
				return Mount{r.text(), r.text(), r.text(), r.texts(), "p2", "superblock"}
			})}
		}),
		Verdict: Verdict{Compromised, r.when(), one(r, "F-0001"), many(r, func() string { return "F-0001" }), many(r, r.gap)},
		Findings: many(r, func() Finding {
			return Finding{
				"F-0001", "a-00", r.text(), EngineYARA, Level(1 + r.IntN(5)), r.texts(), one(r, Phases()...), r.when(), many(r, func() string { return "R-000001" }),
				[]Source{r.source(), {DiskOffset: -1}}[r.IntN(2)], r.text(), r.message(2), many(r, func() Message { return r.message(1) }), r.text(), r.text(),
			}
		}),
		Records: many(r, r.record),
		Story:   many(r, func() StoryLine { return StoryLine{r.when(), Phases()[r.IntN(5)], r.message(1), r.text(), "F-0001"} }),
		Windows: many(r, func() Window {
			return Window{
				"W-01", one(r, "h1"), r.time(), r.time(), r.text(), r.text(), many(r, func() Message { return r.message(1) }), r.texts(),
				many(r, func() string { return "F-0001" }), many(r, func() string { return "R-000001" }),
			}
		}),
		Touched: many(r, func() Touched {
			return Touched{"W-01", TouchedGroups()[r.IntN(len(TouchedGroups()))], r.number(), many(r, func() TouchedItem {
				return TouchedItem{r.time(), "created", one(r, "p1"), r.text(), r.Uint64(), State(r.IntN(3)), one(r, "R-000001")}
			})}
		}),
		Coverage: Coverage{r.number(), r.number(), many(r, r.gap)},
	})
}

// gap makes a random gap.
func (r source) gap() Gap {
	s := r.source()
	s.DiskOffset = -1
	return Gap{SubjectFile, s, r.message(0), r.message(0), []Weight{Decisive, Partial, Minor}[r.IntN(3)], r.text(), r.text()}
}

// numbered gives each record and finding an id of its own.
func numbered(a *Analysis) *Analysis {
	for i := range a.Records {
		a.Records[i].ID = fmt.Sprintf("R-%06d", i+1)
	}
	for i := range a.Findings {
		a.Findings[i].ID = fmt.Sprintf("F-%04d", i+1)
	}
	return a
}
