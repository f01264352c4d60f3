package model

import (
	"encoding/json"
	"fmt"

	"icecore/forensics/text"
)

// UnmarshalJSON implements json.Unmarshaler.
func (m *Message) UnmarshalJSON(b []byte) error {
	type form Message
	var in form
	if err := decode(b, &in); err != nil {
		return err
	}
	*m = Message(in)
	var u unescaped
	u.word(m.ID)
	return u.err
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Params) UnmarshalJSON(b []byte) error {
	*p = nil
	return members(b, func(name string, value []byte) error {
		var v Value
		if err := v.UnmarshalJSON(value); err != nil {
			return err
		}
		if *p == nil {
			*p = make(Params)
		}
		(*p)[name] = v
		return nil
	})
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Value) UnmarshalJSON(b []byte) (err error) {
	*v = Value{}
	switch b[0] {
	case '"':
		v.text, err = readText(b)
	case '[':
		v.kind = valueList
		v.list, err = readTexts(b)
	case '{':
		err = v.readObject(b)
	default:
		v.kind = valueNumber
		if err = json.Unmarshal(b, &v.num); err != nil {
			err = fmt.Errorf("%s is neither text, list, whole number, time nor message", text.Truncate(string(b), 32))
		}
	}
	return err
}

// readObject reads a time, which has the member time alone, or a message.
func (v *Value) readObject(b []byte) error {
	var t struct {
		Time *string `json:"time,omitempty"`
	}
	if err := decode(b, &t); err != nil {
		return err
	}
	if t.Time != nil {
		var u unescaped
		v.kind, v.at = valueTime, u.time(*t.Time)
		return u.err
	}
	v.kind, v.msg = valueMessage, new(Message)
	return v.msg.UnmarshalJSON(b)
}
