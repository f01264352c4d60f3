package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Message is something to say: the id of a sentence in the catalogues of package
// message, and what goes into it. Nothing decides by the sentence.
type Message struct {
	ID     string `json:"id"`
	Params Params `json:"params,omitempty"`
}

// Params are the parameters of a message, by name.
type Params map[string]Value

// Value is the value of a parameter: a text, a number, a list, a time, or another
// message. The zero value is the empty text.
type Value struct {
	text string
	list []string
	num  int64
	at   time.Time
	msg  *Message
	kind valueKind
}

type valueKind uint8

const (
	valueText valueKind = iota
	valueList
	valueNumber
	valueTime
	valueMessage
)

// Msg makes a message from an id and pairs of a name and a value: a string (or
// something with a string as underlying type and a String method), an int or int64, a
// []string, a time.Time, or a Message. Anything else is written as fmt does.
func Msg(id string, pairs ...any) Message {
	m := Message{ID: id}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			continue
		}
		if m.Params == nil {
			m.Params = make(Params, len(pairs)/2)
		}
		m.Params[name] = ValueOf(pairs[i+1])
	}
	return m
}

// ValueOf makes a value; see [Msg].
func ValueOf(v any) Value {
	switch v := v.(type) {
	case Value:
		return v
	case string:
		return Value{text: v}
	case int:
		return Value{num: int64(v), kind: valueNumber}
	case int64:
		return Value{num: v, kind: valueNumber}
	case uint64:
		if v > math.MaxInt64 {
			return Value{text: strconv.FormatUint(v, 10)}
		}
		return Value{num: int64(v), kind: valueNumber}
	case []string:
		return Value{list: v, kind: valueList}
	case time.Time:
		return Value{at: v.UTC(), kind: valueTime}
	case Message:
		if v.IsZero() {
			return Value{}
		}
		return Value{msg: &v, kind: valueMessage}
	case error:
		return Value{text: v.Error()}
	}
	return Value{text: fmt.Sprint(v)}
}

// Text returns the value as a text, if it is one.
func (v Value) Text() (string, bool) { return v.text, v.kind == valueText }

// List returns the items of a list, if it is one.
func (v Value) List() ([]string, bool) { return v.list, v.kind == valueList }

// Number returns a number, if it is one.
func (v Value) Number() (int64, bool) { return v.num, v.kind == valueNumber }

// Time returns a time, if it is one.
func (v Value) Time() (time.Time, bool) { return v.at, v.kind == valueTime }

// Message returns another message, if it is one.
func (v Value) Message() (Message, bool) {
	if v.kind != valueMessage || v.msg == nil {
		return Message{}, false
	}
	return *v.msg, true
}

// Equal says whether two values are the same.
func (v Value) Equal(w Value) bool {
	a, _ := v.Message()
	b, _ := w.Message()
	return a.Equal(b) && v.kind == w.kind && v.text == w.text && v.num == w.num && v.at.Equal(w.at) && slices.Equal(v.list, w.list)
}

// IsZero says whether there is no message.
func (m Message) IsZero() bool { return m.ID == "" }

// Equal says whether two messages are the same.
func (m Message) Equal(n Message) bool {
	return m.ID == n.ID && maps.EqualFunc(m.Params, n.Params, Value.Equal)
}

// Param returns a parameter as a text; of a number its digits, of a list its first
// item, of a message its id.
func (m Message) Param(name string) string {
	v := m.Params[name]
	switch v.kind {
	case valueNumber:
		return strconv.FormatInt(v.num, 10)
	case valueList:
		if len(v.list) > 0 {
			return v.list[0]
		}
		return ""
	case valueTime:
		return v.at.Format(time.RFC3339Nano)
	case valueMessage:
		return v.msg.ID
	}
	return v.text
}

// MarshalJSON implements json.Marshaler: a text is a string, a number a number, a list
// an array of strings, a time an object with the member "time", a message an object with
// the member "id".
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case valueList:
		return json.Marshal(escapeAll(nonNil(v.list)))
	case valueNumber:
		return json.Marshal(v.num)
	case valueTime:
		return json.Marshal(map[string]string{"time": stamp(v.at)})
	case valueMessage:
		return json.Marshal(v.msg)
	}
	return json.Marshal(escape(v.text))
}
