package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Reading the JSON form is stricter than package json: there a name may be spelt in
// capitals, the last of two members counts, and null is no value of any type, so that two
// readers can see two analyses in one file. Here a member has one name, stands once and
// has a value.

// Bounds of one piece of an analysis: a finding, a record, a gap.
const (
	maxDepth   = 16  // objects and lists within each other
	maxMembers = 256 // of one object
)

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if letter := 'a' <= c && c <= 'z'; !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// names are the names of the members that an object has had so far.
type names []string

func (n *names) add(name string) error {
	switch {
	case !isName(name):
		return fmt.Errorf("a member is named %s: names are lower-case letters, digits and _", quoted(name))
	case slices.Contains(*n, name):
		return fmt.Errorf("member %s: stands twice", name)
	case len(*n) == maxMembers:
		return fmt.Errorf("an object has more than %d members", maxMembers)
	}
	*n = append(*n, name)
	return nil
}

// members calls fn with each member of an object, in their order. b is JSON that the
// package json has found valid.
func members(b []byte, fn func(name string, value []byte) error) error {
	b = bytes.TrimSpace(b)
	if len(b) < 2 || b[0] != '{' {
		return errors.New("not an object")
	}
	var seen names
	for i := next(b, 1); b[i] != '}'; {
		end := after(b, i)
		name := string(b[i+1 : end-1])
		if err := seen.add(name); err != nil {
			return err
		}
		i = next(b, next(b, end)+1) // beyond the colon
		end = after(b, i)
		if err := fn(name, b[i:end]); err != nil {
			return fmt.Errorf("member %s: %w", name, err)
		}
		if i = next(b, end); b[i] == ',' {
			i = next(b, i+1)
		}
	}
	return nil
}

// next returns where the next byte is that is no white space.
func next(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r' {
		i++
	}
	return i
}

// after returns where the value ends that begins at i.
func after(b []byte, i int) int {
	switch b[i] {
	case '"':
		for i++; b[i] != '"'; i++ {
			if b[i] == '\\' {
				i++
			}
		}
		return i + 1
	case '{', '[':
		for depth := 0; ; i++ {
			switch b[i] {
			case '"':
				i = after(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i < len(b) && !strings.ContainsRune(",]} \n\t\r", rune(b[i])) {
		i++
	}
	return i
}

// plain refuses what no piece of an analysis holds: null, and nesting without end. b is
// valid JSON.
func plain(b []byte) error {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = after(b, i) - 1
		case '{', '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("more than %d objects and lists within each other", maxDepth)
			}
		case '}', ']':
			depth--
		case 'n': // outside of texts only null has one
			return errors.New("null is no value")
		}
	}
	return nil
}

// decode reads an object into a form. Each member that is always written must be there.
func decode(b []byte, form any) error {
	var have names
	err := members(b, func(name string, _ []byte) error { have = append(have, name); return nil })
	if err != nil {
		return err
	}
	if err := missing(reflect.TypeOf(form).Elem(), have); err != nil {
		return err
	}
	return inWords(json.Unmarshal(b, form))
}

// missing says which member of a form is not there.
func missing(form reflect.Type, have names) error {
	for i := range form.NumField() {
		name, options, _ := strings.Cut(form.Field(i).Tag.Get("json"), ",")
		if name != "" && !strings.HasPrefix(options, "omit") && !slices.Contains(have, name) {
			return fmt.Errorf("member %s is missing", name)
		}
	}
	return nil
}

// inWords says in words of JSON what package json says in those of Go.
func inWords(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	want := map[reflect.Kind]string{
		reflect.String: "a string", reflect.Bool: "a boolean", reflect.Slice: "a list", reflect.Struct: "an object", reflect.Map: "an object",
	}[wrong.Type.Kind()]
	if want == "" {
		want = "a whole number of its range"
	}
	if wrong.Field == "" {
		return fmt.Errorf("%s in place of %s", wrong.Value, want)
	}
	return fmt.Errorf("member %s: %s in place of %s", wrong.Field, wrong.Value, want)
}
