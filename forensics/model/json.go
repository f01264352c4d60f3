package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"icecore/forensics/text"
)

// The JSON forms. Each has the members of the schema in their order; texts are escaped
// on the way out and unescaped on the way in.

func escape(s string) string { return text.Escape(s) }

func unescape(s string) (string, error) { return text.Unescape(s) }

// quoted returns a text of a file as an error shows it.
func quoted(s string) string { return text.Quote(text.Truncate(s, 64)) }

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

// readText reads a string.
func readText(b []byte) (s string, err error) {
	if err := json.Unmarshal(b, &s); err != nil {
		return "", err
	}
	return unescape(s)
}

// readTexts reads a list of strings.
func readTexts(b []byte) (list []string, err error) {
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, inWords(err)
	}
	return unescapeAll(list)
}

func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// stamp writes a time as RFC 3339 in UTC with nanoseconds. It is empty for one that is
// unknown, and for one outside of the years that RFC 3339 has: no log of a server is that
// old or that young.
func stamp(t time.Time) string {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// parseStamp reads what stamp writes, and nothing else.
func parseStamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err == nil && stamp(t) != s {
		err = errors.New("not as written")
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is no time in UTC as of RFC 3339", quoted(s))
	}
	return t.UTC(), nil
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

// word passes a text of ours, which never needs escaping.
func (u *unescaped) word(s string) string {
	if u.err == nil && escape(s) != s {
		u.err = fmt.Errorf("%s is no id, name or hash", quoted(s))
	}
	return s
}

func (u *unescaped) texts(list []string) []string {
	for i := range list {
		list[i] = u.text(list[i])
	}
	return list
}

func (u *unescaped) words(list []string) []string {
	for _, s := range list {
		u.word(s)
	}
	return list
}

func (u *unescaped) time(s string) time.Time {
	t, err := parseStamp(s)
	if err != nil && u.err == nil {
		u.err = err
	}
	return t
}

type rulesJSON struct {
	YARA  string `json:"yara_sha256"`
	Sigma string `json:"sigma_sha256"`
}

// MarshalJSON implements json.Marshaler.
func (r Rules) MarshalJSON() ([]byte, error) { return json.Marshal(rulesJSON(r)) }

// UnmarshalJSON implements json.Unmarshaler.
func (r *Rules) UnmarshalJSON(b []byte) error {
	var in rulesJSON
	var u unescaped
	err := decode(b, &in)
	*r = Rules{u.word(in.YARA), u.word(in.Sigma)}
	return orElse(err, u.err)
}

type toolJSON struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Rules   Rules  `json:"rules"`
}

// MarshalJSON implements json.Marshaler.
func (t Tool) MarshalJSON() ([]byte, error) {
	return json.Marshal(toolJSON{escape(t.Name), escape(t.Version), t.Rules})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Tool) UnmarshalJSON(b []byte) error {
	var in toolJSON
	var u unescaped
	err := decode(b, &in)
	*t = Tool{u.text(in.Name), u.text(in.Version), in.Rules}
	return orElse(err, u.err)
}

type imageFileJSON struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
}

func (f *imageFileJSON) UnmarshalJSON(b []byte) error {
	type form imageFileJSON
	return decode(b, (*form)(f))
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
	out := imageJSON{i.ID, escape(i.Path), escape(i.Format), i.VirtualSize, make([]imageFileJSON, len(i.Files))}
	for n, f := range i.Files {
		out.Files[n] = imageFileJSON{escape(f.Path), f.Size, f.SHA256}
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *Image) UnmarshalJSON(b []byte) error {
	var in imageJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*i = Image{ID: u.word(in.ID), Path: u.text(in.Path), Format: u.text(in.Format), VirtualSize: in.VirtualSize}
	for _, f := range in.Files {
		i.Files = append(i.Files, ImageFile{u.text(f.Path), f.Size, u.word(f.SHA256)})
	}
	return u.err
}

type snapshotJSON struct {
	TakenAt string `json:"taken_at,omitempty"`
	Source  string `json:"taken_at_source,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	return json.Marshal(snapshotJSON{stamp(s.TakenAt), escape(s.Source)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Snapshot) UnmarshalJSON(b []byte) error {
	var in snapshotJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*s = Snapshot{u.time(in.TakenAt), u.text(in.Source)}
	return u.err
}

type journalJSON struct {
	Replayed     bool   `json:"replayed"`
	Transactions int    `json:"transactions"`
	LastCommit   string `json:"last_commit,omitempty"`
}

func (j *journalJSON) UnmarshalJSON(b []byte) error {
	type form journalJSON
	return decode(b, (*form)(j))
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
		v.ID, v.Image, escape(v.Scheme), v.Offset, v.Size, escape(v.Type), escape(v.Filesystem), escape(v.UUID), escape(v.Label), nil, v.Files, escape(v.Reason),
	}
	if j := v.Journal; j != nil {
		out.Journal = &journalJSON{j.Replayed, j.Transactions, stamp(j.LastCommit)}
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Volume) UnmarshalJSON(b []byte) error {
	var in volumeJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*v = Volume{
		u.word(in.ID), u.word(in.Image), u.text(in.Scheme), in.Offset, in.Size, u.text(in.Type), u.text(in.Filesystem), u.text(in.UUID), u.text(in.Label), nil, in.Files, u.text(in.Reason),
	}
	if j := in.Journal; j != nil {
		v.Journal = &Journal{j.Replayed, j.Transactions, u.time(j.LastCommit)}
	}
	return u.err
}

type hostJSON struct {
	ID        string `json:"id"`
	Kind      string `json:"kind,omitempty"`
	Name      string `json:"name,omitempty"`
	Image     string `json:"image,omitempty"`
	Volume    string `json:"volume"`
	Root      string `json:"root"`
	Hostname  string `json:"hostname"`
	OS        string `json:"os"`
	OSID      string `json:"os_id,omitempty"`
	MachineID string `json:"machine_id"`
	Timezone  string `json:"timezone"`

	Mounts []mountJSON `json:"mounts,omitempty"`
}

type mountJSON struct {
	Target   string   `json:"target"`
	Device   string   `json:"device"`
	Type     string   `json:"type"`
	Options  []string `json:"options,omitempty"`
	Volume   string   `json:"volume,omitempty"`
	Inferred string   `json:"inferred,omitempty"`
}

func (m *mountJSON) UnmarshalJSON(b []byte) error {
	type form mountJSON
	return decode(b, (*form)(m))
}

// MarshalJSON implements json.Marshaler.
func (h Host) MarshalJSON() ([]byte, error) {
	out := hostJSON{
		h.ID, h.Kind, escape(h.Name), escape(h.Image), h.Volume, escape(h.Root), escape(h.Hostname), escape(h.OS), escape(h.OSID), escape(h.MachineID), escape(h.Timezone), nil,
	}
	for _, m := range h.Mounts {
		out.Mounts = append(out.Mounts, mountJSON{escape(m.Target), escape(m.Device), escape(m.Type), escapeAll(m.Options), m.Volume, m.Inferred})
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *Host) UnmarshalJSON(b []byte) error {
	var in hostJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*h = Host{
		u.word(in.ID), u.word(in.Kind), u.text(in.Name), u.text(in.Image), u.word(in.Volume), u.text(in.Root), u.text(in.Hostname), u.text(in.OS), u.text(in.OSID), u.text(in.MachineID), u.text(in.Timezone), nil,
	}
	for _, m := range in.Mounts {
		h.Mounts = append(h.Mounts, Mount{u.text(m.Target), u.text(m.Device), u.text(m.Type), u.texts(m.Options), u.word(m.Volume), u.word(m.Inferred)})
	}
	return u.err
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
