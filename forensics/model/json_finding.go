package model

import "encoding/json"

type whenJSON struct {
	Time     string  `json:"time,omitempty"`
	Meaning  Meaning `json:"time_meaning,omitempty"`
	Inferred string  `json:"time_inferred,omitempty"`
	Basis    string  `json:"time_basis,omitempty"`
}

func (w When) json() whenJSON { return whenJSON{stamp(w.Time), w.Meaning, w.Inferred, w.Basis} }

func (u *unescaped) when(w whenJSON) When {
	return When{u.time(w.Time), w.Meaning, u.word(w.Inferred), u.word(w.Basis)}
}

type findingJSON struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Rule        string   `json:"rule"`
	Engine      Engine   `json:"engine"`
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Level       Level    `json:"level"`
	Techniques  []string `json:"techniques"`
	Phase       Phase    `json:"phase,omitempty"`
	whenJSON
	Records []string  `json:"records"`
	Source  *Source   `json:"source,omitempty"`
	Excerpt string    `json:"excerpt,omitempty"`
	Message Message   `json:"message,omitzero"`
	Details []Message `json:"details,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (f Finding) MarshalJSON() ([]byte, error) {
	out := findingJSON{
		f.ID, f.Name, escape(f.Rule), f.Engine, escape(f.Title), escape(f.Description), f.Level, escapeAll(f.Techniques), f.Phase, f.When.json(),
		nonNil(f.Records), nil, escape(f.Excerpt), f.Message, f.Details,
	}
	if f.Source.Volume != "" {
		out.Source = &f.Source
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Finding) UnmarshalJSON(b []byte) error {
	var in findingJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*f = Finding{
		ID: u.word(in.ID), Name: u.word(in.Name), Rule: u.text(in.Rule), Engine: in.Engine, Level: in.Level, Phase: in.Phase, When: u.when(in.whenJSON), Records: u.words(in.Records),
		Source: Source{DiskOffset: -1}, Excerpt: u.text(in.Excerpt), Message: in.Message, Details: in.Details, Title: u.text(in.Title), Description: u.text(in.Description),
	}
	for _, t := range in.Techniques {
		f.Techniques = append(f.Techniques, u.text(t))
	}
	if in.Source != nil {
		f.Source = *in.Source
	}
	return u.err
}

type storyJSON struct {
	whenJSON
	Phase   Phase   `json:"phase"`
	Text    string  `json:"text"`
	Finding string  `json:"finding"`
	Message Message `json:"message,omitzero"`
}

// MarshalJSON implements json.Marshaler.
func (l StoryLine) MarshalJSON() ([]byte, error) {
	return json.Marshal(storyJSON{l.When.json(), l.Phase, escape(l.Text), l.Finding, l.Message})
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *StoryLine) UnmarshalJSON(b []byte) error {
	var in storyJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*l = StoryLine{u.when(in.whenJSON), in.Phase, in.Message, u.text(in.Text), u.word(in.Finding)}
	return u.err
}

type verdictJSON struct {
	State    VerdictState `json:"state"`
	Since    string       `json:"since,omitempty"`
	Meaning  Meaning      `json:"since_meaning,omitempty"`
	Inferred string       `json:"since_inferred,omitempty"`
	Basis    string       `json:"since_basis,omitempty"`
	Finding  string       `json:"since_finding,omitempty"`
	Because  []string     `json:"because"`
	NotRead  []Gap        `json:"not_read,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (v Verdict) MarshalJSON() ([]byte, error) {
	w := v.Since
	return json.Marshal(verdictJSON{v.State, stamp(w.Time), w.Meaning, w.Inferred, w.Basis, v.SinceFinding, nonNil(v.Because), v.NotRead})
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Verdict) UnmarshalJSON(b []byte) error {
	var in verdictJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*v = Verdict{in.State, When{u.time(in.Since), in.Meaning, u.word(in.Inferred), u.word(in.Basis)}, u.word(in.Finding), u.words(in.Because), in.NotRead}
	return u.err
}

type gapJSON struct {
	What        string  `json:"what"`
	Why         string  `json:"why"`
	Subject     Subject `json:"subject"`
	Weight      Weight  `json:"weight"`
	Source      *Source `json:"source,omitempty"`
	WhatMessage Message `json:"what_message,omitzero"`
	WhyMessage  Message `json:"why_message,omitzero"`
}

// MarshalJSON implements json.Marshaler.
func (g Gap) MarshalJSON() ([]byte, error) {
	out := gapJSON{escape(g.WhatText), escape(g.WhyText), g.Subject, g.Weight, nil, g.What, g.Why}
	if g.HasSource() {
		g.Source.DiskOffset = -1
		out.Source = &g.Source
	}
	return json.Marshal(out)
}

// HasSource says whether the gap has a place.
func (g *Gap) HasSource() bool {
	return g.Source.Volume != "" || g.Source.Path != "" || g.Source.Image != ""
}

// UnmarshalJSON implements json.Unmarshaler.
func (g *Gap) UnmarshalJSON(b []byte) error {
	var in gapJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*g = Gap{Subject: Subject(u.word(string(in.Subject))), Weight: in.Weight, What: in.WhatMessage, Why: in.WhyMessage, WhatText: u.text(in.What), WhyText: u.text(in.Why)}
	if in.Source != nil {
		g.Source = *in.Source
	}
	return u.err
}

type coverageJSON struct {
	Files        int64 `json:"files"`
	BytesScanned int64 `json:"bytes_scanned"`
	Gaps         []Gap `json:"not_read"`
}

// MarshalJSON implements json.Marshaler.
func (c Coverage) MarshalJSON() ([]byte, error) {
	return json.Marshal(coverageJSON{c.Files, c.BytesScanned, nonNil(c.Gaps)})
}
