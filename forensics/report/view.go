package report

import (
	"reflect"
	"slices"
	"time"

	"icecore/forensics/message"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// view is an analysis as the writers of text show it: every text escaped, every time
// and value a text. It holds the records that a finding rests on and the
// configurations of miners, and counts the others.
type view struct {
	Tool     model.Tool
	Image    model.Image
	Others   []model.Image
	Snapshot snapshotView
	Volumes  []model.Volume
	System   model.Host
	Verdict  verdictView
	Findings []findingView
	Records  []recordView
	Kinds    map[string]int // of all records
	Story    []storyView
	Windows  []windowView
	Coverage coverageView
}

type snapshotView struct {
	TakenAt whenView
	Source  string
}

// whenView is a moment: RFC 3339, empty where it is unknown.
type whenView struct {
	Time            string
	Late            bool // an upper bound
	Inferred, Basis string
}

type verdictView struct {
	State        string
	Since        whenView
	SinceFinding string
}

type findingView struct {
	ID, Rule, Engine, Title, Description, Level, Phase string
	Techniques                                         []string
	When                                               whenView
	Records                                            []string
	Source                                             *sourceView
	Excerpt                                            string
}

type sourceView struct {
	Image, Volume  string
	Path, HostPath string
	Inode          uint64
	Version        uint32
	Line           int
	Offset, Length int64
	DiskOffset     *int64
	State, SHA256  string
	Member         string
}

type recordView struct {
	ID, Kind string
	Source   sourceView
	Fields   model.Fields
}

type storyView struct {
	When                 whenView
	Phase, Text, Finding string
}

type coverageView struct {
	Files, BytesScanned int64
	Gaps                []gapView // those that matter most first
}

type gapView struct {
	What, Why string
	Weight    model.Weight
	Bears     bool   // on the verdict
	Rank      int    // among others
	Volume    string // that was not read, empty for another gap
}

// quiet says whether nothing above low was found.
func (v *verdictView) quiet() bool {
	return v.State == string(model.NoIndicators) || v.State == string(model.Inconclusive)
}

// inconclusive says whether nothing above low was found, and what decides was not read.
func (v *verdictView) inconclusive(c *coverageView) bool {
	return v.State == string(model.Inconclusive) || v.quiet() && c.undecided()
}

// bearing gives the gaps that bear on the verdict, the decisive ones first.
func (c *coverageView) bearing() []gapView {
	n := slices.IndexFunc(c.Gaps, func(g gapView) bool { return !g.Bears })
	if n < 0 {
		n = len(c.Gaps)
	}
	return c.Gaps[:n]
}

// undecided says whether something was not read that the verdict may hang on.
func (c *coverageView) undecided() bool { return len(c.Gaps) > 0 && c.Gaps[0].Weight == model.Decisive }

// minor gives the gaps that were left out on purpose or do not matter.
func (c *coverageView) minor() []gapView {
	n := slices.IndexFunc(c.Gaps, func(g gapView) bool { return g.Weight == model.Minor && !g.Bears })
	if n < 0 {
		return nil
	}
	return c.Gaps[n:]
}

// viewOf makes the view of an analysis; with a catalogue, its sentences are made anew,
// in that language.
func viewOf(a *model.Analysis, lang *message.Catalogue) *view {
	if lang != nil {
		a = translated(a, lang)
	}
	v := &view{
		Tool: a.Tool, Image: a.Image.Escaped(), Others: escapedImages(a.Others), Snapshot: snapshotView{whenView{Time: stamp(a.Snapshot.TakenAt)}, a.Snapshot.Source}, System: a.System().Escaped(),
		Verdict:  verdictView{string(a.Verdict.State), whenOf(a.Verdict.Since), a.Verdict.SinceFinding},
		Kinds:    make(map[string]int),
		Coverage: coverageView{Files: a.Coverage.Files, BytesScanned: a.Coverage.BytesScanned},
	}
	for i := range a.Volumes {
		v.Volumes = append(v.Volumes, a.Volumes[i].Escaped())
	}
	proof := make(map[string]bool)
	for i := range a.Findings {
		f := a.Findings[i].Escaped()
		for _, id := range f.Records {
			proof[id] = true
		}
		out := findingView{
			ID: f.ID, Rule: f.Rule, Engine: string(f.Engine), Title: f.Title, Description: f.Description, Level: f.Level.String(), Phase: string(f.Phase), Techniques: f.Techniques,
			When: whenOf(f.When), Records: slices.Clone(f.Records), Excerpt: f.Excerpt,
		}
		if f.Source.Volume != "" {
			src := sourceOf(&f.Source)
			out.Source = &src
		}
		v.Findings = append(v.Findings, out)
	}
	for i := range a.Records {
		v.Kinds[string(a.Records[i].Kind)]++
		if r := &a.Records[i]; proof[r.ID] || r.Kind == model.MinerConfig {
			e := r.Escaped()
			v.Records = append(
				v.Records,
				recordView{e.ID, string(e.Kind), sourceOf(&e.Source), slices.Clone(e.Fields)},
			)
		}
	}
	for i := range a.Story {
		l := &a.Story[i]
		v.Story = append(v.Story, storyView{whenOf(l.When), string(l.Phase), text.Escape(l.Text), l.Finding})
	}
	v.Windows = windowsOf(a)
	for i := range a.Coverage.Gaps {
		v.Coverage.Gaps = append(v.Coverage.Gaps, viewOfGap(&a.Coverage.Gaps[i]))
	}
	slices.SortStableFunc(v.Coverage.Gaps, func(a, b gapView) int { return a.Rank - b.Rank })
	scrub(reflect.ValueOf(v))
	return v
}

// translated gives a copy of an analysis with the sentences of another language. What
// has no message keeps the text that it has.
func translated(a *model.Analysis, lang *message.Catalogue) *model.Analysis {
	out := *a
	out.Findings, out.Story, out.Coverage.Gaps = slices.Clone(
		a.Findings,
	), slices.Clone(
		a.Story,
	), slices.Clone(
		a.Coverage.Gaps,
	)
	say := func(s *string, m ...model.Message) {
		if t := lang.Texts(m); t != "" {
			*s = t
		}
	}
	for i := range out.Findings {
		f := &out.Findings[i]
		say(&f.Title, f.Message)
		say(&f.Description, f.Details...)
	}
	out.Windows = slices.Clone(a.Windows)
	for i := range out.Windows {
		w := &out.Windows[i]
		w.Texts = slices.Clone(w.Texts)
		for j := range w.Why[:min(len(w.Why), len(w.Texts))] {
			say(&w.Texts[j], w.Why[j])
		}
	}
	for i := range out.Story {
		say(&out.Story[i].Text, out.Story[i].Message)
	}
	for i := range out.Coverage.Gaps {
		g := &out.Coverage.Gaps[i]
		say(&g.WhatText, g.What)
		say(&g.WhyText, g.Why)
	}
	return &out
}

// scrub escapes whatever text of a view is not escaped yet: identifiers and words that
// are ours, unless the analysis was read from a file that somebody else wrote.
func scrub(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scrub(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				scrub(f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			scrub(v.Index(i))
		}
	case reflect.Map: // of numbers by text
		for _, k := range v.MapKeys() {
			if s := text.EscapeOnce(k.String()); s != k.String() {
				v.SetMapIndex(reflect.ValueOf(s), v.MapIndex(k))
				v.SetMapIndex(k, reflect.Value{})
			}
		}
	case reflect.String:
		if s := text.EscapeOnce(v.String()); s != v.String() {
			v.SetString(s)
		}
	}
}

func sourceOf(s *model.Source) sourceView {
	out := sourceView{
		Image: s.Image, Volume: s.Volume, Path: s.Path, HostPath: s.HostPath, Inode: s.Inode, Version: s.Version, Line: s.Line, Offset: s.Offset, Length: s.Length, State: s.State.String(), SHA256: s.SHA256, Member: s.Member,
	}
	if s.DiskOffset >= 0 {
		at := s.DiskOffset
		out.DiskOffset = &at
	}
	return out
}

func whenOf(w model.When) whenView {
	return whenView{stamp(w.Time), w.Meaning == model.AtLatest, w.Inferred, w.Basis}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// records returns the number of all records.
func (v *view) records() int64 {
	n := int64(0)
	for _, k := range v.Kinds {
		n += int64(k)
	}
	return n
}

func viewOfGap(g *model.Gap) gapView {
	out := gapView{What: text.Escape(g.WhatText), Why: text.Escape(g.WhyText), Weight: g.Weight, Bears: g.Bears(), Rank: g.Rank()}
	if g.Subject == model.SubjectVolume && g.What.ID == "gap.volume" {
		out.Volume = g.Source.Volume
	}
	return out
}

// field gives the first value of a field of a record, escaped.
func field(r *recordView, name string) string {
	for i := range r.Fields {
		if f := &r.Fields[i]; f.Name == name {
			return f.Text()
		}
	}
	return ""
}

func escapedImages(list []model.Image) []model.Image {
	out := make([]model.Image, len(list))
	for i := range list {
		out[i] = list[i].Escaped()
	}
	return out
}
