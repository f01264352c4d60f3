package model

import (
	"encoding/json"
	"errors"
	"fmt"

	"icecore/forensics/text"
)

type sourceJSON struct {
	Image      string `json:"image,omitempty"`
	Host       string `json:"host,omitempty"`
	Volume     string `json:"volume"`
	Path       string `json:"path"`
	HostPath   string `json:"host_path,omitempty"`
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
		s.Image, s.Host, s.Volume, escape(s.Path), escape(s.HostPath), s.Inode, s.Version, s.Line, s.Offset, s.Length, nil, s.State, s.SHA256, escape(s.Member),
	}
	if s.DiskOffset >= 0 {
		out.DiskOffset = &s.DiskOffset
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Source) UnmarshalJSON(b []byte) error {
	var in sourceJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*s = Source{
		u.word(in.Image), u.word(in.Host), u.word(in.Volume), u.text(in.Path), u.text(in.HostPath), in.Inode, in.Version, in.State, in.Line, in.Offset, in.Length, -1, u.word(in.SHA256), u.text(in.Member),
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

func (s *stampJSON) UnmarshalJSON(b []byte) error {
	type form stampJSON
	return decode(b, (*form)(s))
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
		if t := stamp(s.Time); t != "" {
			out.Times = append(out.Times, stampJSON{s.What, t, s.Inferred})
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Record) UnmarshalJSON(b []byte) error {
	var in recordJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*r = Record{ID: u.word(in.ID), Name: u.word(in.Name), Kind: Kind(u.word(string(in.Kind))), Source: in.Source, Fields: in.Fields}
	for _, s := range in.Times {
		r.Times = append(r.Times, Stamp{u.word(s.What), u.time(s.Time), u.word(s.Inferred)})
	}
	if u.err != nil {
		return u.err
	}
	return r.typed()
}

// typed gives the fields that were read the types of the table. A text stands for a path,
// too, and for what is no number in the place of one.
func (r *Record) typed() error {
	info := r.Kind.Info()
	for i := range r.Fields {
		f := &r.Fields[i]
		row := info.Field(f.Name)
		switch {
		case row == nil || f.typ == row.Type: // of a later version, or right
		case f.typ == Text && row.Type == Path:
			f.typ = Path
		case f.typ == Text && row.Type == Number && readable(Number, f.text) == Text:
		default:
			return fmt.Errorf("field %s of %s: a %s in place of a %s", f.Name, r.Kind, f.typ, row.Type)
		}
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
	return members(b, func(name string, value []byte) error {
		f := Field{Name: name}
		if err := f.read(value); err != nil {
			return err
		}
		*l = append(*l, f)
		return nil
	})
}

func (f *Field) read(b []byte) (err error) {
	switch b[0] {
	case '"':
		f.text, err = readText(b)
	case 't':
		f.typ, f.text = Bool, "yes"
	case 'f':
		f.typ, f.text = Bool, "no"
	case '[':
		list, err := readTexts(b)
		f.typ, f.list = List, &list
		return err
	case '{':
		err = errors.New("neither text, list, number nor boolean")
	default:
		f.typ, f.text = Number, string(b)
		if readable(Number, f.text) != Number {
			err = fmt.Errorf("%s is no whole number of 64 bits", text.Truncate(f.text, 32))
		}
	}
	return err
}
