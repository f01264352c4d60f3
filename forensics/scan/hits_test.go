package scan

import (
	"testing"

	"icecore/forensics/content/engine"
)

// TestHitLevel: a match has the level that the rule's author states, however it is stated.
func TestHitLevel(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"level", "low", "low"},
		{"score", "80", "high"},
		{"severity", "100", "critical"},
		{"author", "80", ""},
	} {
		h := yaraHit{match: engine.Match{Info: engine.Info{Name: "x", Namespace: "p", Meta: map[string]string{c.key: c.value}}}}
		if r := hitRecord(&h, ownership{}); r.Get("level") != c.want {
			t.Errorf("%s = %s: level %q, want %q", c.key, c.value, r.Get("level"), c.want)
		}
	}
}
