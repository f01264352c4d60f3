//go:build !cgo

package engine

import (
	"errors"
	"testing"
)

// TestNone: without YARA every call says so; none claims that nothing matched.
func TestNone(t *testing.T) {
	if _, _, err := Compile([]Source{{Name: "x", Text: "rule x { condition: true }"}}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Compile: %v", err)
	}
	var r Rules
	if _, err := r.NewScanner(0); !errors.Is(err, ErrUnavailable) {
		t.Errorf("NewScanner: %v", err)
	}
	var s Scanner
	if _, err := s.Scan(nil, Externals{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Scan: %v", err)
	}
}
