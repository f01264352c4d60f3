package model

import (
	"fmt"
	"slices"
)

// The closed lists of words that an analysis uses. A new word would need a new schema.

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Engine) UnmarshalText(b []byte) error {
	return word(e, b, "engine", []Engine{EngineSigma, EngineYARA, EngineAnalysis})
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Phase) UnmarshalText(b []byte) error { return word(p, b, "phase", Phases()) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Meaning) UnmarshalText(b []byte) error {
	return word(m, b, "meaning of a time", []Meaning{Exact, AtLatest, Inferred})
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *Weight) UnmarshalText(b []byte) error {
	return word(w, b, "weight", []Weight{Decisive, Partial, Minor})
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *VerdictState) UnmarshalText(b []byte) error {
	return word(v, b, "state of a verdict", []VerdictState{Compromised, Suspicious, NoIndicators, Inconclusive})
}

func word[T ~string](into *T, b []byte, what string, list []T) error {
	if !slices.Contains(list, T(b)) {
		return fmt.Errorf("no %s %s: want one of %v", what, quoted(string(b)), list)
	}
	*into = T(b)
	return nil
}
