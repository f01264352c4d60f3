package report

import (
	"time"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// view is an analysis as the writers of text show it: every text escaped, every time
// and value a text. It holds the records that a finding rests on and the
// configurations of miners, and counts the others.
type view struct {
	Tool     model.Tool
	Image    model.Image
	Snapshot snapshotView
	Volumes  []model.Volume
	System   model.Host
	Verdict  verdictView
	Findings []findingView
	Records  []recordView
	Kinds    map[string]int // of all records
	Story    []storyView
	Coverage coverageView
}

type snapshotView struct{ TakenAt, Source string }

type verdictView struct {
	State, Since, SinceInferred string
	Because                     []string
}

type findingView struct {
	ID, Rule, Engine, Title, Description, Level, Phase string
	Techniques                                         []string
	Time, TimeInferred                                 string
	Records                                            []string
	Source                                             *sourceView
	Excerpt                                            string
}

type sourceView struct {
	Volume, Path   string
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

type storyView struct{ Time, Phase, Text, Finding string }

type coverageView struct {
	Files, BytesScanned int64
	NotRead             []gapView
}

type gapView struct{ What, Why string }

func viewOf(a *model.Analysis) *view {
	v := &view{
		Tool: a.Tool, Image: a.Image.Escaped(), Snapshot: snapshotView{stamp(a.Snapshot.TakenAt), a.Snapshot.Source}, System: a.System().Escaped(),
		Verdict:  verdictView{string(a.Verdict.State), stamp(a.Verdict.Since.Time), inferredText(a.Verdict.Since), a.Verdict.Because},
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
			Time: stamp(f.When.Time), TimeInferred: inferredText(f.When), Records: f.Records, Excerpt: f.Excerpt,
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
			v.Records = append(v.Records, recordView{e.ID, string(e.Kind), sourceOf(&e.Source), e.Fields})
		}
	}
	for i := range a.Story {
		l := &a.Story[i]
		v.Story = append(v.Story, storyView{stamp(l.When.Time), string(l.Phase), text.Escape(l.Text), l.Finding})
	}
	for i := range a.Coverage.Gaps {
		v.Coverage.NotRead = append(v.Coverage.NotRead, viewOfGap(&a.Coverage.Gaps[i]))
	}
	return v
}

func sourceOf(s *model.Source) sourceView {
	out := sourceView{
		Volume: s.Volume, Path: s.Path, Inode: s.Inode, Version: s.Version, Line: s.Line, Offset: s.Offset, Length: s.Length, State: s.State.String(), SHA256: s.SHA256, Member: s.Member,
	}
	if s.DiskOffset >= 0 {
		at := s.DiskOffset
		out.DiskOffset = &at
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// inferredText says what of a moment was inferred, empty for one that a log states.
func inferredText(w model.When) string {
	switch w.Basis {
	case "":
		return w.Inferred
	case "first":
		return "from the first line that is left"
	}
	return "from the time the file was " + w.Basis
}

// records returns the number of all records.
func (v *view) records() int64 {
	n := int64(0)
	for _, k := range v.Kinds {
		n += int64(k)
	}
	return n
}

func viewOfGap(g *model.Gap) gapView { return gapView{text.Escape(g.WhatText), text.Escape(g.WhyText)} }
