package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"icecore/forensics/text"
)

// The JSON forms. Each has the members of the schema in their order; texts are escaped
// on the way out and unescaped on the way in.

func escape(s string) string { return text.Escape(s) }

func unescape(s string) (string, error) { return text.Unescape(s) }

func escapeAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = escape(s)
	}
	return out
}

func unescapeAll(list []string) (out []string, err error) {
	out = make([]string, len(list))
	for i, s := range list {
		if out[i], err = unescape(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// stamp writes a time as RFC 3339 in UTC with nanoseconds, empty if it is unknown.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func parseStamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err
}

// unescaped undoes the escaping of the texts of a form that was read.
type unescaped struct{ err error }

func (u *unescaped) text(s string) string {
	out, err := unescape(s)
	if err != nil && u.err == nil {
		u.err = err
	}
	return out
}

func (u *unescaped) time(s string) time.Time {
	t, err := parseStamp(s)
	if err != nil && u.err == nil {
		u.err = err
	}
	return t
}

type sourceJSON struct {
	Image      string `json:"image,omitempty"`
	Host       string `json:"host,omitempty"`
	Volume     string `json:"volume"`
	Path       string `json:"path"`
	Inode      uint64 `json:"inode"`
	Version    uint32 `json:"version,omitempty"`
	Line       int    `json:"line,omitempty"`
	Offset     int64  `json:"offset"`
	Length     int64  `json:"length,omitempty"`
	DiskOffset *int64 `json:"disk_offset,omitempty"`
	State      State  `json:"state"`
	SHA256     string `json:"sha256,omitempty"`
	Member     string `json:"member,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Source) MarshalJSON() ([]byte, error) {
	out := sourceJSON{
		s.Image, s.Host, s.Volume, escape(s.Path), s.Inode, s.Version, s.Line, s.Offset, s.Length, nil, s.State, s.SHA256, escape(s.Member),
	}
	if s.DiskOffset >= 0 {
		out.DiskOffset = &s.DiskOffset
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Source) UnmarshalJSON(b []byte) error {
	var in sourceJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*s = Source{
		in.Image, in.Host, in.Volume, u.text(in.Path), in.Inode, in.Version, in.State, in.Line, in.Offset, in.Length, -1, in.SHA256, u.text(in.Member),
	}
	if in.DiskOffset != nil {
		s.DiskOffset = *in.DiskOffset
	}
	return u.err
}

type stampJSON struct {
	What     string `json:"what"`
	Time     string `json:"time"`
	Inferred string `json:"inferred,omitempty"`
}

type recordJSON struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Kind   Kind        `json:"kind"`
	Source Source      `json:"source"`
	Times  []stampJSON `json:"times,omitempty"`
	Fields Fields      `json:"fields"`
}

// MarshalJSON implements json.Marshaler.
func (r Record) MarshalJSON() ([]byte, error) {
	out := recordJSON{ID: r.ID, Name: r.Name, Kind: r.Kind, Source: r.Source, Fields: r.Fields}
	for _, s := range r.Times {
		out.Times = append(out.Times, stampJSON{s.What, stamp(s.Time), s.Inferred})
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Record) UnmarshalJSON(b []byte) error {
	var in recordJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*r = Record{ID: in.ID, Name: in.Name, Kind: in.Kind, Source: in.Source, Fields: in.Fields}
	for _, s := range in.Times {
		r.Times = append(r.Times, Stamp{s.What, u.time(s.Time), s.Inferred})
	}
	// Paths are texts in JSON; the table says which they are.
	for i := range r.Fields {
		if f := &r.Fields[i]; f.typ == Text && r.Kind.typeOf(f.Name) == Path {
			f.typ = Path
		}
	}
	if u.err != nil {
		return fmt.Errorf("record %s: %w", in.ID, u.err)
	}
	return nil
}

// MarshalJSON implements json.Marshaler: an object with the fields in their order; a
// list is an array of strings, a number a number, a yes/no value a boolean.
func (l Fields) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i := range l {
		f := &l[i]
		if i > 0 {
			out = append(out, ',')
		}
		out = text.AppendQuoted(out, f.Name)
		out = append(out, ':')
		switch {
		case f.list != nil:
			out = append(out, '[')
			for j, s := range *f.list {
				if j > 0 {
					out = append(out, ',')
				}
				out = text.AppendQuoted(out, s)
			}
			out = append(out, ']')
		case f.typ == Number:
			if _, ok := f.Number(); !ok {
				return nil, fmt.Errorf("field %s: %q is no number", f.Name, f.text)
			}
			out = append(out, f.text...)
		case f.typ == Bool && f.text == "yes":
			out = append(out, "true"...)
		case f.typ == Bool:
			out = append(out, "false"...)
		default:
			out = text.AppendQuoted(out, f.text)
		}
	}
	return append(out, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Fields) UnmarshalJSON(b []byte) error {
	*l = nil
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("fields: want an object: %w", orElse(err, errNotObject))
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		f := Field{Name: t.(string)} //nolint:forcetypeassert // names of members are strings
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		if err := f.read(v); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		*l = append(*l, f)
	}
	_, err := d.Token()
	return err
}

func (f *Field) read(v any) (err error) {
	switch v := v.(type) {
	case string:
		f.text, err = unescape(v)
	case bool:
		if f.typ, f.text = Bool, "no"; v {
			f.text = "yes"
		}
	case json.Number:
		f.typ, f.text = Number, v.String()
		if _, ok := f.Number(); !ok {
			err = fmt.Errorf("%s is no whole number of 64 bits", v)
		}
	case []any:
		list := make([]string, len(v))
		for i, x := range v {
			s, ok := x.(string)
			if !ok {
				return fmt.Errorf("item %d of the list is no string", i)
			}
			if list[i], err = unescape(s); err != nil {
				return err
			}
		}
		f.typ, f.list = List, &list
	default:
		err = fmt.Errorf("neither text, list, number nor boolean")
	}
	return err
}

type errString string

func (e errString) Error() string { return string(e) }

const errNotObject = errString("not an object")

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

type whenJSON struct {
	Time     string  `json:"time,omitempty"`
	Meaning  Meaning `json:"time_meaning,omitempty"`
	Inferred string  `json:"time_inferred,omitempty"`
	Basis    string  `json:"time_basis,omitempty"`
}

func (w When) json() whenJSON { return whenJSON{stamp(w.Time), w.Meaning, w.Inferred, w.Basis} }

func (u *unescaped) when(w whenJSON) When {
	return When{u.time(w.Time), w.Meaning, w.Inferred, w.Basis}
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
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*f = Finding{
		ID: in.ID, Name: in.Name, Rule: u.text(in.Rule), Engine: in.Engine, Level: in.Level, Phase: in.Phase, When: u.when(in.whenJSON), Records: in.Records,
		Source: Source{DiskOffset: -1}, Excerpt: u.text(in.Excerpt), Message: in.Message, Details: in.Details, Title: u.text(in.Title), Description: u.text(in.Description),
	}
	for _, t := range in.Techniques {
		f.Techniques = append(f.Techniques, u.text(t))
	}
	if in.Source != nil {
		f.Source = *in.Source
	}
	if u.err != nil {
		return fmt.Errorf("finding %s: %w", in.ID, u.err)
	}
	return nil
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
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*l = StoryLine{u.when(in.whenJSON), in.Phase, in.Message, u.text(in.Text), in.Finding}
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
}

// MarshalJSON implements json.Marshaler.
func (v Verdict) MarshalJSON() ([]byte, error) {
	w := v.Since
	return json.Marshal(verdictJSON{v.State, stamp(w.Time), w.Meaning, w.Inferred, w.Basis, v.SinceFinding, nonNil(v.Because)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Verdict) UnmarshalJSON(b []byte) error {
	var in verdictJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*v = Verdict{in.State, When{u.time(in.Since), in.Meaning, in.Inferred, in.Basis}, in.Finding, in.Because}
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
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*g = Gap{Subject: in.Subject, Weight: in.Weight, What: in.WhatMessage, Why: in.WhyMessage, WhatText: u.text(in.What), WhyText: u.text(in.Why)}
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

// UnmarshalJSON implements json.Unmarshaler.
func (c *Coverage) UnmarshalJSON(b []byte) error {
	var in coverageJSON
	err := json.Unmarshal(b, &in)
	*c = Coverage(in)
	return err
}

type rulesJSON struct {
	YARA  string `json:"yara_sha256"`
	Sigma string `json:"sigma_sha256"`
}

type toolJSON struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Rules   rulesJSON `json:"rules"`
}

type imageFileJSON struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
}

type imageJSON struct {
	ID          string          `json:"id"`
	Path        string          `json:"path"`
	Format      string          `json:"format"`
	VirtualSize int64           `json:"virtual_size"`
	Files       []imageFileJSON `json:"files"`
}

// MarshalJSON implements json.Marshaler.
func (i Image) MarshalJSON() ([]byte, error) {
	out := imageJSON{i.ID, escape(i.Path), i.Format, i.VirtualSize, make([]imageFileJSON, len(i.Files))}
	for n, f := range i.Files {
		out.Files[n] = imageFileJSON{escape(f.Path), f.Size, f.SHA256}
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *Image) UnmarshalJSON(b []byte) error {
	var in imageJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*i = Image{ID: in.ID, Path: u.text(in.Path), Format: in.Format, VirtualSize: in.VirtualSize}
	for _, f := range in.Files {
		i.Files = append(i.Files, ImageFile{u.text(f.Path), f.Size, f.SHA256})
	}
	return u.err
}

type snapshotJSON struct {
	TakenAt string `json:"taken_at,omitempty"`
	Source  string `json:"taken_at_source,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	return json.Marshal(snapshotJSON{stamp(s.TakenAt), s.Source})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Snapshot) UnmarshalJSON(b []byte) error {
	var in snapshotJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*s = Snapshot{u.time(in.TakenAt), in.Source}
	return u.err
}

type journalJSON struct {
	Replayed     bool   `json:"replayed"`
	Transactions int    `json:"transactions"`
	LastCommit   string `json:"last_commit,omitempty"`
}

type volumeJSON struct {
	ID         string       `json:"id"`
	Image      string       `json:"image,omitempty"`
	Scheme     string       `json:"scheme"`
	Offset     int64        `json:"offset"`
	Size       int64        `json:"size"`
	Type       string       `json:"type,omitempty"`
	Filesystem string       `json:"filesystem,omitempty"`
	UUID       string       `json:"uuid,omitempty"`
	Label      string       `json:"label"`
	Journal    *journalJSON `json:"journal,omitempty"`
	Files      int64        `json:"files"`
	Reason     string       `json:"not_read,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (v Volume) MarshalJSON() ([]byte, error) {
	out := volumeJSON{
		v.ID, v.Image, v.Scheme, v.Offset, v.Size, escape(v.Type), v.Filesystem, v.UUID, escape(v.Label), nil, v.Files, escape(v.Reason),
	}
	if j := v.Journal; j != nil {
		out.Journal = &journalJSON{j.Replayed, j.Transactions, stamp(j.LastCommit)}
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Volume) UnmarshalJSON(b []byte) error {
	var in volumeJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*v = Volume{
		in.ID, in.Image, in.Scheme, in.Offset, in.Size, u.text(in.Type), in.Filesystem, in.UUID, u.text(in.Label), nil, in.Files, u.text(in.Reason),
	}
	if j := in.Journal; j != nil {
		v.Journal = &Journal{j.Replayed, j.Transactions, u.time(j.LastCommit)}
	}
	return u.err
}

type hostJSON struct {
	ID        string `json:"id"`
	Volume    string `json:"volume"`
	Root      string `json:"root"`
	Hostname  string `json:"hostname"`
	OS        string `json:"os"`
	OSID      string `json:"os_id,omitempty"`
	MachineID string `json:"machine_id"`
	Timezone  string `json:"timezone"`
}

// MarshalJSON implements json.Marshaler.
func (h Host) MarshalJSON() ([]byte, error) {
	return json.Marshal(hostJSON{
		h.ID, h.Volume, escape(h.Root), escape(h.Hostname), escape(h.OS), escape(h.OSID), escape(h.MachineID), escape(h.Timezone),
	})
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *Host) UnmarshalJSON(b []byte) error {
	var in hostJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	var u unescaped
	*h = Host{
		in.ID, in.Volume, u.text(in.Root), u.text(in.Hostname), u.text(in.OS), u.text(in.OSID), u.text(in.MachineID), u.text(in.Timezone),
	}
	return u.err
}

type analysisJSON struct {
	Schema   string      `json:"schema"`
	Tool     toolJSON    `json:"tool"`
	Image    Image       `json:"image"`
	Snapshot Snapshot    `json:"snapshot"`
	Volumes  []Volume    `json:"volumes"`
	Hosts    []Host      `json:"hosts"`
	Verdict  Verdict     `json:"verdict"`
	Findings []Finding   `json:"findings"`
	Records  []Record    `json:"records"`
	Story    []StoryLine `json:"story"`
	Coverage Coverage    `json:"coverage"`
}

// Write writes the analysis as indented JSON, piece by piece, so that the text of a
// large one is never in memory.
func (a *Analysis) Write(w io.Writer) error {
	e := &writer{w: w}
	t := a.Tool
	e.raw("{")
	e.member(1, "schema", a.Schema)
	e.member(1, "tool", toolJSON{t.Name, t.Version, rulesJSON(t.Rules)})
	e.member(1, "image", a.Image)
	e.member(1, "snapshot", a.Snapshot)
	array(e, 1, "volumes", a.Volumes)
	array(e, 1, "hosts", a.Hosts)
	e.member(1, "verdict", a.Verdict)
	array(e, 1, "findings", a.Findings)
	array(e, 1, "records", a.Records)
	array(e, 1, "story", a.Story)
	e.name(1, "coverage")
	e.raw("{")
	e.first = true
	e.member(2, "files", a.Coverage.Files)
	e.member(2, "bytes_scanned", a.Coverage.BytesScanned)
	array(e, 2, "not_read", a.Coverage.Gaps)
	e.raw("\n  }\n}\n")
	return e.err
}

// writer writes JSON piece by piece and keeps the first error.
type writer struct {
	w     io.Writer
	err   error
	first bool // member of its object
	begun bool
	b     bytes.Buffer
}

func (e *writer) raw(s string) {
	if e.err == nil {
		_, e.err = io.WriteString(e.w, s)
	}
}

// value writes a value whose lines stand at a depth of indentation.
func (e *writer) value(depth int, v any) {
	if e.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		e.err = err
		return
	}
	e.b.Reset()
	if e.err = json.Indent(&e.b, b, strings.Repeat("  ", depth), "  "); e.err == nil {
		_, e.err = e.w.Write(e.b.Bytes())
	}
}

// name begins a member of an object.
func (e *writer) name(depth int, name string) {
	if e.begun && !e.first {
		e.raw(",")
	}
	e.begun, e.first = true, false
	e.raw("\n" + strings.Repeat("  ", depth) + "\"" + name + "\": ")
}

func (e *writer) member(depth int, name string, v any) {
	e.name(depth, name)
	e.value(depth, v)
}

func array[T any](e *writer, depth int, name string, items []T) {
	e.name(depth, name)
	if len(items) == 0 {
		e.raw("[]")
		return
	}
	indent := "\n" + strings.Repeat("  ", depth+1)
	for i := range items {
		e.raw([]string{"[", ","}[min(i, 1)] + indent)
		e.value(depth+1, &items[i])
	}
	e.raw("\n" + strings.Repeat("  ", depth) + "]")
}

// Read reads an analysis that [Analysis.Write] wrote. One of another schema is
// refused; an older one has to be made again from its image.
func Read(r io.Reader) (*Analysis, error) {
	d := json.NewDecoder(r)
	var in analysisJSON
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("not an analysis of icecore: %w", err)
	}
	if in.Schema != SchemaName {
		return nil, fmt.Errorf("schema %q: want %s", escape(in.Schema), SchemaName)
	}
	t := in.Tool
	return &Analysis{
		Schema: in.Schema, Tool: Tool{t.Name, t.Version, Rules(t.Rules)}, Image: in.Image, Snapshot: in.Snapshot, Volumes: in.Volumes, Hosts: in.Hosts, Verdict: in.Verdict,
		Findings: in.Findings, Records: in.Records, Story: in.Story, Coverage: in.Coverage,
	}, nil
}
