package model

import "encoding/json"

type windowJSON struct {
	ID       string    `json:"id"`
	Host     string    `json:"host,omitempty"`
	From     string    `json:"from"`
	Until    string    `json:"until"`
	Account  string    `json:"account,omitempty"`
	Address  string    `json:"address,omitempty"`
	Texts    []string  `json:"because"`
	Why      []Message `json:"messages"`
	Findings []string  `json:"findings"`
	Records  []string  `json:"records"`
}

// MarshalJSON implements json.Marshaler.
func (w Window) MarshalJSON() ([]byte, error) {
	return json.Marshal(windowJSON{
		w.ID, w.Host, stamp(w.From), stamp(w.Until), escape(w.Account), escape(w.Address), escapeAll(nonNil(w.Texts)),
		nonNil(w.Why), nonNil(w.Findings), nonNil(w.Records),
	})
}

// UnmarshalJSON implements json.Unmarshaler.
func (w *Window) UnmarshalJSON(b []byte) error {
	var in windowJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*w = Window{
		u.word(in.ID), u.word(in.Host), u.time(in.From), u.time(in.Until), u.text(in.Account), u.text(in.Address),
		in.Why, u.texts(in.Texts), u.words(in.Findings), u.words(in.Records),
	}
	return u.err
}

type touchedJSON struct {
	Window string        `json:"window"`
	Group  TouchedGroup  `json:"group"`
	Count  int64         `json:"count"`
	Items  []TouchedItem `json:"listed"`
}

// MarshalJSON implements json.Marshaler.
func (t Touched) MarshalJSON() ([]byte, error) {
	return json.Marshal(touchedJSON{t.Window, t.Group, t.Count, nonNil(t.Items)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Touched) UnmarshalJSON(b []byte) error {
	var in touchedJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*t = Touched{u.word(in.Window), TouchedGroup(u.word(string(in.Group))), in.Count, in.Items}
	return u.err
}

type touchedItemJSON struct {
	Time   string `json:"time,omitempty"`
	Change string `json:"change"`
	Volume string `json:"volume,omitempty"`
	Path   string `json:"path,omitempty"`
	Inode  uint64 `json:"inode,omitempty"`
	State  State  `json:"state"`
	Record string `json:"record,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (i TouchedItem) MarshalJSON() ([]byte, error) {
	return json.Marshal(touchedItemJSON{stamp(i.Time), i.Change, i.Volume, escape(i.Path), i.Inode, i.State, i.Record})
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *TouchedItem) UnmarshalJSON(b []byte) error {
	var in touchedItemJSON
	if err := decode(b, &in); err != nil {
		return err
	}
	var u unescaped
	*i = TouchedItem{
		u.time(in.Time), u.word(in.Change), u.word(in.Volume), u.text(in.Path), in.Inode, in.State, u.word(in.Record),
	}
	return u.err
}
