package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxPiece bounds one piece of an analysis that is read, in bytes: a record, a finding,
// a gap. Those that icecore writes are far below.
const maxPiece = 16 << 20

var errLongPiece = errors.New("a value of more than 16 MiB")

// bounded reads on only while the piece at hand is within its bound.
type bounded struct {
	r    io.Reader
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongPiece
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// kindOf says in words of JSON what stands at a place.
func kindOf(t json.Token) string {
	switch t {
	case nil:
		return "null"
	case json.Delim('{'):
		return "an object"
	case json.Delim('['):
		return "a list"
	}
	switch t.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Delim:
		return "an end"
	}
	return "a number"
}

// unique says which id is given twice: what names it could mean either.
func unique(a *Analysis) error {
	records := make(map[string]bool, len(a.Records))
	for i := range a.Records {
		id := a.Records[i].ID
		if records[id] {
			return fmt.Errorf("records: %s stands twice", quoted(id))
		}
		records[id] = true
	}
	findings := make(map[string]bool, len(a.Findings))
	for i := range a.Findings {
		id := a.Findings[i].ID
		if findings[id] {
			return fmt.Errorf("findings: %s stands twice", quoted(id))
		}
		findings[id] = true
	}
	return nil
}
