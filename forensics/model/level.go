package model

import (
	"fmt"
)

// Level is how serious a finding is, in Sigma's words.
type Level uint8

// The levels. None is that of what is no finding at all.
const (
	None Level = iota
	Informational
	Low
	Medium
	High
	Critical
)

var levelNames = [...]string{"none", "informational", "low", "medium", "high", "critical"}

// String returns Sigma's word for the level.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// ParseLevel reads Sigma's word for a level.
func ParseLevel(s string) (Level, error) {
	for i, n := range levelNames {
		if n == s && i > 0 {
			return Level(i), nil
		}
	}
	return None, fmt.Errorf("no level %s: want informational, low, medium, high or critical", quoted(s))
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) {
	if l == None || int(l) >= len(levelNames) {
		return nil, fmt.Errorf("no level %d", uint8(l))
	}
	return []byte(levelNames[l]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(b []byte) (err error) {
	*l, err = ParseLevel(string(b))
	return err
}
