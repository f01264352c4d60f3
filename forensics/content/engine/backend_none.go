//go:build !cgo

package engine

import "time"

// Backend names the YARA that this program was built with.
const Backend = "none"

// Rules stands in for compiled rules; there are never any.
type Rules struct{}

// Compile says that YARA is not part of this program.
func Compile([]Source) (*Rules, []Problem, error) { return nil, nil, ErrUnavailable }

// List gives nothing.
func (*Rules) List() []Info { return nil }

// Scanner stands in for a scanner.
type Scanner struct{}

// NewScanner says that YARA is not part of this program.
func (*Rules) NewScanner(time.Duration) (*Scanner, error) { return nil, ErrUnavailable }

// Scan says that YARA is not part of this program.
func (*Scanner) Scan([]byte, Externals) ([]Match, error) { return nil, ErrUnavailable }

// TwoSets says that there are no sets.
func (*Scanner) TwoSets() bool { return false }

// Close does nothing.
func (*Scanner) Close() {}

// Sources gives nothing.
func (*Rules) Sources() []Source { return nil }

// Close does nothing.
func (*Rules) Close() {}
