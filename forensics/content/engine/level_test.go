package engine

import "testing"

// TestLevel: the level of a public rule is what its author states, in any of the ways in
// which rule sets state it.
func TestLevel(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"level", "high", "high"},
		{"score", "95", "critical"},
		{"score", "90", "critical"},
		{"score", "89", "high"},
		{"score", "75", "high"},
		{"score", "74", "medium"},
		{"score", "60", "medium"},
		{"score", "59", "low"},
		{"score", "39", "low"},
		{"score", "20", "low"},
		{"score", "19", "informational"},
		{"score", "0", "informational"},
		{"score", "101", ""},
		{"score", "-5", ""},
		{"score", "99999999999999999999", ""},
		{"severity", "100", "critical"},
		{"severity", "50", "low"},
		{"severity", "High", "high"},
		{"severity", "WARNING", "medium"},
		{"severity", "info", "informational"},
		{"severity", "blue", ""},
		{"threat_level", "8", "high"},
		{"threat_level", "11", ""},
		{"author", "95", ""},
	} {
		if got := (Info{Meta: map[string]string{c.key: c.value}}).Level(); got != c.want {
			t.Errorf("%s = %s: %q, want %q", c.key, c.value, got, c.want)
		}
	}
	both := Info{Meta: map[string]string{"level": "low", "score": "95", "severity": "high"}}
	if got := both.Level(); got != "low" {
		t.Errorf("level beside score: %q", got)
	}
	if got := (Info{Meta: map[string]string{"level": "x", "score": "95"}}).Level(); got != "critical" {
		t.Errorf("unreadable level beside score: %q", got)
	}
}
