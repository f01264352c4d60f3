package model

import (
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/text"
)

// Type is the type of a field's value.
type Type uint8

// The types of values.
const (
	Text   Type = iota // bytes as on the disk
	Path               // a path within the host, bytes
	List               // texts, in order
	Number             // a whole number
	Bool               // yes or no; a field that is missing is unknown or no, as its description says
)

var typeNames = [...]string{"text", "path", "list", "number", "yes/no"}

// String returns the word that docs/records.md uses for the type.
func (t Type) String() string { return typeNames[t] }

// Field is one named value of a record. Names are snake_case.
type Field struct {
	Name string
	text string
	list *[]string // of a list
	typ  Type
}

// Fields are the fields of a record, each name once.
type Fields []Field

// String writes the fields as NAME=VALUE with a blank between them.
func (l Fields) String() string {
	out := make([]string, len(l))
	for i := range l {
		out[i] = l[i].Name + "=" + l[i].Text()
	}
	return strings.Join(out, " ")
}

// Type returns the type of the value.
func (f *Field) Type() Type { return f.typ }

// Text returns the value as one text: of a list its items with commas between them, of a
// number its decimal digits, of a yes/no value yes or no.
func (f *Field) Text() string {
	if f.list != nil {
		return strings.Join(*f.list, ",")
	}
	return f.text
}

// Items returns the items of a list, or the one value of another type.
func (f *Field) Items() []string {
	if f.list != nil {
		return *f.list
	}
	return []string{f.text}
}

// Number returns the value of a number; 0 and false for another type.
func (f *Field) Number() (int64, bool) {
	if f.typ != Number {
		return 0, false
	}
	n, err := strconv.ParseInt(f.text, 10, 64)
	return n, err == nil
}

// Field returns the field of that name, or nil.
func (r *Record) Field(name string) *Field {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return &r.Fields[i]
		}
	}
	return nil
}

// Get returns the value of a field as one text (see [Field.Text]), empty where the
// record has no such field. Of a list use [Record.List].
func (r *Record) Get(name string) string {
	if f := r.Field(name); f != nil {
		return f.Text()
	}
	return ""
}

// List returns the items of a field, none where the record has no such field.
func (r *Record) List(name string) []string {
	if f := r.Field(name); f != nil {
		return f.Items()
	}
	return nil
}

// Number returns the value of a number, 0 where the record has no such field.
func (r *Record) Number(name string) int64 {
	if f := r.Field(name); f != nil {
		n, _ := f.Number()
		return n
	}
	return 0
}

// Has says whether the record has a field of that name.
func (r *Record) Has(name string) bool { return r.Field(name) != nil }

// Is says whether a yes/no field is yes.
func (r *Record) Is(name string) bool { return r.Get(name) == "yes" }

// Contains says whether a list has an item.
func (r *Record) Contains(name, item string) bool { return slices.Contains(r.List(name), item) }

// Add adds a value to a record whose kind is set, unless the value is empty. Its type
// is the one that the table of kinds gives the field. A value for a list is one more
// item of it; one for another field that is there already is left out.
func (r *Record) Add(name, value string) {
	if value == "" {
		return
	}
	if r.Kind.typeOf(name) == List {
		r.addItems(name, []string{value})
		return
	}
	if r.Has(name) {
		return
	}
	f := Field{Name: name, text: value, typ: r.Kind.typeOf(name)}
	if f.typ == Number || f.typ == Bool {
		f.typ = readable(f.typ, value)
	}
	r.Fields = append(r.Fields, f)
}

// readable returns the type, or Text for what an image writes in place of a number.
func readable(t Type, value string) Type {
	if n, err := strconv.ParseInt(value, 10, 64); t == Number && err == nil && strconv.FormatInt(n, 10) == value {
		return Number
	}
	if t == Bool && (value == "yes" || value == "no") {
		return Bool
	}
	return Text
}

// Named makes a field of a text; [Record.AddFields] gives it its type.
func Named(name, value string) Field { return Field{Name: name, text: value} }

// MaxText is what [Record.AddText] keeps of a value, bytes.
const MaxText = 16 << 10

// AddText adds a text that can be of any length, a command or a line: what a reader
// needs of it is its first 16 KiB.
func (r *Record) AddText(name, value string) { r.AddCut(name, value, MaxText) }

// AddCut adds the first n bytes of a text at most, see [text.Cut].
func (r *Record) AddCut(name, value string, n int) { r.Add(name, text.Cut(value, n)) }

// AddList adds items to a list, creating it; empty items are left out.
func (r *Record) AddList(name string, items []string) {
	r.addItems(name, slices.DeleteFunc(slices.Clone(items), func(s string) bool { return s == "" }))
}

func (r *Record) addItems(name string, items []string) {
	if len(items) == 0 {
		return
	}
	if f := r.Field(name); f != nil && f.list != nil {
		*f.list = append(*f.list, items...)
		return
	}
	r.Fields = append(r.Fields, Field{Name: name, list: &items, typ: List})
}

// AddInt adds a number.
func (r *Record) AddInt(name string, v int64) {
	if !r.Has(name) {
		r.Fields = append(r.Fields, Field{Name: name, text: strconv.FormatInt(v, 10), typ: Number})
	}
}

// AddBool adds a yes/no value.
func (r *Record) AddBool(name string, v bool) {
	value := "no"
	if v {
		value = "yes"
	}
	if !r.Has(name) {
		r.Fields = append(r.Fields, Field{Name: name, text: value, typ: Bool})
	}
}

// AddFields adds fields as [Record.Add] does.
func (r *Record) AddFields(more Fields) {
	for i := range more {
		if f := &more[i]; f.list != nil {
			r.AddList(f.Name, *f.list)
		} else {
			r.Add(f.Name, f.text)
		}
	}
}
